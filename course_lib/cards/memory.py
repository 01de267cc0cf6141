"""The memory card: what a training step holds, part by part, as batch, dtype and optimizer change."""

from collections.abc import Iterable

from course_lib.by_hand.memory import DTYPES, OPTIMIZERS, largest_batch, predict_memory
from course_lib.by_hand.networks import small_cnn, vgg16_32
from course_lib.cards.base import Card, Total, View, arrow
from course_lib.cards.pictures import stacked_picture
from course_lib.show.tables import Cell, Table
from course_lib.words import words

NETWORKS = {"small_cnn": small_cnn, "vgg16_32": vgg16_32}
BUDGETS = {"16 MB": 16, "256 MB": 256, "1 GB": 1000, "8 GB": 8000, "24 GB": 24_000, "80 GB": 80_000}  # in 10^6 bytes
LIMITS = {"batch": (1, 512), "network": tuple(NETWORKS), "dtype": tuple(DTYPES), "optimizer": tuple(OPTIMIZERS),
          "budget": tuple(BUDGETS), "batch_norm": None}  # fmt: skip
START = {"batch": 16, "network": "small_cnn", "dtype": "float32", "optimizer": "Adam", "budget": "1 GB", "batch_norm": False}


def _step(values: dict):
    network = NETWORKS[values["network"]](batch_norm=values["batch_norm"])
    return network, predict_memory(network, values["batch"], values["dtype"], values["optimizer"])


def megabytes(count: int) -> str:
    """Bytes as MB (10^6), with three digits: 430848 is 0.431 MB."""
    return f"{count / 1e6:,.3g} MB" if count < 1e9 else f"{count / 1e6:,.0f} MB"


def memory_view(values: dict, start: dict, layout: str = "desk") -> View:
    """What the memory card shows for these values: the parts of one training step, and the largest batch for the budget."""
    network, step = _step(values)
    _, before = _step(start)
    most = largest_batch(network, BUDGETS[values["budget"]] * 10**6, values["dtype"], values["optimizer"])
    parts = {words(name): getattr(step, name) for name in step._fields}
    rows = [
        [Cell(words(name), "name"), f"{now:,}", megabytes(now), f"{100 * now / step.total:.1f} %", Cell(arrow(now - was), "change")]
        for name, now, was in zip(step._fields, step, before, strict=True)
    ]
    headings = [f"<{words('part')}", words("bytes"), "MB", words("share"), words("change")]
    table = Table(headings, rows, [words("total"), f"{step.total:,}", megabytes(step.total), "", arrow(step.total - before.total)])
    totals = [
        Total(megabytes(step.total), words("step_total")),
        Total(f"{100 * (step.kept + step.input) / step.total:.0f} %", words("share_kept")),
        Total(f"{most:,}", words("most_for", budget=values["budget"])),
    ]
    alt = words("memory_alt", parts=", ".join(f"{name} {count:,}" for name, count in parts.items()))
    return View(totals, stacked_picture(parts, max(step.total, before.total), alt), alt, table if layout == "desk" else None)


def memory_card(sliders: Iterable[str] | None = None, layout: str = "desk", **start) -> Card:
    """A card on the bytes of one training step: weights, gradients, optimizer state, buffers and what backward keeps.

    >>> memory_card(batch=128, optimizer="SGD").values["optimizer"]
    'SGD'
    """
    if unknown := sorted(start.keys() - START.keys()):
        raise TypeError(f"memory_card: no setting {', '.join(unknown)}; there are {', '.join(START)}")
    begin = {**START, **start}
    for name, options in LIMITS.items():
        if isinstance(options, tuple) and isinstance(options[0], str) and begin[name] not in options:
            raise ValueError(f"memory_card: {name} must be one of {', '.join(options)}, not {begin[name]!r}")
    return Card(memory_view, begin, LIMITS, fits=_step, free=["batch"], sliders=sliders, reference=START, layout=layout)
