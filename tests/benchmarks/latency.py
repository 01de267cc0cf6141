"""Milliseconds from a key on a slider to painted pixels, in the real JupyterLab: python tests/benchmarks/latency.py [presses]

Every card, and `interact` as people write it, in turn, so that what the machine does beside it falls on all of them: median and 95th
percentile of 40 presses each, unless told otherwise.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "browser"))
from conftest import READY, browser, jupyterlab  # noqa: E402

CHART = """
from ipywidgets import interact
from course_lib import small_cnn
import matplotlib.pyplot as plt
"""
INTERACT = """
@interact(conv2_kernel=(1, 10))
def show(conv2_kernel=3):
    ledger = small_cnn(conv2_kernel=conv2_kernel).ledger()
    plt.figure(figsize=(5, 2))
    plt.bar([row.name for row in ledger], [row.params for row in ledger])
    plt.show()
    print(ledger)
"""
WAYS = {
    "network card": "network_card(sliders='conv2_kernel')",
    "network card, projector": "network_card(sliders='conv2_kernel', layout='projector')",
    "network card, PyTorch and torchinfo": "network_card(sliders='conv2_kernel', machine=True)",
    "VGG card": "network_card(vgg16_32, sliders='width')",
    "layer card": "layer_card(sliders='position', image=12)",
    "memory card": "memory_card(sliders='batch')",
    "memory card, VGG": "memory_card(vgg16_32, sliders='batch')",
    "interact, bar chart and table": INTERACT,
}
# From the key's own time stamp to the first frame that is painted after something in the cell's output has changed.
WATCH = """(cell) => {
    window.painted = new Promise(done => {
        let start = 0;
        cell.addEventListener('keydown', event => { start = event.timeStamp; }, { once: true, capture: true });
        const seen = new MutationObserver(changes => {
            const ours = changes.some(change => change.addedNodes.length && !change.target.closest('.widget-slider, .course-controls'));
            if (!start || !ours) return;
            seen.disconnect();
            requestAnimationFrame(() => { const port = new MessageChannel();
                port.port1.onmessage = () => done(performance.now() - start); port.port2.postMessage(0); });
        });
        seen.observe(cell, { childList: true, subtree: true, characterData: true });
    });
}"""


def notebook() -> str:
    """A cell for what is imported, and one for each way."""
    first = "from course_lib import layer_card, memory_card, network_card, vgg16_32\n%matplotlib inline" + CHART
    cells = [nbformat.v4.new_code_cell(source) for source in (first, *WAYS.values())]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=kernel))


def measure(page, presses: int) -> dict[str, list[float]]:
    """Milliseconds of each press, every way in turn."""
    times = {way: [] for way in WAYS}
    for press in range(presses + 3):
        for number, way in enumerate(WAYS, 1):
            cell = page.locator(".jp-Cell").nth(number)
            handle = cell.get_by_role("slider").first
            handle.scroll_into_view_if_needed()
            handle.focus()
            cell.evaluate(WATCH)
            page.keyboard.press("ArrowRight" if press % 2 == 0 else "ArrowLeft")
            taken = page.evaluate("() => Promise.race([window.painted, new Promise((_, no) => setTimeout(no, 5000))])")
            page.wait_for_timeout(120)
            if press >= 3:
                times[way].append(taken)
    return times


def main(presses: int) -> None:
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        (Path(folder) / "root").mkdir()
        (Path(folder) / "root" / "ways.ipynb").write_text(notebook(), encoding="utf-8")
        with jupyterlab(Path(folder)) as (base, token):
            page = chromium.new_page(viewport={"width": 1280, "height": 1000})
            page.goto(f"{base}/lab/tree/ways.ipynb?reset&token={token}")
            page.wait_for_function(READY, timeout=60_000)
            page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
            page.wait_for_timeout(1000)
            page.wait_for_function(READY, timeout=120_000)
            page.wait_for_timeout(2000)
            times = measure(page, presses)
    print(f"{'key to painted pixels, ms':38}{'median':>8}{'95 %':>8}")
    for way, taken in times.items():
        print(f"{way:38}{statistics.median(taken):8.1f}{sorted(taken)[int(0.95 * len(taken))]:8.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
