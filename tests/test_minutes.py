"""A lesson's minutes are reckoned, said where its reader looks, and the same everywhere."""

import re

import nbformat
import pytest
import record

PER_WORD, PER_CODE_CELL, PER_GUESS, PER_EXERCISE = 1 / 150, 0.5, 1, 3  # minutes
CORE = 130  # minutes that the core path may take
BOOKS = {path.stem: nbformat.read(path, as_version=4).cells for path in record.find([])}
README = (record.ROOT / "README.md").read_text(encoding="utf-8")
LECTURE = (record.ROOT / "docs/lecture.md").read_text(encoding="utf-8")


def reckoned(cells) -> float:
    text = [cell.source for cell in cells if cell.cell_type == "markdown"]
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    guesses = sum(len(re.findall(r"\b(?:reveal|vote)\(", source)) for source in code)
    exercises = sum(bool(re.search(r'\bcheck\("', source)) for source in code)
    words = sum(len(source.split()) for source in text)
    return words * PER_WORD + len(code) * PER_CODE_CELL + guesses * PER_GUESS + exercises * PER_EXERCISE


def in_table(text: str, number: str) -> int:
    """The minutes of a lesson in README's table, or in the map of lesson 0."""
    return int(re.search(rf"^\| {number} \|.*?\| (\d+) \|", text, re.M)[1])


def first_half(cells) -> list:
    """Lesson 7 up to the heading that its first cell names."""
    until = re.search(r"up to \*([^*]+)\*", cells[0].source)[1]
    return cells[: next(i for i, cell in enumerate(cells) if cell.source.startswith(f"## {until}"))]


@pytest.mark.parametrize("name", BOOKS)
def test_a_lesson_takes_the_minutes_that_it_says(name):
    """To the nearest five; in its first cell, in the README and on the map."""
    minutes, overview = in_table(README, name[:2]), "\n".join(cell.source for cell in BOOKS["00_start_here"])
    assert abs(minutes - reckoned(BOOKS[name])) <= 2.5, f"{name} takes {reckoned(BOOKS[name]):.1f} minutes"
    assert name.startswith("00") or in_table(overview, str(int(name[:2]))) == minutes
    assert name.startswith("00") or f"**It takes** {minutes} minutes." in BOOKS[name][0].source


def test_the_core_path_takes_what_it_says_and_is_short():
    core = re.findall(r"^\| (\d+) \|.*\| ● \|$", README, re.M)
    minutes = sum(in_table(README, number) for number in core)
    minutes += 5 * round(reckoned(first_half(BOOKS["07_flops"])) / 5)
    overview = "\n".join(cell.source for cell in BOOKS["00_start_here"])
    path = re.search(r"^## The core path in (\d+) minutes\n(.*?)\n## ", LECTURE, re.M | re.S)
    in_lecture = sum(map(int, re.findall(r"\((\d+)\)", path[2])))
    assert minutes < CORE and in_lecture == int(path[1])
    assert f"The core path takes you {minutes} minutes alone, and {in_lecture} in a lecture." in overview
