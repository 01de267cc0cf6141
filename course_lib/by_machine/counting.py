"""count: any module's Ledger, over one walk of its forward pass: rows by hand where the layer is known and both agree, else by machine; and
what is to be said of each, and of a model though it runs."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import nn

from course_lib.by_hand.layers import whole
from course_lib.by_hand.ledger import Ledger, Row, Work
from course_lib.by_hand.networks import Network
from course_lib.by_machine.misfit import Misfit, failure_sentence
from course_lib.by_machine.modules import one_image
from course_lib.by_machine.walk.forward import Place, Walk, forward_walk, shapes
from course_lib.by_machine.walk.operations import storage, tensors
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


class CountedRow(NamedTuple):
    """A row of a walk, and what a row does not say."""

    row: Row
    module: nn.Module | None  # that did its work, where one did
    macs: int = 0  # by PyTorch
    used: tuple[nn.Parameter, ...] = ()  # the model's parameters that it read
    caveats: tuple[str, ...] = ()
    idle: str = ""  # why it did nothing: "never_used", "buffer_unused", "only_in_training", "only_in_eval"; "" where it ran

    def idling(self, why: str) -> "CountedRow":
        """The same row, idle for this reason, which is its note."""
        return self._replace(idle=why, row=self.row._replace(note=words(why)))


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
    walk = forward_walk(model, arguments, train)
    sentence = failure_sentence(walk, tuple(arguments[0][0].shape) if input_size is not None else None)
    counts = Counts(walk, rows_of(walk))
    if sentence:
        raise Misfit(sentence, counts.ledger) from walk.error
    if any(counted.idle == "never_used" for counted in counts.rows):  # an auxiliary head may run in the other mode alone
        other, why = rows_of(forward_walk(model, arguments, not train)), "only_in_eval" if train else "only_in_training"
        used = {counted.row.name for counted in other if counted.idle != "never_used"}
        rows = [c.idling(why) if c.idle == "never_used" and c.row.name in used else c for c in counts.rows]
        counts = counts._replace(rows=rows)
    return counts


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
    named = {"unregistered": walk.unregistered.values(), "hooks_not_run": walk.hooked}
    sentences += [words(key, names=", ".join(names)) for key, names in named.items() if names]
    sentences += [f"{c.row.name}: {caveat}" for c in rows for caveat in c.caveats]
    if unused := [c.row.name for c in rows if c.idle == "never_used"]:
        sentences.append(f"{', '.join(unused)}: {words('never_used')}.")
    before = input_size[0] if input_size is not None and isinstance(input_size[0], int) else None
    after = outputs[0].shape[0] if outputs and outputs[0].dim() else before
    sentences += [words("batch_changed", before=before, after=after)] * (before not in (None, after))
    sentences += [words("run_for_real")] * walk.real
    return sentences + _of_one_mode_only(rows, model, input_size, input_data)


def _of_one_mode_only(rows: list[CountedRow], model: nn.Module, input_size, input_data) -> list[str]:
    """Which rows stand in only one of the two modes, if they own or multiply something, or give another size."""
    try:
        trained = counts_of(model, input_size, input_data, train=True).rows
    except Misfit:  # a batch norm on a single value, say: nothing to be compared
        return []
    working = [[c for c in found if (c.macs or c.used) and not c.idle] for found in (trained, rows)]
    train, evaluated = (Counter((c.row.name, c.row.output_shape, c.macs) for c in found) for found in working)
    alone = {"only_train_rows": train - evaluated, "only_eval_rows": evaluated - train}
    return [words(key, names=", ".join(dict.fromkeys(name for name, *_ in found))) for key, found in alone.items() if found]


def _first_used(used: dict, path: str, tensors: list[torch.Tensor]) -> tuple[list[torch.Tensor], str]:
    """The tensors that lie where nobody used one before, and words on whose the others are; `used` has each place's first user."""
    places = [(storage(tensor), tensor.storage_offset()) for tensor in tensors]
    others = sorted({used[place] for place in places if place in used})
    new = [tensor for place, tensor in zip(places, tensors, strict=True) if place not in used]
    used.update(dict.fromkeys(places, path) | used)
    if not others:
        return new, ""
    return new, words("used_again") if others == [path] else words("shared_with", names=", ".join(others))


def rows_of(walk: Walk) -> list[CountedRow]:
    """One row for each place, a tensor counted in the first that uses it; then what nothing used."""
    owners, first_users, rows, on_map = walk.owners(), {}, [], False
    for place in walk.places:
        if _is_only_a_look(place, owners):
            continue
        on_map = _on_map(place, on_map)
        own = [*place.module.parameters(), *place.module.buffers()] if place.module is not None else []
        reads = [owners.get(where, ()) for op in place.ops for where in op.reads]
        read = [tensor for there in reads if not set(own) & set(there) for tensor in there]  # what lies behind its own is another's
        used = list(dict.fromkeys([*own, *read]))
        new, sharing = _first_used(first_users, place.path, used)
        notes, caveats = _notes_and_caveats(walk, place, on_map)
        row = _row_of(place, new)._replace(note="; ".join(filter(None, [sharing, *notes, *caveats])))
        rows.append(CountedRow(row, place.module, place.macs, _parameters_in(used), caveats))
    return rows if walk.error is not None else rows + _unused(walk, first_users)


def _is_only_a_look(place: Place, owners: dict) -> bool:
    """Whether it is a function that only looks at a parameter, such as weight.t(): that counts where it is used."""
    return bool(place.function and place.ops) and all(op.is_view and owners.keys() >= {*op.reads} for op in place.ops)


def _parameters_in(tensors: Iterable[torch.Tensor]) -> tuple[nn.Parameter, ...]:
    return tuple(tensor for tensor in tensors if isinstance(tensor, nn.Parameter))


def _unused(walk: Walk, first_users: dict) -> list[CountedRow]:
    rows = []
    for part, path in walk.names.items():
        new, _ = _first_used(first_users, path, [t for t in (*part._parameters.values(), *part._buffers.values()) if t is not None])
        if new:
            parameters = _parameters_in(new)
            row = CountedRow(_row_of(Place(path, part), new), part, 0, parameters)
            rows.append(row.idling("never_used" if parameters else "buffer_unused"))
    return rows


def _row_of(place: Place, new: list[torch.Tensor]) -> Row:
    """The row of a place that first uses these tensors: by hand, unless its output, work, parameters or buffers are not as by hand."""
    layer = place.layer
    if layer is None:
        return _row_by_machine(place, new)
    parameters, terms = list(place.module.parameters()), list(layer.params_work)
    row = Row(place.path, layer.kind, layer.detail)
    if place.inputs:
        batch, shape = one_image(layer, place.inputs[0])
        row = layer.row(place.path, shape, batch) if layer.misfit(shape) is None else row
    ran_otherwise = place.outputs and (row.output_shape, row.macs) != (one_image(layer, place.outputs[0])[1], place.macs)
    owns_otherwise = [tensor.numel() for tensor in parameters] != list(map(math.prod, terms))
    if ran_otherwise or owns_otherwise or sum(buffer.numel() for buffer in place.module.buffers()) != layer.buffers:
        return _row_by_machine(place, new)
    new_ids = set(map(id, new))
    own = [(tensor, term) for tensor, term in zip(parameters, terms, strict=True) if id(tensor) in new_ids]
    work, trained = Work(term for _, term in own), sum(tensor.numel() for tensor, _ in own if tensor.requires_grad)
    has_buffers = len(_parameters_in(new)) < len(new)
    return row._replace(params=work.value, trainable_params=trained, buffers=layer.buffers * has_buffers, work=work)


def _row_by_machine(place: Place, new: list[torch.Tensor]) -> Row:
    parameters = _parameters_in(new)
    shapes = [shape[1:] for shape in (*place.inputs[:1], *place.outputs[:1])] if place.inputs and place.outputs else [(), ()]
    return Row(
        place.name or "model", place.function or type(place.module).__name__, "", *shapes,
        params=sum(p.numel() for p in parameters), trainable_params=sum(p.numel() for p in parameters if p.requires_grad),
        buffers=sum(t.numel() for t in new if not isinstance(t, nn.Parameter)), macs=place.macs, by="machine",
        inputs=sum(map(math.prod, place.inputs)), outputs=sum(map(math.prod, place.outputs)),
    )  # fmt: skip


def _on_map(place: Place, before: bool) -> bool:
    """Whether what this place gives is a map with its channels first, as convolutions give it."""
    if place.layer is not None and place.layer.dims:
        return place.layer.dims > 1
    return before and place.function not in ("permute", "transpose", "movedim", "flatten", "view", "reshape")


def _notes_and_caveats(walk: Walk, place: Place, on_map: bool) -> tuple[list[str], tuple[str, ...]]:
    """What is to be said of a row; and what is to be said of the model, too, each once."""
    notes = {
        "fails_here": walk.error is not None and place is walk.failed,
        "not_registered": place.module in walk.unregistered,
        "hooks_left_out": place.module is not None and place.path in walk.hooked,
        "drops_in_training": place.layer is not None and place.layer.kind == "Dropout" and not place.module.training,
    }
    caveats = [words("not_counted", op=op.name) for op in place.ops if not op.priced]
    if isinstance(place.module, nn.Linear) and on_map and place.outputs and len(place.inputs[0]) > 3:
        caveats.append(words("many_places", n=math.prod(place.inputs[0][1:-1])))
    if place.function == "dropout" and not walk.model.training:
        caveats.append(words("drops_in_eval"))
    return [words(key) for key, holds in notes.items() if holds], tuple(dict.fromkeys(caveats))
