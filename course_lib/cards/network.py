"""The network card: the sizes of a network on sliders, its ledger and its picture beside them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from course_lib.by_hand.layers import times
from course_lib.by_hand.networks import Network, small_cnn
from course_lib.cards.base import Card, Total, View, arrow
from course_lib.show.svg import network_picture
from course_lib.show.tables import Cell, Table, number, what
from course_lib.words import words

LIMITS = {
    "conv1_kernel": (1, 11), "conv1_channels": (1, 32), "pool1_kernel": (1, 7), "conv2_kernel": (1, 7),
    "conv2_channels": (1, 64), "pool2_kernel": (1, 5), "hidden": (1, 256), "image": (8, 64), "batch": (1, 128),
    "batch_norm": None, "global_pool": None, "machine": None, "columns": None,
}  # fmt: skip
SIZES = {name: size.default for name, size in inspect.signature(small_cnn).parameters.items() if name != "classes"}
START = {**SIZES, "batch": 1, "machine": False, "columns": False}


def _network(values: dict) -> Network:
    return small_cnn(**{name: values[name] for name in SIZES})


def network_view(values: dict, start: dict, layout: str = "desk") -> View:
    """What the network card shows for these values: totals against the start, picture and table."""
    network = _network(values)
    ledger, before = network.ledger(values["batch"]), _network(start).ledger(start["batch"])
    top, per = max(ledger, key=lambda row: row.params), values["batch"]
    totals = [
        Total(f"{ledger.params:,}", words("params"), ledger.params - before.params),
        Total(f"{ledger.macs:,}", words("macs_image") if per == 1 else words("macs_batch", n=per), ledger.macs - before.macs),
    ]
    if layout == "desk":
        share = round(100 * top.params / ledger.params)
        totals += [
            Total(f"{4 * ledger.params / 1000:,.1f} kB", words("weights_float32")),
            Total(f"{share} %", words("share_in", name=top.name)),
        ]
    kernels = {name: layer.kernel_size[0] for name, layer in network.layers.items() if hasattr(layer, "in_channels")}
    maps = "; ".join(f"{row.name} {times(row.output_shape)}, {row.params:,}" for row in ledger if row.params)
    alt = words("network_alt", input=times(network.input_shape), maps=maps)
    compared = None
    if values["machine"]:
        from course_lib.by_machine.comparing import compare

        compared = compare(network, (values["batch"], *network.input_shape))
    largest = max(row.params for row in before)
    table = _table(ledger, before, compared, values, layout)
    drawn = network_picture(ledger, kernels, largest, alt, width=1400 if layout == "desk" else 1120)
    return View(totals, drawn, alt, table if table.rows else None)


def _table(ledger, before, compared, values: dict, layout: str) -> Table:
    old = {row.name: row for row in before}
    rows, marked, desk = [], set(), layout == "desk"
    wide = compared and (values["columns"] or not compared.agree)
    for i, row in enumerate(ledger):
        was = old.get(row.name)
        changed = was is None or (row.output_shape, row.params, row.macs) != (was.output_shape, was.params, was.macs)
        quiet = not row.params and row.output_shape == row.input_shape
        if quiet or (not desk and not (changed and (row.params or row.kind == "Flatten"))):
            continue
        if changed:
            marked.add(len(rows))
        change = row.params - (was.params if was else 0)
        cells = [Cell(row.name, "name"), what(row), times(row.output_shape), Cell(row.work.text, "work"), number(row.params)]
        if compared and wide:
            cells += [number(compared[i].parameters), number(compared[i].torchinfo)]
        elif compared:
            cells.append(Cell(words("agree") if row.params else "", "good"))
        cells.append(Cell(arrow(change), "up" if change > 0 else "down"))
        rows.append(cells + [number(row.macs)] * desk)
    total = [words("total"), "", "", "", f"{ledger.params:,}"]
    headings = [f"<{words('layer')}", f"<{words('what')}", words("output"), words("work"), words("params")]
    if compared and wide:
        headings += [".parameters()", "torchinfo"]
        total += [f"{count:,}" for count in compared.totals[1:]]
    elif compared:
        headings.append(words("three"))
        total.append(words("agree"))
    total += [arrow(ledger.params - before.params), f"{ledger.macs:,}"]
    headings += [words("change")] + [words("macs")] * desk
    return Table(headings, rows, total if desk else [], marked=frozenset(marked))


def network_card(sliders: Iterable[str] | None = None, layout: str = "desk", machine: bool = False, **start) -> Card:
    """A card on article A1's small network: sliders for its sizes, totals, maps, weights as areas, and the ledger.

    `sliders` names those to show (all by default), `start` their values, `machine` asks PyTorch and torchinfo too, and
    layout "projector" has big totals and only the rows that changed.

    >>> network_card(conv2_kernel=5).values["conv2_kernel"]
    5
    """
    if isinstance(sliders, Network):
        raise TypeError("network_card takes sizes, not a network: network_card(conv2_kernel=5)")
    if unknown := sorted(start.keys() - START.keys()):
        raise TypeError(f"network_card: no size {', '.join(unknown)}; there are {', '.join(START)}")
    begin = {**START, "machine": machine, **start}
    article = {**SIZES, "batch": 1}
    presets = {
        words("as_in_article"): article,
        words("larger_smaller"): {**article, "conv2_kernel": 5},
        words("global_pool"): {**article, "global_pool": True},
    }
    return Card(
        network_view, begin, LIMITS, fits=_network, free=["batch"], sliders=sliders, reference=START, layout=layout,
        presets=presets if layout == "desk" and sliders is None else None,
    )  # fmt: skip
