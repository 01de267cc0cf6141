"""Gradients, optimizer state, buffers and saved tensors as they really are, after one real step on a copy."""

import functools
import operator
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin as Uninitialized

from course_lib.by_hand.layers import one_of
from course_lib.by_hand.memory import DTYPES, MODES, Memory
from course_lib.by_hand.networks import Network
from course_lib.by_hand.optimizers import Optimizer, named_optimizer
from course_lib.by_machine.copying import owned, with_values
from course_lib.by_machine.counting import inputs, listen, size_for
from course_lib.by_machine.modules import build
from course_lib.by_machine.walk import tensors
from course_lib.show.tables import times
from course_lib.words import words


def measure_memory(
    network_or_model: Network | nn.Module, input_size: tuple | int | None = None,
    dtype: str = "float32", optimizer: str | Optimizer = "Adam", mode: str = "train", input_data=None,
) -> Memory:  # fmt: skip
    """The bytes of one real step, as predict_memory predicts them; the loss is the sum of all that the model gives.

    input_size has the batch first, or is the batch alone for a Network; input_data is a tensor, of integers, too, or a tuple or dict of
    them. What shares a storage counts once.

    >>> from course_lib import small_cnn
    >>> step = measure_memory(small_cnn(), 16)
    >>> step.training_state, step.kept, step.kept + step.input
    (430848, 486400, 683008)
    """
    model, args, kwargs = working_copy(network_or_model, input_size, dtype, optimizer, mode, input_data)
    with running(mode):
        state = []
        output, saved = forward(model, args, kwargs)
        if mode == "train":
            stepping = torch_optimizer(model, optimizer)
            loss_of(output).backward()
            stepping.step()
            state = tensors(list(stepping.state.values()))
    mine = {tensor.untyped_storage().data_ptr() for tensor in tensors([args, kwargs])}
    return Memory(
        weights=_bytes(model.parameters()),
        gradients=_bytes(p.grad for p in model.parameters() if p.grad is not None),
        state=_bytes(state),
        buffers=_bytes(model.buffers()),
        kept=sum(size for place, size in saved.items() if place not in mine),
        input=sum(size for place, size in saved.items() if place in mine),
    )


def _bytes(given: Iterable[torch.Tensor]) -> int:
    """The bytes under these tensors, each storage once."""
    storages = [tensor.untyped_storage() for tensor in given]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def working_copy(
    network_or_model, input_size, dtype: str, optimizer: str | Optimizer, mode: str, input_data=None
) -> tuple[nn.Module, tuple, dict]:
    """A copy on the CPU that nobody else sees, without gradients and hooks, and the arguments of its forward."""
    one_of(DTYPES, "dtype", dtype)
    one_of(MODES, "mode", mode)
    named_optimizer(optimizer)
    with torch.inference_mode(False):
        if isinstance(network_or_model, Network):
            model, size = build(network_or_model), size_for(network_or_model, input_size, input_data)
            input_size = size if input_data is None else None
        elif not isinstance(network_or_model, nn.Module):
            raise TypeError(words("measure.no_model", model=network_or_model))
        elif any(tensor.is_meta or isinstance(tensor, Uninitialized) for tensor in owned(network_or_model)):
            raise ValueError(words("measure.meta"))
        else:
            listen(network_or_model, input_size, input_data, train=mode == "train")  # raises where the input does not fit, by name
            model = with_values(network_or_model)
        model.zero_grad(set_to_none=True)  # gradients of an earlier step are not this one's
        model = model.to(getattr(torch, dtype)).train(mode == "train")
        args, kwargs = inputs(model, input_size, input_data)
        with torch.random.fork_rng(devices=[]):
            args = tuple(_value(given, dtype) for given in args)
            return model, args, {name: _value(given, dtype) for name, given in kwargs.items()}


def _value(given, dtype: str):
    """A blank as random numbers, a tensor as a copy of the dtype that is asked; integers stay, and so does what is no tensor."""
    if not torch.is_tensor(given):
        return given
    if given.is_meta:
        try:
            return torch.randn(given.shape).to(getattr(torch, dtype))
        except RuntimeError as error:
            raise ValueError(words("measure.no_room", shape=times(given.shape))) from error
    return given.detach().to("cpu", getattr(torch, dtype) if given.is_floating_point() else given.dtype, copy=True)


@contextmanager
def running(mode: str) -> Iterator[None]:
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


def forward(model: nn.Module, args: tuple, kwargs: dict) -> tuple[object, dict[int, int]]:
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
