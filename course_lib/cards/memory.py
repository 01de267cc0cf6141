"""The memory card: what a training step holds, moment by moment, as batch, dtype and optimizer change."""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from course_lib.by_hand.memory import DTYPES, STEPS_KNOWN
from course_lib.by_hand.networks import Network, small_cnn, vgg16_32
from course_lib.by_hand.step import Moment, Timeline, network_largest_batch, network_timeline
from course_lib.cards.base import Card, Total, View
from course_lib.cards.pictures import timeline_picture
from course_lib.cards.settings import SWITCH, Setting, start_values, usual_values
from course_lib.show.tables import Cell, Table, arrow, digits
from course_lib.words import words

NETWORKS = {"small_cnn": small_cnn, "vgg16_32": vgg16_32}
BUDGETS = {"16 MB": 16, "256 MB": 256, "1 GB": 1000, "8 GB": 8000, "24 GB": 24_000, "80 GB": 80_000}  # in 10^6 bytes
SETTINGS = {
    "batch": Setting(16, (1, 512), free=True),
    "network": Setting("small_cnn", list(NETWORKS)),
    "dtype": Setting("float32", list(DTYPES)),
    "optimizer": Setting("Adam", list(STEPS_KNOWN)),
    "budget": Setting("1 GB", list(BUDGETS)),
    "batch_norm": Setting(False, SWITCH),
}

_known_network = lru_cache(maxsize=16)(lambda name, batch_norm: NETWORKS[name](batch_norm=batch_norm))
_timeline = lru_cache(maxsize=16)(network_timeline)  # the start's, and those that a slider comes back to
_largest_batch = lru_cache(maxsize=16)(network_largest_batch)  # which does not depend on the batch


def _step_and_batch(values: dict, own: Network | None) -> tuple[Timeline, int]:
    network = own or _known_network(values["network"], values["batch_norm"])
    dtype, optimizer, budget = values["dtype"], values["optimizer"], BUDGETS[values["budget"]] * 10**6
    return _timeline(network, values["batch"], dtype, optimizer), _largest_batch(network, budget, dtype, optimizer)


def megabytes(count: int) -> str:
    """Bytes as MB (10^6), with three digits: 430848 is 0.431 MB."""
    return f"{digits(count / 1e6)} MB"


def _bytes_by_part(moment: Moment) -> dict[str, int]:
    """A moment's bytes by part: buffers beside the weights, all that nobody keeps as one."""
    passing = moment.passing + moment.arriving + moment.leaving
    return {"weights": moment.weights + moment.buffers, "gradients": moment.gradients, "state": moment.state, "input": moment.input,
            "kept": moment.kept, "passing": passing}  # fmt: skip


def memory_view(values: dict, start: dict, own: Network | None = None) -> View:
    """What the memory card shows for these values: a training step moment by moment, its peak, and the largest batch for the budget."""
    (moments, most), (before, most_before) = _step_and_batch(values, own), _step_and_batch(start, own)
    peak, budget, change = moments.peak, BUDGETS[values["budget"]] * 10**6, moments.peak.total - before.peak.total
    parts, was = _bytes_by_part(peak), _bytes_by_part(before.peak)
    names = {name: words("weights_buffers" if name == "weights" and peak.buffers else name) for name in parts}
    rows = [
        [Cell(names[name], "name"), f"{now:,}", megabytes(now), f"{100 * now / peak.total:.1f} %", Cell(arrow(now - was[name]), "change")]
        for name, now in parts.items()
    ]
    headings = [f"<{words('at_the_peak')}", words("bytes"), "MB", words("share"), words("change")]
    total = [words("total"), f"{peak.total:,}", megabytes(peak.total), "", arrow(change)]
    table = Table(headings, rows, total, notes=[f"{peak.cause}."])
    fits = words("fits" if peak.total <= budget else "fits_not")
    totals = [
        Total(megabytes(peak.total), words("peak_total", place=f"{words(peak.phase)} {peak.place}", fits=fits), change, megabytes),
        Total(f"{most:,}", words("most_for", budget=values["budget"]), most - most_before),
    ]
    alt = words("memory_alt", parts=", ".join(f"{names[name]} {count:,}" for name, count in parts.items()), cause=peak.cause)
    phases = [moment.phase for moment in moments]
    draw = partial(timeline_picture, list(map(_bytes_by_part, moments)), phases, budget, max(peak.total, before.peak.total), alt)
    return View(totals, draw, alt, table)


def memory_card(
    network: str | Network | Callable[[], Network] = "small_cnn", sliders: Iterable[str] | None = None, layout: str = "desk", **start
) -> Card:
    """A card on the bytes of one training step, moment by moment: forward climbs, backward falls, the optimizer's step; and the peak.

    `network` is one of the course's by name, which a menu changes; or a Network of your own, or a function that gives one.

    >>> memory_card(batch=128, optimizer="SGD").values["optimizer"], list(memory_card(Network((4,), fc=Linear(4, 2))).controls)
    ('SGD', ['batch', 'dtype', 'optimizer', 'budget'])
    """
    if hasattr(network, "forward"):
        raise TypeError(words("card.memory_module"))
    network = network() if callable(network) else network
    own = network if isinstance(network, Network) else None
    if not own and network not in NETWORKS:
        raise ValueError(words("card.memory_network", known=", ".join(NETWORKS), network=network))
    settings = {name: setting for name, setting in SETTINGS.items() if not own or name not in ("network", "batch_norm")}
    start = start_values("memory_card", settings, **({} if own else {"network": network}), **start)
    return Card(
        "memory_card", partial(memory_view, own=own), settings, start, fits=partial(_step_and_batch, own=own),
        first=lambda values: "network" if own else "", reference=start if own else usual_values(settings), sliders=sliders, layout=layout,
    )  # fmt: skip
