"""One training step that really runs: its loss, its optimizer, the storages that live, and those that autograd saves."""

import functools
import operator
import warnings
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin

from course_lib.by_hand.optimizers import Optimizer, named_optimizer
from course_lib.by_machine.walk.forward import Walk, calls_heard
from course_lib.by_machine.walk.lives import LOSS, Lives
from course_lib.by_machine.walk.operations import Op, Operations, tensors
from course_lib.words import words


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


def one_step(model: nn.Module, args: tuple, kwargs: dict, optimizer: torch.optim.Optimizer | None, begin=lambda *phase: None) -> None:
    """Forward, loss, backward and the optimizer's work, with the gradients that are there; without an optimizer a forward alone.

    `begin` is told each phase as it begins.
    """
    output = model(*args, **kwargs)
    if optimizer is None:
        graph = [tensor.grad_fn for tensor in tensors(output)]  # which holds what a backward would need
        del output
        return begin("backward", *graph)
    begin("loss")
    loss = loss_of(output)
    del output
    begin("backward")
    loss.backward()
    begin("step")
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


class Step:
    """One step of a model that nobody else sees, hollow or with values: `lives` has heard it, and knows what everything was for."""

    def __init__(
        self, model: nn.Module, args: tuple, kwargs: dict, make_optimizer: Callable[[nn.Module], torch.optim.Optimizer] | None,
        first: bool = False, accumulate: bool = False, hollow: bool = False,
    ) -> None:  # fmt: skip
        self.model, self.lives = model, Lives(self._place)
        self.nodes: dict[int, str] = {}  # by autograd's number: who made a node of its graph
        with Operations(hollow=hollow):
            if any(isinstance(tensor, UninitializedTensorMixin) for tensor in (*model.parameters(), *model.buffers())):
                model(*args, **kwargs)
            self.optimizer = optimizer = make_optimizer(model) if make_optimizer is not None else None
            if optimizer is not None and not first:
                one_step(model, args, kwargs, optimizer)
                optimizer.zero_grad()
            if optimizer is not None and accumulate:
                loss_of(model(*args, **kwargs)).backward()
        self.lives.add(tensors([args, kwargs]), "input", "input")
        self._name(self.lives.add)
        with calls_heard(Walk(model)) as self.calls, Operations(self.lives.hear, hollow):
            one_step(model, args, kwargs, optimizer, self.lives.begin)
        self._name(self.lives.belong)

    def _name(self, tell: Callable) -> None:
        """Tell what the model and the optimizer hold, by name."""
        for name, parameter in self.model.named_parameters():
            tell([parameter], name, "weights")
            tell([] if parameter.grad is None else [parameter.grad], name, "gradients")
            tell(tensors(self.optimizer.state.get(parameter, {})) if self.optimizer else [], name, "state")
        for name, buffer in self.model.named_buffers():
            tell([buffer], name, "buffers")

    def _place(self, op: Op) -> str:
        phase, node = self.lives.phase, torch._C._current_autograd_node()
        if phase == "loss" or (phase == "backward" and node is None):
            return LOSS
        if phase == "forward" or len(self.calls.stack) > 1:  # in backward, too: a checkpointed part runs again
            self.nodes.setdefault(torch._C._autograd._get_sequence_nr() - 1, self.calls.here)
            return self.calls.here
        before_phase, before = self.lives.heard[-1]
        if phase == "backward":
            return self.nodes.get(node._sequence_nr(), before)
        lives = [self.lives.now[read] for read in op.reads if read in self.lives.now]
        owners = {life.owner for life in lives if life.use in ("weights", "state")}
        name = type(self.optimizer).__name__
        if len(owners) == 1:
            return f"{name}, {owners.pop()}"
        return name if owners or before_phase != "step" else before
