"""guess and reveal, check, practice: predict first, then be told what exactly went wrong."""

import random
from html import escape

from course_lib.asking.designs import DESIGNS, LESSONS, wrong_design
from course_lib.asking.functions import UNFINISHED, diagnose_function
from course_lib.asking.progress import Progress
from course_lib.asking.slips import Answer, Function
from course_lib.asking.telling import Diagnosis, as_number, diagnose, is_right, made_of, recalled, shown
from course_lib.by_hand.layers import whole
from course_lib.words import find, words

EXERCISES: dict[str, Answer | Function] = {
    name: answer for lesson in LESSONS for name, answer in (lesson.EXERCISES | getattr(lesson, "FUNCTIONS", {})).items()
}
STARS: dict[str, int] = {name: stars for lesson in LESSONS for name, stars in lesson.STARS.items()}  # those that check asks
progress = Progress()
_latest: list[str] = []  # what this session has shown last, answered or not


class Said(str):
    """An answer to the learner: text, and the same as HTML with its first sentence in bold."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        first, _, rest = self.partition("\n")
        return f"<p><b>{escape(first)}</b> {escape(rest).replace(chr(10), '<br>')}</p>"


def exercise(name: str, variant: int | None = None) -> Answer | Function:
    """The exercise of this name, with other numbers where a variant is given; KeyError or ValueError where there is none."""
    if not isinstance(name, str):
        raise TypeError(words("exercise_call.name", given=name))
    if name in DESIGNS:
        raise KeyError(words("exercise_call.network", name=name))
    if name not in EXERCISES:
        raise KeyError(words("exercise_call.no_exercise", name=name, known=", ".join(EXERCISES)))
    found = EXERCISES[name]
    if variant is None:
        return found
    if not getattr(found, "vary", {}):
        raise ValueError(words("exercise_call.no_variant", name=name, others=", ".join(varied())))
    return found.variant(name, whole("variant", variant, 0))


def varied() -> list[str]:
    """The exercises that can be asked again with other numbers."""
    return [name for name, answer in EXERCISES.items() if isinstance(answer, Answer) and answer.vary]


def lesson_of(name: str) -> int:
    """The number of the lesson that asks this."""
    return next(i for part in ("STARS", "EXERCISES") for i, lesson in enumerate(LESSONS) if name in getattr(lesson, part))


def ask(name: str, answer: Answer | Function) -> str:
    """The question in words, with its sizes."""
    key = f"exercise.{name}.ask"
    other = getattr(answer, "drawn", False) and find(f"{key}_variant")
    return words(f"{key}_variant" if other else key, **getattr(answer, "sizes", {}))


def why(name: str, answer: Answer | Function) -> str:
    """Why the right answer is right: in the course's words, or for other numbers the calculation alone."""
    if not getattr(answer, "drawn", False):
        return words(f"exercise.{name}.why")
    value, own = shown(answer.value()), f"exercise.{name}.why_variant"
    return words(own, value=value, **answer.sizes) if find(own) else words("variant_why", work=answer.work(), value=value)


def check(name: str | None = None, answer=..., hint: int = 0, variant: int | None = None, reason: str = "") -> Said:
    """Whether an answer is right, and if not, which mistake it is; without a name, what has passed in this lesson and what to practise.

    It never raises for an answer, never prints the right one, and says the same on every run. `hint` is 1 or 2; `variant`, any whole
    number, asks the same of other sizes; `reason`, a letter, answers the question why that follows some right answers.

    >>> check("conv2-params", 540)
    Not yet.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    """
    if name is None:
        return score()
    asked = None if isinstance(name, str) and name in DESIGNS and variant is None else exercise(name, variant)
    _latest[:] = [name]
    if hint and variant is not None:
        return Said(words("hint") + "\n" + words("variant_hint", parts=made_of(name, asked)))
    if hint:
        return Said(words("hint") + "\n" + words(f"exercise.{name}.hint{1 if hint in (1, '1') else 2}"))
    if answer is ... or isinstance(asked, Function) and not callable(answer):
        return _question(name, asked, answer)
    if isinstance(asked, Answer) and isinstance(number := as_number(answer), str):
        return Said(f"{ask(name, asked)}\n{number}")
    wrong = _wrong(name, asked, answer)
    if wrong and wrong.slips == UNFINISHED:
        return Said(f"{ask(name, asked)}\n{wrong.text}")
    progress.note(name, not wrong, wrong.slips if wrong else "")
    lines = [words("not_yet"), wrong.text] if wrong else [words("right"), why(name, asked), *_reasons(name, reason)]
    return Said("\n".join([*lines, *_notice()]))


def _question(name: str, asked: Answer | Function | None, answer) -> Said:
    """What is asked, and what kind of answer is wanted."""
    if asked is None:
        return Said(wrong_design(name, answer))
    wanted = words("give_function", call=", ".join(asked.arguments)) if isinstance(asked, Function) else as_number(answer)
    return Said(f"{ask(name, asked)}\n{wanted}")


def _wrong(name: str, asked: Answer | Function | None, answer) -> Diagnosis | None:
    """What is wrong with an answer; None for a right one."""
    if asked is None:
        verdict = wrong_design(name, answer)
        return Diagnosis(verdict.partition("\n")[2]) if verdict else None
    if isinstance(asked, Function):
        return diagnose_function(name, asked, answer)
    number = as_number(answer)
    if is_right(number, asked):
        return None
    size = "too_large" if number > asked.value() else "too_small"
    found = diagnose(name, asked, number)
    return found if found.text else Diagnosis(words(size, name=name))


def _reasons(name: str, letter: str) -> list[str]:
    """The question why with four reasons to choose from, where an exercise has them; or what is said to the one that was chosen."""
    found = find(f"exercise.{name}.reasons")
    if not found:
        return []
    shuffled = random.Random(name).sample(found, len(found))
    letters = dict(zip("ABCD", shuffled, strict=True))
    if chosen := letters.get(str(letter).strip().upper()):
        return [words("reason_right" if chosen is found[0] else "reason_wrong", reason=chosen[0], reply=chosen[1])]
    return [words("reasons", name=name), *(f"{key}  {text}" for key, (text, _) in letters.items())]


def _notice() -> list[str]:
    notice, progress.notice = progress.notice, ""
    return [notice] if notice else []


def score() -> Said:
    """What has passed in the lesson that was asked last, which slips were made, and what to practise."""
    known = progress.exercises()
    last = (_latest or list(known) or [""])[-1]
    if last not in EXERCISES and last not in STARS:
        return Said("\n".join([words("score_nothing"), *_notice()]))
    number = lesson_of(last)
    mine = list(LESSONS[number].STARS)
    passed = sum(known.get(name, {}).get("passed", False) for name in mine)
    lines = [words("score", passed=passed, of=len(mine), lesson=number)]
    for name, entry in known.items():
        if (name in EXERCISES or name in STARS) and lesson_of(name) == number:
            told = [recalled(name, EXERCISES.get(name), slips) for slips in entry["slips"]]
            lines += [words("score_slips", name=name, told=" ".join(dict.fromkeys(filter(None, told))))] * any(told)
    again = [name for name in varied() if known.get(name, {}).get("slips") and lesson_of(name) == number]
    lines += [words("score_practise", name=name) for name in again[:1]]
    return Said("\n".join([*lines, *_notice()]))


def reveal(name: str, guess=..., variant: int | None = None) -> Said:
    """The question for three dots; for a guess: yours, the truth, the mistake if it is a known one, and why; `variant` as in check.

    >>> reveal("conv2-params", 540)
    You said 540. It is 552.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    3·3·5·12 + 12. The 12×12 map did not enter.
    """
    answer, value = exercise(name, variant), as_number(guess)
    if isinstance(answer, Function):
        return check(name, guess)
    _latest[:] = [name]
    if isinstance(value, str):
        return Said(f"{ask(name, answer)}\n{value}")
    right = is_right(value, answer)
    found = Diagnosis() if right else diagnose(name, answer, value)
    progress.note(name, right, found.slips)
    verdict = words("guess_right" if right else "guessed", value=shown(value), truth=shown(answer.value()))
    return Said("\n".join(filter(None, (verdict, found.text, why(name, answer), *_notice()))))


guess = ...  # what stands in a guess cell until you put a number there


def practice(*lessons: int | str) -> Said:
    """A question again, with other numbers: what was last answered wrong, then what was answered longest ago.

    Without a name those that were answered so far; with lessons, such as 1 or 4, or exercises by name, those.

    >>> practice("tied").splitlines()[0][:11]
    'Two Linear('
    """
    known = progress.exercises()
    wanted = [name for lesson in lessons for name in _named(lesson)] if lessons else [name for name in known if name in varied()]
    if not wanted:
        return Said(words("nothing_to_practise"))
    name = min(wanted, key=lambda name: (known.get(name, {}).get("last") != "wrong", list(known).index(name) if name in known else -1))
    variant = known.get(name, {}).get("tries", 0) + 1
    return Said(f"{ask(name, exercise(name, variant))}\n{words('practice', name=name, variant=variant)}")


def _named(lesson: int | str) -> list[str]:
    """A lesson's exercises that have other numbers, or the one of this name."""
    if str(lesson).isdecimal():
        found = [name for name in varied() if lesson_of(name) == int(lesson)]
        if not found:
            raise ValueError(words("exercise_call.no_lesson", lesson=lesson))
        return found
    exercise(lesson, 1)
    return [lesson]
