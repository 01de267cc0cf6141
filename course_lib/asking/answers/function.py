"""Exercises whose answer is a function: on which case it is wrong, and which slip explains all of them."""

import dis
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import permutations
from traceback import format_exception_only
from typing import Any

from course_lib.asking.answers.base import Diagnosis, Exercise
from course_lib.asking.answers.number import Answer
from course_lib.asking.answers.reading import as_number, means, shown_number
from course_lib.asking.answers.slips import Slip
from course_lib.words import words


@dataclass(frozen=True, kw_only=True)
class Function(Exercise):
    """A function of these arguments, tried on several cases.

    >>> area = Function(arguments="side", values=[(3,), (5,)], answer=Answer(terms={"area": "side side"}).at_sizes)
    >>> area.judge(lambda side: side**2) is None, area.judge(lambda side: side).text[:37]
    (True, 'With side=3 your function gives 3, an')
    """

    arguments: str  # their names, in their order: "k cin cout"
    values: list[tuple]  # what they are in each case
    answer: Callable[..., Answer] = field(repr=False)  # what is right for such arguments: at_sizes of an Answer, or a function of yours

    @cached_property
    def cases(self) -> list[Answer]:
        """What is right in each case; the arguments are among its sizes."""
        return [replace(self.answer(**dict(zip(self.argument_names, values, strict=True))), name=self.name) for values in self.values]

    @property
    def argument_names(self) -> tuple[str, ...]:
        return tuple(self.arguments.split())

    def prompt(self, given: Any) -> str:
        return "" if callable(given) else self._wanted()

    def judge(self, given: Callable) -> Diagnosis | None:
        """What has gone wrong on the first case that is wrong, and the slip that makes all cases wrong as they are; None where none is."""
        numbers: list[float] = []
        for case in self.cases:
            try:
                value = given(*self._arguments(case))
            except Exception as error:
                return self._raised(given, case, error)
            number = as_number(value)
            if value is ...:
                return Diagnosis(number, is_answer=False)
            if isinstance(number, str):
                reason = words("function_prints") if value is None and "print" in _global_names(given) else number
                return Diagnosis(f"{words('function_gave', said=self._case_words(case))} {reason}")
            numbers.append(number)
        right = [case for case, number in zip(self.cases, numbers, strict=True) if case.is_right(number)]
        wrong = [(case, number) for case, number in zip(self.cases, numbers, strict=True) if not case.is_right(number)]
        return self._wrong(given, wrong, right) if wrong else None

    def _raised(self, given: Callable, case: Answer, error: Exception) -> Diagnosis:
        said = format_exception_only(error)[-1].strip().rstrip(".")
        text = words("function_raised", said=self._case_words(case), error=said)
        diagnosis = self._miswritten(given) or Diagnosis(self._other_count(given))
        return diagnosis._replace(text=f"{text} {diagnosis.text}".rstrip())

    def _wrong(self, given: Callable, wrong: list[tuple[Answer, float]], right: list[Answer]) -> Diagnosis:
        case, number = wrong[0]
        some = words("some_right", n=len(right), of=len(self.cases)) if right else ""
        gives = words("function_wrong", said=self._case_words(case), value=shown_number(number))
        diagnosis = self._miswritten(given) or case.tell(_common_causes(wrong, right))
        return diagnosis._replace(text=f"{some}{gives} {diagnosis.text or words('ask_hint', name=self.name)}")

    def _miswritten(self, given: Callable) -> Diagnosis | None:
        """A slip of Python and not of counting: `^` for a power, or arguments in another order."""
        code = getattr(given, "__code__", None)
        if code and any(step.argrepr in ("^", "^=") for step in dis.get_instructions(given)):
            return Diagnosis(words("function_xor"), "xor")
        if code and code.co_varnames[: code.co_argcount] == self.argument_names:
            return None
        for order in permutations(range(len(self.argument_names))):
            if all(self._right_in_order(given, case, order) for case in self.cases):
                mine = ", ".join(self.argument_names[i] for i in order)
                return Diagnosis(words("function_order", mine=mine, ours=", ".join(self.argument_names)), "order")
        return None

    def _right_in_order(self, given: Callable, case: Answer, order: tuple[int, ...]) -> bool:
        arguments = self._arguments(case)
        try:
            number = as_number(given(*(arguments[i] for i in order)))
        except Exception:
            return False
        return not isinstance(number, str) and case.is_right(number)

    def _other_count(self, given: Callable) -> str:
        """How many arguments it should take, where it takes another number of them."""
        count = given.__code__.co_argcount if hasattr(given, "__code__") else len(self.argument_names)
        return self._wanted() if count != len(self.argument_names) else ""

    def _wanted(self) -> str:
        return words("give_function", call=", ".join(self.argument_names))

    def _arguments(self, case: Answer) -> list[Any]:
        return [case.sizes[argument] for argument in self.argument_names]

    def _case_words(self, case: Answer) -> str:
        return ", ".join(f"{argument}={case.sizes[argument]}" for argument in self.argument_names)

    def recalled(self, slips: str) -> str:
        return self.cases[0].recalled(slips)


def _common_causes(wrong: list[tuple[Answer, float]], right: list[Answer]) -> list[tuple[Slip, ...]]:
    """The slips that make every wrong case what it is, and leave those right that are."""
    causes = set.intersection(*(set(case.causes(lambda number, value=value: means(value, number), every=True)) for case, value in wrong))
    return sorted(cause for cause in causes if all(case.is_right(case.after_all(cause)) for case in right))


def _global_names(given: Callable) -> tuple[str, ...]:
    return given.__code__.co_names if hasattr(given, "__code__") else ()
