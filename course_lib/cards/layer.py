"""The layer card: one convolution, its kernel over the cells that it multiplies, and the work for one value and for all."""

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from course_lib.by_hand.layers import Conv1d, Conv2d, Shape, whole
from course_lib.by_hand.ledger import Row, Work
from course_lib.cards.base import Card, Total, View
from course_lib.cards.pictures import layer_picture
from course_lib.cards.settings import SWITCH, Setting, start_values
from course_lib.show.tables import Cell, Table, arrow, times
from course_lib.words import words

FIELD = partial(Setting, argument=None)  # a field of the layer, which the line of code writes out as its first argument
SETTINGS = {
    "kernel_size": FIELD(3, (1, 11)),
    "stride": FIELD(1, (1, 5)),
    "padding": FIELD(0, (0, 5)),
    "in_channels": FIELD(3, (1, 32), free=True),
    "out_channels": FIELD(7, (1, 32), free=True),
    "image": Setting(5, (1, 32), more=True),
    "length": Setting(5, (1, 32), more=True, argument="image"),
    "dilation": FIELD(1, (1, 4), more=True),
    "groups": FIELD(1, [], more=True),
    "bias": FIELD(True, SWITCH),
    "position": Setting(1, (1, 1024), free=True, played=True),
}
SIDE = {1: "length", 2: "image"}  # what the input's size is called, by the layer's dims


def _sized(layer: Conv1d | Conv2d, values: dict) -> Conv1d | Conv2d:
    return replace(layer, **{name: value for name, value in values.items() if SETTINGS[name].argument is None})


def _layer_row(values: dict, layer: Conv1d | Conv2d) -> tuple[Conv1d | Conv2d, Shape, Row]:
    layer = _sized(layer, values)
    input_shape = (layer.in_channels, *(values[SIDE[layer.dims]],) * layer.dims)
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


def layer_view(values: dict, start: dict, of: Conv1d | Conv2d) -> View:
    """What the layer card shows for a layer with these values: the kernel at one output position, and the work it does there."""
    (layer, input_shape, row), (_, _, before) = _layer_row(values, of), _layer_row(start, of)
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
    picture = words("layer_alt", layer=repr(layer), input=times(input_shape), output=times(row.output_shape), n=position + 1, of=places)
    lines = _sentences(layer, row, position + 1, places)
    alt = " ".join([picture, *lines])
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
    settings = {name: setting for name, setting in SETTINGS.items() if name in (SIDE[layer.dims], "position") or hasattr(layer, name)}
    fields = {name: getattr(layer, name) for name, setting in settings.items() if setting.argument is None}
    fields = {name: value[0] if isinstance(value, tuple) else value for name, value in fields.items()}
    if replace(layer, **fields) != layer or isinstance(layer.padding, str):
        raise ValueError(words("card.layer_sizes", layer=layer))
    size, place = whole("layer_card: image", image), whole("layer_card: position", position)
    start = start_values("layer_card", settings, **fields, **{SIDE[layer.dims]: size, "position": place})
    return Card(
        "layer_card", partial(layer_view, of=layer), settings, start, fits=partial(_layer_row, layer=layer),
        first=lambda values: repr(_sized(layer, values)), sliders=sliders, layout=layout,
    )  # fmt: skip
