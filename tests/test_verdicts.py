"""The articles' claims: each is tried, stands as the facts say, and shows its figures."""

import re
import sys
from pathlib import Path

import pytest
import record
import torch

import course_lib.lessons
from course_lib import Linear, claims
from course_lib.asking import verdicts
from course_lib.asking.verdicts import CLAIMS, TONES, verdict_on
from course_lib.by_machine.evidence import milliseconds, torchstat_says
from course_lib.lessons import LESSONS, entries
from course_lib.words import everything


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_is_tried_and_stands_as_known(name):
    assert verdict_on(name).verdict == CLAIMS[name].expected
    assert (verdict_on(name).otherwise is not None) == (CLAIMS[name].expected == "holds_if")


def test_every_claim_has_its_words_its_lesson_and_nothing_is_left_over():
    words = everything("en")["claim"]
    assert set(words) == set(CLAIMS) and all({"says", "true"} == set(said) for said in words.values())
    lessons = {int(path.name[:2]) for path in record.find([])}
    assert {claim.lesson for claim in CLAIMS.values()} <= lessons
    assert {claim.expected for claim in CLAIMS.values()} == set(TONES)


def test_what_stands_in_a_lessons_table_is_there_once_and_knows_where_it_is_from():
    for table in ("EXERCISES", "CLAIMS"):
        of_lessons = {number: getattr(lesson, table, {}) for number, lesson in LESSONS.items()}
        together = entries(table)
        assert len(together) == sum(map(len, of_lessons.values())), "a name that stands in two lessons"
        assert all(name == entry.name and name in of_lessons[entry.lesson] for name, entry in together.items())


def test_the_lessons_are_the_files_that_are_there():
    files = [path.stem for path in Path(course_lib.lessons.__file__).parent.glob("l*.py")]
    assert sorted(files) == [f"l{number:02}" for number in LESSONS] == [lesson.__name__.split(".")[-1] for lesson in LESSONS.values()]


def test_the_claims_are_shown_article_by_article_and_lesson_by_lesson():
    rows = [(row[0], int(row[4])) for row in claims().rows]
    assert rows == sorted(rows) and len({article for article, _ in rows}) == 7


def test_the_table_shows_claim_verdict_truth_and_lesson():
    table = claims("a4")
    assert ["A4"] * len(table.rows) == [row[0] for row in table.rows] and table.columns[-1] == "lesson"
    assert {"105,450", "370,560, twice the MACs"} <= {row[3] for row in table.rows}
    assert len(claims().rows) == len(CLAIMS) > 45
    for wrong in ("A5", 4, None):
        with pytest.raises(ValueError, match=f"must be one of A1, A2, A3, A4, Accelerate, CS231n, TinyTorch, not {wrong!r}"):
            claims(wrong)


def test_a_tool_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchsummary", None)
    monkeypatch.setattr(verdicts, "verdict_on", lambda name: (verdict_on.__wrapped__ if name == "a2-torchsummary" else verdict_on)(name))
    row = next(row for row in claims("A2").rows if "torchsummary" in row[1])
    assert row[2].text == "not tried" and "torchsummary" in row[3]


def test_torchstats_process_finds_the_same_library(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert torchstat_says("import course_lib\nraise SystemExit(course_lib.__file__)") == course_lib.__file__


def test_trying_moves_nobodys_random_numbers():
    import torch

    before = torch.random.get_rng_state()
    verdict_on.__wrapped__("a2-dropout")
    assert torch.equal(before, torch.random.get_rng_state())


def test_taking_the_time_leaves_the_number_of_threads_as_it_was():
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert milliseconds(Linear(2, 2), 2) > 0 and torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)


def test_a_claim_that_does_not_hold_is_marked_as_such():
    found = re.findall(r'<td class="(\w+)"[^>]*>(holds[^<]*|does not hold)</td>', claims("A1").html())
    assert {tone for tone, verdict in found if verdict == "does not hold"} == {"up"}
    assert {tone for tone, verdict in found if verdict == "holds"} == {"good"}
