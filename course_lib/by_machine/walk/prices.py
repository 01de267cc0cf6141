"""The MACs of operations that multiply and that PyTorch's flop_registry does not have, of the tensors that they are given."""

import math
from collections.abc import Callable

import torch


def _doubled(macs: Callable[..., int]) -> Callable[..., int]:
    """As flop_registry has it: FLOPs, two a MAC, of an operation's arguments and its result."""
    return lambda *args, out_val=None, **kwargs: 2 * macs(*args, **kwargs)


def _matrices(a: torch.Tensor, b: torch.Tensor, *_, **__) -> int:
    """Rows of a times a matrix, or a matrix for each group of rows: (…, m, k) and (…, k, n)."""
    return a.numel() * b.shape[-1]


def _attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *_, **__) -> int:
    """Each query with each key, and the sums of values by that: as many heads as the query has."""
    rows = query.numel() // query.shape[-1]
    return rows * key.shape[-2] * (query.shape[-1] + value.shape[-1])


def _recurrent(x: torch.Tensor, of_input: torch.Tensor, of_state: torch.Tensor, *_, **__) -> int:
    """One direction of one layer of an LSTM: both matrices at every position."""
    return math.prod(x.shape[:-1]) * (of_input.numel() + of_state.numel())


MACS = {
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "mkldnn_rnn_layer": _recurrent,
    "_grouped_mm": _matrices,
    "_int_mm": _matrices,
    "mv": lambda matrix, vector: matrix.numel(),
    "addmv": lambda start, matrix, vector, **_: matrix.numel(),
    "dot": lambda a, b: a.numel(),
    "vdot": lambda a, b: a.numel(),
    "addbmm": lambda start, a, b, **_: _matrices(a, b),
    "addmm_": lambda start, a, b, **_: _matrices(a, b),
    "baddbmm_": lambda start, a, b, **_: _matrices(a, b),
    "addbmm_": lambda start, a, b, **_: _matrices(a, b),
    "addmv_": lambda start, matrix, vector, **_: matrix.numel(),
    "_addmm_activation": lambda start, a, b, **_: _matrices(a, b),
    "_weight_int8pack_mm": lambda a, packed, scales: a.numel() * packed.shape[0],
    "conv_tbc": lambda x, weight, bias, pad=0: (x.shape[0] + 2 * pad - weight.shape[0] + 1) * x.shape[1] * weight.numel(),
}
PRICES = {name: _doubled(macs) for name, macs in MACS.items()}
