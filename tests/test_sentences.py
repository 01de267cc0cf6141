"""What an exercise says calculates what it says: why the right answer is right, and what a slip makes of it."""

import math
import re

import facts
import pytest
from prose import Reader, Sum, numbers

from course_lib.asking.answers import Answer
from course_lib.asking.answers.slips import Slip
from course_lib.asking.exercises import EXERCISES
from course_lib.words import words

ANSWERS = {name: answer for name, answer in EXERCISES.items() if isinstance(answer, Answer)}
IN_WORDS = {  # how a calculation is said
    r"([\d,.]+)[^.]*? for each of (?:the )?([\d·]+)": r"\1·\2",
    r"([\d,·]+) of ([\d,]+)": r"\1/\2",
    r"([\d,]+) less (?:\w+'s )?([\d,+ ]+\d)": r"\1 − (\2)",
    r"(\S+) once, (\S+) twice": r"\1 + 2·\2",
    r"(\d+) values, each of (\d+) \w+ and (\d+) \w+": r"\1·(\2 + \3)",
    r"three times (\S+) MACs at (\d+) places each": r"3·\1·\2",
    r"([\d,·]+) bytes over (2\S\S*\d)": r"\1/\2",
    r"([\d,]+) FLOPs, ([\d,]+) bytes": r"\1/\2",
}
every_answer = pytest.mark.parametrize("name", ANSWERS)


def variants(name: str) -> list[Answer]:
    """The exercise as the lesson asks it, and with other numbers."""
    answer = ANSWERS[name]
    return [answer, *(answer.variant(seed) for seed in (1, 2) if answer.vary)]


def sums(text: str) -> list[Sum]:
    return [side for sides in Reader(text).equations if len(sides) == 1 for side in sides if side.signs and set(side.signs) != {"×"}]


def near(one: float, others) -> bool:
    return any(math.isclose(one, other, rel_tol=1e-9) for other in others if other is not None)


@every_answer
def test_why_calculates_the_right_answer(name):
    """Where it calculates anything: the answer, before per cent or a unit is taken of it, or a size that the answer is made of."""
    answer, why = ANSWERS[name], words(f"exercise.{name}.why")
    said = [re.sub(how, calculated, found[0]) for how, calculated in IN_WORDS.items() for found in [re.search(how, why)] if found]
    found = [side.value for text in (why, *said) for side in sums(text)]
    value, made_of = answer.truth, [answer.sizes[size] for term in answer.parsed.values() for size in term if size in answer.sizes]
    right = [value, value / 100, value * 10**6, *(size for size in made_of if size >= 1000)]
    assert not found or any(near(one, right) for one in found), f"{name}: {why!r} gives {found}, and not {value}"


def told(answer: Answer) -> list[tuple[Slip, str]]:
    """The slips that have a sentence of their own, filled in."""
    return [(slip, answer.slip_words(slip)) for slip in answer.slips() if answer.own_sentence(slip)]


@every_answer
def test_a_slip_that_says_that_is_a_product_gives_that_product(name):
    for answer in variants(name):
        for slip, text in told(answer):
            if found := re.match(r"(?:That is|Those are) (?=[\d(])", text):
                first = Reader(text[found.end() :]).equations[0][0]
                if "·" in first.signs:
                    assert near(first.value, [answer.outcome(slip)]), f"{name}, {slip}: {text!r}, and it makes {answer.outcome(slip)}"


@every_answer
def test_a_slip_calculates_with_the_sizes_of_its_exercise(name):
    """Or with what the lesson's facts know; and so are its numbers of two digits."""
    known = facts.known(ANSWERS[name].lesson)
    for answer in variants(name):
        for slip, text in told(answer):
            sizes = {*answer.sizes.values(), answer.truth, answer.outcome(slip)} - {None}
            for side in sums(text):
                of_sizes = all(number.value in sizes for number in side.numbers)
                assert of_sizes or near(side.value, sizes | known), f"{name}, {slip}: {side.text} in {text!r} has numbers of no size"
            for number in numbers(re.sub(r"(10|2)(\^|\*\*)\d+", "", text)):
                fine = number.digits < 2 or number.is_one_of(sizes | known)
                assert fine, f"{name}, {slip}: {number.text} in {text!r} is no size. {facts.HOW.format(ANSWERS[name].lesson)}"
