"""From a Network to PyTorch's module, and from any module back to by-hand rows, by one walk over its forward pass."""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import fields
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from course_lib.by_hand.layers import LAYERS, Layer, whole
from course_lib.by_hand.ledger import Ledger, Row, Work
from course_lib.by_hand.networks import Network
from course_lib.words import words


def build(network: Network, device: str = "cpu") -> nn.Sequential:
    """The network as PyTorch's own module, layer by layer under the same names, frozen layers without gradients.

    >>> from course_lib import small_cnn
    >>> sum(p.numel() for p in build(small_cnn()).parameters())
    26926
    """
    with torch.device(device):
        made = OrderedDict((name, _module(layer)) for name, layer in network.layers.items())
    for name in network.frozen_names:
        made[name].requires_grad_(False)
    return nn.Sequential(made)


def _module(layer: Layer) -> nn.Module:
    return getattr(nn, layer.kind)(**{field.name: getattr(layer, field.name) for field in fields(layer)})


def by_hand(module: nn.Module, name: str) -> Layer:
    """The by-hand layer with a module's arguments: only its sizes are read, never a tensor's.

    >>> by_hand(nn.Conv2d(5, 12, 3), "conv2")
    Conv2d(5, 12, 3)
    """
    kind = next((base.__name__ for base in type(module).__mro__ if base is getattr(nn, base.__name__, None)), None)
    if kind not in LAYERS:
        raise TypeError(f"{name or 'model'}: {type(module).__name__} is not known by hand; known are {', '.join(LAYERS)}")
    asked = {field.name: getattr(module, field.name) for field in fields(LAYERS[kind])}
    if "bias" in asked:
        asked["bias"] = asked["bias"] is not None  # a module keeps the tensor under the argument's name
    try:
        return LAYERS[kind](**asked)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name or 'model'}: {error}") from None


def skeleton(model: nn.Module) -> nn.Module:
    """A copy of a model on the meta device, in eval mode: shapes without values, so the model itself is never touched."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a Network or a torch.nn.Module, not {model!r}")
    memo = {}
    for name, part in model.named_modules():
        if isinstance(part, LazyModuleMixin) and part.has_uninitialized_params():
            raise ValueError(f"{name or 'model'}: {type(part).__name__} has no sizes yet; call the model once on an input")
        for tensor in filter(torch.is_tensor, (*part._parameters.values(), *part._buffers.values(), *vars(part).values())):
            empty = torch.empty_like(tensor, device="meta")
            is_parameter = isinstance(tensor, nn.Parameter)
            memo[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if is_parameter else empty
    return copy.deepcopy(model, memo).eval()


class Call(NamedTuple):
    """One use of a layer in a forward pass, shapes with the batch; of a layer that is never used, the shapes are empty."""

    name: str
    module: nn.Module
    input_shape: tuple[int, ...] = ()
    output_shape: tuple[int, ...] = ()


def with_batch(input_size) -> tuple[int, ...]:
    """An input_size checked: a tuple of whole numbers, the batch first, each at least 1."""
    if not isinstance(input_size, (tuple, list)):
        raise TypeError(f"input_size must be a tuple with the batch, such as (1, 3, 32, 32), not {input_size!r}")
    return tuple(whole("input_size", size) for size in input_size)


def walk(model: nn.Module, input_size: tuple[int, ...]) -> list[Call]:
    """Every use of a layer in one forward pass of a skeleton, in order of execution, then the layers never used."""
    sizes = with_batch(input_size)
    names, calls = {part: name for name, part in model.named_modules()}, []
    leaves = {part: name for part, name in names.items() if not any(part.children())}
    layers = {part: by_hand(part, name) for part, name in leaves.items()}  # an unknown layer is named before anything runs
    for part, name in names.items():
        own = [n for n, _ in part.named_parameters(recurse=False)]
        if own and part not in leaves:
            raise TypeError(f"{name or 'model'}: owns {', '.join(own)} beside its layers; a layer known by hand would do")

    def fits(part, inputs):  # our error, with the name, before PyTorch's
        layer, shape = layers[part], tuple(inputs[0].shape)
        if layer.dims and len(shape) == layer.dims + 1:
            raise ValueError(f"{leaves[part] or 'model'}: its input {shape} has no batch; put one first, such as {(1, *shape)}")
        layer.output_shape(shape[1:], leaves[part])

    def note(part, inputs, output):
        calls.append(Call(leaves[part], part, tuple(inputs[0].shape), tuple(output.shape)))

    for part in leaves:  # on a skeleton, which ends with the call that made it
        part.register_forward_pre_hook(fits)
        part.register_forward_hook(note)
    with torch.no_grad(), torch.device("meta"):
        model(torch.empty(sizes))
    used = {call.module for call in calls}
    return calls + [Call(name, part) for part, name in leaves.items() if part not in used]


def ledger_of(calls: list[Call]) -> Ledger:
    """The by-hand rows of a walk: a parameter belongs to the first row that uses it, a later use shows 0 and whose it is."""
    owner, rows = {}, []
    for call in calls:
        layer, tensors = by_hand(call.module, call.name), dict(call.module.named_parameters(recurse=False))
        # A parameter's number by hand is its term of the work: the weight's comes first, then the bias's.
        terms = [(tensors[n], term) for n, term in zip(("weight", "bias"), layer.params_work, strict=False)]
        own = [(tensor, Work([term])) for tensor, term in terms if id(tensor) not in owner]
        shared = {owner[id(tensor)] for tensor, _ in terms if id(tensor) in owner}
        if call.input_shape:
            row = layer.row(call.name, call.input_shape[1:], batch_size=call.input_shape[0])
            note = words("shared_with", names=", ".join(sorted(shared))) if shared else ""
        else:
            row, note = Row.unused(call.name, layer.kind, layer.detail), words("never_used")
        rows.append(row._replace(
            params=sum(work.value for _, work in own), work=Work([term for _, work in own for term in work]), note=note,
            trainable_params=sum(work.value for tensor, work in own if tensor.requires_grad),
            buffers=0 if id(call.module) in owner else layer.buffers,
        ))  # fmt: skip
        owner.update({id(thing): call.name for thing in (call.module, *tensors.values()) if id(thing) not in owner})
    return Ledger(rows)
