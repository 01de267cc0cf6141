"""Every operation that PyTorch runs, heard and priced; on the meta device none is worked out twice: the same sizes give the same."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

# Operators that multiply and that nobody prices here: a row says so rather than 0. So does whatever is not one of PyTorch's own.
UNPRICED = ("linalg_", "_linalg_", "fft_", "_fft_", "_cdist", "cdist", "_trilinear", "_transformer_enc", "_native_multi", "grid_sampler")
REMEMBERED = 10_000  # operations; a Llama has a hundred different ones


class Op(NamedTuple):
    """One operation that PyTorch ran: its name, the MACs that PyTorch's flop_registry gives it, and the storages that it read."""

    name: str
    macs: int
    reads: tuple[int, ...]
    priced: bool = True
    is_view: bool = False


class Result(NamedTuple):
    """What an operation gives: how to make its tensors anew, in a tuple or list or alone, and its MACs."""

    kind: type
    tensors: list[tuple]
    macs: int


_results: dict[tuple, Result] = {}


class Operations(TorchDispatchMode):
    """Runs every operation, whoever called it, and lets `hear` know of each with its price.

    The meta device's kernels are Python, some of them slow (1 ms for a batch norm, 20 µs for an addition). What an operation
    gives for tensors of these sizes, strides and dtypes does not change, so it is remembered and made anew, as empty as before.
    """

    def __init__(self, hear: Callable[[Op], None] = lambda op: None) -> None:
        super().__init__()
        self.hear = hear

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if torch.is_inference_mode_enabled() and func._overloadpacket not in flop_registry:
            with self:  # there an operation arrives whole that arrives in parts elsewhere
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        with torch._C.DisableTorchFunction():  # what a kernel calls in Python is no function of the model's
            result, macs = _run(func, args, kwargs)
        about = _about(func)
        self.hear(Op(about.name, macs, tuple(_storages(args)), about.priced, about.is_view))
        return result


class _About(NamedTuple):
    name: str
    priced: bool
    is_view: bool
    is_new: bool  # gives tensors of its own, and changes none


@cache
def _about(func) -> _About:
    name, schema = func._overloadpacket.__name__, func._schema
    priced = func.namespace in ("aten", "prim", "prims") and not name.startswith(UNPRICED)
    is_new = not schema.is_mutable and all(value.alias_info is None for value in schema.returns)
    return _About(name, priced, func.is_view, is_new)


def _run(func, args: tuple, kwargs: dict) -> tuple[object, int]:
    """An operation's result and its MACs, remembered where they can be."""
    key = None
    if _about(func).is_new:
        try:
            key = func, torch.get_default_dtype(), _key(args), _key(tuple(kwargs.items()))
            known = _results.get(key)
        except TypeError:  # an argument that is more than its sizes
            key = known = None
        if known is not None:
            made = [torch.empty_strided(size, stride, dtype=dtype, device="meta") for size, stride, dtype in known.tensors]
            return (made[0] if known.kind is torch.Tensor else known.kind(made)), known.macs
    result = func(*args, **kwargs)
    price = flop_registry.get(func._overloadpacket)
    macs = price(*args, **kwargs, out_val=result) // 2 if price else 0
    tensors = [result] if type(result) is torch.Tensor else result
    if key is not None and type(result) in (torch.Tensor, tuple, list) and all(map(_is_blank, tensors)):
        if len(_results) >= REMEMBERED:
            _results.clear()
        _results[key] = Result(type(result), [(t.shape, t.stride(), t.dtype) for t in tensors], macs)
    return result, macs


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


def _storages(args: tuple) -> list[int]:
    """The storages of an operation's tensors, of which lists are one deep."""
    flat = [part for arg in args for part in (arg if isinstance(arg, (list, tuple)) else (arg,)) if isinstance(part, torch.Tensor)]
    return [storage(t) for t in flat if t.layout is torch.strided and not isinstance(t, UninitializedTensorMixin)]


def storage(tensor: torch.Tensor) -> int:
    """Which storage a tensor lies in: views of one have the same."""
    return tensor.untyped_storage()._cdata
