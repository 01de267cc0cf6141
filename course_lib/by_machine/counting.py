"""count: any module's Ledger, over one walk of its forward pass."""

from typing import NamedTuple

import torch
from torch import nn

from course_lib.by_hand.layers import whole
from course_lib.by_hand.ledger import Ledger
from course_lib.by_hand.networks import Network
from course_lib.by_machine import misfit
from course_lib.by_machine.misfit import Misfit
from course_lib.by_machine.modules import Layers
from course_lib.by_machine.rows import CountedRow, rows_of
from course_lib.by_machine.walk.forward import Walk, forward_walk, shapes
from course_lib.show.tables import times
from course_lib.words import words


def batched_size(input_size) -> tuple[int, ...]:
    """An input_size checked: a tuple of whole numbers, the batch first, each at least 1."""
    if not isinstance(input_size, (tuple, list)) or len(input_size) < 2:
        raise TypeError(words("model.input_size", given=input_size))
    return tuple(whole("input_size", size) for size in input_size)


def network_input_size(network: Network, input_size, input_data=None) -> tuple[int, ...]:
    """The input_size of a Network, with the batch: given whole, as the batch alone, by the data, or not at all."""
    given = shapes(input_data)[0] if input_data is not None else 1 if input_size is None else input_size
    size = batched_size((given, *network.input_shape) if isinstance(given, int) else given)
    if size[1:] != network.input_shape:
        raise ValueError(words("model.compare_input_size", given=size, shape=times(network.input_shape)))
    return size


def forward_arguments(model: nn.Module, input_size, input_data=None) -> tuple[tuple, dict]:
    """The arguments of one forward pass: blanks of these sizes in the type of the model's parameters, or the data that are given."""
    if (input_size is None) == (input_data is None):
        raise TypeError(words("model.no_input"))
    if input_data is not None:
        if isinstance(input_data, dict):
            return (), input_data
        return (tuple(input_data) if isinstance(input_data, (tuple, list)) else (input_data,)), {}
    several = isinstance(input_size, (tuple, list)) and input_size and all(isinstance(size, (tuple, list)) for size in input_size)
    dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), None)
    sizes = map(batched_size, input_size if several else [input_size])
    return tuple(torch.empty(size, device="meta", dtype=dtype) for size in sizes), {}


def count(model: Network | nn.Module, input_size=None, input_data=None, train: bool = False) -> Ledger:
    """What a model stores and does in one forward pass: a row for each place where work happens, in order of execution.

    input_size has the batch first, or is a list of such sizes for several inputs; input_data takes tensors, integers among
    them, as a tuple, or as a dict by name. The pass is one of eval mode, or of training. Nothing is computed: the model is left
    as it was, and only shapes pass. Raises `Misfit` where the forward fails.

    >>> count(nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU()), (16, 3, 5, 5)).macs
    27216
    """
    if isinstance(model, Network):
        return model.ledger(network_input_size(model, input_size, input_data)[0])
    return counts_of(model, input_size, input_data, train).ledger


class Counts(NamedTuple):
    """A walk and its rows."""

    walk: Walk
    rows: list[CountedRow]
    ledger = property(lambda self: Ledger(counted.row for counted in self.rows))


def counts_of(model: nn.Module, input_size=None, input_data=None, train: bool = False) -> Counts:
    """The walk of a model on an input, and its rows; a `Misfit` where the forward fails."""
    if isinstance(model, type):
        raise TypeError(words("model.class", name=model.__name__))
    if not isinstance(model, nn.Module):
        raise TypeError(words("model.no_model", model=model))
    args, kwargs = forward_arguments(model, input_size, input_data)
    given = tuple(args[0].shape) if input_size is not None else None

    def counts_in(training: bool) -> tuple[Counts, Layers]:
        layers = Layers()
        check = lambda place: misfit.refuse_misfit(place, layers[place.module], given)  # noqa: E731
        walk = forward_walk(model, args, kwargs, check, training)
        return Counts(walk, rows_of(walk, layers)), layers

    counts, layers = counts_in(train)
    if counts.walk.error is not None:
        raise Misfit(misfit.failure_sentence(counts.walk, layers), counts.ledger) from counts.walk.error
    if not any(counted.idle == "never_used" for counted in counts.rows):
        return counts
    other, _ = counts_in(not train)  # an auxiliary head may run in the other mode alone
    used = {counted.row.name for counted in other.rows if counted.idle != "never_used"}
    why = "only_in_eval" if train else "only_in_training"
    return counts._replace(rows=[c.idling(why) if c.idle == "never_used" and c.row.name in used else c for c in counts.rows])
