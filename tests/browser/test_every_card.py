"""Every card in the real JupyterLab, at both ends of each slider: as high as its screen at most, nothing moves, letters as large as
promised as they are painted, nothing to scroll sideways; and axe-core over it, in both themes."""

import pytest
from lab import settle
from test_browser import axe, type_value, wait_for_number

DESK = {
    "network": "network_card()",
    "by machine": "network_card(machine=True, columns=True)",
    "vgg": "network_card(vgg16_32)",
    "1-d network": "network_card(conv1d_net)",
    "layer": "layer_card()",
    "layer, 12×12": "layer_card(Conv2d(5, 12, 3), image=12)",
    "layer, 1-d": "layer_card(Conv1d(2, 6, 5, padding=2), image=20)",
    "memory": "memory_card()",
}
PROJECTOR = {
    "network": "network_card(sliders=['conv2_kernel', 'image', 'hidden'], layout='projector')",
    "by machine": "network_card(sliders='conv2_kernel', machine=True, layout='projector')",
    "vgg": "network_card(vgg16_32, sliders=['width', 'image'], layout='projector')",
    "layer": "layer_card(layout='projector')",
    "memory": "memory_card(layout='projector')",
}
SCREENS = {"desk": (1600, 1000, DESK, 14), "projector": (1280, 720, PROJECTOR, 20)}
MOST = {"desk": 890, "projector": 560}  # of the 1000 and 720 pixels, JupyterLab's menu and toolbar take some
# Each text that is seen, with its size in pixels on the screen.
PAINTED = """card => { const found = [], walk = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) { const text = walk.currentNode, holder = text.parentElement, range = document.createRange();
    range.selectNode(text);
    if (!text.textContent.trim() || ['STYLE', 'OPTION'].includes(holder.tagName) || !range.getBoundingClientRect().width) continue;
    const scale = holder.ownerSVGElement ? holder.getScreenCTM().a : 1;
    found.push([parseFloat(getComputedStyle(holder).fontSize) * scale, text.textContent.trim()]); }
  return found; }"""
PLACES = """card => { const box = card.getBoundingClientRect(), picture = card.querySelector('.course svg').getBoundingClientRect();
  return [picture.y - box.y, box.height].map(Math.round); }"""
WIDE = "card => Math.max(...[card, ...card.querySelectorAll('.wide')].map(e => e.scrollWidth - e.clientWidth))"


SLOW = {"desk": pytest.mark.slow("eight cards at both ends of each slider; the faster run has the projector's, which has the least room")}


@pytest.fixture(scope="module", params=[pytest.param(layout, marks=SLOW.get(layout, ())) for layout in SCREENS])
def screen(request, page, lab):
    """A notebook with every card of a layout, on its screen: (layout, page)."""
    width, height, cards, _ = SCREENS[request.param]
    page.set_viewport_size({"width": width, "height": height})
    return request.param, lab.run(page, lab.write(f"{request.param}.ipynb", "from course_lib import *", *cards.values()))


def shown(screen, name: str):
    layout, page = screen
    found = page.locator(".jp-Cell").nth([*SCREENS[layout][2]].index(name) + 1).locator(".course-card").first
    found.scroll_into_view_if_needed()
    return found


def measured(card) -> tuple[int, int]:
    """Where the picture stands in the card, and the card's height: in one look, since a move exchanges the picture."""
    return tuple(card.evaluate(PLACES))


def test_every_card_fits_its_screen_and_nothing_moves(screen):
    layout, page = screen
    _, _, cards, least = SCREENS[layout]
    for name in cards:
        card = shown(screen, name)
        settle(page)
        places, small = {measured(card)}, []
        for handle in card.get_by_role("slider").all():
            if not handle.is_visible():
                continue
            box = card.get_by_role("spinbutton", name=handle.get_attribute("aria-label"), exact=True)
            was = box.input_value()
            for key in ("Home", "End"):
                handle.focus()
                handle.press(key)
                settle(page)
                places.add(measured(card))
                assert card.evaluate(WIDE) <= 0, (name, key)
                small += [(size, text) for size, text in card.evaluate(PAINTED) if size < least - 4 * (name == "vgg") - 0.01]
            box.fill(was)
            box.press("Enter")
        assert not small, (name, small)
        assert len({top for top, _ in places}) == 1, (name, places)
        assert max(height for _, height in places) <= MOST[layout], (name, places)
        if layout == "projector":
            assert len(places) == 1, (name, places)


LIGHT = pytest.param("JupyterLab Light", marks=pytest.mark.slow("the faster run has the dark theme"))


@pytest.mark.parametrize("theme", ["JupyterLab Dark", LIGHT])
def test_axe_finds_nothing_on_any_card(screen, theme):
    layout, page = screen
    for name in SCREENS[layout][2]:
        card = shown(screen, name)
        handle = card.get_by_role("slider").first
        handle.focus()
        handle.press("ArrowRight")
        settle(page)
        assert not axe(page, card, theme), name


def test_the_memory_cards_menus_work(screen):
    card = shown(screen, "memory")
    type_value(card, "batch", 16)
    card.get_by_role("combobox", name="optimizer", exact=True).select_option("SGD")
    wait_for_number(card, "1.16 MB")  # without Adam's 215,440 bytes


def test_a_deep_network_fits_with_every_row_changed(screen):
    layout, page = screen
    card = shown(screen, "vgg")
    type_value(card, "width", 48)
    wait_for_number(card, "8,615,482")
    if layout == "projector":
        card.locator("td", has_text="and 5 more").wait_for()
    assert card.bounding_box()["height"] <= MOST[layout] and card.evaluate(WIDE) <= 0
    assert not axe(page, card, "JupyterLab Dark")
