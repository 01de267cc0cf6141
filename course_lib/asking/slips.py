"""A wrong answer taken apart: which one or two slips make it of the right one.

A right answer is a sum of terms, a term a product of sizes. A slip changes one of these parts, or the whole; it is known by its kind and
by the part that it changes, and words/ has its sentence. All that one slip can make is tried, then all that two can.
"""

import random
import re
from ast import literal_eval
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from course_lib.words import find

Term = dict[str, int]  # how often each size is a factor of it; −1 divides
Terms = dict[str, Term]

UNITS = {  # what people give in place of a number, a byte or a share: the right answer times this
    "number": {"bytes": 4, "half": 1 / 2, "double": 2, "thousands": 1e-3, "millions": 1e-6},
    "macs": {"double": 2, "training": 3, "bytes": 4, "half": 1 / 2, "thousands": 1e-3, "millions": 1e-6, "giga": 1e-9},
    "flops": {"half": 1 / 2, "double": 2, "thousands": 1e-3, "millions": 1e-6},
    "gflops": {"half": 1 / 2, "double": 2, "flops": 1e9, "mega": 1e3, "tera": 1e-3},
    "bytes": {"bits": 8, "kb": 1e-3, "mb": 1e-6, "kib": 2**-10, "mib": 2**-20, "half": 1 / 2, "double": 2},
    "MB": {"mib": 1e6 / 2**20, "kb": 1e3, "values": 1 / 4, "bits": 8, "half": 1 / 2, "double": 2},
    "MiB": {"mb": 2**20 / 1e6, "mixed": 2**20 / 1_024_000, "kb": 2**20 / 1e3, "kib": 1024, "thousands": 1e3,
            "wrong_way": (2**20 / 1e6) ** 2, "thousandth": 1e-3, "values": 1 / 4, "bits": 8, "half": 1 / 2, "double": 2, "gib": 2**-10},
    "count": {"half": 1 / 2, "double": 2},
    "percent": {"fraction": 1e-2, "double": 2, "half": 1 / 2},
    "times": {},
}  # fmt: skip


class Slip(NamedTuple):
    """One change: its kind, the part that it changes, and what it puts there."""

    kind: str
    part: str
    other: str = ""


class Answer(NamedTuple):
    """A right answer by its parts, and what may go wrong with each.

    `swaps` are sizes that people take in place of another, `per` those for each of which they count a term anew, `times` those that
    they multiply the whole by (or divide it by, a stride), `plus` terms that do not belong there, `groups` terms that are left out
    together, `instead` other numbers by a name, or sums of products; `digits` are those asked behind the point.
    """

    sizes: dict[str, float]
    terms: dict[str, str]
    unit: str = "number"
    swaps: dict[str, str] = {}
    per: str = ""
    times: str = ""
    plus: dict[str, str] = {}
    groups: dict[str, str] = {}
    instead: dict[str, float | str] = {}
    digits: int | None = None
    votes: str = ""  # three slips that a vote shows, such as "left_out-biases"
    vary: dict[str, str] = {}  # sizes that can be drawn anew, with the values they may have
    derive: Callable[[dict], dict] | None = None  # the sizes that follow from those
    drawn: bool = False  # whether these are other sizes than the lesson's

    def but(self, **changes) -> "Answer":
        """The same with other parts; sizes and other numbers are added to those that are there."""
        both = {part: getattr(self, part) | changes.get(part, {}) for part in ("sizes", "instead")}
        return self._replace(**{**changes, **both})

    def variant(self, name: str, seed: int) -> "Answer":
        """The same question of other sizes, drawn from the seed."""
        return next(self.variants(name, (seed,)))

    def variants(self, name: str, seeds: Iterable[int]) -> Iterator["Answer"]:
        """The same question of other sizes for each seed, so that the usual slips differ from each other and from the truth: as many
        numbers as between the sizes, where two slips make the same only if they always do."""
        blank = self._replace(votes="", drawn=True)
        told = {other for other, made in self.instead.items() if isinstance(made, str) and specific(name, blank, Slip("instead", other))}
        blank = blank._replace(instead={other: self.instead[other] for other in self.instead if other in told})
        options = {size: [literal_eval(text) for text in texts.split()] for size, texts in self.vary.items()}
        usual = [self.parsed(), *filter(None, map(blank.made, blank.usual(name)))]
        between = random.Random(name)
        most = max(blank._of({s: between.uniform(min(o), max(o)) for s, o in options.items()}).told_apart(usual) for _ in range(3))
        for seed in seeds:
            numbers, drawn = random.Random(f"{name} {seed}"), []
            while len(drawn) < DRAWS and (not drawn or drawn[-1].told_apart(usual) < most):
                drawn.append(blank._of({size: numbers.choice(given) for size, given in options.items()}))
            yield drawn[-1] if len(drawn) < DRAWS else max(drawn, key=lambda answer: answer.told_apart(usual))

    def _of(self, sizes: dict) -> "Answer":
        sizes = self.sizes | sizes
        return self._replace(sizes=sizes | (self.derive(sizes) if self.derive else {}))

    def told_apart(self, sums: list[Terms]) -> int:
        """How many different numbers these sums make."""
        return len({float(f"{self.value(terms):.9g}") for terms in sums})

    def usual(self, name: str) -> list[Slip]:
        """The slips that are likely, or have a sentence of their own."""
        return [slip for slip in self.slips() if slip.kind != "unit" and (not unlikely((slip,)) or specific(name, self, slip))]

    def work(self) -> str:
        """The right answer as it is calculated, equal terms put together.

        >>> Answer({"k": 3, "cout": 12, "mib": 2**20}, {"once": "k cout", "again": "k cout", "less": "-1 k", "share": "cout /mib"}).work()
        '2·3·12 − 3 + 12/1,048,576'
        """
        text, shown = "", []
        for term in self.terms.values():
            minus, factors = term.startswith("-1 "), term.removeprefix("-1 ").split()
            called = [f"{self.sizes[size]:,}" if (size := word.lstrip("/")) in self.sizes else size for word in factors]
            over = [number for number, word in zip(called, factors, strict=True) if word[0] == "/"]
            times = [number for number, word in zip(called, factors, strict=True) if word[0] != "/"]
            shown.append((" − " if minus else " + ", "/".join(["·".join(times), *over])))
        for sign, product in dict.fromkeys(shown):
            count = shown.count((sign, product))
            text += sign + (f"{count}·{product}" if count > 1 else product)
        return text.removeprefix(" + ")

    def parsed(self) -> Terms:
        return {name: _factors(text) for name, text in self.terms.items()}

    def value(self, terms: Terms | None = None) -> float:
        """The sum of the products: the right answer, or what slips have made of it."""
        total, divisor, sizes = 0, 1, self.sizes
        for term in (self.parsed() if terms is None else terms).values():
            product, under = divisor, 1
            for size, power in term.items():
                number = sizes[size] if size in sizes else int(size)
                if power > 0:
                    product = product * (number if power == 1 else number**power)
                else:
                    under = under * number**-power
            total, divisor = total * under + product, divisor * under
        total = total / divisor  # once, so that no rounding comes before it
        return int(total) if isinstance(total, float) and total.is_integer() else total

    def slips(self) -> list[Slip]:
        """Every slip that this answer's parts allow."""
        terms, found = self.parsed(), []
        factors = {size: power for term in terms.values() for size, power in term.items() if not size.lstrip("-").isdigit()}
        alone = {size for size in factors if all(size not in term or set(term) - {"-1"} == {size} for term in terms.values())}
        bare = len(terms) == 1 and list(factors.values()) == [1]  # a number that stands for itself
        groups = [*terms, *self.groups] if len(terms) > 1 else []
        found += [Slip("left_out", part) for part in (*groups, *(() if bare else factors)) if part not in alone - {*groups}]
        found += [Slip("only", part) for part in groups if len(terms) > 2]
        found += [Slip("as_one", part) for part in groups]
        found += [Slip("twice", part) for part in groups]
        found += [Slip("not_squared", size) for size, power in factors.items() if power in (2, -2)]
        found += [Slip("too_often", size) for size, power in factors.items() if power > 0 and not bare]
        found += [Slip("swapped", size, other) for size, others in self.swaps.items() if size in factors for other in others.split()]
        found += [Slip("for_each", part, size) for part in (terms if len(terms) > 1 else ()) for size in self.per.split()]
        found += [Slip("times", size) for size in self.times.split()]
        found += [Slip("over", size) for size in self.times.split() if size.startswith(("stride", "groups"))]
        found += [Slip("plus", name) for name in self.plus] + [Slip("instead", name) for name in self.instead]
        return [*dict.fromkeys(found), *(Slip("unit", unit) for unit in UNITS[self.unit])]

    def changed(self, terms: Terms, slip: Slip) -> Terms | None:
        """The terms after a slip; None where it finds nothing to change."""
        kind, part, other = slip
        if kind in ("instead", "unit"):
            return None
        if kind == "plus":
            return terms | {f"+{part}": _factors(self.plus[part])}
        if kind in ("times", "over"):
            factors = _factors(part.replace("·", " "))
            return {name: _more(term, factors, 1 if kind == "times" else -1) for name, term in terms.items()}
        mine = {name for name in self.groups.get(part, part).split() if name in terms}
        if kind in WHOLE_TERMS and mine:
            return self._terms_changed(terms, kind, mine, other)
        if kind in ("only", "as_one", "twice", "for_each") or not any(part in term for term in terms.values()):
            return None
        return {name: self._factor_changed(term, kind, part, other) for name, term in terms.items()}

    @staticmethod
    def _terms_changed(terms: Terms, kind: str, mine: set[str], other: str) -> Terms:
        if kind in ("left_out", "only"):
            return {name: term for name, term in terms.items() if (name in mine) == (kind == "only")}
        changed = {
            "as_one": lambda term: {size: power for size, power in term.items() if size == "-1"},
            "twice": lambda term: _more(term, {"2": 1}),
            "for_each": lambda term: _more(term, _factors(other.replace("·", " "))),
        }[kind]
        return {name: changed(term) if name in mine else term for name, term in terms.items()}

    @staticmethod
    def _factor_changed(term: Term, kind: str, part: str, other: str) -> Term:
        if part not in term:
            return term
        power, rest = term[part], {size: count for size, count in term.items() if size != part}
        if kind == "left_out":
            return rest
        if kind == "not_squared":
            return rest | {part: power // 2} if power in (2, -2) else term
        if kind == "too_often":
            return rest | {part: power + 1}
        return _more(rest, {other: power})

    def after(self, terms: Terms, slip: Slip) -> float | None:
        """What a slip makes of a sum; None where it finds nothing to change, or leaves nothing."""
        if slip.kind == "unit":
            return self.value(terms) * UNITS[self.unit][slip.part]
        changed = self.changed(terms, slip)
        return self.value(changed) if changed else None

    def outcome(self, slip: Slip) -> float | None:
        """What one slip makes of the right answer; None where it finds nothing to change."""
        if slip.kind == "instead" and not isinstance(self.instead[slip.part], str):
            return self.instead[slip.part]
        made = self.made(slip)
        return self.value(made) if made else self.after(self.parsed(), slip)

    def made(self, slip: Slip) -> Terms | None:
        """The sum that a slip makes of the right one; None where it is no sum of these sizes."""
        if slip.kind == "instead":
            return dict(enumerate(map(_factors, self.instead[slip.part].split(" + "))))
        return self.changed(self.parsed(), slip)

    def after_all(self, slips: tuple[Slip, ...]) -> float:
        """What one slip or two make of the right answer; the right one where they find nothing to change."""
        first, *others = slips
        number = self.after(self.changed(self.parsed(), first) or {}, *others) if others else self.outcome(first)
        return self.value() if number is None else number

    def causes(self, agrees: Callable[[float], bool], every: bool = False) -> list[tuple[Slip, ...]]:
        """The fewest slips whose outcome agrees, in every way that so few can, the likelier first; or all ways of one or two slips."""
        truth, outcomes = self.value(), {slip: self.outcome(slip) for slip in self.slips()}
        found = [(slip,) for slip, number in outcomes.items() if number not in (None, truth) and agrees(number)]
        if every or not found:
            right, far = self.parsed(), {slip: unlikely((slip,)) for slip in outcomes}
            parts = [slip for slip in outcomes if slip.kind != "instead" and far[slip] <= 1]
            parts.sort(key=lambda slip: slip.kind != "plus")  # what is added comes first, so that the other slip sees it
            for i, first in enumerate(parts):
                terms = self.changed(right, first)
                for second in parts[i + 1 :] if terms else ():
                    if first.part != second.part and far[first] + far[second] <= 1:
                        number = self.after(terms, second)
                        if number not in (None, truth, 1) and agrees(number):  # 1: all is left out
                            found.append((first, second))
        return sorted(found, key=unlikely)


DRAWS = 20  # at most, of which the one is taken that tells most slips apart
WHOLE_TERMS = ("left_out", "only", "as_one", "twice", "for_each")
RARE = {"too_often": 2, "swapped": 1, "for_each": 1, "twice": 2, "as_one": 1, "over": 1, "only": 2, "plus": 1, "times": 1}
FAR = {"half": 1, "double": 1, "bits": 2, "bytes": 2, "training": 2}  # units that a second slip makes by chance


def unlikely(slips: tuple[Slip, ...]) -> int:
    """How far-fetched a cause is: leaving something out is what people do most."""
    return sum(RARE.get(slip.kind, 0) + FAR.get(slip.part, 0) * (slip.kind == "unit") + (slip[:2] == ("swapped", "k")) for slip in slips)


def spelled(slip: Slip) -> str:
    """A slip as words/ and a learner's results know it.

    >>> spelled(Slip("swapped", "k", "cin")), spelled(Slip("left_out", "biases"))
    ('swapped-k-cin', 'left_out-biases')
    """
    return "-".join(filter(None, slip))


ANY_SIZE = r"{.*?}|\b(2\*\*20|2\^20|10\*\*6|10\^6|1,024|1,000)\b|(?<!\d)×\d"  # what is true of any sizes


def specific(name: str, answer: Answer, slip: Slip) -> str | None:
    """A slip's own sentence: in this exercise, or wherever it is made; for other numbers only one that names none."""
    key = spelled(slip)
    common = find(f"slip.{key}")
    if common and not set(re.findall(r"{(\w+)", common)) <= answer.sizes.keys():  # it speaks of a size that this exercise does not have
        common = None
    text = find(f"exercise.{name}.slip.{key}") or common
    names_numbers = answer.drawn and text and re.search(r"(?<![\w^])\d", re.sub(ANY_SIZE, "", text))  # the 1 of fc1 is none
    return None if names_numbers else text


class Function(NamedTuple):
    """An answer that is a function of these sizes, tried on several cases."""

    arguments: tuple[str, ...]
    cases: list[Answer]


@cache
def _factors(text: str) -> Term:
    """'k k cin /cout' as how often each is a factor.

    >>> _factors("k k cin /cout")
    {'k': 2, 'cin': 1, 'cout': -1}
    """
    return _more({}, [(word.lstrip("/"), -1 if word.startswith("/") else 1) for word in text.split()])


def _more(term: Term, factors, sign: int = 1) -> Term:
    result = dict(term)
    for size, power in factors.items() if isinstance(factors, dict) else factors:
        result[size] = result.get(size, 0) + sign * power
    return {size: power for size, power in result.items() if power}
