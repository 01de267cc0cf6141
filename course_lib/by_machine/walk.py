"""One forward pass heard operation by operation, without its arithmetic: on a copy of the structure, on the meta device. The only walk."""

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map
from torch.utils.flop_counter import flop_registry

Shape = tuple[int, ...]
SIGNS = {"add": "+", "sub": "−", "mul": "×", "truediv": "÷", "matmul": "@", "getitem": "[…]"}
# Operators that multiply and that nobody prices here: a row says so rather than 0. So does whatever is not one of PyTorch's own.
UNPRICED = ("linalg_", "_linalg_", "fft_", "_fft_", "_cdist", "cdist", "_trilinear", "_transformer_enc", "_native_multi", "grid_sampler")


class Op(NamedTuple):
    """One operation that PyTorch ran: its name, the MACs that PyTorch's flop_registry gives it, and the storages that it read."""

    name: str
    macs: int
    reads: tuple[int, ...]
    priced: bool = True
    is_view: bool = False


@dataclass
class Place:
    """Where work happened: one call of a module, or of a function in a module's forward; shapes with the batch."""

    path: str
    module: nn.Module | None = None
    function: str = ""
    inputs: list[Shape] = field(default_factory=list)
    outputs: list[Shape] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    macs = property(lambda self: sum(op.macs for op in self.ops))


@dataclass
class Walk:
    """What one forward pass did: its places in order of execution, its output, and the error that ended it, if one did."""

    original: nn.Module
    model: nn.Module  # the copy that ran
    names: dict[nn.Module, str]
    unregistered: set[nn.Module]
    places: list[Place] = field(default_factory=list)
    output: object = None
    error: Exception | None = None
    real: bool = False  # run with values, since the forward needs one, or names a device

    def owners(self) -> dict[int, list[torch.Tensor]]:
        """By storage: the parameters and buffers that lie there; by the original's storage, too, which a closure may have read."""
        found = {}
        for copied, original in zip(owned(self.model), owned(self.original), strict=True):
            for tensor in (copied, original):
                if not isinstance(tensor, UninitializedTensorMixin) and tensor.layout is torch.strided:
                    found.setdefault(_storage(tensor), []).append(copied)
        return found


def owned(model: nn.Module) -> list[torch.Tensor]:
    """Every parameter and buffer, in the order of the modules, those of unregistered ones too."""
    return [t for _, part, _ in parts(model) for t in (*part._parameters.values(), *part._buffers.values()) if t is not None]


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata


def parts(model: nn.Module) -> Iterator[tuple[str, nn.Module, bool]]:
    """Every module with its path and whether it is registered: those in plain lists, tuples and dicts of a module are not, but run."""
    seen = set()

    def below(path: str, part: nn.Module, registered: bool):
        if part in seen:
            return
        seen.add(part)
        part = unwrapped(part)
        yield path or "model", part, registered
        for name, child in part._modules.items():
            if child is not None:
                yield from below(f"{path}.{name}" if path else name, child, registered)
        for name, value in vars(part).items():
            if isinstance(value, (list, tuple, dict)) and name not in ("_modules", "_parameters", "_buffers"):
                for key, child in value.items() if isinstance(value, dict) else enumerate(value):
                    if isinstance(child, nn.Module):
                        yield from below(f"{path}.{name}[{key!r}]" if path else f"{name}[{key!r}]", child, False)

    yield from below("", model, True)


def unwrapped(module: nn.Module) -> nn.Module:
    """What a wrapper of torch.compile or DataParallel holds, which would compile, or look for devices."""
    while isinstance(module, (torch._dynamo.OptimizedModule, nn.DataParallel)):
        module = module._modules["_orig_mod" if isinstance(module, torch._dynamo.OptimizedModule) else "module"]
    return module


def skeleton(model: nn.Module, training: bool = False) -> nn.Module:
    """A copy of a model's structure on the meta device, without a user's hooks: the model itself is never touched.

    Tensors that share a storage share one in the copy. A wrapper of torch.compile or DataParallel gives way to what it wraps.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a Network or a torch.nn.Module, not {model!r:.60}")
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError("model is a scripted one, whose forward is no Python; count the module that it was made of")
    return _Copy().of(model).train(training)


class _Copy:
    """Copies modules by their attributes: modules and containers anew, tensors as ones without values, the rest deeply."""

    SHARED = (int, float, str, bytes, type(None), torch.dtype, torch.device, torch.Size, type, FunctionType, BuiltinFunctionType)

    def __init__(self) -> None:
        self.memo, self.storages = {}, {}  # by id, what stands for it; by storage, the one that stands for it

    def of(self, value):
        if isinstance(value, self.SHARED):
            return value
        if id(value) not in self.memo:
            self.memo[id(value)] = self._made(value)
        return self.memo[id(value)]

    def _made(self, value):
        if isinstance(value, nn.Module):
            return self._module(value)
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if type(value) in (list, tuple):
            return type(value)(map(self.of, value))
        if type(value) in (dict, OrderedDict):
            return type(value)((key, self.of(item)) for key, item in value.items())
        if isinstance(value, MethodType):
            return MethodType(value.__func__, self.of(value.__self__))
        return copy.deepcopy(value, self.memo)

    def _module(self, module: nn.Module) -> nn.Module:
        if unwrapped(module) is not module:
            return self.of(unwrapped(module))
        made = self.memo[id(module)] = object.__new__(type(module))  # before its attributes, which may lead back to it
        for name, value in vars(module).items():
            if "_hooks" in name:  # PyTorch's own do part of the work: weight_norm, pruning, the lazy layers' sizes
                value = OrderedDict((key, self.of(hook)) for key, hook in value.items() if _own(hook)) if isinstance(value, dict) else value
            else:
                value = self.of(value)
            made.__dict__[name] = value
        return made

    def _tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        if isinstance(tensor, UninitializedTensorMixin):
            return type(tensor)(tensor.requires_grad, device="meta", dtype=tensor.dtype)
        if tensor.layout is not torch.strided or type(tensor) not in (torch.Tensor, nn.Parameter, nn.Buffer):
            return torch.empty_like(tensor, device="meta")
        whole = tensor.untyped_storage()
        if whole._cdata not in self.storages:
            self.storages[whole._cdata] = torch.empty(whole.nbytes(), dtype=torch.uint8, device="meta").untyped_storage(), whole
        place = tensor.storage_offset(), tensor.size(), tensor.stride()
        empty = torch.empty(0, dtype=tensor.dtype, device="meta").set_(self.storages[whole._cdata][0], *place)
        return nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty


def _own(hook: Callable) -> bool:
    """Whether a hook is PyTorch's own: weight_norm, spectral_norm, pruning, and the lazy layers' sizes are such."""
    return getattr(type(getattr(hook, "__self__", hook)), "__module__", "").startswith(("torch.nn.utils", "torch.nn.modules"))


class _Operations(TorchDispatchMode):
    """Hears every operation, whoever called it, and prices it."""

    def __init__(self, hear: Callable[[Op], None]) -> None:
        super().__init__()
        self.hear = hear

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        packet = func._overloadpacket
        price = flop_registry.get(packet)
        if price is None and torch.is_inference_mode_enabled():
            with self:  # there an operation arrives whole that arrives in parts elsewhere
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        with torch._C.DisableTorchFunction():  # what a kernel calls in Python is no function of the model's
            result = func(*args, **kwargs)
        name = packet.__name__
        priced = func.namespace in ("aten", "prim", "prims") and not name.startswith(UNPRICED)
        macs = price(*args, **kwargs, out_val=result) // 2 if price else 0
        read = [t for t in tensors(args) if t.layout is torch.strided and not isinstance(t, UninitializedTensorMixin)]
        self.hear(Op(name, macs, tuple(map(_storage, read)), priced, func.is_view))
        return result


def tensors(value, found: list | None = None) -> list[torch.Tensor]:
    """All tensors in a value, however nested in lists, tuples, dicts and dataclasses."""
    found = [] if found is None else found
    if isinstance(value, torch.Tensor):
        found.append(value)
    elif isinstance(value, (list, tuple)):
        for part in value:
            tensors(part, found)
    elif isinstance(value, Mapping):
        tensors(list(value.values()), found)
    elif is_dataclass(value) and not isinstance(value, type):
        tensors(list(vars(value).values()), found)
    return found


def shapes(*values) -> list[Shape]:
    return [tuple(tensor.shape) for tensor in tensors(values)]


class _Functions(TorchFunctionMode):
    """Names the functions and operators that a module's forward calls by itself."""

    def __init__(self, listener: "_Listener") -> None:
        super().__init__()
        self.listener = listener

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, listener = kwargs or {}, self.listener
        if listener.open is not None:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", str(func))
        if name == "__get__":  # of x.T or x.shape
            name = func.__self__.__name__
        name = name.strip("_")
        listener.open = place = Place(listener.path, function=SIGNS.get(name, SIGNS.get(name[1:], name)), inputs=shapes(args, kwargs))
        result = func(*args, **kwargs)  # where it raises, the place stays open: it is the one that failed
        place.outputs, listener.open = shapes(result), None
        if place.ops and place.inputs and place.outputs:
            listener.walk.places.append(place)
        return result


class _Listener:
    """Says in which place an operation happens: hooks on the copy open and close it."""

    def __init__(self, walk: Walk, is_place: Callable[[nn.Module], bool], check: Callable[[Place], None]) -> None:
        self.walk, self.is_place, self.check = walk, is_place, check
        self.open, self.stack = None, []

    @property
    def path(self) -> str:
        return self.stack[-1] if self.stack else ""

    def enter(self, module: nn.Module, args, kwargs) -> None:
        self.stack.append("" if module is self.walk.model else self.walk.names[module])
        if self.open is None and self.is_place(module):
            self.open = Place(self.walk.names[module], module, inputs=shapes(args, kwargs))
            self.check(self.open)

    def leave(self, module: nn.Module, args, output) -> None:
        self.stack.pop()
        if self.open is not None and self.open.module is module:
            self.open.outputs = shapes(output)
            self.walk.places.append(self.open)
            self.open = None

    def hear(self, op: Op) -> None:
        if self.open is not None:
            self.open.ops.append(op)
        elif op.macs or not op.priced:  # called by nobody in Python
            self.walk.places.append(Place(self.path, function=op.name, ops=[op]))


def walk(model: nn.Module, args: tuple, kwargs: dict, is_place: Callable, check: Callable = lambda place: None, training=False) -> Walk:
    """One forward pass of a model on inputs whose values do not count: see `Walk`. `check` may raise before a place runs."""
    model = unwrapped(model)
    heard = _run(model, skeleton(model, training), *tree_map(_to_meta, (args, kwargs)), is_place, check)
    error = heard.error
    if isinstance(error, NotImplementedError) or (isinstance(error, RuntimeError) and "meta" in str(error)):
        with torch.random.fork_rng(devices=[]):  # it asks for a value, or names a device
            heard = _run(model, with_values(model).train(training), *tree_map(_to_values, (args, kwargs)), is_place, check, device="cpu")
        heard.real = True
    return heard


def _run(original: nn.Module, model: nn.Module, args: tuple, kwargs: dict, is_place: Callable, check: Callable, device="meta") -> Walk:
    found = list(parts(model))
    heard = Walk(original, model, {part: path for path, part, _ in found}, {part for _, part, registered in found if not registered})
    listener = _Listener(heard, is_place, check)
    handles = []
    for _, part, _ in found:
        handles.append(part.register_forward_pre_hook(listener.enter, with_kwargs=True, prepend=True))
        handles.append(part.register_forward_hook(listener.leave))
    try:
        with torch.no_grad(), torch.device(device), _Functions(listener), _Operations(listener.hear):
            heard.output = model(*args, **kwargs)
    except Exception as error:
        heard.error = error
        if listener.open is not None:
            heard.places.append(listener.open)
    for handle in handles:
        handle.remove()
    return heard


def _to_meta(value):
    return torch.empty_like(value, device="meta") if isinstance(value, torch.Tensor) else value


def _to_values(value):
    return torch.zeros_like(value, device="cpu") if isinstance(value, torch.Tensor) and value.is_meta else value


def with_values(model: nn.Module) -> nn.Module:
    """A copy with its values, on the CPU, without a user's hooks; one that never had values gets whatever lies there."""
    model, memo = unwrapped(model), {}
    for _, part, _ in parts(model):
        hooks = [value for name, value in vars(part).items() if name.endswith("_hooks") and isinstance(value, dict)]
        memo |= {id(known): OrderedDict() for known in hooks if not any(map(_own, known.values()))}
        memo |= {id(t): t.detach() for t in vars(part).values() if isinstance(t, torch.Tensor) and not t.is_leaf}  # of a pass before
    copied = copy.deepcopy(model, memo)
    return copied.to_empty(device="cpu") if any(p.is_meta for p in model.parameters()) else copied.cpu()
