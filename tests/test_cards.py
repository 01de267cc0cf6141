"""Cards without a browser: every slider to both ends, impossible settings, twins, speed of the pure function."""

import gc
import math
import re
import sys
from base64 import b64decode
from functools import cache
from html import unescape
from itertools import pairwise
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
import torch
from ipywidgets import Play
from ipywidgets.widgets.widget import _instances
from runs import rest_slow
from torch import nn

from course_lib import (
    BatchNorm2d,
    Conv1d,
    Conv2d,
    Flatten,
    Linear,
    Network,
    RMSNorm,
    bars,
    conv1d_net,
    layer_card,
    memory_card,
    network_card,
    one_conv,
    small_cnn,
    timeline,
    vgg16_32,
)
from course_lib.asking.exercises import Reply
from course_lib.by_hand.step import network_largest_batch as largest_batch
from course_lib.by_machine.modules import build
from course_lib.cards import base, memory
from course_lib.cards.base import LAYOUTS, Total, View, over_last_picture
from course_lib.cards.memory import megabytes, memory_view
from course_lib.cards.network import PRESETS, START, network_settings, network_view
from course_lib.cards.pictures import short_number
from course_lib.cards.settings import usual_values
from course_lib.show.tables import Cell, Table, arrow, digits
from course_lib.words import words

SVG = "{http://www.w3.org/2000/svg}"
CARDS = {
    "network": network_card,
    "network, projector": lambda: network_card(layout="projector"),
    "network, by machine": lambda: network_card(machine=True, columns=True),
    "vgg": lambda: network_card(vgg16_32),
    "vgg, projector": lambda: network_card(vgg16_32, layout="projector"),
    "1-d network, by machine": lambda: network_card(conv1d_net, machine=True),
    "layer": layer_card,
    "memory": memory_card,
    "layer 1-d": lambda: layer_card(Conv1d(2, 6, 5, padding=2), image=20),
}


def shown(card) -> list[str]:
    return re.findall(r'class="big">([^<]*)<', card._shown.value)


ON_A_DESK = ["compare with this one", "start and now"]


def picture(card) -> str:
    return re.search(r"<svg.*?</svg>", card._shown.value, re.S)[0]


def ends(control) -> list:
    return [control.min, control.max] if hasattr(control, "min") else list(getattr(control, "options", (True, False)))


@pytest.mark.parametrize("name", CARDS)
def test_every_slider_reaches_both_ends(name):
    for control in CARDS[name]().controls:
        card = CARDS[name]()
        for end in ends(card.controls[control]):
            card.set(**{control: end})
            assert shown(card) or "does not fit" in card._shown.value, (control, end)
            if control not in ("groups", "in_channels", "out_channels"):  # these depend on each other
                assert shown(card), f"{control}={end} was offered, but does not fit"


def test_the_numbers_are_pytorchs():
    card = network_card()
    for values in ({"conv2_kernel": 5}, {"batch_norm": True}, {"image": 64, "global_pool": True}, {"hidden": 1}):
        card = network_card()
        card.set(**values)
        parameters = sum(p.numel() for p in build(small_cnn(**values), "meta").parameters())
        assert shown(card)[0] == f"{parameters:,}"


def test_the_layer_card_follows_pytorch():
    card = layer_card(Conv2d(6, 12, 3), image=12)
    card.set(groups=3, stride=2, padding=1)
    assert shown(card)[0] == f"{sum(p.numel() for p in nn.Conv2d(6, 12, 3, groups=3).parameters()):,}"


def test_an_impossible_setting_says_why_and_is_undone():
    card = network_card()
    before = card._shown.value
    card.set(image=17, conv2_kernel=7)
    assert "conv2: a 7×7 kernel does not fit a 5×5 map; the largest that fits is 5" in card._shown.value
    card.set(image=32, conv2_kernel=3)
    assert card._shown.value == before


@pytest.mark.parametrize("cin, cout", [(3, 7), (6, 12), (4, 8), (32, 32)])
def test_only_groups_that_pytorch_takes_are_offered(cin, cout):
    def taken(groups: int) -> bool:
        try:
            return bool(nn.Conv2d(cin, cout, 1, groups=groups))
        except ValueError:
            return False

    card = layer_card()
    card.set(in_channels=cin, out_channels=cout)
    assert list(card.controls["groups"].options) == [groups for groups in range(1, 40) if taken(groups)]
    card.set(groups=card.controls["groups"].options[-1])
    assert shown(card) and card.values["groups"] == card.controls["groups"].options[-1]


def test_groups_that_no_longer_divide_say_which_would():
    card = layer_card(Conv2d(4, 8, 3, groups=2))
    card.set(in_channels=3, out_channels=7)
    assert "groups=2 does not divide both in_channels=3 and out_channels=7; 1 would" in card._shown.value


def test_a_bad_start_is_an_error():
    with pytest.raises(ValueError, match="conv2: a 13×13 kernel"):
        network_card(conv2_kernel=13)
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        network_card(batch=0)
    with pytest.raises(ValueError, match="no slider depth"):
        network_card(sliders=["depth"])
    with pytest.raises(TypeError, match="takes a function of sizes"):
        network_card(small_cnn())
    with pytest.raises(TypeError, match="kernel cannot be a slider"):
        network_card(lambda kernel: one_conv())
    with pytest.raises(TypeError, match="no setting depth"):
        network_card(depth=3)
    with pytest.raises(ValueError, match="layout"):
        layer_card(layout="wall")
    with pytest.raises(TypeError, match="shows a Conv1d or a Conv2d"):
        layer_card(nn.Conv2d(3, 7, 3))


def test_a_preset_sets_all_and_draws_once():
    card, drawn = network_card(), []
    card._shown.observe(drawn.append, "value")
    buttons = {b.description: b for b in card.children[-2].children}
    buttons["a larger kernel, a smaller network"].click()
    assert shown(card)[:2] == ["17,134", "405,104"] and len(drawn) == 1
    buttons["as in the article"].click()
    assert shown(card)[0] == "26,926"


@pytest.mark.parametrize("name", CARDS)
def test_closing_a_card_frees_all_that_it_made(name):
    before = set(_instances)
    card = CARDS[name]()
    assert len(_instances) - len(before) > 20
    card.close()
    card.close()
    assert set(_instances) == before and not card.children


MOVED = [(network_card, "conv2_kernel"), (layer_card, "position"), (memory_card, "batch")]


@pytest.mark.parametrize("moves", rest_slow([1_000, 10_000], "a thousand moves show a leak of one object in two moves, too"))
@pytest.mark.parametrize("make, name", rest_slow(MOVED, "the faster run moves the network card"))
def test_ten_thousand_moves_leave_nothing_behind(make, name, moves):
    card = make()
    control = card.controls[name]

    def move(times: int) -> tuple[int, int, int]:
        for step in range(times):
            control.value = 1 + step % 5
        gc.collect()
        watching = sum(len(found) for part in _instances.values() for kinds in part._trait_notifiers.values() for found in kinds.values())
        return sys.getallocatedblocks(), len(_instances), watching

    blocks, widgets, observers = move(500)
    blocks_after, *rest = move(moves)
    assert rest == [widgets, observers]
    assert blocks_after - blocks < 500


def test_running_a_cell_again_frees_its_old_card_and_no_other(monkeypatch):
    """Two cards of one run, another cell's, one of no cell, and the first cell's again. (The browser tests it in JupyterLab.)"""
    cell, run = "a", 1
    shell = SimpleNamespace(get_parent=lambda: {"metadata": {"cellId": cell}, "header": {"msg_id": run}})
    monkeypatch.setattr(base, "get_ipython", lambda: shell)
    monkeypatch.setattr(base, "CARDS", {})
    first, second = layer_card(), layer_card()
    assert first.comm and second.comm, "both of one run stand"
    cell, run = "b", 2
    other = layer_card()
    cell, run = None, 3
    nobodys = layer_card()
    cell, run = "a", 4
    again = layer_card()
    assert [card.comm is None for card in (first, second, other, nobodys, again)] == [True, True, False, False, False]


def test_twins_say_the_same_as_the_card():
    for make in CARDS.values():
        card = make()
        data = card._repr_mimebundle_()[0]
        assert "application/vnd.jupyter.widget-view+json" in data
        for number in shown(card):
            assert number in data["text/html"] and number in data["text/plain"]
        assert re.search(r'<img alt="[^"]{40,}"', data["text/html"])


def test_a_name_is_text_everywhere():
    evil = "<script>alert(1)</script>"
    network = Network((3, 8, 8), **{evil: Conv2d(3, 4, 3)})
    from course_lib import compare
    from course_lib.cards.pictures import Column, network_picture

    made = [network.ledger()._repr_mimebundle_()["text/html"], compare(network)._repr_mimebundle_()["text/html"]]
    made.append(network_picture(dict.fromkeys("ab", Column(evil, (3, 8, 8), 3, 3, (3, 3), True)), {}, evil))
    assert all("<script" not in html and "&lt;script&gt;" in html for html in made)


def test_a_preset_works_from_an_unusual_start():
    card = network_card(image=17)
    {b.description: b for b in card.children[-2].children}["a larger kernel, a smaller network"].click()
    assert shown(card)[0] == "17,134"


def test_the_position_slider_ends_with_the_map():
    card = layer_card()
    assert card.controls["position"].max == 9
    card.set(image=12)
    assert card.controls["position"].max == 100
    for values in ({"image": 10, "position": 60}, {"position": 60, "image": 10}):  # in any order, also after a problem
        card = layer_card()
        card.set(groups=2)
        card.set(groups=1, **values)
        assert card.values["position"] == 60 and card.controls["position"].max == 64 and "position 60 of 64" in card._shown.value
    card.set(position=1000)
    assert card.values["position"] == 64


def test_a_menu_changes_the_memory_card():
    card = memory_card()
    card.set(network="vgg16_32", dtype="bfloat16", optimizer="SGD", batch=128, batch_norm=True)
    peak = timeline(vgg16_32(), 128, "bfloat16", "SGD").peak
    assert f"{peak.kept:,}" in card._shown.value and f"{peak.total:,}" in card._shown.value
    assert card._shown.value.count(peak.cause.replace("'", "&#x27;")) == 2, "as a sentence, and in the picture's alt text"
    with pytest.raises(ValueError, match="optimizer must be one of SGD"):
        memory_card(optimizer="Lion")


@pytest.mark.parametrize("network, batch", [("small_cnn", 16), ("small_cnn", 1), ("vgg16_32", 16), ("vgg16_32", 256)])
def test_the_memory_cards_picture_has_its_mark_over_the_highest_moment(network, batch):
    card = memory_card(network=network, batch=batch)
    moments = timeline({"small_cnn": small_cnn, "vgg16_32": vgg16_32}[network](batch_norm=False), batch)
    svg = card._shown.value
    (x, y) = map(float, re.search(r'd="M([\d.]+) ([\d.]+)l-9 -14h18z"', svg).groups())
    corners = re.findall(r"[ML]([\d.]+) ([\d.]+)", svg.split('fill="var(--course-orange')[0].split("<path")[-1])
    across, tops = ([float(corner[axis]) for corner in corners] for axis in (0, 1))
    assert int((x - 10) / ((max(across) - 10) / len(moments))) == moments.index(moments.peak)
    assert y == pytest.approx(min(tops) - 2, abs=0.11)


@pytest.mark.parametrize("batch, budget, line, says", [(16, "1 GB", False, ": fits"), (512, "16 MB", True, ": does not fit")])
def test_the_memory_card_draws_a_budget_that_is_passed_and_says_so(batch, budget, line, says):
    shown = memory_card(batch=batch, budget=budget)._shown.value
    assert ("stroke-dasharray" in shown) == line and says in shown


def test_the_memory_card_of_ones_own_network():
    mine = Network((3, 8, 8), conv=Conv2d(3, 4, 3), norm=BatchNorm2d(4), flatten=Flatten(), fc=Linear(144, 2))
    for network in (mine, lambda: mine):
        card = memory_card(network, batch=4, optimizer="SGD")
        card.set(batch=100, dtype="float64")
        peak = timeline(mine, 100, "float64", "SGD").peak
        assert f"{peak.total:,}" in card._shown.value and "norm" in card._shown.value
    assert "network" not in card.controls and "batch_norm" not in card.controls
    assert "▲" not in memory_card(mine, batch=100)._shown.value, "what it starts from is what it compares with"
    for given, error, says in (
        (nn.Linear(2, 2), TypeError, r"a PyTorch module is measured by measure_peak\(model, input_size\)"),
        ("resnet", ValueError, "takes a Network, or one of small_cnn, vgg16_32, not 'resnet'"),
        (Conv2d(3, 3, 3), ValueError, "takes a Network, or one of small_cnn, vgg16_32, not Conv2d"),
        (Network((4, 8), x=RMSNorm(8)), ValueError, "the backward of RMSNorm keeps is not known by hand"),
        (Network((4,), flatten=Flatten()), ValueError, "nothing to train"),
    ):
        with pytest.raises(error, match=says):
            memory_card(given)
    with pytest.raises(TypeError, match="sliders are names.* by its own name, such as batch=128"):
        memory_card(mine, 128)
    with pytest.raises(TypeError, match="no setting batch_norm; there are batch, dtype, optimizer, budget"):
        memory_card(mine, batch_norm=True)


def test_the_memory_cards_totals_say_how_they_changed():
    card = memory_card()
    assert 'class="change"></span>' in card._shown.value
    card.set(batch=32)
    more = timeline(small_cnn(), 32).peak.total - timeline(small_cnn(), 16).peak.total
    assert f"▲ +{more / 1e6:.3g} MB" in card._shown.value and "16,848</span> <span" in card._shown.value
    card.set(batch=16, optimizer="SGD")
    fewer = largest_batch(small_cnn(), 10**9) - largest_batch(small_cnn(), 10**9, optimizer="SGD")
    assert fewer < 0 and f"▲ +{-fewer:,}" in card._shown.value


def test_evil_text_is_text_in_every_answer():
    evil = "<script>alert(1)</script>"
    made = [over_last_picture(evil, ""), Reply(evil)._repr_html_()]
    made += [Table(["<"], [[evil]], caption=evil).html(), bars(evil, **{evil: {evil: 1}}).bundle()["text/html"]]
    assert all("<script" not in html and "&lt;script&gt;" in html for html in made)


def test_any_function_of_sizes_is_a_card_with_pytorchs_numbers():
    def mine(depth=2, hidden_width=8, norm=False):
        """A network of a user's own: a lecturer writes it into a cell."""
        layers = {f"conv{i}": Conv2d(3 if i == 0 else hidden_width, hidden_width, 3) for i in range(depth)}
        return Network((3, 16, 16), **layers, **({"bn": BatchNorm2d(hidden_width)} if norm else {}))

    card = network_card(mine, layout="projector", depth=6)
    card.set(norm=True)
    assert shown(card)[0] == f"{mine(6, norm=True).ledger().params:,}"
    deep = network_card(lambda depth=10: Network((3, 30, 30), **{f"c{i}": Conv2d(3, 3, 1) for i in range(depth)}), layout="projector")
    deep.set(depth=12)  # too deep for a picture now, and the start was not: both are compared stage by stage
    assert "block 1" in deep._shown.value and deep._shown.value.count("▲ +24") == 2 and "+144" not in deep._shown.value
    for make, values in ((mine, {"depth": 7, "norm": True}), (vgg16_32, {"width": 48, "late_convs": 4}), (conv1d_net, {"length": 77})):
        card = network_card(make, machine=True)
        card.set(**values)
        model = build(make(**values), "meta")
        assert shown(card)[0] == f"{sum(p.numel() for p in model.parameters()):,}" and "3 agree" in card._shown.value
    labels = str([row.children[0].value for row in network_card(mine).children[2].children])
    assert "hidden width" in labels and network_card(mine).controls["depth"].max == 7  # 2·8 + 1 no longer fits 16×16


def test_a_function_of_sizes_gives_its_ranges_and_is_not_taken_for_ours_by_its_name():
    def small_cnn(width: (2, 9) = 4, classes=7):
        return Network((3, 8, 8), conv=Conv2d(3, width, 3), flatten=Flatten(), fc=Linear(width * 36, classes)) if width else None

    card = network_card(lambda width=4: Network((3, 8, 8), conv=Conv2d(3, width, 3)))
    assert (card.controls["width"].min, card.controls["width"].max) == (1, 16)  # and not VGG's
    card = network_card(small_cnn)
    assert (card.controls["width"].min, card.controls["width"].max) == (2, 9) and "classes" in card.controls
    assert [button.description for button in card.children[-2].children][2:] == ["as given", "compare with this one", "start and now"]
    assert "classes" not in network_card().controls


@pytest.mark.parametrize(
    "make, name",
    [
        (lambda: layer_card(image=10**9), "image"), (lambda: network_card(image=10**9), "image"),
        (lambda: network_card(vgg16_32, width=10**6), "width"), (lambda: memory_card(batch=10**9), "batch"),
    ],
)  # fmt: skip
def test_a_start_that_is_out_of_all_reach_is_told_and_not_drawn(make, name):
    with pytest.raises(ValueError, match=rf"^{name} may be [\d,]+ on a card at most, not 1,000,000"):
        make()


def test_a_deep_network_is_drawn_stage_by_stage_and_nothing_is_lost():
    card = network_card(vgg16_32, layout="projector")
    card.set(width=48)
    ledger = vgg16_32(width=48).ledger()
    blocks = {"block 1": ledger[:7], "block 4": ledger[24:34], "block 5": ledger[34:44]}
    for name, rows in blocks.items():
        assert name in card._shown.value, "in the picture, if not in the table"
        assert f">{short_number(rows.params, 110)}<" in card._shown.value
    assert card._shown.value.count("<tr") == 1 + 3 and "and 5 more" in card._shown.value
    desk = network_card(vgg16_32)
    assert "conv5_3" not in desk._shown.value and "block 5" in desk._shown.value
    desk.set(every_layer=True)
    assert "conv5_3" in desk._shown.value and "every_layer" not in network_card().controls
    total = f"{vgg16_32().ledger().params:,}"
    assert desk._shown.value.count(f">{total}<") == 2  # the big number, and the table's sum


def svg(values: dict, start: dict = START, layout: str = "projector", make=small_cnn) -> str:
    view = LAYOUTS[layout](network_view(values, start, make))
    return view.draw(view.width)


NETWORKS = {"small_cnn": small_cnn, "vgg16_32": vgg16_32, "conv1d_net": conv1d_net}
STARTS = {
    **{name: lambda layout, make=make: network_card(make, layout=layout) for name, make in NETWORKS.items()},
    "layer": lambda layout: layer_card(layout=layout),
    "layer, conv2": lambda layout: layer_card(Conv2d(5, 12, 3), image=12, layout=layout),
    "layer, groups": lambda layout: layer_card(Conv2d(32, 32, 11, padding=5, groups=16), image=32, layout=layout),
    "layer, 1-d": lambda layout: layer_card(Conv1d(2, 6, 5, padding=2), image=20, layout=layout),
    "memory": lambda layout: memory_card(layout=layout),
    "memory, vgg": lambda layout: memory_card("vgg16_32", batch=512, layout=layout),
}


LAYOUT_CASES = rest_slow(["projector", "desk"], "the faster run has the projector's, which has the least room")


@cache
def at_all_ends(start, layout: str) -> list[tuple[str, str]]:
    """A card at its start, and with each control at its ends: (what was set, what is drawn)."""
    found = [("start", start(layout)._shown.value)]
    for name, control in start(layout).controls.items():
        for value in ends(control):
            card = start(layout)
            card.set(**{name: value})
            found.append((f"{name}={value}", card._shown.value))
    return found


def settings(make) -> list[tuple[dict, dict]]:
    """The start, and each slider of a card at both of its ends: (values, start)."""
    card = network_card(make)
    start = usual_values(network_settings(make))
    found = [(start, start)]
    for name, control in card.controls.items():
        for value in (control.min, control.max) if hasattr(control, "min") else (not control.value,):
            found.append(({**start, name: value}, start))
    return [*found, ({**start, "conv2_kernel": 4}, start)] if make is small_cnn else found  # where one row alone changes


def corners(path: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a path of M, L, l, h, H, v and z."""
    x = y = 0.0
    xs, ys = [], []
    for letter, numbers in re.findall(r"([MLlhHvz])([^MLlhHvz]*)", path):
        given = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        dx, dy = {"h": (given[:1], [0]), "v": ([0], given[:1]), "l": (given[:1], given[1:]), "z": ([0], [0])}.get(letter, ([0], [0]))
        x, y = (x + dx[0], y + dy[0]) if letter in "hvlz" else (given[0], y if letter == "H" else given[1])
        xs.append(x)
        ys.append(y)
    return min(xs), min(ys), max(xs), max(ys)


@pytest.mark.parametrize("layout", LAYOUT_CASES)
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_at_both_ends_of_every_slider_nothing_hangs_out_or_lies_over_another(start, layout):
    for what, html in at_all_ends(start, layout):
        root = ElementTree.fromstring(re.search(r"<svg.*?</svg>", html, re.S)[0])
        width, height = float(root.get("width")), float(root.get("height"))
        lines = {}
        for shape in root.iter(f"{SVG}rect"):
            x, y, w, h = (float(shape.get(side)) for side in ("x", "y", "width", "height"))
            assert x >= -0.1 and x + w <= width + 0.1 and y >= -0.1 and y + h <= height + 0.1, (what, shape.attrib)
        for shape in root.iter(f"{SVG}path"):
            left, top, right, bottom = corners(shape.get("d"))
            assert left >= -0.1 and right <= width + 0.1 and top >= -0.1 and bottom <= height + 0.1, (what, shape.attrib)
        for text in root.iter(f"{SVG}text"):
            wide = float(text.get("font-size")) * (0.62 * len(text.text) + 0.2 * text.text.count("×"))
            left = float(text.get("x")) - wide * {"middle": 0.5, "end": 1, "start": 0}[text.get("text-anchor")]
            lines.setdefault(text.get("y"), []).append((left, left + wide, text.text))
            assert float(text.get("y")) <= height - 4, (what, text.text)
        for texts in lines.values():
            texts.sort()
            assert texts[0][0] >= 0 and texts[-1][1] <= width + 6, (what, texts)
            assert all(a[1] <= b[0] for a, b in pairwise(texts)), (what, texts)


@pytest.mark.parametrize("layout", LAYOUT_CASES)
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_card_keeps_its_height_and_its_letters_their_size(start, layout):
    """The picture is as wide as the card. Letters are 20 px high on a projector at least, and 14 on a desk, whose table may grow."""
    screen, least = {"desk": (1400, 14), "projector": (1060, 20)}[layout]
    heights = set()
    for what, html in at_all_ends(start, layout):
        width, height = map(float, re.search(r'viewBox="0 0 (\d+) (\d+)"', html).groups())
        heights.add((height / width, html.count("<tr")))
        sizes = {float(size) * screen / width for size in re.findall(r'font-size="(\d+)"', html)}
        many = html.count('font-weight="700"') > 8  # columns: the longest shapes among so many are a little smaller
        assert min(sizes) >= least - 4 * many, (what, sizes)
    assert len({ratio for ratio, _ in heights}) == 1
    assert layout == "desk" or len(heights) == 1


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_a_projectors_card_keeps_its_height(make):
    """The picture's, the rows' and the totals' lines are the same at every end of every slider."""
    shapes = set()
    for values, start in settings(make):
        live = LAYOUTS["projector"](network_view(values, start, make)).html()
        shapes.add((re.search(r'viewBox="([^"]*)"', live).group(1), live.count("<tr"), live.count('class="big"')))
        empty = re.findall(r"<tr>(?:<td[^>]*></td>)+</tr>", live)  # a row without a letter has no height
        assert not empty, values
    assert len(shapes) == 1 and shapes.pop()[1:] == (4, 2)


def test_twice_as_much_is_drawn_twice_as_large_on_one_scale_with_the_start():
    for change in ({"image": 64}, {"hidden": 256}, {"conv2_kernel": 5}, {"conv1_channels": 1}):
        now, start = small_cnn(**change).ledger(), small_cnn().ledger()
        root = ElementTree.fromstring(svg({**START, **change}))
        squares = {"params": {}, "macs": {}}
        for shape in root.iter("{http://www.w3.org/2000/svg}rect"):
            what = {"orange": "params", "green": "macs"}.get(re.sub(r"var\(--course-(\w+),.*", r"\1", shape.get("fill")))
            if what and shape.get("stroke") is None:
                squares[what][float(shape.get("x")) + float(shape.get("width")) / 2] = float(shape.get("width")) ** 2
        for what, found in squares.items():
            rows = [row for row in now if getattr(row, what)]
            most = max(getattr(row, what) for row in (*now, *start))
            for row, area in zip(rows, [area for _, area in sorted(found.items())], strict=True):
                assert area == pytest.approx(54**2 * getattr(row, what) / most, rel=0.05, abs=1), (change, row.name)


def test_what_differs_from_the_start_has_a_dashed_outline_of_it():
    def dashed(**change) -> int:
        return svg({**START, **change}).count("stroke-dasharray")

    assert dashed() == 0
    assert dashed(conv2_kernel=5) == 2 + 2 + 2  # the maps of conv2 and pool2, and both areas of conv2 and fc1
    assert dashed(image=64) == 5 + 1 + 3  # every map, fc1's weights, and all MACs but fc2's


def test_what_is_shown_can_be_made_the_start():
    card = network_card()
    card.set(conv2_kernel=5)
    assert "▼ −9,792" in card._shown.value
    next(button for button in card.children[-2].children if button.description == "compare with this one").click()
    assert "▼ −9,792" not in card._shown.value and "stroke-dasharray" not in card._shown.value
    card.set(conv2_kernel=3)
    assert "▲ +9,792" in card._shown.value


def test_on_a_slide_every_card_is_a_projectors_and_a_desks_again_in_the_notebook():
    card = layer_card()
    desk = card._shown.value
    assert "<table" in desk and "layer_card(" in desk
    card._place.on_slide = True
    assert 'class="course projector"' in card._shown.value and "<table" not in card._shown.value
    assert card._shown.value == layer_card(layout="projector")._shown.value
    card._place.on_slide = False
    assert card._shown.value == desk


def test_both_stand_one_above_the_other_on_one_scale_and_the_start_says_nothing_of_a_change():
    for card, values in ((network_card(), {"conv2_kernel": 5}), (layer_card(), {"kernel_size": 2}), (memory_card(), {"batch": 64})):
        at_start = shown(card)
        card.set(**values)
        alone = shown(card)
        card._both.value = True
        start, now = card._shown.value.split(">Now<")
        assert ">The start<" in start and "<table" not in card._shown.value and not re.search(r'class="change">[^<]', start)
        assert re.findall(r'class="big">([^<]*)<', start) == at_start and re.findall(r'class="big">([^<]*)<', now) == alone
        assert re.search(r'class="change">[▲▼]', now)
        card._both.value = False
        assert "The start" not in card._shown.value and shown(card) == alone
    card = network_card()
    card.set(image=64)
    card._both.value = True
    fc1 = [max(float(shape["width"]) for shape in rects(drawn, fill="orange", height="")) for drawn in pictures_of(card)]
    start, now = (small_cnn(**change).ledger()["fc1"].params for change in ({}, {"image": 64}))
    assert (fc1[1] / fc1[0]) ** 2 == pytest.approx(now / start, rel=0.05)


def pictures_of(card) -> list[str]:
    return re.findall(r"<svg.*?</svg>", card._shown.value, re.S)


@pytest.mark.parametrize(
    "make, values, says",
    [
        (lambda: network_card(), {}, "network_card()"),
        (lambda: network_card(), {"conv2_kernel": 5, "batch_norm": True}, "network_card(conv2_kernel=5, batch_norm=True)"),
        (lambda: network_card(vgg16_32), {"width": 32}, "network_card(vgg16_32, width=32)"),
        (lambda: network_card(), {"machine": True}, "network_card(machine=True)"),
        (lambda: layer_card(Conv2d(5, 12, 3), image=12), {"stride": 2, "position": 7},
         "layer_card(Conv2d(5, 12, 3, stride=2), image=12, position=7)"),
        (lambda: layer_card(Conv1d(2, 6, 5), image=20), {"padding": 2}, "layer_card(Conv1d(2, 6, 5, padding=2), image=20)"),
        (lambda: memory_card(), {"batch": 64, "optimizer": "SGD"}, "memory_card(batch=64, optimizer='SGD')"),
        (lambda: memory_card("vgg16_32"), {"budget": "8 GB"}, "memory_card(network='vgg16_32', budget='8 GB')"),
    ],
)  # fmt: skip
def test_a_line_of_code_brings_a_card_back(make, values, says):
    card = make()
    card.set(**values)
    line = unescape(re.search(r'<p class="code">([^<]*)</p>', card._shown.value)[1])
    assert line == card.code == says
    again = eval(line)
    assert again.values == card.values and shown(again) == shown(card)


@pytest.mark.parametrize(
    "make, says",
    [
        (lambda: network_card(sliders="conv2_kernel", layout="projector"), "network_card(sliders=['conv2_kernel'], layout='projector')"),
        (lambda: layer_card(layout="projector"), "layer_card(Conv2d(3, 7, 3), layout='projector')"),
        (lambda: memory_card(sliders=["batch"]), "memory_card(sliders=['batch'])"),
    ],
)  # fmt: skip
def test_the_line_of_code_has_the_sliders_and_the_layout_too(make, says):
    card = make()
    assert card.code == says
    again = eval(card.code)
    assert list(again.controls) == list(card.controls) and again._shown.value == card._shown.value


def test_a_size_may_be_a_fraction():
    def mine(multiplier: (0.25, 2.0) = 1.0, dropout=0.5):
        return Network((3, 8, 8), conv=Conv2d(3, int(8 * multiplier), 3), flatten=Flatten(), fc=Linear(int(8 * multiplier) * 36, 10))

    card = network_card(mine, multiplier=2)
    control = card.controls["multiplier"]
    assert (control.min, control.max, control.value, control.step) == (0.25, 2.0, 2.0, 0.05)
    assert (card.controls["dropout"].min, card.controls["dropout"].max) == (0, 2)
    card.set(multiplier=0.5)
    assert shown(card)[0] == f"{mine(0.5).ledger().params:,}" and card.code == "network_card(mine, multiplier=0.5)"
    card.set(multiplier=0.25, dropout=0.0)
    assert shown(card)[0] == f"{mine(0.25).ledger().params:,}"


def test_a_preset_does_what_its_name_says():
    names = {name: words(name) for known in PRESETS.values() for name in known}

    def ratios(make, name) -> tuple[float, float]:
        now, usual = make(**PRESETS[make][name]).ledger(), make().ledger()
        return now.params / usual.params, now.macs / usual.macs

    assert "a seventh of the parameters" in names["global_average"] and 1 / ratios(small_cnn, "global_average")[0] == pytest.approx(
        7, abs=0.5
    )
    assert "a smaller network" in names["larger_smaller"] and ratios(small_cnn, "larger_smaller")[0] < 1
    assert "a quarter of the parameters" in names["half_width"] and ratios(vgg16_32, "half_width")[0] == pytest.approx(1 / 4, rel=0.05)
    assert "a third more" in names["vgg19"] and ratios(vgg16_32, "vgg19")[0] == pytest.approx(4 / 3, rel=0.05)
    assert "hardly fewer" in names["no_norm"] and 0.999 < ratios(vgg16_32, "no_norm")[0] < 1
    assert "twice the work" in names["twice_length"] and ratios(conv1d_net, "twice_length")[1] == pytest.approx(2, rel=0.01)
    params, macs = ratios(conv1d_net, "wider_kernel")
    assert names["wider_kernel"] == "a wider kernel: few more parameters, much more work" and params < 1.05 and macs > 1.5


@pytest.mark.parametrize(
    "layer, image, grids, reads",
    [(Conv2d(3, 7, 3), 5, 3, 3), (Conv2d(1, 2, 3), 5, 1, 1), (Conv2d(5, 12, 3), 12, 3, 3), (Conv2d(4, 8, 3, groups=2), 8, 4, 2)],
)
def test_the_kernel_stands_on_every_channel_that_it_reads_and_its_products_add_up(layer, image, grids, reads):
    card = layer_card(layer, image=image, position=2)
    drawn = picture(card)
    at_work = [shape for shape in paths(drawn) if "orange" in shape.get("fill", "")]
    assert len(at_work) == reads and all(shape["d"].count("M") == 9 for shape in at_work)
    assert len(rects(drawn, fill="input")) == grids
    module = nn.Conv2d(layer.in_channels, layer.out_channels, 3, groups=layer.groups)
    window = module.weight[0].numel()
    of_channel = " + ".join(["9"] * (window // 9)) if window <= 36 else "9 + 9 + … + 9"
    assert f"One output value: {of_channel} = {window} products, and the bias." in drawn
    places = module(torch.zeros(1, layer.in_channels, image, image))[0, 0].numel()
    done, macs = 2 * window * layer.out_channels, places * window * layer.out_channels
    assert f"After 2 of {places} places: 2 · {window} · {layer.out_channels} = {done:,} of {macs:,} MACs." in drawn
    card.set(bias=False)
    assert f"= {window} products." in picture(card)


@pytest.mark.parametrize("layer", [Conv2d(1, 1, 3, stride=2, padding=1), Conv2d(2, 3, 2, dilation=2), Conv1d(2, 4, 3, stride=3, padding=1)])
def test_the_kernel_steps_over_the_input_as_the_written_cell_steps_over_the_output(layer):
    card = layer_card(layer, image=8)
    columns = layer.output_shape((layer.in_channels, *[8] * layer.dims))[-1]

    def drawn_at(position: int) -> tuple[list, tuple]:
        card.set(position=position + 1)
        shape = next(shape for shape in paths(picture(card)) if "orange" in shape.get("fill", ""))
        cells = [tuple(map(float, corner)) for corner in re.findall(r"M([\d.]+) ([\d.]+)", shape["d"])]
        written = next(shape for shape in rects(picture(card), fill="orange") if float(shape["x"]) >= 1010)
        return cells, tuple(float(written[name]) for name in ("x", "y", "width"))

    first, (left, top, side) = drawn_at(0)
    cell = (first[1][0] - first[0][0]) / layer.dilation[-1]
    for position in range(card.controls["position"].max):
        row, column = divmod(position, columns)
        cells, (x, y, _) = drawn_at(position)
        assert cells[0][0] - first[0][0] == pytest.approx(column * layer.stride[-1] * cell, abs=0.5)
        assert cells[0][1] - first[0][1] == pytest.approx(row * layer.stride[0] * cell, abs=0.5)
        assert (x - left, y - top) == pytest.approx((column * side, row * side), abs=0.5)


def test_on_a_projector_more_sizes_take_the_place_of_the_others():
    for layout, stay in (("projector", 1), ("desk", 6)):
        card = layer_card(layout=layout)
        rows = card.children[2].children
        names = [row.children[0].value for row in rows if row.layout.display != "none"]
        more = next(button for button in card.children[-2].children if button.description == "more sizes")
        more.value = True
        assert [row.children[0].value for row in rows if row.layout.display != "none"] == [*names[:stay], "image", "dilation", "groups"]
        more.value = False
        assert [row.children[0].value for row in rows if row.layout.display != "none"] == names and len(names) == 6


def paths(drawn: str) -> list[dict]:
    return [shape.attrib for shape in ElementTree.fromstring(drawn).iter(f"{SVG}path")]


def test_a_setting_that_does_not_fit_is_told_over_the_last_picture():
    card = layer_card()
    drawn = re.search(r"<svg.*</svg>", card._shown.value, re.S).group(0)
    card.set(groups=2)
    assert 'role="alert"' in card._shown.value and "does not divide" in card._shown.value
    assert '<div class="dimmed">' in card._shown.value and drawn in card._shown.value
    card.set(groups=1)
    assert "dimmed" not in card._shown.value


def test_a_function_of_sizes_that_fails_is_told_what_it_did():
    for make, says in (
        (lambda a=1: None, "must return a Network, not None"),
        (nn.Sequential(nn.Linear(2, 1)), "a PyTorch module is counted by compare"),
        (lambda a="x": one_conv(), "a cannot be a slider"),
        (lambda *a: one_conv(), "a cannot be a slider"),
    ):
        with pytest.raises(TypeError, match=says):
            network_card(make)

    def odd(kernel=3, divisor=2):
        if kernel == 6:
            return None
        return Network((3, 16 // divisor, 16), conv=Conv2d(3, [4, 5, 6, 7, 8, 9][kernel], kernel + 1))

    card = network_card(odd)
    card.set(kernel=0 if card.controls["kernel"].min == 0 else 1)
    assert shown(card) and card.controls["kernel"].max == 5
    assert network_card(lambda shift=0: small_cnn(conv2_kernel=3 + shift)).controls["shift"].max >= 3


def test_a_value_beyond_a_slider_is_an_error_and_changes_nothing():
    card = network_card(vgg16_32)
    before = card._shown.value
    with pytest.raises(ValueError, match="image goes from 32 to 64 here, not to 224"):
        card.set(width=32, image=224)
    assert card._shown.value == before and card.values["width"] == 64
    assert network_card(vgg16_32, image=224, classes=1000).values["image"] == 224


@pytest.mark.parametrize(
    "card, values, says",
    [
        (network_card, {"hidden": 64, "conv2_kernel": 2.5}, "conv2_kernel goes from 1 to 7 here, not to 2.5"),
        (network_card, {"hidden": 64, "conv2_kernel": "5"}, "conv2_kernel goes from 1 to 7 here, not to '5'"),
        (network_card, {"hidden": 64, "batch_norm": 3}, "batch_norm must be one of True, False, not 3"),
        (memory_card, {"batch": 64, "optimizer": "Adma"}, "optimizer must be one of .*Adam, .*, not 'Adma'"),
    ],
)
def test_what_a_control_does_not_take_changes_none_of_the_values(card, values, says):
    shown = card()
    before = shown.values, shown._shown.value
    with pytest.raises(ValueError, match=says):
        shown.set(**values)
    assert (shown.values, shown._shown.value) == before


def test_a_slider_asked_for_twice_is_one():
    card = network_card(sliders=["image", "image"])
    assert len(card.children[2].children) == len(card.controls) == 1


@pytest.mark.parametrize("make, values", [(vgg16_32, {"batch_norm": False, "late_convs": 2}), (vgg16_32, {"late_convs": 4, "width": 32}),
                                          (small_cnn, {"global_pool": True}), (conv1d_net, {"length": 33, "kernel": 4})])  # fmt: skip
def test_the_changes_of_the_rows_add_up_to_the_change_of_the_total(make, values):
    usual = usual_values(network_settings(make))
    table = network_view({**usual, **values}, usual, make=make).table

    def signed(cell):
        said = getattr(cell, "text", cell).replace(",", "").replace("−", "-")
        return int(said.split()[1]) if said else 0

    assert sum(signed(row[5]) for row in table.rows) == signed(table.total[5]) != 0


def rects(svg: str, **having) -> list[dict]:
    found = [shape.attrib for shape in ElementTree.fromstring(svg).iter(f"{SVG}rect")]
    return [shape for shape in found if all(value in shape.get(name.replace("_", "-"), "") for name, value in having.items())]


def test_the_dashed_outline_is_the_start_on_the_same_scale():
    now, start = small_cnn(conv2_kernel=5).ledger(), small_cnn().ledger()
    drawn = svg({**START, "conv2_kernel": 5})
    ghosts = [(float(shape["y"]), float(shape["width"])) for shape in rects(drawn, stroke_dasharray="4")]
    wanted = []
    for what in ("params", "macs"):
        most = max(getattr(row, what) for row in (*now, *start))
        wanted += [54 * math.sqrt(getattr(start[name], what) / most) for name in ("conv2", "fc1")]
    assert sorted(side for y, side in ghosts if y > 110) == pytest.approx(sorted(wanted), rel=0.02)
    conv2, pool2 = sorted((side for y, side in ghosts if y < 110), reverse=True)  # maps of 10 and of 4 cells at the start
    assert conv2 / pool2 == pytest.approx(10 / 4, rel=0.02)


def windows(drawn: str) -> list[dict]:
    return [shape for shape in rects(drawn, fill="none") if shape.get("stroke-width") == "2.5"]


def on(window: dict, drawn: str) -> float:
    """How wide the front of the map is on which a window lies; 0 where it hangs over."""
    left, right = float(window["x"]), float(window["x"]) + float(window["width"])
    fronts = [(float(front["x"]), float(front["width"])) for front in rects(drawn, stroke="blue")]
    return next((width for x, width in fronts if x <= left <= x + 4 and right <= x + width + 0.2), 0)


def test_a_kernel_and_a_pools_window_lie_on_the_map_that_they_read_in_their_colours_and_not_beyond():
    drawn = svg(START)
    colours = [re.search(r"--course-(\w+)", window["stroke"]).group(1) for window in windows(drawn)]
    assert colours == ["orange", "quiet", "orange", "quiet"]  # conv1's, pool1's, conv2's, pool2's
    for window, kernel, side in zip(windows(drawn), (5, 5, 3, 3), (32, 28, 12, 10), strict=True):
        assert float(window["width"]) == pytest.approx(on(window, drawn) * kernel / side, abs=2)
    for change in ({"conv2_kernel": 7, "conv1_kernel": 11}, {"image": 64}, {"pool1_kernel": 7, "conv2_kernel": 7}):
        drawn = svg({**START, **change})
        assert all(on(window, drawn) for window in windows(drawn))


def test_the_first_kernel_is_at_work_and_has_the_colour_of_its_cells():
    drawn = picture(layer_card(Conv2d(2, 4, 3), image=6))
    kernels = [
        shape for shape in rects(drawn) if 400 < float(shape["x"]) < 1000 and float(shape["width"]) > 30 and shape.get("stroke") is None
    ]
    first = min(kernels, key=lambda shape: float(shape["x"]))
    assert "orange" in first["fill"] and all("warm" in shape["fill"] for shape in kernels if shape is not first)


@pytest.mark.parametrize(
    "layer", [Conv2d(2, 4, 3), Conv2d(2, 4, 3, stride=2, padding=1), Conv2d(1, 1, 2, dilation=3), Conv1d(2, 4, 5, padding=2)]
)
def test_the_places_along_a_side_are_derived_as_pytorch_has_them(layer):
    for image in (7, 8, 12):
        drawn = picture(layer_card(layer, image=image))
        *work, number = re.search(r"Along a side: ⌊\(([^)]+)\)/(\d+)⌋ \+ 1 = (\d+) places", drawn).groups()
        derived = eval(work[0].replace("−", "-")) // int(work[1]) + 1
        output = build(Network((layer.in_channels, *[image] * layer.dims), layer=layer))(
            torch.zeros(1, layer.in_channels, *[image] * layer.dims)
        )
        assert derived == int(number) == output.shape[-1]


def test_no_number_of_a_card_is_written_as_a_power_of_ten():
    assert [megabytes(count) for count in (40, 430_848, 999_600_000, 1_234_567_890)] == ["0.00004 MB", "0.431 MB", "1,000 MB", "1,235 MB"]
    assert [digits(number) for number in (999.6, 0.430848, 67000.0, 0.00004)] == ["1,000", "0.431", "67,000", "0.00004"]
    assert [arrow(change) for change in (-9792, 960, 0)] == ["▼ −9,792", "▲ +960", ""]
    assert [short_number(count, 60) for count in (999_499, 999_600, 1_234_567_890)] == ["999 k", "1 M", "1.23 G"]
    assert [short_number(count, 80) for count in (1_476_864, 23_595_146, 380)] == ["1.48 M", "23.6 M", "380"]
    assert (short_number(1_476_864, 120), short_number(9_999, 20)) == ("1,476,864", "9,999")


@pytest.mark.parametrize(
    "call, error, says",
    [
        (lambda: network_card(sliders=3), TypeError, r"sliders are names, such as \['batch'\], not 3"),
        (lambda: layer_card(sliders=3), TypeError, "sliders are names"),
        (lambda: memory_card(batch="16"), TypeError, "batch must be a number, not '16'"),
        (lambda: network_card(batch="4"), TypeError, "batch must be a number, not '4'"),
        (lambda: network_card(batch_norm=5), TypeError, "batch_norm must be True or False, not 5"),
        (lambda: small_cnn(hidden=True), TypeError, "small_cnn: hidden must be a whole number, not True"),
    ],
)
def test_a_card_with_the_wrong_thing_in_it_says_what_belongs_there(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_ends_of_ones_own_may_stand_in_any_order_and_be_equal():
    def mine(depth: (6, 1) = 2, rate: (0.5, 0.5) = 0.5):
        return small_cnn(hidden=depth)

    controls = network_card(mine).controls
    assert [(controls[name].min, controls[name].max) for name in ("depth", "rate")] == [(1, 6), (0.5, 0.5)]


def test_a_size_of_ones_own_is_called_by_its_name_and_by_no_sentence_of_the_course():
    def mine(layers=2, more=1, products=3, conv2_kernel=3):
        return small_cnn(conv2_kernel=conv2_kernel)

    said = [row.children[0].value for row in network_card(mine).children[2].children]
    assert said[:4] == ["layers", "more", "products", "conv2 kernel"]


def test_the_memory_card_says_where_buffers_lie():
    def rows(**values):
        return [row[0].text for row in memory_view({**usual_values(memory.SETTINGS), **values}, usual_values(memory.SETTINGS)).table.rows]

    assert rows()[0] == "weights" and rows(batch_norm=True)[0] == "weights and buffers"


def test_the_dark_theme_has_light_letters_on_dark_paper_and_the_light_one_the_reverse():
    themes = re.findall(r"(\S*)\s*\.course-card \{ (--course-ink[^}]*)\}", base.CSS)
    assert [bool(theme) for theme, _ in themes] == [False, True] and 'theme-light="false"' in themes[1][0]
    for theme, colours in themes:
        ink, paper = (sum(bytes.fromhex(re.search(rf"--course-{name}: #(\w+)", colours)[1])) for name in ("ink", "paper"))
        assert (ink < paper) == (not theme)


def test_a_screen_reader_hears_the_totals_and_what_does_not_fit():
    card = layer_card()
    assert '<div class="totals" aria-live="polite">' in card._shown.value
    card.set(groups=2)
    assert re.search(r'<p class="problem" role="alert">[^<]*groups=2 does not divide', card._shown.value)


def test_a_number_box_ends_where_its_slider_ends():
    card = layer_card()
    card.set(image=12)
    row = next(row for row in card.children[2].children if row.children[0].value == words("size.position"))
    play, slider, box = row.children[1:]
    assert slider is card.controls["position"] and slider.max == box.max == 100
    assert (slider.min, box.min, play.min) == (1, 1, 1)


def test_a_card_may_begin_below_a_sliders_usual_end():
    control = network_card(vgg16_32, width=2).controls["width"]
    assert (control.min, control.value, control.max) == (2, 2, 128)


@pytest.mark.parametrize("change", [{"image": 64}, {"conv2_kernel": 5}, {"hidden": 10}, {"batch": 4}])
def test_the_rows_that_differ_from_the_start_are_marked_and_a_change_has_the_tone_of_its_direction(change):
    table = network_view({**START, **change}, START).table
    sizes = {name: value for name, value in change.items() if name != "batch"}
    now, start = small_cnn(**sizes).ledger(change.get("batch", 1)), small_cnn().ledger()
    differ = {row.name for row in now if _facts(row) != _facts(start[row.name])}
    names = [row[0].text for row in table.rows]
    assert {names[i] for i in table.marked} == differ & set(names)
    for name, cell in zip(names, (row[5] for row in table.rows), strict=True):
        more = now[name].params - start[name].params
        assert not more or cell.tone == ("up" if more > 0 else "down")


def _facts(row) -> tuple:
    return row.output_shape, row.params, row.macs


def test_the_cards_bytes_and_the_largest_share_are_pytorchs():
    for values in ({}, {"hidden": 1, "conv2_channels": 64, "image": 20}):
        totals = network_view({**START, **values}, START).totals
        parameters = dict(build(small_cnn(**values), "meta").named_parameters())
        size = sum(p.numel() * p.element_size() for p in parameters.values())
        assert totals[2].value == f"{size / 1e3:,.1f} kB"
        layers = {name.split(".")[0] for name in parameters}
        owned = {layer: sum(p.numel() for name, p in parameters.items() if name.split(".")[0] == layer) for layer in layers}
        most = max(owned, key=owned.get)
        assert (totals[3].value, totals[3].label) == (f"{100 * owned[most] / sum(owned.values()):.0f} %", words("share_in", name=most))


def test_a_budget_has_the_bytes_that_its_name_says():
    for name, millions in memory.BUDGETS.items():
        number, unit = name.split()
        assert millions * 10**6 == int(number) * {"MB": 10**6, "GB": 10**9}[unit]


@pytest.mark.parametrize("make", [layer_card, memory_card, network_card])
def test_a_saved_picture_has_a_ground_of_its_own_that_is_no_white_sheet_in_the_dark(make):
    saved = b64decode(re.search('base64,([^"]+)', make().bundle()["text/html"])[1]).decode()
    assert re.fullmatch("#[0-9a-e][0-9a-f]{5}", re.search('<rect [^>]*fill="([^"]+)', saved)[1])


def test_a_tables_headings_are_those_of_columns_for_a_screen_reader():
    heads = re.findall("<th [^>]*>", Table(["<layer", "params"], [["conv", "9"]]).html())
    assert len(heads) == 2 and all('scope="col"' in head for head in heads)


def test_what_plays_comes_first_and_ends_where_its_slider_does():
    card = layer_card()
    assert [*card.controls][0] == "position"
    ends = [(link.source[0], link.target[0]) for link in card.controls["position"].links if link.source[1] == link.target[1] == "max"]
    assert [(source is card.controls["position"], type(target)) for source, target in ends] == [(True, Play)]


def test_a_peak_that_is_the_budget_to_the_byte_fits(monkeypatch):
    values = {**memory_card().values, "budget": "1 GB"}
    peak = timeline(small_cnn(), values["batch"], values["dtype"], values["optimizer"]).peak.total
    for more, says in ((0, "fits"), (-1, "does not fit")):
        monkeypatch.setitem(memory.BUDGETS, "1 GB", (peak + more) / 10**6)
        assert memory.memory_view(values, values).totals[0].label.endswith(f": {says}")


def test_buffers_are_shown_with_the_weights():
    network = Network((3, 8, 8), conv=Conv2d(3, 4, 3), norm=BatchNorm2d(4), flatten=Flatten(), fc=Linear(144, 2))
    peak = timeline(network, 4).peak
    assert peak.buffers and f"{peak.weights + peak.buffers:,}" in memory_card(network, batch=4)._shown.value


def test_what_is_no_image_is_an_input():
    assert "MACs per input" in network_card(conv1d_net)._shown.value and "MACs per image" in network_card()._shown.value


def test_a_projectors_card_shows_its_first_totals_and_the_rows_that_changed_most():
    rows = [[name, change] for name, change in (("a", "+1"), ("b", "−90"), ("c", "+2"), ("d", "−80"), ("e", "+3"))]
    changes = {0: 1, 1: -90, 2: 2, 3: -80, 4: 3}
    given = [Total(text, text, 0) for text in ("first", "second", "third")]
    shown = LAYOUTS["projector"](View(given, lambda width: "", "", Table(["<row", "change"], rows), changes, change_column=1))
    assert [total.value for total in shown.totals] == ["first", "second"]
    assert [row[0] for row in shown.table.rows][:2] == ["b", "d"]


def test_a_rows_name_and_a_total_are_bold_without_a_style_sheet():
    html = Table(["<layer", "params"], [[Cell("conv1", "name"), "380"]], total=["total", "380"]).html()
    assert re.findall(r"<td([^>]*)>([^<]*)</td>", html)[1] == (' style="text-align:right"', "380")
    assert re.findall(r"font-weight:bold[^>]*>([^<]*)<", html) == ["conv1", "total", "380"]
