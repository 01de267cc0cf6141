"""Which cases of a test are in every run."""

import os

import pytest


def rest_slow(cases, why: str, first: int = 1) -> list:
    """The first cases as they are; the others marked slow, for `start.py test --all`."""
    cases, mark = list(cases), pytest.mark.slow(why)
    return [*cases[:first], *(pytest.param(*(case if isinstance(case, tuple) else [case]), marks=mark) for case in cases[first:])]


def every_case() -> bool:
    """Whether this run leaves nothing out."""
    return bool(os.environ.get("COURSE_ALL"))


def examples(many: int) -> int:
    """How many random examples a run draws: with --all so many, else a fifth."""
    return many if every_case() else many // 5
