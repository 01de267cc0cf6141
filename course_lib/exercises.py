"""guess and reveal, check, vote: predict first, then be told what exactly went wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from types import SimpleNamespace
from typing import NamedTuple

from course_lib.by_hand.layers import BatchNorm2d, Linear
from course_lib.by_hand.memory import predict_memory
from course_lib.by_hand.networks import small_cnn
from course_lib.mistakes import MISTAKES, conv_sizes
from course_lib.show.tables import Cell, Table
from course_lib.words import words


class Exercise(NamedTuple):
    """Sizes, the right answer on them, and the mistakes that are told by name; its words are under 'ask', 'why' and 'hint'.

    With `cases`, the answer is a function of the sizes named in `arguments`, tried on every case.
    """

    sizes: SimpleNamespace
    truth: Callable[[SimpleNamespace], float]
    known: str
    arguments: str = ""
    cases: tuple[SimpleNamespace, ...] = ()

    @property
    def mistakes(self) -> list[str]:
        return self.known.split()


def _conv(ask: str, known: str, **sizes: int) -> Exercise:
    asked = {"params": lambda s: s.layer.params, "macs": lambda s: s.layer.macs(s.shape), "window": lambda s: s.layer.window(s.shape)}
    return Exercise(conv_sizes(**sizes), asked[ask], known)


def _linear(inputs: int, outputs: int, known: str, **more: int) -> Exercise:
    sizes = SimpleNamespace(inputs=inputs, outputs=outputs, **more)
    return Exercise(sizes, lambda s: Linear(s.inputs, s.outputs).params, known)


def _net(truth: Callable[[SimpleNamespace], float], known: str, **changes: int) -> Exercise:
    return Exercise(SimpleNamespace(**{**vars(_NETWORK), **changes}), truth, known)


def _network_sizes() -> SimpleNamespace:
    net = small_cnn()
    ledger, larger = net.ledger(), small_cnn(conv2_kernel=5).ledger()
    conv1, conv2, fc1 = (ledger[name].params for name in ("conv1", "conv2", "fc1"))
    return SimpleNamespace(
        net=net, ledger=ledger, params=ledger.params, values=ledger.params, width=4, unit=1, layers=len(ledger), tensors=8, batch=16,
        activations=sum(row.outputs for row in ledger if row.kind == "ReLU"), outputs=sum(row.outputs for row in ledger),
        biases=sum(row.work[1][0] for row in ledger if row.biased), convolutions=conv1 + conv2, fc1=fc1, frozen=conv1,
        frozen_weights=conv1 - 5, kernel_growth=larger["conv2"].params - conv2, fc1_loss=fc1 - larger["fc1"].params,
    )  # fmt: skip


_MAP = " macs_for_params params_per_position params_per_cell weights_per_cell one_kernel_weights inputs_and_bias_forgotten"
_BIAS = "bias_forgotten bias_one bias_per_element bias_per_pair bias_per_position bias_per_input outputs_forgotten outputs_twice map_in_params"
_NETWORK = _network_sizes()
_BN = SimpleNamespace(channels=5 + 12 + 128, convolutions=5 + 12, classes=10)
_CONV2 = {"cin": 5, "cout": 12, "k": 3, "size": 12}
_CASES = tuple(conv_sizes(cin, cout, k, 12) for cin, cout, k in ((3, 7, 3), (5, 12, 3), (3, 5, 5), (16, 4, 1)))

EXERCISES = {
    # 00
    "linear-first": _linear(3, 2, "linear_bias_forgotten linear_bias_inputs linear_bias_one"),
    # 01
    "one-value": _conv("window", "value_inputs_forgotten value_kernel_not_squared value_all_kernels value_bias", **_CONV2),
    "conv2-params": _conv("params", _BIAS + " inputs_forgotten kernel_not_squared input_map_in_params" + _MAP, **_CONV2),
    "a3-layer": _conv("params", _BIAS + " one_factor_missing" + _MAP, cin=3, cout=7, k=3, size=5),
    "strided": _conv("params", "stride_divides padding_adds bias_forgotten batch_multiplies bias_one map_in_params",
                     **_CONV2, stride=2, padding=1, batch=16),
    "grouped": _conv("params", "groups_ignored groups_twice groups_bias_forgotten groups_and_bias_forgotten groups_divide_biases",
                     cin=6, cout=12, k=3, size=12, groups=3),
    "conv-formula": Exercise(_CASES[1], lambda s: s.layer.params, "bias_forgotten bias_one bias_per_element bias_per_pair bias_per_input "
                             "inputs_forgotten outputs_forgotten outputs_twice kernel_not_squared arguments_swapped", "k cin cout", _CASES),
    "flatten-size": Exercise(SimpleNamespace(channels=12, before=10, after=4), lambda s: math.prod(_NETWORK.ledger["flatten"].output_shape),
                             "flatten_no_channels flatten_before_pool flatten_plus_one_lost flatten_not_floored flatten_one_side "
                             "flatten_stride_forgotten flatten_half"),
    "fc1-params": _linear(192, 128, "linear_bias_forgotten linear_bias_inputs linear_channels_only linear_bias_one", channels=12),
    "conv2-macs": _conv("macs", "map_forgotten flop_for_mac input_positions work_inputs_forgotten work_outputs_forgotten bias_counted "
                        "params_for_macs one_value_only params_per_cell", **_CONV2),
    "larger-kernel": _net(lambda s: small_cnn(conv2_kernel=5).ledger().params, "kernel_grows_all frozen_still_counted kernel_shrinks_only"),
    "total": _net(lambda s: s.ledger.params, "activation_owns all_biases_forgotten convolutions_only"),
    "fc1-share": _net(lambda s: 100 * s.ledger["fc1"].params / s.ledger.params, "share_even share_of_layers share_as_fraction"),
    # 02
    "tensors": _net(lambda s: sum(len(row.work) for row in s.ledger), "tensors_are_layers tensors_of_six tensors_of_pools tensors_all_layers"),
    "trainable": _net(lambda s: s.net.frozen("conv1").ledger().trainable_params,
                      "frozen_still_counted frozen_weights_only frozen_only both_convolutions_frozen"),
    "tied": Exercise(SimpleNamespace(side=64), lambda s: 2 * Linear(s.side, s.side).params - s.side**2,
                     "tied_twice tied_bias_too tied_weight_only tied_biases_forgotten"),
    "mebibytes": _net(lambda s: 4 * s.values / 2**20,
                      "mb_for_mib kb_for_mib bytes_not_mib values_over_mib bits_not_bytes values_not_bytes"),
    "bfloat16": _net(lambda s: 2 * s.values, "float32_assumed values_not_bytes bits_not_bytes activations_for_weights kb_not_bytes "
                     "values_halved", width=2),
    # 03
    "input-bytes": _net(lambda s: 4 * 16 * math.prod(s.net.input_shape), "batch_forgotten values_not_bytes bits_not_bytes mb_not_bytes "
                        "mb_as_printed channels_forgotten", values=16 * 3 * 32 * 32),
    "params-bytes": _net(lambda s: 4 * small_cnn(conv2_kernel=5).ledger().params,
                         "values_not_bytes bits_not_bytes mb_not_bytes kb_not_bytes mb_as_printed", values=17_134),
    "unused-layer": _net(lambda s: s.params, "unused_counted", params=836, unused=130),
    # 04
    "bn-params": Exercise(_BN, lambda s: small_cnn(batch_norm=True).ledger().params - _NETWORK.params, "bn_one bn_four bn_all_remembered"),
    "bn-buffers": Exercise(SimpleNamespace(channels=12), lambda s: BatchNorm2d(s.channels).buffers,
                           "bn_counter_forgotten bn_mean_only bn_learnt_too"),
    "bn-running": Exercise(SimpleNamespace(mean=5), lambda s: 0.1 * s.mean, "running_at_once running_other_way"),
    "bn-no-bias": Exercise(_BN, lambda s: 27_216 - s.channels, "bn_convolutions_only bn_all_biases bn_still_there"),
    "bn-folded": Exercise(_BN, lambda s: _NETWORK.params, "bn_folded_biases_lost bn_still_there"),
    # 05
    "adam-state": _net(lambda s: predict_memory(s.net).state, "state_without_step state_one state_none state_is_values training_state"),
    "training-state": _net(lambda s: predict_memory(s.net).training_state, "times_two times_three times_four_bare"),
    "five-million": _net(lambda s: 4 * 4 * s.values / 2**20, "mb_for_mib4 mib_two mib_three mib_one", values=5_000_000),
    "adam-frozen": _net(lambda s: predict_memory(s.net.frozen("fc1")).state, "state_without_step state_one steps_of_all state_of_all",
                        values=26_926 - 24_704, tensors=6),
    "checkpoint": _net(lambda s: predict_memory(s.net).weights + predict_memory(s.net).state, "times_four weights_only state_only"),
    "adam-bfloat16": _net(lambda s: predict_memory(s.net, dtype="bfloat16").state, "state_without_step bfloat16_steps state_of_all state_one", width=2),
}  # fmt: skip

_passed: set[str] = set()


class Said(str):
    """An answer to the learner: text, and the same as HTML with its first sentence in bold."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        first, _, rest = self.partition("\n")
        return f"<p><b>{escape(first)}</b> {escape(rest).replace(chr(10), '<br>')}</p>"


def _exercise(name: str) -> Exercise:
    if name not in EXERCISES:
        raise KeyError(f"no exercise {name!r}; there are {', '.join(EXERCISES)}")
    return EXERCISES[name]


def _number(answer) -> float | str:
    """The answer as a number, or what is the matter with it."""
    if answer is ... or answer is None:
        return words("answer_dots" if answer is ... else "answer_none")
    if isinstance(answer, tuple):
        return words("answer_comma")
    if isinstance(answer, (str, bytes, bool, list, dict, set)):
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


def diagnose(name: str, answers: list[float], told_on: SimpleNamespace | None = None) -> str:
    """The sentence of the mistake that gives just these answers, one for each case of the exercise, or nothing."""
    exercise = _exercise(name)
    cases = exercise.cases or (exercise.sizes,)
    for mistake in exercise.mistakes:
        if all(_close(answer, MISTAKES[mistake](case), 0.022) for answer, case in zip(answers, cases, strict=True)):
            return words(f"mistake.{mistake}", **vars(told_on or exercise.sizes))
    return ""


def check(name: str | None = None, answer=..., hint: int = 0) -> Said:
    """Whether an answer is right, and if not, which mistake it is; without a name, how many passed in this session.

    It never raises for an answer, never prints the right one, and says the same on every run. `hint` is 1 or 2.

    >>> check("conv2-params", 540)
    Not yet.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    """
    if name is None:
        return Said(words("score", n=len(_passed)))
    if not isinstance(name, str):
        raise TypeError(f'check takes the name of the exercise first: check("conv2-params", {name!r})')
    exercise = _exercise(name)
    if hint:
        return Said(words("hint") + "\n" + words(f"exercise.{name}.hint{min(int(hint), 2)}"))
    verdict = _check_function(name, answer) if exercise.cases else _check_number(name, answer)
    _passed.discard(name)
    if verdict is None:
        _passed.add(name)
        return Said(f"{words('right')}\n{words(f'exercise.{name}.why')}")
    return Said(verdict)


def _check_number(name: str, answer) -> str | None:
    """None where the answer is right, else what to say."""
    value, exercise = _number(answer), _exercise(name)
    if isinstance(value, str):
        return f"{words(f'exercise.{name}.ask')}\n{value}"
    truth = exercise.truth(exercise.sizes)
    if _close(value, truth):
        return None
    if truth != int(truth) and _close(value, truth, 0.012):
        return f"{words('not_yet')}\n{words('nearly')}"
    way = words("too_large" if value > truth else "too_small", name=name)
    return f"{words('not_yet')}\n{diagnose(name, [value]) or way}"


def _check_function(name: str, function) -> str | None:
    exercise, call = _exercise(name), _exercise(name).arguments.replace(" ", ", ")
    if function is ... or not callable(function):
        return f"{words(f'exercise.{name}.ask')}\n{words('give_function', call=call)}"
    values = []
    for case in exercise.cases:
        given = {argument: getattr(case, argument) for argument in exercise.arguments.split()}
        said = ", ".join(f"{argument}={value}" for argument, value in given.items())
        try:
            value = function(*given.values())
        except Exception as error:
            return f"{words('not_yet')}\n{words('function_raised', said=said, error=type(error).__name__, why=error)}"
        if value is ...:
            return f"{words(f'exercise.{name}.ask')}\n{_number(value)}"
        values.append(_number(value))
        if isinstance(values[-1], str):
            return f"{words('not_yet')}\n{words('function_gave', said=said)} {values[-1]}"
    right = [_close(value, exercise.truth(case)) for value, case in zip(values, exercise.cases, strict=True)]
    if all(right):
        return None
    wrong = exercise.cases[right.index(False)]
    said = ", ".join(f"{argument}={getattr(wrong, argument)}" for argument in exercise.arguments.split())
    passed = words("some_right", n=sum(right), of=len(right)) if any(right) else ""
    gives = words("function_wrong", said=said, value=f"{values[right.index(False)]:g}")
    return f"{words('not_yet')}\n{passed}{gives} {diagnose(name, values, wrong) or words('ask_hint', name=name)}"


def reveal(name: str, guess=...) -> Said:
    """The question for three dots; for a guess: yours, the truth, the mistake if it is a known one, and why.

    >>> reveal("conv2-params", 540)
    You said 540. It is 552.
    That is 3·3·5·12. Each of the 12 kernels adds one number of its own, the bias.
    3·3·5·12 + 12. The 12×12 map did not enter.
    """
    exercise, value = _exercise(name), _number(guess)
    if isinstance(value, str):
        return Said(f"{words(f'exercise.{name}.ask')}\n{value}")
    truth = exercise.truth(exercise.sizes)
    verdict = (
        words("guess_right", value=_shown(value), truth=_shown(truth))
        if _close(value, truth)
        else words("guessed", value=_shown(value), truth=_shown(truth))
    )
    return Said("\n".join(filter(None, (verdict, diagnose(name, [value]), words(f"exercise.{name}.why")))))


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
