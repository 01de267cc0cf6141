"""The rows of a walk: by hand where the layer is known and both agree, else by machine; and what is to be said of each."""

import math
from typing import NamedTuple

import torch
from torch import nn

from course_lib.by_hand.layers import Layer
from course_lib.by_hand.ledger import Row, Work
from course_lib.by_machine.modules import Layers, one_image
from course_lib.by_machine.operations import storage
from course_lib.by_machine.walk import Place, Walk
from course_lib.words import words


class Counted(NamedTuple):
    """A row, the module that did its work, where one did, its MACs by PyTorch, the model's parameters that it used, and what is
    amiss with it though nothing failed."""

    row: Row
    module: nn.Module | None
    macs: int = 0
    used: tuple[nn.Parameter, ...] = ()
    amiss: tuple[str, ...] = ()


class _FirstUse:
    """Which tensors nobody used before, by where they lie: each is counted in the first row that uses it."""

    def __init__(self) -> None:
        self.owner = {}

    def of(self, path: str, tensors: list[torch.Tensor]) -> tuple[list[torch.Tensor], str]:
        """Those that are new, and words on whose the others are."""
        places = [(storage(tensor), tensor.storage_offset()) for tensor in tensors]
        others = sorted({self.owner[place] for place in places if place in self.owner})
        new = [tensor for place, tensor in zip(places, tensors, strict=True) if place not in self.owner]
        for place in places:
            self.owner.setdefault(place, path)
        if not others:
            return new, ""
        return new, words("used_again") if others == [path] else words("shared_with", names=", ".join(others))


def rows_of(heard: Walk, layers: Layers) -> list[Counted]:
    """One row for each place, a tensor counted in the first that uses it; then what nothing used."""
    lying, first_use, rows, on_map = heard.owners(), _FirstUse(), [], False
    for place in heard.places:
        if place.function and place.ops and all(op.is_view and all(read in lying for read in op.reads) for op in place.ops):
            continue  # another look at a parameter, such as weight.t(): it counts where it is used
        layer, module = layers[place.module], place.module
        on_map = _on_map(place, layer, on_map)
        mine = [*module.parameters(), *module.buffers()] if module is not None else []
        read = [tensor for op in place.ops for where in op.reads for tensor in lying.get(where, ())]
        used = list({id(tensor): tensor for tensor in (*mine, *read)}.values())
        new, note = first_use.of(place.path, used)
        amiss = _amiss(heard, place, on_map)
        quiet = words("drops_in_training") if layer is not None and layer.kind == "Dropout" and not module.training else ""
        failed = [words("fails_here")] * (heard.error is not None and place is heard.failed)
        row = _row(place, layer, new)._replace(note="; ".join(filter(None, [note, *failed, *amiss, quiet])))
        rows.append(Counted(row, module, place.macs, tuple(t for t in used if isinstance(t, nn.Parameter)), amiss))
    return rows if heard.error is not None else rows + _unused(heard, layers, first_use)


def _unused(heard: Walk, layers: Layers, first_use: _FirstUse) -> list[Counted]:
    """A row for each module that owns what nothing used."""
    rows = []
    for part, path in heard.names.items():
        new, _ = first_use.of(path, [t for t in (*part._parameters.values(), *part._buffers.values()) if t is not None])
        if new:
            params = tuple(t for t in new if isinstance(t, nn.Parameter))
            row = _row(Place(path, part), layers[part], new)._replace(note=words("never_used" if params else "buffer_unused"))
            rows.append(Counted(row, part, 0, params))
    return rows


def _row(place: Place, layer: Layer | None, new: list[torch.Tensor]) -> Row:
    """The row of a place that first uses these tensors: by hand where the layer is known, its output and its work are as by hand, else
    by machine."""
    if layer is not None:
        own, terms = list(place.module.parameters()), list(layer.params_work)
        row = Row(place.path, layer.kind, layer.detail)
        if place.inputs:
            batch, shape = one_image(layer, place.inputs[0])
            row = layer.row(place.path, shape, batch) if layer.misfit(shape) is None else row
        as_by_hand = not place.outputs or (row.output_shape == one_image(layer, place.outputs[0])[1] and row.macs == place.macs)
        as_by_hand = as_by_hand and sum(buffer.numel() for buffer in place.module.buffers()) == layer.buffers
        if [tensor.numel() for tensor in own] == list(map(math.prod, terms)) and as_by_hand:
            mine = [(tensor, term) for tensor, term in zip(own, terms, strict=True) if any(tensor is other for other in new)]
            work, trained = Work(term for _, term in mine), Work(term for tensor, term in mine if tensor.requires_grad)
            buffers = layer.buffers if any(not isinstance(tensor, nn.Parameter) for tensor in new) else 0
            return row._replace(params=work.value, trainable_params=trained.value, buffers=buffers, work=work)
    params = [tensor for tensor in new if isinstance(tensor, nn.Parameter)]
    name = f"{place.path}.{place.function}" if place.function and place.path else place.path or place.function
    sizes = [shape[1:] for shape in (*place.inputs[:1], *place.outputs[:1])] if place.inputs and place.outputs else [(), ()]
    return Row(
        name or "model", place.function or type(place.module).__name__, "", *sizes,
        params=sum(p.numel() for p in params), trainable_params=sum(p.numel() for p in params if p.requires_grad),
        buffers=sum(t.numel() for t in new if not isinstance(t, nn.Parameter)), macs=place.macs, by="machine",
        inputs=sum(map(math.prod, place.inputs)), outputs=sum(map(math.prod, place.outputs)),
    )  # fmt: skip


def _on_map(place: Place, layer: Layer | None, before: bool) -> bool:
    """Whether what this place gives is a map with its channels first, as convolutions give it."""
    if layer is not None and layer.dims:
        return layer.dims > 1
    return before and place.function not in ("permute", "transpose", "movedim", "flatten", "view", "reshape")


def _amiss(heard: Walk, place: Place, on_map: bool) -> tuple[str, ...]:
    """What is to be said of a place that ran."""
    said = [words("not_counted", op=op.name) for op in place.ops if not op.priced]
    if place.module in heard.unregistered:
        said.append(words("not_registered"))
    if isinstance(place.module, nn.Linear) and on_map and place.outputs and len(place.inputs[0]) > 3:
        said.append(words("many_places", n=math.prod(place.inputs[0][1:-1])))
    if place.function == "dropout" and not heard.model.training:
        said.append(words("drops_in_eval"))
    return tuple(dict.fromkeys(said))
