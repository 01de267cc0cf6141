"""A card that was saved is there the next day: in a real JupyterLab, its server stopped and started again."""

import json
import re
import shutil

import pytest

pytest.importorskip("playwright")

from lab import READY, command, jupyterlab, run_all, settle

CARDS = ["from course_lib import layer_card, network_card\nlayer_card()", 'network_card(sliders=["conv2_kernel"])']
COUNT = "from ipywidgets.widgets.widget import _instances\nprint('widgets:', len(_instances))"


@pytest.fixture(autouse=True)
def screen(page):
    page.set_viewport_size({"width": 1400, "height": 1200})


@pytest.fixture
def name(lab, request):
    """A notebook of two cards of this test's own, nothing run yet."""
    return lab.write(re.sub(r"\W+", "-", request.node.name) + ".ipynb", *CARDS, COUNT)


def save(page, file) -> list[dict]:
    """Save, and the two cards' outputs as they are in the file."""
    command(page, "docmanager:save")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return [cell["outputs"][0] for cell in cells[:2]]


def slider(page):
    return page.get_by_role("slider", name="conv2 kernel", exact=True)


def test_a_saved_card_is_its_twin_the_next_day_and_live_when_its_cell_is_run(lab, name, page, tmp_path):
    lab.run(page, name)
    slider(page).wait_for()
    for output in save(page, lab.root / name):
        # VS Code and Colab take the first that they can draw of these; the live view would be the first of all.
        assert list(output["data"]) == ["text/html", "text/plain"]
    lab.open(page, name)  # a reload of the page: the kernel runs on, and so do the cards
    slider(page).press("ArrowRight")
    page.locator(".big", has_text="27,346").wait_for()
    (tmp_path / "root").mkdir()
    shutil.copy(lab.root / name, tmp_path / "root")
    with jupyterlab(tmp_path) as next_day:
        next_day.open(page, name)
        for numbers in ("196 parameters · 1,701 MACs", "26,926 parameters · 373,856 MACs"):
            page.locator(".jp-OutputArea-output", has_text=numbers).wait_for()
        assert page.locator(".jp-OutputArea-output img[alt]").count() == 2
        assert page.evaluate("() => [...document.querySelectorAll('.jp-OutputArea-output img')].every(i => i.naturalWidth > 100)")
        assert not page.get_by_text("model not found").count() and not slider(page).count()
        run_all(page)
        slider(page).press("ArrowRight")
        page.locator(".big", has_text="27,346").wait_for()


@pytest.mark.parametrize("end", ["killed", pytest.param("restarted", marks=pytest.mark.slow("as killed, which the faster run has"))])
def test_after_a_restart_no_slider_stands_beside_old_numbers(lab, name, page, end):
    lab.run(page, name)
    slider(page).press("ArrowRight")
    page.locator(".big", has_text="27,346").wait_for()
    if end == "restarted":
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    else:
        page.evaluate("""() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute(
            { code: 'import os; os.kill(os.getpid(), 9)' })""")
    page.locator(".course-note.kernel_gone:visible").nth(1).wait_for()
    assert page.locator(".course-note.kernel_gone:visible").count() == 2
    assert "Run this cell again, and the sliders are back." in page.locator(".course-note:visible").first.inner_text()
    assert not page.locator(".course-card .noUi-handle:visible").count() and not page.locator(".course-card input:visible").count()
    assert page.locator(".big:visible", has_text="27,346").count() == 1, "the last numbers stay"
    save(page, lab.root / name)
    page.wait_for_function(READY)
    lab.open(page, name)  # the kernel has the same name still, but has forgotten its cards
    page.locator(".jp-OutputArea-output", has_text="26,926 parameters").wait_for()
    assert not page.get_by_text("model not found").count()


@pytest.mark.slow("the faster run has it without a browser, in test_cards.py")
def test_running_a_cards_cell_again_frees_the_old_one(lab, name, page):
    lab.run(page, name)

    def widgets() -> int:
        run_all(page)
        settle(page)
        return int(re.search(r"widgets: (\d+)", page.locator(".jp-OutputArea-output", has_text="widgets:").inner_text())[1])

    first = widgets()
    assert first > 100 and [widgets() for _ in range(3)] == [first] * 3
    slider(page).press("ArrowRight")
    page.locator(".big", has_text="27,346").wait_for()


@pytest.mark.slow("a JupyterLab of its own, for what few have")
def test_without_anywidget_a_card_has_its_style_and_a_sentence(tmp_path, page, monkeypatch):
    (tmp_path / "config" / "labconfig").mkdir(parents=True)
    (tmp_path / "config" / "labconfig" / "page_config.json").write_text('{"disabledExtensions": {"anywidget": true}}')
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "config"))
    with jupyterlab(tmp_path) as lab:
        lab.run(page, lab.write("cards.ipynb", *CARDS))
        page.locator(".course-note.no_anywidget:visible").first.wait_for()
        assert "have no names for a screen reader" in page.locator(".course-note:visible").first.inner_text()
        assert not page.locator(".jupyter-widgets-error-widget:visible").count()
        assert page.locator(".big").first.evaluate("e => getComputedStyle(e).fontSize") == "34px"
        page.locator(".noUi-handle").last.press("ArrowRight")
        page.locator(".big", has_text="27,346").wait_for()
