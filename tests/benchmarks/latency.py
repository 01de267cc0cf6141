"""Milliseconds from a key on a slider to painted pixels, in the real JupyterLab: python tests/benchmarks/latency.py [presses]

Every card, and the usual ways to build one, in turn, so that what the machine does beside it falls on all of them: median and 95th
percentile of 40 presses each, unless told otherwise. Then a drag of 30 steps, and how long a cell takes until its card stands. With
--picture docs/latency.svg the medians are drawn.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "browser"))
from lab import READY, browser, jupyterlab  # noqa: E402

IMPORTS = "from course_lib import layer_card, memory_card, network_card, vgg16_32"
USUAL = """
import io
import ipywidgets as widgets
import matplotlib.pyplot as plt
from ipywidgets import interact
from matplotlib.patches import Rectangle
from course_lib import small_cnn
%matplotlib inline

start = small_cnn().ledger()

def maps_and_areas(ledger):
    # The card's picture, as large: maps, their shapes, weights and MACs as areas, and the start as dashed outlines.
    figure, axes = plt.subplots(figsize=(14, 2.88), dpi=100)
    most = {what: max(getattr(row, what) for row in (*ledger, *start)) for what in ("params", "macs")}
    for x, row in enumerate(row for row in ledger if row.kind not in ("ReLU", "Flatten")):
        (channels, *_), side, before = row.output_shape, row.output_shape[-1] / 36, start[row.name]
        for i in range(min(channels, 12) if len(row.output_shape) > 1 else 1):
            axes.add_patch(Rectangle((x + i / 50, 2 + i / 50), side, side, facecolor="lightblue", edgecolor="steelblue"))
        axes.add_patch(Rectangle((x, 2), before.output_shape[-1] / 36, before.output_shape[-1] / 36, fill=False, linestyle="--"))
        axes.text(x, 1.8, "×".join(map(str, row.output_shape)))
        for y, what, color in ((1, "params", "orangered"), (0, "macs", "seagreen")):
            now, then = ((getattr(one, what) / most[what]) ** 0.5 * 0.7 for one in (row, before))
            axes.add_patch(Rectangle((x, y), now, now, color=color))
            axes.add_patch(Rectangle((x, y), then, then, fill=False, linestyle="--"))
            axes.text(x, y - 0.2, f"{getattr(row, what):,}")
        axes.text(x, 3.1, row.name, fontweight="bold")
    axes.set(xlim=(-0.2, 6), ylim=(-0.3, 3.4))
    axes.axis("off")
    return figure
"""
CHART = """@interact(conv2_kernel=(1, 10))
def show(conv2_kernel=3):
    ledger = small_cnn(conv2_kernel=conv2_kernel).ledger()
    plt.figure(figsize=(5, 2))
    plt.bar([row.name for row in ledger], [row.params for row in ledger])
    plt.show()
    print(ledger)"""
PICTURE = """@interact(conv2_kernel=(1, 10))
def show(conv2_kernel=3):
    ledger = small_cnn(conv2_kernel=conv2_kernel).ledger()
    maps_and_areas(ledger)
    plt.show()
    print(ledger)"""
PERSISTENT = """slider, image, table = widgets.IntSlider(3, 1, 10), widgets.Image(), widgets.HTML()
def show(_=None):
    ledger = small_cnn(conv2_kernel=slider.value).ledger()
    figure, file = maps_and_areas(ledger), io.BytesIO()
    figure.savefig(file, format="png")
    plt.close(figure)
    image.value, table.value = file.getvalue(), ledger.bundle()["text/html"]
slider.observe(show, "value")
show()
widgets.VBox([slider, image, table])"""
LEAST = """slider, text = widgets.IntSlider(3, 1, 10), widgets.HTML("3")
slider.observe(lambda change: setattr(text, "value", str(change.new)), "value")
widgets.VBox([slider, text])"""
WAYS = {
    "a slider and its number, the least": LEAST,
    "network card": "network_card(sliders='conv2_kernel')",
    "network card, projector": "network_card(sliders='conv2_kernel', layout='projector')",
    "network card, PyTorch and torchinfo": "network_card(sliders='conv2_kernel', machine=True)",
    "VGG card": "network_card(vgg16_32, sliders='width')",
    "layer card": "layer_card(sliders='position', image=12)",
    "memory card": "memory_card(sliders='batch')",
    "memory card, VGG": "memory_card(vgg16_32, sliders='batch')",
    "persistent figure as PNG": PERSISTENT,
    "interact, bar chart and table": CHART,
    "interact, the card's picture": PICTURE,
}
# From the key's own time stamp to the first frame that is painted after something in the cell's output has changed.
WATCH = """(cell) => {
    window.painted = new Promise(done => {
        let start = 0;
        cell.addEventListener('keydown', event => { start = event.timeStamp; }, { once: true, capture: true });
        const seen = new MutationObserver(changes => {
            const ours = changes.some(({ addedNodes, attributeName, target }) =>
                (addedNodes.length || attributeName === 'src') && !target.closest('.widget-slider, .course-controls'));
            if (!start || !ours) return;
            seen.disconnect();
            const images = [...cell.querySelectorAll('.jp-OutputArea-output img')].map(image => image.decode().catch(() => {}));
            Promise.all(images).then(() => requestAnimationFrame(() => { const port = new MessageChannel();
                port.port1.onmessage = () => done(performance.now() - start); port.port2.postMessage(0); }));
        });
        seen.observe(cell, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ['src'] });
    });
}"""
# In each frame: what the first total says, where the card stands; and when the pointer moved last.
FRAMES = """(card) => {
    const drag = window.drag = { frames: [], moved: 0, on: true };
    addEventListener('pointermove', event => { drag.moved = event.timeStamp; }, { capture: true });
    const look = () => { drag.frames.push([performance.now(), card.querySelector('.big').textContent, card.getBoundingClientRect().top,
        card.getBoundingClientRect().height]); if (drag.on) requestAnimationFrame(look); };
    requestAnimationFrame(look);
}"""
# Milliseconds from running a cell to the frame that shows another card than before.
PANEL = """async (number) => {
    const { content } = window.jupyterapp.shell.currentWidget, cell = content.widgets[number].node;
    const before = cell.querySelector('.course .big');
    content.activeCellIndex = number;
    const start = performance.now();
    window.jupyterapp.commands.execute('notebook:run-cell');
    return new Promise(done => { const look = () => { const big = cell.querySelector('.course .big');
        big && big !== before ? done(performance.now() - start) : requestAnimationFrame(look); }; look(); });
}"""
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"


def notebook() -> str:
    """A cell for what is imported, one for each way, one for the drag, and one for a first card."""
    drag, first = "network_card(sliders='hidden')", f"{IMPORTS}\nnetwork_card()"
    cells = [nbformat.v4.new_code_cell(source) for source in (IMPORTS + USUAL, *WAYS.values(), drag, first)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=kernel))


def pressed(page, presses: int) -> dict[str, list[float]]:
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


def dragged(page, steps: int = 30) -> tuple[int, float, bool]:
    """How many values a drag of so many steps in a second showed, how late the last was, and whether the card moved."""
    card = page.locator(".jp-Cell").nth(len(WAYS) + 1).locator(".course-card")
    handle = card.locator(".noUi-handle")
    handle.scroll_into_view_if_needed()
    box, wide = handle.bounding_box(), card.locator(".noUi-target").bounding_box()["width"]
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    card.evaluate(FRAMES)
    for step in range(1, steps + 1):
        page.mouse.move(x + wide * 0.4 * step / steps, y)
        page.wait_for_timeout(1000 / steps)
    page.wait_for_timeout(400)
    page.mouse.up()
    found = page.evaluate("() => { window.drag.on = false; return window.drag; }")
    page.keyboard.press("Home")
    texts = [text for _, text, _, _ in found["frames"]]
    last = next(time for time, text, _, _ in found["frames"] if text == texts[-1])
    places = {(top, height) for _, _, top, height in found["frames"]}
    return len(set(texts)) - 1, last - found["moved"], len(places) > 1


def first_cards(page, times: int) -> list[float]:
    """Milliseconds to the first card of a kernel that has just become ready, its import among them."""
    taken = []
    for _ in range(times):
        page.evaluate(RESTART)
        page.wait_for_timeout(1500)
        page.wait_for_function(READY, timeout=60_000)
        taken.append(page.evaluate(PANEL, len(WAYS) + 2))
        page.wait_for_timeout(500)
    return taken


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("presses", nargs="?", type=int, default=40)
    options.add_argument("--picture", type=Path)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        (Path(folder) / "root").mkdir()
        (Path(folder) / "root" / "ways.ipynb").write_text(notebook(), encoding="utf-8")
        with jupyterlab(Path(folder)) as (base, token, _):
            page = chromium.new_page(viewport={"width": 1280, "height": 1000})
            page.goto(f"{base}/lab/tree/ways.ipynb?reset&token={token}")
            page.wait_for_function(READY, timeout=60_000)
            page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
            page.wait_for_timeout(1000)
            page.wait_for_function(READY, timeout=120_000)
            page.wait_for_timeout(2000)
            times = pressed(page, options.presses)
            drags = [dragged(page) for _ in range(5)]
            panels = [page.evaluate(PANEL, 2) for _ in range(10)]
            first = first_cards(page, 5)
    print("| key to painted pixels, ms | median | 95 % |\n|---|---|---|")
    for way, taken in times.items():
        print(f"| {way} | {statistics.median(taken):.0f} | {sorted(taken)[int(0.95 * len(taken))]:.0f} |")
    usual = {way: statistics.median(times[way]) for way in list(WAYS)[-3:]}
    own = statistics.median(times["network card"])
    print(f"\nthe network card is {', '.join(f'{taken / own:.1f} × faster than {way}' for way, taken in usual.items())}")
    shown, late, moved = zip(*drags, strict=True)
    print(f"drag of 30 steps, five times: values shown {min(shown)} to {max(shown)}, the last after {statistics.median(late):.0f} ms "
          f"({min(late):.0f} to {max(late):.0f}), the card {'moved' if any(moved) else 'stood still'}")  # fmt: skip
    print(f"from running a cell to its card: {statistics.median(panels):.0f} ms ({min(panels):.0f} to {max(panels):.0f})")
    print(f"the first card of a kernel that is ready: {statistics.median(first):.0f} ms ({min(first):.0f} to {max(first):.0f})")
    if options.picture:
        from course_lib import bars

        medians = {way: round(statistics.median(taken)) for way, taken in times.items()}
        faster = usual["interact, bar chart and table"] / own
        figure = bars(f"The network card is {faster:.1f} times as fast as interact, bar chart and table", milliseconds=medians)
        options.picture.write_text(figure.svg + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
