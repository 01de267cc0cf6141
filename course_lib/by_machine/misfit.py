"""A forward pass that fails: what met what, what would fit, and the line to write."""

import math
from dataclasses import replace

import torch
from torch import nn

from course_lib.by_hand.layers import Layer
from course_lib.by_hand.ledger import Ledger, Work
from course_lib.by_machine.modules import one_image
from course_lib.by_machine.walk.forward import Place, Walk
from course_lib.by_machine.walk.structure import random_states_kept
from course_lib.show.tables import times
from course_lib.words import words


class Misfit(ValueError):
    """A forward pass that failed: a sentence, and the rows so far with the failing one marked. Its cause is PyTorch's own error."""

    def __init__(self, sentence: str, ledger: Ledger) -> None:
        super().__init__(sentence)
        self.ledger = ledger

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback; `raise error.__cause__` shows that."""
        return [*repr(self.ledger).splitlines(), "", str(self)]


def failure_sentence(walk: Walk, input_size) -> str:
    """What went wrong, where, and what would fit; nothing where all went well. PyTorch is asked first: what it runs is no misfit."""
    for number, place in enumerate(walk.places):
        if place.layer is None or not place.inputs or type(place.module).forward is not getattr(nn, place.layer.kind).forward:
            continue
        shape, dims = place.inputs[0], place.layer.dims
        if dims and shape == input_size and len(shape) == dims + 1:
            return words("model.no_batch", name=place.path, shape=shape, fits=(1, *shape))
        problem = place.layer.misfit(one_image(place.layer, shape)[1])
        if problem and (place is walk.failed or not _runs(place.layer, shape)):
            before, walk.places, walk.failed = walk.places[:number], walk.places[: number + 1], place
            walk.error = walk.error or ValueError(problem)
            return "; ".join([f"{place.path}: {problem}", *_advice(place.layer, place, before)])
    return _error_sentence(walk) if walk.error is not None else ""


def _runs(layer: Layer, shape: tuple[int, ...]) -> bool:
    """Whether PyTorch's own module takes an input of this shape."""
    try:
        with torch.no_grad(), random_states_kept():
            getattr(nn, layer.kind)(**vars(layer))(torch.zeros(shape))
    except Exception:
        return False
    return True


def _error_sentence(walk: Walk) -> str:
    """PyTorch's own error with its place; in our words, where an operator cannot put two maps together."""
    error, failed = walk.error, walk.failed or Place("")
    where = f"{failed.path}: " if failed.path else ""
    if "'indices'" in str(error):
        return where + words("wants_integers")
    if failed.function and len(failed.inputs) == 2 and isinstance(error, RuntimeError) and _clash(*failed.inputs):
        return where + _two_branches(failed, [place for place in walk.places if place is not failed])
    return f"{where or failed.function or 'forward'}{'' if where else ': '}{type(error).__name__}: {error}"


def _clash(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether these sizes cannot be put together, counted from the last."""
    return any(1 != a != b != 1 for a, b in zip(one[::-1], other[::-1], strict=False))


def _two_branches(failed: Place, before: list[Place]) -> str:
    """Which two places gave what an operator cannot put together: the last that gave a tensor of such a shape."""
    names = {place.outputs[0]: place.path or place.function for place in before if place.outputs}
    one, other = (names.get(shape, words("input")) for shape in failed.inputs)
    a, b = (times(shape[1:]) for shape in failed.inputs)
    return words("branches", sign=failed.function, one=one, other=other, a=a, b=b)


def _advice(layer: Layer, failed: Place, before: list[Place]) -> list[str]:
    shape = failed.inputs[0][1:]
    if not shape:  # the batch has gone into one row with its values
        return [words("keep_batch")] * (before[-1:] != [] and before[-1].function in ("flatten", "reshape", "view"))
    if layer.dims and len(shape) != layer.dims + 1:
        return []
    for name, size in (("in_features", shape[-1]), ("in_channels", shape[0]), ("num_features", shape[0])):
        if getattr(layer, name, size) == size:
            continue
        if name == "in_features" and len(shape) > 2:  # of a map
            fits = layer.in_features in (math.prod(shape), shape[0])
            flat = replace(layer, in_features=math.prod(shape))
            return [words("forgot_flatten")] + [words("then_write", layer=flat)] * (not fits)
        try:
            mended = replace(layer, **{name: size})
        except ValueError:  # groups that do not divide it
            continue
        if not _runs(mended, failed.inputs[0]):
            continue
        flat = next((p.inputs[0][1:] for p in reversed(before) if p.outputs[:1] == failed.inputs[:1] and len(p.inputs[0]) > 2), ())
        work = f"{Work([flat]).text} = {size:,}: " if math.prod(flat) == size > 1 else ""
        return [f"{work}{words('write', layer=mended)}"]
    return []
