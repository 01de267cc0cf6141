"""Between PyTorch's modules and the layers known by hand: `build` goes one way, `as_layer` the other."""

from collections import OrderedDict
from functools import cache

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from course_lib.by_hand.layers import LAYERS, Layer
from course_lib.by_hand.networks import Network
from course_lib.words import words

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "Transformer", "DataParallel")  # their children are the places


def build(network: Network, device: str = "cpu") -> nn.Sequential:
    """The network as PyTorch's own module, layer by layer under the same names, frozen layers without gradients.

    >>> sum(p.numel() for p in build(small_cnn()).parameters())
    26926
    """
    if taken := [name for name in network.layers if hasattr(nn.Sequential, name) or name in vars(nn.Sequential())]:
        raise ValueError(words("network.name_taken", name=taken[0]))
    if unknown := [name for name, layer in network.layers.items() if not hasattr(nn, layer.kind)]:
        raise TypeError(words("network.no_module", name=unknown[0], kind=network.layers[unknown[0]].kind))
    with torch.device(device):
        model = nn.Sequential(OrderedDict((name, getattr(nn, layer.kind)(**vars(layer))) for name, layer in network.layers.items()))
    for name in network.frozen_names:
        model.get_submodule(name).requires_grad_(False)
    return model


def as_layer(module: nn.Module) -> Layer | None:
    """The by-hand layer with a module's arguments, None where there is none, or no sizes yet: only these are read, never a tensor's.

    >>> as_layer(nn.Conv2d(5, 12, 3))
    Conv2d(5, 12, 3)
    """
    kind = _kind(type(module))
    if kind is None or isinstance(module, LazyModuleMixin):
        return None
    arguments = {argument: getattr(module, argument) for argument in LAYERS[kind].__dataclass_fields__ if hasattr(module, argument)}
    if kind == "MultiheadAttention":
        arguments["bias"] = module.in_proj_bias
    if "bias" in arguments:  # a module keeps its tensor, or nothing, under the argument's name, a recurrent one the argument
        arguments["bias"] = arguments["bias"] is not None and arguments["bias"] is not False
    try:
        return LAYERS[kind](**arguments)
    except (TypeError, ValueError):
        return None


@cache
def _kind(module_class: type) -> str | None:
    bases = [base.__name__ for base in module_class.__mro__ if base is getattr(nn, base.__name__, None)]
    return next((base for base in bases if base in LAYERS), None)


@cache
def is_place(module_class: type) -> bool:
    """Whether the work of such modules is one row: they are known by hand, or of PyTorch's own that are no containers."""
    of_torch = module_class.__module__.startswith(("torch.nn.modules", "torch.ao")) and not module_class.__name__.startswith(CONTAINERS)
    return of_torch or _kind(module_class) is not None


def one_image(layer: Layer, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """The batch in the shape of a layer's input, and the shape without it; an input may have none."""
    if layer.kind == "Embedding":  # any shape of indices
        return 1, shape
    if not getattr(layer, "batch_first", True) and len(shape) == 3:  # recurrent layers and attention have it second, unless told
        return shape[1], (shape[0], *shape[2:])
    ranks = layer.ranks if layer.kind != "BatchNorm1d" else ()
    return (1, shape) if len(shape) == 1 or len(shape) in ranks else (shape[0], shape[1:])
