"""What every exercise can do, whatever kind of answer it asks for; and those whose answer is a number: the sentence of the slip, or of
the two, that make a wrong one of the right one."""

import math
import random
import re
from ast import literal_eval
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from types import EllipsisType, NoneType
from typing import Any, NamedTuple

from course_lib.asking.answers.slips import Slip, Sum, Terms
from course_lib.show.tables import digits
from course_lib.words import find, words

DRAWS = 20  # at most, of which the one is taken that tells most slips apart


class Diagnosis(NamedTuple):
    """What has gone wrong."""

    text: str  # in words
    slips: str = ""  # those that make it, as a results file spells them ("left_out-biases", "unit-bytes + plus-bias"); none where unknown
    is_answer: bool = True  # False where it is none that can be judged, so that it is not counted


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """An exercise of a lesson. check, reveal, practice, vote and a class's results use these fields and methods, and no others."""

    name: str = ""  # its key in its lesson's EXERCISES; set where these are read
    lesson: int = -1  # the number of its lesson; set there, too
    stars: int = 0  # how hard it is, 1 to 3, where check asks it; 0 for a guess

    sizes = {}  # those that its words name, and which of them variant() draws anew: a number's alone
    vary = {}

    def own_words(self, key: str) -> Any:
        """This exercise's own words under a key, unfilled; None where it has none."""
        return find(f"exercise.{self.name}.{key}")

    def filled_words(self, key: str) -> str:
        """This exercise's own words under a key, with its sizes filled in."""
        return words(f"exercise.{self.name}.{key}", **self.sizes)

    def question(self) -> str:
        return self.filled_words("ask")

    def hint(self, degree: int) -> str:
        return self.filled_words(f"hint{degree}")

    def why(self) -> str:
        return self.filled_words("why")

    def judge(self, given: Any) -> Diagnosis | None:
        """What is wrong with an answer, or what kind of answer is wanted; None for a right one."""

    def shown_truth(self) -> str:
        """The right answer, as reveal shows it; empty where nothing can be shown."""
        return ""

    def options(self) -> dict[float, str]:
        """Four numbers for a vote, the right one among them, and what is said to each; TypeError where the answer is no number."""
        raise TypeError(words("exercise_call.no_vote", name=self.name))

    def recalled(self, slips: str) -> str:
        """The sentence for slips as a results file spells them; empty where this exercise does not know them."""
        return words(f"results.{slips}") if slips in ("digits", "xor", "order") else ""


def digits_of(value: float) -> int:
    """How many digits stand behind the point, as one would type it: one of 91.7, none of 552.0."""
    return 0 if value == int(value) else len(f"{value:.12f}".rstrip("0").rpartition(".")[2])


def means(answer: float, number: float) -> bool:
    """Whether the answer is this number, rounded or cut off to the digits that it gives, and near it."""
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
    """A number as it is shown to the learner: 26,926 or 91.75."""
    return f"{value:,.0f}" if value == int(value) else digits(value, 4)


@dataclass(frozen=True)
class Answer(Sum, Exercise):
    """A right answer by its parts, and what may go wrong with each; in words, and of other sizes."""

    digits: int = field(default=0, kw_only=True)  # how many are asked behind the point
    votes: str = field(default="", kw_only=True)  # three slips that a vote shows, such as "left_out-biases"
    vary: dict[str, str] = field(default_factory=dict, kw_only=True)  # sizes that can be drawn anew, with the values they may have
    derive: dict[str, str] = field(default_factory=dict, kw_only=True)  # sizes that follow from those, in Python, one from another
    drawn: bool = field(default=False, kw_only=True)  # whether these are other sizes than the lesson's
    varied = cached_property(lambda self: {size: list(map(literal_eval, numbers.split())) for size, numbers in self.vary.items()})

    def but(self, **changes) -> "Answer":
        """The same with other parts; sizes and other numbers are added to those that are there."""
        added = {part: getattr(self, part) | changes.get(part, {}) for part in ("sizes", "instead")}
        return replace(self, **{**changes, **added})

    def at_sizes(self, **sizes: float) -> "Answer":
        """The same of these sizes, and of what follows from them."""
        known = self.sizes | sizes
        for size, formula in self.derive.items():
            known[size] = eval(_compiled(formula), {}, known)
        return replace(self, sizes=known)

    def variant(self, seed: int) -> "Answer":
        """The same question of other sizes, which are not the lesson's own: of DRAWS the first that tells most of the usual slips from
        each other and from the truth, as many as numbers between the sizes do where two slips make the same only if they always do."""
        blank = replace(self, votes="", drawn=True)
        sums = {other: sum for other, sum in self.instead.items() if isinstance(sum, str) and blank.own_sentence(Slip("instead", other))}
        blank = replace(blank, instead=sums)
        usual = [self.parsed, *filter(None, map(blank.sum_after, blank.usual()))]
        between, numbers = random.Random(self.name), random.Random(f"{self.name} {seed}")
        anywhere = [{size: between.uniform(min(some), max(some)) for size, some in self.varied.items()} for _ in range(3)]
        most = max(blank.at_sizes(**sizes).told_apart(usual) for sizes in anywhere)
        drawn = [{size: numbers.choice(some) for size, some in self.varied.items()} for _ in range(DRAWS)]
        draws = [blank.at_sizes(**sizes) for sizes in drawn if self.sizes | sizes != self.sizes]
        return next((draw for draw in draws if draw.told_apart(usual) >= most), None) or max(draws, key=lambda draw: draw.told_apart(usual))

    def told_apart(self, sums: list[Terms]) -> int:
        """How many different numbers these sums make."""
        return len({float(f"{self.evaluated(terms):.9g}") for terms in sums})

    def usual(self) -> list[Slip]:
        """The slips that are likely, or have a sentence of their own."""
        return [slip for slip in self.slips() if slip.kind != "unit" and (not slip.rank() or self.own_sentence(slip))]

    def question(self) -> str:
        return self.filled_words("ask_variant" if self.drawn and self.own_words("ask_variant") else "ask")

    def hint(self, degree: int) -> str:
        """The lesson's hint; of other sizes, the terms of the answer, or the factors of its only one."""
        if not self.drawn:
            return self.filled_words(f"hint{degree}")
        parts = self.parsed if len(self.parsed) > 1 else next(iter(self.parsed.values()))
        return words("variant_hint", parts=", ".join(dict.fromkeys(map(self.part_words, parts))))

    def why(self) -> str:
        """In the course's words; for other sizes the calculation alone."""
        if not self.drawn:
            return self.filled_words("why")
        if own := self.own_words("why_variant"):
            return own.format(value=self.shown_truth(), **self.sizes)
        return words("variant_why", work=self.work(), value=self.shown_truth())

    def work(self) -> str:
        """The right answer as it is calculated, equal terms put together."""
        factors = [sorted(term.split(), key=lambda factor: factor[0] == "/") for term in self.terms.values()]  # what divides comes last
        products = ["·".join(some).replace("·/", "/") for some in factors]
        products = [re.sub(r"\b[^\W\d]\w*", lambda size: f"{self.sizes[size[0]]:,}", product) for product in products]
        text = ""
        for product, count in Counter(products).items():
            sign = " − " if product.startswith("-1·") else " + "
            text += sign + f"{count}·" * (count > 1) + product.removeprefix("-1·")
        return text.removeprefix(" + ")

    def shown_truth(self) -> str:
        return shown_number(self.truth)

    def judge(self, given: Any) -> Diagnosis | None:
        number = as_number(given)
        if isinstance(number, str):
            return Diagnosis(number, is_answer=False)
        return None if self.is_right(number) else self.diagnose(number)

    def is_right(self, value: float) -> bool:
        """Whether this is the right number: itself, or where it has no end, rounded to the digits that are asked, or more."""
        given = digits_of(value)
        is_rounded = self.truth != int(self.truth) and given >= self.digits and math.isclose(value, round(self.truth, given))
        return is_rounded or math.isclose(value, self.truth, rel_tol=1e-12)

    def diagnose(self, value: float) -> Diagnosis:
        """What has gone wrong, where one or two slips make just this of the right answer; a last digit; or on which side it lies."""
        if self.truth != int(self.truth) and means(value, self.truth):
            few = digits_of(value) < self.digits
            return Diagnosis(words("nearly" if few else "cut_off"), "digits")
        causes = self.causes(lambda number: means(value, number))
        exact = [cause for cause in causes if len(cause) == 1 and self.outcome(cause[0]) == value]
        if causes:  # a number that is just this, or one that it may be rounded from
            return self.tell(exact or causes)
        rounded = value in [float(f"{self.truth:.{few}g}") for few in (1, 2, 3, 4)]
        if rounded and (self.truth > 99 or self.truth != int(self.truth)):  # of a small whole number it would be chance
            return Diagnosis(words("rounded" if self.truth == int(self.truth) else "nearly"), "digits")
        return Diagnosis(words("too_large" if value > self.truth else "too_small", name=self.name))

    def tell(self, causes: list[tuple[Slip, ...]]) -> Diagnosis:
        """The likeliest cause in words; the next one, too, where it is as likely. A cause with a sentence of its own comes first."""
        if not causes:
            return Diagnosis("")
        ranks = [(len(one), len(one) > 1 or not self.own_sentence(one[0]), sum(slip.rank() for slip in one)) for one in causes]
        likeliest = [cause for cause, rank in zip(causes, ranks, strict=True) if rank == min(ranks)]
        first, *others = dict.fromkeys(map(self.cause_words, likeliest))
        slips = " + ".join(slip.spelled() for slip in likeliest[0])
        return Diagnosis(words("either", one=first, other=others[0]) if others else first, slips)

    def recalled(self, slips: str) -> str:
        known = {slip.spelled(): slip for slip in self.slips()}
        cause = tuple(known.get(slip) for slip in slips.split(" + "))
        return self.cause_words(cause) if all(cause) else super().recalled(slips)

    def cause_words(self, cause: tuple[Slip, ...]) -> str:
        return " ".join(self.slip_words(slip, alone=len(cause) == 1) for slip in cause)

    def slip_words(self, slip: Slip, alone: bool = True) -> str:
        """What is said to a slip: where it is the only one, a sentence of its own; or the one for its kind, with the part it changes."""
        kind, part, other = slip
        text = (alone and self.own_sentence(slip)) or find(f"unit.{self.unit}.{part}" if kind == "unit" else f"slip.{kind}")
        named = {} if kind in ("instead", "unit") else {"part": self.part_words(part), "other": self.part_words(other)}
        return text.format(**self.sizes, **named)

    def own_sentence(self, slip: Slip) -> str | None:
        """A slip's own sentence, unfilled: in this exercise, or wherever it is made; one for the lesson's sizes holds for no others."""
        key = slip.spelled()
        if here := self.own_words(f"lesson_slip.{key}"):
            return None if self.drawn else here
        common = find(f"slip.{key}")
        speaks_of_ours = set(re.findall(r"{(\w+)", common or "")) <= self.sizes.keys()  # and of no size that this exercise has not
        return self.own_words(f"slip.{key}") or (common if speaks_of_ours else None)

    def part_words(self, part: str) -> str:
        """What a part is called; its number, where it has no words."""
        text = self.own_words(f"part.{part}") or find(f"part.{part}")
        return text.format(**self.sizes) if text else f"{self.sizes.get(part, part)}"

    def options(self) -> dict[float, str]:
        """The right number, and three that the slips in `votes` make, or where it names none, the likeliest."""
        options = {self.truth: words("vote_right") + " " + self.why()}
        named = [Slip(*slip.split("-")) for slip in self.votes.split()]
        for slip in named or sorted(self.slips(), key=lambda slip: (not self.own_sentence(slip), slip.rank())):
            number = self.outcome(slip)
            if number is not None and number not in options and len(options) < 4:
                options[number] = self.slip_words(slip)
        return options


_compiled = cache(lambda formula: compile(formula, formula, "eval"))
