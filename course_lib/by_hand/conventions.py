"""Each tool's way of counting as a rule of one line on a row; and where a tool is wrong, what it counts instead."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from course_lib.by_hand.ledger import Ledger, Row


class Use(NamedTuple):
    """What a row does not say of its module."""

    registered: int = 1  # in how many places it is
    call: int = 1  # which of its calls this is
    heads: int = 0  # an attention's
    at_once: bool = False  # whether an attention gives no weights, so that its products run as one operation
    elsewhere: bool = False  # whether an attention's keys come from elsewhere
    kept: bool = False  # whether a layer of PyTorch's keeps the function in an attribute


class Fault(NamedTuple):
    """Where a tool is wrong."""

    key: str  # of the reason in words
    kinds: tuple[str, ...] = ()  # of the rows that it hits; any, where there are none
    counts: Callable[[Row, Use], int | None] = lambda row, use: 0  # instead of its own rule; None for a row that is not hit
    issue: str = ""  # that reports it


class Convention(NamedTuple):
    """What a tool counts of a row: MAC, FLOP or parameters; of the whole batch, or of one image."""

    unit: str
    rule: Callable[[Row], int]
    faults: Sequence[Fault] = ()
    per_image: bool = False

    def total(self, ledger: Ledger) -> int:
        """The sum over a ledger."""
        return sum(map(self.rule, ledger))

    def counted(self, row: Row, use: Use) -> tuple[int, Fault | None]:
        """What the tool really gives for a row, and its fault where that is another number than its rule's."""
        expected = self.rule(row)
        for fault in self.faults:
            value = fault.counts(row, use) if not fault.kinds or row.kind in fault.kinds else None
            if value is not None:
                return value, fault if value != expected else None
        return expected, None


ACTIVATIONS = ("ReLU", "ReLU6", "PReLU", "ELU", "LeakyReLU")
MODULE, ATTENTION, RECURRENT = ("MultiheadAttention",), ("scaled_dot_product_attention",), ("RNN", "LSTM", "GRU")
TRANSPOSED = ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
OTHER_CONVS = ("Conv1d", "Conv3d", *TRANSPOSED)


def activation(row: Row) -> int:
    return row.outputs * (row.kind in ACTIVATIONS)


def active(row: Row) -> int:
    return activation(row) + row.outputs * (row.kind == "GELU")


def inputs_of(row: Row, *parts: str) -> int:
    """The inputs of a row whose kind has one of these parts: "Pool" is any pool of PyTorch's, "pool" a function, as max_pool2d."""
    return row.inputs * any(part in row.kind for part in parts)


def conv_bias(row: Row) -> int:
    return row.bias_additions * ("Conv" in row.kind)


def batch(row: Row) -> int:
    return row.outputs // max(1, math.prod(row.output_shape))


def positions_of(row: Row) -> int:
    """At how many places of one image a layer is applied: the tokens that a Linear sees, or a convolution's map."""
    return math.prod(row.output_shape[:-1] if row.kind in ("Linear", *MODULE) else row.output_shape[1:])


def layer_params(row: Row) -> int:
    """The parameters of a row's layer, also where an earlier row has counted them."""
    return (row.macs + row.bias_additions) // (batch(row) * positions_of(row))


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
    return batch(row) * use.heads * positions_of(row) * attended(row)


def _torchinfo(row: Row) -> int:
    return row.macs + row.bias_additions if row.macs else batch(row) * row.params


def _torchstat(row: Row) -> int:
    return row.macs + conv_bias(row) + activation(row) + row.inputs * {"AvgPool2d": 1, "MaxPool2d": 1, "BatchNorm2d": 2}.get(row.kind, 0)


def _torchstat_madd(row: Row) -> int:
    adds = {"AvgPool2d": row.window, "MaxPool2d": row.window - 1}.get(row.kind, 0)
    without_bias = row.outputs * (row.macs > 0 and not conv_bias(row))
    return 2 * row.macs - without_bias + activation(row) + 4 * inputs_of(row, "BatchNorm2d") + row.outputs * adds


def _thop(row: Row) -> int:
    return row.macs + 4 * inputs_of(row, "BatchNorm") + row.outputs * ("AvgPool" in row.kind)


def _hooked(row: Row) -> int:
    return row.macs + row.bias_additions + 2 * inputs_of(row, "Norm") - inputs_of(row, "LayerNorm") + active(row) + inputs_of(row, "Pool")


def _patched(row: Row) -> int:
    """What ptflops counts once more by patching torch.nn.functional: what modules call, and what a forward calls by itself."""
    return active(row) + inputs_of(row, "Pool") + row.is_function * inputs_of(row, "relu", "gelu", "silu", "pool", "softmax")


def _norms(row: Row) -> int:
    return 2 * inputs_of(row, "BatchNorm") + 5 * inputs_of(row, "LayerNorm")


def _calflops(row: Row) -> int:
    pooled = inputs_of(row, "Pool") + row.is_function * inputs_of(row, "relu", "pool")
    return 2 * row.macs + conv_bias(row) + active(row) + _norms(row) + pooled


def macs_heard(row: Row, use: Use) -> int:
    """The MACs of a MultiheadAttention that a counter of operations sees: not its products where they run as one."""
    return row.macs - products(row) * use.at_once


def _ptflops_attention(row: Row, use: Use) -> int:
    once = row.macs + attention_biases(row) + row.outputs + weights_of(row, use)
    return once if use.at_once else once + products(row) + weights_of(row, use)


def _calflops_attention(row: Row, use: Use) -> int:
    return 2 * (row.macs - products(row)) + weights_of(row, use) * (not use.at_once)


def _torchlens_attention(row: Row, use: Use) -> int | None:
    """Where keys and values come from elsewhere, what makes the queries, the keys and the values of them is not counted."""
    width = row.output_shape[-1]
    return row.macs - batch(row) * width**2 * (positions_of(row) + 2 * attended(row)) if use.elsewhere else None


ATTENTION_ON_CPU = Fault("attention_on_cpu", ATTENTION, issue="pytorch/pytorch#195460")
ON_CPU = [ATTENTION_ON_CPU, Fault("recurrent_on_cpu", RECURRENT)]
FVCORE_UNSEEN = Fault("attention_unseen", ATTENTION, issue="facebookresearch/fvcore#143")
CALFLOPS_UNSEEN = Fault("attention_unseen", (*ATTENTION, "@"), issue="MrYxJ/calculate-flops.pytorch#48")
SAME_PADDING = Fault("same_padding", counts=lambda row, use: 0 if row.same_padding else None)
LAST_CALL = Fault("last_call", counts=lambda row, use: 0 if use.call > 1 else None)
MODULE_UNSEEN = Fault("attention_module", MODULE)
KEPT = Fault("kept_function", counts=lambda row, use: 0 if use.kept else None)
UNSEEN = Fault("functions_unseen", counts=lambda row, use: 0 if row.is_function and row.macs else None)

CONVENTIONS = {
    "FlopCounterMode": Convention("FLOP", lambda row: 2 * row.macs, [
        *ON_CPU, ATTENTION_ON_CPU._replace(kinds=MODULE, counts=lambda row, use: 2 * macs_heard(row, use))]),
    "torch.profiler": Convention("FLOP", lambda row: 2 * row.macs + row.outputs * (row.kind in ("+", "×")), [
        *ON_CPU, ATTENTION_ON_CPU._replace(kinds=MODULE, counts=lambda row, use: 2 * macs_heard(row, use) if use.at_once else None),
        Fault("attention_scaled", MODULE, lambda row, use: 2 * row.macs + row.outputs),
        Fault("profiler_convs", OTHER_CONVS), SAME_PADDING]),
    "torchinfo": Convention("MAC", _torchinfo, [
        MODULE_UNSEEN,
        UNSEEN._replace(issue="TylerYep/torchinfo#226"),
        Fault("tokens", ("Linear",), lambda row, use: _torchinfo(row) // positions_of(row), "TylerYep/torchinfo#77"),
        Fault("transposed", TRANSPOSED,
              lambda row, use: row.macs // math.prod(row.input_shape[1:]) * positions_of(row) + row.bias_additions)]),
    "torchsummary": Convention("parameters", lambda row: row.params, [
        Fault("functions_unseen", counts=lambda row, use: 0 if row.is_function else None),
        Fault("registered_again", (), lambda row, use: use.registered * row.params if row.params else None, "sksq96/pytorch-summary#37"),
        Fault("each_use", (), lambda row, use: layer_params(row) if row.macs else None, "sksq96/pytorch-summary#201")],
        per_image=True),
    "torchstat Flops": Convention("MAC", _torchstat, [
        UNSEEN, MODULE_UNSEEN, Fault("only_conv2d", OTHER_CONVS), LAST_CALL], per_image=True),
    "torchstat MAdd": Convention("FLOP", _torchstat_madd, [
        UNSEEN, MODULE_UNSEEN,
        Fault("only_conv2d", ("Conv1d", "Conv3d", "ConvTranspose1d", "ConvTranspose3d")), LAST_CALL], per_image=True),
    "ultralytics-thop": Convention(
        "MAC", lambda row: row.macs + 4 * inputs_of(row, "Norm") + (row.window + 1) * row.outputs * ("AvgPool" in row.kind), [
        Fault("attention_softmax", MODULE,
              lambda row, use: row.macs + 3 * weights_of(row, use) - batch(row) * use.heads * positions_of(row)),
        Fault("functional_convs", counts=lambda row, use: 0 if row.is_function and "conv" in row.kind else None)]),
    "thop": Convention("MAC", _thop, [  # it hangs a hook for each name, and then adds up by name
        UNSEEN, Fault("registered_again", (), lambda row, use: use.registered**2 * _thop(row), "Lyken17/pytorch-OpCounter#98")]),
    "ptflops": Convention("MAC", lambda row: _hooked(row) + _patched(row), [
        Fault("attention_more", MODULE, _ptflops_attention), KEPT, UNSEEN,
        Fault("registered_again", counts=lambda row, use: use.registered * _hooked(row) + _patched(row),
              issue="sovrasov/flops-counter.pytorch#106")], per_image=True),
    "ptflops (aten)": Convention("MAC", lambda row: row.macs + (attention_biases(row) if row.kind in MODULE else row.bias_additions), [
        Fault("attention_unseen", MODULE, lambda row, use: macs_heard(row, use) + attention_biases(row)),
        Fault("attention_unseen", ATTENTION), Fault("recurrent_unseen", RECURRENT)], per_image=True),
    "fvcore": Convention("MAC", lambda row: row.macs + _norms(row) + inputs_of(row, "AdaptiveAvg", "adaptive_avg"), [
        FVCORE_UNSEEN, FVCORE_UNSEEN._replace(kinds=MODULE, counts=macs_heard),
        FVCORE_UNSEEN._replace(key="recurrent_unseen", kinds=RECURRENT), SAME_PADDING]),
    "calflops": Convention("MAC", lambda row: row.macs, [
        CALFLOPS_UNSEEN, CALFLOPS_UNSEEN._replace(kinds=MODULE, counts=lambda row, use: row.macs - products(row)),
        Fault("registered_again", counts=lambda row, use: use.registered * row.macs)]),
    "calflops FLOPs": Convention("FLOP", _calflops, [
        CALFLOPS_UNSEEN._replace(kinds=MODULE, counts=_calflops_attention), KEPT, CALFLOPS_UNSEEN,
        Fault("registered_again", counts=lambda row, use: use.registered * _calflops(row))]),
    "torchlens": Convention("MAC", lambda row: row.macs, [Fault("cross_attention", MODULE, _torchlens_attention)]),
}  # fmt: skip
