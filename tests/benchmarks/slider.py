"""Milliseconds from a slider's value to the card's HTML, at both ends of every slider: python tests/benchmarks/slider.py

Medians and 95th percentiles of 60 calls, warmed. By hand alone, and with PyTorch and torchinfo asked as well (meta device).
Before them what comes once: the import, the first card of a kernel, a ledger.
"""

import statistics
import subprocess
import sys
import time

from course_lib import network_card
from course_lib.cards.network import START, network_view


def milliseconds(values: dict) -> tuple[float, float]:
    times = []
    for i in range(63):
        begin = time.perf_counter()
        network_view(values, START).html()
        if i >= 3:
            times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times), sorted(times)[56]


def once(before: str, work: str) -> str:
    """Median and range of the milliseconds that some code takes in a new Python, nine times."""
    code = f"import time; {before}; begin = time.perf_counter(); {work}; print(1000 * (time.perf_counter() - begin))"
    times = [float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout) for _ in range(9)]
    return f"{statistics.median(times):6.2f} ms ({min(times):.2f} to {max(times):.2f})"


if __name__ == "__main__":
    print("import course_lib ", once("pass", "import course_lib"))
    print("first card        ", once("import ipykernel.kernelapp", "import course_lib; course_lib.network_card()._repr_mimebundle_()"))
    print("small_cnn().ledger", once("import course_lib; ask = course_lib.small_cnn().ledger; ask()", "ask()"), end="\n\n")
    print(f"{'slider':16}{'value':>6}   by hand          by hand, PyTorch, torchinfo")
    for name, control in network_card().controls.items():
        for end in (control.min, control.max) if hasattr(control, "min") else (False, True):
            alone, three = (milliseconds({**START, "machine": machine, name: end}) for machine in (False, True))
            print(f"{name:16}{end!s:>6}   {alone[0]:5.2f} / {alone[1]:5.2f} ms   {three[0]:5.2f} / {three[1]:5.2f} ms")
