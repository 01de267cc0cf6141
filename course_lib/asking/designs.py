"""Exercises whose answer is a network: any that keeps within the budget is right."""

from importlib import import_module

from course_lib.by_hand.networks import Network
from course_lib.by_hand.step import timeline
from course_lib.show.tables import times
from course_lib.words import find, words

LESSONS = [import_module(f"course_lib.lessons.l{number:02}") for number in range(13)]
DESIGNS = {name: design for lesson in LESSONS for name, design in getattr(lesson, "DESIGNS", {}).items()}


def wrong_design(name: str, answer) -> str:
    """What to say to a network that does not keep within the budget, measure by measure; nothing for one that does."""
    design, ask, not_yet = DESIGNS[name], words(f"exercise.{name}.ask"), words("not_yet")
    if answer is ...:
        return f"{ask}\n{words('design.dots', input_shape=design['input_shape'])}"
    if not isinstance(answer, Network):
        return f"{not_yet}\n{words('design.no_network', kind=type(answer).__name__)}"
    ends = answer.input_shape, answer.ledger()[-1].output_shape
    wanted = design["input_shape"], design["output_shape"]
    if ends != wanted:
        said = {"given": " → ".join(map(times, ends)), "wanted": " → ".join(map(times, wanted))}
        return f"{not_yet}\n{words('design.ends', **said)}"
    if not any(layer.kind.startswith("Conv") for layer in answer.layers.values()):
        return f"{not_yet}\n{words('design.no_conv')}"
    try:
        lines = [_line(name, what, answer) for what in (*design["at_most"], *design["at_least"])]
    except ValueError as error:  # of a layer whose backward is not known by hand, or nothing that is trained
        return f"{not_yet}\n{words('design.fails', error=error)}"
    return "" if all(line.endswith("✓") for line in lines) else "\n".join([not_yet, *lines])


def _line(name: str, what: str, network: Network) -> str:
    design = DESIGNS[name]
    value, where, share = _measured(what, network, design["batch_size"])
    called = find(f"exercise.{name}.{what}") or words(f"design.{what}", batch=design["batch_size"])
    said = {"what": called, "value": value, "where": where, "share": share}
    if what in design["at_least"]:
        bound = design["at_least"][what]
        remedy = words(f"design.more_{what}")
        return words("design.enough" if value >= bound else "design.too_little", bound=bound, off=bound - value, remedy=remedy, **said)
    bound = design["at_most"][what]
    return words("design.within" if value <= bound else "design.too_much", bound=bound, off=value - bound, **said)


def _measured(what: str, network: Network, batch_size: int) -> tuple[int, str, int]:
    """A network's measure; and which layer or part has most of it, and how much."""
    if what == "field":
        return min(network.receptive_field()), "", 0
    if what == "memory":
        peak = timeline(network, batch_size).peak
        part = max(("weights", "gradients", "state", "input", "kept"), key=lambda part: getattr(peak, part))
        return peak.total, words(part), getattr(peak, part)
    ledger = network.ledger()
    row = max(ledger, key=lambda row: getattr(row, what))
    return getattr(ledger, what), row.name, getattr(row, what)
