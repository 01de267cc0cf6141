"""count: any module's Ledger, over one walk of its forward pass; and what is to be said of a model though that runs."""

from collections import Counter
from typing import NamedTuple

import torch
from torch import nn

from course_lib.by_hand.layers import whole
from course_lib.by_hand.ledger import Ledger
from course_lib.by_hand.networks import Network
from course_lib.by_machine.misfit import Misfit, failure_sentence, refuse_misfit
from course_lib.by_machine.modules import Layers
from course_lib.by_machine.rows import CountedRow, rows_of
from course_lib.by_machine.walk.forward import Walk, forward_walk, shapes
from course_lib.by_machine.walk.operations import tensors
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
    arguments = forward_arguments(model, input_size, input_data)
    given = tuple(arguments[0][0].shape) if input_size is not None else None

    def counts_in(training: bool) -> tuple[Counts, Layers]:
        layers = Layers()
        check = lambda place: refuse_misfit(place, layers[place.module], given)  # noqa: E731
        walk = forward_walk(model, arguments, check, training)
        return Counts(walk, rows_of(walk, layers)), layers

    counts, layers = counts_in(train)
    if counts.walk.error is not None:
        raise Misfit(failure_sentence(counts.walk, layers), counts.ledger) from counts.walk.error
    if not any(counted.idle == "never_used" for counted in counts.rows):
        return counts
    other, _ = counts_in(not train)  # an auxiliary head may run in the other mode alone
    used = {counted.row.name for counted in other.rows if counted.idle != "never_used"}
    why = "only_in_eval" if train else "only_in_training"
    return counts._replace(rows=[c.idling(why) if c.idle == "never_used" and c.row.name in used else c for c in counts.rows])


def model_caveats(model: nn.Module, counts: Counts, input_size=None, input_data=None) -> list[str]:
    """Sentences on a model that was counted with these inputs.

    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(6, 2))
    >>> model_caveats(model, counts_of(model, (1, 3, 8, 8)), (1, 3, 8, 8))
    ['1: applied at 24 places per image; forgot flatten?']
    """
    walk, rows = counts
    outputs, sentences = tensors(walk.output), []
    if not outputs:
        sentences.append(words("returns_none" if walk.output is None else "returns_no_tensor"))
    if unregistered := [path for part, path in walk.names.items() if part in walk.unregistered]:
        sentences.append(words("unregistered", names=", ".join(unregistered)))
    if walk.hooked:
        sentences.append(words("hooks_not_run", names=", ".join(walk.hooked)))
    sentences += [f"{c.row.name}: {caveat}" for c in rows for caveat in c.caveats]
    if unused := [c.row.name for c in rows if c.idle == "never_used"]:
        sentences.append(f"{', '.join(unused)}: {words('never_used')}.")
    sentences += _batch_changed(outputs, input_size)
    sentences += [words("run_for_real")] * walk.real
    return sentences + _of_one_mode_only(rows, model, input_size, input_data)


def _batch_changed(outputs: list, input_size) -> list[str]:
    before = input_size[0] if input_size is not None and isinstance(input_size[0], int) else None
    after = outputs[0].shape[0] if outputs and outputs[0].dim() else before
    return [words("batch_changed", before=before, after=after)] * (before not in (None, after))


def _of_one_mode_only(rows: list[CountedRow], model: nn.Module, input_size, input_data) -> list[str]:
    """Which rows stand in only one of the two modes, if they own or multiply something, or give another size."""
    try:
        trained = counts_of(model, input_size, input_data, train=True).rows
    except Misfit:  # a batch norm on a single value, say: nothing to be compared
        return []
    modes = [_working(trained), _working(rows)]
    alone = {"only_train_rows": modes[0] - modes[1], "only_eval_rows": modes[1] - modes[0]}
    return [words(key, names=", ".join(dict.fromkeys(name for name, *_ in found))) for key, found in alone.items() if found]


def _working(rows: list[CountedRow]) -> Counter:
    return Counter((c.row.name, c.row.output_shape, c.macs) for c in rows if (c.macs or c.used) and not c.idle)
