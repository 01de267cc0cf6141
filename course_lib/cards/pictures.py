"""The cards' pictures: a network's maps and weights, a layer's kernel at one position, a step's bytes."""

import math
from itertools import product

from course_lib.by_hand.layers import Layer, Shape
from course_lib.by_hand.ledger import Ledger
from course_lib.show.svg import box, colour, label, picture
from course_lib.show.tables import times
from course_lib.words import words


def _stack(centre: float, middle: float, shape: Shape, scale: float, fill: str) -> tuple[list[str], tuple[float, float]]:
    """A feature map as a stack of its channels (12 at most), and where its front lies; a vector as a bar."""
    if len(shape) == 1:
        height = 16 + 4.7 * math.sqrt(min(shape[0], 400))
        return [box(centre - 10, middle - height / 2, 20, height, fill, "blue")], (centre - 10, middle - height / 2)
    height, width = (1, *shape[1:])[-2:]
    height, width, sheets = max(4, height * scale), max(4, width * scale), min(shape[0], 12)
    left, top = centre - (width + 5 * (sheets - 1)) / 2, middle - (height - 4 * (sheets - 1)) / 2
    drawn = [box(left + 5 * i, top - 4 * i, width, height, fill if i == 0 else "pale", "blue") for i in range(sheets)]
    return drawn[::-1], (left, top)


def network_picture(ledger: Ledger, kernels: dict[str, int], largest: int, alt: str, width: int = 1400) -> str:
    """Feature maps above, weights as areas below; `kernels` draws each convolution's kernel on the map that it reads.

    `largest` is the number of parameters that fills the largest square, so that squares can be compared between pictures;
    text keeps its size where `width`, in pixels, is what the picture is shown at.
    """
    shown = [row for row in ledger if row.params or (row.kind != "Flatten" and row.output_shape != row.input_shape)]
    columns = [(words("input"), ledger[0].input_shape, 0), *((row.name, row.output_shape, row.params) for row in shown)]
    readers = [*(row.name for row in shown), ""]  # which layer reads a column's map
    pitch, scale = min(190.0, (width - 110) / len(columns)), 96 / max(ledger[0].input_shape[1:] or (1,))
    largest = max(largest, *(row.params for row in shown), 1)
    margin = (("maps", 96, 20), ("weights", 236, 20), ("orange_area", 260, 17))
    parts = [label(0, y, words(key), size, "quiet", "start") for key, y, size in margin]
    for i, ((name, shape, params), reader) in enumerate(zip(columns, readers, strict=True)):
        x = 110 + pitch * (i + 0.5)
        parts.append(label(x, 20, name, bold=True))
        if i == 0 or shape != columns[i - 1][1]:
            drawn, (left, top) = _stack(x, 90, shape, scale, "pale" if i else "input")
            if reader in kernels:
                side = max(5, kernels[reader] * scale)
                drawn.append(box(left + 4, top + 4, side, side, "", "orange", 3))
            parts += [*drawn, label(x, 172, times(shape))]
        if params:
            side = max(2.0, 88 * math.sqrt(params / largest))
            parts += [box(x - side / 2, 272 - side, side, side, "orange"), label(x, 296, f"{params:,}")]
    return picture(width, 306, parts, alt)


PARTS = {
    "weights": "quiet",
    "gradients": "line",
    "state": "blue",
    "input": "input",
    "kept": "pale",
    "passing": "orange",
}  # from the ground up


def timeline_picture(moments: list[dict[str, int]], phases: list[str], budget: int, most: int, alt: str) -> str:
    """A step from left to right, each moment a column made of PARTS; the highest marked, the budget as a line, `most` bytes high."""
    left, right, top, bottom = 10.0, 1180.0, 34.0, 250.0
    step = (right - left) / len(moments)
    scale = (bottom - top) / max(most, 1)
    ground, drawn = [0] * len(moments), []
    for i, (part, fill) in enumerate(PARTS.items()):
        tops = [below + moment[part] for below, moment in zip(ground, moments, strict=True)]
        path = "L".join([_outline(left, bottom, step, scale, tops), _outline(left, bottom, step, scale, ground, back=True)])
        drawn.append(f'<path d="M{path}Z" fill="{colour(fill)}" stroke="{colour("ink")}" stroke-width="0.8"/>')
        y = bottom - 8 - 34 * i
        drawn += [box(1200, y - 16, 22, 22, fill, "ink", 0.8), label(1230, y + 2, words(part), 18, anchor="start")]
        ground = tops
    at = max(range(len(moments)), key=ground.__getitem__)
    x, y = left + step * (at + 0.5), bottom - scale * ground[at]
    drawn.append(f'<path d="M{x:.1f} {y - 2:.1f}l-9 -14h18z" fill="{colour("ink")}"/>')
    for phase in dict.fromkeys(phases):
        places = [i for i, one in enumerate(phases) if one == phase]
        if len(places) * step > 60:
            drawn.append(label(left + step * (places[0] + places[-1] + 1) / 2, bottom + 26, words(phase), 18, "quiet"))
        if places[0]:
            drawn.append(box(left + step * places[0], top, 1, bottom - top + 8, "quiet"))
    if budget * scale <= bottom - top:
        y = bottom - scale * budget
        drawn.append(f'<path d="M{left:.1f} {y:.1f}H{right:.1f}" stroke="{colour("ink")}" stroke-width="2.5" stroke-dasharray="10 6"/>')
        drawn.append(label(right - 4, y - 8, words("budget"), 18, anchor="end"))
    return picture(1400, 286, drawn, alt)


def _outline(left: float, bottom: float, step: float, scale: float, heights: list[int], back: bool = False) -> str:
    """The tops of columns as a path, from the left or back from the right."""
    points = [(left + step * (i + end), bottom - scale * height) for i, height in enumerate(heights) for end in (0, 1)]
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in (reversed(points) if back else points))


def _cells(left: float, top: float, rows: int, columns: int, cell: float, fill: str, edge: str = "line") -> list[str]:
    """A grid as one rectangle and its lines, so that a large one stays small."""
    lines = [f"M{left:.1f} {top + r * cell:.1f}h{columns * cell:.1f}" for r in range(1, rows)]
    lines += [f"M{left + c * cell:.1f} {top:.1f}v{rows * cell:.1f}" for c in range(1, columns)]
    path = f'<path d="{"".join(lines)}" stroke="{colour(edge)}" stroke-width="0.8"/>' if lines else ""
    return [box(left, top, columns * cell, rows * cell, fill), path, box(left, top, columns * cell, rows * cell, "", "blue")]


def layer_picture(layer: Layer, input_shape: Shape, position: int, alt: str) -> str:
    """A convolution at one output position: the cells it multiplies, its kernels with their biases, the cell it writes."""
    output = layer.output_shape(input_shape)
    sizes = (input_shape[1:], layer.kernel_size, layer.stride, layer.dilation, output[1:])
    (height, width), (kh, kw), (sy, sx), (dy, dx), (rows, columns) = ((1, *each)[-2:] for each in sizes)  # a length is one row
    (above, below), (before, after) = [(0, 0), *layer.paddings()][-2:]
    row, column = divmod(position, columns)
    # Input with its padding, and the kernel over it; the channels behind the first as sheets.
    cell = min(44.0, 270 / (height + above + below), 380 / (width + before + after))
    left, top, gap = 4.0, 84.0, min(1.0, cell / 8)
    parts = [label(left, 22, f"{words('input')} {times(input_shape)}", bold=True, anchor="start")]
    x, y = left + before * cell, top + above * cell
    parts += _sheets(x, y, width * cell, height * cell, input_shape[0], "input", "blue")
    padded = (height + above + below, width + before + after)
    if padded != (height, width):
        parts += _cells(left, top, *padded, cell, "paper")
        parts.append(label(left, 50, words("with_padding", size=times(padded[-layer.dims :])), 18, "quiet", "start"))
    parts += _cells(x, y, height, width, cell, "input")
    for i, j in product(range(kh), range(kw)):
        x, y = left + (column * sx + j * dx) * cell, top + (row * sy + i * dy) * cell
        parts.append(box(x + gap, y + gap, cell - 2 * gap, cell - 2 * gap, "orange"))
    bottom = top + padded[0] * cell
    # Kernels: one small grid for each output channel (24 at most), its bias a dot.
    shown = min(layer.out_channels, 24)
    left, across, small = 420.0, 4 if shown <= 8 else 6, min(22.0, (84 if shown <= 8 else 52) / max(kh, kw))
    each = words("kernels_bias" if layer.bias else "kernels", n=layer.out_channels, size=times(layer.kernel))
    parts.append(label(left, 22, each, bold=True, anchor="start"))
    for n in range(shown):
        x, y = left + (n % across) * (530 / across), top + (n // across) * (kh * small + 30)
        parts += _sheets(x, y, kw * small, kh * small, layer.kernel[-1], "warm", "orange")
        parts += _cells(x, y, kh, kw, small, "warm", "orange")
        if layer.bias:
            at = f'cx="{x + kw * small + 24:.1f}" cy="{y + kh * small - 6:.1f}"'
            parts.append(f'<circle {at} r="6" fill="{colour("blue")}"/>')
    rows_of_kernels = top + math.ceil(shown / across) * (kh * small + 30)
    if shown < layer.out_channels:
        parts.append(label(left, rows_of_kernels + 4, words("more", n=layer.out_channels - shown), 18, "quiet", "start"))
    # Output, the written cell marked.
    left, cell = 1010.0, min(44.0, 270 / rows, 370 / columns)
    parts.append(label(left, 22, f"{words('output')} {times(output)}", bold=True, anchor="start"))
    parts += _sheets(left, top, columns * cell, rows * cell, output[0], "pale", "blue")
    parts += _cells(left, top, rows, columns, cell, "pale")
    parts.append(box(left + column * cell, top + row * cell, cell, cell, "orange"))
    return picture(1400, max(bottom, rows_of_kernels, top + rows * cell) + 14, parts, alt)


def _sheets(x: float, y: float, width: float, height: float, channels: int, fill: str, edge: str) -> list[str]:
    """The channels behind the first, four at most."""
    return [box(x + 4 * i, y - 4 * i, width, height, fill, edge) for i in range(min(channels, 5) - 1, 0, -1)]
