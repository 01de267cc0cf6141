"""What is said to a function that is wrong: on which case, and which slip explains all of them."""

import dis
from collections.abc import Callable
from itertools import permutations
from traceback import format_exception_only
from typing import Any

from course_lib.asking.slips import Answer, Function
from course_lib.asking.telling import Diagnosis, as_number, is_right, means, shown, tell
from course_lib.words import words

UNFINISHED = "..."  # of a function that still gives the three dots


def diagnose_function(name: str, function: Function, given: Callable) -> Diagnosis | None:
    """What has gone wrong on the first case that is wrong, and the slip that makes all cases wrong as they are; None where none is."""
    numbers: list[float] = []
    for case in function.cases:
        said = _case(function, case)
        try:
            value = given(*_arguments(function, case))
        except Exception as error:
            text = words("function_raised", said=said, error=format_exception_only(error)[-1].strip().rstrip("."))
            told = _written_wrong(function, given) or Diagnosis(_takes(function, given))
            return told._replace(text=f"{text} {told.text}".rstrip())
        number = as_number(value)
        if value is ...:
            return Diagnosis(number, UNFINISHED)
        if isinstance(number, str):
            reason = words("function_prints") if value is None and "print" in _names(given) else number
            return Diagnosis(f"{words('function_gave', said=said)} {reason}")
        numbers.append(number)
    cases = list(zip(function.cases, numbers, strict=True))
    wrong = [(case, number) for case, number in cases if not is_right(number, case)]
    if not wrong:
        return None
    case, number = wrong[0]
    some = words("some_right", n=len(numbers) - len(wrong), of=len(numbers)) if len(wrong) < len(numbers) else ""
    gives = words("function_wrong", said=_case(function, case), value=shown(number))
    told = _written_wrong(function, given) or tell(
        name, case, _common_causes(wrong, [case for case, number in cases if is_right(number, case)])
    )
    return told._replace(text=f"{some}{gives} {told.text or words('ask_hint', name=name)}")


def _common_causes(wrong: list[tuple[Answer, float]], right: list[Answer]) -> list:
    """The slips that make every wrong case what it is, and leave those right that are."""
    found = set.intersection(*(set(case.causes(lambda made, value=value: means(value, made), every=True)) for case, value in wrong))
    return sorted(cause for cause in found if all(is_right(case.after_all(cause), case) for case in right))


def _written_wrong(function: Function, given: Callable) -> Diagnosis | None:
    """A slip of Python and not of counting: `^` for a power, or arguments in another order."""
    if hasattr(given, "__code__") and any(step.argrepr in ("^", "^=") for step in dis.get_instructions(given)):
        return Diagnosis(words("function_xor"), "xor")
    named = hasattr(given, "__code__") and given.__code__.co_varnames[: given.__code__.co_argcount]
    for order in () if named == function.arguments else permutations(range(len(function.arguments))):
        if all(_right_in_order(function, given, case, order) for case in function.cases):
            mine = ", ".join(function.arguments[i] for i in order)
            return Diagnosis(words("function_order", mine=mine, ours=", ".join(function.arguments)), "order")
    return None


def _right_in_order(function: Function, given: Callable, case: Answer, order: tuple[int, ...]) -> bool:
    arguments = _arguments(function, case)
    try:
        number = as_number(given(*(arguments[i] for i in order)))
    except Exception:
        return False
    return not isinstance(number, str) and is_right(number, case)


def _takes(function: Function, given: Callable) -> str:
    """How many arguments it should take, where it takes another number of them."""
    count = given.__code__.co_argcount if hasattr(given, "__code__") else len(function.arguments)
    return words("give_function", call=", ".join(function.arguments)) if count != len(function.arguments) else ""


def _names(given: Callable) -> tuple[str, ...]:
    return given.__code__.co_names if hasattr(given, "__code__") else ()


def _arguments(function: Function, case: Answer) -> list[Any]:
    return [case.sizes[argument] for argument in function.arguments]


def _case(function: Function, case: Answer) -> str:
    return ", ".join(f"{argument}={case.sizes[argument]}" for argument in function.arguments)
