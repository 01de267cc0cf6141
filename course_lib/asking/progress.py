"""What a learner has answered: in this session, and in one file at the root of the learner's own copy."""

import json
import os
import secrets
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from course_lib.words import words

MY = Path(__file__).resolve().parents[2] / "my"  # where start.py puts the learner's copy
FILE = "results.json"
KIND = "course_lib results 1"


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
