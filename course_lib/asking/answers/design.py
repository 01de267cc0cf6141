"""Exercises whose answer is a network: any that keeps within the budget is right."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from course_lib.asking.answers.base import Diagnosis, Exercise
from course_lib.by_hand.networks import Network
from course_lib.by_hand.step import timeline
from course_lib.show.tables import times
from course_lib.words import words


class Measure(NamedTuple):
    """One measure of a network beside its bound."""

    what: str  # params, macs, memory or field
    value: int
    largest: str  # the layer or the part that has most of it
    share: int  # how much that has
    bound: int
    at_least: bool

    @property
    def excess(self) -> int:
        """By how much the bound is missed; 0 or less where it is kept."""
        return self.bound - self.value if self.at_least else self.value - self.bound


@dataclass(frozen=True, kw_only=True)
class Design(Exercise):
    """A network that goes from one shape to another and keeps within bounds on what it costs."""

    input_shape: tuple[int, ...]  # of one picture, without the batch
    output_shape: tuple[int, ...]
    batch_size: int = 16  # for its memory
    at_most: dict[str, int] = field(default_factory=dict)  # bounds on params, macs of one picture, memory in bytes, field in cells a side
    at_least: dict[str, int] = field(default_factory=dict)

    def request(self, given: Any) -> str:
        return words("design.dots", input_shape=self.input_shape) if given is ... else ""

    def judge(self, given: Any) -> Diagnosis | None:
        """What keeps a network from being an answer at all; or measure by measure, how it stands to its bound."""
        if misfit := self._misfit(given):
            return Diagnosis(misfit)
        try:
            measures = [self._measure(what, given) for what in (*self.at_most, *self.at_least)]
        except ValueError as error:  # of a layer whose backward is not known by hand, or nothing that is trained
            return Diagnosis(words("design.fails", error=error))
        if all(measure.excess <= 0 for measure in measures):
            return None
        return Diagnosis("\n".join(map(self._measure_words, measures)))

    def _misfit(self, given: Any) -> str:
        if not isinstance(given, Network):
            return words("design.no_network", kind=type(given).__name__)
        ends, wanted = (given.input_shape, given.ledger()[-1].output_shape), (self.input_shape, self.output_shape)
        if ends != wanted:
            return words("design.ends", given=" → ".join(map(times, ends)), wanted=" → ".join(map(times, wanted)))
        return "" if any(layer.kind.startswith("Conv") for layer in given.layers.values()) else words("design.no_conv")

    def _measure(self, what: str, network: Network) -> Measure:
        bounds = self.at_least.get(what, self.at_most.get(what)), what in self.at_least
        if what == "field":
            return Measure(what, min(network.receptive_field()), "", 0, *bounds)
        if what == "memory":
            peak = timeline(network, self.batch_size).peak
            part = max(("weights", "gradients", "state", "input", "kept"), key=lambda part: getattr(peak, part))
            return Measure(what, peak.total, words(part), getattr(peak, part), *bounds)
        ledger = network.ledger()
        row = max(ledger, key=lambda row: getattr(row, what))
        return Measure(what, getattr(ledger, what), row.name, getattr(row, what), *bounds)

    def _measure_words(self, measure: Measure) -> str:
        what = measure.what
        name = self.own_words(what) or words(f"design.{what}", batch=self.batch_size)
        values = {"what": name, "value": measure.value, "where": measure.largest, "share": measure.share, "bound": measure.bound}
        if measure.at_least:
            key, remedy = "design.enough" if measure.excess <= 0 else "design.too_little", words(f"design.more_{what}")
            return words(key, off=measure.excess, remedy=remedy, **values)
        return words("design.within" if measure.excess <= 0 else "design.too_much", off=measure.excess, **values)

    def shown_truth(self) -> str:
        """KeyError: there is no one right network to show."""
        raise self._only_check()

    def options(self) -> dict[float, str]:
        raise self._only_check()

    def _only_check(self) -> KeyError:
        return KeyError(words("exercise_call.network", name=self.name))
