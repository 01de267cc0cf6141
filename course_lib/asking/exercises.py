"""guess and reveal, check, vote: predict first, then be told what exactly went wrong."""

import math
from html import escape
from importlib import import_module
from traceback import format_exception_only

from course_lib.asking.designs import DESIGNS, wrong_design
from course_lib.asking.slips import Answer, Function, Slip, digits_of, means, unlikely
from course_lib.show.tables import Cell, Table
from course_lib.words import find, words

LESSONS = [import_module(f"course_lib.lessons.l{number:02}") for number in range(13)]
EXERCISES: dict[str, Answer | Function] = {
    name: answer for lesson in LESSONS for name, answer in (lesson.EXERCISES | getattr(lesson, "FUNCTIONS", {})).items()
}
_passed: dict[str, bool] = {}


class Said(str):
    """An answer to the learner: text, and the same as HTML with its first sentence in bold."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        first, _, rest = self.partition("\n")
        return f"<p><b>{escape(first)}</b> {escape(rest).replace(chr(10), '<br>')}</p>"


def _exercise(name: str) -> Answer | Function:
    if name in DESIGNS:
        raise KeyError(f"{name!r} asks for a network, and check takes it: check({name!r}, network)")
    if name not in EXERCISES:
        raise KeyError(f"no exercise {name!r}; there are {', '.join(EXERCISES)}")
    return EXERCISES[name]


def _number(answer) -> float | str:
    """The answer as a number, or what is the matter with it."""
    if answer is ... or answer is None:
        return words("answer_dots" if answer is ... else "answer_none")
    if isinstance(answer, tuple):
        return words("answer_comma")
    if isinstance(answer, bool):
        return words("answer_flag", value=answer)
    if isinstance(answer, (str, bytes, list, dict, set)):
        return words("answer_text" if isinstance(answer, (str, bytes)) else "answer_type", kind=type(answer).__name__)
    if callable(answer) and not hasattr(answer, "forward"):  # a module can be called, too
        return words("answer_function")
    try:
        value = float(answer.item() if hasattr(answer, "item") else answer)
    except Exception:
        return words("answer_tensor" if hasattr(answer, "shape") else "answer_type", kind=type(answer).__name__)
    return value if math.isfinite(value) else words("answer_not_finite", value=value)


def _right(value: float, answer: Answer) -> bool:
    """Whether this is the right answer: the number itself, or where it has no end, rounded to the digits that are asked, or more."""
    truth, digits = answer.value(), digits_of(value)
    return value == truth or (truth != int(truth) and digits >= (answer.digits or 0) and math.isclose(value, round(truth, digits)))


def diagnose(name: str, answer: Answer, value: float) -> str:
    """What has gone wrong, where one or two slips make just this of the right answer; a last digit, or nothing."""
    truth = answer.value()
    if truth != int(truth) and means(value, truth):
        few = digits_of(value) < (answer.digits or 0)
        return words("nearly" if few else "cut_off")
    if told := _told(name, answer, answer.causes(lambda number: means(value, number))):
        return told
    return words("rounded") if value in [float(f"{truth:.{digits}g}") for digits in (2, 3, 4)] else ""


def _told(name: str, answer: Answer, causes: list[tuple[Slip, ...]]) -> str:
    """The likeliest cause in words; the next one, too, where it is as likely. A cause with a sentence of its own comes first."""
    ranks = {cause: (len(cause), len(cause) > 1 or not _own(name, cause[0]), unlikely(cause)) for cause in causes}
    best = sorted(causes, key=ranks.__getitem__)
    told = [" ".join(sentence(name, answer, slip, len(cause) == 1) for slip in cause) for cause in best if ranks[cause] == ranks[best[0]]]
    first, *others = dict.fromkeys(told) or [""]
    return words("either", one=first, other=others[0]) if others else first


def _own(name: str, slip: Slip) -> str | None:
    """A slip's own sentence: in this exercise, or wherever it is made."""
    key = "-".join(filter(None, slip))
    return find(f"exercise.{name}.slip.{key}") or find(f"slip.{key}")


def sentence(name: str, answer: Answer, slip: Slip, alone: bool = True) -> str:
    """What is said to a slip: where it is the only one, a sentence of its own; or the one for its kind, with the part that it changes.

    >>> sentence("conv2-params", EXERCISES["conv2-params"], Slip("not_squared", "k"))
    'The kernel is 3 wide and 3 high: 3·3, not 3.'
    """
    kind, part, other = slip
    text = (alone and _own(name, slip)) or find(f"unit.{answer.unit}.{part}" if kind == "unit" else f"slip.{kind}")
    named = {} if kind in ("instead", "unit") else {"part": _called(name, answer, part), "other": _called(name, answer, other)}
    return text.format(**answer.sizes, **named)


def _called(name: str, answer: Answer, part: str) -> str:
    """What a part is called; its number, where it has no words."""
    text = find(f"exercise.{name}.part.{part}") or find(f"part.{part}")
    return text.format(**answer.sizes) if text else f"{answer.sizes.get(part, part)}"


def check(name: str | None = None, answer=..., hint: int = 0) -> Said:
    """Whether an answer is right, and if not, which mistake it is; without a name, how many passed in this session.

    It never raises for an answer, never prints the right one, and says the same on every run. `hint` is 1 or 2.

    >>> check("conv2-params", 540)
    Not yet.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    """
    if name is None:
        return Said(words("score", n=sum(_passed.values())))
    if not isinstance(name, str):
        raise TypeError(f'check takes the name of the exercise first: check("conv2-params", {name!r})')
    asked = None if name in DESIGNS else _exercise(name)
    if hint:
        return Said(words("hint") + "\n" + words(f"exercise.{name}.hint{2 if hint >= 2 else 1}"))
    verdict = _wrong(name, asked, answer) if asked else wrong_design(name, answer)
    _passed[name] = not verdict
    return Said(verdict or f"{words('right')}\n{words(f'exercise.{name}.why')}")


def _wrong(name: str, answer: Answer | Function, value) -> str:
    """What to say to a wrong answer; nothing for a right one."""
    if isinstance(answer, Function):
        return _wrong_function(name, answer, value)
    number, not_yet = _number(value), words("not_yet")
    if isinstance(number, str):
        return f"{words(f'exercise.{name}.ask')}\n{number}"
    if _right(number, answer):
        return ""
    size = "too_large" if number > answer.value() else "too_small"
    return f"{not_yet}\n{diagnose(name, answer, number) or words(size, name=name)}"


def _wrong_function(name: str, function: Function, gave) -> str:
    """What to say to a function that is wrong on some cases: what it gives on the first of them, and the slip that explains all."""
    ask, not_yet, numbers = words(f"exercise.{name}.ask"), words("not_yet"), []
    if gave is ... or not callable(gave):
        return f"{ask}\n{words('give_function', call=', '.join(function.arguments))}"
    for case in function.cases:
        said = _case(function, case)
        try:
            number = gave(*(case.sizes[argument] for argument in function.arguments))
        except Exception as error:
            return f"{not_yet}\n{words('function_raised', said=said, error=format_exception_only(error)[-1].strip())}"
        numbers.append(_number(number))
        if isinstance(numbers[-1], str):
            return f"{not_yet}\n{words('function_gave', said=said)} {numbers[-1]}" if number is not ... else f"{ask}\n{numbers[-1]}"
    wrong = [(case, number) for case, number in zip(function.cases, numbers, strict=True) if not _right(number, case)]
    if not wrong:
        return ""
    case, number = wrong[0]
    passed = len(numbers) - len(wrong)
    some = words("some_right", n=passed, of=len(numbers)) if passed else ""
    gives = words("function_wrong", said=_case(function, case), value=f"{number:g}")
    everywhere = [set(one.causes(lambda made, value=value: means(value, made), every=True)) for one, value in wrong]
    told = _told(
        name, case, [cause for cause in case.causes(lambda made: means(number, made), every=True) if cause in set.intersection(*everywhere)]
    )
    return f"{not_yet}\n{some}{gives} {told or words('ask_hint', name=name)}"


def _case(function: Function, case: Answer) -> str:
    return ", ".join(f"{argument}={case.sizes[argument]}" for argument in function.arguments)


def reveal(name: str, guess=...) -> Said:
    """The question for three dots; for a guess: yours, the truth, the mistake if it is a known one, and why.

    >>> reveal("conv2-params", 540)
    You said 540. It is 552.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    3·3·5·12 + 12. The 12×12 map did not enter.
    """
    answer, value = _exercise(name), _number(guess)
    if isinstance(answer, Function):
        return check(name, guess)
    if isinstance(value, str):
        return Said(f"{words(f'exercise.{name}.ask')}\n{value}")
    right = _right(value, answer)
    verdict = words("guess_right" if right else "guessed", value=_shown(value), truth=_shown(answer.value()))
    return Said("\n".join(filter(None, (verdict, "" if right else diagnose(name, answer, value), words(f"exercise.{name}.why")))))


guess = ...  # what stands in a guess cell until you put a number there


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


def vote(name: str, reveal: bool = False) -> Table:
    """A question with four numbers, three of them other people's mistakes; with reveal=True, who believes which.

    >>> vote("fc1-params")
    How many parameters does fc1, Linear(192, 128), have?
    vote  number
    A      1,664
    B     24,576
    C     24,704
    D     24,768
    """
    answer = _exercise(name)
    options = {answer.value(): words("vote_right") + " " + words(f"exercise.{name}.why")}
    slips = sorted(answer.slips(), key=lambda slip: (not _own(name, slip), unlikely((slip,))))
    for slip in answer.voted() or slips:
        number = answer.made(slip)
        if number is not None and number not in options and len(options) < 4:
            options[number] = sentence(name, answer, slip)
    rows = [[letter, Cell(_shown(number), "name")] + [options[number]] * reveal
            for letter, number in zip("ABCD", sorted(options), strict=False)]  # fmt: skip
    columns = [f"<{words('vote')}", words("number")] + [f"<{words('believes')}"] * reveal
    return Table(columns, rows, caption=words(f"exercise.{name}.ask"))
