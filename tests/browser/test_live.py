"""A lecture in a real JupyterLab at 1280×720: a class is typed, run, broken and mended in its cell; the panel and `compare` follow."""

import os
from pathlib import Path

import pytest

pytest.importorskip("playwright")

IMPORTS = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\nfrom course_lib import compare, follow"
NET = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 5, 5)
        self.conv2 = nn.Conv2d(5, 12, 3)
        self.fc1 = nn.Linear(1200, 128)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 5, stride=2)
        x = F.relu(self.conv2(x))
        x = torch.flatten(x, 1)
        return self.fc1(x)

compare(Net(), input_size=(1, 3, 32, 32))"""
CONV1, CONV2 = "self.conv1 = nn.Conv2d(3, 5, 5)", "self.conv2 = nn.Conv2d(5, 12, 3)"
WIDER = "self.conv2 = nn.Conv2d(5, 12, 5)"
FC1, FLATTEN, LAST = "nn.Linear(1200, 128)", "x = torch.flatten(x, 1)", "return self.fc1(x)"
SAME = "x = x + self.same(x)"
SIZE = "(1, 3, 32, 32)"


def net(*changes: tuple[str, str]) -> str:
    """The class with these changes, (old, new); "+" puts the new line after the old one."""
    source = NET
    for old, new in changes:
        assert source.count(old) == 1, old
        indent = source[: source.index(old)].rpartition("\n")[2]
        source = source.replace(old, f"{old}\n{indent}{new[1:]}" if new.startswith("+") else new)
    return source


def with_layer(line: str, use: str) -> str:
    """The class with one more layer, used behind conv2's ReLU."""
    return net((CONV2, f"+{line}"), ("x = F.relu(self.conv2(x))", f"+{use}"))


# As live_edits has them, in the lecturer's order: the cell, what the panel says, and what compare says below the cell.
EDITS = {
    "plain": (net(), ["relu", "max_pool2d", "flatten", "154,660", "501,600"], ["3 agree ✓", "154,660"]),
    "5×5": (net((CONV2, WIDER)), ["12·8·8 = 768: write Linear(768, 128)", "◀ fails here"], ["write Linear(768, 128)"]),
    "mended": (net((CONV2, WIDER), (FC1, "nn.Linear(768, 128)")), ["100,324 ▼ −54,336", "1,512 ▲ +960"], ["100,324"]),
    "wrong features": (
        net((FC1, "nn.Linear(1201, 128)")), ["expects 1201 features", "write Linear(1200, 128)"], ["write Linear(1200, 128)"],
    ),
    "wrong channels": (
        net((CONV2, "self.conv2 = nn.Conv2d(4, 12, 3)")), ["conv2: expects 4 channels", "write Conv2d(5, 12, 3)"], ["write Conv2d"],
    ),
    "17×17": (
        net((CONV2, "self.conv2 = nn.Conv2d(5, 12, 17)")),
        ["a 17×17 kernel does not fit a 12×12 map; the largest that fits is 12"], ["17×17"],
    ),
    "no flatten": (net((FLATTEN, "pass")), ["forgot flatten?"], ["forgot flatten?"]),
    "no flatten, Linear(10)": (net((FLATTEN, "pass"), (FC1, "nn.Linear(10, 128)")), ["applied at 120 places per image"], ["120 places"]),
    "view": (net((FLATTEN, "x = x.view(x.size(0), -1)")), ["view"], ["3 agree ✓"]),
    "view of another size": (
        net((FLATTEN, "x = x.view(-1, 300)"), (FC1, "nn.Linear(300, 128)")), ["The batch changed from 1 to 4"], ["from 1 to 4"],
    ),
    "residual": (with_layer("self.same = nn.Conv2d(12, 12, 3, padding=1)", SAME), ["same", "+"], ["3 agree ✓"]),
    "residual of two shapes": (
        with_layer("self.same = nn.Conv2d(12, 12, 3)", SAME), ["relu gives 12×10×10 and same gives 12×8×8"], ["12×8×8"],
    ),
    "ModuleList": (
        with_layer("self.more = nn.ModuleList([nn.Conv2d(12, 12, 1), nn.Conv2d(12, 12, 1)])", "for layer in self.more: x = layer(x)"),
        ["more.0", "more.1"], ["3 agree ✓"],
    ),
    "plain list": (
        with_layer("self.more = [nn.Conv2d(12, 12, 1), nn.Conv2d(12, 12, 1)]", "for layer in self.more: x = layer(x)"),
        ["Not registered", "more[0], more[1]", "nn.ModuleList"], ["Not registered"],
    ),
    "twice": (with_layer("self.same = nn.Conv2d(12, 12, 1)", "x = self.same(self.same(x))"), ["used again"], ["used again"]),
    "no return": (net((LAST, "self.fc1(x)")), ["forward returns None"], ["forward returns None"]),
    "GroupNorm": (with_layer("self.norm = nn.GroupNorm(3, 12)", "x = self.norm(x)"), ["norm", "GroupNorm"], ["3 agree ✓"]),
    "attention": (
        with_layer("self.attend = nn.MultiheadAttention(12, 2, batch_first=True)",
                   "t = x.flatten(2).mT; x = self.attend(t, t, t)[0].mT.unflatten(2, (10, 10))"),
        ["attend", "624"], ["attend"],
    ),
    "own parameter": (with_layer("self.gain = nn.Parameter(torch.ones(12, 1, 1))", "x = x * self.gain"), ["×"], ["by machine"]),
    "lazy": (net((FC1, "nn.LazyLinear(128)")), ["Linear 1200→128"], ["Linear 1200→128"]),
    "without the batch": (net((SIZE, "(3, 32, 32)")), ["154,660"], ["its input (3, 32, 32) has no batch", "(1, 3, 32, 32)"]),
    "item": (with_layer("pass", "scale = x.max().item() + 1; x = x / scale"), ["Run for real on a copy"], ["Run for real"]),
}  # fmt: skip
RUN = """source => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = 2;
  notebook.widgets[2].model.sharedModel.setSource(source);
  return window.jupyterapp.commands.execute('notebook:run-cell');
}"""


@pytest.fixture(scope="module")
def stage(lab, page):
    """The notebook after its first run: the page, the panel, the output below the class."""
    page.set_viewport_size({"width": 1280, "height": 720})
    lab.run(page, lab.write("live.ipynb", IMPORTS, f'follow("Net", input_size={SIZE})', NET))
    return page, page.locator(".jp-NotebookPanel .course-card"), page.locator(".jp-CodeCell").nth(2).locator(".jp-Cell-outputWrapper")


def picture(page, name: str) -> None:
    """A picture of the stage, where COURSE_PICTURES names a folder for them."""
    if folder := os.environ.get("COURSE_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_on_stage(stage, edit):
    page, panel, output = stage
    source, in_panel, in_output = EDITS[edit]
    page.evaluate(RUN, source)
    for text in in_panel:
        panel.get_by_text(text).first.wait_for()
    for text in in_output:
        output.get_by_text(text).first.wait_for()
    assert "Traceback" not in output.inner_text() and "File " not in output.inner_text()
    assert panel.evaluate("e => e.scrollWidth <= e.clientWidth")
    picture(page, edit.replace(" ", "-"))


def test_what_is_typed_is_counted_before_it_runs(stage):
    page, panel, output = stage
    page.evaluate(RUN, net())
    panel.get_by_text("As it ran.").wait_for()
    panel.locator("tr.total", has_text="154,660").wait_for()
    top = page.locator(".jp-CodeCell").nth(2).bounding_box()["y"]
    page.locator(".jp-CodeCell .cm-line", has_text="self.conv2 = nn").click()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Backspace")
    page.keyboard.type("5")
    panel.get_by_text("As typed, not run yet.").wait_for()
    panel.get_by_text("12·8·8 = 768: write Linear(768, 128)").wait_for()
    assert abs(page.locator(".jp-CodeCell").nth(2).bounding_box()["y"] - top) < 40, "the cell that is typed in stays where it is"
    picture(page, "typed")
    page.keyboard.press("Backspace")
    page.keyboard.type("3")
    panel.get_by_text("As it ran.").wait_for()
    assert "154,660" in output.inner_text()


def test_the_panel_stands_beside_the_notebook_in_a_view_of_its_own(stage):
    page, panel, _ = stage
    page.evaluate(
        """async () => {
          const notebook = window.jupyterapp.shell.currentWidget.content;
          notebook.activeCellIndex = 1;
          await window.jupyterapp.commands.execute('notebook:create-output-view');
        }"""
    )
    beside = page.locator(".jp-MainAreaWidget:not(.jp-NotebookPanel) .course-card")
    beside.locator("tr.total", has_text="154,660").wait_for()
    page.evaluate("() => window.jupyterapp.shell.activateById(document.querySelector('.jp-NotebookPanel').id)")
    page.evaluate(RUN, EDITS["mended"][0])
    for view in (beside, panel):
        view.locator("tr.total", has_text="100,324 ▼ −54,336").wait_for()
    picture(page, "beside")
