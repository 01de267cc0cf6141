"""A number in a sentence is held like a number in an output: it is computed, or stands in a stored output of its notebook."""

import ast
import io
import math
import random
import re
import tokenize
import tomllib
from functools import partial
from html import unescape
from pathlib import Path
from typing import NamedTuple

import facts
import nbformat
import pytest
import record
from prose import Number, Reader, numbers, plain

from course_lib.asking.answers import Answer
from course_lib.asking.exercises import EXERCISES
from course_lib.words import FOLDER

PROSE = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}  # in code; since Python 3.12 the third
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
    return [Place(f"{path.name}, cell {cell.id}", int(path.name[:2]), said(cell), stored) for cell in cells]


def said(cell) -> str:
    """A cell's prose: of code its comments and strings."""
    if cell.cell_type == "markdown":
        return cell.source
    tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
    return "\n".join(token.string for token in tokens if token.type in PROSE)


def word_places(path: Path) -> list[Place]:
    lesson = int(path.stem[1:]) if path.stem[1:].isdigit() else path.stem
    texts = flat(tomllib.loads(path.read_text(encoding="utf-8")))
    return [Place(f"{path.name}, {key}", lesson, re.sub("{.*?}", "□", text), made_of(key)) for key, text in texts]


def flat(table: dict, above: str = ""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{key}.")
        elif isinstance(value, list):  # reasons, each with what is said to it
            yield from ((above + key, text) for reason in value for text in reason)
        else:
            yield above + key, value


def made_of(key: str) -> frozenset[float]:
    """What an exercise's right answer is, and the sizes that it is made of: tests/test_exercises.py asks PyTorch for the same."""
    answer = EXERCISES.get(key.split(".")[1]) if key.startswith("exercise.") else None
    if not isinstance(answer, Answer):
        return frozenset()
    return frozenset([answer.truth, *(answer.sizes[size] for term in answer.parsed.values() for size in term if size in answer.sizes)])


def page_places(page: str, beside: str) -> list[Place]:
    """A page's paragraphs, whose numbers may stand in this text, too."""
    parts = re.sub(r"```.*?```", "", read(page), flags=re.S).split("\n\n")  # doctest holds what is fenced
    there = frozenset(number.value for number in numbers(beside))
    return [Place(f"{page}, {part.strip()[:40]!r}", page.removesuffix(".md"), part, there) for part in parts]


def read(path: str) -> str:
    return (record.ROOT / path).read_text(encoding="utf-8")


def drawn_in(picture: str) -> str:
    return re.search('aria-label="([^"]*)"', read(picture))[1]


FILES = {path.name: lambda path=path: notebook_places(path) for path in record.find([])}
FILES |= {path.name: lambda path=path: word_places(path) for path in sorted((FOLDER / "en").glob("*.toml"))}
FILES |= {path.name: lambda path=path: page_places(f"docs/{path.name}", "") for path in record.ROOT.glob("docs/*.md")}
FILES["README.md"] = lambda: page_places("README.md", drawn_in("docs/counters.svg") + drawn_in("docs/latency.svg"))
FILES["CONTRIBUTING.md"] = lambda: page_places("CONTRIBUTING.md", read("tests/test_course.py") + read("tests/test_notebooks.py"))


def unheld(place: Place) -> list[str]:
    """What is wrong with the numbers of a text."""
    known, found = facts.known(place.lesson) | place.beside, []
    for sides in Reader(place.text).equations:
        first, others = sides[0], sides[1:]
        if others:
            found += [f"{first.value:,} = {other.value:,} is not true" for other in others if not first.agrees(other)]
        if not first.is_a_size and not any(map(partial(math.isclose, first.value), known)):
            found.append(f"{first.value:,}, which {first.text} gives, is not known")
        elif first.is_a_size and not others:
            found += [f"{n.text} is not known" for n in first.numbers if n.digits >= LEAST and not n.is_one_of(known)]
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_number_is_computed(name):
    for place in FILES[name]():
        wrong = unheld(place)
        assert not wrong, f"{place.where}: {'; '.join(wrong)}. {facts.HOW.format(place.lesson)}"


def test_the_readmes_table_is_the_picture_of_the_same_run():
    """Row by row: docs/counters.svg says course, FlopCounterMode, torchinfo, ultralytics-thop of each network in this order."""
    of_each = drawn_in("docs/counters.svg").partition(".")[2].replace("Llama 7B", "Llama, 7 billion")
    for network, said in re.findall(r"([^;]+): (course [^;]+)", of_each):
        row = re.search(rf"^\| {network.strip()} \| [0-9,]+ \| (.*)", read("README.md"), re.M)[1]
        assert re.findall(r"(?<![+−.\d])\d\.\d\d", row) == re.findall(r"\d\.\d\d", said), network


def test_no_fact_is_its_own_proof():
    """None is a number alone, and none has a literal of more than five digits."""
    tree = ast.parse(Path(facts.__file__).read_text(encoding="utf-8"))
    table = next(node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LESSON")
    for lesson in table.values:
        for fact in lesson.body.elts:
            assert not isinstance(fact, ast.Constant), ast.unparse(fact)
            literals = [node.value for node in ast.walk(fact) if isinstance(node, ast.Constant)]
            large = [value for value in literals if isinstance(value, int) and value > 99_999]
            assert not large, ast.unparse(fact)


def test_a_changed_digit_is_caught():
    """In each number in turn one digit is changed, in memory: at least 95 of 100 are caught."""
    tried, missed, chosen = 0, [], random.Random(0)
    for place in (place for of in FILES.values() for place in of()):
        for kind, text, start in Reader(place.text).tokens:
            if kind == "number" and Number(text).digits >= LEAST:
                at = chosen.choice([i for i, character in enumerate(text) if character.isdigit()])
                other = text[:at] + chosen.choice([digit for digit in "123456789" if digit != text[at]]) + text[at + 1 :]
                whole = plain(place.text)
                tried += 1
                if not unheld(place._replace(text=whole[:start] + other + whole[start + len(text) :])):
                    missed.append(f"{place.where}: {text} as {other}")
    assert tried > 400 and len(missed) <= tried / 20, missed


def test_the_readmes_milliseconds_are_the_picture_of_the_same_run():
    said = unescape(drawn_in("docs/latency.svg"))
    rows = re.findall(
        r"^\| ([^|]+) \| (\d+) \| \d+ \|$", read("README.md").partition("| key to painted pixels")[2].partition("![")[0], re.M
    )
    assert len(rows) == 11 and all(f"{way} {median}" in said for way, median in rows)
