"""The articles' claims as a table, each executed: lessons/ has the claims."""

from functools import cache

from course_lib.asking.claim import Claim, Verdict
from course_lib.asking.exercises import LESSONS
from course_lib.show.tables import Cell, Table
from course_lib.words import words

ORDER = """
a1-convolutions a1-linear a1-total a1-bytes a1-torchinfo a1-activations a1-adam-reduces a1-param-groups a1-groups-count a1-batchnorm
a1-batchnorm-values a1-two-hidden a1-last-relu a1-pool-order a1-output-norm a1-regularisation a1-torchinfo-norm
a2-conv-formula a2-linear-formula a2-norm-formula a2-map-size a2-138-million a2-524-mb a2-torchsummary a2-torchstat a2-224 a2-normal
a2-dropout a2-in-place a2-net1 a2-maps a2-38-mb a2-1024-mb a2-training-maps
a3-196 a3-amount a3-forward a3-one-value a3-layer a3-speed a3-memory a3-rate a3-others
a4-formula a4-second-formula a4-dense a4-parameters a4-flops a4-profile a4-kinds
cs231n-memory cs231n-parameters cs231n-stacks
tinytorch-memory accelerate-adam tinytorch-flops
"""
FOUND = {name: (number, claim) for number, lesson in enumerate(LESSONS) for name, claim in getattr(lesson, "CLAIMS", {}).items()}
CLAIMS: dict[str, Claim] = {name: FOUND[name][1] for name in ORDER.split()}
TONES = {"holds": "good", "holds_if": "quiet", "does_not_hold": "up"}


@cache
def tried(name: str) -> Verdict:
    """One claim, put to the test now.

    >>> tried("a4-parameters")[:2], tried("a4-parameters").verdict
    ((29226, 105450), 'does_not_hold')
    """
    return CLAIMS[name].tried()


def claims(article: str = "") -> Table:
    """The articles' claims as a table, each executed: those of A1, A2, A3, A4, CS231n, TinyTorch or Accelerate, or all (in ten seconds).

    >>> claims("A4").rows[3][1:4]
    ['29,226 parameters', Cell(text='does not hold', tone='up'), '105,450']
    """
    known, asked, rows = list(dict.fromkeys(map(_article, CLAIMS))), str(article).upper(), []
    if asked and asked not in map(str.upper, known):
        raise ValueError(words("exercise_call.article", known=", ".join(known), given=article))
    for name in CLAIMS:
        if asked in ("", _article(name).upper()):
            try:
                found = tried(name)
            except ModuleNotFoundError as missing:  # a tool that is not installed
                verdict, true = Cell(words("not_tried"), "quiet"), str(missing)
            else:
                verdict, true = Cell(words(found.verdict), TONES[found.verdict]), words(f"claim.{name}.true", **found._asdict())
            rows.append([_article(name), words(f"claim.{name}.says"), verdict, true, str(FOUND[name][0])])
    return Table([f"<{words(heading)}" for heading in ("article", "claim", "verdict", "what_is_true")] + [words("lesson")], rows)


def _article(name: str) -> str:
    return {"cs231n": "CS231n", "tinytorch": "TinyTorch", "accelerate": "Accelerate"}.get(first := name.partition("-")[0], first.upper())
