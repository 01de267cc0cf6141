"""The network card: the sizes of a network on sliders, its ledger and its picture beside them."""

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby

from course_lib.by_hand.ledger import Ledger, Row, what
from course_lib.by_hand.networks import Network, small_cnn
from course_lib.cards.base import Card, Total, View
from course_lib.cards.pictures import network_picture
from course_lib.show.tables import Cell, Table, arrow, number, times
from course_lib.words import words

# What a size's slider can take; of a size that is not named here, up to four times its default.
LIMITS = {
    "conv1_kernel": (1, 11), "conv1_channels": (1, 32), "pool1_kernel": (1, 7), "conv2_kernel": (1, 7),
    "conv2_channels": (1, 64), "pool2_kernel": (1, 5), "hidden": (1, 256), "image": (8, 64),
    "width": (4, 128), "late_convs": (1, 4), "kernel": (1, 11), "length": (8, 400), "batch": (1, 128),
}  # fmt: skip
ASKED = {"batch": 1, "machine": False, "columns": False}  # what every network's card has beside the sizes
PRESETS = {
    "small_cnn": {"larger_smaller": {"conv2_kernel": 5}, "global_pool": {"global_pool": True}},
    "vgg16_32": {"half_width": {"width": 32}, "vgg19": {"late_convs": 4}, "no_norm": {"batch_norm": False}},
    "conv1d_net": {"twice_length": {"length": 200}, "wider_kernel": {"kernel": 9}},
}
MOST = 11  # columns of a picture
ROOM = 4  # rows on a projector; where more changed, one of them says how many

Make = Callable[..., Network]
Asked = tuple[Row, *tuple[int, ...]]  # a row, and what PyTorch and torchinfo say of its parameters, where they are asked


def sizes(make: Make) -> dict[str, int | bool]:
    """The sizes that a function of sizes takes, with their defaults.

    >>> sizes(small_cnn)["conv2_kernel"]
    3
    """
    found = {name: size.default for name, size in inspect.signature(make).parameters.items()}
    if bad := [name for name, default in found.items() if not isinstance(default, int) or name in ASKED]:
        raise TypeError(words("card.network_default", name=bad[0], taken=", ".join(ASKED)))
    return found


START = {**sizes(small_cnn), **ASKED}


def _network(values: dict, make: Make = small_cnn) -> Network:
    made = make(**{name: value for name, value in values.items() if name not in ASKED})
    if not isinstance(made, Network):
        raise TypeError(words("card.network_returns", made=made))
    return made


def _stages(asked: Iterable[Asked], deep: bool) -> dict[str, Asked]:
    """Each row under its name; of a deep network those on a map of one size as one row, under the first one's name."""
    found = {}
    for _, stage in groupby(asked, lambda one: (deep and one[0].input_shape[1:]) or one[0].name):
        rows, *counts = zip(*stage, strict=True)
        row, last, ledger = rows[0], rows[-1], Ledger(rows)
        if len(rows) > 1:
            name, kind = f"…{last.name}", words("layers", n=len(rows))
            row = Row(name, kind, "", row.input_shape, last.output_shape, params=ledger.params, macs=ledger.macs)
        found[rows[0].name] = (row, *map(sum, counts))
    return found


def _seen(row: Row) -> bool:
    return bool(row.params) or row.output_shape != row.input_shape


def network_view(values: dict, start: dict, layout: str = "desk", make: Make = small_cnn) -> View:
    """What the network card shows for these values: totals against the start, picture and table."""
    network, per, desk = _network(values, make), values["batch"], layout == "desk"
    ledger, before = network.ledger(per), _network(start, make).ledger(start["batch"])
    top = max(ledger, key=lambda row: row.params)
    one = "macs_image" if len(network.input_shape) == 3 else "macs_input"
    totals = [
        Total(f"{ledger.params:,}", words("params"), arrow(ledger.params - before.params)),
        Total(f"{ledger.macs:,}", words(one if per == 1 else "macs_batch", n=per), arrow(ledger.macs - before.macs)),
    ]
    if desk:
        share, size = round(100 * top.params / max(1, ledger.params)), 4 * ledger.params
        totals.append(Total(f"{size / 1e6:,.2f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB", words("weights_float32")))
        totals.append(Total(f"{share} %", words("share_in", name=top.name)))
    asked = [(row,) for row in ledger]
    if values["machine"]:
        from course_lib.by_machine.comparing import three_answers

        asked = three_answers(network, per)
    deep = any(sum(map(_seen, rows)) > MOST for rows in (ledger, before))  # too many columns for a picture, now or at the start
    stages = _stages(asked, deep)
    old = {first: row for first, (row,) in _stages(((row,) for row in before), deep).items()}
    layers = {row.name: network.layers[first] for first, (row, *_) in stages.items()}
    kernels = {name: layer.kernel_size[0] for name, layer in layers.items() if hasattr(layer, "in_channels")}
    drawn = Ledger(row for row, *_ in stages.values())
    maps = "; ".join(f"{row.name} {times(row.output_shape)}, {row.params:,}" for row in drawn if row.params)
    alt = words("network_alt", input=times(network.input_shape), maps=maps)
    largest = max(row.params for row in old.values())
    if desk:  # every layer has its row there
        stages, old = {one[0].name: one for one in asked}, {row.name: row for row in before}
    table = _table(stages, old, values, desk)
    svg = network_picture(drawn, kernels, largest, alt, width=1400 if desk else 1120)
    return View(totals, svg, alt, table if table.rows else None)


def _table(asked: dict[str, Asked], old: dict[str, Row], values: dict, desk: bool) -> Table:
    """All rows that do something, and those that were left out; on a projector those alone that changed most."""
    answers = len(next(iter(asked.values()))) - 1
    gone = {name: row for name, row in old.items() if row.params and name not in asked}
    asked = asked | {name: (Row(row.name, words("gone"), input_shape=(1,)), *[0] * answers) for name, row in gone.items()}
    machine, more, pairs = values["machine"], 0, [(row, old.get(name, Row("", ""))) for name, (row, *_) in asked.items()]
    change = {row.name: row.params - was.params for row, was in pairs}
    changed = {row.name for row, was in pairs if (row.output_shape, row.params, row.macs) != (was.output_shape, was.params, was.macs)}
    shown = [one for one in asked.values() if _seen(one[0])]
    if not desk:
        shown = [one for one in shown if one[0].name in changed and (change[one[0].name] or one[0].params or one[0].kind == "Flatten")]
        largest = sorted(shown, key=lambda one: -abs(change[one[0].name]))[: ROOM - (len(shown) > ROOM)]
        shown, more = [one for one in shown if one in largest], len(shown) - len(largest)
    agree = all(count == row.params for row, *counts in asked.values() for count in counts)
    wide, rows = machine and (values["columns"] or not agree), []
    for row, *counts in shown:
        cells = [Cell(row.name, "name"), what(row), times(row.output_shape), Cell(row.work.text, "work"), number(row.params)]
        cells += map(number, counts) if wide else [Cell(words("agree") if row.params else "", "good")] * machine
        rows.append([*cells, Cell(arrow(change[row.name]), "up" if change[row.name] > 0 else "down"), *[number(row.macs)] * desk])
    extra = [".parameters()", "torchinfo"] if wide else [words("three")] * machine
    headings = [f"<{words('layer')}", f"<{words('what')}", words("output"), words("work"), words("params"), *extra, words("change")]
    headings += [words("macs")] * desk
    if more:
        rows.append([Cell(words("more", n=more), "quiet")] + [""] * (len(headings) - 1))
    params, *counts = (sum(column) for column in zip(*((row.params, *counts) for row, *counts in asked.values()), strict=True))
    total = [words("total"), "", "", "", f"{params:,}", *(map("{:,}".format, counts) if wide else [words("agree")] * machine)]
    total += [arrow(params - sum(row.params for row in old.values())), f"{sum(row.macs for row, *_ in asked.values()):,}"]
    marked = frozenset(i for i, (row, *_) in enumerate(shown) if row.name in changed)
    return Table(headings, rows, total if desk else [], marked=marked)


def network_card(
    network: Make = small_cnn, sliders: Iterable[str] | None = None, layout: str = "desk", machine: bool = False, **start
) -> Card:
    """A card on a network: sliders for its sizes, totals, maps, weights as areas, and the ledger.

    `network` is a function of sizes that gives a Network: small_cnn, vgg16_32, conv1d_net, or your own, whose arguments have
    whole numbers or True and False as defaults. `sliders` names those to show (all by default), `start` their values, `machine`
    asks PyTorch and torchinfo too, and layout "projector" has big totals and only the rows that changed.

    >>> from course_lib import vgg16_32
    >>> network_card(conv2_kernel=5).values["conv2_kernel"], network_card(vgg16_32, width=32).values["late_convs"]
    (5, 3)
    """
    if hasattr(network, "forward"):
        raise TypeError(words("card.network_module"))
    if not callable(network):
        raise TypeError(words("card.network_function"))
    usual = {**sizes(network), **ASKED}
    if unknown := sorted(start.keys() - usual.keys()):
        raise TypeError(words("card.network_size", names=", ".join(unknown), known=", ".join(usual)))
    ranges = {name: LIMITS.get(name, (min(1, value), max(8, 4 * value))) for name, value in usual.items() if name != "classes"}
    limits = {name: None if isinstance(usual[name], bool) else ends for name, ends in ranges.items()}  # the task gives the classes
    known = PRESETS.get(getattr(network, "__name__", ""), {})
    article = {name: value for name, value in usual.items() if name not in ("machine", "columns")}
    presets = {words("as_in_article" if known else "as_given"): article}
    presets |= {words(name): {**article, **values} for name, values in known.items()}
    return Card(
        partial(network_view, make=network), {**usual, "machine": machine, **start}, limits,
        fits=partial(_network, make=network), free=["batch"], sliders=sliders, reference=usual, layout=layout,
        presets=presets if layout == "desk" and sliders is None else None,
    )  # fmt: skip
