"""One forward pass walked operation by operation, without its arithmetic: on a copy whose tensors have no memory. The only walk."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from course_lib.by_machine.modules import as_layer, is_place
from course_lib.by_machine.walk.hollow import is_hollow
from course_lib.by_machine.walk.operations import NeedsValue, Op, Operations, storage, tensors
from course_lib.by_machine.walk.outside import copied_run
from course_lib.by_machine.walk.structure import has_hooks, located_modules, owned_tensors, unwrapped

Shape = tuple[int, ...]
LOOKS = ("T", "mT", "H", "mH", "real", "imag")  # attributes of a tensor that are tensors
SIGNS = {"add": "+", "sub": "−", "mul": "×", "truediv": "÷", "matmul": "@", "getitem": "[…]"}


@dataclass
class Place:
    """Where work happened: one call of a module, or of a function in a module's forward; shapes with the batch."""

    path: str
    module: nn.Module | None = None
    function: str = ""
    inputs: list[Shape] = field(default_factory=list)
    outputs: list[Shape] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    layer = cached_property(lambda self: as_layer(self.module))
    macs = property(lambda self: sum(op.macs for op in self.ops))
    name = property(lambda self: ".".join(filter(None, (self.path, self.function))))  # as its row is called


@dataclass
class Walk:
    """What one forward pass did: its places in order of execution, its output, and the error that ended it, if one did."""

    model: nn.Module  # the copy that ran
    pairs: list[tuple[torch.Tensor, torch.Tensor]] = field(default_factory=list)  # its parameters and buffers, and the original's
    hooked: list[str] = field(default_factory=list)  # the places of modules with somebody's own hooks, which were not run
    places: list[Place] = field(default_factory=list)
    output: object = None
    error: Exception | None = None
    failed: Place | None = None  # the last place that gave nothing, where none has run since: the one to blame for the error
    real: bool = False  # run with values, since the forward needs one, or names a device
    storages: list = field(default_factory=list)  # of all results: they live as long, so that no other gets the place of one

    def __post_init__(self) -> None:
        located = list(located_modules(self.model))
        self.names = {part: path for path, part, _ in located}
        self.unregistered = {part: path for path, part, registered in located if not registered}

    def owners(self) -> dict[int, list[torch.Tensor]]:
        """By storage: the parameters and buffers that lie there; by the original's storage, too, which a closure may have read."""
        found = {}
        for copied, *others in [*self.pairs, *zip(owned_tensors(self.model))]:  # some are made in forward
            for tensor in (copied, *others):
                found.setdefault(storage(tensor), []).append(copied)
        return found


def shapes(*values) -> list[Shape]:
    return [tuple(tensor.shape) for tensor in tensors(values)]


class _Recorder(TorchFunctionMode):
    """Says in which place an operation happens: hooks on the copy open and close it, and so do the functions and operators that a
    module's forward calls by itself."""

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk = walk
        self.open, self.stack = None, [""]  # the place that is open; the paths of the modules that run

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = self._result(func, args, kwargs or {})
        reads_memory = type(result).__module__ == "numpy" or (type(result) is list and not tensors(result))  # around all operations
        if reads_memory and any(map(is_hollow, tensors(args))):
            raise NeedsValue(func.__name__)
        return result

    def _result(self, func, args: tuple, kwargs: dict):
        name = getattr(func, "__name__", str(func))
        is_look = name == "__get__"  # of x.T or x.shape
        if self.open is not None or (is_look and func.__self__.__name__ not in LOOKS):
            return func(*args, **kwargs)
        name = (func.__self__.__name__ if is_look else name).strip("_")
        self.open = place = Place(self.stack[-1], function=SIGNS.get(name, SIGNS.get(name[1:], name)), inputs=shapes(args, kwargs))
        try:
            result = func(*args, **kwargs)
        except Exception:
            self.walk.failed = place
            raise
        finally:
            self.open = None
        place.outputs = shapes(result)
        if place.ops and place.inputs and place.outputs:
            self.done(place)
        return result

    def enter(self, module: nn.Module, args, kwargs) -> None:
        self.stack.append("" if module is self.walk.model else self.walk.names[module])
        if self.open is None and is_place(type(module)):
            self.open = Place(self.walk.names[module], module, inputs=shapes(args, kwargs))

    def leave(self, module: nn.Module, args, output) -> None:
        self.stack.pop()
        if self.open is not None and self.open.module is module:
            self.open.outputs = shapes(output)
            self.done(self.open)
            self.open = None

    def done(self, place: Place) -> None:
        if place.outputs:
            self.walk.places.append(place)
        self.walk.failed = None if place.outputs else place

    @property
    def here(self) -> str:
        """The place that works now, as its row is called."""
        return self.open.name if self.open is not None else self.stack[-1]

    def record(self, op: Op, result) -> None:
        self.walk.storages += [t.untyped_storage() for t in tensors(result) if t.layout is torch.strided]
        if self.open is not None:
            self.open.ops.append(op)
        elif op.macs or not op.priced:  # called by nobody in Python
            self.walk.places.append(Place(self.stack[-1], function=op.name, ops=[op]))


def forward_walk(model: nn.Module, arguments: tuple[tuple, dict], training: bool = False) -> Walk:
    """One forward pass of a model on inputs whose values do not count: see `Walk`."""
    walk = _walk_on("hollow", unwrapped(model), arguments, training)
    if isinstance(walk.error, NeedsValue):  # it asks for a value, or names a device
        return _walk_on("cpu", unwrapped(model), arguments, training)
    if walk.error is not None:  # it may differentiate on its way
        return _walk_on("hollow", unwrapped(model), arguments, training, follow=True)
    return walk


def _walk_on(device: str, original: nn.Module, arguments: tuple[tuple, dict], training: bool, follow: bool = False) -> Walk:
    with copied_run(original, arguments, device) as (model, args, kwargs):
        pairs = list(zip(owned_tensors(model), owned_tensors(original), strict=True))
        hooked = [path for path, part, _ in located_modules(original) if has_hooks(part)]
        with suppress(NotImplementedError):  # of an exported program
            model.train(training)
        walk = Walk(model, pairs, hooked, real=device == "cpu")
        try:
            with torch.set_grad_enabled(follow), torch.device("cpu"), module_calls(walk) as calls, Operations(calls.record, not walk.real):
                walk.output = model(*args, **kwargs)
        except Exception as error:
            walk.error = error
            walk.places += filter(None, [walk.failed])
    return walk


@contextmanager
def module_calls(walk: Walk) -> Iterator[_Recorder]:
    """In this context what is entered says `here`, the place in the walk's model that works, and has the `stack` of its modules."""
    recorder = _Recorder(walk)
    with ExitStack() as hooks:
        for part in walk.names:
            hooks.enter_context(part.register_forward_pre_hook(recorder.enter, with_kwargs=True, prepend=True))
            hooks.enter_context(part.register_forward_hook(recorder.leave, always_call=True))  # without an output where it raised
        with recorder:
            yield recorder
