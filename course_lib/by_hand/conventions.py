"""Each tool's way of counting as a rule of one line on a row; and where a tool is wrong, what it counts instead."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from course_lib.by_hand.ledger import Ledger, Row


class Use(NamedTuple):
    """What a row does not say of its module: in how many places it is registered and which of its calls this is; of an attention its
    heads, whether it gives no weights, so that its products run as one operation, and whether its keys come from elsewhere; whether a
    layer of PyTorch's keeps the function in an attribute."""

    registered: int = 1
    call: int = 1
    heads: int = 0
    at_once: bool = False
    elsewhere: bool = False
    kept: bool = False


class Fault(NamedTuple):
    """Where a tool is wrong: its reason under this key of words, the issue that reports it, and what it counts of a row instead of
    its own rule; None for a row that is not hit."""

    key: str
    issue: str
    counts: Callable[[Row, Use], int | None]


class Convention(NamedTuple):
    """What a tool counts of a row: MAC, FLOP or parameters; of the whole batch, or of one image."""

    unit: str
    rule: Callable[[Row], int]
    faults: Sequence[Fault] = ()
    per_image: bool = False

    def total(self, ledger: Ledger) -> int:
        """The sum over a ledger.

        >>> from course_lib import small_cnn
        >>> CONVENTIONS["torchinfo"].total(small_cnn().ledger()), CONVENTIONS["ptflops"].total(small_cnn().ledger())
        (379114, 400234)
        """
        return sum(map(self.rule, ledger))

    def counted(self, row: Row, use: Use) -> tuple[int, Fault | None]:
        """What the tool really gives for a row, and its fault where that is another number than its rule's."""
        for fault in self.faults:
            value = fault.counts(row, use)
            if value is not None:
                return value, fault if value != self.rule(row) else None
        return self.rule(row), None


ACTIVATIONS = ("ReLU", "ReLU6", "PReLU", "ELU", "LeakyReLU")
MODULE, ATTENTION, RECURRENT = "MultiheadAttention", ("scaled_dot_product_attention",), ("RNN", "LSTM", "GRU")
OTHER_CONVS = ("Conv1d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")


def activation(row: Row) -> int:
    return row.outputs * (row.kind in ACTIVATIONS)


def active(row: Row) -> int:
    return activation(row) + row.outputs * (row.kind == "GELU")


def pool(row: Row) -> int:
    return row.inputs * ("Pool" in row.kind)


def inputs(row: Row, *kinds: str) -> int:
    return row.inputs * row.kind.startswith(kinds)


def average(row: Row) -> int:
    return row.outputs * ("AvgPool" in row.kind)


def norm(row: Row) -> int:
    return row.inputs * ("Norm" in row.kind)


def conv_bias(row: Row) -> int:
    return row.bias_additions * ("Conv" in row.kind)


def called(row: Row, *parts: str) -> int:
    """The inputs of a function in forward, F.relu or torch.max_pool2d, whose name has one of these parts."""
    return row.inputs * (row.is_function and any(part in row.kind for part in parts))


def batch(row: Row) -> int:
    return row.outputs // max(1, math.prod(row.output_shape))


def positions(row: Row) -> int:
    """At how many places of one image a layer is applied: the tokens that a Linear sees, or a convolution's map."""
    return math.prod(row.output_shape[:-1] if row.kind in ("Linear", MODULE) else row.output_shape[1:])


def owned(row: Row) -> int:
    """The parameters of a row's layer, also where an earlier row has counted them."""
    return (row.macs + row.bias_additions) // (batch(row) * positions(row))


def attended(row: Row) -> int:
    """How many keys a MultiheadAttention looks at, from its MACs: q queries of width e make 2qe² + 2ke² + 2qke."""
    *_, queries, width = row.output_shape
    return (row.macs // batch(row) - 2 * queries * width**2) // (2 * width * (width + queries))


def products(row: Row) -> int:
    """The MACs of a MultiheadAttention's two products: each query with each key, and the weights with the values."""
    return 2 * row.outputs * attended(row)


def attention_biases(row: Row) -> int:
    """The additions of a MultiheadAttention's four biases: for its queries and what they become, for its keys and its values."""
    return 2 * row.outputs + 2 * batch(row) * attended(row) * row.output_shape[-1]


def weights_of(row: Row, use: Use) -> int:
    """How many numbers the softmax of a MultiheadAttention gives."""
    return batch(row) * use.heads * positions(row) * attended(row)


def _torchinfo(row: Row) -> int:
    return row.macs + row.bias_additions if row.macs else batch(row) * row.params


def _transposed(row: Row) -> int:
    return row.macs // math.prod(row.input_shape[1:]) * math.prod(row.output_shape[1:]) + row.bias_additions


def _torchstat(row: Row) -> int:
    return row.macs + conv_bias(row) + activation(row) + inputs(row, "AvgPool2d", "MaxPool2d") + 2 * inputs(row, "BatchNorm2d")


def _torchstat_madd(row: Row) -> int:
    adds = row.outputs * {"AvgPool2d": row.window, "MaxPool2d": row.window - 1}.get(row.kind, 0)
    return 2 * row.macs - row.outputs * (row.macs > 0 and not conv_bias(row)) + activation(row) + 4 * inputs(row, "BatchNorm2d") + adds


def _thop(row: Row) -> int:
    return row.macs + 4 * inputs(row, "BatchNorm") + average(row)


def _hooked(row: Row) -> int:
    """What ptflops counts by its hooks on modules."""
    return row.macs + row.bias_additions + 2 * norm(row) - inputs(row, "LayerNorm") + active(row) + pool(row)


def _patched(row: Row) -> int:
    """What ptflops counts once more by patching torch.nn.functional: what modules call, and what a forward calls by itself."""
    return active(row) + pool(row) + called(row, "relu", "gelu", "silu", "pool", "softmax")


def _ptflops_aten(row: Row) -> int:
    return row.macs + (attention_biases(row) if row.kind == MODULE else row.bias_additions)


def _fvcore(row: Row) -> int:
    return row.macs + 2 * inputs(row, "BatchNorm") + 5 * inputs(row, "LayerNorm") + inputs(row, "AdaptiveAvg", "adaptive_avg")


def _calflops(row: Row) -> int:
    norms = 2 * inputs(row, "BatchNorm") + 5 * inputs(row, "LayerNorm")
    return 2 * row.macs + conv_bias(row) + active(row) + pool(row) + norms + called(row, "relu", "pool")


def _zero(*kinds: str) -> Callable[[Row, Use], int | None]:
    """A fault that counts rows of these kinds as 0."""
    return lambda row, use: 0 if row.kind in kinds else None


def _each_place(rule: Callable[[Row], int]) -> Callable[[Row, Use], int | None]:
    """A fault that counts a layer for each place in which it is registered."""
    return lambda row, use: use.registered * rule(row)


def _in_module(counts: Callable[[Row, Use], int | None]) -> Callable[[Row, Use], int | None]:
    """A fault that is one of MultiheadAttention, or of an inner part of it."""
    return lambda row, use: counts(row, use) if row.kind == MODULE else None


def seen(row: Row, use: Use) -> int:
    """The MACs of a MultiheadAttention that a counter of operations sees: not its products where they run as one."""
    return row.macs - products(row) * use.at_once


def _ultralytics_attention(row: Row, use: Use) -> int:
    return row.macs + 3 * weights_of(row, use) - batch(row) * use.heads * positions(row)


def _ptflops_attention(row: Row, use: Use) -> int:
    once = row.macs + attention_biases(row) + row.outputs + weights_of(row, use)
    return once if use.at_once else once + products(row) + weights_of(row, use)


def _calflops_attention(row: Row, use: Use) -> int:
    return 2 * (row.macs - products(row)) + weights_of(row, use) * (not use.at_once)


def _torchlens_attention(row: Row, use: Use) -> int | None:
    """Where keys and values come from elsewhere, what makes the queries, the keys and the values of them is not counted."""
    width = row.output_shape[-1]
    return row.macs - batch(row) * width**2 * (positions(row) + 2 * attended(row)) if use.elsewhere else None


ON_CPU = [Fault("attention_on_cpu", "pytorch/pytorch#195460", _zero(*ATTENTION)), Fault("recurrent_on_cpu", "", _zero(*RECURRENT))]
SAME_PADDING = Fault("same_padding", "", lambda row, use: 0 if row.same_padding else None)
LAST_CALL = Fault("last_call", "", lambda row, use: 0 if use.call > 1 else None)
MODULE_UNSEEN = Fault("attention_module", "", _zero(MODULE))
KEPT = Fault("kept_function", "", lambda row, use: 0 if use.kept else None)
UNSEEN = Fault("functions_unseen", "", lambda row, use: 0 if row.is_function and row.macs else None)

CONVENTIONS = {
    "FlopCounterMode": Convention("FLOP", lambda row: 2 * row.macs, [
        *ON_CPU, Fault("attention_on_cpu", "pytorch/pytorch#195460", _in_module(lambda row, use: 2 * seen(row, use)))]),
    "torch.profiler": Convention("FLOP", lambda row: 2 * row.macs + row.outputs * (row.kind in ("+", "×")), [
        *ON_CPU, Fault("attention_on_cpu", "pytorch/pytorch#195460", lambda row, use: 2 * seen(row, use) if use.at_once else None),
        Fault("attention_scaled", "", _in_module(lambda row, use: 2 * row.macs + row.outputs)),
        Fault("profiler_convs", "", _zero(*OTHER_CONVS)), SAME_PADDING]),
    "torchinfo": Convention("MAC", _torchinfo, [
        MODULE_UNSEEN,
        UNSEEN._replace(issue="TylerYep/torchinfo#226"),
        Fault("tokens", "TylerYep/torchinfo#77", lambda row, use: _torchinfo(row) // positions(row) if row.kind == "Linear" else None),
        Fault("transposed", "", lambda row, use: _transposed(row) if row.kind.startswith("ConvTranspose") else None)]),
    "torchsummary": Convention("parameters", lambda row: row.params, [
        Fault("functions_unseen", "", lambda row, use: 0 if row.is_function else None),
        Fault("registered_again", "sksq96/pytorch-summary#37", lambda row, use: use.registered * row.params if row.params else None),
        Fault("each_use", "sksq96/pytorch-summary#201", lambda row, use: owned(row) if row.macs else None)],
        per_image=True),
    "torchstat Flops": Convention("MAC", _torchstat, [
        UNSEEN, MODULE_UNSEEN, Fault("only_conv2d", "", _zero(*OTHER_CONVS)), LAST_CALL], per_image=True),
    "torchstat MAdd": Convention("FLOP", _torchstat_madd, [
        UNSEEN, MODULE_UNSEEN,
        Fault("only_conv2d", "", _zero("Conv1d", "Conv3d", "ConvTranspose1d", "ConvTranspose3d")), LAST_CALL], per_image=True),
    "ultralytics-thop": Convention("MAC", lambda row: row.macs + 4 * norm(row) + (row.window + 1) * average(row), [
        Fault("attention_softmax", "", _in_module(_ultralytics_attention)),
        Fault("functional_convs", "", lambda row, use: 0 if row.is_function and "conv" in row.kind else None)]),
    "thop": Convention("MAC", _thop, [  # it hangs a hook for each name, and then adds up by name
        UNSEEN, Fault("registered_again", "Lyken17/pytorch-OpCounter#98", lambda row, use: use.registered**2 * _thop(row))]),
    "ptflops": Convention("MAC", lambda row: _hooked(row) + _patched(row), [
        Fault("attention_more", "", _in_module(_ptflops_attention)), KEPT, UNSEEN,
        Fault("registered_again", "sovrasov/flops-counter.pytorch#106",
                      lambda row, use: use.registered * _hooked(row) + _patched(row))], per_image=True),
    "ptflops (aten)": Convention("MAC", _ptflops_aten, [
        Fault("attention_unseen", "", _in_module(lambda row, use: seen(row, use) + attention_biases(row))),
        Fault("attention_unseen", "", _zero(*ATTENTION)), Fault("recurrent_unseen", "", _zero(*RECURRENT))], per_image=True),
    "fvcore": Convention("MAC", _fvcore, [
        Fault("attention_unseen", "facebookresearch/fvcore#143", _in_module(seen)),
        Fault("attention_unseen", "facebookresearch/fvcore#143", _zero(*ATTENTION)),
        Fault("recurrent_unseen", "facebookresearch/fvcore#143", _zero(*RECURRENT)), SAME_PADDING]),
    "calflops": Convention("MAC", lambda row: row.macs, [
        Fault("attention_unseen", "MrYxJ/calculate-flops.pytorch#48", _in_module(lambda row, use: row.macs - products(row))),
        Fault("attention_unseen", "MrYxJ/calculate-flops.pytorch#48", _zero(*ATTENTION, "@")),
        Fault("registered_again", "", _each_place(lambda row: row.macs))]),
    "calflops FLOPs": Convention("FLOP", _calflops, [
        Fault("attention_unseen", "MrYxJ/calculate-flops.pytorch#48", _in_module(_calflops_attention)), KEPT,
        Fault("attention_unseen", "MrYxJ/calculate-flops.pytorch#48", _zero(*ATTENTION, "@")),
        Fault("registered_again", "", _each_place(_calflops))]),
    "torchlens": Convention("MAC", lambda row: row.macs, [Fault("cross_attention", "", _in_module(_torchlens_attention))]),
}  # fmt: skip
