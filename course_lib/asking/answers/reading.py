"""Reading a number that somebody gave: whether it is one, and which numbers it may stand for."""

import math
from types import EllipsisType, NoneType
from typing import Any

from course_lib.show.tables import digits
from course_lib.words import words


def digits_of(value: float) -> int:
    """How many digits stand behind the point, as one would type it.

    >>> digits_of(91.7), digits_of(552.0), digits_of(0.1027)
    (1, 0, 4)
    """
    return 0 if value == int(value) else len(f"{value:.12f}".rstrip("0").rpartition(".")[2])


def means(answer: float, number: float) -> bool:
    """Whether the answer is this number, rounded or cut off to the digits that it gives, and near it.

    >>> means(91.7, 91.748), means(92, 91.748), means(91, 91.748), means(5, 4.9)
    (True, True, True, False)
    """
    if answer == number or not math.isclose(answer, number, rel_tol=0.015):
        return answer == number
    scale = 10 ** digits_of(answer)
    return any(math.isclose(answer, cut(number * scale) / scale, rel_tol=1e-12) for cut in (round, math.trunc))


NO_NUMBERS = {  # what else is given, and what is said to it
    EllipsisType: "answer_dots",
    NoneType: "answer_none",
    tuple: "answer_comma",
    bool: "answer_flag",
    (str, bytes): "answer_text",
    (list, dict, set): "answer_type",
}


def as_number(answer: Any) -> float | str:
    """The answer as a number, or what is the matter with it."""
    kind = type(answer).__name__
    for types, key in NO_NUMBERS.items():
        if isinstance(answer, types):
            return words(key, value=answer, kind=kind)
    if callable(answer) and not hasattr(answer, "forward"):  # a module can be called, too
        return words("answer_function")
    try:
        value = float(answer.item() if hasattr(answer, "item") else answer)
    except Exception:
        return words("answer_tensor" if hasattr(answer, "shape") else "answer_type", kind=kind)
    return value if math.isfinite(value) else words("answer_not_finite", value=value)


def shown_number(value: float) -> str:
    """A number as it is shown to the learner.

    >>> shown_number(26926), shown_number(91.748)
    ('26,926', '91.75')
    """
    return f"{value:,.0f}" if value == int(value) else digits(value, 4)
