"""Each tool's way of counting as a rule of one line on a row; and where a tool is wrong, what it counts instead."""

import math
from collections.abc import Callable
from typing import NamedTuple

from course_lib.by_hand.ledger import Ledger, Row


class Fault(NamedTuple):
    """Where a tool is wrong: its reason under this key of words, the issue that reports it, and what it counts of a row instead of
    its own rule; None for a row that is not hit. `times` is how often the row's module is registered."""

    key: str
    issue: str
    counts: Callable[[Row, int], int | None]


class Convention(NamedTuple):
    """What a tool counts of a row: MAC, FLOP or parameters; of the whole batch, or of one image."""

    unit: str
    rule: Callable[[Row], int]
    faults: tuple[Fault, ...] = ()
    per_image: bool = False

    def total(self, ledger: Ledger) -> int:
        """The sum over a ledger.

        >>> from course_lib import small_cnn
        >>> CONVENTIONS["torchinfo"].total(small_cnn().ledger()), CONVENTIONS["ptflops"].total(small_cnn().ledger())
        (379114, 400234)
        """
        return sum(map(self.rule, ledger))

    def counted(self, row: Row, times: int = 1) -> tuple[int, Fault | None]:
        """What the tool really gives for a row, and its fault where that is another number than its rule's."""
        for fault in self.faults:
            value = fault.counts(row, times)
            if value is not None and value != self.rule(row):
                return value, fault
        return self.rule(row), None


ACTIVATIONS = ("ReLU", "ReLU6", "PReLU", "ELU", "LeakyReLU")


def activation(row: Row) -> int:
    return row.outputs * (row.kind in ACTIVATIONS)


def pool(row: Row) -> int:
    return row.inputs * ("Pool" in row.kind)


def average(row: Row) -> int:
    return row.outputs * ("AvgPool" in row.kind)


def norm(row: Row) -> int:
    return row.inputs * ("Norm" in row.kind)


def batch_norm(row: Row) -> int:
    return row.inputs * row.kind.startswith("BatchNorm")


def batch_norm_2d(row: Row) -> int:
    return row.inputs * (row.kind == "BatchNorm2d")


def conv_bias(row: Row) -> int:
    return row.bias_additions * ("Conv" in row.kind)


def called(row: Row, *parts: str) -> int:
    """The inputs of a function in forward, F.relu or torch.max_pool2d, whose name has one of these parts."""
    return row.inputs * (row.is_function and any(part in row.kind for part in parts))


def batch(row: Row) -> int:
    return row.outputs // max(1, math.prod(row.output_shape))


def positions(row: Row) -> int:
    """At how many places of one image a layer is applied: the tokens that a Linear sees."""
    return math.prod(row.output_shape[:-1])


def _only(*kinds: str) -> Callable[[Row, int], int | None]:
    """A fault that counts rows of these kinds as 0."""
    return lambda row, times: 0 if row.kind in kinds else None


def _functions(row: Row, times: int) -> int | None:
    return 0 if row.is_function and row.macs else None


def _again(rule: Callable[[Row], int]) -> Callable[[Row, int], int | None]:
    return lambda row, times: times * rule(row)


ATTENTION, RECURRENT = ("scaled_dot_product_attention",), ("RNN", "LSTM", "GRU")
OTHER_CONVS = ("Conv1d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
ON_CPU = Fault("attention_on_cpu", "pytorch/pytorch#195460", _only(*ATTENTION))
RECURRENT_ON_CPU = Fault("recurrent_on_cpu", "", _only(*RECURRENT))


def _torchinfo(row: Row) -> int:
    return row.macs + row.bias_additions if row.macs else batch(row) * row.params


def _ptflops(row: Row) -> int:
    return row.macs + row.bias_additions + 2 * (norm(row) + activation(row) + pool(row)) + called(row, "relu", "pool")


def _calflops(row: Row) -> int:
    return 2 * row.macs + conv_bias(row) + activation(row) + pool(row) + 2 * batch_norm(row) + called(row, "relu", "pool")


def _torchstat_madd(row: Row) -> int:
    adds = row.window * row.outputs if "AvgPool2d" in row.kind else (row.window - 1) * row.outputs if row.kind == "MaxPool2d" else 0
    return 2 * row.macs - row.outputs * (row.macs > 0 and not conv_bias(row)) + activation(row) + 4 * batch_norm_2d(row) + adds


CONVENTIONS = {
    "FlopCounterMode": Convention("FLOP", lambda row: 2 * row.macs, (ON_CPU, RECURRENT_ON_CPU)),
    "torch.profiler": Convention("FLOP", lambda row: 2 * row.macs + row.outputs * (row.kind in ("+", "×")), (
        ON_CPU,
        RECURRENT_ON_CPU,
        Fault("profiler_convs", "", _only(*OTHER_CONVS)),
        Fault("same_padding", "", lambda row, times: 0 if "'same'" in row.detail else None),
    )),
    "torchinfo": Convention("MAC", _torchinfo, (
        Fault("functions_unseen", "TylerYep/torchinfo#226", _functions),
        Fault("tokens", "TylerYep/torchinfo#77", lambda row, times: _torchinfo(row) // positions(row) if row.kind == "Linear" else None),
        Fault("transposed", "", lambda row, times: (row.macs // max(1, math.prod(row.input_shape[1:])) * math.prod(row.output_shape[1:])
              + row.bias_additions) if row.kind.startswith("ConvTranspose") else None),
    )),
    "torchsummary": Convention("parameters", lambda row: row.params, (
        Fault("registered_again", "sksq96/pytorch-summary#37", _again(lambda row: row.params)),
    ), per_image=True),
    "torchstat Flops": Convention("MAC", lambda row: row.macs + conv_bias(row) + activation(row) + pool(row) + 2 * batch_norm_2d(row), (
        Fault("functions_unseen", "", _functions),
    ), per_image=True),
    "torchstat MAdd": Convention("FLOP", _torchstat_madd, (Fault("functions_unseen", "", _functions),), per_image=True),
    "ultralytics-thop": Convention("MAC", lambda row: row.macs + 4 * norm(row) + (row.window + 1) * average(row), (
        Fault("functional_convs", "", lambda row, times: 0 if row.is_function and "conv" in row.kind else None),
    )),
    "thop": Convention("MAC", lambda row: row.macs + 4 * batch_norm(row) + average(row), (
        Fault("functions_unseen", "", _functions),
        Fault("registered_again", "Lyken17/pytorch-OpCounter#98", _again(lambda row: row.macs + 4 * batch_norm(row) + average(row))),
    )),
    "ptflops": Convention("MAC", _ptflops, (
        Fault("functions_unseen", "", _functions),
        Fault("registered_again", "sovrasov/flops-counter.pytorch#106", lambda row, times: None if times == 1 else
              times * (row.macs + row.bias_additions + 2 * norm(row) + activation(row) + pool(row)) + activation(row) + pool(row)),
    ), per_image=True),
    "ptflops (aten)": Convention("MAC", lambda row: row.macs + row.bias_additions, per_image=True),
    "fvcore": Convention("MAC", lambda row: row.macs + 2 * batch_norm(row) + 5 * row.inputs * (row.kind == "LayerNorm")
                         + row.inputs * ("daptive" in row.kind and "avg" in row.kind.lower()), (
        Fault("attention_unseen", "facebookresearch/fvcore#143", _only(*ATTENTION)),
        Fault("recurrent_unseen", "facebookresearch/fvcore#143", _only(*RECURRENT)),
        Fault("same_padding", "", lambda row, times: 0 if "'same'" in row.detail else None),
    )),
    "calflops": Convention("MAC", lambda row: row.macs, (
        Fault("attention_unseen", "MrYxJ/calculate-flops.pytorch#48", _only(*ATTENTION, "@")),
        Fault("registered_again", "", _again(lambda row: row.macs)),
    )),
    "calflops FLOPs": Convention("FLOP", _calflops, (
        Fault("attention_unseen", "MrYxJ/calculate-flops.pytorch#48", _only(*ATTENTION, "@")),
        Fault("registered_again", "", _again(_calflops)),
    )),
}  # fmt: skip
