"""What an operation costs in MACs: by PyTorch's flop_registry, by a rule here, or nothing where it is known to multiply no matrices.

What is none of these is not counted, and its row says so; `torch.utils.flop_counter.register_flop_formula` gives it a price.
"""

import math
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from torch.utils.flop_counter import flop_registry


def _product(left: int) -> Callable[..., int]:
    """Of a product of matrices, whose left one is this argument: each value of the result takes as many MACs as a row has values."""
    return lambda *args, out_val, **_: out_val.numel() * args[left].shape[-1]


FLASH = "_scaled_dot_product_flash_attention_for_cpu"  # both products of attention as one operation
MACS = {
    **dict.fromkeys(("_grouped_mm", "_scaled_grouped_mm", "_int_mm", "_weight_int8pack_mm", "_weight_int4pack_mm", "mv"), _product(0)),
    **dict.fromkeys(("_weight_int4pack_mm_for_cpu", "_dyn_quant_matmul_4bit", "mkldnn_linear", "linear", "dot", "vdot"), _product(0)),
    **dict.fromkeys(("addmv", "_addmm_activation"), _product(1)),
    "addr": lambda *_, out_val, **__: out_val.numel(),
    "addbmm": lambda start, a, b, *, out_val, **_: a.numel() * b.shape[-1],
    "conv_tbc": lambda x, weight, *_, out_val: out_val.shape[0] * out_val.shape[1] * weight.numel(),
    # At every position of a layer's direction the matrix of the input, and that of the state.
    "mkldnn_rnn_layer": lambda x, of_input, of_state, *_, **__: math.prod(x.shape[:-1]) * (of_input.numel() + of_state.numel()),
    # Each query with each key, and the sums of values by that: as many heads as the query has.
    FLASH: lambda q, k, v, *_, **__: math.prod(q.shape[:-1]) * k.shape[-2] * (q.shape[-1] + v.shape[-1]),
    # Bilinear's: of its weight and the first input a product, and one of that and the second.
    "_trilinear": lambda a, weight, c, *_, out_val, **__: out_val.numel() * weight.shape[-1] * (weight.shape[-2] + 1),
}
# What an operation is called that multiplies matrices, though it may read only one: decompositions, and Fourier's, too.
MULTIPLIES = re.compile(r"(?!.*upsample).*(mm(?![a-z])|matmul|conv(?!ert)|linear|attention|lstm|rnn|gru|linalg|fft|chol|geqrf|[pc]dist)")
HARMLESS = tomllib.loads(Path(__file__).with_name("harmless.toml").read_text(encoding="utf-8"))  # by what they do; a test knows what lacks
REASONS = {name: reason for reason, names in HARMLESS.items() for name in names.split()}


def price_of(func) -> Callable | None:
    """FLOPs of an operation's arguments and its result, two a MAC: as registered with PyTorch, or by a rule here, if any."""
    packet, functional, by_rule = _known_price(func)
    return flop_registry.get(packet) or flop_registry.get(functional) or by_rule


@cache
def _known_price(func) -> tuple:
    """Where an operation's price may be registered: itself, and what it is when it is not in place; and our rule."""
    packet = func._overloadpacket
    name = packet.__name__.removesuffix("_")
    if func.namespace != "aten":
        return packet, packet, None
    macs = MACS.get(name)
    return packet, getattr(torch.ops.aten, name, packet), macs and (lambda *args, **kwargs: 2 * macs(*args, **kwargs))


def harmless(func) -> str:
    """Why an operation of PyTorch's own is known to multiply no matrices; nothing, where that is not known."""
    name, schema = func._overloadpacket.__name__, func._schema
    if func.namespace not in ("aten", "prim", "prims"):
        return ""
    read = sum("Tensor" in str(argument.type) and not argument.is_out for argument in schema.arguments)
    plain, twin = not MULTIPLIES.match(name), getattr(torch.ops.aten, name.removesuffix("_"), None)  # the same where it is not in place
    tags = {tag for overload in twin.overloads() for tag in getattr(twin, overload).tags} if twin else set()
    reasons = {
        "view": func.is_view or torch.Tag.inplace_view in func.tags,
        "pointwise": torch.Tag.pointwise in tags,
        "reduction": torch.Tag.reduction in func.tags,
        "no_result": plain and not any("Tensor" in str(result.type) for result in schema.returns),
        "optimizer": plain and name.startswith(("_foreach_", "_fused_")),
        "no_input": not read,
        "backward": plain and "backward" in name,
        "one_input": plain and read == 1,
    }
    return next((reason for reason, holds in reasons.items() if holds), REASONS.get(name.removesuffix("_"), ""))
