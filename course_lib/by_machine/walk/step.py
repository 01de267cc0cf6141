"""One training step that really runs: its loss, its optimizer, the storages that live, and those that autograd saves."""

import functools
import operator
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from course_lib.by_hand.memory import Optimizer, named_optimizer
from course_lib.by_machine.walk.operations import tensors
from course_lib.words import words


class LiveStorages(TorchDispatchMode):
    """Counts the bytes of all storages that live: those that are given, and those that an operation makes; `peak` is the most.

    A storage lives from the operation that makes it to the moment when nobody holds it.
    """

    def __init__(self, *given: torch.Tensor) -> None:
        super().__init__()
        self.sizes, self.now, self.peak = {}, 0, 0
        self.add(given)

    def add(self, results) -> None:
        for tensor in tensors(results):
            storage = tensor.untyped_storage()
            if storage._cdata not in self.sizes:
                self.sizes[storage._cdata] = storage.nbytes()
                self.now += storage.nbytes()
                weakref.finalize(storage, self.remove, storage._cdata)
        self.peak = max(self.peak, self.now)

    def remove(self, place: int) -> None:
        self.now -= self.sizes.pop(place, 0)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.add(result)
        return result


@contextmanager
def step_context(mode: str) -> Iterator[None]:
    """What a step runs in: autograd on, unless the mode says otherwise, and the random state put back."""
    with torch.inference_mode(False), torch.random.fork_rng(range(torch.cuda.device_count())), torch.set_grad_enabled(mode != "no_grad"):
        yield


def torch_optimizer(model: nn.Module, optimizer: str | Optimizer, **more) -> torch.optim.Optimizer:
    """PyTorch's optimizer, or the class that is given, over all parameters that are trained; an error where there are none."""
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        raise ValueError(words("measure.nothing_trained"))
    kind, arguments = named_optimizer(optimizer)[:2]
    return (getattr(torch.optim, kind) if isinstance(kind, str) else kind)(trained, **arguments, **more)


def loss_of(output) -> torch.Tensor:
    """The sum of all that a model gives and that depends on its parameters: a tensor, or a tuple or dict of them."""
    followed = [tensor for tensor in tensors(output) if tensor.requires_grad]
    if not followed:
        raise ValueError(words("measure.no_way_back"))
    return functools.reduce(operator.add, [tensor.sum() for tensor in followed])


def one_step(model: nn.Module, args: tuple, kwargs: dict, optimizer: torch.optim.Optimizer | None) -> None:
    """Forward, loss, backward and the optimizer's work, with the gradients that are there; without an optimizer a forward alone."""
    if optimizer is None:
        model(*args, **kwargs)
        return
    loss = loss_of(model(*args, **kwargs))
    loss.backward()
    optimizer.step()


def saved_by_forward(model: nn.Module, args: tuple, kwargs: dict) -> tuple[object, dict[int, int]]:
    """The output, and the bytes of each storage that autograd saved, parameters and buffers not counted."""
    own = {t.untyped_storage().data_ptr() for t in (*model.parameters(), *model.buffers())}
    saved, alive = {}, []  # alive: a storage that is let go would give its place to the next

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and storage.nbytes():
            saved[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using padding='same'")  # PyTorch says that it makes the copy we count
        return model(*args, **kwargs), saved
