"""Every operation that PyTorch runs, recorded and priced; without values none is worked out twice: the same sizes give the same."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import cache, partial
from types import SimpleNamespace
from typing import NamedTuple

import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException, FakeTensorMode
from torch.nn.parameter import UninitializedTensorMixin
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

from course_lib.by_machine.walk.hollow import hollow, hollow_storage, is_hollow, keeps_values
from course_lib.by_machine.walk.prices import harmless, price_of

REMEMBERED = 10_000  # operations; a Llama has a hundred different ones
AS_IT_IS = {"detach", "alias", "lift_fresh", "set_"}  # views, too
NOWHERE = {"isnan", "isinf"}  # of what is not computed
SMALL = 2**18  # values that an operation reads, so few that its kernel may run on zeros


class Op(NamedTuple):
    """One operation that PyTorch ran: its name, its MACs, the storages that it read, and whether its MACs are known."""

    name: str
    macs: int
    reads: tuple[int, ...]
    priced: bool = True
    is_view: bool = False


class NeedsValue(RuntimeError):
    """What runs asks for a number that is not there, since nothing is computed."""


class Operations(TorchDispatchMode):
    """Runs every operation, whoever called it, and gives `record` each with its price, and its result.

    Tensors without values, on the meta device or hollow, go to PyTorch's kernels on sizes. These are Python, some of them slow (1 ms for
    a batch norm, 20 µs for an addition). What an operation gives for tensors of these sizes, strides and dtypes does not change, so it
    is remembered and made anew, as empty as before. With `hollow`, what is made of no tensor has no values either.
    """

    def __init__(self, record: Callable[[Op, object], None] = lambda op, result: None, hollow: bool = False) -> None:
        super().__init__()
        self.record, self.hollow = record, hollow

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if torch.is_inference_mode_enabled() and price_of(func) is None:
            with self:  # there an operation arrives whole that arrives in parts elsewhere
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        given = tensors(args)
        is_dense = all(tensor.layout is torch.strided for tensor in given)  # what an operation multiplies of others, nobody knows
        price = price_of(func) if is_dense else None
        with torch._C.DisableTorchFunction():  # what a kernel calls in Python is no function of the model's
            result, macs = _result_and_macs(func, price, args, kwargs, self.hollow)
        about = _about(func)
        self.record(Op(about.name, macs, tuple(map(storage, given)), is_dense and bool(price or about.harmless), func.is_view), result)
        return result


@cache
def _about(func) -> SimpleNamespace:
    """Its name; why it costs nothing; whether it gives a view, or turns a tensor into one; whether it makes one and reads no values."""
    name = func._overloadpacket.__name__
    as_it_is = func.is_view or name in AS_IT_IS or torch.Tag.inplace_view in func.tags
    reads = any("Tensor" in str(argument.type) for argument in func._schema.arguments)
    makes = name.startswith("new_") or name.endswith("_like") or not reads
    return SimpleNamespace(name=name, harmless=harmless(func), as_it_is=as_it_is, makes=makes)


def _result_and_macs(func, price: Callable | None, args: tuple, kwargs: dict, nothing_made: bool) -> tuple[object, int]:
    about, given = _about(func), []
    if about.as_it_is:
        if about.name == "resize_" and is_hollow(args[0]):
            raise NeedsValue(about.name)
        return func(*args, **kwargs), 0
    key = func, price, torch.is_grad_enabled(), torch.get_default_dtype(), _key((args, tuple(kwargs.items())), given)
    empty = [tensor for tensor in given if is_hollow(tensor)]
    if about.makes and (empty or (nothing_made and not given)):
        return _factory_result(func, args, kwargs), 0
    if not (empty or (given and all(tensor.is_meta for tensor in given))):
        result = func(*args, **kwargs)
        return result, price(*args, **kwargs, out_val=result) // 2 if price else 0
    return _on_sizes(key, func, price, args, kwargs, given, empty)


def _on_sizes(key: tuple, func, price: Callable | None, args: tuple, kwargs: dict, given: list, empty: list) -> tuple[object, int]:
    """The result of tensors without values, and its MACs."""
    name = _about(func).name
    if empty and name in NOWHERE:
        return torch.zeros(given[0].shape, dtype=torch.bool), 0
    if empty and (by_numbers := _by_numbers(func, args)):
        return _result_and_macs(by_numbers[0], price, by_numbers[1], kwargs, True)
    make, macs = _known_template(key, func, args, kwargs, given, price, empty)
    result = make(given)
    if empty and isinstance(result, torch.Tensor) and name.endswith("_") and not is_hollow(result):
        result.set_(hollow(result.size(), result.stride(), result.dtype))  # what is written into it is not known
    return result, macs


def _known_template(key: tuple, func, args: tuple, kwargs: dict, given: list, price: Callable | None, empty: list) -> tuple[Callable, int]:
    """How the result of a call is made anew, and its MACs, learnt where nobody has called like this before."""
    try:
        known = _known.get(key)
    except TypeError:  # an argument that is no key
        return _new_template(func, args, kwargs, given, price, empty)
    if known is None:
        known = _new_template(func, args, kwargs, given, price, empty)
        if len(_known) >= REMEMBERED:
            _known.clear()
        if key[-1] == _key((args, tuple(kwargs.items())), []):
            _known[key] = known
    return known


_known: dict[tuple, tuple[Callable, int]] = {}  # by call: how its result is made of the tensors that are given, and its MACs
FAKE = FakeTensorMode(allow_non_fake_inputs=True)
logging.getLogger(FakeTensorMode.__module__).addFilter(lambda record: record.funcName != "_dispatch_impl")  # what fails is asked otherwise


def _new_template(func, args: tuple, kwargs: dict, given: list[torch.Tensor], price: Callable | None, empty: list) -> tuple[Callable, int]:
    """How a result is made anew: of sizes alone; where these are small, or known to mislead PyTorch, as its kernel makes it of zeros."""
    if given and not empty:  # on the meta device they are what runs
        return _template(func, args, kwargs, given, lambda tensor: tensor, price)
    try:
        with FAKE:
            on_sizes = _template(func, args, kwargs, given, _same_sizes, price)
    except (DataDependentOutputException, DynamicOutputShapeException, NeedsValue) as error:
        raise NeedsValue(func._overloadpacket.__name__) from error
    except Exception:  # the kernel itself says better what does not fit; or PyTorch has no other
        on_sizes = None
    is_small = sum(tensor.numel() for tensor in given) <= SMALL and harmless(func) != "pointwise"
    if on_sizes and not is_small and not _errs(func, args, given):
        return on_sizes
    return _template(func, args, kwargs, given, _zeros, price)


def _errs(func, args: tuple, given: list[torch.Tensor]) -> bool:
    """Whether PyTorch's kernel on sizes gives others than the real one: oneDNN's workspace, the dtype of what a norm keeps of
    narrow numbers beside wide ones, and the gradients of a norm that nobody wants, or that arrive turned."""
    name = func._overloadpacket.__name__
    mixed = len({tensor.dtype for tensor in given if tensor.is_floating_point()}) > 1 or any(t.layout is not torch.strided for t in given)
    unwanted = name.endswith("norm_backward") and not (args[-1][0] and args[0].is_contiguous())
    return name.startswith("mkldnn_rnn") or unwanted or (mixed and harmless(func) != "pointwise")


def _same_sizes(tensor: torch.Tensor) -> torch.Tensor:
    return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype)


def _zeros(tensor: torch.Tensor) -> torch.Tensor:
    return _same_sizes(tensor).zero_() if is_hollow(tensor) else tensor


def _template(func, args: tuple, kwargs: dict, given: list, stand_in: Callable, price: Callable | None) -> tuple[Callable, int]:
    stands = {id(tensor): stand_in(tensor) for tensor in given}
    args, kwargs = tree_map_only(torch.Tensor, lambda tensor: stands.get(id(tensor), tensor), (args, kwargs))
    result = func(*args, **kwargs)
    by_id = {id(stands[id(tensor)]): place for place, tensor in enumerate(given)}
    by_storage = {storage(stands[id(tensor)]): place for place, tensor in enumerate(given)}
    parts, form = tree_flatten(result)
    makers = [_maker(part, by_id, by_storage) for part in parts]
    macs = price(*args, **kwargs, out_val=result) // 2 if price else 0
    if len(makers) == 1 and form.is_leaf():
        return makers[0], macs
    return lambda given: tree_unflatten([make(given) for make in makers], form), macs


def _maker(part, by_id: dict, by_storage: dict) -> Callable:
    """How a part of a result is made: the tensor that is given itself, one that lies in its storage, or a new one."""
    if isinstance(part, (torch.SymInt, torch.SymFloat, torch.SymBool)):
        raise NeedsValue
    if not isinstance(part, torch.Tensor):
        return lambda given: part
    if id(part) in by_id:
        place = by_id[id(part)]
        return lambda given: given[place]
    offset, size, stride, dtype = part.storage_offset(), tuple(part.size()), part.stride(), part.dtype
    place = by_storage.get(storage(part)) if part.numel() else None
    if place is not None:
        blank = partial(torch.empty, 0, dtype=dtype)
        return lambda given: blank(device=given[place].device).set_(given[place].untyped_storage(), offset, size, stride)
    if part.is_meta and type(part) is torch.Tensor:
        return lambda given: torch.empty_strided(size, stride, dtype=dtype, device="meta")
    whole = part.untyped_storage().nbytes()  # more than it needs, where a kernel cuts it out of what it worked on
    return lambda given: torch.empty(0, dtype=dtype).set_(hollow_storage(whole), offset, size, stride)


def _factory_result(func, args: tuple, kwargs: dict):
    """What a function makes that reads no values: whole numbers and single ones are there, others are hollow."""
    with FAKE:
        made = func(*(_same_sizes(arg) if isinstance(arg, torch.Tensor) else arg for arg in args), **kwargs)
    if isinstance(made, torch.Tensor) and not keeps_values(made):
        return hollow(made.size(), made.stride(), made.dtype)
    return func(*(torch.zeros((), dtype=a.dtype).expand(a.size()) if isinstance(a, torch.Tensor) else a for a in args), **kwargs)


def _by_numbers(func, args: tuple) -> tuple | None:
    """The same operation by the numbers of what its masks let through, which say how much that is; None where it has no masks."""
    name = func._overloadpacket.__name__
    if name == "masked_select":
        whole, mask = torch.broadcast_tensors(*args)
        func, args = torch.ops.aten.index.Tensor, (whole, [mask])
    elif not any(argument.name == "indices" and "Optional[Tensor]" in str(argument.type) for argument in func._schema.arguments):
        return None
    numbers, masked = [], False
    for index in args[1]:
        is_mask = index is not None and index.dtype in (torch.bool, torch.uint8)
        if is_mask and is_hollow(index):
            raise NeedsValue(name)
        masked = masked or is_mask
        numbers += index.nonzero().unbind(1) if is_mask else [index]
    return (func, (args[0], numbers, *args[2:])) if masked else None


def _key(value, given: list):
    """A value as a key, a tensor by its sizes; 1, 1.0 and True apart. The tensors in it are added to those that are given."""
    if isinstance(value, torch.Tensor):
        given.append(value)
        return value.shape, value.stride() if value.layout is torch.strided else id(value), value.dtype, value.is_meta
    if isinstance(value, (tuple, list)):
        return tuple([_key(part, given) for part in value])
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
    """Which storage a tensor lies in: views of one have the same; a sparse one has several, and one that is not made yet has none."""
    has_one = tensor.layout is torch.strided and not isinstance(tensor, UninitializedTensorMixin)
    return tensor.untyped_storage()._cdata if has_one else id(tensor)
