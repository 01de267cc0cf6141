"""The layer card: one convolution, its kernel over the cells that it multiplies, and the work for one value and for all."""

import math
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial

from course_lib.by_hand.layers import Conv1d, Conv2d, whole
from course_lib.by_hand.ledger import Row, Work
from course_lib.cards.base import Card, call
from course_lib.cards.pictures import layer_picture
from course_lib.cards.view import Total, View
from course_lib.show.tables import Cell, Table, arrow, times
from course_lib.words import words

LIMITS = {
    "position": (1, 1024), "kernel_size": (1, 11), "stride": (1, 5), "padding": (0, 5), "in_channels": (1, 32), "out_channels": (1, 32),
    "image": (1, 32), "length": (1, 32), "dilation": (1, 4), "groups": [], "bias": None,
}  # fmt: skip
MORE = ["image", "length", "dilation", "groups"]  # behind a button


SIDE = {1: "length", 2: "image"}  # what the input's size is called, by the layer's dims


def _layer(values: dict, kind: type) -> Conv1d | Conv2d:
    return kind(**{name: value for name, value in values.items() if name not in (*SIDE.values(), "position")})


def _row(values: dict, kind: type):
    layer = _layer(values, kind)
    input_shape = (layer.in_channels, *(values[SIDE[kind.dims]],) * layer.dims)
    return layer, input_shape, layer.row("layer", input_shape)


def _sentences(layer: Conv1d | Conv2d, row: Row, place: int, places: int) -> list[str]:
    """How many places there are, what one of them costs, and what all of them have cost up to this one."""
    span, padding = layer.dilation[-1] * (layer.kernel_size[-1] - 1) + 1, sum(layer.paddings()[-1])
    derived = f"⌊({row.input_shape[-1]} + {padding} − {span})/{layer.stride[-1]}⌋ + 1"
    channels = layer.in_channels // layer.groups
    each = f"{row.window // channels:,}"
    products = [each] * channels if channels <= 4 else [each, each, "…", each]
    done = place * row.window * layer.out_channels
    return [
        words("places_side", derived=derived, n=row.output_shape[-1]),
        words("products_bias" if layer.bias else "products", sum=" + ".join(products), n=row.window),
        words("so_far", place=place, places=places, window=row.window, channels=layer.out_channels, n=done, all=row.macs),
    ]


def layer_view(values: dict, start: dict, kind: type = Conv2d) -> View:
    """What the layer card shows for these values: the kernel at one output position, and the work it does there."""
    (layer, input_shape, row), (_, _, before) = _row(values, kind), _row(start, kind)
    places = row.outputs // layer.out_channels
    position = min(values["position"], places) - 1
    facts = [
        ("one_value", Work([layer.kernel]), row.window, before.window),
        ("output_values", Work([row.output_shape]), row.outputs, before.outputs),
        ("layer_macs", layer.macs_work(input_shape), row.macs, before.macs),
        ("layer_params", row.work, row.params, before.params),
    ]
    rows = [[words(name), Cell(getattr(work, "text", work), "work"), f"{now:,}", arrow(now - was)] for name, work, now, was in facts]
    table = Table([f"<{words('what')}", words("work"), words("number"), words("change")], rows)
    totals = [
        Total(f"{row.params:,}", words("params"), row.params - before.params),
        Total(f"{row.macs:,}", words("macs"), row.macs - before.macs),
        Total(f"{row.window:,}", words("macs_one")),
    ]
    alt = words("layer_alt", layer=repr(layer), input=times(input_shape), output=times(row.output_shape), n=position + 1, of=places)
    lines = _sentences(layer, row, position + 1, places)
    alt = " ".join([alt, *lines])
    groups = [count for count in range(1, layer.in_channels + 1) if math.gcd(layer.in_channels, layer.out_channels) % count == 0]
    draw = partial(layer_picture, layer, input_shape, position, lines, alt)
    return View(totals, draw, alt, table, ends={"position": places, "groups": groups})


def layer_card(
    layer: Conv1d | Conv2d | None = None, image: int = 5, sliders: Iterable[str] | None = None, layout: str = "desk", position: int = 1
) -> Card:
    """A card on one convolution (article A3's 3→7, 3×3 by default) over an input of image×image, or of length image.

    `position` is the place in the output at which the kernel stands at first.

    >>> card = layer_card(Conv2d(5, 12, 3), image=12)
    >>> card.values["kernel_size"], card.values["image"]
    (3, 12)
    """
    layer = Conv2d(3, 7, 3) if layer is None else layer
    if not isinstance(layer, (Conv1d, Conv2d)):
        raise TypeError(words("card.layer", layer=layer))
    start = {name: value[0] if isinstance(value, tuple) else value for name, value in asdict(layer).items()}
    if type(layer)(**start) != layer or isinstance(layer.padding, str):
        raise ValueError(words("card.layer_sizes", layer=layer))
    start |= {SIDE[layer.dims]: whole("layer_card: image", image), "position": whole("layer_card: position", position)}
    limits = {name: ends for name, ends in LIMITS.items() if name in start}

    def code(values: dict, settings: dict) -> str:
        given = {"image": (values[SIDE[layer.dims]], 5), "position": (values["position"], 1)}
        changed = {name: value for name, (value, usual) in given.items() if value != usual}
        return call("layer_card", repr(_layer(values, type(layer))), **changed, **settings)

    return Card(
        partial(layer_view, kind=type(layer)), start, limits, fits=partial(_row, kind=type(layer)), code=code, sliders=sliders,
        free=["in_channels", "out_channels", "position"], layout=layout, more=MORE, played="position",
    )  # fmt: skip
