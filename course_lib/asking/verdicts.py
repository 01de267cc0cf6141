"""How an article's claim is tried, and the claims as a table, each executed: lessons/ has what they say and what is true."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

from course_lib import by_hand
from course_lib.asking.answers import Claim
from course_lib.lessons import entries
from course_lib.show.tables import Cell, Table
from course_lib.words import words

CLAIMS: dict[str, Claim] = dict(sorted(entries("CLAIMS").items(), key=lambda entry: (entry[1].article, entry[1].lesson)))
TONES = {"holds": "good", "holds_if": "quiet", "does_not_hold": "up"}


@cache
def vocabulary() -> SimpleNamespace:
    """What a claim can ask with: by_hand's names, predict_memory, timeline, PyTorch, and what asks it and measures."""
    from course_lib.by_hand import memory, step
    from course_lib.by_machine import evidence, measuring

    return SimpleNamespace(**vars(by_hand) | vars(memory) | vars(step) | vars(evidence) | vars(measuring))


@cache
def verdict_on(name: str) -> Claim:
    """One claim, put to the test now: with values for its parts, so that it has a verdict."""
    ask = vocabulary()
    with ask.torch.random.fork_rng(devices=[]):  # layers are made on the way, and these draw random numbers
        return replace(CLAIMS[name], **{part: value(ask) for part, value in vars(CLAIMS[name]).items() if callable(value)})


def claims(article: str = "") -> Table:
    """The articles' claims as a table, each executed: those of A1, A2, A3, A4, CS231n, TinyTorch or Accelerate, or all (in ten seconds).

    >>> claims("A4").rows[3][1:4]
    ['29,226 parameters', Cell(text='does not hold', tone='up'), '105,450']
    """
    articles = list(dict.fromkeys(claim.article for claim in CLAIMS.values()))
    wanted = [known for known in articles if str(article).upper() in ("", known.upper())]
    if not wanted:
        raise ValueError(words("exercise_call.article", known=", ".join(articles), given=article))
    columns = [f"<{words(heading)}" for heading in ("article", "claim", "verdict", "what_is_true")] + [words("lesson")]
    return Table(columns, [_claim_row(claim) for claim in CLAIMS.values() if claim.article in wanted])


def _claim_row(claim: Claim) -> list[str | Cell]:
    try:
        tried = verdict_on(claim.name)
    except ModuleNotFoundError as missing:  # a tool that is not installed
        cell, true = Cell(words("not_tried"), "quiet"), str(missing)
    else:
        figure = tried.true if tried.figure is None else tried.figure
        cell, true = Cell(words(tried.verdict), TONES[tried.verdict]), words(f"claim.{claim.name}.true", **vars(tried) | {"figure": figure})
    return [claim.article, words(f"claim.{claim.name}.says"), cell, true, str(claim.lesson)]
