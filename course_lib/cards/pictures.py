"""The cards' pictures: a network's maps and weights, a layer's kernel at one position, a step's bytes."""

import math
from itertools import product
from typing import NamedTuple

from course_lib.by_hand.layers import Layer, Shape
from course_lib.show.svg import box, colour, label, picture, text_width
from course_lib.show.tables import digits, times
from course_lib.words import words


class Column(NamedTuple):
    """What a column of a network's picture shows: a map, what is stored and what is worked for it, and the window that made it."""

    name: str
    shape: Shape
    params: int = 0
    macs: int = 0
    window: tuple[int, ...] = ()
    weighted: bool = False  # whether the window is a kernel's, and not a pool's


MARGIN = 94  # for the rows' names
MAP, AREA, MIDDLE = 72, 54, 64  # the largest side of a map, and of an area; the middle of the maps
LEAN = 2.0  # how far each sheet of a map lies beside the one in front of it
AREAS = {"params": ("weights", 182, "orange"), "macs": ("macs", 262, "green")}  # words, ground and colour


def _sheets_of(shape: Shape) -> int:
    """How many sheets stand for a map's channels: each its own up to 12; beyond, four more for each doubling."""
    return shape[0] if shape[0] <= 12 else min(28, 12 + round(4 * math.log2(shape[0] / 12)))


def _plane(sizes: tuple) -> tuple:
    """Sizes along two axes: a length is one row."""
    return (1, *sizes)[-2:]


def _map_scale(columns: list[Column], pitch: float) -> float:
    """Pixels a cell, one scale for all maps, so that each stays inside its column."""
    rooms = [(LEAN * _sheets_of(column.shape), _plane(column.shape[1:])) for column in columns if len(column.shape) > 1]
    return min((min((MAP + 8 - behind) / high, (pitch - 12 - behind) / wide) for behind, (high, wide) in rooms), default=1.0)


def _map(x: float, shape: Shape, scale: float, longest: int, fill: str) -> tuple[list[str], tuple[float, float, float, float]]:
    """A feature map as a stack of its channels, a vector as a bar, `longest` values high at most; and the rectangle of its front."""
    if len(shape) == 1:
        height = max(3.0, MAP * shape[0] / longest)
        front = (x - 9, MIDDLE - height / 2, 18, height)
        return [box(*front, fill, "blue")], front
    height, width = (max(3, side * scale) for side in _plane(shape[1:]))
    behind = LEAN * (_sheets_of(shape) - 1)
    left, top = x - (width + behind) / 2, MIDDLE - (height - behind) / 2
    front, sheets = (left, top, width, height), []
    if behind:  # one shape for all sheets behind the front, and of each the two edges that are seen
        hull = f"M{left:.1f} {top:.1f}l{behind:.1f} {-behind:.1f}h{width:.1f}v{height:.1f}l{-behind:.1f} {behind:.1f}z"
        steps = [LEAN * i for i in range(1, _sheets_of(shape))]
        edges = "".join(f"M{left + step:.1f} {top - step:.1f}h{width:.1f}v{height:.1f}" for step in steps)
        line = f'stroke="{colour("blue")}" stroke-width="0.6"'
        sheets = [f'<path d="{hull}" fill="{colour("pale")}" {line}/><path d="{edges}" fill="none" {line}/>']
    return [*sheets, box(*front, fill, "blue", 0.8)], front


def _window_outline(column: Column, front: tuple[float, float, float, float], scale: float) -> str:
    """A kernel, or a pool's window, on the map that it reads, and not beyond its edges."""
    left, top, width, height = front
    high, wide = _plane(column.window)
    inset = min(3.0, width / 6, height / 6)
    wide, high = min(max(4, wide * scale), width - inset), min(max(4, high * scale), height - inset)
    return box(left + inset, top + inset, wide, high, "", "orange" if column.weighted else "quiet", 2.5)


def _ghost(x: float, y: float, width: float, height: float) -> str:
    return box(x, y, width, height, "", "ink").replace('stroke-width="1.2"', 'stroke-dasharray="4 4"')


def short_number(number: int, room: float, size: int = 20) -> str:
    """A number with its commas, or in thousands, millions or billions where these do not fit into so many pixels."""
    if len(f"{number:,}") * 0.6 * size <= room or number < 10_000:
        return f"{number:,}"
    unit, sign = next((10**power, sign) for power, sign in ((9, "G"), (6, "M"), (3, "k")) if number >= 0.9995 * 10**power)
    return f"{digits(number / unit)} {sign}"


def network_picture(columns: dict[str, Column], start: dict[str, Column], alt: str, width: int = 1400) -> str:
    """Maps above, then weights and MACs as areas, each row on one scale for now and the start; the start as a dashed outline.

    What stands under the same key in both is compared. Text keeps its size where `width`, in pixels, is what the picture is shown at.
    """
    names = {words(key): ground for key, ground, _ in [("maps", MIDDLE + 12, ""), *AREAS.values()]}
    margin = max(MARGIN, 10 + 20 * max(map(text_width, names)))
    pitch = min(180.0, (width - margin) / len(columns))
    parts = [label(0, ground - 6, name, 20, "quiet", "start") for name, ground in names.items()]
    both = [*columns.values(), *start.values()]
    scale = _map_scale(both, pitch)
    longest = max((column.shape[0] for column in both if len(column.shape) == 1), default=1)
    most = {what: max(1, *(getattr(column, what) for column in both)) for what in AREAS}
    around = [Column("", ()), *columns.values(), Column("", ())]
    for i, ((key, column), before, reader) in enumerate(zip(columns.items(), around, around[2:], strict=False)):
        x, was = margin + pitch * (i + 0.5), start.get(key, column)
        parts.append(label(x, 18, column.name, bold=True, room=0.97 * pitch))
        if column.shape != before.shape:
            drawn, front = _map(x, column.shape, scale, longest, "pale" if i else "input")
            parts += drawn
            if was.shape != column.shape:
                parts.append(_ghost(*_map(x, was.shape, scale, longest, "")[1]))
            if reader.window and len(column.shape) > 1:
                parts.append(_window_outline(reader, front, scale))
            parts.append(label(x, 120, times(column.shape), room=0.937 * (pitch - 4)))
        for what in AREAS:
            parts += _area(x, getattr(column, what), getattr(was, what), most[what], what, pitch - 6)
    return picture(width, 288, parts, alt)


def _area(x: float, number: int, at_start: int, most: int, what: str, room: float) -> list[str]:
    """A number as a square on its ground, and the outline of what it was at the start."""
    _, ground, fill = AREAS[what]
    side, old = (AREA * math.sqrt(value / most) for value in (number, at_start))
    parts = []
    if side:
        parts += [box(x - side / 2, ground - side, side, side, fill), label(x, ground + 20, short_number(number, room), room=room)]
    if abs(side - old) > 0.5:
        parts.append(_ghost(x - old / 2, ground - old, old, old))
    return parts


# From the ground up.
PARTS = {"weights": "quiet", "gradients": "line", "state": "blue", "input": "input", "kept": "pale", "passing": "orange"}


def timeline_picture(moments: list[dict[str, int]], phases: list[str], budget: int, most: int, alt: str, width: int = 1400) -> str:
    """A step from left to right, each moment a column made of PARTS; the highest marked, the budget as a line, `most` bytes high."""
    size = math.ceil(20 * 1400 / width)
    legend = 1400 - size * max(text_width(words(part)) for part in PARTS) - 34
    left, right, top, bottom = 10.0, legend - 20, 34.0, 250.0
    step = (right - left) / len(moments)
    scale = (bottom - top) / max(most, 1)
    ground, drawn = [0] * len(moments), []

    def corners(heights: list[int]) -> list[str]:
        return [f"{left + step * (i + end):.1f} {bottom - scale * height:.1f}" for i, height in enumerate(heights) for end in (0, 1)]

    for i, (part, fill) in enumerate(PARTS.items()):
        tops = [below + moment[part] for below, moment in zip(ground, moments, strict=True)]
        path = "L".join([*corners(tops), *reversed(corners(ground))])
        drawn.append(f'<path d="M{path}Z" fill="{colour(fill)}" stroke="{colour("ink")}" stroke-width="0.8"/>')
        y = bottom - 8 - 34 * i
        drawn += [box(legend, y - 16, 22, 22, fill, "ink", 0.8), label(legend + 30, y + 3, words(part), size, anchor="start")]
        ground = tops
    at = max(range(len(moments)), key=ground.__getitem__)
    x, y = left + step * (at + 0.5), bottom - scale * ground[at]
    drawn.append(f'<path d="M{x:.1f} {y - 2:.1f}l-9 -14h18z" fill="{colour("ink")}"/>')
    for phase in dict.fromkeys(phases):
        places = [i for i, one in enumerate(phases) if one == phase]
        if len(places) * step > size * text_width(words(phase)):
            drawn.append(label(left + step * (places[0] + places[-1] + 1) / 2, bottom + 28, words(phase), size, "quiet"))
        if places[0]:
            drawn.append(box(left + step * places[0], top, 1, bottom - top + 8, "quiet"))
    if budget * scale <= bottom - top:
        y = bottom - scale * budget
        drawn.append(f'<path d="M{left:.1f} {y:.1f}H{right:.1f}" stroke="{colour("ink")}" stroke-width="2.5" stroke-dasharray="10 6"/>')
        drawn.append(label(right - 4, y - 8, words("budget"), size, anchor="end"))
    return picture(1400, 286, drawn, alt)


def _cells(left: float, top: float, rows: int, columns: int, cell: float, fill: str, line="line", channels=1, edge="") -> list[str]:
    """A grid as one rectangle and its lines, so that a large one stays small; sheets for the channels behind, four at most."""
    width, height = columns * cell, rows * cell
    sheets = [box(left + 4 * i, top - 4 * i, width, height, fill, edge) for i in range(min(channels, 5) - 1, 0, -1)]
    lines = [f"M{left:.1f} {top + r * cell:.1f}h{width:.1f}" for r in range(1, rows)]
    lines += [f"M{left + c * cell:.1f} {top:.1f}v{height:.1f}" for c in range(1, columns)]
    path = f'<path d="{"".join(lines)}" stroke="{colour(line)}" stroke-width="{min(0.8, cell / 10):.2f}"/>' if lines else ""
    return [*sheets, box(left, top, width, height, fill), path, box(left, top, width, height, "", "blue")]


KERNELS, OUTPUT = 420.0, 1010.0  # where the second and the third part of a layer's picture begin
TOP, HIGH = 74.0, {1: 170.0, 2: 232.0}  # of all three; how high they are for a length and for an image


def layer_picture(layer: Layer, input_shape: Shape, position: int, lines: list[str], alt: str, width: int = 1400) -> str:
    """A convolution at one output position: the cells that it multiplies in every channel, its kernels with their biases, the cell that
    it writes; and `lines` of text below. Its size does not depend on the layer's."""
    size = math.ceil(20 * 1400 / width)
    high = HIGH[layer.dims]
    output = layer.output_shape(input_shape)
    rows, columns = _plane(output[1:])
    row, column = divmod(position, columns)
    parts = _input(layer, input_shape, row, column, high, size)
    parts += _kernels(layer, high, size)
    cell = min(44.0, high / rows, 370 / columns)
    parts.append(_heading(OUTPUT, f"{words('output')} {times(output)}", size, 1400))
    parts += _cells(OUTPUT, TOP, rows, columns, cell, "pale", "line", output[0], "blue")
    parts.append(box(OUTPUT + column * cell, TOP + row * cell, cell, cell, "orange"))
    below = TOP + high + 32
    parts += [label(4, below + 1.3 * size * i, line, size, anchor="start", room=1392) for i, line in enumerate(lines)]
    return picture(1400, round(below + 1.3 * size * (len(lines) - 1)) + 14, parts, alt)


def _heading(left: float, text: str, size: int, right: float, y: float = 24, bold: bool = True) -> str:
    """A line over one of the three parts, which ends before the next begins."""
    return label(left, y, text, size, "ink" if bold else "quiet", "start", bold, room=right - left - 10)


def _input(layer: Layer, input_shape: Shape, row: int, column: int, high: float, size: int) -> list[str]:
    """Each channel of the input with its padding, four places for them at most, and the cells that the first kernel multiplies."""
    (height, width), (kh, kw), (sy, sx), (dy, dx) = map(_plane, (input_shape[1:], layer.kernel_size, layer.stride, layer.dilation))
    (above, below), (before, after) = [(0, 0), *layer.paddings()][-2:]
    rows_all, columns_all = height + above + below, width + before + after
    padded = (rows_all, columns_all) != (height, width)
    places = min(layer.in_channels, 4)
    cell, across = max(
        (min(44.0, (high + 12) / math.ceil(places / n) / rows_all - 12 / rows_all, 390 / n / columns_all - 12 / columns_all), n)
        for n in range(1, places + 1)
    )
    corners = [(4 + n % across * (columns_all * cell + 12), TOP + n // across * (rows_all * cell + 12)) for n in range(places)]
    parts = [_heading(4, f"{words('input')} {times(input_shape)}", size, KERNELS)]
    if padded:
        whole = words("with_padding", size=times((rows_all, columns_all)[-layer.dims :]))
        parts.append(_heading(4, whole, size, KERNELS, 54, bold=False))
    shown = places if layer.in_channels <= 4 else 3
    gap = min(1.0, cell / 8)
    side = cell - 2 * gap
    for n, (left, top) in enumerate(corners[:shown]):
        if padded:
            parts += _cells(left, top, rows_all, columns_all, cell, "paper")
        parts += _cells(left + before * cell, top + above * cell, height, width, cell, "input")
        if n < layer.in_channels // layer.groups:
            x, y = left + column * sx * cell, top + row * sy * cell
            at_work = [(x + j * dx * cell + gap, y + i * dy * cell + gap) for i, j in product(range(kh), range(kw))]
            path = "".join(f"M{x:.1f} {y:.1f}h{side:.1f}v{side:.1f}h{-side:.1f}z" for x, y in at_work)
            parts.append(f'<path d="{path}" fill="{colour("orange")}"/>')
    if shown < layer.in_channels:
        left, top = corners[shown]
        y = top + min(40, rows_all * cell / 2 + 8)
        parts.append(_heading(left, words("more", n=layer.in_channels - shown), size, KERNELS, y, bold=False))
    return parts


def _kernels(layer: Layer, high: float, size: int) -> list[str]:
    """One small grid for each output channel, 24 at most, the first at work; its bias a dot."""
    kh, kw = _plane(layer.kernel_size)
    shown = min(layer.out_channels, 24)
    across, rows = (4, 2) if shown <= 8 else (6, 4)
    small = min(22.0, (high / rows - 32) / kh, (530 / across - 44) / kw)
    each = words("kernels_bias" if layer.bias else "kernels", n=layer.out_channels, size=times(layer.kernel))
    parts = [_heading(KERNELS, each, size, OUTPUT)]
    for n in range(shown):
        x, y = KERNELS + n % across * (530 / across), TOP + n // across * (high / rows)
        fill, edge = ("orange", "paper") if n == 0 else ("warm", "orange")  # the first is at work, on the cells of its colour
        parts += _cells(x, y, kh, kw, small, fill, edge, layer.kernel[-1], edge)
        if layer.bias:
            at = f'cx="{x + kw * small + 24:.1f}" cy="{y + kh * small - 6:.1f}"'
            parts.append(f'<circle {at} r="6" fill="{colour("blue")}"/>')
    if shown < layer.out_channels:
        parts.append(_heading(KERNELS, words("more", n=layer.out_channels - shown), size, OUTPUT, TOP + high, bold=False))
    return parts
