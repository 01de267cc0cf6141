"""A training step of any module, moment by moment, on sizes alone; and the largest batch of it that fits."""

from functools import cache

import torch
from torch import nn
from torch.utils._pytree import tree_map_only

from course_lib.by_hand import step as by_hand
from course_lib.by_hand.networks import Network
from course_lib.by_hand.optimizers import Optimizer
from course_lib.by_hand.step import Timeline
from course_lib.by_machine.counting import forward_arguments, network_input_size
from course_lib.by_machine.measuring import step_heard
from course_lib.by_machine.walk.operations import NeedsValue, tensors
from course_lib.words import words


def timeline(
    network_or_model: Network | nn.Module, input_size: tuple | int | None = None,
    dtype: str | None = None, optimizer: str | Optimizer = "Adam", mode: str = "train",
    foreach: bool = False, first: bool = False, accumulate: bool = False, input_data=None,
) -> Timeline:  # fmt: skip
    """The moments of one step on the CPU: of a Network by hand, of any module as PyTorch goes through it, with nothing computed.

    input_size has the batch first, or is the batch alone for a Network; input_data takes tensors, as `count` does. The loss is the sum of
    all that the model gives. `first` is the step in which the optimizer makes its state, `accumulate` one that adds to gradients
    which are there already, `foreach` an optimizer that works on all parameters at once. Of "eval" and "no_grad" it is a forward
    pass alone. Without a dtype a module keeps its own. What a kernel takes and gives back inside of one operation is not seen.

    >>> peak = timeline(nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU()), (16, 3, 5, 5)).peak
    >>> peak.total, peak.phase, peak.place
    (15232, 'backward', '1')
    """
    how = dtype, optimizer, mode, foreach, first, accumulate
    if isinstance(network_or_model, Network):
        return by_hand.network_timeline(
            network_or_model, network_input_size(network_or_model, input_size, input_data)[0], dtype or "float32", *how[1:]
        )
    try:
        return step_heard(network_or_model, input_size, *how, input_data, device="hollow").timeline()
    except NeedsValue:  # of a float, which decides what is done
        real = step_heard(network_or_model, input_size, *how, input_data).timeline()
        return Timeline(real, real.kept, notes=(words("run_for_real"),))


def largest_batch(
    network_or_model: Network | nn.Module, budget: float, input_size: tuple | None = None,
    dtype: str | None = None, optimizer: str | Optimizer = "Adam", foreach: bool = False, input_data=None,
) -> int:  # fmt: skip
    """The largest batch whose step fits a budget of bytes, the optimizer's state in place; 0 where not even one image does.

    input_size has a batch, of which only the other sizes count; of input_data the rows are repeated. At each operation of a step the
    bytes grow by the same for each image: of two walks the batch is reckoned, two more say whether it is so, and where it is not,
    as with a model whose operations depend on the batch, it is looked for.

    >>> largest_batch(nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU()), 10**6, (1, 3, 5, 5))
    1240
    """
    if isinstance(network_or_model, Network):
        return by_hand.network_largest_batch(network_or_model, budget, dtype or "float32", optimizer)
    budget = by_hand.whole_budget(budget)
    given = forward_arguments(network_or_model, input_size, input_data)

    @cache
    def totals(batch: int) -> list[int]:
        args, kwargs = rows_of_batch(given, batch)
        how = {"dtype": dtype, "optimizer": optimizer, "foreach": foreach}
        return step_heard(network_or_model, input_data=args or kwargs, device="hollow", **how).totals

    def fits(batch: int) -> bool:
        try:
            return max(totals(batch)) <= budget
        except ValueError:
            if batch > 1:
                raise
            return False  # a BatchNorm that needs two

    each = zip(totals(2), totals(3), strict=False)
    low = min((by_hand.batch_that_fits(two, three - two, budget) for two, three in each if three > two), default=1)
    high = low + 1
    while low and not fits(low):
        low, high = low // 2, low
    while fits(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def batch_of(arguments) -> int:
    """The rows of the first tensor among the arguments of a forward."""
    return next(tensor.shape[0] for tensor in tensors(arguments) if tensor.dim())


def rows_of_batch(arguments, batch: int):
    """The arguments with so many rows: those that are there, over and over."""

    def repeated(tensor: torch.Tensor) -> torch.Tensor:
        batched = tensor.dim() and tensor.shape[0] == batch_of(arguments)
        return tensor[torch.arange(batch, device=tensor.device) % tensor.shape[0]] if batched else tensor

    return tree_map_only(torch.Tensor, repeated, arguments)
