"""Numbers and arithmetic in a text, read as a reader reads them."""

import ast
import math
import operator
import re
from typing import NamedTuple

LATEX = {
    r"{,}": ",",
    r"\cdot": "·",
    r"\times": "×",
    r"\lfloor": "floor(",
    r"\rfloor": ")",
    "$": " ",
    "<sup>": "^",
    "</sup>": "",
    " - ": " − ",
}
DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
LINK = re.compile(r"\]\([^)]*\)")
NUMBER = r"\d{1,3}(?:[,_]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?"
NO_NUMBER = r"[A-Za-z_#]\w*(?:[-/]\d+)?|\d+(?:\.\d+){2,}|\d+[A-Za-z_]\w*|\d+-(?=[A-Za-z])"  # conv2, GPT-2, 1.5.1, 2x, 16-bit
SCALES = {"million": 1e6, "M": 1e6, "MB": 1e6, "MiB": 2**20, "billion": 1e9, "GFLOPs": 1e9, "MFLOPs": 1e6, "kB": 1e3, "%": 0.01}
UNIT = rf"(?:{'|'.join(sorted(SCALES, key=len, reverse=True))})(?!\w)"
TOKEN = re.compile(
    rf"(?P<floor>floor\()|(?P<unit>{UNIT})|(?P<other>{NO_NUMBER})|(?P<number>{NUMBER})|(?P<sign>\*\*|[-·×*/^+−()=])|(?P<rest>\S)"
)
SIGNS = ("·", "×", "*", "/", "^", "**", "+", "−", "=")
OPERATORS = [{"+": operator.add, "−": operator.sub}, {"·": operator.mul, "×": operator.mul, "*": operator.mul, "/": operator.truediv}]


class Number(NamedTuple):
    """A number as it is written, and the unit behind it."""

    text: str
    unit: str = ""

    @property
    def value(self) -> float:
        return ast.literal_eval(self.text.replace(",", "").lstrip("0") or "0")

    @property
    def decimals(self) -> int:
        return len(self.text.partition(".")[2])

    @property
    def digits(self) -> int:
        return len(re.sub(r"\D", "", self.text).lstrip("0"))

    def is_one_of(self, known: set[float]) -> bool:
        """Whether it is one of these, as it is or counted in its unit."""
        return any(self.means(fact / scale) for scale in {1, SCALES.get(self.unit, 1)} for fact in known)

    def means(self, fact: float) -> bool:
        """Whether it is this number, rounded to as many decimals."""
        return math.isclose(round(fact, self.decimals), self.value, rel_tol=1e-12)


class Sum(NamedTuple):
    """What stands on one side of an equals sign, or alone: a calculation, or a single number."""

    numbers: list[Number]
    signs: list[str]
    value: float

    @property
    def is_a_size(self) -> bool:
        """Whether it is a number alone, small, or names a size, such as 3×32×32."""
        return set(self.signs) <= {"×"} or self.value < 100

    @property
    def text(self) -> str:
        """Its numbers and signs in order, without brackets."""
        rest = [f" {sign} {number.text}" for sign, number in zip(self.signs, self.numbers[1:], strict=False)]
        return self.numbers[0].text + "".join(rest)

    def agrees(self, other: "Sum") -> bool:
        if self.signs and not other.signs:
            return other.agrees(self)
        if self.signs:
            return math.isclose(self.value, other.value)
        return self.numbers[0].means(other.value)


def plain(text: str) -> str:
    """The text without LaTeX, links and superscripts.

    >>> plain("$3{,}072 \\\\cdot 2$, 10⁶")
    ' 3,072 · 2 , 10^6'
    """
    for latex, character in LATEX.items():
        text = text.replace(latex, character)
    text = re.sub(r"\^{(\d+)}", r"^\1", text)
    return SUPERSCRIPT.sub(lambda found: "^" + found[0].translate(DIGITS), LINK.sub("]", text))


class Reader:
    """The equations of a text: each a list of sums, of which those with several are said to be equal.

    >>> [[side.value for side in sides] for sides in Reader("(6 − 3)/2 + 1 = 2.5, and 12·4·4 of 26,926").equations]
    [[2.5, 2.5], [192], [26926]]
    """

    def __init__(self, text: str) -> None:
        self.text = plain(text)
        self.tokens = [(found.lastgroup, found[0], found.start()) for found in TOKEN.finditer(self.text)]
        self.place, self.equations = 0, []
        while self.place < len(self.tokens):
            before = self.tokens[self.place - 1][1] if self.place else ""
            if sides := self._equation():  # behind a sign, as in k·3 = 9, it lacks a part
                self.equations += [[side] for side in sides] if before in SIGNS else [sides]
            else:
                self.place += 1

    def _next(self, *signs: str) -> str:
        kind, text, _ = self.tokens[self.place] if self.place < len(self.tokens) else ("", "", 0)
        if text not in signs or kind not in ("sign", "floor"):
            return ""
        self.place += 1
        return text

    def _equation(self) -> list[Sum]:
        sides = [self._sum()]
        while sides[-1]:
            start = self.place
            if not self._next("=") or not (side := self._sum()):
                self.place = start
                return sides
            sides.append(side)
        return []

    def _sum(self, level: int = 0) -> Sum | None:
        lower = self._power if level == len(OPERATORS) - 1 else lambda: self._sum(level + 1)
        left = lower()
        while left:
            start = self.place
            sign = self._next(*OPERATORS[level])
            if not sign or not (right := lower()) or (sign == "/" and not right.value):
                self.place = start
                return left
            left = Sum(left.numbers + right.numbers, [*left.signs, sign, *right.signs], OPERATORS[level][sign](left.value, right.value))
        return None

    def _power(self) -> Sum | None:
        base, start = self._single(), self.place
        if not base or not self._next("^", "**") or not (power := self._single()):
            self.place = start
            return base
        return Sum(base.numbers + power.numbers, [*base.signs, "^"], base.value**power.value)

    def _single(self) -> Sum | None:
        start = self.place
        if opened := self._next("(", "floor("):
            inner = self._sum()
            if inner and self._next(")"):
                return inner._replace(value=math.floor(inner.value)) if opened == "floor(" else inner
            self.place = start
            return None
        if self.place < len(self.tokens) and self.tokens[self.place][0] == "number":
            text = self.tokens[self.place][1]
            self.place += 1
            number = Number(text, self._unit())
            return Sum([number], [], number.value)
        return None

    def _unit(self) -> str:
        if self.place < len(self.tokens) and self.tokens[self.place][0] == "unit":
            self.place += 1
            return self.tokens[self.place - 1][1]
        return ""


def numbers(text: str) -> list[Number]:
    return [number for sides in Reader(text).equations for side in sides for number in side.numbers]
