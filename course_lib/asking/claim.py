"""A claim of an article, and how it is tried: lessons/ has what it says and what is true, words/ its figures in words."""

from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace

from course_lib import by_hand


@dataclass(frozen=True)
class Claim:
    """A verdict is found by trying: `said` and what follows are values, or where they need PyTorch functions of `vocabulary()`."""

    article: str  # who says it: A1, A2, A3, A4, CS231n
    expected: str  # the verdict: holds, holds_if or does_not_hold; for a test alone
    said: object
    true: object
    otherwise: object = None  # what is true without the claim's condition
    figure: object = None  # the number to show for `true`
    name: str = ""  # its key in its lesson's CLAIMS; set where these are read
    lesson: int = -1  # set there, too

    @property
    def verdict(self) -> str:
        if self.said != self.true:
            return "does_not_hold"
        return "holds" if self.otherwise in (None, self.said) else "holds_if"

    def tried(self) -> "Claim":
        """The same with values for its parts, so that it has a verdict."""
        ask = vocabulary()
        with ask.torch.random.fork_rng(devices=[]):  # layers are made on the way, and these draw random numbers
            return replace(self, **{part: value(ask) for part, value in vars(self).items() if callable(value)})


@cache
def vocabulary() -> SimpleNamespace:
    """What a claim can ask with: by_hand's names, predict_memory, timeline, PyTorch, and what asks it and measures."""
    from course_lib.by_hand import memory, step
    from course_lib.by_machine import evidence, measuring

    return SimpleNamespace(**vars(by_hand) | vars(memory) | vars(step) | vars(evidence) | vars(measuring))
