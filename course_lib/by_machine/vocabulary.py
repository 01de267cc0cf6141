"""What of PyTorch a class may use that is counted before it runs: layers, functions on tensors, small numbers; nothing with an effect."""

import contextlib
import math
from collections import OrderedDict
from collections.abc import Iterator

import torch
import torch._dynamo  # noqa: F401 - PyTorch imports it when it first counts, and must not be stopped there by `within`
from torch import nn
from torch.overrides import get_overridable_functions

MODULES = {torch, nn, nn.functional, math}
MAKERS = {torch.arange, torch.empty, torch.full, torch.ones, torch.rand, torch.randn, torch.tensor, torch.zeros, OrderedDict}
SUMS = {math.ceil, math.floor, math.log2, math.prod, math.sqrt}
CHANGING = list, dict, nn.Module  # what a statement may change without giving it a name
VALUES = {"apply_", "cpu", "cuda", "item", "map_", "nonzero", "numpy", "tolist"}  # methods that need a tensor's values

USABLE = [*MODULES, *MAKERS, *SUMS, *(function for module in MODULES for function in get_overridable_functions().get(module, ()))]


@contextlib.contextmanager
def without_values() -> Iterator[None]:
    """Tensors are made on the meta device, and the random state stays."""
    with torch.device("meta"), torch.random.fork_rng(devices=[]):
        yield


def is_plain(value) -> bool:
    """Whether it is a number, a text, a layer's class, one of torch's functions on tensors, or a list of such."""
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    if isinstance(value, type):
        return issubclass(value, (nn.Module, nn.Parameter, int, float)) or value in MAKERS
    return isinstance(value, (int, float, str, torch.dtype, type(None))) or any(value is one for one in USABLE)


def is_module(value) -> bool:
    """Whether it is one of Python's modules that may be used: torch, torch.nn, torch.nn.functional, math."""
    return any(value is module for module in MODULES)


def is_tensor_method(name: str) -> bool:
    """Whether tensors have it, and their values do not matter to it."""
    return hasattr(torch.Tensor, name) and name not in VALUES
