"""The changes that tests/benchmarks/mutants.py makes are still those of the code: each text stands in its file, once."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LISTED = tomllib.loads((ROOT / "tests/benchmarks/mutants.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("change", LISTED["picked"], ids=lambda change: f"{change['file']}: {change['old'].strip()[:40]}")
def test_what_is_to_be_changed_stands_in_its_file_once(change):
    text = (ROOT / change["file"]).read_text(encoding="utf-8")
    assert text.count(change["old"]) == 1 and change["new"] != change["old"]
    if change["file"].endswith(".py"):
        compile(text.replace(change["old"], change["new"]), change["file"], "exec")


def test_a_survivor_has_a_reason_and_stands_there_once():
    drawn, picked = LISTED.get("drawn", []), LISTED["picked"]
    assert all([*(change["reason"] for change in drawn), *(change.get("survives", "-") for change in picked)])
    assert set(Counter((change["file"], change["old"], change["new"]) for change in (*drawn, *picked)).values()) == {1}


def test_each_file_has_tests_that_should_see_it_and_they_are_there():
    for change in LISTED["picked"]:
        assert any(change["file"].startswith(part) for part in LISTED["tests"]), change["file"]
    for tests in (*LISTED["tests"].values(), *filter(None, (change.get("by") for change in LISTED["picked"]))):
        assert all((ROOT / path).exists() for path in tests.partition(" -k ")[0].split()), tests
