"""The live panel in a real JupyterLab: a class is edited in its cell, and the panel above follows."""

import nbformat
import pytest

pytest.importorskip("playwright")

from conftest import jupyterlab, open_and_run

NET = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv2 = nn.Conv2d(5, 12, {kernel})
        self.fc1 = nn.Linear({features}, 128)

    def forward(self, x):
        return self.fc1(torch.relu(self.conv2(x)).flatten(1))"""
EDIT = """source => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = 2;
  notebook.widgets[2].model.sharedModel.setSource(source);
  return window.jupyterapp.commands.execute('notebook:run-cell');
}"""


def test_the_panel_follows_the_class_through_a_misfit(tmp_path, chromium):
    (tmp_path / "root").mkdir()
    sources = ["import torch\nfrom torch import nn\nfrom course_lib import follow", 'follow("Net", input_size=(1, 5, 12, 12))']
    cells = [nbformat.v4.new_code_cell(source) for source in [*sources, NET.format(kernel=3, features=1200)]]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, tmp_path / "root" / "live.ipynb")
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    with jupyterlab(tmp_path) as lab:
        page = open_and_run(context.new_page(), lab, "live.ipynb")
        panel = page.locator(".course-card")
        panel.locator("tr.total", has_text="154,280").wait_for()
        page.evaluate(EDIT, NET.format(kernel=5, features=1200))
        panel.get_by_role("alert").wait_for()
        assert panel.get_by_role("alert").inner_text().endswith("12·8·8 = 768: write Linear(768, 128)")
        page.evaluate(EDIT, NET.format(kernel=5, features=768))
        panel.locator("tr.total", has_text="99,944 ▼ −54,336").wait_for()
        assert panel.locator("tr.marked td.name").all_inner_texts() == ["conv2", "fc1"]
        assert panel.evaluate("e => e.scrollWidth <= e.clientWidth")
    context.close()
