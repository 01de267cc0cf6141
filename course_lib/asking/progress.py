"""What learners have answered: one of them in this session, and in one file at the root of the learner's own copy; and a class's results,
many learners' files, exercise by exercise, as a table and as a page that needs no network."""

import json
import os
import secrets
from collections import Counter
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from course_lib.asking.answers.number import Exercise
from course_lib.lessons import EXERCISES
from course_lib.show.tables import Table
from course_lib.words import words

MY = Path(__file__).resolve().parents[2] / "my"  # where start.py puts the learner's copy
FILE = "results.json"
KIND = "course_lib results 1"
PAGE = "results.html"
MOST = 4  # slips that are shown of an exercise
LARGEST = 1_000_000  # bytes; a learner's file has some thousands
STYLE = """body { font: 16px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #1a1a1a }
table { border-collapse: collapse } th, td { padding: .3em .8em; border-bottom: 1px solid #ccc; vertical-align: top }
th { text-align: left }"""


def read(text: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """A results file's number, by which one that is handed in twice is known, and its exercises; ValueError where it is none."""
    with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
        held = json.loads(text)
        if held["file"] == KIND and type(held["number"]) is str and all(map(_sound, held["exercises"].values())):
            return held["number"], held["exercises"]
    raise ValueError(words("results.none_of_ours"))


def _sound(entry: dict) -> bool:
    counted = all(type(count) is int and 0 <= count < 10**9 for count in (entry["tries"], *entry["slips"].values()))
    return counted and type(entry["passed"]) is bool and entry["last"] in ("right", "wrong")


class Progress:
    """Exercise by exercise: how often it was answered, whether it was right once and last, and which slips were made."""

    def __init__(self) -> None:
        self._session: dict[str, dict[str, Any]] = {}
        self._number = secrets.token_hex(8)
        self.notice = ""  # what has happened to the file, until it is said

    def exercises(self) -> dict[str, dict[str, Any]]:
        """What is known, those answered last at the end; a file that cannot be read is set aside."""
        path = results_path()
        if path is None or not path.exists():
            return self._session
        try:
            self._number, self._session = read(path.read_text(encoding="utf-8"))
        except OSError as error:
            self.notice = words("results.not_read", file=FILE, error=error.strerror)
        except ValueError:
            aside = next(name for i in range(1, 1000) if not (name := path.with_name(f"results.broken-{i}.json")).exists())
            os.replace(path, aside)
            self.notice = words("results.set_aside", file=FILE, aside=aside.name)
        return self._session

    def remember(self, name: str, right: bool, slips: str = "") -> None:
        """Keep one answer; the file is written whole or not at all."""
        known = dict(self.exercises())
        entry = known.pop(name, {"tries": 0, "passed": False, "slips": {}})
        made = Counter(entry["slips"]) + Counter([slips] if slips else [])
        last = "right" if right else "wrong"
        known[name] = {"tries": entry["tries"] + 1, "passed": entry["passed"] or right, "last": last, "slips": dict(made)}
        self._session = known
        if path := results_path():
            new = path.with_name(f".{path.name}.{os.getpid()}")
            try:
                new.write_text(json.dumps({"file": KIND, "number": self._number, "exercises": known}, indent=1), encoding="utf-8")
                os.replace(new, path)
            except OSError as error:
                self.notice = words("results.not_written", file=FILE, error=error.strerror)
            finally:
                new.unlink(missing_ok=True)


def results_path() -> Path | None:
    """The learner's results file, where this session runs in the learner's copy, in whichever of its folders."""
    return MY / FILE if MY.is_dir() and Path.cwd().is_relative_to(MY) else None


class Results(NamedTuple):
    """A class by exercises; how many learners; what is to be said about files that were left out."""

    table: Table
    learners: int
    left_out: list[str]

    def page(self) -> str:
        """The table as an HTML page of its own; what stands in learners' files is shown as text."""
        title = escape(words("results.title", n=self.learners))
        left_out = "".join(f"<li>{escape(line)}</li>" for line in self.left_out)
        head = f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head>'
        return f"{head}\n<body><h1>{title}</h1>\n{self.table.html()}\n<ul>{left_out}</ul></body></html>\n"

    def __str__(self) -> str:
        return "\n".join([words("results.title", n=self.learners), "", str(self.table), *self.left_out])


def results(folder: Path) -> Results:
    """The results of all learners whose files lie in a folder, or in folders of it; what is none of ours is named and left out. Of a
    file that was handed in twice, as its number tells, the one with more answers counts."""
    learners, left_out = {}, []
    for path in sorted(folder.rglob("[!.]*.json")):
        name = path.relative_to(folder).as_posix()
        try:
            if path.stat().st_size > LARGEST:
                raise ValueError(words("results.none_of_ours"))
            number, exercises = read(path.read_bytes())
        except (OSError, ValueError) as error:
            left_out.append(words("results.left_out", name=name, why=getattr(error, "strerror", None) or error))
        else:
            tries = sum(entry["tries"] for entry in exercises.values())
            learners.setdefault(number, []).append((tries, name, exercises))
    for files in learners.values():
        files.sort(key=lambda file: file[0])
        left_out += [words("results.twice", name=name, same=files[-1][1]) for _, name, _ in files[:-1]]
    return Results(_exercise_table([files[-1][2] for files in learners.values()]), len(learners), left_out)


def _exercise_table(learners: list[dict]) -> Table:
    unknown = sorted({name for learner in learners for name in learner} - EXERCISES.keys())  # of another version of the course
    answered = {name: [learner[name] for learner in learners if name in learner] for name in (*EXERCISES, *unknown)}
    rows = [row for name, entries in answered.items() if entries for row in _exercise_rows(name, entries)]
    heads = [words("lesson"), f"<{words('results.exercise')}", words("results.answered"), words("results.passed")]
    return Table([*heads, words("results.made_by"), f"<{words('results.slips')}"], rows)


def _exercise_rows(name: str, entries: list[dict]) -> list[list[str]]:
    """A line for each of the slips that most learners made, the first with what is known of the exercise."""
    exercise = EXERCISES.get(name, Exercise())
    lesson = f"{exercise.lesson}" if name in EXERCISES else "?"
    passed = sum(entry["passed"] for entry in entries)
    counts = Counter(slips for entry in entries for slips in entry["slips"])  # how many learners made each
    sentences = [[f"{n}", exercise.recalled(slips) or slips] for slips, n in counts.most_common(MOST)]
    first, *others = sentences or [["", ""]]
    return [[lesson, name, f"{len(entries)}", f"{passed}", *first], *(["", "", "", "", *slip] for slip in others)]
