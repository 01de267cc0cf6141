"""What is said to a wrong answer: the sentence of the slip, or of the two, that make it of the right one."""

import math
from typing import Any, NamedTuple

from course_lib.asking.slips import Answer, Function, Slip, specific, spelled, unlikely
from course_lib.show.tables import digits
from course_lib.words import find, words


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


def is_right(value: float, answer: Answer) -> bool:
    """Whether this is the right answer: the number itself, or where it has no end, rounded to the digits that are asked, or more."""
    truth, digits = answer.value(), digits_of(value)
    return math.isclose(value, truth, rel_tol=1e-12) or (
        truth != int(truth) and digits >= (answer.digits or 0) and math.isclose(value, round(truth, digits))
    )


def as_number(answer: Any) -> float | str:
    """The answer as a number, or what is the matter with it."""
    if answer is ... or answer is None:
        return words("answer_dots" if answer is ... else "answer_none")
    if isinstance(answer, tuple):
        return words("answer_comma")
    if isinstance(answer, bool):
        return words("answer_flag", value=answer)
    if isinstance(answer, (str, bytes, list, dict, set)):
        return words("answer_text" if isinstance(answer, (str, bytes)) else "answer_type", kind=type(answer).__name__)
    if callable(answer) and not hasattr(answer, "forward"):  # a module can be called, too
        return words("answer_function")
    try:
        value = float(answer.item() if hasattr(answer, "item") else answer)
    except Exception:
        return words("answer_tensor" if hasattr(answer, "shape") else "answer_type", kind=type(answer).__name__)
    return value if math.isfinite(value) else words("answer_not_finite", value=value)


def shown(value: float) -> str:
    """A number as it is shown to the learner.

    >>> shown(26926), shown(91.748)
    ('26,926', '91.75')
    """
    return f"{value:,.0f}" if value == int(value) else digits(value, 4)


class Diagnosis(NamedTuple):
    """What has gone wrong in words, and the slips that it was, such as 'left_out-biases'; both empty where no slip makes this number."""

    text: str = ""
    slips: str = ""


def diagnose(name: str, answer: Answer, value: float) -> Diagnosis:
    """What has gone wrong, where one or two slips make just this of the right answer; a last digit, or nothing."""
    truth = answer.value()
    if truth != int(truth) and means(value, truth):
        few = digits_of(value) < (answer.digits or 0)
        return Diagnosis(words("nearly" if few else "cut_off"), "digits")
    causes = answer.causes(lambda number: means(value, number))
    exact = [cause for cause in causes if len(cause) == 1 and answer.outcome(cause[0]) == value]
    if causes:  # a number that is just this, or one that it may be rounded from
        return tell(name, answer, exact or causes)
    if value not in [float(f"{truth:.{digits}g}") for digits in (1, 2, 3, 4)]:
        return Diagnosis()
    whole = truth == int(truth)
    return Diagnosis(words("rounded" if whole else "nearly"), "digits") if not whole or truth > 99 else Diagnosis()


def tell(name: str, answer: Answer, causes: list[tuple[Slip, ...]]) -> Diagnosis:
    """The likeliest cause in words; the next one, too, where it is as likely. A cause with a sentence of its own comes first."""
    ranks = {cause: (len(cause), len(cause) > 1 or not specific(name, answer, cause[0]), unlikely(cause)) for cause in causes}
    best = sorted(causes, key=ranks.__getitem__)
    told = [" ".join(sentence(name, answer, slip, len(cause) == 1) for slip in cause) for cause in best if ranks[cause] == ranks[best[0]]]
    first, *others = dict.fromkeys(told) or [""]
    slips = " + ".join(spelled(slip) for slip in best[0]) if best else ""
    return Diagnosis(words("either", one=first, other=others[0]) if others else first, slips)


def recalled(name: str, answer: Answer | Function | None, slips: str) -> str:
    """The sentence for slips as they are spelled; empty where this exercise does not know them.

    >>> recalled("conv2-params", Answer({"k": 3, "cout": 7}, {"weights": "k k cout"}), "not_squared-k")
    'The kernel is 3 wide and 3 high: 3·3, not 3.'
    """
    if slips in ("digits", "xor", "order"):
        return words(f"results.{slips}")
    answer = answer.cases[0] if isinstance(answer, Function) else answer
    known = {spelled(slip): slip for slip in answer.slips()} if answer else {}
    cause = [known.get(slip) for slip in slips.split(" + ")]
    return " ".join(sentence(name, answer, slip, len(cause) == 1) for slip in cause) if all(cause) else ""


def sentence(name: str, answer: Answer, slip: Slip, alone: bool = True) -> str:
    """What is said to a slip: where it is the only one, a sentence of its own; or the one for its kind, with the part that it changes.

    >>> sentence("conv2-params", Answer({"k": 3}, {}), Slip("not_squared", "k"))
    'The kernel is 3 wide and 3 high: 3·3, not 3.'
    """
    kind, part, other = slip
    text = (alone and specific(name, answer, slip)) or find(f"unit.{answer.unit}.{part}" if kind == "unit" else f"slip.{kind}")
    named = {} if kind in ("instead", "unit") else {"part": called(name, answer, part), "other": called(name, answer, other)}
    return text.format(**answer.sizes, **named)


def called(name: str, answer: Answer, part: str) -> str:
    """What a part is called; its number, where it has no words."""
    text = find(f"exercise.{name}.part.{part}") or find(f"part.{part}")
    return text.format(**answer.sizes) if text else f"{answer.sizes.get(part, part)}"


def made_of(name: str, answer: Answer) -> str:
    """The terms of the right answer in words, or the factors of its only one.

    >>> made_of("conv2-params", Answer({}, {"weights": "k k", "biases": "cout"}))
    'the weights, the biases'
    """
    terms = answer.parsed()
    parts = terms if len(terms) > 1 else next(iter(terms.values()))
    return ", ".join(dict.fromkeys(called(name, answer, part) for part in parts))
