"""A run that leaves no trace: on copies, and what a forward changes outside of its module, by what its functions name, is put back."""

import contextlib
import copy
import sys
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType

import torch
from torch import nn
from torch.utils._pytree import tree_map_only

from course_lib.by_machine.walk.hollow import as_hollow
from course_lib.by_machine.walk.operations import Operations
from course_lib.by_machine.walk.structure import ATOMS, copy_on, filled, held, is_object, is_somebodys, located_modules, random_states_kept
from course_lib.show.tables import times
from course_lib.words import words

DEEP = 5  # steps that lead from a class to what may change
SMALL = 2**20  # values of a tensor that are put back, too


@contextlib.contextmanager
def copied_run(
    model: nn.Module, arguments: tuple[tuple, dict], device: str, dtype: torch.dtype | None = None, blank: Callable = torch.zeros
) -> Iterator[tuple[nn.Module, tuple, dict]]:
    """A copy of a model, "hollow" or on the "cpu", and its arguments, which it may change; as `arguments_on` takes them."""
    with outside_state_kept(model):
        copied = copy_on(device, model)
        if dtype is not None:
            with Operations(hollow=device == "hollow"):
                copied.to(dtype)
        yield copied, *arguments_on(device, arguments, dtype, blank)


def arguments_on(device: str, arguments: tuple[tuple, dict], dtype: torch.dtype | None = None, blank: Callable = torch.zeros):
    """Copies of the tensors, of the dtype that is asked, though integers stay; `blank` makes values where there are none."""

    def copied(given: torch.Tensor) -> torch.Tensor:
        kind = dtype if dtype is not None and given.is_floating_point() else given.dtype
        if device == "hollow":
            return as_hollow(given, kind)
        if not given.is_meta:
            return given.detach().to("cpu", kind, copy=True)
        try:
            return blank(given.shape, device="cpu").to(kind)
        except RuntimeError as error:
            raise ValueError(words("measure.no_room", shape=times(given.shape))) from error

    return tree_map_only(torch.Tensor, copied, arguments)


@contextlib.contextmanager
def outside_state_kept(model: nn.Module) -> Iterator[None]:
    """While a copy of a model runs: the random states stay, and so does all that its classes and their functions lead to."""
    with _Outside() as outside:
        for base in {base for _, part, _ in located_modules(model) for base in type(part).__mro__ if is_somebodys(base)}:
            outside.note_names(base, None, DEEP)
        with random_states_kept():
            yield


class _Outside(contextlib.ExitStack):
    """Notes what there is, and how each is put back in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: dict[int, object] = {}  # by id; they live as long, so that no other has it

    def note_names(self, owner: type | ModuleType, names: frozenset[str] | None, deep: int) -> None:
        """What stands under these names of a file, or under all of a class."""
        before = {name: value for name, value in vars(owner).items() if names is None or name in names}
        self.callback(_name_again, owner, names, before)
        for value in before.values():
            self.note(value, deep)

    def note(self, value, deep: int) -> None:
        if type(value) in ATOMS or not deep or id(value) in self.noted:
            return
        self.noted[id(value)] = value
        inside = vars(value) if isinstance(value, nn.Module) or is_object(value) else value
        if isinstance(value, torch.Tensor):
            values = value.detach().clone() if value.numel() <= SMALL else None
            self.callback(_tensor_again, value, value.data, value.requires_grad, value.grad if value.is_leaf else None, values)
        elif isinstance(value, FunctionType):
            self._note_function(value, deep)
        elif hasattr(value, "cache_info"):
            size = value.cache_info().currsize
            self.callback(lambda: value.cache_info().currsize == size or value.cache_clear())
        elif isinstance(inside, (dict, list, set, deque)):
            self.callback(_fill_again, inside, copy.copy(inside))
        for *_, part in held(inside):
            self.note(part, deep - 1)

    def _note_function(self, function: FunctionType, deep: int) -> None:
        """Its closure, and the names that it uses of its file, and of a file that it names."""
        for cell in filter(filled, function.__closure__ or ()):
            self.callback(setattr, cell, "cell_contents", cell.cell_contents)
        home = sys.modules.get(function.__module__)
        if home is not None and is_somebodys(function):
            names = _names(function.__code__)
            files = [vars(home)[name] for name in names if isinstance(vars(home).get(name), ModuleType)]
            for file in [home, *filter(is_somebodys, files)]:
                self.note_names(file, names, deep - 1)


@cache
def _names(code: CodeType) -> frozenset[str]:
    """The names of a file that a function uses, and those within it."""
    return frozenset(code.co_names).union(*(_names(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _name_again(owner: type | ModuleType, names: frozenset[str] | None, before: dict) -> None:
    for name in [name for name in vars(owner) if name not in before and (names is None or name in names)]:
        delattr(owner, name)
    for name, value in before.items():
        if vars(owner).get(name) is not value:
            setattr(owner, name, value)


def _fill_again(container, before) -> None:
    now, then = ([id(part) for *_, part in held(value)] for value in (container, before))
    if now != then or (isinstance(container, dict) and [*container] != [*before]):
        container.clear()
        container.update(before) if isinstance(container, (dict, set)) else container.extend(before)


def _tensor_again(tensor: torch.Tensor, data: torch.Tensor, follows: bool, gradient, values) -> None:
    """Where it lies, its gradient, and the values of a small one."""
    tensor.data = data
    if values is not None and not torch.equal(data, values):
        data.copy_(values)
    if tensor.is_leaf:
        tensor.requires_grad_(follows).grad = gradient
