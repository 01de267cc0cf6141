"""The network card: the sizes of a network on sliders, its ledger and its picture beside them."""

import inspect
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from itertools import groupby
from typing import NamedTuple

from course_lib.by_hand.ledger import Ledger, Row, what
from course_lib.by_hand.networks import Network, conv1d_net, small_cnn, vgg16_32
from course_lib.cards.base import FACTS, Card, Total, View
from course_lib.cards.pictures import Column, network_picture, short_number
from course_lib.cards.settings import SWITCH, Setting, start_values, usual_values
from course_lib.show.tables import Cell, Table, arrow, number, times
from course_lib.words import words

# What the sizes of the course's networks can take.
RANGES = {
    "conv1_kernel": (1, 11), "conv1_channels": (1, 32), "pool1_kernel": (1, 7), "conv2_kernel": (1, 7),
    "conv2_channels": (1, 64), "pool2_kernel": (1, 5), "hidden": (1, 256), "image": (8, 64),
    "width": (4, 128), "late_convs": (1, 4), "kernel": (1, 11), "length": (8, 400),
    "classes": None,  # the task gives them
}  # fmt: skip
QUESTIONS = dict.fromkeys(("machine", "columns", "every_layer"), Setting(False, SWITCH))  # what the card is asked of its network
BESIDE = {"batch": Setting(1, (1, 128), free=True), **QUESTIONS}  # what every network's card has beside the sizes
PRESETS = {
    small_cnn: {"larger_smaller": {"conv2_kernel": 5}, "global_average": {"global_pool": True}},
    vgg16_32: {"half_width": {"width": 32}, "vgg19": {"late_convs": 4}, "no_norm": {"batch_norm": False}},
    conv1d_net: {"twice_length": {"length": 200}, "wider_kernel": {"kernel": 9}},
}
MOST = 11  # columns of a picture; a deep network, which has more, shows blocks

Make = Callable[..., Network]


class Line(NamedTuple):
    """A layer or a block now and at the start, and what .parameters() and torchinfo say of it, where they are asked."""

    row: Row
    old: Row
    counts: tuple[int, ...]

    change = property(lambda self: self.row.params - self.old.params)
    differs = property(lambda self: FACTS(self.row) != FACTS(self.old))


def network_settings(make: Make) -> dict[str, Setting]:
    """The settings of a function of sizes: its arguments with their defaults and ends, and what every network's card has."""
    arguments = inspect.signature(make).parameters
    return {name: Setting(argument.default, _ends(argument, make in PRESETS)) for name, argument in arguments.items()} | BESIDE


def _ends(argument: inspect.Parameter, ours: bool) -> tuple | None:
    """What a size can take: as its annotation says, `def mine(depth: (1, 6) = 2)`; up to four times its default where nothing is said."""
    usual, ends = argument.default, argument.annotation
    if not isinstance(usual, (int, float)) or argument.name in BESIDE:
        raise TypeError(words("card.network_default", name=argument.name, taken=", ".join(BESIDE)))
    if isinstance(usual, bool):
        return SWITCH
    if ours and argument.name in RANGES:
        return RANGES[argument.name]
    if isinstance(ends, tuple) and len(ends) == 2:
        return min(ends), max(ends)
    return (0.0, max(1.0, 4 * usual)) if isinstance(usual, float) else (min(1, usual), max(8, 4 * usual))


START = usual_values(network_settings(small_cnn))


def _network(values: dict, make: Make = small_cnn) -> Network:
    network = make(**{name: value for name, value in values.items() if name not in BESIDE})
    if not isinstance(network, Network):
        raise TypeError(words("card.network_returns", made=network))
    return network


def _is_shown(row: Row) -> bool:
    return bool(row.params) or row.output_shape != row.input_shape


def _deep(ledger: Ledger) -> bool:
    return sum(map(_is_shown, ledger)) > MOST


def _rows_or_blocks(ledger: Ledger, blocks: bool) -> dict[str, Row]:
    """Each row under its first layer's name; as blocks, those on a map of one size together."""
    by_first = {}
    for _, block in groupby(ledger, lambda row: (blocks and row.input_shape[1:]) or row.name):
        first, *others = rows = Ledger(block)
        by_first[first.name] = first
        if others:
            name, kind = words("block", n=len(by_first)), words("layers", n=len(rows))
            by_first[first.name] = Row(name, kind, "", first.input_shape, rows[-1].output_shape, params=rows.params, macs=rows.macs)
    return by_first


def _card_lines(before: Ledger, ledgers: list[Ledger], blocks: bool) -> list[Line]:
    """The rows that do something in the first of the ledgers, as all of them count them, and at the end those of the start left out."""
    old, now, *others = (_rows_or_blocks(ledger, blocks) for ledger in (before, *ledgers))
    lines = [Line(row, old.pop(first, Row("", "")), tuple(other[first].params for other in others)) for first, row in now.items()]
    gone = [Line(Row(row.name, words("gone")), row, (0,) * len(others)) for row in old.values() if row.params]
    return [line for line in lines if _is_shown(line.row) or line.old.params or any(line.counts)] + gone


def _map_columns(network: Network, ledger: Ledger, blocks: bool) -> dict[str, Column]:
    """What the picture shows, by first layers: the input, and each map that differs from the one before, or has something behind it."""
    columns = {"": Column(words("input"), network.input_shape)}
    for first, row in _rows_or_blocks(ledger, blocks).items():
        if _is_shown(row) and row.kind != "Flatten":
            layer = network.layers[first]
            window = getattr(layer, "kernel_size", ())
            columns[first] = Column(row.name, row.output_shape, row.params, row.macs, window, hasattr(layer, "in_channels"))
    return columns


@lru_cache(maxsize=8)
def _counted(make: Make, values: tuple) -> tuple[Network, Ledger]:
    """A network and its ledger, so that the start, with which every move is compared, is counted once."""
    network = _network(dict(values), make)
    return network, network.ledger(dict(values)["batch"])


def network_view(values: dict, start: dict, make: Make = small_cnn) -> View:
    """What the network card shows for these values: totals against the start, picture and table."""
    (network, ledger), (network_before, before) = (_counted(make, tuple(one.items())) for one in (values, start))
    ledgers = [ledger]
    if values["machine"]:
        from course_lib.by_machine.comparing import three_answers

        answers = three_answers(network, values["batch"])
        ledgers += (Ledger(row._replace(params=counts[i]) for row, *counts in answers) for i in range(2))
    blocks = _deep(ledger) or _deep(before)
    lines = _card_lines(before, ledgers, blocks and not values["every_layer"])
    columns = _map_columns(network, ledger, blocks)
    weighted = [column._asdict() | {"shape": times(column.shape)} for column in columns.values() if column.params]
    layers = "; ".join(words("network_alt_layer", **column) for column in weighted)
    alt = words("network_alt", input=times(network.input_shape), maps=layers)
    draw = partial(network_picture, columns, _map_columns(network_before, before, blocks), alt)
    totals = _network_totals(ledger, before, network, values["batch"])
    table = _network_table(lines, ledger, before, values)
    changes = {i: one.change for i, one in enumerate(lines) if one.differs and (one.change or one.row.params or one.row.kind == "Flatten")}
    return View(totals, draw, alt, table, changes, change_column=len(table.columns) - 2)


def _network_totals(ledger: Ledger, before: Ledger, network: Network, batch: int) -> list[Total]:
    shown = partial(short_number, room=96)
    one = "macs_image" if len(network.input_shape) == 3 else "macs_input"
    macs = words(one if batch == 1 else "macs_batch", n=batch)
    top, size = max(ledger, key=lambda row: row.params), 4 * ledger.params
    share = round(100 * top.params / max(1, ledger.params))
    weights = f"{size / 1e6:,.2f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"
    return [
        Total(f"{ledger.params:,}", words("params"), ledger.params - before.params, shown),
        Total(f"{ledger.macs:,}", macs, ledger.macs - before.macs, shown),
        Total(weights, words("weights_float32")),
        Total(f"{share} %", words("share_in", name=top.name)),
    ]


def _network_table(lines: list[Line], ledger: Ledger, before: Ledger, values: dict) -> Table:
    rows, change = [line.row for line in lines], arrow(ledger.params - before.params)
    columns = [  # heading, cells, total
        (f"<{words('layer')}", [Cell(row.name, "name") for row in rows], words("total")),
        (f"<{words('what')}", map(what, rows), ""),
        (words("output"), [times(row.output_shape) for row in rows], ""),
        (words("work"), [Cell(row.work.text, "work") for row in rows], ""),
        (words("params"), [number(row.params) for row in rows], f"{ledger.params:,}"),
        *(_machine_columns(lines, values["columns"]) if values["machine"] else []),
        (words("change"), [Cell(arrow(line.change), "up" if line.change > 0 else "down") for line in lines], change),
        (words("macs"), [number(row.macs) for row in rows], f"{ledger.macs:,}"),
    ]
    headings, cells, total = zip(*columns, strict=True)
    marked = frozenset(i for i, line in enumerate(lines) if line.differs)
    return Table(list(headings), [list(row) for row in zip(*cells, strict=True)], total, marked=marked)


def _machine_columns(lines: list[Line], side_by_side: bool) -> list[tuple]:
    """What .parameters() and torchinfo say: a column each where that is wanted or they differ, else one that says that they agree."""
    if side_by_side or any(count != line.row.params for line in lines for count in line.counts):
        both = zip((".parameters()", "torchinfo"), zip(*(line.counts for line in lines), strict=True), strict=True)
        return [(name, map(number, counts), f"{sum(counts):,}") for name, counts in both]
    return [(words("three"), [Cell(words("agree") if line.row.params else "", "good") for line in lines], words("agree"))]


def _presets(make: Make, settings: dict[str, Setting]) -> dict[str, dict]:
    """Buttons that set all sizes at once: as usual, and of the course's networks what a lesson compares."""
    usual = {name: setting.usual for name, setting in settings.items() if setting.ends and name not in QUESTIONS}
    known = PRESETS.get(make, {})
    return {words("as_in_article" if known else "as_given"): usual} | {words(name): {**usual, **sizes} for name, sizes in known.items()}


def network_card(network: Make = small_cnn, sliders: Iterable[str] | None = None, layout: str = "desk", **start) -> Card:
    """A card on a network: sliders for its sizes, totals, maps, weights as areas, and the ledger.

    `network` is a function of sizes that gives a Network: small_cnn, vgg16_32, conv1d_net, or your own, whose arguments have
    numbers or True and False as defaults; `depth: (1, 6) = 2` gives a slider its ends. `sliders` names those to show (all by default),
    `start` their values, `machine` asks PyTorch and torchinfo too, and layout "projector" has two totals and only the rows that changed.

    >>> network_card(conv2_kernel=5).values["conv2_kernel"], network_card(vgg16_32, width=32).values["late_convs"]
    (5, 3)
    """
    if hasattr(network, "forward"):
        raise TypeError(words("card.network_module"))
    if not callable(network):
        raise TypeError(words("card.network_function"))
    settings = network_settings(network)
    start = start_values("network_card", settings, **start)
    if not _deep(_network(start, network).ledger()):
        settings["every_layer"] = Setting(False)
    given = "" if network is small_cnn else network.__name__.replace("<lambda>", "network")
    return Card(
        "network_card", partial(network_view, make=network), settings, start, fits=partial(_network, make=network), sliders=sliders,
        layout=layout, first=lambda values: given, reference=usual_values(settings), presets=_presets(network, settings),
    )  # fmt: skip
