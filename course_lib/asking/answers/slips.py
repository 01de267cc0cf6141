"""A wrong answer taken apart: which one or two slips make it of the right one.

A right answer is a sum of terms, a term a product of sizes. A slip changes one of these parts, or the whole; it is known by its kind and
by the part that it changes. All that one slip can make is tried, then all that two can. Numbers alone: words/ has the sentences.
"""

import tomllib
from ast import literal_eval
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

Term = dict[str, int]  # how often each size is a factor of it; −1 divides
Terms = dict[str, Term]

UNITS = tomllib.loads(Path(__file__).with_name("units.toml").read_text(encoding="utf-8"))  # wrong units, by what is asked for
# Ranks on top of that of the kind: units that a second slip makes by chance, and another size for the kernel's.
RANK = {("unit", "half"): 1, ("unit", "double"): 1, ("unit", "bits"): 2, ("unit", "bytes"): 2, ("unit", "training"): 2, ("swapped", "k"): 1}


class Slip(NamedTuple):
    """One change: its kind, the part that it changes, and what it puts there."""

    kind: str
    part: str
    other: str = ""

    def spelled(self) -> str:
        """As words/ and a learner's results know it: "swapped-k-cin", "left_out-biases"."""
        return "-".join(filter(None, self))

    def rank(self) -> int:
        """How far-fetched it is: leaving something out is what people do most."""
        return KINDS[self.kind].rank + RANK.get(self[:2], 0)


@dataclass(frozen=True)
class Sum:
    """A sum of products, and what may go wrong with each part: "k k cin" is k·k·cin, "-1 k" is −k, "hundred part /whole" divides."""

    sizes: dict[str, float] = field(default_factory=dict)  # every size that a term or a sentence names, with its number
    terms: dict[str, str] = field(default_factory=dict)  # the sum, term by term
    unit: str = "number"  # what is asked for, a key of UNITS
    swaps: dict[str, str] = field(default_factory=dict)  # by size: those that people take in its place
    per: str = ""  # sizes for each of which people count a term anew
    times: str = ""  # sizes that people multiply the whole by, or for a stride or groups divide it by
    plus: dict[str, str] = field(default_factory=dict)  # terms that do not belong there
    groups: dict[str, str] = field(default_factory=dict)  # terms that go together: left out, alone, counted twice
    instead: dict[str, float | str] = field(default_factory=dict)  # other numbers, by a name: one number, or a sum such as "k k + cin"

    parsed = cached_property(lambda self: {name: factors_of(text) for name, text in self.terms.items()})  # the terms with their factors
    truth = cached_property(lambda self: self.evaluated(self.parsed))  # the right answer

    @cached_property
    def factors(self) -> Term:
        """The sizes that are factors of a term, with how often each is."""
        return {size: power for term in self.parsed.values() for size, power in term.items() if not size.lstrip("-").isdigit()}

    named_parts = property(lambda self: [*self.terms, *self.groups] if len(self.terms) > 1 else [])  # of a sum of several terms
    is_bare = property(lambda self: len(self.terms) == 1 and list(self.factors.values()) == [1])  # one number that stands for itself

    def evaluated(self, terms: Terms) -> float:
        """The sum of such products of these sizes."""
        total, divisor = 0, 1
        for term in terms.values():
            above = below = 1
            for size, power in term.items():
                number = self.sizes[size] if size in self.sizes else _number(size)
                above, below = (above * number**power, below) if power > 0 else (above, below * number**-power)
            total, divisor = total * below + divisor * above, divisor * below
        total = total / divisor  # once, so that no rounding comes before it
        return int(total) if isinstance(total, float) and total.is_integer() else total

    def removable(self) -> list[str]:
        """What can be left out: terms, groups, and a factor where others remain in its term."""
        lone = {size for size in self.factors if all(set(term) - {"-1"} == {size} for term in self.parsed.values() if size in term)}
        return [*self.named_parts, *(size for size in self.factors if not self.is_bare and size not in lone)]

    def places(self) -> dict[str, Iterable[str]]:
        """By kind, the parts that a slip can change: "part", or "part-other" with what it puts there."""
        several, powers = len(self.terms) > 1, self.factors.items()
        return {  # in the order in which they are tried, and told where two are as likely
            "left_out": self.removable(),
            "only": self.named_parts if len(self.terms) > 2 else [],
            "as_one": self.named_parts,
            "twice": self.named_parts,
            "not_squared": [size for size, power in powers if power in (2, -2)],
            "too_often": [size for size, power in powers if power > 0 and not self.is_bare],
            "swapped": [f"{size}-{other}" for size, others in self.swaps.items() if size in self.factors for other in others.split()],
            "for_each": [f"{term}-{size}" for term in self.terms for size in self.per.split() if several],
            "times": self.times.split(),
            "over": [size for size in self.times.split() if size.startswith(("stride", "groups"))],
            "plus": self.plus,
            "instead": self.instead,
            "unit": UNITS[self.unit],
        }

    def slips(self) -> list[Slip]:
        return list(dict.fromkeys(Slip(kind, *place.split("-")) for kind, places in self.places().items() for place in places))

    def sum_after(self, slip: Slip, terms: Terms | None = None) -> Terms | None:
        """What a slip makes of the right sum, or of these terms; None where it finds nothing to change."""
        terms = self.parsed if terms is None else terms
        kind, part, _ = slip
        if kind == "instead":
            return dict(enumerate(map(factors_of, f"{self.instead[part]}".split(" + "))))
        if kind == "plus":
            return terms | {f"+{part}": factors_of(self.plus[part])}
        named = terms.keys() & self.groups.get(part, part).split()
        if named and kind in ("left_out", "only"):
            return {name: term for name, term in terms.items() if (name in named) == (kind == "only")}
        having = {name for name, term in terms.items() if part in term}
        changed = {"whole": terms, "named": named, "having": having}.get(KINDS[kind].changes)
        if not changed:
            return None
        return {name: multiplied(term, KINDS[kind].by(term, slip)) if name in changed else term for name, term in terms.items()}

    def outcome(self, slip: Slip, terms: Terms | None = None) -> float | None:
        """The number that a slip makes of the right sum, or of these terms; None where it finds nothing to change, or leaves nothing."""
        if slip.kind == "unit":
            return self.evaluated(self.parsed if terms is None else terms) * UNITS[self.unit][slip.part]
        after = self.sum_after(slip, terms)
        return self.evaluated(after) if after else None

    def causes(self, agrees: Callable[[float], bool], every: bool = False) -> list[tuple[Slip, ...]]:
        """The fewest slips whose outcome agrees, in every way that so few can; or all ways of one or two slips."""
        outcomes = {slip: self.outcome(slip) for slip in self.slips()}
        causes = [(slip,) for slip, number in outcomes.items() if number not in (None, self.truth) and agrees(number)]
        if every or not causes:
            nothing = (None, self.truth, 1)  # 1 is what remains where all factors are left out
            causes += [pair for pair, number in self._pairs(outcomes) if number not in nothing and agrees(number)]
        return causes

    def _pairs(self, slips: Iterable[Slip]) -> Iterator[tuple[tuple[Slip, Slip], float | None]]:
        """Two likely slips of different parts, and what they make together; what is added comes first, so that the other sees it."""
        likely = sorted((slip for slip in slips if slip.kind != "instead" and slip.rank() <= 1), key=lambda slip: slip.kind != "plus")
        sums = {slip: self.sum_after(slip) for slip in likely}
        for first, second in combinations(likely, 2):
            if sums[first] and first.part != second.part and first.rank() + second.rank() <= 1:
                yield (first, second), self.outcome(second, sums[first])


class Kind(NamedTuple):
    """A kind of slip: how far-fetched it is, and what it multiplies which terms with where it changes any so."""

    rank: int
    changes: str = ""  # "whole", the sum; "named", the terms that it names; "having", those with the factor that it names
    by: Callable[[Term, Slip], Term] | None = None


KINDS = {
    "left_out": Kind(0, "having", lambda term, slip: {slip.part: -term[slip.part]}),
    "only": Kind(2),
    "as_one": Kind(1, "named", lambda term, slip: {size: -power for size, power in term.items() if size != "-1"}),
    "twice": Kind(2, "named", lambda term, slip: {"2": 1}),
    "not_squared": Kind(0, "having", lambda term, slip: {slip.part: {2: -1, -2: 1}.get(term[slip.part], 0)}),
    "too_often": Kind(2, "having", lambda term, slip: {slip.part: 1}),
    "swapped": Kind(1, "having", lambda term, slip: {slip.part: -term[slip.part], slip.other: term[slip.part]}),
    "for_each": Kind(1, "named", lambda term, slip: factors_of(slip.other)),
    "times": Kind(1, "whole", lambda term, slip: factors_of(slip.part)),
    "over": Kind(1, "whole", lambda term, slip: {size: -power for size, power in factors_of(slip.part).items()}),
    "plus": Kind(1),
    "instead": Kind(0),
    "unit": Kind(0),
}
_number = cache(literal_eval)  # of a factor that is written as one


@cache
def factors_of(text: str) -> Term:
    """How often each is a factor: {"k": 2, "cout": -1} in "k k /cout"; out·out is out twice."""
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
