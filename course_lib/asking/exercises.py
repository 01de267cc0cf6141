"""guess and reveal, check, vote: predict first, then be told what exactly went wrong."""

import math
from html import escape
from importlib import import_module
from traceback import format_exception_only

from course_lib.asking.designs import DESIGNS, wrong_design
from course_lib.asking.slips import Answer, Function, means, unlikely
from course_lib.asking.telling import diagnose, is_right, made_of, sentence, specific, tell
from course_lib.by_hand.layers import whole
from course_lib.show.tables import Cell, Table, arrow
from course_lib.words import find, words

LESSONS = [import_module(f"course_lib.lessons.l{number:02}") for number in range(13)]
EXERCISES: dict[str, Answer | Function] = {
    name: answer for lesson in LESSONS for name, answer in (lesson.EXERCISES | getattr(lesson, "FUNCTIONS", {})).items()
}
_passed: dict[str, bool] = {}
_tries: dict[str, int] = {}  # how often each was answered, those answered last at the end


class Said(str):
    """An answer to the learner: text, and the same as HTML with its first sentence in bold."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        first, _, rest = self.partition("\n")
        return f"<p><b>{escape(first)}</b> {escape(rest).replace(chr(10), '<br>')}</p>"


def _exercise(name: str, variant: int | None = None) -> Answer | Function:
    if name in DESIGNS:
        raise KeyError(f"{name!r} asks for a network, and check takes it: check({name!r}, network)")
    if name not in EXERCISES:
        raise KeyError(f"no exercise {name!r}; there are {', '.join(EXERCISES)}")
    found = EXERCISES[name]
    if variant is None:
        return found
    if not getattr(found, "vary", {}):
        raise ValueError(words("no_variant", name=name, others=", ".join(varied())))
    return found.variant(name, whole("variant", variant, 0))


def varied() -> list[str]:
    """The exercises that can be asked again with other numbers."""
    return [name for name, answer in EXERCISES.items() if isinstance(answer, Answer) and answer.vary]


def _ask(name: str, answer: Answer | Function) -> str:
    key = f"exercise.{name}.ask"
    other = getattr(answer, "drawn", False) and find(f"{key}_variant")
    return words(f"{key}_variant" if other else key, **getattr(answer, "sizes", {}))


def _why(name: str, answer: Answer | Function) -> str:
    """Why the right answer is right: in the course's words, or for other numbers the calculation alone."""
    if not getattr(answer, "drawn", False):
        return words(f"exercise.{name}.why")
    value, own = _shown(answer.value()), f"exercise.{name}.why_variant"
    return words(own, value=value, **answer.sizes) if find(own) else words("variant_why", work=answer.work(), value=value)


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


def check(name: str | None = None, answer=..., hint: int = 0, variant: int | None = None) -> Said:
    """Whether an answer is right, and if not, which mistake it is; without a name, how many passed in this session.

    It never raises for an answer, never prints the right one, and says the same on every run. `hint` is 1 or 2; `variant`, any whole
    number, asks the same of other sizes.

    >>> check("conv2-params", 540)
    Not yet.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    """
    if name is None:
        return Said(words("score", n=sum(_passed.values())))
    if not isinstance(name, str):
        raise TypeError(f'check takes the name of the exercise first: check("conv2-params", {name!r})')
    asked = None if name in DESIGNS and variant is None else _exercise(name, variant)
    if hint and variant is not None:
        return Said(words("hint") + "\n" + words("variant_hint", parts=made_of(name, asked)))
    if hint:
        return Said(words("hint") + "\n" + words(f"exercise.{name}.hint{2 if hint >= 2 else 1}"))
    verdict = _wrong(name, asked, answer) if asked else wrong_design(name, answer)
    if answer is not ...:
        _tries[name] = _tries.pop(name, 0) + 1
    _passed[name] = not verdict
    return Said(verdict or f"{words('right')}\n{_why(name, asked)}")


def _wrong(name: str, answer: Answer | Function, value) -> str:
    """What to say to a wrong answer; nothing for a right one."""
    if isinstance(answer, Function):
        return _wrong_function(name, answer, value)
    number, not_yet = _number(value), words("not_yet")
    if isinstance(number, str):
        return f"{_ask(name, answer)}\n{number}"
    if is_right(number, answer):
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
    wrong = [(case, number) for case, number in zip(function.cases, numbers, strict=True) if not is_right(number, case)]
    if not wrong:
        return ""
    case, number = wrong[0]
    passed = len(numbers) - len(wrong)
    some = words("some_right", n=passed, of=len(numbers)) if passed else ""
    gives = words("function_wrong", said=_case(function, case), value=f"{number:g}")
    everywhere = [set(one.causes(lambda made, value=value: means(value, made), every=True)) for one, value in wrong]
    told = tell(name, case, sorted(set.intersection(*everywhere)))
    return f"{not_yet}\n{some}{gives} {told or words('ask_hint', name=name)}"


def _case(function: Function, case: Answer) -> str:
    return ", ".join(f"{argument}={case.sizes[argument]}" for argument in function.arguments)


def reveal(name: str, guess=..., variant: int | None = None) -> Said:
    """The question for three dots; for a guess: yours, the truth, the mistake if it is a known one, and why; `variant` as in check.

    >>> reveal("conv2-params", 540)
    You said 540. It is 552.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    3·3·5·12 + 12. The 12×12 map did not enter.
    """
    answer, value = _exercise(name, variant), _number(guess)
    if isinstance(answer, Function):
        return check(name, guess)
    if isinstance(value, str):
        return Said(f"{_ask(name, answer)}\n{value}")
    right = is_right(value, answer)
    verdict = words("guess_right" if right else "guessed", value=_shown(value), truth=_shown(answer.value()))
    return Said("\n".join(filter(None, (verdict, "" if right else diagnose(name, answer, value), _why(name, answer)))))


guess = ...  # what stands in a guess cell until you put a number there


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


def practice(*names: str) -> Said:
    """A question again, with other numbers: what was last answered wrong in this session, then what was answered longest ago.

    >>> practice("tied").splitlines()[0][:11]
    'Two Linear('
    """
    for name in names:
        _exercise(name, 1)
    known = names or [name for name in _tries if name in varied()]
    if not known:
        return Said(words("nothing_to_practise"))
    name = min(known, key=lambda name: (_passed.get(name, False), list(_tries).index(name) if name in _tries else -1))
    variant = _tries.get(name, 0) + 1
    return Said(f"{_ask(name, _exercise(name, variant))}\n{words('practice', name=name, variant=variant)}")


def vote(name: str, reveal: bool = False, variant: int | None = None, first: list[int] = (), second: list[int] = ()) -> Table:
    """A question with four numbers, three of them other people's mistakes; with reveal=True, who believes which.

    `first` and `second` are the hands for A to D before and after neighbours have talked: how the room has moved.

    >>> vote("fc1-params")
    How many parameters does fc1, Linear(192, 128), have?
    vote  number
    A      1,664
    B     24,576
    C     24,704
    D     24,768
    """
    answer = _exercise(name, variant)
    if isinstance(answer, Function):
        raise TypeError(words("no_vote", name=name))
    options = {answer.value(): words("vote_right") + " " + _why(name, answer)}
    slips = sorted(answer.slips(), key=lambda slip: (not specific(name, answer, slip), unlikely((slip,))))
    for slip in answer.voted() or slips:
        number = answer.outcome(slip)
        if number is not None and number not in options and len(options) < 4:
            options[number] = sentence(name, answer, slip)
    rounds = [hands for hands in (first, second) if hands]
    if any(len(hands) != len(options) for hands in rounds):
        raise ValueError(f"vote: a round has a number of hands for each of {len(options)} answers, such as [3, 9, 12, 1]")
    counted = [[f"{whole('vote: hands', hands[i], 0)}" for hands in rounds] for i in range(len(options))]
    moved = [[arrow(second[i] - first[i])] for i in range(len(options))] if len(rounds) == 2 else [[]] * len(options)
    rows = [
        [letter, Cell(_shown(number), "name"), *counted[i], *moved[i]] + [options[number]] * reveal
        for i, (letter, number) in enumerate(zip("ABCD", sorted(options), strict=False))
    ]
    heads = [words("hands", n=n) for n in range(1, len(rounds) + 1)] + [words("change")] * (len(rounds) == 2)
    columns = [f"<{words('vote')}", words("number"), *heads] + [f"<{words('believes')}"] * reveal
    return Table(columns, rows, caption=_ask(name, answer))
