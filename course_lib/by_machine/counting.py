"""From a Network to PyTorch's module, and from any module back to by-hand rows, by one walk over its forward pass."""

import copy
from collections import OrderedDict
from dataclasses import fields
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from course_lib.by_hand.layers import LAYERS, Layer, times, whole
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
    asked = {field.name: getattr(module, field.name) for field in fields(LAYERS[kind])}
    if "bias" in asked:
        asked["bias"] = asked["bias"] is not None  # a module keeps the tensor under the argument's name
    try:
        return LAYERS[kind](**asked)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def _kind(module: nn.Module) -> str | None:
    """Which layer known by hand a module is, or derives from."""
    bases = [base.__name__ for base in type(module).__mro__ if base is getattr(nn, base.__name__, None)]
    return next((base for base in bases if base in LAYERS), None)


class Call(NamedTuple):
    """One use of a layer in a forward pass, its input's shape with the batch; () for a layer that is never used."""

    name: str
    module: nn.Module
    layer: Layer
    input_shape: tuple[int, ...] = ()


def skeleton(model: nn.Module) -> nn.Module:
    """A copy of a model on the meta device, in eval mode, without its hooks: the model itself is never touched."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a Network or a torch.nn.Module, not {model!r}")
    model, memo = getattr(model, "_orig_mod", model), {}  # torch.compile's wrapper would compile
    for name, part in model.named_modules():
        if isinstance(part, LazyModuleMixin) and part.has_uninitialized_params():
            raise ValueError(f"{name or 'model'}: {type(part).__name__} has no sizes yet; call the model once on an input")
        memo |= {id(hooks): OrderedDict() for hooks in (part._forward_hooks, part._forward_pre_hooks)}
        for tensor in filter(torch.is_tensor, (*part._parameters.values(), *part._buffers.values(), *vars(part).values())):
            empty = torch.empty_like(tensor, device="meta")
            is_parameter = isinstance(tensor, nn.Parameter)
            memo[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if is_parameter else empty
    return copy.deepcopy(model, memo).eval()


def blank(model: nn.Module, input_size: tuple[int, ...]) -> torch.Tensor:
    """An input without values for a skeleton, in the type of its parameters."""
    types = [p.dtype for p in model.parameters() if p.is_floating_point()]
    return torch.empty(with_batch(input_size), device="meta", dtype=types[0] if types else None)


def with_batch(input_size) -> tuple[int, ...]:
    """An input_size checked: a tuple of whole numbers, the batch first, each at least 1."""
    if not isinstance(input_size, (tuple, list)) or len(input_size) < 2:
        raise TypeError(f"input_size must be a tuple with the batch, such as (1, 3, 32, 32), not {input_size!r}")
    return tuple(whole("input_size", size) for size in input_size)


def walk(model: nn.Module, inputs: torch.Tensor) -> list[Call]:
    """Every use of a layer in one forward pass of a skeleton, in order of execution, then the layers never used."""
    names, layers, calls = {part: name or "model" for name, part in model.named_modules()}, {}, []
    ours = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
    for part, name in names.items():  # what is not known is named before anything runs
        owned = {n for n, _ in (*part.named_parameters(recurse=False), *part.named_buffers(recurse=False))}
        if not any(part.children()) and (owned or _kind(part)):
            layers[part], owned = as_layer(part, name), owned - ours
        if owned:
            raise TypeError(f"{name}: owns {', '.join(sorted(owned))} beside its layers; a layer known by hand would do")

    def fits(part, args, kwargs):
        name, layer = names[part], layers[part]
        shape = tuple(next(filter(torch.is_tensor, (*args, *kwargs.values()))).shape)
        if layer.dims and len(shape) == layer.dims + 1:
            raise ValueError(f"{name}: its input {shape} has no batch; put one first, such as {(1, *shape)}")
        layer.output_shape(shape[1:], name)  # our error, with the name, before PyTorch's
        calls.append(Call(name, part, layer, shape))

    def gives(part, _, output):
        expected, real = layers[part].output_shape(calls[-1].input_shape[1:]), tuple(output.shape[1:])
        if expected != real:
            what = f"{names[part]}: this {type(part).__name__} gives {times(real)}"
            raise ValueError(f"{what}, a {layers[part].kind} would give {times(expected)}")

    for part in layers:  # on a skeleton, which ends with the call that made it
        part.register_forward_pre_hook(fits, with_kwargs=True)
        part.register_forward_hook(gives)
    with torch.no_grad(), torch.device("meta"):
        model(inputs)
    used = {call.module for call in calls}
    return calls + [Call(names[part], part, layer) for part, layer in layers.items() if part not in used]


def ledger_of(calls: list[Call]) -> Ledger:
    """The by-hand rows of a walk: a parameter belongs to the first row that uses it, a later use shows 0 and whose it is."""
    owner, rows = {}, []
    for name, module, layer, input_shape in calls:
        # A parameter's number by hand is its term of the work: the weight's comes first, then the bias's.
        tensors = [tensor for tensor in (getattr(module, n, None) for n in ("weight", "bias")) if tensor is not None]
        own = [(tensor, term) for tensor, term in zip(tensors, layer.params_work, strict=True) if tensor not in owner]
        work, trainable = Work(term for _, term in own), Work(term for tensor, term in own if tensor.requires_grad)
        shared = sorted({owner[tensor] for tensor in tensors if tensor in owner})
        row, note = Row(name, layer.kind, layer.detail), words("never_used")
        if input_shape:
            row = layer.row(name, input_shape[1:], batch_size=input_shape[0])
            note = words("used_again") if shared == [name] else words("shared_with", names=", ".join(shared)) if shared else ""
        buffers = 0 if module in owner else layer.buffers
        rows.append(row._replace(params=work.value, trainable_params=trainable.value, buffers=buffers, work=work, note=note))
        owner = {module: name, **dict.fromkeys(tensors, name), **owner}
    return Ledger(rows)
