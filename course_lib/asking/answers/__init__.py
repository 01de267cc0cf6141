"""What a lesson's tables are made of: exercises, which ask for a number, and here a function or a network, and speak the protocol of
Exercise; and an article's claims."""

import dis
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import permutations
from traceback import format_exception_only
from typing import Any

from course_lib.asking.answers.number import Answer, Diagnosis, Exercise, as_number, means, shown_number
from course_lib.by_hand.networks import Network
from course_lib.by_hand.step import network_timeline
from course_lib.show.tables import times
from course_lib.words import find, words


@dataclass(frozen=True, kw_only=True)
class Function(Exercise):
    """A function of these arguments, tried on several cases."""

    arguments: str  # their names, in their order: "k cin cout"
    values: list[tuple]  # what they are in each case
    answer: Callable[..., Answer] = field(repr=False)  # what is right for such arguments: at_sizes of an Answer, or a function of yours

    argument_names = property(lambda self: tuple(self.arguments.split()))

    @cached_property
    def cases(self) -> list[Answer]:
        """What is right in each case; the arguments are among its sizes."""
        return [replace(self.answer(**dict(zip(self.argument_names, values, strict=True))), name=self.name) for values in self.values]

    def judge(self, given: Any) -> Diagnosis | None:
        """What has gone wrong on the first case that is wrong, and the slip that makes all cases wrong as they are; None where none is."""
        if not callable(given):
            return Diagnosis(self._wanted(), is_answer=False)
        right, wrong = [], []
        for case in self.cases:
            try:
                value = given(*map(case.sizes.get, self.argument_names))
            except Exception as error:
                return self._raised(given, case, error)
            number = as_number(value)
            if value is ...:
                return Diagnosis(number, is_answer=False)
            if isinstance(number, str):
                prints = value is None and "print" in getattr(getattr(given, "__code__", None), "co_names", ())
                reason = words("function_prints") if prints else number
                return Diagnosis(f"{words('function_gave', said=self._case_words(case))} {reason}")
            (right if case.is_right(number) else wrong).append((case, number))
        return self._wrong(given, wrong, right) if wrong else None

    def _raised(self, given: Callable, case: Answer, error: Exception) -> Diagnosis:
        text = words("function_raised", said=self._case_words(case), error=format_exception_only(error)[-1].strip().rstrip("."))
        code = getattr(given, "__code__", None)
        miscounted = code and code.co_argcount != len(self.argument_names)
        diagnosis = self._miswritten(given) or Diagnosis(self._wanted() if miscounted else "")
        return diagnosis._replace(text=f"{text} {diagnosis.text}".rstrip())

    def _wrong(self, given: Callable, wrong: list[tuple[Answer, float]], right: list[tuple[Answer, float]]) -> Diagnosis:
        """Told are the slips that make every wrong case what it is, and leave those right that are."""
        case, number = wrong[0]
        some = words("some_right", n=len(right), of=len(self.cases)) if right else ""
        gives = words("function_wrong", said=self._case_words(case), value=shown_number(number))
        explaining = [set(one.causes(partial(means, value), every=True)) for one, value in wrong]
        spoiling = [one.causes(lambda number, one=one: not one.is_right(number), every=True) for one, _ in right]
        diagnosis = self._miswritten(given) or case.tell(sorted(set.intersection(*explaining).difference(*spoiling)))
        return diagnosis._replace(text=f"{some}{gives} {diagnosis.text or words('ask_hint', name=self.name)}")

    def _miswritten(self, given: Callable) -> Diagnosis | None:
        """A slip of Python and not of counting: `^` for a power, or arguments in another order."""
        code = getattr(given, "__code__", None)
        if code and any(step.argrepr in ("^", "^=") for step in dis.get_instructions(given)):
            return Diagnosis(words("function_xor"), "xor")
        if code and code.co_varnames[: code.co_argcount] == self.argument_names:
            return None
        for order in permutations(self.argument_names):
            if all(_right_in_order(given, case, order) for case in self.cases):
                return Diagnosis(words("function_order", mine=", ".join(order), ours=", ".join(self.argument_names)), "order")
        return None

    def _wanted(self) -> str:
        return words("give_function", call=", ".join(self.argument_names))

    def _case_words(self, case: Answer) -> str:
        return ", ".join(f"{argument}={case.sizes[argument]}" for argument in self.argument_names)

    def recalled(self, slips: str) -> str:
        return self.cases[0].recalled(slips)


def _right_in_order(given: Callable, case: Answer, order: tuple[str, ...]) -> bool:
    try:
        return case.is_right(as_number(given(*map(case.sizes.get, order))))
    except Exception:  # it stops, or what it gives is no number
        return False


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


@dataclass(frozen=True)
class Claim:
    """A claim of an article: words/ has its figures in words. A verdict is found by trying (verdicts.py): `said` and what follows are
    values, or where they need PyTorch functions of its `vocabulary()`."""

    article: str  # who says it: A1, A2, A3, A4, CS231n
    expected: str  # the verdict: holds, holds_if or does_not_hold; for a test alone
    said: object
    true: object
    otherwise: object = None  # what is true without the claim's condition
    figure: object = None  # the number to show for `true`
    name: str = ""  # its key in its lesson's CLAIMS; set where these are read
    lesson: int = -1  # set there, too

    @property
    def verdict(self) -> str:
        if self.said != self.true:
            return "does_not_hold"
        return "holds" if self.otherwise in (None, self.said) else "holds_if"
