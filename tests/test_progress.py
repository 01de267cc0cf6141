"""What is kept of a learner's answers, what check() says of it, what practice() asks, and a class's results."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib import check, practice, reveal, vote
from course_lib.asking import exercises, progress
from course_lib.asking.exercises import EXERCISES
from course_lib.asking.progress import Progress, read, results
from course_lib.lessons import LESSONS
from course_lib.words import find

ROOT = Path(__file__).parents[1]


def checked(lesson: int) -> list[str]:
    """What check asks of a lesson; the rest are guesses."""
    return [exercise.name for exercise in EXERCISES.values() if exercise.lesson == lesson and exercise.stars]


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Nobody has answered anything yet."""
    monkeypatch.setattr(exercises, "progress", Progress())
    monkeypatch.setattr(exercises, "_latest", [])


@pytest.fixture
def my(monkeypatch, tmp_path):
    """A learner's copy of the course, and this session in it."""
    (tmp_path / "my").mkdir()
    monkeypatch.setattr(progress, "MY", tmp_path / "my")
    monkeypatch.chdir(tmp_path / "my")
    return tmp_path / "my"


def next_day(monkeypatch):
    monkeypatch.setattr(exercises, "progress", Progress())
    monkeypatch.setattr(exercises, "_latest", [])


def test_the_score_is_of_the_lesson_that_was_asked_last():
    assert check() == "No exercise has been answered yet."
    check("flatten-size", ...)
    mine = checked(1)
    assert str(check()) == f"0 of {len(mine)} exercises of lesson 1 passed."
    check("flatten-size", 192)
    check("flatten-size", 193)  # once right is right
    reveal("conv2-params", 552)  # a guess is none of the exercises
    assert str(check()).startswith(f"1 of {len(mine)} exercises of lesson 1 passed.")
    check("tied", 4_224)
    assert str(check()) == f"1 of {len(checked(2))} exercises of lesson 2 passed."


def test_the_score_names_the_slips_and_what_to_practise():
    check("grouped", 216)
    check("grouped", 216)
    check("grouped", 123_456_791)
    lines = str(check()).splitlines()
    assert lines[1:] == ["grouped: Those are the weights. Each of the 12 kernels adds one bias.",
                         'Ask yourself again, with other numbers: practice("grouped")']  # fmt: skip


def test_practice_asks_what_was_wrong_then_what_is_long_ago():
    assert "nothing to practise yet" in practice()
    for name, answer in (("tied", 4_224), ("conv2-params", 540), ("fc1-params", 24_704)):
        check(name, answer)
    assert 'check("conv2-params", answer, variant=2)' in practice()
    check("conv2-params", EXERCISES["conv2-params"].variant(2).truth, variant=2)
    assert 'check("tied", answer, variant=2)' in practice()
    assert 'check("grouped", answer, variant=1)' in practice("grouped")


def test_practice_of_a_lesson_begins_with_what_was_wrong_there():
    check("strided", 276)
    asked = set()
    for _ in range(3):
        said = practice(1)
        name, variant = said.split('check("')[1].split('"')[0], int(said.split("variant=")[1].rstrip(")"))
        assert EXERCISES[name].lesson == 1
        check(name, EXERCISES[name].variant(variant).truth, variant=variant)
        asked.add(name)
    assert len(asked) == 3 and "strided" in asked
    with pytest.raises(ValueError, match="no exercise of lesson 99"):
        practice(99)
    with pytest.raises(KeyError, match="no exercise 'no-such'"):
        practice("no-such")


def test_what_was_answered_is_there_the_next_day(my, monkeypatch):
    check("grouped", 216)
    check("tied", 4_224)
    next_day(monkeypatch)
    assert "1 of" in str(check()) and "lesson 2" in str(check())
    assert 'check("grouped", answer, variant=2)' in practice()
    entry = json.loads((my / "results.json").read_text())["exercises"]["grouped"]
    assert entry == {"tries": 1, "passed": False, "last": "wrong", "slips": {"left_out-biases": 1}}


def test_the_file_holds_nothing_else_of_the_learner(my):
    check("conv2-params", 540)
    held = json.loads((my / "results.json").read_text())
    assert held.keys() == {"file", "number", "exercises"} and len(held["number"]) == 16
    assert [path.name for path in my.iterdir()] == ["results.json"]


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", "null", '{"file": "course_lib results 1"}', '{"file": 7, "exercises": {}}', "\xff", "[" * 100_000]
)
def test_a_broken_file_is_set_aside_and_said(my, broken):
    (my / "results.json").write_text(broken, encoding="latin-1")
    assert "was broken. It is kept as results.broken-1.json" in check("conv2-params", 552)
    assert (my / "results.broken-1.json").read_text(encoding="latin-1") == broken
    assert "broken" not in check("conv2-params", 552)
    (my / "results.json").write_text(broken, encoding="latin-1")
    assert "results.broken-2.json" in check()


def test_a_folder_that_cannot_be_written_keeps_the_session(my, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress.os, "replace", full)
    assert "cannot be written (No space left on device)" in check("flatten-size", 192)
    assert list(my.iterdir()) == []
    assert str(check()).startswith("1 of")


def test_nothing_is_written_outside_the_learners_copy(my, monkeypatch):
    for place in (my.parent, ROOT / "notebooks"):
        monkeypatch.chdir(place)
        check("conv2-params", 540)
        assert not (place / "results.json").exists()
    assert list(my.iterdir()) == []


@pytest.mark.parametrize("folder", ["zh", "zh/more"])
def test_a_lesson_in_a_folder_of_the_copy_writes_the_one_file_at_its_root(my, monkeypatch, folder):
    check("tied", 4_224)
    (my / folder).mkdir(parents=True)
    monkeypatch.chdir(my / folder)
    next_day(monkeypatch)
    assert "1 of" in str(check())
    check("grouped", 216)
    assert list(read((my / "results.json").read_text())[1]) == ["tied", "grouped"]
    assert [path.name for path in my.rglob("*.json")] == ["results.json"]


def test_a_folder_beside_the_copy_is_none_of_its_folders(my, monkeypatch):
    beside = my.with_name("my-old")
    beside.mkdir()
    monkeypatch.chdir(beside)
    check("tied", 4_224)
    assert [*my.iterdir(), *beside.iterdir()] == []


def test_two_notebooks_write_one_file(my, monkeypatch):
    check("tied", 4_224)
    other = Progress()
    other.remember("grouped", True)
    check("conv2-params", 540)
    assert list(read((my / "results.json").read_text())[1]) == ["tied", "grouped", "conv2-params"]


def learner(folder: Path, name: str, number: str, **entries) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps({"file": progress.KIND, "number": number, "exercises": entries}))


def entry(tries: int = 1, passed: bool = True, **slips: int) -> dict:
    return {"tries": tries, "passed": passed, "last": "right" if passed else "wrong", "slips": slips}


def test_a_classes_results(tmp_path):
    slip = {"left_out-biases": 3}
    learner(tmp_path, "a.json", "1", total=entry(), **{"conv2-params": entry(2, False) | {"slips": slip}})
    learner(tmp_path, "b/results.json", "2", **{"conv2-params": entry(4) | {"slips": slip}})
    learner(tmp_path, "b2.json", "2", **{"conv2-params": entry(1, False)})  # an earlier state of the same copy
    learner(tmp_path, "<b>c.json", "3", **{"<script>alert(1)</script>": entry(2, False) | {"slips": {"<i>": 1}}})
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / ".given.json").write_text("{}")  # start.py's own, in a learner's copy
    (tmp_path / "foreign.json").write_text('{"cells": []}')
    (tmp_path / "binary.json").write_bytes(bytes(range(256)))
    text = json.dumps({"file": progress.KIND, "number": "4", "exercises": {"under-20000": entry(2, False) | {"slips": {"twice-x": 1}}}})
    (tmp_path / "z-with-a-mark.json").write_text(text, encoding="utf-8-sig")  # as some editors save it
    found = results(tmp_path)
    rows = {row[1]: row for row in found.table.rows}
    assert found.learners == 4 and rows["under-20000"][5] == "twice-x", "a design has no slips in this version"
    assert rows["conv2-params"][:5] == ["1", "conv2-params", "2", "1", "2"] and rows["conv2-params"][5].startswith("That is 3·3·5·12.")
    assert rows["total"][2:4] == ["1", "1"] and rows["<script>alert(1)</script>"][0] == "?"
    assert [line.split(" is left out")[0] for line in found.left_out] == ["binary.json", "broken.json", "foreign.json", "b2.json"]
    page = found.page()
    assert "<script" not in page and "&lt;script&gt;" in page and "<i>" not in page and "http" not in page


def test_a_results_file_that_was_tampered_with_is_left_out_and_the_rest_goes_on(tmp_path):
    numbers = random.Random(7)
    whole = json.dumps({"file": progress.KIND, "number": "1", "exercises": {"total": entry(2, True, x=1)}})
    for i in range(300):
        cut = numbers.randrange(len(whole))
        text = whole[:cut] + numbers.choice(["", "{", "null", "[1]", '"', "9" * 5000, "-1,", "true"]) + whole[cut + numbers.randrange(9) :]
        (tmp_path / f"{i}.json").write_text(text)
    learner(tmp_path, "whole.json", "2", total=entry())
    assert "total" in str(results(tmp_path)) and results(tmp_path).page()


def test_the_four_slips_that_most_made_are_shown(tmp_path):
    slips = ["left_out-biases", "twice-weights", "unit-half", "not_squared-k", "unit-double"]
    for n in range(5):
        learner(tmp_path, f"{n}.json", f"{n}", **{"conv2-params": entry(9, False) | {"slips": dict.fromkeys(slips[n:], 1)}})
    assert [row[4] for row in results(tmp_path).table.rows] == ["5", "4", "3", "2"]


def test_who_was_right_once_has_passed(tmp_path):
    learner(tmp_path, "a.json", "1", total=entry(2, True) | {"last": "wrong"})
    assert results(tmp_path).table.rows[0][1:4] == ["total", "1", "1"]


def test_a_file_that_is_too_large_for_a_learners_is_left_out_unread(tmp_path):
    for name, size in (("largest", 1_000_000), ("larger", 1_000_001)):
        learner(tmp_path, f"{name}.json", name, total=entry())
        file = tmp_path / f"{name}.json"
        file.write_text(file.read_text().ljust(size))
    found = results(tmp_path)
    assert found.learners == 1 and [line.split(" is left out")[0] for line in found.left_out] == ["larger.json"]


def start(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, ROOT / "start.py", *map(str, arguments)], capture_output=True, text=True)


def test_start_py_shows_the_results_and_writes_the_page(tmp_path):
    learner(tmp_path, "a.json", "1", total=entry())
    done = start("results", tmp_path)
    assert done.returncode == 0 and "A class, and its results. Learners: 1" in done.stdout and "total" in done.stdout
    assert "<h1>A class, and its results. Learners: 1</h1>" in (tmp_path / "results.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments, says",
    [((), "takes one folder"), (("no-such-folder",), "There is no folder no-such-folder"), ((ROOT / "docs",), "no results file in")],
)
def test_start_py_says_what_is_the_matter_with_a_folder(arguments, says):
    done = start("results", *arguments)
    assert done.returncode == 1 and says in done.stderr and "What to do:" in done.stderr


def test_the_stars_are_one_to_three_and_every_lesson_has_some():
    assert {exercise.stars for exercise in EXERCISES.values()} == {0, 1, 2, 3}
    assert all(checked(number) for number in LESSONS.keys() - {max(LESSONS)}) and "linear-first" in checked(0)


REASONED = [name for name in EXERCISES if find(f"exercise.{name}.reasons")]


@pytest.mark.parametrize("name", REASONED)
def test_after_a_right_number_one_of_four_reasons_is_right(name):
    truth, reasons = EXERCISES[name].truth, find(f"exercise.{name}.reasons")
    said = str(check(name, truth))
    assert said.startswith("Right.") and f'check("{name}", answer, reason="A")' in said and len(reasons) == 4
    shown = {line[0]: line[3:] for line in said.splitlines() if line[1:3] == "  "}
    assert sorted(shown) == list("ABCD") and set(shown.values()) == {text for text, _ in reasons}
    for letter, text in shown.items():
        told = check(name, truth, reason=letter).splitlines()[2]
        index = [reason for reason, _ in reasons].index(text)
        assert told.startswith(f"Yes: {text}" if index == 0 else f"The number is right, this reason is not: {text} {reasons[index][1]}")
    assert "And why?" not in check(name, truth + 1) and len({shown_at(name) for name in REASONED}) > 1


def shown_at(name: str) -> str:
    """At which letter the right reason stands."""
    right = find(f"exercise.{name}.reasons")[0][0]
    return next(line[0] for line in str(check(name, EXERCISES[name].truth)).splitlines() if line.endswith(right))


def test_a_vote_shows_four_tiles_with_their_numbers_and_hands():
    html = vote("strided", first=[3, 9, 12, 1], second=[1, 3, 20, 1], reveal=True).html()
    tiles = html.split('<div style="border')[1:]
    for tile, letter, number, hands, change in zip(
        tiles, "ABCD", ("138", "540", "552", "1,512"), (3, 9, 12, 1), ("▼ −2", "▼ −6", "▲ +8", ""), strict=True
    ):
        assert f">{letter}<" in tile and f">{number}<" in tile and f"hands 1: {hands}" in tile and change in tile
    assert "This is right." in tiles[2] and "You divided by the stride" in tiles[0]


@pytest.mark.parametrize(
    "call, error, says",
    [
        (lambda: practice([1, 4]), TypeError, r'the name of an exercise comes first, such as "conv2-params", and not \[1, 4\]'),
        (lambda: vote(["total"]), TypeError, "the name of an exercise comes first"),
        (lambda: reveal(["total"], 4), TypeError, "the name of an exercise comes first"),
        (lambda: check(["total"], 4), TypeError, "the name of an exercise comes first"),
        (lambda: vote("fc1-params", first=5), ValueError, r"a number of hands for each of 4 answers, such as \[3, 9, 12, 1\]"),
    ],
)
def test_a_call_with_the_wrong_thing_in_it_says_what_belongs_there(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_a_hint_is_given_for_a_number_in_quotes_too():
    first, second = check("conv2-params", hint=1), check("conv2-params", hint=2)
    assert first != second and check("conv2-params", hint="1") == first and check("conv2-params", hint="2") == second


def test_a_guess_is_shown_as_it_was_given_and_not_as_a_power_of_ten():
    assert reveal("conv2-params", 12345.6).startswith("You said 12,346.")


def test_in_a_notebook_an_answers_sentences_stand_on_lines_of_their_own_the_first_in_bold():
    reply = reveal("conv2-params", 540)
    first, second, third = str(reply).splitlines()
    assert reply._repr_html_() == f"<p><b>{first}</b> {second}<br>{third}</p>"


def test_what_was_answered_last_stands_last(my):
    for name in ("conv2-params", "grouped", "conv2-params"):
        check(name, 1)
    assert list(exercises.progress.exercises()) == ["grouped", "conv2-params"]
    assert list(read((my / progress.FILE).read_text(encoding="utf-8"))[1]) == ["grouped", "conv2-params"]
