"""The cards' pictures as geometry: what is drawn, read back out of the SVG, is the layer's and the network's own numbers.

The judges are PyTorch (which cells a kernel multiplies, where 'same' puts its padding), the ledger, and the timeline. A text is 0.6 of
its height a letter wide, a Chinese one 1; none may lie over another or be cut off, in words that are half as long again, too.
"""

import math
import re
import sys
from itertools import combinations, groupby, pairwise
from typing import NamedTuple
from unicodedata import east_asian_width
from xml.etree import ElementTree

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib import Conv1d, Conv2d, Flatten, Network, conv1d_net, small_cnn, timeline, vgg16_32
from course_lib.cards import memory
from course_lib.cards.layer import SETTINGS, layer_view
from course_lib.cards.memory import memory_view
from course_lib.cards.network import network_settings, network_view
from course_lib.cards.pictures import layer_picture
from course_lib.cards.settings import SWITCH, Setting, usual_values
from course_lib.words import words


def possible(view, *values):
    """A card's view of values that fit together; others are no picture, but a sentence."""
    try:
        return view(*values)
    except ValueError:
        assume(False)


WIDTHS = st.sampled_from([1400, 1060])
tried = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


class Box(NamedTuple):
    """A rectangle, or a text's: its edges, and what it looks like."""

    left: float
    top: float
    right: float
    bottom: float
    fill: str = ""
    edge: str = ""
    dashed: bool = False
    text: str = ""

    width = property(lambda self: self.right - self.left)
    height = property(lambda self: self.bottom - self.top)
    middle = property(lambda self: (self.left + self.right) / 2)

    def overlaps(self, other: "Box", slack: float = 0.11) -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        return across > slack and min(self.bottom, other.bottom) - max(self.top, other.top) > slack


class Path(NamedTuple):
    points: list[tuple[float, float]]  # where M and L lead
    fill: str
    edge: str
    dashed: bool
    line: str


class Drawing:
    """An SVG read back: its size, boxes (but for the background), texts, paths and dots."""

    def __init__(self, svg: str) -> None:
        self.svg, root = svg, ElementTree.fromstring(svg)
        shapes = [(re.sub(r"\{.*\}", "", shape.tag), shape) for shape in root]
        self.width, self.height = float(root.get("width")), float(root.get("height"))
        background, *self.boxes = [_box(shape) for tag, shape in shapes if tag == "rect"]
        assert background[:4] == (0, 0, self.width, self.height)
        self.texts = [_text(shape) for tag, shape in shapes if tag == "text"]
        self.paths = [_path(shape) for tag, shape in shapes if tag == "path"]
        self.dots = [(float(shape.get("cx")), float(shape.get("cy"))) for tag, shape in shapes if tag == "circle"]

    def text_boxes_are_apart(self) -> None:
        for box in self.texts:
            assert box.left >= -0.1 and box.right <= self.width + 0.1 and box.top >= -0.1 and box.bottom <= self.height + 0.1, box
        for one, other in combinations(self.texts, 2):
            assert not one.overlaps(other), (one, other)


def _colour(value: str | None) -> str:
    return re.sub(r"var\(--course-(\w+),.*", r"\1", value or "")


def _box(shape) -> Box:
    x, y, width, height = (float(shape.get(side)) for side in ("x", "y", "width", "height"))
    looks = _colour(shape.get("fill")), _colour(shape.get("stroke")), "stroke-dasharray" in shape.attrib
    return Box(x, y, x + width, y + height, *looks)


def _text(shape) -> Box:
    size, x, y = (float(shape.get(name)) for name in ("font-size", "x", "y"))
    width = size * sum(1 if east_asian_width(letter) in "WF" else 0.6 for letter in shape.text)
    left = x - width * {"start": 0, "middle": 0.5, "end": 1}[shape.get("text-anchor")]
    return Box(left, y - 0.8 * size, left + width, y + 0.2 * size, _colour(shape.get("fill")), text=shape.text)


def _path(shape) -> Path:
    points = [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", shape.get("d"))]
    return Path(points, _colour(shape.get("fill")), _colour(shape.get("stroke")), "stroke-dasharray" in shape.attrib, shape.get("d"))


# --- a layer


@st.composite
def layers(draw) -> tuple[Conv1d | Conv2d, tuple, int]:
    """A convolution, its input and a position: other sizes on each axis, 'same' with even kernels, dilation and stride."""
    kind = draw(st.sampled_from([Conv1d, Conv2d]))

    def sizes(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(kind.dims))

    groups = draw(st.integers(1, 4))
    same = draw(st.booleans())
    fields = {"kernel_size": sizes(1, 11), "dilation": sizes(1, 4), "groups": groups, "bias": draw(st.booleans())}
    fields |= {"padding": "same"} if same else {"padding": sizes(0, 5), "stride": sizes(1, 5)}
    layer = kind(groups * draw(st.integers(1, 8)), groups * draw(st.integers(1, 8)), **fields)
    input_shape = (layer.in_channels, *sizes(1, 32))
    places = math.prod(possible(layer.output_shape, input_shape)[1:])
    return layer, input_shape, draw(st.integers(0, places - 1))


def padded(layer: Conv1d | Conv2d) -> list[tuple[int, int]]:
    """PyTorch's padding before and after each of two axes."""
    kind = {1: nn.Conv1d, 2: nn.Conv2d}[layer.dims]
    sides = kind(layer.in_channels, layer.out_channels, layer.kernel_size, padding=layer.padding, dilation=layer.dilation,
                 groups=layer.groups, device="meta")._reversed_padding_repeated_twice  # fmt: skip
    return [(0, 0), *reversed(list(zip(sides[::2], sides[1::2], strict=True)))][-2:]


def multiplied(layer: Conv1d | Conv2d, input_shape: tuple, position: int) -> set[tuple[int, int, int]]:
    """Channel, row and column in the padded input of every cell on which the first output channel depends at this position."""
    kh, kw, sy, sx, dy, dx = (size for axis in (layer.kernel_size, layer.stride, layer.dilation) for size in (1, *axis)[-2:])
    height, width = ((1, *input_shape[1:])[-2:][axis] + sum(padded(layer)[axis]) for axis in (0, 1))
    cells = torch.ones(1, layer.in_channels, height, width, requires_grad=True)
    weight = torch.ones(layer.out_channels, layer.in_channels // layer.groups, kh, kw)
    output = nn.functional.conv2d(cells, weight, stride=(sy, sx), dilation=(dy, dx), groups=layer.groups)
    output[0, 0].flatten()[position].backward()
    return {tuple(cell.tolist()) for cell in cells.grad[0].nonzero()}


def has_grid(drawing: Drawing, box: Box, rows: int, columns: int) -> bool:
    """Whether some path draws the lines between the cells of a box, and no others."""
    if rows * columns == 1:
        return True
    cell = cell_of(box, rows, columns)
    wanted = [(box.left, box.top + row * cell, box.width, 0) for row in range(1, rows)]
    wanted += [(box.left + column * cell, box.top, 0, box.height) for column in range(1, columns)]
    for path in drawing.paths:
        lines = re.findall(r"M([\d.]+) ([\d.]+)([hv])([\d.]+)(?=M|$)", path.line)
        drawn = [(float(x), float(y), float(size) * (way == "h"), float(size) * (way == "v")) for x, y, way, size in lines]
        if len(drawn) == len(wanted) and all(one == pytest.approx(other, abs=0.31) for one, other in zip(drawn, wanted, strict=True)):
            return True
    return False


def cell_of(box: Box, rows: int, columns: int) -> float:
    """The side of a box's cells, which are squares."""
    assert box.width / columns == pytest.approx(box.height / rows, abs=0.21)
    return (box.width + box.height) / (rows + columns)


def draw_layer(case: tuple, width: int) -> tuple[Drawing, list[Box], list[Box]]:
    """The drawing, its grids of input values, and the padded grids around them, or the same where nothing is padded."""
    drawing = Drawing(layer_picture(*case, ["A line of text."], "alt", width))
    grids = [box for box in drawing.boxes if box.fill == "input"]
    around = [box for box in drawing.boxes if box.fill == "paper" and box.right < 420]
    return drawing, grids, around or grids


@tried
@given(layers(), WIDTHS)
def test_the_input_lies_inside_its_padding_by_exactly_the_padding(case, width):
    layer, input_shape, _ = case
    drawing, grids, around = draw_layer(case, width)
    (above, below), (before, after) = padded(layer)
    rows, columns = (1, *input_shape[1:])[-2:]
    assert len(grids) == (layer.in_channels if layer.in_channels <= 4 else 3)
    assert (around != grids) == any((above, below, before, after))
    for grid, whole in zip(grids, around, strict=True):
        cell = cell_of(whole, rows + above + below, columns + before + after)
        expected = (whole.left + before * cell, whole.top + above * cell, whole.right - after * cell, whole.bottom - below * cell)
        assert grid[:4] == pytest.approx(expected, abs=0.31)
        assert has_grid(drawing, grid, rows, columns) and has_grid(drawing, whole, rows + above + below, columns + before + after)
    assert all(not one.overlaps(other) for one, other in combinations(around, 2)) and max(box.right for box in around) < 420
    said = [text.text for text in drawing.texts if words("with_padding", size="").strip() in text.text]
    wide, high = columns + before + after, rows + above + below
    shape = f"{wide}" if layer.dims == 1 else f"{high}×{wide}"
    assert said == ([words("with_padding", size=shape)] if around != grids else [])


@tried
@given(layers(), WIDTHS)
def test_the_orange_cells_are_those_that_the_kernel_multiplies_and_the_written_one_is_its_output(case, width):
    layer, input_shape, position = case
    drawing, grids, around = draw_layer(case, width)
    sides = [size + sum(padding) for size, padding in zip((1, *input_shape[1:])[-2:], padded(layer), strict=True)]
    cell = cell_of(around[0], *sides)
    orange = set()
    for path in drawing.paths:
        if path.fill == "orange":
            side = float(re.search(r"h([\d.]+)v\1h-\1z", path.line)[1])
            assert 0.7 * cell < side <= cell
            for x, y in path.points:
                x, y = x + side / 2, y + side / 2
                (channel,) = [n for n, whole in enumerate(around) if whole.left < x < whole.right and whole.top < y < whole.bottom]
                orange.add((channel, int((y - around[channel].top) / cell), int((x - around[channel].left) / cell)))
    assert orange == {place for place in multiplied(layer, input_shape, position) if place[0] < len(grids)}
    rows, columns = (1, *layer.output_shape(input_shape)[1:])[-2:]
    written = next(box for box in drawing.boxes if box.fill == "orange" and box.left >= 1009.9)
    output = next(box for box in drawing.boxes if box.fill == "pale" and not box.edge)
    side = cell_of(output, rows, columns)
    row, column = divmod(position, columns)
    place = output.left + column * side, output.top + row * side, output.left + (column + 1) * side, output.top + (row + 1) * side
    assert written[:4] == pytest.approx(place, abs=0.31) and has_grid(drawing, output, rows, columns)


@tried
@given(layers(), WIDTHS)
def test_each_kernel_is_a_grid_of_its_size_with_its_bias_and_none_lies_over_another(case, width):
    layer, input_shape, _ = case
    drawing, grids, _ = draw_layer(case, width)
    kh, kw = (1, *layer.kernel_size)[-2:]
    kernels = [box for box in drawing.boxes if 420 <= box.left < 1010 and box.fill in ("orange", "warm") and not box.edge]
    number = min(layer.out_channels, 24)
    assert [box.fill for box in kernels] == ["orange"] + ["warm"] * (number - 1), "the first is at work"
    cell = cell_of(kernels[0], kh, kw)
    for one, after in pairwise(kernels):
        assert (after.top, after.left) > (one.top, one.left), "in reading order"
    assert all((box.width, box.height) == pytest.approx((kw * cell, kh * cell), abs=0.21) for box in kernels)
    assert has_grid(drawing, kernels[0], kh, kw)
    assert all(not one.overlaps(other) for one, other in combinations(kernels, 2)) and max(box.right for box in kernels) < 1000
    assert len(drawing.dots) == number * layer.bias
    for (x, y), box in zip(drawing.dots, kernels, strict=False):
        assert x > box.right + 6 and box.top - 6 <= y <= box.bottom, "beside its own kernel"
        assert not any(other.left - 6 < x < other.right + 6 and other.top - 6 < y < other.bottom + 6 for other in kernels)
    behind = [box for box in drawing.boxes if 420 <= box.left < 1010 and box.fill in ("orange", "warm") and box.edge]
    assert len(behind) == number * min(layer.in_channels // layer.groups - 1, 4), "a sheet for each further channel, four at most"
    more = [n for n in (layer.in_channels - len(grids), layer.out_channels - number) if n]
    assert [text.text for text in drawing.texts if text.text in {words("more", n=n) for n in range(1, 40)}] == [
        words("more", n=n) for n in more
    ]


# --- a network


@st.composite
def values_of(draw, described: dict[str, Setting], beside: tuple = ()) -> dict:
    """Any value of each setting: a slider's whole range, a menu's choices, a switch."""
    values = usual_values(described)
    for name, setting in described.items():
        if name in beside or not setting.ends or draw(st.integers(0, 2)) == 0:
            continue
        slides = isinstance(setting.ends, tuple) and setting.ends != SWITCH
        values[name] = draw(st.integers(*setting.ends) if slides else st.sampled_from(setting.ends))
    return values


@st.composite
def networks(draw) -> tuple:
    """A function of sizes, values of now and of the start."""
    make = draw(st.sampled_from([small_cnn, vgg16_32, conv1d_net]))
    described = network_settings(make)
    now, start = (draw(values_of(described, beside=("machine", "columns", "every_layer"))) for _ in range(2))
    for values in (now, start):
        possible(network_view, values, values, make)
    return make, now, start


def drawn_columns(make, values: dict, deep: bool) -> dict[str, tuple]:
    """What stands in the columns of a picture, by the first layer's name: shape, parameters and MACs."""
    ledger = make(**{name: value for name, value in values.items() if name in network_settings(make) and name not in
                     ("batch", "machine", "columns", "every_layer")}).ledger(values["batch"])  # fmt: skip
    columns = {"": (ledger[0].input_shape, 0, 0)}
    for _, rows in groupby(ledger, lambda row: row.input_shape[1:] if deep and len(row.input_shape) > 1 else row.name):
        rows = list(rows)
        params, macs = sum(row.params for row in rows), sum(row.macs for row in rows)
        same = rows[0].input_shape == rows[-1].output_shape
        if (params or not same) and (len(rows) > 1 or rows[0].kind != "Flatten"):
            columns[rows[0].name] = (rows[-1].output_shape, params, macs)
    return columns


def shown_number(text: str) -> float:
    value, _, unit = text.replace(",", "").partition(" ")
    return float(value) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[unit]


@tried
@given(networks(), WIDTHS)
def test_areas_go_with_their_numbers_on_one_scale_for_now_and_the_start(case, width):
    make, now, start = case
    deep = make is vgg16_32
    drawing = Drawing(network_view(now, start, make).draw(width))
    columns, before = drawn_columns(make, now, deep), drawn_columns(make, start, deep)
    centres = [text.middle for text in drawing.texts if text.bottom < 24]
    assert len(centres) == len(columns) and all(b - a == pytest.approx(centres[1] - centres[0], abs=0.21) for a, b in pairwise(centres))
    for which, fill, ground in ((1, "orange", 182), (2, "green", 262)):
        most = max(1, *(column[which] for column in (*columns.values(), *before.values())))
        for centre, (name, column) in zip(centres, columns.items(), strict=True):
            here = [box for box in drawing.boxes if abs(box.middle - centre) < 0.16 and abs(box.bottom - ground) < 0.16]
            squares = [box for box in here if box.fill == fill and not box.dashed]
            ghosts = [box for box in here if box.dashed]
            side, old = (54 * math.sqrt(one[which] / most) for one in (column, before.get(name, column)))
            for boxes, length in ((squares, side), (ghosts, old if abs(side - old) > 0.5 else 0)):
                sides = [size for box in boxes for size in (box.width, box.height)]
                assert sides == ([pytest.approx(length, abs=0.11)] * 2 if length else [])
            numbers = [shown_number(text.text) for text in drawing.texts if abs(text.middle - centre) < 0.2 and 0 < text.top - ground < 8]
            assert numbers == ([pytest.approx(column[which], rel=0.006)] if side else [])


@tried
@given(networks(), WIDTHS)
def test_maps_are_as_large_as_their_sides_on_one_scale_and_stay_in_their_columns(case, width):
    make, now, start = case
    deep = make is vgg16_32
    drawing = Drawing(network_view(now, start, make).draw(width))
    columns, before = drawn_columns(make, now, deep), drawn_columns(make, start, deep)
    centres = [text.middle for text in drawing.texts if text.bottom < 24]
    pitch = centres[1] - centres[0]
    shapes = [shape for shape, _, _ in columns.values()]
    changed = [i for i, shape in enumerate(shapes) if i == 0 or shape != shapes[i - 1]]
    fronts = [box for box in drawing.boxes if box.edge == "blue"]
    assert [box.fill for box in fronts] == ["input"] + ["pale"] * (len(changed) - 1)
    vectors = [shape[0] for shape, _, _ in [*columns.values(), *before.values()] if len(shape) == 1]
    scales = set()
    ghosts = [box for box in drawing.boxes if box.dashed and box.bottom < 110]
    for i, front in zip(changed, fronts, strict=True):
        rows, values = (1, *shapes[i][1:])[-2:], shapes[i]
        below = [text.text for text in drawing.texts if abs(text.middle - centres[i]) < 0.2 and 100 < text.top < 120]
        assert below == ["×".join(map(str, values))]
        old = before.get(list(columns)[i], (values,))[0]
        ghost = [box for box in ghosts if abs(box.middle - centres[i]) < pitch / 2]
        assert len(ghost) == (old != values)
        for box, shape in [(front, values), *((box, old) for box in ghost)]:
            if len(shape) == 1:
                assert box.height == pytest.approx(max(3, 72 * shape[0] / max(vectors)), abs=0.11)
                assert box.middle == pytest.approx(centres[i], abs=0.11)
            else:
                sides = zip((box.height, box.width), (1, *shape[1:])[-2:], strict=True)
                scales |= {(length / side, 0.06 / side) for length, side in sides if length > 3.1}
        if len(values) > 1:
            hull = [re.match(r"M([\d.]+) ([\d.]+)l([\d.]+) -\3h", path.line) for path in drawing.paths if path.fill == "pale"]
            (lean,) = [float(one[3]) for one in hull if one and abs(float(one[1]) - front.left) < 0.06] or [0]
            sheets = values[0] if values[0] <= 12 else min(28, 12 + round(4 * math.log2(values[0] / 12)))
            assert lean == pytest.approx(2 * (sheets - 1), abs=0.06)
            assert front.left >= centres[i] - pitch / 2 and front.right + lean <= centres[i] + pitch / 2, (rows, "in its column")
    middle = max(scales, default=(0, 0), key=lambda one: -one[1])[0]
    assert all(scale == pytest.approx(middle, abs=2 * slack + 0.02) for scale, slack in scales)


# --- a step's memory


def bytes_by_name(moment) -> dict[str, int]:
    passing = moment.passing + moment.arriving + moment.leaving
    return {"weights": moment.weights + moment.buffers, "gradients": moment.gradients, "state": moment.state, "input": moment.input,
            "kept": moment.kept, "passing": passing}  # fmt: skip


def columns_of(path: Path, number: int) -> tuple[list[float], list[float], list[float]]:
    """The tops and the grounds of an area's columns, and where they begin and end."""
    tops, grounds = path.points[: 2 * number], path.points[2 * number :][::-1]
    assert [x for x, _ in tops] == [x for x, _ in grounds] and len(tops) == len(grounds) == 2 * number
    for side in (tops, grounds):
        assert all(a[1] == b[1] for a, b in zip(side[::2], side[1::2], strict=True)), "each column is level"
    return [y for _, y in tops[::2]], [y for _, y in grounds[::2]], [*[x for x, _ in tops[::2]], tops[-1][0]]


@tried
@given(values_of(memory.SETTINGS), values_of(memory.SETTINGS), WIDTHS)
def test_every_moments_column_is_as_high_as_its_bytes_and_the_budget_is_on_the_same_scale(now, start, width):
    def step(values):
        network = {"small_cnn": small_cnn, "vgg16_32": vgg16_32}[values["network"]](batch_norm=values["batch_norm"])
        return timeline(network, values["batch"], values["dtype"], values["optimizer"])

    drawing = Drawing(possible(memory_view, now, start).draw(width))
    moments, most = step(now), max(step(now).peak.total, step(start).peak.total)
    areas = [path for path in drawing.paths if path.fill and path.edge == "ink" and not path.dashed and path.line.endswith("Z")]
    keys = sorted((box for box in drawing.boxes if box.edge == "ink"), key=lambda box: -box.bottom)
    legend = {
        box.fill: next(text.text for text in drawing.texts if abs(text.bottom - box.bottom) < 8 and text.left > box.right) for box in keys
    }
    assert len(areas) == 6 and [area.fill for area in areas] == list(legend), "named from the ground up"
    names = {words(name): name for name in bytes_by_name(moments[0])}
    levels = [0] * len(moments)
    _, grounds, edges = columns_of(areas[0], len(moments))
    bottom, top = grounds[0], 34
    assert all(b - a == pytest.approx((edges[-1] - edges[0]) / len(moments), abs=0.11) for a, b in pairwise(edges))
    scale = (bottom - top) / most
    for area in areas:
        tops, grounds, places = columns_of(area, len(moments))
        assert places == edges and grounds == pytest.approx([bottom - scale * level for level in levels], abs=0.06)
        levels = [level + bytes_by_name(moment)[names[legend[area.fill]]] for level, moment in zip(levels, moments, strict=True)]
        assert tops == pytest.approx([bottom - scale * level for level in levels], abs=0.06)
    assert levels == [moment.total for moment in moments] and edges[-1] < min(box.left for box in drawing.boxes if box.edge == "ink")
    budget = memory.BUDGETS[now["budget"]] * 10**6
    lines = [path for path in drawing.paths if path.dashed]
    assert len(lines) == (budget <= most)
    for line in lines:
        assert line.points[0] == pytest.approx((edges[0], bottom - scale * budget), abs=0.06)
        assert float(line.line.split("H")[1]) == edges[-1], "over the whole step"
    said = [text for text in drawing.texts if text.text == words("budget")]
    assert len(said) == len(lines) and all(0 < line.points[0][1] - text.bottom < 8 for line, text in zip(lines, said, strict=True))
    phases = [moment.phase for moment in moments]
    for text in drawing.texts:
        if text.top > bottom:
            within = [i for i, phase in enumerate(phases) if words(phase) == text.text]
            first, last = within[0], within[-1]
            assert text.middle == pytest.approx((edges[first] + edges[last + 1]) / 2, abs=0.2)
    marks = sorted(box.left for box in drawing.boxes if box.fill == "quiet" and not box.edge)
    assert marks == pytest.approx([edges[i] for i in range(1, len(phases)) if phases[i] != phases[i - 1]], abs=0.06)


# --- texts


def longer(text: str) -> str:
    """A text of a pseudo-language: in brackets, and half as long again."""
    letters = len(re.sub(r"\{[^}]*\}", "", text))
    return f"⟦{text}{'·' * max(0, math.ceil(letters / 2) - 2)}⟧"


def chinese(text: str) -> str:
    """A text with a Chinese letter for every two Latin ones."""
    return "".join(part if part.startswith("{") else re.sub("[A-Za-z]{1,2}", "字", part) for part in re.split(r"(\{[^}]*\})", text))


@pytest.fixture(params=[None, longer, chinese], ids=["English", "longer", "Chinese"])
def language(request, monkeypatch):
    module = sys.modules["course_lib.words"]
    find = module.find
    if request.param:
        monkeypatch.setattr(module, "find", lambda key: None if find(key) is None else request.param(find(key)))


@st.composite
def any_picture(draw):
    """A function that draws any card's picture, for any values of its sliders."""
    card = draw(st.sampled_from(["network", "layer", "memory"]))
    if card == "network":
        make, now, start = draw(networks())
        return network_view(now, start, make).draw
    if card == "memory":
        return possible(memory_view, draw(values_of(memory.SETTINGS)), draw(values_of(memory.SETTINGS))).draw
    kind = draw(st.sampled_from([Conv1d, Conv2d]))
    described = {name: setting for name, setting in SETTINGS.items() if name not in ({1: "image", 2: "length"}[kind.dims], "groups")}
    values = draw(values_of(described))
    values["groups"] = draw(st.sampled_from([n for n in range(1, 33) if math.gcd(values["in_channels"], values["out_channels"]) % n == 0]))
    return possible(layer_view, values, values, kind(3, 7, 3)).draw


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), width=WIDTHS)
def test_no_text_lies_over_another_or_is_cut_off(language, data, width):
    Drawing(data.draw(any_picture())(width)).text_boxes_are_apart()


def test_a_layer_may_have_the_name_of_anything_that_the_picture_names():
    """A network's layer called "input" is no start of the input."""

    def mine(width=4):
        return Network((3, 8, 8), input=Conv2d(3, width, 3), flatten=Flatten())

    start = {"width": 4, "batch": 1, "machine": False, "columns": False, "every_layer": False}
    assert not [box for box in Drawing(network_view(start, start, mine).draw(1400)).boxes if box.dashed]
