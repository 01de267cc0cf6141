"""A training step of any module, moment by moment, on sizes alone; the largest batch of it that fits; and ways to make it fit."""

from torch import nn

from course_lib.by_hand import step as by_hand
from course_lib.by_hand.networks import Network
from course_lib.by_hand.optimizers import Optimizer
from course_lib.by_hand.step import Timeline
from course_lib.by_machine.counting import network_input_size
from course_lib.by_machine.measuring import step_heard
from course_lib.by_machine.walk.operations import NeedsValue
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
    (19984, 'backward', '1')
    """
    how = dtype, optimizer, mode, foreach, first, accumulate
    if isinstance(network_or_model, Network):
        return by_hand.timeline(
            network_or_model, network_input_size(network_or_model, input_size, input_data)[0], dtype or "float32", *how[1:]
        )
    try:
        return step_heard(network_or_model, input_size, *how, input_data, device="hollow").timeline()
    except NeedsValue:  # of a float, which decides what is done
        real = step_heard(network_or_model, input_size, *how, input_data).timeline()
        return Timeline(real, real.kept, notes=(words("run_for_real"),))
