"""Answers in a real JupyterLab: closed as stored and after "Run all", open where their cell is run by itself."""

import pytest

pytest.importorskip("playwright")

OPENED = "() => [...document.querySelectorAll('.jp-RenderedHTMLCommon > details')].map(e => e.open)"
RUN = """id => { const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = content.widgets.findIndex(cell => cell.model.id === id);
  return window.jupyterapp.commands.execute('notebook:run-cell'); }"""


def answer(page, cell: str):
    index = page.evaluate("id => window.jupyterapp.shell.currentWidget.content.widgets.findIndex(c => c.model.id === id)", cell)
    return page.locator(".jp-Notebook .jp-Cell").nth(index).locator("details")


@pytest.fixture(scope="module")
def lesson(open_notebook):
    return open_notebook("02_asking_pytorch.ipynb")


def test_run_all_keeps_answers_closed_and_a_cell_that_is_run_by_itself_opens(lesson):
    page = lesson
    assert page.evaluate(OPENED) == [False] * 7
    total = answer(page, "total-torch")
    assert total.inner_text().strip() == "PyTorch says"
    total.locator("summary").click()
    assert "26926" in total.inner_text()
    page.wait_for_timeout(1_000)  # longer than cells lie apart that were sent by "Run all"
    page.evaluate(RUN, "tensors-torch")
    answer(page, "tensors-torch").and_(page.locator("[open]")).wait_for()
    assert "conv1.weight" in answer(page, "tensors-torch").inner_text()
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function("() => [...document.querySelectorAll('.jp-RenderedHTMLCommon > details')].every(e => !e.open)")


def test_an_error_in_such_a_cell_is_shown(lesson):
    lesson.evaluate(
        """id => { const { content } = window.jupyterapp.shell.currentWidget;
      content.widgets.find(cell => cell.model.id === id).model.sharedModel.setSource('%%reveal PyTorch says\\nmodell.parameters()'); }""",
        "total-torch",
    )
    lesson.evaluate(RUN, "total-torch")
    lesson.locator(".jp-OutputArea", has_text="NameError: name 'modell' is not defined").first.wait_for()


def test_as_stored_answers_are_closed_before_the_notebook_is_trusted(lab, page):
    page.goto(f"{lab.address}/lab/tree/03_reading_torchinfo.ipynb?reset&token={lab.token}")
    page.locator(".jp-RenderedHTMLCommon > details").nth(4).wait_for()
    assert page.evaluate(OPENED) == [False] * 5
