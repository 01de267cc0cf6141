"""A claim of an article, and how it is tried: lessons/ has what it says and what is true, words/ its figures in words."""

from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import NamedTuple

from course_lib import by_hand


class Verdict(NamedTuple):
    """What a claim says, what is true, what it is without the claim's condition, the number to show, and so how the claim stands."""

    said: object
    true: object
    otherwise: object
    figure: object
    verdict: str


@dataclass(frozen=True)
class Claim:
    """`said` is compared with `true`. Each part but `article` and `expected` is a value, or where it needs PyTorch a function of
    `vocabulary()`, and the verdict is found by trying."""

    article: str  # who says it: A1, A2, A3, A4, CS231n
    expected: str  # the verdict: holds, holds_if or does_not_hold; for a test alone
    said: object
    true: object
    otherwise: object = None  # what is true without the claim's condition
    figure: object = None  # the number to show for `true`
    name: str = ""  # its key in its lesson's CLAIMS; set where these are read
    lesson: int = -1  # set there, too

    def verdict(self) -> Verdict:
        """
        >>> Claim("A1", "holds_if", said=6, true=lambda ask: ask.params(ask.nn.Linear(2, 2)), otherwise=4).verdict().verdict
        'holds_if'
        """
        ask = vocabulary()
        with ask.torch.random.fork_rng(devices=[]):  # layers are made on the way, and these draw random numbers
            parts = (self.said, self.true, self.otherwise, self.figure)
            said, true, otherwise, figure = (part(ask) if callable(part) else part for part in parts)
        verdict = "does_not_hold" if said != true else "holds_if" if otherwise not in (None, said) else "holds"
        return Verdict(said, true, otherwise, true if figure is None else figure, verdict)


@cache
def vocabulary() -> SimpleNamespace:
    """What a claim can ask with: by_hand's names, predict_memory, timeline, PyTorch, and what asks it and measures."""
    from course_lib.by_hand import memory, step
    from course_lib.by_machine import evidence, measuring

    names = {}
    for module in (by_hand, memory, step, evidence, measuring):
        names |= vars(module)
    return SimpleNamespace(**names)
