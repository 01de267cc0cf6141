"""Exercises whose answer is a function: on which case it is wrong, and which slip explains all of them."""

import dis
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import permutations
from traceback import format_exception_only
from typing import Any

from course_lib.asking.answers.base import Diagnosis, Exercise
from course_lib.asking.answers.number import Answer, as_number, means, shown_number
from course_lib.words import words


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
