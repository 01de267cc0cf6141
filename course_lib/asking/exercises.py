"""guess and reveal, check, practice, and vote for a room: predict first, then be told what exactly went wrong."""

import random
from html import escape

from course_lib.asking.answers.number import Exercise, as_number, shown_number
from course_lib.asking.progress import Progress
from course_lib.by_hand.layers import whole
from course_lib.lessons import EXERCISES
from course_lib.show.tables import Cell, Table, arrow
from course_lib.words import words

TILE = "border:2px solid #2a6ab3;border-radius:10px;padding:10px 16px;line-height:1.4"
progress = Progress()
_latest: list[str] = []  # what this session has shown last, answered or not


class Reply(str):
    """An answer to the learner: text, and the same as HTML with its first sentence in bold."""

    __repr__ = str.__str__

    def _repr_html_(self) -> str:
        first, _, rest = self.partition("\n")
        return f"<p><b>{escape(first)}</b> {escape(rest).replace(chr(10), '<br>')}</p>"


def exercise_of(name: str, variant: int | None = None) -> Exercise:
    """The exercise of this name, with other numbers where a variant is given; KeyError or ValueError where there is none."""
    if not isinstance(name, str):
        raise TypeError(words("exercise_call.name", given=name))
    if name not in EXERCISES:
        raise KeyError(words("exercise_call.no_exercise", name=name, known=", ".join(EXERCISES)))
    exercise = EXERCISES[name]
    if variant is None:
        return exercise
    if not exercise.vary:
        raise ValueError(words("exercise_call.no_variant", name=name, others=", ".join(varied())))
    return exercise.variant(whole("variant", variant, 0))


def varied() -> list[str]:
    """The exercises that can be asked again with other numbers."""
    return [name for name, exercise in EXERCISES.items() if exercise.vary]


def check(name: str | None = None, answer=..., hint: int = 0, variant: int | None = None, reason: str = "") -> Reply:
    """Whether an answer is right, and if not, which mistake it is; without a name, what has passed in this lesson and what to practise.

    It never raises for an answer, never prints the right one, and says the same on every run. `hint` is 1 or 2; `variant`, any whole
    number, asks the same of other sizes; `reason`, a letter, answers the question why that follows some right answers.

    >>> check("conv2-params", 540)
    Not yet.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    """
    if name is None:
        return score()
    exercise = exercise_of(name, variant)
    _latest[:] = [name]
    if hint:
        return _reply(words("hint"), exercise.hint(1 if hint in (1, "1") else 2))
    wrong = exercise.judge(answer)
    if wrong and not wrong.is_answer:
        return _reply(exercise.question(), wrong.text)
    progress.remember(name, not wrong, wrong.slips if wrong else "")
    if wrong:
        return _reply(words("not_yet"), wrong.text)
    return _reply(words("right"), exercise.why(), *_reasons(exercise, reason))


def _reply(*lines: str) -> Reply:
    """These lines; and what has happened to the results file, once."""
    notice, progress.notice = progress.notice, ""
    return Reply("\n".join(filter(None, (*lines, notice))))


def _reasons(exercise: Exercise, letter: str) -> list[str]:
    """The question why with four reasons to choose from, where an exercise has them; or what is said to the one that was chosen."""
    reasons = exercise.own_words("reasons")
    if not reasons:
        return []
    letters = dict(zip("ABCD", random.Random(exercise.name).sample(reasons, len(reasons)), strict=True))
    if chosen := letters.get(str(letter).strip().upper()):
        return [words("reason_right" if chosen is reasons[0] else "reason_wrong", reason=chosen[0], reply=chosen[1])]
    return [words("reasons", name=exercise.name), *(f"{key}  {text}" for key, (text, _) in letters.items())]


def score() -> Reply:
    """What has passed in the lesson that was asked last, which slips were made, and what to practise."""
    known = progress.exercises()
    last = (_latest or list(known) or [""])[-1]
    if last not in EXERCISES:
        return _reply(words("score_nothing"))
    number = EXERCISES[last].lesson
    mine = {name: exercise for name, exercise in EXERCISES.items() if exercise.lesson == number}
    checked = [name for name, exercise in mine.items() if exercise.stars]
    passed = sum(known.get(name, {}).get("passed", False) for name in checked)
    slips = [_slips_made(name, entry) for name, entry in known.items() if name in mine]
    again = [words("score_practise", name=name) for name in mine if name in varied() and known.get(name, {}).get("slips")]
    return _reply(words("score", passed=passed, of=len(checked), lesson=number), *slips, *again[:1])


def _slips_made(name: str, entry: dict) -> str:
    """The sentences of an exercise's slips, each once; empty where none is known."""
    told = " ".join(filter(None, dict.fromkeys(map(EXERCISES[name].recalled, entry["slips"]))))
    return words("score_slips", name=name, told=told) if told else ""


def reveal(name: str, guess=..., variant: int | None = None) -> Reply:
    """The question for three dots; for a guess: yours, the truth, the mistake if it is a known one, and why; `variant` as in check.

    >>> reveal("conv2-params", 540)
    You said 540. It is 552.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    3·3·5·12 + 12. The 12×12 map did not enter.
    """
    exercise = exercise_of(name, variant)
    truth = exercise.shown_truth()
    if not truth:
        return check(name, guess)
    _latest[:] = [name]
    wrong = exercise.judge(guess)
    if wrong and not wrong.is_answer:
        return _reply(exercise.question(), wrong.text)
    progress.remember(name, not wrong, wrong.slips if wrong else "")
    verdict = words("guessed" if wrong else "guess_right", value=shown_number(as_number(guess)), truth=truth)
    return _reply(verdict, wrong.text if wrong and wrong.slips else "", exercise.why())


guess = ...  # what stands in a guess cell until you put a number there


def practice(*lessons: int | str) -> Reply:
    """A question again, with other numbers: what was last answered wrong, then what was answered longest ago; of these lessons, such as
    1 or 4, or exercises by name, or of all that were answered.

    >>> practice("tied").splitlines()[0][:11]
    'Two Linear('
    """
    known = progress.exercises()
    wanted = [name for lesson in lessons for name in _to_practise(lesson)] or [name for name in known if name in varied()]
    if not wanted:
        return _reply(words("nothing_to_practise"))
    name = min(wanted, key=lambda name: (known.get(name, {}).get("last") != "wrong", list(known).index(name) if name in known else -1))
    variant = known.get(name, {}).get("tries", 0) + 1
    return _reply(exercise_of(name, variant).question(), words("practice", name=name, variant=variant))


def _to_practise(lesson: int | str) -> list[str]:
    if not str(lesson).isdecimal():
        return [exercise_of(lesson, 1).name]
    names = [name for name in varied() if EXERCISES[name].lesson == int(lesson)]
    if not names:
        raise ValueError(words("exercise_call.no_lesson", lesson=lesson))
    return names


class Vote(Table):
    """A vote as four large tiles; as text, the table that it is."""

    def html(self) -> str:
        grid = "display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:14px"
        tiles = "".join(map(self._tile, self.rows))
        return f'<p style="font-size:20px"><b>{escape(self.caption)}</b></p><div style="{grid}">{tiles}</div>'

    def _tile(self, row: list[str | Cell]) -> str:
        letter, (number, _), *rest = row
        labelled = zip(self.columns[2:], rest, strict=True)  # hands by round; and last, under no heading, who believes it
        lines = [escape(text if heading.startswith("<") else f"{heading}: {text}") for heading, text in labelled if text]
        head = f'<span style="font-size:22px">{letter}</span> <b style="font-size:32px">{escape(number)}</b>'
        below = "".join(f'<div style="font-size:18px">{line}</div>' for line in lines)
        return f'<div style="{TILE}">{head}{below}</div>'


def vote(name: str, reveal: bool = False, variant: int | None = None, first: list[int] = (), second: list[int] = ()) -> Table:
    """A question with four numbers, three of them other people's mistakes; with reveal=True, who believes which.

    `first` and `second` are the hands for A to D before and after neighbours have talked: how the room has moved.

    >>> [number.text for _, number in vote("fc1-params").rows]
    ['1,664', '24,576', '24,704', '24,768']
    """
    exercise = exercise_of(name, variant)
    options = dict(sorted(exercise.options().items()))
    rounds = [hands for hands in (first, second) if hands]
    if any(not isinstance(hands, (list, tuple)) or len(hands) != len(options) for hands in rounds):
        raise ValueError(words("exercise_call.hands", answers=len(options)))
    columns = {f"<{words('vote')}": "ABCD"[: len(options)], words("number"): [Cell(shown_number(number), "name") for number in options]}
    for n, hands in enumerate(rounds, 1):
        columns[words("hands", n=n)] = [f"{whole('vote: hands', count, 0)}" for count in hands]
    if len(rounds) == 2:
        columns[words("change")] = [arrow(after - before) for before, after in zip(first, second, strict=True)]
    if reveal:
        columns[f"<{words('believes')}"] = options.values()
    return Vote(list(columns), [list(row) for row in zip(*columns.values(), strict=True)], caption=exercise.question())
