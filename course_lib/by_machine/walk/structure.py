"""A model's structure on the meta device, or a copy with its values: whatever runs here runs on one of these, never on the model itself."""

import contextlib
import copy
import io
import random
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CellType, FunctionType, MethodType

import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin

from course_lib.by_machine.walk.hollow import hollow_storage, keeps_values
from course_lib.words import words


def located_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module, bool]]:
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
            if isinstance(value, (list, tuple, set, dict)) and value and name not in ("_modules", "_parameters", "_buffers"):
                for held, child in _modules_in(name, value):
                    yield from below(f"{path}.{held}" if path else held, child, False)

    yield from below("", model, True)


def _modules_in(name: str, value, deep: int = 3) -> Iterator[tuple[str, nn.Module]]:
    """The modules in a list, tuple, set or dict, and in those that it holds."""
    if isinstance(value, nn.Module):
        yield name, value
    elif isinstance(value, (list, tuple, set, dict)) and deep:
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _modules_in(f"{name}[{key!r}]", part, deep - 1)


def owned_tensors(model: nn.Module) -> list[torch.Tensor]:
    """Every parameter and buffer, in the order of the modules, those of unregistered ones too."""
    return [t for _, part, _ in located_modules(model) for t in (*part._parameters.values(), *part._buffers.values()) if t is not None]


def unwrapped(module: nn.Module) -> nn.Module:
    """What a wrapper of torch.compile or DataParallel holds, which would compile, or look for devices."""
    while isinstance(module, (torch._dynamo.OptimizedModule, nn.DataParallel)):
        module = module._modules["_orig_mod" if isinstance(module, torch._dynamo.OptimizedModule) else "module"]
    return module


def copy_on(device: str, model: nn.Module) -> nn.Module:
    """A copy of a model without a user's hooks: on "meta" its structure alone, "hollow" the same on the CPU, on "cpu" with its values,
    or whatever lies there where it never had any.

    Tensors that share a storage share one in the copy. A wrapper of torch.compile or DataParallel gives way to what it wraps.
    """
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError(words("model.scripted"))
    return _Copy(device).of(model)


class _Copy:
    """Copies modules by their attributes: modules and containers anew, tensors on a device, the rest deeply."""

    SHARED = {bool, int, float, str, bytes, type(None), torch.dtype, torch.device, torch.Size, type, BuiltinFunctionType}

    def __init__(self, device: str) -> None:
        self.device, self.memo, self.storages = device, {}, {}  # by id, what stands for it; by storage, the one that stands for it

    def of(self, value):
        if type(value) in self.SHARED:
            return value
        if id(value) not in self.memo:
            self.memo[id(value)] = self._made(value)
        return self.memo[id(value)]

    def _made(self, value):
        if isinstance(value, nn.Module):
            return self._module(value)
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if type(value) in (list, tuple, set):
            return type(value)(map(self.of, value))
        if type(value) in (dict, OrderedDict):
            return type(value)((key, self.of(item)) for key, item in value.items())
        if isinstance(value, MethodType):
            return MethodType(value.__func__, self.of(value.__self__))
        if isinstance(value, FunctionType):
            return self._function(value)
        return copy.deepcopy(value, self.memo)

    def _function(self, function: FunctionType) -> FunctionType:
        """The function, or one whose closure holds copies of the modules that this one's holds: lambda x: self.norm(x)."""
        cells = function.__closure__ or ()
        if not any(_filled(cell) and isinstance(cell.cell_contents, nn.Module) for cell in cells):
            return function
        held = tuple(CellType(self.of(cell.cell_contents)) if _filled(cell) else cell for cell in cells)
        made = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, held)
        made.__kwdefaults__ = function.__kwdefaults__
        return made

    def _module(self, module: nn.Module) -> nn.Module:
        if unwrapped(module) is not module:
            return self.of(unwrapped(module))
        made = self.memo[id(module)] = object.__new__(type(module))  # before its attributes, which may lead back to it
        for name, value in vars(module).items():
            if "_hooks" in name and isinstance(value, dict):
                # PyTorch's own do part of the work: weight_norm, pruning, the lazy layers' sizes.
                made.__dict__[name] = OrderedDict((key, self.of(hook)) for key, hook in value.items() if _is_pytorchs_hook(hook))
            else:
                made.__dict__[name] = self.of(value)
        return made

    def _tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        device = "cpu" if self.device == "hollow" else self.device
        if isinstance(tensor, UninitializedTensorMixin):
            return type(tensor)(tensor.requires_grad, device=device, dtype=tensor.dtype)
        if tensor.layout is torch.strided and type(tensor) in (torch.Tensor, nn.Parameter, nn.Buffer):
            place = tensor.storage_offset(), tensor.size(), tensor.stride()
            copied = torch.empty(0, dtype=tensor.dtype, device=device).set_(self._storage(tensor), *place)
        else:
            copied = tensor.detach().to(device, copy=True)
        follows = tensor.requires_grad and tensor.is_leaf  # what an earlier pass left on a module is no part of this one
        return nn.Parameter(copied, follows) if isinstance(tensor, nn.Parameter) else copied.requires_grad_(follows)

    def _storage(self, tensor: torch.Tensor) -> torch.UntypedStorage:
        """The copy of a tensor's storage, the same for all that lie in it."""
        whole = tensor.untyped_storage()
        if whole._cdata not in self.storages:
            if self.device == "hollow" and (tensor.is_meta or not keeps_values(tensor)):
                copied = hollow_storage(whole.nbytes())
            else:
                device = "cpu" if self.device == "hollow" else self.device
                copied = torch.empty(whole.nbytes(), dtype=torch.uint8, device=device).untyped_storage()
                if "meta" not in (self.device, tensor.device.type):
                    copied.copy_(whole)
            self.storages[whole._cdata] = copied, whole  # which lives on, so that no other gets its place
        return self.storages[whole._cdata][0]


def _filled(cell: CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a name that has no value yet
        return False


def has_hooks(module: nn.Module) -> bool:
    """Whether somebody's own forward hooks hang on a module; they are not copied."""
    return any(not _is_pytorchs_hook(hook) for hooks in (module._forward_hooks, module._forward_pre_hooks) for hook in hooks.values())


@contextlib.contextmanager
def random_states_kept() -> Iterator[None]:
    """The random states of torch on the CPU, of Python, and of numpy where it is imported, as they were."""
    numpy = sys.modules.get("numpy")
    before, of_numpy = random.getstate(), numpy.random.get_state() if numpy else None
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(before)
            if numpy:
                numpy.random.set_state(of_numpy)


def _outside_values(kind: type) -> list:
    """What a class's forward names of its globals, and what stands in the class and its bases."""
    forward = kind.forward
    names = forward.__code__.co_names if isinstance(forward, FunctionType) else ()
    used = [forward.__globals__.get(name) for name in names]
    bases = [base for base in kind.__mro__ if not base.__module__.startswith("torch")]
    return used + [value for base in bases for value in vars(base).values()]


@contextlib.contextmanager
def outside_state_kept(model: nn.Module) -> Iterator[None]:
    """While a copy of a model runs: the random states stay, and so does what a forward keeps outside of its module, where tensors
    without values would be found later: a function's cache, lists and dicts of its class and of its globals."""
    kinds = {type(part) for _, part, _ in located_modules(model) if not type(part).__module__.startswith("torch.")}
    kept = [value for kind in kinds for value in _outside_values(kind)]
    containers = [(value, value.copy()) for value in kept if type(value) in (list, dict, set)]
    caches = [(value, value.cache_info()) for value in kept if hasattr(value, "cache_info")]
    try:
        with random_states_kept():
            yield
    finally:
        for value, before in containers:
            value.clear()
            value.extend(before) if isinstance(value, list) else value.update(before)
        for function, before in caches:
            if function.cache_info().currsize != before.currsize:
                function.cache_clear()


def _is_pytorchs_hook(hook: Callable) -> bool:
    """Whether a hook is PyTorch's own: weight_norm, spectral_norm, pruning, and the lazy layers' sizes are such."""
    return getattr(type(getattr(hook, "__self__", hook)), "__module__", "").startswith(("torch.nn.utils", "torch.nn.modules"))


def model_without_values(kind: type | nn.Module) -> tuple[nn.Module, str]:
    """A module of a class that takes no arguments, made on the meta device, and what it printed on the way; a module as it is.

    The random state stays where it is.
    """
    if not isinstance(kind, type):
        return kind, ""
    with contextlib.redirect_stdout(io.StringIO()) as printed, random_states_kept():
        try:
            with torch.device("meta"):
                model = kind()
        except (NotImplementedError, RuntimeError):  # it asks for a value while it is made
            model = kind()
    return model, printed.getvalue().strip()
