"""The rows of a walk: by hand where the layer is known and both agree, else by machine; and what is to be said of each."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import nn

from course_lib.by_hand.layers import Layer
from course_lib.by_hand.ledger import Row, Work
from course_lib.by_machine.modules import Layers, one_image
from course_lib.by_machine.walk.forward import Place, Walk
from course_lib.by_machine.walk.operations import storage
from course_lib.words import words


class CountedRow(NamedTuple):
    """A row of a walk, and what a row does not say.

    `module` did its work, where one did; `macs` are those by PyTorch, `used` the model's parameters that it read. `idle` says why it
    did nothing: "never_used", "buffer_unused", "only_in_training", "only_in_eval"; "" where it ran.
    """

    row: Row
    module: nn.Module | None
    macs: int = 0
    used: tuple[nn.Parameter, ...] = ()
    caveats: tuple[str, ...] = ()
    idle: str = ""

    def idling(self, why: str) -> "CountedRow":
        """The same row, idle for this reason, which is its note."""
        return self._replace(idle=why, row=self.row._replace(note=words(why)))


def _first_used(used: dict, path: str, tensors: list[torch.Tensor]) -> tuple[list[torch.Tensor], str]:
    """The tensors that lie where nobody used one before, and words on whose the others are; `used` has each place's first user."""
    places = [(storage(tensor), tensor.storage_offset()) for tensor in tensors]
    others = sorted({used[place] for place in places if place in used})
    new = [tensor for place, tensor in zip(places, tensors, strict=True) if place not in used]
    used.update(dict.fromkeys(places, path) | used)
    if not others:
        return new, ""
    return new, words("used_again") if others == [path] else words("shared_with", names=", ".join(others))


def rows_of(walk: Walk, layers: Layers) -> list[CountedRow]:
    """One row for each place, a tensor counted in the first that uses it; then what nothing used."""
    owners, first_users, rows, on_map = walk.owners(), {}, [], False
    for place in walk.places:
        if _is_only_a_look(place, owners):
            continue
        layer = layers[place.module]
        on_map = _on_map(place, layer, on_map)
        own = [*place.module.parameters(), *place.module.buffers()] if place.module is not None else []
        reads = [owners.get(where, ()) for op in place.ops for where in op.reads]
        read = [tensor for there in reads if not set(own) & set(there) for tensor in there]  # what lies behind its own is another's
        used = list(dict.fromkeys([*own, *read]))
        new, sharing = _first_used(first_users, place.path, used)
        caveats = _caveats(walk, place, on_map)
        notes = [sharing, *_notes(walk, place, layer), *caveats]
        row = _row_of(place, layer, new)._replace(note="; ".join(filter(None, notes)))
        rows.append(CountedRow(row, place.module, place.macs, _parameters_in(used), caveats))
    return rows if walk.error is not None else rows + _unused(walk, layers, first_users)


def _is_only_a_look(place: Place, owners: dict) -> bool:
    """Whether it is a function that only looks at a parameter, such as weight.t(): that counts where it is used."""
    views = all(op.is_view and all(read in owners for read in op.reads) for op in place.ops)
    return bool(place.function and place.ops) and views


def _parameters_in(tensors: Iterable[torch.Tensor]) -> tuple[nn.Parameter, ...]:
    return tuple(tensor for tensor in tensors if isinstance(tensor, nn.Parameter))


def _unused(walk: Walk, layers: Layers, first_users: dict) -> list[CountedRow]:
    rows = []
    for part, path in walk.names.items():
        new, _ = _first_used(first_users, path, [t for t in (*part._parameters.values(), *part._buffers.values()) if t is not None])
        if new:
            parameters = _parameters_in(new)
            row = CountedRow(_row_of(Place(path, part), layers[part], new), part, 0, parameters)
            rows.append(row.idling("never_used" if parameters else "buffer_unused"))
    return rows


def _row_of(place: Place, layer: Layer | None, new: list[torch.Tensor]) -> Row:
    """The row of a place that first uses these tensors: by hand, unless its output, work, parameters or buffers are not as by hand."""
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
    work = Work(term for _, term in own)
    trained = Work(term for tensor, term in own if tensor.requires_grad)
    has_buffers = len(_parameters_in(new)) < len(new)
    return row._replace(params=work.value, trainable_params=trained.value, buffers=layer.buffers * has_buffers, work=work)


def _row_by_machine(place: Place, new: list[torch.Tensor]) -> Row:
    parameters = _parameters_in(new)
    own = f"{place.path}.{place.function}" if place.function and place.path else place.path or place.function
    shapes = [shape[1:] for shape in (*place.inputs[:1], *place.outputs[:1])] if place.inputs and place.outputs else [(), ()]
    return Row(
        own or "model", place.function or type(place.module).__name__, "", *shapes,
        params=sum(p.numel() for p in parameters), trainable_params=sum(p.numel() for p in parameters if p.requires_grad),
        buffers=sum(t.numel() for t in new if not isinstance(t, nn.Parameter)), macs=place.macs, by="machine",
        inputs=sum(map(math.prod, place.inputs)), outputs=sum(map(math.prod, place.outputs)),
    )  # fmt: skip


def _on_map(place: Place, layer: Layer | None, before: bool) -> bool:
    """Whether what this place gives is a map with its channels first, as convolutions give it."""
    if layer is not None and layer.dims:
        return layer.dims > 1
    return before and place.function not in ("permute", "transpose", "movedim", "flatten", "view", "reshape")


def _notes(walk: Walk, place: Place, layer: Layer | None) -> list[str]:
    """What else is to be said of a row, which is no caveat of the model: that its forward ends here, what it is not, what it does not."""
    notes = {
        "fails_here": walk.error is not None and place is walk.failed,
        "not_registered": place.module in walk.unregistered,
        "drops_in_training": layer is not None and layer.kind == "Dropout" and not place.module.training,
    }
    return [words(key) for key, holds in notes.items() if holds]


def _caveats(walk: Walk, place: Place, on_map: bool) -> tuple[str, ...]:
    """What is to be said of a place that ran, each once."""
    caveats = [words("not_counted", op=op.name) for op in place.ops if not op.priced]
    if isinstance(place.module, nn.Linear) and on_map and place.outputs and len(place.inputs[0]) > 3:
        caveats.append(words("many_places", n=math.prod(place.inputs[0][1:-1])))
    if place.function == "dropout" and not walk.model.training:
        caveats.append(words("drops_in_eval"))
    return tuple(dict.fromkeys(caveats))
