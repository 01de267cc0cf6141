"""Exercises whose answer is a network: any that keeps within the budget is right."""

from dataclasses import dataclass, field
from typing import Any

from course_lib.asking.answers.base import Diagnosis, Exercise
from course_lib.by_hand.networks import Network
from course_lib.by_hand.step import network_timeline
from course_lib.show.tables import times
from course_lib.words import find, words


@dataclass(frozen=True, kw_only=True)
class Design(Exercise):
    """A network that goes from one shape to another and keeps within bounds on what it costs."""

    input_shape: tuple[int, ...]  # of one picture, without the batch
    output_shape: tuple[int, ...]
    batch_size: int = 16  # for its memory
    at_most: dict[str, int] = field(default_factory=dict)  # bounds on params, macs of one picture, memory in bytes, field in cells a side
    at_least: dict[str, int] = field(default_factory=dict)

    def judge(self, given: Any) -> Diagnosis | None:
        """What keeps a network from being an answer at all; or measure by measure, how it stands to its bound."""
        if given is ...:
            return Diagnosis(words("design.dots", input_shape=self.input_shape), is_answer=False)
        if not isinstance(given, Network):
            return Diagnosis(words("design.no_network", kind=type(given).__name__))
        ends, wanted = (given.input_shape, given.ledger()[-1].output_shape), (self.input_shape, self.output_shape)
        if ends != wanted:
            return Diagnosis(words("design.ends", given=" → ".join(map(times, ends)), wanted=" → ".join(map(times, wanted))))
        if not any(layer.kind.startswith("Conv") for layer in given.layers.values()):
            return Diagnosis(words("design.no_conv"))
        try:
            measures = [self._measure(given, *bound, "within", "too_much") for bound in self.at_most.items()]
            measures += [self._measure(given, *bound, "enough", "too_little", -1) for bound in self.at_least.items()]
        except ValueError as error:  # of a layer whose backward is not known by hand, or nothing that is trained
            return Diagnosis(words("design.fails", error=error))
        if not all(keeps_within for keeps_within, _ in measures):
            return Diagnosis("\n".join(sentence for _, sentence in measures))

    def _measure(self, network: Network, what: str, bound: int, keeps: str, breaks: str, sign: int = 1) -> tuple[bool, str]:
        """Whether a network keeps within a bound, and the sentence that says by how much not."""
        value, largest, share = self._measured(what, network)
        off = sign * (value - bound)
        name = self.own_words(what) or words(f"design.{what}", batch=self.batch_size)
        values = {"what": name, "value": value, "bound": bound, "off": off, "where": largest, "share": share}
        return off <= 0, words(f"design.{keeps if off <= 0 else breaks}", remedy=find(f"design.more_{what}"), **values)

    def _measured(self, what: str, network: Network) -> tuple[int, str, int]:
        if what == "field":
            return min(network.receptive_field()), "", 0
        if what == "memory":
            peak = network_timeline(network, self.batch_size).peak
            part = max(("weights", "gradients", "state", "input", "kept"), key=lambda part: getattr(peak, part))
            return peak.total, words(part), getattr(peak, part)
        ledger = network.ledger()
        row = max(ledger, key=lambda row: getattr(row, what))
        return getattr(ledger, what), row.name, getattr(row, what)

    def shown_truth(self) -> str:
        """KeyError: there is no one right network to show."""
        raise KeyError(words("exercise_call.network", name=self.name))

    options = shown_truth
