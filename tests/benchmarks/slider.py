"""Milliseconds from a slider's value to the card's HTML, at both ends of every slider: python tests/benchmarks/slider.py

Medians and 95th percentiles of 60 calls, warmed. By hand alone, and with PyTorch and torchinfo asked as well (meta device).
"""

import statistics
import time

from course_lib import network_card
from course_lib.cards.network import START, network_view


def milliseconds(values: dict) -> tuple[float, float]:
    times = []
    for i in range(63):
        begin = time.perf_counter()
        network_view(values, START).live("desk")
        if i >= 3:
            times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times), sorted(times)[56]


if __name__ == "__main__":
    print(f"{'slider':16}{'value':>6}   by hand          by hand, PyTorch, torchinfo")
    for name, control in network_card().controls.items():
        for end in (control.min, control.max) if hasattr(control, "min") else (False, True):
            alone, three = (milliseconds({**START, "machine": machine, name: end}) for machine in (False, True))
            print(f"{name:16}{end!s:>6}   {alone[0]:5.2f} / {alone[1]:5.2f} ms   {three[0]:5.2f} / {three[1]:5.2f} ms")
