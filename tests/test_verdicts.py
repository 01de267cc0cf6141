"""The articles' claims: each is tried, stands as the facts say, and shows its figures."""

import sys

import pytest
import record

import course_lib
from course_lib import claims
from course_lib.asking import verdicts
from course_lib.asking.exercises import LESSONS
from course_lib.asking.verdicts import CLAIMS, FOUND, ORDER, TONES, tried
from course_lib.by_machine.evidence import torchstat_says
from course_lib.words import everything


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_is_tried_and_stands_as_known(name):
    assert tried(name).verdict == CLAIMS[name].expected
    assert (tried(name).otherwise is not None) == (CLAIMS[name].expected == "holds_if")


def test_every_claim_has_its_words_its_lesson_and_nothing_is_left_over():
    words = everything("en")["claim"]
    assert set(words) == set(CLAIMS) and all({"says", "true"} == set(said) for said in words.values())
    lessons = {int(path.name[:2]) for path in record.find([])}
    assert {lesson for lesson, _ in FOUND.values()} <= lessons
    assert {claim.expected for claim in CLAIMS.values()} == set(TONES)


def test_every_claim_of_a_lesson_has_one_place_in_the_table():
    assert len(ORDER.split()) == len(CLAIMS) and set(FOUND) == set(CLAIMS)
    assert sum(len(getattr(lesson, "CLAIMS", ())) for lesson in LESSONS) == len(CLAIMS)


def test_the_table_shows_claim_verdict_truth_and_lesson():
    table = claims("a4")
    assert ["A4"] * len(table.rows) == [row[0] for row in table.rows] and table.columns[-1] == "lesson"
    assert {"105,450", "370,560, twice the MACs"} <= {row[3] for row in table.rows}
    assert len(claims().rows) == len(CLAIMS) > 45
    for wrong in ("A5", 4, None):
        with pytest.raises(ValueError, match=f"must be one of A1, A2, A3, A4, CS231n, TinyTorch, Accelerate, not {wrong!r}"):
            claims(wrong)


def test_a_tool_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchsummary", None)
    monkeypatch.setattr(verdicts, "tried", lambda name: (tried.__wrapped__ if name == "a2-torchsummary" else tried)(name))
    row = next(row for row in claims("A2").rows if "torchsummary" in row[1])
    assert row[2].text == "not tried" and "torchsummary" in row[3]


def test_torchstats_process_finds_the_same_library(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert torchstat_says("import course_lib\nraise SystemExit(course_lib.__file__)") == course_lib.__file__


def test_trying_moves_nobodys_random_numbers():
    import torch

    before = torch.random.get_rng_state()
    tried.__wrapped__("a2-dropout")
    assert torch.equal(before, torch.random.get_rng_state())
