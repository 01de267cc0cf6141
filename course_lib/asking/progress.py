"""What a learner has answered: in this session, and in one file at the root of the learner's own copy."""

import json
import os
import secrets
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from course_lib.words import words

MY = Path(__file__).resolve().parents[2] / "my"  # where start.py puts the learner's copy
FILE = "results.json"
KIND = "course_lib results 1"


class ResultsFile(NamedTuple):
    """A results file: the number that was drawn when it was begun, and its exercises, those answered last at the end.

    By its number a file that is handed in twice is known.
    """

    number: str
    exercises: dict[str, dict[str, Any]]


def read(text: str) -> ResultsFile:
    """What a results file holds; ValueError where it is none.

    >>> entry = '{"tries": 2, "passed": true, "last": "right", "slips": {}}'
    >>> read('{"file": "course_lib results 1", "number": "5e0c", "exercises": {"total": %s}}' % entry).exercises["total"]["tries"]
    2
    >>> read("[]")
    Traceback (most recent call last):
    ValueError: this is no results file of the course
    """
    try:
        held = json.loads(text)
        entries = held["exercises"].values() if held["file"] == KIND else [None]
        sound = type(held["number"]) is str and all(map(_sound, entries))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise ValueError(words("results.none_of_ours"))
    return ResultsFile(held["number"], held["exercises"])


def _sound(entry: dict) -> bool:
    counts = [entry["tries"], *entry["slips"].values()]
    return (
        entry.keys() == {"tries", "passed", "last", "slips"}
        and all(type(count) is int and 0 <= count < 10**9 for count in counts)
        and type(entry["passed"]) is bool
        and entry["last"] in ("right", "wrong")
    )


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
        """Keep one answer."""
        known = dict(self.exercises())
        entry = known.pop(name, {"tries": 0, "passed": False, "slips": {}})
        made = Counter(entry["slips"]) + Counter([slips] if slips else [])
        known[name] = {
            "tries": entry["tries"] + 1,
            "passed": entry["passed"] or right,
            "last": "right" if right else "wrong",
            "slips": dict(made),
        }
        self._session = known
        if path := results_path():
            try:
                _write(path, json.dumps({"file": KIND, "number": self._number, "exercises": known}, indent=1) + "\n")
            except OSError as error:
                self.notice = words("results.not_written", file=FILE, error=error.strerror)


def results_path() -> Path | None:
    """The learner's results file, where this session runs in the learner's copy, in whichever of its folders."""
    return MY / FILE if MY.is_dir() and Path.cwd().is_relative_to(MY) else None


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_text(text, encoding="utf-8")
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
