"""A number in a sentence is held like a number in an output: it is computed, or stands in a stored output of its notebook."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import facts
import nbformat
import pytest
import record
from prose import Reader, numbers

from course_lib.asking.exercises import EXERCISES
from course_lib.asking.slips import Answer
from course_lib.words import FOLDER

LEAST = 3  # digits of a number that is held


class Place(NamedTuple):
    """A text, where it stands, whose facts hold it, and the numbers that hold it beside these."""

    where: str
    lesson: int | str
    text: str
    beside: frozenset[float] = frozenset()


def shown(output) -> str:
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def notebook_places(path: Path) -> list[Place]:
    cells = nbformat.read(path, as_version=4).cells
    stored = frozenset(n.value for cell in cells for output in cell.get("outputs", ()) for n in numbers(shown(output)))
    return [Place(f"{path.name}, cell {c.id}", int(path.name[:2]), c.source, stored) for c in cells if c.cell_type == "markdown"]


def word_places(path: Path) -> list[Place]:
    lesson = int(path.stem[1:]) if path.stem[1:].isdigit() else path.stem
    texts = flat(tomllib.loads(path.read_text(encoding="utf-8")))
    return [Place(f"{path.name}, {key}", lesson, re.sub("{.*?}", "□", text), made_of(key)) for key, text in texts]


def flat(table: dict, above: str = ""):
    for key, value in table.items():
        yield from flat(value, f"{above}{key}.") if isinstance(value, dict) else [(above + key, value)]


def made_of(key: str) -> frozenset[float]:
    """What an exercise's right answer is, and the sizes that it is made of: tests/test_exercises.py asks PyTorch for the same."""
    answer = EXERCISES.get(key.split(".")[1]) if key.startswith("exercise.") else None
    if not isinstance(answer, Answer):
        return frozenset()
    return frozenset([answer.value(), *(answer.sizes[size] for term in answer.parsed().values() for size in term if size in answer.sizes)])


def readme_places() -> list[Place]:
    text = (record.ROOT / "README.md").read_text(encoding="utf-8")
    picture = (record.ROOT / "docs/counters.svg").read_text(encoding="utf-8")
    measured = frozenset(n.value for n in numbers(re.search('aria-label="([^"]*)"', picture)[1]))
    parts = re.sub(r"```.*?```", "", text, flags=re.S).split("\n\n")  # doctest holds what is fenced
    return [Place(f"README.md, {part.strip()[:40]!r}", "README", part, measured) for part in parts]


FILES = {path.name: lambda path=path: notebook_places(path) for path in record.find([])}
FILES |= {path.name: lambda path=path: word_places(path) for path in sorted((FOLDER / "en").glob("*.toml"))}
FILES |= {"README.md": readme_places}


def unheld(place: Place) -> list[str]:
    """What is wrong with the numbers of a text."""
    known, found = facts.known(place.lesson) | place.beside, []
    for sides in Reader(place.text).equations:
        first, others = sides[0], sides[1:]
        if others:
            found += [f"{first.value:,} = {other.value:,} is not true" for other in others if not first.agrees(other)]
            continue
        long = [number for number in first.numbers if number.digits >= LEAST]
        if first.value in known or all(n.is_one_of(known) for n in long) and (long or first.is_a_size):
            continue
        found += [f"{number.text} is not known" for number in long if not number.is_one_of(known)] or [f"{first.value:,} is not known"]
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_number_is_computed(name):
    for place in FILES[name]():
        wrong = unheld(place)
        assert not wrong, f"{place.where}: {'; '.join(wrong)}. Add it to LESSON[{place.lesson!r}] in tests/facts.py as an expression"
