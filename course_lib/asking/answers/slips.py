"""A wrong answer taken apart: which one or two slips make it of the right one.

A right answer is a sum of terms, a term a product of sizes. A slip changes one of these parts, or the whole; it is known by its kind and
by the part that it changes. All that one slip can make is tried, then all that two can. Numbers alone: words/ has the sentences.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

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
BY_CHANCE = {"half": 1, "double": 1, "bits": 2, "bytes": 2, "training": 2}  # units that a second slip makes by chance: their rank


class Slip(NamedTuple):
    """One change: its kind, the part that it changes, and what it puts there."""

    kind: str
    part: str
    other: str = ""

    def spelled(self) -> str:
        """As words/ and a learner's results know it.

        >>> Slip("swapped", "k", "cin").spelled(), Slip("left_out", "biases").spelled()
        ('swapped-k-cin', 'left_out-biases')
        """
        return "-".join(filter(None, self))

    def rank(self) -> int:
        """How far-fetched it is: leaving something out is what people do most."""
        by_chance = BY_CHANCE.get(self.part, 0) if self.kind == "unit" else 0
        return KINDS[self.kind].rank + by_chance + (self[:2] == ("swapped", "k"))


@dataclass(frozen=True)
class Sum:
    """A sum of products, and what may go wrong with each part of it.

    Terms are written as their factors: "k k cin" is k·k·cin, "-1 k" is −k, "hundred part /whole" divides.
    """

    sizes: dict[str, float] = field(default_factory=dict)  # every size that a term or a sentence names, with its number
    terms: dict[str, str] = field(default_factory=dict)  # the sum, term by term
    unit: str = "number"  # what is asked for, a key of UNITS
    swaps: dict[str, str] = field(default_factory=dict)  # by size: those that people take in its place
    per: str = ""  # sizes for each of which people count a term anew
    times: str = ""  # sizes that people multiply the whole by, or for a stride or groups divide it by
    plus: dict[str, str] = field(default_factory=dict)  # terms that do not belong there
    groups: dict[str, str] = field(default_factory=dict)  # terms that go together: left out, alone, counted twice
    instead: dict[str, float | str] = field(default_factory=dict)  # other numbers, by a name: one number, or a sum such as "k k + cin"

    @cached_property
    def parsed(self) -> Terms:
        """The terms with their factors."""
        return {name: factors_of(text) for name, text in self.terms.items()}

    @cached_property
    def factors(self) -> Term:
        """The sizes that are factors of a term, with how often each is."""
        return {size: power for term in self.parsed.values() for size, power in term.items() if not size.lstrip("-").isdigit()}

    @cached_property
    def named_parts(self) -> list[str]:
        """The terms, and the groups of them, of a sum of several."""
        return [*self.terms, *self.groups] if len(self.terms) > 1 else []

    @cached_property
    def is_bare(self) -> bool:
        """Whether it is one number that stands for itself."""
        return len(self.terms) == 1 and list(self.factors.values()) == [1]

    @cached_property
    def truth(self) -> float:
        """The right answer.

        >>> Sum({"k": 3, "cin": 5, "cout": 12}, {"weights": "k k cin cout", "biases": "cout"}).truth
        552
        """
        return self.evaluated(self.parsed)

    def evaluated(self, terms: Terms) -> float:
        """The sum of such products of these sizes."""
        total, divisor, sizes = 0, 1, self.sizes
        for term in terms.values():
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

    def removable(self) -> list[str]:
        """What can be left out: terms, groups, and a factor where others remain in its term."""
        lone = {size for size in self.factors if all(set(term) - {"-1"} == {size} for term in self.parsed.values() if size in term)}
        return [*self.named_parts, *(size for size in self.factors if not self.is_bare and size not in lone)]

    def slips(self) -> list[Slip]:
        """Every slip that the parts allow."""
        return list(dict.fromkeys(Slip(name, *place.split("-")) for name, kind in KINDS.items() for place in kind.places(self)))

    def terms_after(self, terms: Terms, slip: Slip) -> Terms | None:
        """The terms after a slip; None where it finds nothing to change."""
        kind, part, _ = slip
        named = [name for name in self.groups.get(part, part).split() if name in terms]
        if kind == "plus":
            return terms | {f"+{part}": factors_of(self.plus[part])}
        if kind == "only":
            return {name: term for name, term in terms.items() if name in named} or None
        if kind in ("times", "over"):
            named = list(terms)
        if named and (change := KINDS[kind].of_term):
            after = {name: change(term, slip) if name in named else term for name, term in terms.items()}
            return {name: term for name, term in after.items() if term is not None}
        return self._factors_after(terms, slip)

    @staticmethod
    def _factors_after(terms: Terms, slip: Slip) -> Terms | None:
        change, size = KINDS[slip.kind].of_factor, slip.part
        if change is None or not any(size in term for term in terms.values()):
            return None
        rests = {name: {other: power for other, power in term.items() if other != size} for name, term in terms.items()}
        return {name: multiplied(rests[name], change(term[size], slip)) if size in term else term for name, term in terms.items()}

    def sum_after(self, slip: Slip) -> Terms | None:
        """The sum that a slip makes of the right one; None where it is no sum of these sizes."""
        if slip.kind == "instead":
            return dict(enumerate(map(factors_of, self.instead[slip.part].split(" + "))))
        return self.terms_after(self.parsed, slip)

    def number_after(self, terms: Terms, slip: Slip) -> float | None:
        """What a slip makes of a sum; None where it finds nothing to change, or leaves nothing."""
        if slip.kind == "unit":
            return self.evaluated(terms) * UNITS[self.unit][slip.part]
        after = self.terms_after(terms, slip)
        return self.evaluated(after) if after else None

    def outcome(self, slip: Slip) -> float | None:
        """What one slip makes of the right answer; None where it finds nothing to change."""
        if slip.kind != "instead":
            return self.number_after(self.parsed, slip)
        number = self.instead[slip.part]
        return self.evaluated(self.sum_after(slip)) if isinstance(number, str) else number

    def after_all(self, slips: tuple[Slip, ...]) -> float:
        """What one slip or two make of the right answer; the right one where they find nothing to change."""
        first, *others = slips
        number = self.number_after(self.terms_after(self.parsed, first) or {}, *others) if others else self.outcome(first)
        return self.truth if number is None else number

    def causes(self, agrees: Callable[[float], bool], every: bool = False) -> list[tuple[Slip, ...]]:
        """The fewest slips whose outcome agrees, in every way that so few can, the likelier first; or all ways of one or two slips."""
        outcomes = {slip: self.outcome(slip) for slip in self.slips()}
        causes = [(slip,) for slip, number in outcomes.items() if number not in (None, self.truth) and agrees(number)]
        if every or not causes:
            all_is_left_out = 1
            causes += [
                pair for pair, number in self._pairs(outcomes) if number not in (None, self.truth, all_is_left_out) and agrees(number)
            ]
        return sorted(causes, key=rank_of)

    def _pairs(self, slips: Iterable[Slip]) -> Iterator[tuple[tuple[Slip, Slip], float | None]]:
        """Two likely slips of different parts, and what they make together; what is added comes first, so that the other sees it."""
        ranks = {slip: slip.rank() for slip in slips}
        likely = [slip for slip, rank in ranks.items() if slip.kind != "instead" and rank <= 1]
        likely.sort(key=lambda slip: slip.kind != "plus")
        for i, first in enumerate(likely):
            terms = self.terms_after(self.parsed, first)
            for second in likely[i + 1 :] if terms else ():
                if first.part != second.part and ranks[first] + ranks[second] <= 1:
                    yield (first, second), self.number_after(terms, second)


class Kind(NamedTuple):
    """A kind of slip."""

    rank: int  # how far-fetched it is
    places: Callable[[Sum], Iterable[str]]  # the parts of a sum that it can change: "part", or "part-other" with what it puts there
    of_term: Callable[[Term, Slip], Term | None] | None = None  # what it makes of a term that it names; None where that goes
    of_factor: Callable[[int, Slip], Term] | None = None  # what it puts in the place of a factor, from how often that stands there


KINDS = {  # in the order in which they are tried, and told where two are as likely
    "left_out": Kind(0, lambda s: s.removable(), lambda term, slip: None, lambda power, slip: {}),
    "only": Kind(2, lambda s: s.named_parts if len(s.terms) > 2 else ()),
    "as_one": Kind(1, lambda s: s.named_parts, lambda term, slip: {size: power for size, power in term.items() if size == "-1"}),
    "twice": Kind(2, lambda s: s.named_parts, lambda term, slip: multiplied(term, {"2": 1})),
    "not_squared": Kind(
        0,
        lambda s: (size for size, power in s.factors.items() if power in (2, -2)),
        of_factor=lambda power, slip: {slip.part: power // 2 if power in (2, -2) else power},
    ),
    "too_often": Kind(
        2,
        lambda s: (size for size, power in s.factors.items() if power > 0 and not s.is_bare),
        of_factor=lambda power, slip: {slip.part: power + 1},
    ),
    "swapped": Kind(
        1,
        lambda s: (f"{size}-{other}" for size, others in s.swaps.items() if size in s.factors for other in others.split()),
        of_factor=lambda power, slip: {slip.other: power},
    ),
    "for_each": Kind(
        1,
        lambda s: (f"{part}-{size}" for part in (s.terms if len(s.terms) > 1 else ()) for size in s.per.split()),
        lambda term, slip: multiplied(term, factors_of(slip.other)),
    ),
    "times": Kind(1, lambda s: s.times.split(), lambda term, slip: multiplied(term, factors_of(slip.part))),
    "over": Kind(
        1,
        lambda s: (size for size in s.times.split() if size.startswith(("stride", "groups"))),
        lambda term, slip: multiplied(term, {size: -power for size, power in factors_of(slip.part).items()}),
    ),
    "plus": Kind(1, lambda s: s.plus),
    "instead": Kind(0, lambda s: s.instead),
    "unit": Kind(0, lambda s: UNITS[s.unit]),
}


def rank_of(slips: tuple[Slip, ...]) -> int:
    """How far-fetched a cause is, of one slip or two."""
    return sum(slip.rank() for slip in slips)


@cache
def factors_of(text: str) -> Term:
    """'k k cin /cout' as how often each is a factor; out·out is out twice.

    >>> factors_of("k k cin /cout"), factors_of("out·out")
    ({'k': 2, 'cin': 1, 'cout': -1}, {'out': 2})
    """
    term: Term = {}
    for word in text.replace("·", " ").split():
        term = multiplied(term, {word.lstrip("/"): -1 if word.startswith("/") else 1})
    return term


def multiplied(term: Term, factors: Term) -> Term:
    """The product of both; what divides out is gone."""
    product = dict(term)
    for size, power in factors.items():
        product[size] = product.get(size, 0) + power
    return {size: power for size, power in product.items() if power}
