"""A class's results: many learners' files, exercise by exercise, as a table and as a page that needs no network."""

from collections import Counter
from html import escape
from pathlib import Path
from typing import NamedTuple

from course_lib.asking.answers.number import Exercise
from course_lib.asking.exercises import EXERCISES
from course_lib.asking.progress import read
from course_lib.show.tables import Table
from course_lib.words import words

PAGE = "results.html"
MOST = 4  # slips that are shown of an exercise
LARGEST = 1_000_000  # bytes; a learner's file has some thousands
STYLE = """body { font: 16px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #1a1a1a }
table { border-collapse: collapse } th, td { padding: .3em .8em; border-bottom: 1px solid #ccc; vertical-align: top }
th { text-align: left }"""


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
