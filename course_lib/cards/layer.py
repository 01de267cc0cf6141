"""The layer card: one convolution, its kernel over the cells that it multiplies, and the work for one value and for all."""

from __future__ import annotations

from dataclasses import asdict

from course_lib.by_hand.layers import Conv1d, Conv2d, times
from course_lib.cards.base import Card, Slider, Switch, Total, View, arrow, fitting, problem
from course_lib.show.svg import layer_picture
from course_lib.show.tables import Cell, Table
from course_lib.words import words

LIMITS = {
    "image": (1, 32), "kernel_size": (1, 11), "stride": (1, 5), "padding": (0, 5), "dilation": (1, 4), "groups": (1, 16),
    "in_channels": (1, 32), "out_channels": (1, 32), "position": (1, 1024),
}  # fmt: skip


def _layer(values: dict, kind: type):
    return kind(**{name: value for name, value in values.items() if name not in ("image", "position")})


def layer_view(values: dict, start: dict, kind: type = Conv2d) -> View:
    """What the layer card shows for these values: the kernel at one output position, and the work it does there."""
    try:
        layer = _layer(values, kind)
        input_shape = (layer.in_channels, *(values["image"],) * layer.dims)
        row = layer.row("layer", input_shape)
    except ValueError as error:
        return problem(values, error)
    first = _layer(start, kind)
    before = first.row("layer", (first.in_channels, *(start["image"],) * first.dims))
    places = row.outputs // layer.out_channels
    position = min(values["position"], places) - 1
    window = Cell("·".join(map(str, layer.kernel)), "work")
    table = Table(
        [f"<{words('what')}", words("work"), words("number"), words("change")],
        [
            [words("one_value"), window, f"{row.window:,}", arrow(row.window - before.window)],
            [words("output_values"), Cell("·".join(map(str, row.output_shape)), "work"), f"{row.outputs:,}",
             arrow(row.outputs - before.outputs)],
            [words("layer_macs"), Cell(layer.macs_work(input_shape).text, "work"), f"{row.macs:,}", arrow(row.macs - before.macs)],
            [words("layer_params"), Cell(row.work.text, "work"), f"{row.params:,}", arrow(row.params - before.params)],
        ],
    )  # fmt: skip
    totals = [
        Total(f"{row.params:,}", words("params"), row.params - before.params),
        Total(f"{row.macs:,}", words("macs"), row.macs - before.macs),
        Total(f"{row.window:,}", words("macs_one")),
    ]
    alt = words("layer_alt", layer=repr(layer), input=times(input_shape), output=times(row.output_shape), n=position + 1, of=places)
    return View(totals, layer_picture(layer, input_shape, position, alt), alt, table)


def layer_card(layer: Conv1d | Conv2d | None = None, image: int = 5, layout: str = "desk") -> Card:
    """A card on one convolution (article A3's 3→7, 3×3 by default) over an input of image×image, or of length image.

    >>> card = layer_card(Conv2d(5, 12, 3), image=12)
    >>> card.values["kernel_size"], card.values["image"]
    (3, 12)
    """
    layer = Conv2d(3, 7, 3) if layer is None else layer
    if not isinstance(layer, (Conv1d, Conv2d)):
        raise TypeError(f"layer_card shows a Conv1d or a Conv2d, not {layer!r}")
    start = {name: value[0] if isinstance(value, tuple) else value for name, value in asdict(layer).items()}
    if type(layer)(**start) != layer or isinstance(layer.padding, str):
        raise ValueError(f"layer_card: its sliders have one size for all axes and padding as a number, unlike {layer!r}")
    start = {**start, "image": image, "position": 1}
    layer.output_shape((layer.in_channels, *(image,) * layer.dims))
    kind = type(layer)

    def fits(name: str, value: int) -> None:
        changed = {**start, name: value}
        made = _layer(changed, kind)
        made.output_shape((made.in_channels, *(changed["image"],) * made.dims))

    controls = []
    for name, (low, high) in LIMITS.items():
        if name not in ("groups", "in_channels", "out_channels", "position"):  # those depend on each other: the card says how
            low, high = fitting(lambda value, name=name: fits(name, value), start[name], low, high)
        controls.append(Slider(name, words(name), min(low, start[name]), max(high, start[name])))
    return Card([*controls, Switch("bias", words("bias"))], start, lambda values: layer_view(values, start, kind), layout=layout)
