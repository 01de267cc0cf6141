"""One training step, with values or without, from its first operation to its last: its loss, its optimizer, and which storages live from
when to when, who made them, and what for."""

import functools
import math
import operator
import warnings
import weakref
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate, groupby

import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin

from course_lib.by_hand.memory import Optimizer, named_optimizer
from course_lib.by_hand.step import Moment, Timeline
from course_lib.by_machine.walk.forward import Walk, module_calls
from course_lib.by_machine.walk.operations import Op, Operations, storage, tensors
from course_lib.words import words

LOSS = "sum"


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
    """Forward, loss, backward and the optimizer's work, with the gradients that are there; without one a forward alone. `begin` is told
    each phase."""
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
    saved = {}  # the storages themselves: one that is let go would give its place to the next

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and storage.nbytes():
            saved[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using padding='same'")  # PyTorch says that it makes the copy we count
        return model(*args, **kwargs), {place: storage.nbytes() for place, storage in saved.items()}


@dataclass
class Life:
    """A storage: its bytes, who made it or owns it, in which phase and by which operation, and by which it was gone."""

    bytes: int
    owner: str
    phase: str
    born: int
    use: str = ""
    gone: float = math.inf

    @property
    def part(self) -> str:
        """Which part of a moment it is; what has no other use passes, or is at work in backward and in the optimizer's step."""
        return self.use or ("passing" if self.phase in ("forward", "loss") or self.owner == LOSS else "at_work")


class Lives:
    """The storages of a step. `turns` has the phase and the place of each operation, `all` every storage that lived."""

    def __init__(self, place_of: Callable[[Op], str] = lambda op: "") -> None:
        self.place_of, self.phase = place_of, "forward"
        self.turns: list[tuple[str, str]] = []
        self.all: list[Life] = []
        self.now: dict[int, Life] = {}

    def add(self, found: Iterable[torch.Tensor], owner: str, use: str = "") -> None:
        """The storages of these tensors live from now on; those that are known keep their owner."""
        for tensor in found:
            if tensor.layout is torch.strided and storage(tensor) not in self.now:
                whole = tensor.untyped_storage()
                life = self.now[whole._cdata] = Life(whole.nbytes(), owner, self.phase, len(self.turns), use)
                self.all.append(life)
                weakref.finalize(whole, self._end, whole._cdata).atexit = False

    def _end(self, place: int) -> None:
        self.now.pop(place).gone = len(self.turns)

    def record(self, op: Op, result) -> None:
        place = self.place_of(op)
        self.add(tensors(result), place)
        self.turns.append((self.phase, place))

    def begin(self, phase: str, *_) -> None:
        """Another phase begins; what forward made and what lives when backward begins is kept."""
        self.phase = phase
        if phase == "backward":
            for life in self.now.values():
                if life.part == "passing" and life.phase == "forward":
                    life.use = "kept"

    def belong(self, found: Iterable[torch.Tensor], owner: str, use: str) -> None:
        """What these tensors, that are there at the end, turned out to be for."""
        for tensor in found:
            life = self.now.get(storage(tensor))
            if life is not None and not life.use:
                life.use, life.owner = use, owner

    @property
    def changes(self) -> list[list[tuple[int, Life]]]:
        """At each operation, and after the last, the lives that begin there, with 1, and those that end, with -1."""
        found = [[] for _ in range(len(self.turns) + 1)]
        for life in self.all:
            found[life.born].append((1, life))
            found[min(life.gone, len(self.turns))].append((-1, life))
        return found

    @property
    def totals(self) -> list[int]:
        """The bytes that live at each operation."""
        return list(accumulate(sum(sign * life.bytes for sign, life in found) for found in self.changes))[:-1]

    def timeline(self) -> Timeline:
        """A moment for each place in its turn: that of its operation with the most bytes."""
        changes, totals, parts, end, moments = self.changes, self.totals, Counter(), 0, []
        for (phase, place), turn in groupby(self.turns):
            begin, end = end, end + sum(1 for _ in turn)
            most = max(range(begin, end), key=totals.__getitem__)
            for step in range(begin, end):
                for sign, life in changes[step]:
                    parts[life.part] += sign * life.bytes
                if step == most:
                    new = [life for found in changes[begin : step + 1] for sign, life in found if sign > 0 and life.part == "at_work"]
                    leaving = sum(life.bytes for life in new if life.gone > step)
                    moments.append(Moment(phase, place, *map(parts.__getitem__, Moment._fields[2:9]), parts["at_work"] - leaving, leaving))
        kept = Counter()
        for life in self.all:
            kept[life.owner] += life.bytes * (life.use == "kept")
        return Timeline(moments, +kept)


class StepLives(Lives):
    """Those of one step of a model that nobody else sees, hollow or with values, and what everything was for."""

    def __init__(
        self, model: nn.Module, args: tuple, kwargs: dict, make_optimizer: Callable[[nn.Module], torch.optim.Optimizer] | None,
        first: bool = False, accumulate: bool = False, hollow: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(self._place)
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
        self.add(tensors([args, kwargs]), "input", "input")
        _name(model, optimizer, self.add)
        with module_calls(Walk(model)) as self.calls, Operations(self.record, hollow):
            one_step(model, args, kwargs, optimizer, self.begin)
        self.turns = self.turns or [("forward", type(model).__name__)]  # of a forward that hands on what it is given
        _name(model, optimizer, self.belong)
        del self.optimizer, self.calls, self.place_of  # the tensors live no longer than the step, though each knows whom to tell of its end

    def _place(self, op: Op) -> str:
        phase, node = self.phase, torch._C._current_autograd_node()
        if phase == "loss" or (phase == "backward" and node is None):
            return LOSS
        if phase == "forward" or len(self.calls.stack) > 1:  # in backward, too: a checkpointed part runs again
            self.nodes.setdefault(torch._C._autograd._get_sequence_nr() - 1, self.calls.here)
            return self.calls.here
        before_phase, before = self.turns[-1]
        if phase == "backward":
            return self.nodes.get(node._sequence_nr(), before)
        lives = [self.now[read] for read in op.reads if read in self.now]
        owners = {life.owner for life in lives if life.use in ("weights", "state")}
        name = type(self.optimizer).__name__
        if len(owners) == 1:
            return f"{name}, {owners.pop()}"
        return name if owners or before_phase != "step" else before


def _name(model: nn.Module, optimizer: torch.optim.Optimizer | None, tell: Callable) -> None:
    """Tell what the model and the optimizer hold, by name."""
    for name, parameter in model.named_parameters():
        tell([parameter], name, "weights")
        tell([] if parameter.grad is None else [parameter.grad], name, "gradients")
        tell(tensors(optimizer.state.get(parameter, {})) if optimizer else [], name, "state")
    for name, buffer in model.named_buffers():
        tell([buffer], name, "buffers")
