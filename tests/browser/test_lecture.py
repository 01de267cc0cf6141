"""A lecture of lesson 1 on slides, as `start.py lecture` opens it, by keyboard alone."""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest
from lab import PATIENCE, READY, ROOT, command, settle

pytest.importorskip("playwright")

SHOWN = """() => { const { content } = window.jupyterapp.shell.currentWidget;
  return content.widgets.filter(cell => cell.node.offsetParent && cell.node.getBoundingClientRect().height > 0)
    .map(cell => [cell.model.id, cell.node.getBoundingClientRect().top, cell.node.getBoundingClientRect().bottom]); }"""
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.id"
WIDE = """() => Math.max(...[...document.querySelectorAll('.jp-Deck .cm-scroller, .jp-Deck .jp-OutputArea-output')]
  .map(e => e.scrollWidth - e.clientWidth))"""


@pytest.fixture(scope="module")
def started(tmp_path_factory, page):
    """start.py lecture, on a copy of the course without its environment, in this environment."""
    folder = tmp_path_factory.mktemp("lecture") / "course"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", ".venv", "my", "__pycache__", ".*_cache"))
    code = f"""
import sys; sys.path.insert(0, {str(folder)!r}); import start
start.environment, options = lambda *_: {sys.executable!r}, start.lecture_options
start.lecture_options = lambda: [*options(), "--LabApp.expose_app_in_browser=True"]  # so that this test can ask which cells are shown
start.main(sys.argv[1:])"""
    command = [sys.executable, "-c", code, "lecture", "01", "--no-browser"]
    runtime = folder.parent / "runtime"
    own = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder.parent / "config"), "JUPYTER_RUNTIME_DIR": str(runtime)}
    process = subprocess.Popen(
        command, cwd=folder, env=own, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if found := re.search(r"(http://\S+/lab/tree/01_counting_by_hand.ipynb\S*)", line):
            break
    else:
        pytest.fail("".join(lines))
    yield folder, found.group(1)
    page.goto("about:blank")
    server = next(json.loads(file.read_text())["pid"] for file in runtime.glob("jpserver-*.json"))
    process.terminate()
    process.wait(60)
    while runs(server):  # JupyterLab ends with who started it; the test's own limit ends a wait that is in vain
        time.sleep(0.1)


def runs(process: int) -> bool:
    """Whether there is a process of this number that has not ended."""
    try:
        os.kill(process, 0)
        return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def deck(started, page):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(started[1])
    page.locator(".jp-Deck").first.wait_for()  # the slides are there from the start
    page.wait_for_function(f"() => ({SHOWN})().length === 1")  # and its first slide is laid out
    return page


def shown(page) -> list[str]:
    settle(page)
    return [cell for cell, *_ in page.evaluate(SHOWN)]


def turn(page) -> None:
    """Space: the next slide."""
    page.wait_for_function("() => document.activeElement.closest('.jp-Notebook')")  # the slides have the keyboard
    was = page.evaluate(ACTIVE)
    page.keyboard.press("Space")
    page.wait_for_function(f"was => ({ACTIVE})() !== was", arg=was)
    settle(page)


def turn_to(page, cell: str) -> None:
    """Space, until this cell is on the slide and active."""
    for _ in range(60):
        if cell in shown(page) and page.evaluate(ACTIVE) == cell:
            return
        turn(page)
    pytest.fail(f"{cell} is on no slide")


SCREENS = ((1280, 720), (1920, 1080))
SCROLLS = """() => Math.max(0, ...[...document.querySelectorAll('.jp-Deck .jp-CodeCell')]
  .filter(e => { const { height, top } = e.getBoundingClientRect();
    return height && top < innerHeight && getComputedStyle(e).visibility !== 'hidden'; })
  .map(e => e.scrollHeight - e.clientHeight))"""
# Whether something on the slide is larger on a larger screen: a card, a picture, an open table.
GROWS = """() => [...document.querySelectorAll('.jp-Deck .course-card, .jp-Deck img, .jp-Deck table')].some(e => e.checkVisibility()
  && e.getBoundingClientRect().height && e.getBoundingClientRect().top < innerHeight)"""


def fits_both_screens(page, ids) -> None:
    """The slide that is shown, and, where something on it grows with the screen, on the larger one, too."""
    for width, height in SCREENS if page.evaluate(GROWS) else SCREENS[:1]:
        page.set_viewport_size({"width": width, "height": height})
        settle(page)
        cells = page.evaluate(SHOWN)
        high = max(bottom for *_, bottom in cells) - min(top for _, top, _ in cells)
        assert high <= height and page.evaluate(SCROLLS) <= 1, (ids, width)
        assert page.evaluate(WIDE) <= 2 or ids == ["reconcile-twice"], (ids, width)  # a table of eleven tools scrolls sideways
    page.set_viewport_size({"width": 1280, "height": 720})


def test_it_begins_with_the_title_in_large_type_and_no_pop_up(deck):
    assert shown(deck) == ["title"]
    size = deck.locator(".jp-Deck .jp-RenderedHTMLCommon p:visible").first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 24
    assert deck.locator(".jp-Dialog, .jp-toast, .Toastify__toast").count() == 0


def test_a_lecture_of_lesson_1_by_keyboard_alone(deck):
    """Every slide in order; cells run, a card moved, a guess typed, an error made and mended, each on its slide, and all fit."""
    order = []
    turn_to(deck, "card-layer")
    deck.keyboard.press("Control+Enter")
    deck.wait_for_function(READY)
    slider = deck.get_by_role("slider", name="kernel", exact=True)
    slider.wait_for()
    for _ in range(40):  # Tab leads to the card
        deck.keyboard.press("Tab")
        if slider.evaluate("e => e === document.activeElement"):
            break
    deck.keyboard.press("ArrowLeft")
    deck.locator(".course.projector .big", has_text="36").first.wait_for()  # 2·2·2·4 + 4; a desk's card off the slide
    deck.evaluate("() => window.jupyterapp.commands.execute('deck:start')")
    deck.evaluate("() => { const { content } = window.jupyterapp.shell.currentWidget; content.mode = 'command'; content.activate(); }")
    turn_to(deck, "conv2-params-guess")
    for _ in range(80):
        ids = [cell for cell, *_ in deck.evaluate(SHOWN)]
        if ids and ids not in order[-1:]:
            order.append(ids)
            fits_both_screens(deck, ids)
        if "score" in ids:
            break
        turn(deck)
    seen = [cell for ids in order for cell in ids]
    book = [cell["id"] for cell in json.loads((ROOT / "notebooks/01_counting_by_hand.ipynb").read_text(encoding="utf-8"))["cells"]]
    assert [book.index(cell) for cell in seen] == sorted(book.index(cell) for cell in seen)
    assert {"strided-vote", "share-bars", "macs-guess", "card-network", "remember"} <= set(seen) and "conv2-formula" not in seen


FIRST = """() => { const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = 0; content.mode = 'command'; content.activate(); }"""


def from_the_first_slide(page) -> None:
    for name, done in (("deck:stop", "> 3"), ("deck:start", "<= 3")):
        page.evaluate(FIRST)
        command(page, name)
        page.wait_for_function(f"() => ({SHOWN})().length {done}")
        settle(page)
    page.evaluate(FIRST)


def settings_of(started):
    """Where JupyterLab notes whether a lecture shows its slides."""
    return started[0] / "my/.lecture/jupyterlab-slideshow/plugin.jupyterlab-settings"


def typed(page, code: str) -> None:
    """Into the slide's cell, instead of what is there, and run, which leaves the cell, too."""
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.classList.contains('cm-content')")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")


def test_a_cell_is_edited_and_run_on_its_slide_errors_too(deck):
    from_the_first_slide(deck)
    turn_to(deck, "conv2-params-guess")
    deck.wait_for_function(READY)
    slide = shown(deck)
    typed(deck, "from course_lib import Conv2d, reveal, small_cnn\nsmall_cnn().replace(conv2=Conv2d(5, 12, 17))")
    error = deck.locator(".jp-Deck .jp-OutputArea", has_text="a 17×17 kernel does not fit a 12×12 map; the largest that fits is 12")
    error.locator("visible=true").first.wait_for()
    assert shown(deck) == slide
    typed(deck, 'reveal("conv2-params", 540)')
    deck.locator(".jp-Deck .jp-OutputArea", has_text="bias").locator("visible=true").first.wait_for()
    assert shown(deck) == slide and deck.evaluate(SCROLLS) <= 1
    from axe_playwright_python.sync_playwright import Axe

    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        deck.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        settle(deck)
        deck.evaluate("""() => { document.querySelectorAll('#slide').forEach(e => e.removeAttribute('id'));
          [...document.querySelectorAll('.jp-Deck .jp-OutputArea')].find(e => e.checkVisibility() && e.innerText.trim()).id = 'slide'; }""")
        found = Axe().run(deck, context="#slide").response["violations"]
        assert not [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]


def test_escape_outside_a_cell_leaves_the_slides(started, deck):
    from_the_first_slide(deck)
    turn_to(deck, "one-value-guess")
    deck.keyboard.press("Enter")
    deck.wait_for_function("() => document.activeElement.classList.contains('cm-content')")
    deck.keyboard.press("Escape")
    assert shown(deck) == ["one-value-guess"]
    deck.keyboard.press("Escape")
    deck.wait_for_function(f"() => ({SHOWN})().length > 3")
    from_the_first_slide(deck)
    while '"active": true' not in settings_of(started).read_text():  # JupyterLab notes it, and what is opened next has its slides
        deck.wait_for_timeout(50)


@pytest.mark.slow("the faster run has the same cards on the usual screen")
def test_on_an_old_projector_a_cards_last_rows_scroll_and_nothing_goes_sideways(deck):
    deck.set_viewport_size({"width": 1024, "height": 768})
    try:
        from_the_first_slide(deck)
        for cell in ("card-layer", "card-network"):
            turn_to(deck, cell)
            deck.keyboard.press("Control+Enter")
            deck.locator(".jp-Deck .course-card").locator("visible=true").first.wait_for()
            settle(deck)
            box = deck.locator(".jp-Deck .course-card").locator("visible=true").first.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 1024 and deck.evaluate(WIDE) <= 2
            assert deck.evaluate(SCROLLS) < 150
    finally:
        deck.set_viewport_size({"width": 1280, "height": 720})


@pytest.mark.slow("two more loads of JupyterLab; a lecture that begins on its first slide is in the faster run")
def test_a_deck_that_was_closed_by_its_tab_is_there_again(started, chromium):
    for _ in range(2):
        page = chromium.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(PATIENCE)
        page.goto(started[1])
        page.locator(".jp-Deck").first.wait_for()
        page.wait_for_function(f"() => ({SHOWN})().length === 1")
        assert shown(page) == ["title"]
        for _ in range(3):
            turn(page)
        page.close()


RUN_TO_THE_LAST_CARD = """async () => { const { content } = window.jupyterapp.shell.currentWidget;
  const last = content.widgets.findLastIndex(cell => /(_card|follow)\\(/.test(cell.model.sharedModel.getSource()));
  if (last < 0) return;
  content.activeCellIndex = last;
  await window.jupyterapp.commands.execute('notebook:run-all-above');
  content.activeCellIndex = last;
  await window.jupyterapp.commands.execute('notebook:run-cell'); }"""


LESSONS = [path.name for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))]


@pytest.mark.slow("a minute a lesson; the faster run goes through lesson 1 by keyboard")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", LESSONS)
def test_every_slide_of_every_lesson_fits_both_screens(started, page, name):
    """With its cards live; what other cells show is stored, and nbval holds it."""
    cells = json.loads((ROOT / "notebooks" / name).read_text(encoding="utf-8"))["cells"]
    cards = sum("_card(" in "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(started[1].replace("01_counting_by_hand.ipynb?", f"{name}?reset&"))
    page.locator(".jp-Deck").first.wait_for()
    page.wait_for_function(READY)
    page.evaluate(RUN_TO_THE_LAST_CARD)
    page.wait_for_function(READY)
    from_the_first_slide(page)
    seen = []
    for _ in range(120):
        ids = [cell for cell, *_ in page.evaluate(SHOWN)]
        if ids and ids not in seen:
            seen.append(ids)
            fits_both_screens(page, ids)
        if "score" in ids:
            break
        turn(page)
    assert len(seen) > 10 and "score" in seen[-1], seen
    assert page.locator(".jp-Notebook .course-card").count() >= cards, "a card is not live"


def test_the_next_lecture_begins_the_same_and_the_users_settings_are_untouched(started, deck):
    folder, _ = started
    command(deck, "deck:stop")
    settings = settings_of(started)
    while '"active": false' not in settings.read_text():  # JupyterLab notes that in the lecture's own settings
        deck.wait_for_timeout(50)
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import start; print(start.lecture_options())"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert json.loads(settings.read_text()) == {"active": True}
    assert not list((folder.parent / "config").rglob("*slideshow*"))
