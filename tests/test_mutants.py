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
    reasons = [change["reason"] for change in LISTED.get("drawn", [])] + [change.get("survives", "-") for change in LISTED["picked"]]
    assert all(reasons)
    again = Counter((change["file"], change["old"], change["new"]) for part in LISTED.values() for change in part)
    assert max(again.values()) == 1
