"""What a model is made of, and copies of it: whatever runs here runs on one of these, never on the model itself."""

import contextlib
import copy
import io
import random
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from functools import cache, partial
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType

import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin

from course_lib.by_machine.walk.hollow import hollow_storage, keeps_values
from course_lib.words import words


def held(value) -> list[tuple[str, object, object]]:
    """What a container, a function, a method or an object of somebody's own class holds, each with the words that lead there: a format
    and what it is filled with."""
    if isinstance(value, dict):
        return [("[{!r}]", key, part) for key, part in value.items()]
    if isinstance(value, (list, tuple, set, deque)):
        return [("[{!r}]", number, part) for number, part in enumerate(value)]
    if isinstance(value, MethodType):
        return [("", "", value.__self__)]
    if isinstance(value, partial):
        return [("", "", value.func), *held(value.args), *held(value.keywords)]
    if isinstance(value, FunctionType):
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        closed_over = [(".{}", name, cell.cell_contents) for name, cell in cells if filled(cell)]
        return closed_over + held(value.__defaults__ or ()) + held(value.__kwdefaults__ or {})
    return [(".{}", name, part) for name, part in vars(value).items()] if is_object(value) else []


@cache
def is_somebodys(kind) -> bool:
    """Whether a class, a function or a file is neither PyTorch's nor Python's."""
    package = (getattr(kind, "__module__", None) or kind.__name__).partition(".")[0]
    return package == "__main__" or package not in ("torch", "numpy", *sys.stdlib_module_names)


def is_object(value) -> bool:
    """Whether it is an object of a class of somebody's own, and not a module or a class."""
    is_more = isinstance(value, (type, ModuleType, nn.Module, torch.Tensor, FunctionType))
    return is_somebodys(type(value)) and hasattr(value, "__dict__") and not is_more


ATOMS = {bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device, torch.Size, type, BuiltinFunctionType, ModuleType}
CONSTANT = (type, FunctionType, BuiltinFunctionType, ModuleType)  # what a function may close over and never changes


def _is_atom(value) -> bool:
    return type(value) in ATOMS or (type(value) in (tuple, list) and ATOMS.issuperset(map(type, value)))


def located_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module, bool]]:
    """Every module with its path and whether it is registered: those in a module's lists, dicts, functions and objects are not, but run."""
    seen = {}  # by id; they live as long, so that no other has it

    def below(path: str, value, registered: bool = False, deep: int = 4):
        is_module = isinstance(value, nn.Module)
        if id(value) in seen or not (deep or is_module):
            return
        seen[id(value)] = value
        if not is_module:
            for word, name, part in held(value):
                if not _is_atom(part):
                    yield from below(path + word.format(name), part, deep=deep - 1)
            return
        part, start = unwrapped(value), path and f"{path}."
        yield path or "model", part, registered
        for name, child in part._modules.items():
            if child is not None:
                yield from below(start + name, child, registered)
        for name, inside in vars(part).items():
            if not _is_atom(inside) and name not in ("_modules", "_parameters", "_buffers") and "_hooks" not in name:
                yield from below(start + name, inside)
        if is_somebodys(type(part)):
            yield from below(f"{start}forward", type(part).forward)

    yield from below("", model, True)


def owned_tensors(model: nn.Module) -> list[torch.Tensor]:
    """Every parameter and buffer, in the order of the modules, those of unregistered ones too."""
    return [t for _, part, _ in located_modules(model) for t in (*part._parameters.values(), *part._buffers.values()) if t is not None]


def unwrapped(module: nn.Module) -> nn.Module:
    """What a wrapper of torch.compile or DataParallel holds, which would compile, or look for devices."""
    while isinstance(module, (torch._dynamo.OptimizedModule, nn.DataParallel)):
        module = module._modules["_orig_mod" if isinstance(module, torch._dynamo.OptimizedModule) else "module"]
    return module


def copy_on(device: str, model: nn.Module) -> nn.Module:
    """A copy of a model without a user's hooks, "hollow" or on the "cpu" with its values, or whatever lies there where it never had any.

    Tensors that share a storage share one in the copy. A wrapper of torch.compile or DataParallel gives way to what it wraps.
    """
    if scripted := [path for path, part, _ in located_modules(model) if isinstance(part, torch.jit.ScriptModule)]:
        raise TypeError(words("model.scripted", name=scripted[0]))
    return _Copy(device == "hollow").of(model)


class _Copy:
    """Copies modules by their attributes: modules and containers anew, tensors on the CPU, the rest deeply."""

    def __init__(self, hollow: bool) -> None:
        self.hollow, self.memo, self.storages = hollow, {}, {}  # by id, what stands for it; by storage, the one that stands for it

    def of(self, value):
        if type(value) in ATOMS:
            return value
        if id(value) not in self.memo:
            self.memo[id(value)] = self._made(value)
        return self.memo[id(value)]

    def _made(self, value):
        if isinstance(value, nn.Module):
            return self._filled_anew(value) if unwrapped(value) is value else self.of(unwrapped(value))
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
        if is_object(value) and type(value).__reduce_ex__ is object.__reduce_ex__ and not hasattr(value, "__deepcopy__"):
            return self._filled_anew(value)
        try:
            return copy.deepcopy(value, self.memo)
        except Exception:  # a lock, a file, a generator: there is one
            return value

    def _filled_anew(self, value):
        """An object of the same class with copies of the attributes, which may lead back to it."""
        made = self.memo[id(value)] = object.__new__(type(value))
        for name, part in vars(value).items():
            if isinstance(value, nn.Module) and "_hooks" in name and isinstance(part, dict):
                # PyTorch's own do part of the work: weight_norm, pruning, the lazy layers' sizes.
                vars(made)[name] = self.memo[id(part)] = OrderedDict(
                    (key, self.of(hook)) for key, hook in part.items() if _is_pytorchs_hook(hook)
                )
            else:
                vars(made)[name] = self.of(part)
        return made

    def _function(self, function: FunctionType) -> FunctionType:
        """The function, or one whose closure and defaults hold copies: lambda x: self.norm(x)."""
        originals = function.__closure__ or ()
        cells = tuple(CellType() for _ in originals)
        made = self.memo[id(function)] = FunctionType(function.__code__, function.__globals__, function.__name__, None, cells)
        closed_over = [(cell, original.cell_contents) for cell, original in zip(cells, originals, strict=True) if filled(original)]
        for cell, part in closed_over:
            cell.cell_contents = self.of(part)
        made.__defaults__, made.__kwdefaults__ = self.of(function.__defaults__), self.of(function.__kwdefaults__)
        vars(made).update(vars(function))
        is_same = all(isinstance(part, CONSTANT) for _, part in closed_over) and all(self.of(part) is part for *_, part in held(function))
        return function if is_same else made

    def _tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        if isinstance(tensor, UninitializedTensorMixin):
            return type(tensor)(tensor.requires_grad, device="cpu", dtype=tensor.dtype)
        if tensor.layout is torch.strided and type(tensor) in (torch.Tensor, nn.Parameter, nn.Buffer):
            place = tensor.storage_offset(), tensor.size(), tensor.stride()
            copied = torch.empty(0, dtype=tensor.dtype, device="cpu").set_(self._storage(tensor), *place)
        else:
            copied = tensor.detach().to("cpu", copy=True)
        follows = tensor.requires_grad and tensor.is_leaf  # what an earlier pass left on a module is no part of this one
        return nn.Parameter(copied, follows) if isinstance(tensor, nn.Parameter) else copied.requires_grad_(follows)

    def _storage(self, tensor: torch.Tensor) -> torch.UntypedStorage:
        """The copy of a tensor's storage, the same for all that lie in it."""
        whole = tensor.untyped_storage()
        if whole._cdata not in self.storages:
            is_hollow = self.hollow and (tensor.is_meta or not keeps_values(tensor))
            copied = hollow_storage(whole.nbytes()) if is_hollow else torch.UntypedStorage(whole.nbytes(), device="cpu")
            if not (is_hollow or tensor.is_meta):
                copied.copy_(whole)
            self.storages[whole._cdata] = copied, whole  # which lives on, so that no other gets its place
        return self.storages[whole._cdata][0]


def filled(cell: CellType) -> bool:
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
    with torch.random.fork_rng(devices=[]), contextlib.ExitStack() as put_back:
        put_back.callback(random.setstate, random.getstate())
        if numpy := sys.modules.get("numpy"):
            put_back.callback(numpy.random.set_state, numpy.random.get_state())
        yield


def _is_pytorchs_hook(hook: Callable) -> bool:
    """Whether a hook is PyTorch's own: weight_norm, spectral_norm, pruning, and the lazy layers' sizes are such."""
    return getattr(type(getattr(hook, "__self__", hook)), "__module__", "").startswith(("torch.nn.utils", "torch.nn.modules"))


def model_without_values(kind: type | nn.Module) -> tuple[nn.Module, str]:
    """A module of a class that takes no arguments, made on the meta device, the random states kept, and what it printed on the way; a
    module as it is."""
    if not isinstance(kind, type):
        return kind, ""
    with contextlib.redirect_stdout(io.StringIO()) as printed, random_states_kept():
        try:
            with torch.device("meta"):
                model = kind()
        except (NotImplementedError, RuntimeError):  # it asks for a value while it is made
            model = kind()
    return model, printed.getvalue().strip()
