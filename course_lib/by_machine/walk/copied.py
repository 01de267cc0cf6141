"""A copy of a model, and of what its forward is given, for whatever runs here: nobody else sees it, and it leaves no trace outside."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils._pytree import tree_map_only

from course_lib.by_machine.walk.hollow import as_hollow
from course_lib.by_machine.walk.operations import Operations
from course_lib.by_machine.walk.outside import outside_state_kept
from course_lib.by_machine.walk.structure import copy_on
from course_lib.show.tables import times
from course_lib.words import words


@contextmanager
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
