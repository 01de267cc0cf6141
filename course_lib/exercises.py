"""guess and reveal, check, vote: predict first, then be told what exactly went wrong."""

import math
from collections.abc import Callable
from html import escape
from traceback import format_exception_only
from types import SimpleNamespace
from typing import NamedTuple

from course_lib.by_hand.layers import Conv2d
from course_lib.by_hand.networks import small_cnn
from course_lib.designs import DESIGNS, wrong_design
from course_lib.mistakes import MISTAKES, formula
from course_lib.show.tables import Cell, Table
from course_lib.words import read_toml, words


class Exercise(NamedTuple):
    """Sizes, the right answer on them, and the mistakes that are told by name: exercises.toml has them, words/ their words.

    With `cases`, the answer is a function of the sizes named in `arguments`, tried on every case.
    """

    sizes: SimpleNamespace
    truth: Callable[[SimpleNamespace], float]
    mistakes: list[str]
    arguments: tuple[str, ...] = ()
    cases: tuple[SimpleNamespace, ...] = ()


def conv_sizes(k: int, cin: int, cout: int, size: int = 12, stride=1, padding=0, groups=1, batch=1) -> SimpleNamespace:
    """The sizes of a convolution's exercise: k×k kernels, cin→cout channels, size×size in, out×out out; and the layer."""
    layer = Conv2d(cin, cout, k, stride=stride, padding=padding, groups=groups)
    shape = (cin, size, size)
    return SimpleNamespace(**locals(), out=layer.output_shape(shape)[1])


def _network_sizes() -> dict:
    net = small_cnn()
    ledger, larger = net.ledger(), small_cnn(conv2_kernel=5).ledger()
    conv1, conv2, fc1 = (ledger[name].params for name in ("conv1", "conv2", "fc1"))
    return dict(  # noqa: C408
        net=net, ledger=ledger, larger=larger, params=ledger.params, values=ledger.params, width=4, layers=len(ledger), tensors=8, batch=16,
        activations=sum(row.outputs for row in ledger if row.kind == "ReLU"), outputs=sum(row.outputs for row in ledger),
        biases=sum(row.work[1][0] for row in ledger if row.biased), convolutions=conv1 + conv2, fc1=fc1, frozen=conv1,
        frozen_weights=conv1 - 5, kernel_growth=larger["conv2"].params - conv2, fc1_loss=fc1 - larger["fc1"].params,
    )  # fmt: skip


def _read() -> dict[str, Exercise]:
    network, made = _network_sizes(), {}
    for name, asked in read_toml("exercises.toml").items():
        if name in DESIGNS:
            continue
        cases = tuple(conv_sizes(*case) for case in asked.get("cases", ()))
        sizes = SimpleNamespace(**network | asked.get("sizes", {}))
        sizes = cases[0] if cases else conv_sizes(**asked["conv"]) if "conv" in asked else sizes
        made[name] = Exercise(sizes, formula(asked["truth"]), asked["mistakes"].split(), asked.get("arguments", ()), cases)
    return made


EXERCISES = _read()
_passed: dict[str, bool] = {}


class Said(str):
    """An answer to the learner: text, and the same as HTML with its first sentence in bold."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        first, _, rest = self.partition("\n")
        return f"<p><b>{escape(first)}</b> {escape(rest).replace(chr(10), '<br>')}</p>"


def _exercise(name: str) -> Exercise:
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


def _close(value: float, truth: float, within: float = 5e-3) -> bool:
    """Equal; where the truth is not a whole number, nearly: to three digits."""
    return value == truth if truth == int(truth) else math.isclose(value, truth, rel_tol=within)


def diagnose(exercise: Exercise, answers: list[float], case: SimpleNamespace) -> str:
    """The sentence, told on one case, of the mistake that gives just these answers, one for each case; or nothing."""
    for mistake in exercise.mistakes:
        wrong = [MISTAKES[mistake](case) for case in exercise.cases or (exercise.sizes,)]
        if all(_close(answer, value, 0.022) for answer, value in zip(answers, wrong, strict=True)):
            return words(f"mistake.{mistake}", **vars(case))
    if exercise.cases:
        return ""
    truth = exercise.truth(exercise.sizes)
    if 100 < answers[0] != truth and answers[0] in [round(truth, -digits) for digits in range(1, 8)]:
        return words("rounded")
    if truth == int(truth) and truth < 1000:  # a count of a few is never in millions
        return ""
    return words("other_unit") if any(math.isclose(answers[0] / truth, by, rel_tol=0.011) for n in UNITS for by in (n, 1 / n)) else ""


UNITS = (10**3, 10**6, 10**9, 2**10, 2**20)


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
    exercise = None if name in DESIGNS else _exercise(name)
    if hint:
        return Said(words("hint") + "\n" + words(f"exercise.{name}.hint{2 if hint >= 2 else 1}"))
    verdict = _wrong(name, exercise, answer) if exercise else wrong_design(name, answer)
    _passed[name] = not verdict
    return Said(verdict or f"{words('right')}\n{words(f'exercise.{name}.why')}")


def _wrong(name: str, exercise: Exercise, answer) -> str:
    """What to say to a wrong answer; nothing for a right one. A number is tried once, a function on every case."""
    ask, not_yet, values, wrong = words(f"exercise.{name}.ask"), words("not_yet"), [], []
    if exercise.cases and (answer is ... or not callable(answer)):
        return f"{ask}\n{words('give_function', call=', '.join(exercise.arguments))}"
    for case in exercise.cases or (exercise.sizes,):
        given = {argument: getattr(case, argument) for argument in exercise.arguments}
        said = ", ".join(f"{argument}={value}" for argument, value in given.items())
        try:
            gave = answer(*given.values()) if given else answer
        except Exception as error:
            return f"{not_yet}\n{words('function_raised', said=said, error=format_exception_only(error)[-1].strip())}"
        values.append(value := _number(gave))
        if isinstance(value, str):
            return f"{not_yet}\n{words('function_gave', said=said)} {value}" if given and gave is not ... else f"{ask}\n{value}"
        if not _close(value, exercise.truth(case)):
            wrong.append((case, said, value))
    if not wrong:
        return ""
    case, said, value = wrong[0]
    truth, told, right = exercise.truth(case), diagnose(exercise, values, case), len(values) - len(wrong)
    if exercise.cases:
        passed = words("some_right", n=right, of=len(values)) if right else ""
        gives = words("function_wrong", said=said, value=f"{value:g}")
        return f"{not_yet}\n{passed}{gives} {told or words('ask_hint', name=name)}"
    if truth != int(truth) and _close(value, truth, 0.012):
        told = words("nearly")
    return f"{not_yet}\n{told or words('too_large' if value > truth else 'too_small', name=name)}"


def reveal(name: str, guess=...) -> Said:
    """The question for three dots; for a guess: yours, the truth, the mistake if it is a known one, and why.

    >>> reveal("conv2-params", 540)
    You said 540. It is 552.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    3·3·5·12 + 12. The 12×12 map did not enter.
    """
    exercise, value = _exercise(name), _number(guess)
    if exercise.cases:
        return check(name, guess)
    if isinstance(value, str):
        return Said(f"{words(f'exercise.{name}.ask')}\n{value}")
    truth = exercise.truth(exercise.sizes)
    verdict = words("guess_right" if _close(value, truth) else "guessed", value=_shown(value), truth=_shown(truth))
    why = words(f"exercise.{name}.why")
    return Said("\n".join(filter(None, (verdict, diagnose(exercise, [value], exercise.sizes), why))))


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
    exercise = _exercise(name)
    options = {exercise.truth(exercise.sizes): words("vote_right") + " " + words(f"exercise.{name}.why")}
    for mistake in exercise.mistakes[:3]:
        options[MISTAKES[mistake](exercise.sizes)] = words(f"mistake.{mistake}", **vars(exercise.sizes))
    rows = [[letter, Cell(_shown(number), "name")] + [options[number]] * reveal
            for letter, number in zip("ABCD", sorted(options), strict=False)]  # fmt: skip
    columns = [f"<{words('vote')}", words("number")] + [f"<{words('believes')}"] * reveal
    return Table(columns, rows, caption=words(f"exercise.{name}.ask"))
