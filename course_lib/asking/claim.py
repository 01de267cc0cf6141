"""A claim of an article, and how it is tried: lessons/ has what it says and what is true, words/ its figures in words."""

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


class Claim(NamedTuple):
    """`said` is compared with `true`; `otherwise` is the answer without the claim's condition, `figure` the number to show for `true`.

    Each is a value, or where it needs PyTorch a function of `names`. `expected` is for a test alone: the verdict is found by trying.
    """

    expected: str
    said: object
    true: object
    otherwise: object = None
    figure: object = None

    def tried(self) -> Verdict:
        """
        >>> Claim("holds_if", said=6, true=lambda ask: ask.params(ask.nn.Linear(2, 2)), otherwise=4).tried().verdict
        'holds_if'
        """
        ask = names()
        with ask.torch.random.fork_rng(devices=[]):  # layers are made on the way, and these draw random numbers
            said, true, otherwise, figure = (part(ask) if callable(part) else part for part in self[1:])
        verdict = "does_not_hold" if said != true else "holds_if" if otherwise not in (None, said) else "holds"
        return Verdict(said, true, otherwise, true if figure is None else figure, verdict)


@cache
def names() -> SimpleNamespace:
    """What a claim can ask with: by_hand's names, predict_memory, timeline, PyTorch, and what asks it and measures."""
    from course_lib.by_hand import memory, step
    from course_lib.by_machine import evidence, measuring

    found = {}
    for module in (by_hand, memory, step, evidence, measuring):
        found |= vars(module)
    return SimpleNamespace(**found)
