"""Every operation that PyTorch runs, recorded and priced; on the meta device none is worked out twice: the same sizes give the same."""

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import cache, partial
from operator import itemgetter
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

# Operators that multiply and that nobody prices here: a row says so rather than 0. So does whatever is not one of PyTorch's own.
UNPRICED = ("linalg_", "_linalg_", "fft_", "_fft_", "_cdist", "cdist", "_trilinear", "_transformer_enc", "_native_multi", "grid_sampler")
UNPRICED_NAMES = {"mv", "addmv", "dot", "vdot", "addbmm", "conv_tbc", "cholesky_solve", "triangular_solve", "_int_mm"}
REMEMBERED = 10_000  # operations; a Llama has a hundred different ones


class Op(NamedTuple):
    """One operation that PyTorch ran: its name, the MACs that PyTorch's flop_registry gives it, and the storages that it read."""

    name: str
    macs: int
    reads: tuple[int, ...]
    priced: bool = True
    is_view: bool = False


_results: dict[tuple, tuple[Callable, int]] = {}  # how a call's result is made anew, of its arguments, and its MACs


class Operations(TorchDispatchMode):
    """Runs every operation, whoever called it, and gives `record` each with its price.

    The meta device's kernels are Python, some of them slow (1 ms for a batch norm, 20 µs for an addition). What an operation
    gives for tensors of these sizes, strides and dtypes does not change, so it is remembered and made anew, as empty as before.
    """

    def __init__(self, record: Callable[[Op], None] = lambda op: None) -> None:
        super().__init__()
        self.record = record

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if torch.is_inference_mode_enabled() and func._overloadpacket not in flop_registry:
            with self:  # there an operation arrives whole that arrives in parts elsewhere
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        with torch._C.DisableTorchFunction():  # what a kernel calls in Python is no function of the model's
            result, macs = _result_and_macs(func, args, kwargs)
        about = _about(func)
        reads = [storage(t) for t in tensors(args) if t.layout is torch.strided and not isinstance(t, UninitializedTensorMixin)]
        self.record(Op(about.name, macs, tuple(reads), about.priced, about.is_view))
        return result


class _About(NamedTuple):
    name: str
    priced: bool
    is_view: bool
    is_new: bool  # gives tensors of its own
    in_place: bool


@cache
def _about(func) -> _About:
    name = func._overloadpacket.__name__
    priced = func.namespace in ("aten", "prim", "prims") and not name.startswith(UNPRICED) and name not in UNPRICED_NAMES
    is_new = func.namespace == "aten" and all(value.alias_info is None for value in func._schema.returns)
    return _About(name, priced, func.is_view, is_new, func.namespace == "aten" and name.endswith("_") and name != "set_")


def _result_and_macs(func, args: tuple, kwargs: dict) -> tuple[object, int]:
    """An operation's result and its MACs, remembered where they can be."""
    key = _call_key(func, args, kwargs)
    if key in _results:
        again, macs = _results[key]
        return again(args), macs
    result = func(*args, **kwargs)
    price = flop_registry.get(func._overloadpacket)
    macs = price(*args, **kwargs, out_val=result) // 2 if price else 0
    tensors = [result] if isinstance(result, torch.Tensor) else result
    if len(_results) >= REMEMBERED:
        _results.clear()
    if key is None or type(result) not in (torch.Tensor, nn.Parameter, tuple, list) or not all(map(_is_blank, tensors)):
        pass
    elif _about(func).is_new:
        _results[key] = partial(_blanks, type(result), [_key(tensor) for tensor in tensors]), macs
    elif result is args[0] and key == _call_key(func, args, kwargs):  # in place, and of the same sizes as before
        _results[key] = itemgetter(0), macs
    return result, macs


def _blanks(kind: type, sizes: list[tuple], args: tuple):
    """Tensors without values of these sizes, strides and dtypes: one alone, or a tuple or list of them."""
    made = [torch.empty_strided(size, stride, dtype=dtype, device="meta") for size, stride, dtype in sizes]
    return kind(made) if kind in (tuple, list) else made[0]


def _call_key(func, args: tuple, kwargs: dict) -> tuple | None:
    """All that decides what an operation gives, as a key; None where that is more than its arguments' sizes."""
    if not (_about(func).is_new or _about(func).in_place):
        return None
    try:
        price = flop_registry.get(func._overloadpacket)  # somebody may register another
        key = func, price, torch.get_default_dtype(), _key(args), _key(tuple(kwargs.items()))
        hash(key)
    except TypeError:
        return None
    return key


def _is_blank(value) -> bool:
    """Whether it is a tensor of which sizes, strides and dtype say all."""
    return type(value) in (torch.Tensor, nn.Parameter) and value.is_meta and value.layout is torch.strided


def _key(value):
    """A value as a key: a tensor by its sizes; 1, 1.0 and True apart. TypeError where a tensor is more than its sizes."""
    if isinstance(value, torch.Tensor):
        if not _is_blank(value):
            raise TypeError
        return value.shape, value.stride(), value.dtype
    if isinstance(value, (tuple, list)):
        return tuple(map(_key, value))
    return type(value), value


def tensors(value) -> list[torch.Tensor]:
    """All tensors in a value, however nested in lists, tuples, dicts and dataclasses."""
    if isinstance(value, torch.Tensor):
        return [value]
    if is_dataclass(value) and not isinstance(value, (type, Mapping)):
        value = vars(value)
    parts = value.values() if isinstance(value, Mapping) else value
    return [tensor for part in parts for tensor in tensors(part)] if isinstance(value, (list, tuple, Mapping)) else []


def storage(tensor: torch.Tensor) -> int:
    """Which storage a tensor lies in: views of one have the same."""
    return tensor.untyped_storage()._cdata
