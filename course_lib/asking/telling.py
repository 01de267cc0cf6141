"""What is said to a wrong answer: the sentence of the slip, or of the two, that make it of the right one."""

import math

from course_lib.asking.slips import Answer, Slip, digits_of, means, specific, unlikely
from course_lib.words import find, words


def is_right(value: float, answer: Answer) -> bool:
    """Whether this is the right answer: the number itself, or where it has no end, rounded to the digits that are asked, or more."""
    truth, digits = answer.value(), digits_of(value)
    return math.isclose(value, truth, rel_tol=1e-12) or (
        truth != int(truth) and digits >= (answer.digits or 0) and math.isclose(value, round(truth, digits))
    )


def diagnose(name: str, answer: Answer, value: float) -> str:
    """What has gone wrong, where one or two slips make just this of the right answer; a last digit, or nothing."""
    truth = answer.value()
    if truth != int(truth) and means(value, truth):
        few = digits_of(value) < (answer.digits or 0)
        return words("nearly" if few else "cut_off")
    causes = answer.causes(lambda number: means(value, number))
    exact = [cause for cause in causes if len(cause) == 1 and answer.outcome(cause[0]) == value]
    if causes:  # a number that is just this, or one that it may be rounded from
        return tell(name, answer, exact or causes)
    if value not in [float(f"{truth:.{digits}g}") for digits in (1, 2, 3, 4)]:
        return ""
    return words("rounded") if truth == int(truth) and truth > 99 else words("nearly") if truth != int(truth) else ""


def tell(name: str, answer: Answer, causes: list[tuple[Slip, ...]]) -> str:
    """The likeliest cause in words; the next one, too, where it is as likely. A cause with a sentence of its own comes first."""
    ranks = {cause: (len(cause), len(cause) > 1 or not specific(name, answer, cause[0]), unlikely(cause)) for cause in causes}
    best = sorted(causes, key=ranks.__getitem__)
    told = [" ".join(sentence(name, answer, slip, len(cause) == 1) for slip in cause) for cause in best if ranks[cause] == ranks[best[0]]]
    first, *others = dict.fromkeys(told) or [""]
    return words("either", one=first, other=others[0]) if others else first


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
