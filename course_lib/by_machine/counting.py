"""From a Network to PyTorch's module, and from any module back to a Ledger, over one walk of its forward pass."""

import math
from collections import OrderedDict
from dataclasses import fields, replace
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from course_lib.by_hand.layers import LAYERS, Layer, whole
from course_lib.by_hand.ledger import Ledger, Row, Work
from course_lib.by_hand.networks import Network
from course_lib.by_machine.walk import Place, Walk, walk
from course_lib.show.tables import times
from course_lib.words import words

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "Transformer", "DataParallel")  # their children are the places


def build(network: Network, device: str = "cpu") -> nn.Sequential:
    """The network as PyTorch's own module, layer by layer under the same names, frozen layers without gradients.

    >>> from course_lib import small_cnn
    >>> sum(p.numel() for p in build(small_cnn()).parameters())
    26926
    """
    if taken := [name for name in network.layers if hasattr(nn.Sequential, name) or name in vars(nn.Sequential())]:
        raise ValueError(f"{taken[0]}: PyTorch's modules have something of this name already; give the layer another")
    with torch.device(device):
        made = OrderedDict((name, getattr(nn, layer.kind)(**vars(layer))) for name, layer in network.layers.items())
    for name in network.frozen_names:
        made[name].requires_grad_(False)
    return nn.Sequential(made)


def as_layer(module: nn.Module, name: str) -> Layer:
    """The by-hand layer with a module's arguments: only its sizes are read, never a tensor's.

    >>> as_layer(nn.Conv2d(5, 12, 3), "conv2")
    Conv2d(5, 12, 3)
    """
    kind = _kind(module)
    if kind is None:
        raise TypeError(f"{name}: {type(module).__name__} is not known by hand; known are {', '.join(LAYERS)}")
    arguments = {field.name: getattr(module, field.name) for field in fields(LAYERS[kind]) if hasattr(module, field.name)}
    if kind == "MultiheadAttention":
        arguments["bias"] = module.in_proj_bias
    if "bias" in arguments:
        bias = arguments["bias"]  # a module keeps its tensor, or nothing, under the argument's name, a recurrent one the argument
        arguments["bias"] = bias is not None and bias is not False
    try:
        return LAYERS[kind](**arguments)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def _kind(module: nn.Module) -> str | None:
    """Which layer known by hand a module is, or derives from."""
    bases = [base.__name__ for base in type(module).__mro__ if base is getattr(nn, base.__name__, None)]
    return next((base for base in bases if base in LAYERS), None)


def _layer(module: nn.Module | None, name: str) -> Layer | None:
    try:
        return as_layer(module, name) if module is not None else None
    except (TypeError, ValueError):
        return None


def is_place(module: nn.Module) -> bool:
    """Whether a module's work is one row: it is known by hand, or of PyTorch's own that are no containers."""
    of_torch = type(module).__module__.startswith(("torch.nn.modules", "torch.ao")) and not type(module).__name__.startswith(CONTAINERS)
    return of_torch or _kind(module) is not None


class Misfit(ValueError):
    """A forward pass that failed: a sentence, and the rows so far with the failing one marked. Its cause is PyTorch's own error."""

    def __init__(self, sentence: str, ledger: Ledger) -> None:
        super().__init__(sentence)
        self.ledger = ledger

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback; `raise error.__cause__` shows that."""
        return [*repr(self.ledger).splitlines(), "", str(self)]


def with_batch(input_size) -> tuple[int, ...]:
    """An input_size checked: a tuple of whole numbers, the batch first, each at least 1."""
    if not isinstance(input_size, (tuple, list)) or len(input_size) < 2:
        raise TypeError(f"input_size must be a tuple with the batch, such as (1, 3, 32, 32), not {input_size!r}")
    return tuple(whole("input_size", size) for size in input_size)


def inputs(model: nn.Module, input_size, input_data=None) -> tuple[tuple, dict]:
    """The arguments of one forward pass: blanks of these sizes in the type of the model's parameters, or the data that are given."""
    if (input_size is None) == (input_data is None):
        raise TypeError("give input_size with the batch, such as (1, 3, 32, 32), or input_data: a tensor, a tuple or a dict of them")
    if input_data is not None:
        if isinstance(input_data, dict):
            return (), input_data
        return (tuple(input_data) if isinstance(input_data, (tuple, list)) else (input_data,)), {}
    several = isinstance(input_size, (tuple, list)) and input_size and all(isinstance(size, (tuple, list)) for size in input_size)
    dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), None)
    sizes = map(with_batch, input_size if several else [input_size])
    return tuple(torch.empty(size, device="meta", dtype=dtype) for size in sizes), {}


def count(model: Network | nn.Module, input_size=None, input_data=None) -> Ledger:
    """What a model stores and does in one forward pass: a row for each place where work happens, in order of execution.

    input_size has the batch first, or is a list of such sizes for several inputs; input_data takes tensors, integers among
    them, as a tuple, or as a dict by name. Nothing is computed: the model is left as it was, and only shapes pass. Raises
    `Misfit` where the forward fails.

    >>> count(nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU()), (16, 3, 5, 5)).macs
    27216
    """
    if isinstance(model, Network):
        return model.ledger(with_batch(input_size)[0] if input_size is not None else 1)
    return Ledger(counted.row for counted in listen(model, input_size, input_data).rows)


class Counted(NamedTuple):
    """A row, the module that did its work, where one did, its MACs by PyTorch, the model's parameters that it used, and what is
    amiss with it though nothing failed."""

    row: Row
    module: nn.Module | None
    macs: int = 0
    used: tuple[nn.Parameter, ...] = ()
    amiss: tuple[str, ...] = ()


class Heard(NamedTuple):
    """A walk and its rows."""

    walk: Walk
    rows: list[Counted]


def listen(model: nn.Module, input_size=None, input_data=None) -> Heard:
    """The walk of a model on an input, and its rows; a `Misfit` where the forward fails."""
    if isinstance(model, type):
        raise TypeError(f"model is the class {model.__name__}; make one of it: {model.__name__}()")
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a Network or a torch.nn.Module, not {model!r:.60}")
    args, kwargs = inputs(model, input_size, input_data)
    heard = walk(model, args, kwargs, is_place, lambda place: _check(place, input_size is not None))
    rows = rows_of(heard)
    if any(counted.row.note == words("never_used") for counted in rows):  # in eval mode; an auxiliary head may run in training
        rows = _used_in_training(rows, walk(model, args, kwargs, is_place, training=True))
    if heard.error is not None:
        raise Misfit(_sentence(heard), Ledger(counted.row for counted in rows)) from heard.error
    return Heard(heard, rows)


def _used_in_training(rows: list[Counted], trained: Walk) -> list[Counted]:
    """The rows, where what is used in training alone is not called never used."""
    read = {counted.row.name for counted in rows_of(trained) if counted.row.note != words("never_used")}

    def said(counted: Counted) -> Counted:
        if counted.row.note != words("never_used") or counted.row.name not in read:
            return counted
        return counted._replace(row=counted.row._replace(note=words("only_in_training")))

    return [said(counted) for counted in rows]


def _check(place: Place, batched: bool) -> None:
    """Our error, with the layer's name and what would fit, before PyTorch's."""
    layer = None if isinstance(place.module, LazyModuleMixin) else _layer(place.module, place.path)
    if layer is None or not place.inputs or type(place.module).forward is not getattr(nn, layer.kind).forward:
        return
    shape = place.inputs[0]
    if batched and layer.dims and len(shape) == layer.dims + 1:
        raise ValueError(f"{place.path}: its input {shape} has no batch; put one first, such as {(1, *shape)}")
    if problem := layer.misfit(_one(layer, shape)[1]):
        raise ValueError(f"{place.path}: {problem}")


def _one(layer: Layer, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """The batch, and the shape without it; an input may have none."""
    if layer.kind == "Embedding":  # any shape of indices
        return 1, shape
    if not getattr(layer, "batch_first", True) and len(shape) == 3:  # recurrent layers and attention have it second, unless told
        return shape[1], (shape[0], *shape[2:])
    ranks = layer.ranks if layer.kind != "BatchNorm1d" else ()
    return (1, shape) if len(shape) == 1 or len(shape) in ranks else (shape[0], shape[1:])


def _sentence(heard: Walk) -> str:
    """What went wrong, where, and what would fit."""
    error, failed = heard.error, heard.places[-1] if heard.places else Place("")
    where, before = f"{failed.path}: " if failed.path else "", heard.places[:-1]
    if failed.module is not None and isinstance(error, ValueError) and str(error).startswith(where):
        return "; ".join([str(error), *_advice(failed, before)])
    if failed.function and len(failed.inputs) == 2 and isinstance(error, RuntimeError):
        one, other = (next((p.path or p.function for p in reversed(before) if p.outputs[:1] == [s]), words("input")) for s in failed.inputs)
        a, b = (times(shape[1:]) for shape in failed.inputs)
        return where + words("branches", sign=failed.function, one=one, other=other, a=a, b=b)
    return f"{where or failed.function or 'forward'}{'' if where else ': '}{type(error).__name__}: {error}"


def _advice(failed: Place, before: list[Place]) -> list[str]:
    """The line to write, where one number of the layer would mend it."""
    layer, shape = _layer(failed.module, failed.path), failed.inputs[0][1:]
    for name, size in (("in_features", shape[-1]), ("in_channels", shape[0]), ("num_features", shape[0])):
        if getattr(layer, name, size) == size:
            continue
        if name == "in_features" and math.prod(shape) == layer.in_features:
            return [words("forgot_flatten")]
        try:
            mended = replace(layer, **{name: size})
        except ValueError:  # groups that do not divide it
            continue
        flat = next((p.inputs[0][1:] for p in reversed(before) if p.outputs[:1] == failed.inputs[:1] and len(p.inputs[0]) > 2), ())
        work = f"{Work([flat]).text} = {size:,}: " if math.prod(flat) == size > 1 else ""
        return [f"{work}{words('write', layer=mended)}"]
    return []


def rows_of(heard: Walk) -> list[Counted]:
    """One row for each place, a tensor counted in the first that uses it; then what nothing used."""
    lying, owner, rows = heard.owners(), {}, []

    def first_use(path: str, tensors: list[torch.Tensor]) -> tuple[list[torch.Tensor], str]:
        """Those that nobody used before, and words on whose the others are."""
        keys = [(tensor.untyped_storage()._cdata, tensor.storage_offset()) for tensor in tensors]
        new = [tensor for key, tensor in zip(keys, tensors, strict=True) if owner.setdefault(key, path) is path and key not in had]
        others = sorted({owner[key] for key in keys if key in had})
        had.update(keys)
        return new, words("used_again") if others == [path] else words("shared_with", names=", ".join(others)) if others else ""

    had, on_map = set(), False
    for place in heard.places:
        if place.function and place.ops and all(op.is_view and all(storage in lying for storage in op.reads) for op in place.ops):
            continue  # another look at a parameter, such as weight.t(): it counts where it is used
        on_map = _on_map(place, on_map)
        mine = [*place.module.parameters(), *place.module.buffers()] if place.module is not None else []
        read = [tensor for op in place.ops for storage in op.reads for tensor in lying.get(storage, ())]
        used = list({id(tensor): tensor for tensor in (*mine, *read)}.values())
        new, note = first_use(place.path, used)
        amiss = _amiss(heard, place, on_map)
        failed = [words("fails_here")] * (heard.error is not None and place is heard.places[-1])
        row = _row(place, new)._replace(note="; ".join(filter(None, [note, *failed, *amiss])))
        rows.append(Counted(row, place.module, place.macs, tuple(t for t in used if isinstance(t, nn.Parameter)), amiss))
    if heard.error is not None:
        return rows
    for part, path in heard.names.items():
        new, _ = first_use(path, [*part.parameters(recurse=False), *part.buffers(recurse=False)])
        if new:
            row = _row(Place(path, part), new)._replace(note=words("never_used"))
            rows.append(Counted(row, part, 0, tuple(t for t in new if isinstance(t, nn.Parameter))))
    return rows


def _row(place: Place, new: list[torch.Tensor]) -> Row:
    """The row of a place that first uses these tensors: by hand where the layer is known, its output and its work are as by hand, else
    by machine."""
    layer, module = _layer(place.module, place.path), place.module
    if layer is not None:
        own, terms = list(module.parameters()), list(layer.params_work)
        row = Row(place.path, layer.kind, layer.detail)
        if place.inputs:
            batch, shape = _one(layer, place.inputs[0])
            row = layer.row(place.path, shape, batch) if layer.misfit(shape) is None else row
        as_by_hand = not place.outputs or (row.output_shape == _one(layer, place.outputs[0])[1] and row.macs == place.macs)
        if [tensor.numel() for tensor in own] == list(map(math.prod, terms)) and as_by_hand:
            mine = [(tensor, term) for tensor, term in zip(own, terms, strict=True) if any(tensor is other for other in new)]
            work, trained = Work(term for _, term in mine), Work(term for tensor, term in mine if tensor.requires_grad)
            buffers = layer.buffers if any(not isinstance(tensor, nn.Parameter) for tensor in new) else 0
            return row._replace(params=work.value, trainable_params=trained.value, buffers=buffers, work=work)
    params = [tensor for tensor in new if isinstance(tensor, nn.Parameter)]
    name = f"{place.path}.{place.function}" if place.function and place.path else place.path or place.function
    sizes = [shape[1:] for shape in (*place.inputs[:1], *place.outputs[:1])] if place.inputs and place.outputs else [(), ()]
    return Row(
        name or "model", place.function or type(module).__name__, "", *sizes,
        params=sum(p.numel() for p in params), trainable_params=sum(p.numel() for p in params if p.requires_grad),
        buffers=sum(t.numel() for t in new if not isinstance(t, nn.Parameter)), macs=place.macs, by="machine",
        inputs=sum(map(math.prod, place.inputs)), outputs=sum(map(math.prod, place.outputs)),
    )  # fmt: skip


def _on_map(place: Place, before: bool) -> bool:
    """Whether what this place gives is a map with its channels first, as convolutions give it."""
    layer = _layer(place.module, place.path)
    if layer is not None and layer.dims:
        return layer.dims > 1
    return before and place.function not in ("permute", "transpose", "movedim", "flatten", "view", "reshape")


def _amiss(heard: Walk, place: Place, on_map: bool) -> tuple[str, ...]:
    """What is to be said of a place that ran."""
    said = [words("not_counted", op=op.name) for op in place.ops if not op.priced]
    if place.module in heard.unregistered:
        said.append(words("not_registered"))
    if isinstance(place.module, nn.Linear) and on_map and place.outputs and len(place.inputs[0]) > 3:
        said.append(words("many_places", n=math.prod(place.inputs[0][1:-1])))
    return tuple(dict.fromkeys(said))
