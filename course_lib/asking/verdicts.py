"""The articles' claims, executed: claims.toml has them as expressions, words/ has their figures in words."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from course_lib import by_hand
from course_lib.by_hand.memory import predict_memory
from course_lib.by_hand.step import timeline
from course_lib.show.tables import Cell, Table
from course_lib.words import words

CLAIMS = tomllib.loads((Path(__file__).parent / "claims.toml").read_text(encoding="utf-8"))
NAMES = {name: getattr(by_hand, name) for name in by_hand.__all__} | {"predict_memory": predict_memory, "timeline": timeline}
TONES = {"holds": "good", "holds_if": "quiet", "does_not_hold": "up"}


class Verdict(NamedTuple):
    """What a claim says, what is true, what it is without the claim's condition, and so how it stands: one of TONES."""

    said: object
    true: object
    otherwise: object
    figure: object
    verdict: str


@cache
def tried(name: str) -> Verdict:
    """One claim, put to the test now.

    >>> tried("a4-parameters")[:2], tried("a4-parameters").verdict
    ((29226, 105450), 'does_not_hold')
    """
    from course_lib.by_machine import asking, living, measuring

    known, claim = NAMES | vars(asking) | vars(measuring) | vars(living), CLAIMS[name]
    with asking.torch.random.fork_rng(devices=[]):  # layers are made on the way, and these draw random numbers
        answers = {part: eval(f"({claim[part]})", dict(known)) for part in ("said", "true", "otherwise", "figure") if part in claim}
    said, true = answers["said"], answers["true"]
    verdict = "does_not_hold" if said != true else "holds_if" if answers.get("otherwise", said) != said else "holds"
    return Verdict(said, true, answers.get("otherwise"), answers.get("figure", true), verdict)


def claims(article: str = "") -> Table:
    """The articles' claims as a table, each executed: those of A1, A2, A3, A4, CS231n, TinyTorch or Accelerate, or all (in ten seconds).

    >>> claims("A4").rows[3][1:4]
    ['29,226 parameters', Cell(text='does not hold', tone='up'), '105,450']
    """
    known, asked, rows = list(dict.fromkeys(map(_article, CLAIMS))), str(article).upper(), []
    if asked and asked not in map(str.upper, known):
        raise ValueError(f"claims: article must be one of {', '.join(known)}, not {article!r}")
    for name in CLAIMS:
        if asked in ("", _article(name).upper()):
            try:
                found = tried(name)
            except ModuleNotFoundError as missing:  # a tool that is not installed
                verdict, true = Cell(words("not_tried"), "quiet"), str(missing)
            else:
                verdict, true = Cell(words(found.verdict), TONES[found.verdict]), words(f"claim.{name}.true", **found._asdict())
            rows.append([_article(name), words(f"claim.{name}.says"), verdict, true, str(CLAIMS[name]["lesson"])])
    return Table([f"<{words(heading)}" for heading in ("article", "claim", "verdict", "what_is_true")] + [words("lesson")], rows)


def _article(name: str) -> str:
    return {"cs231n": "CS231n", "tinytorch": "TinyTorch", "accelerate": "Accelerate"}.get(first := name.partition("-")[0], first.upper())
