"""The cards in a real browser: keys on a slider, a value typed, presets, sizes, and axe-core over them, in both themes."""

import pytest
from lab import settle

pytest.importorskip("playwright")


@pytest.fixture(scope="module")
def lesson(open_notebook):
    return open_notebook("01_counting_by_hand.ipynb")


def card(page, slider: str):
    """The card with this slider, scrolled to."""
    found = page.locator(".course-card", has=page.get_by_role("slider", name=slider, exact=True)).first
    found.scroll_into_view_if_needed()
    return found


def type_value(card, slider: str, value: int) -> None:
    box = card.get_by_role("spinbutton", name=slider, exact=True)
    box.fill(str(value))
    box.press("Enter")


def wait_for_number(card, number: str) -> None:
    card.locator(".big", has_text=number).first.wait_for()


def test_arrow_keys_move_a_slider_and_the_numbers_follow(lesson):
    network = card(lesson, "conv2 kernel")
    type_value(network, "conv2 kernel", 3)
    wait_for_number(network, "26,926")
    handle = network.get_by_role("slider", name="conv2 kernel", exact=True)
    handle.focus()
    handle.press("ArrowRight")
    handle.press("ArrowRight")
    wait_for_number(network, "17,134")
    wait_for_number(network, "405,104")
    assert network.locator("td", has_text="108·128 + 128").count() == 1
    assert network.get_by_role("spinbutton", name="conv2 kernel", exact=True).input_value() == "5"


def test_a_typed_value_moves_the_slider(lesson):
    layer = card(lesson, "kernel")
    type_value(layer, "padding", 1)
    wait_for_number(layer, "2,592")  # 18 MACs for each of 4·6·6 values
    assert layer.get_by_role("slider", name="padding", exact=True).get_attribute("aria-valuenow") == "1.0"
    type_value(layer, "padding", 0)


def test_a_box_takes_the_nearest_that_fits(lesson):
    network = card(lesson, "conv2 kernel")
    for value, taken, number in ((10**9, "7", "10,894"), (-7, "1", "40,270"), (3, "3", "26,926")):
        type_value(network, "conv2 kernel", value)
        box = network.get_by_role("spinbutton", name="conv2 kernel", exact=True)
        wait_for_number(network, number)
        assert box.input_value() == taken
    box.fill("")  # what letters leave in a box for numbers
    box.press("Enter")
    settle(lesson)
    assert network.locator(".big").first.inner_text() == "26,926"


def test_an_impossible_setting_says_why(lesson):
    card(lesson, "kernel").get_by_role("button", name="more sizes").click()
    layer = card(lesson, "kernel")
    groups = layer.get_by_role("combobox", name="groups", exact=True)
    assert groups.locator("option").all_inner_texts() == ["1", "2"]  # which divide 2 and 4
    groups.select_option("2")
    type_value(layer, "channels in", 3)
    layer.get_by_role("alert").wait_for()
    assert "groups=2 does not divide" in layer.get_by_role("alert").inner_text()
    type_value(layer, "channels in", 2)
    groups.select_option("1")
    wait_for_number(layer, "76")


def test_the_projector_card_fits_a_projector_and_never_moves(lesson):
    lesson.set_viewport_size({"width": 1280, "height": 720})
    network = card(lesson, "conv2 kernel")
    heights = set()
    for kernel, number in ((3, "26,926"), (7, "10,894"), (1, "40,270"), (5, "17,134"), (4, "27,346")):
        type_value(network, "conv2 kernel", kernel)
        wait_for_number(network, number)
        heights.add(network.bounding_box()["height"])
        assert network.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert len(heights) == 1 and heights.pop() <= 560


def axe(page, shown, theme: str) -> list:
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    shown.evaluate("e => { document.querySelectorAll('#axed').forEach(o => o.removeAttribute('id')); e.id = 'axed'; }")
    settle(page)
    found = Axe().run(page, context="#axed").response["violations"]
    return [(v["id"], v["impact"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found]
