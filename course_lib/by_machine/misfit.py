"""A forward pass that fails: what met what, what would fit, and the line to write."""

import math
from dataclasses import replace

from torch import nn

from course_lib.by_hand.layers import Layer
from course_lib.by_hand.ledger import Ledger, Work
from course_lib.by_machine.modules import one_image
from course_lib.by_machine.walk.forward import Place, Walk
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


def refuse_misfit(place: Place, input_size) -> None:
    """Raise our error, with the layer's name and what would fit, before PyTorch's."""
    layer = place.layer
    if layer is None or not place.inputs or type(place.module).forward is not getattr(nn, layer.kind).forward:
        return
    shape = place.inputs[0]
    if layer.dims and len(shape) == layer.dims + 1 and shape == input_size:
        raise ValueError(words("model.no_batch", name=place.path, shape=shape, fits=(1, *shape)))
    if problem := layer.misfit(one_image(layer, shape)[1]):
        raise ValueError(f"{place.path}: {problem}")


def failure_sentence(walk: Walk) -> str:
    """What went wrong, where, and what would fit."""
    error, failed = walk.error, walk.failed or Place("")
    where = f"{failed.path}: " if failed.path else ""
    before = [place for place in walk.places if place is not failed]
    if failed.module is not None and isinstance(error, ValueError) and str(error).startswith(where):
        return "; ".join([str(error), *_advice(failed.layer, failed, before)])
    if "'indices'" in str(error):
        return where + words("wants_integers")
    if failed.function and len(failed.inputs) == 2 and isinstance(error, RuntimeError):
        return where + _two_branches(failed, before)
    return f"{where or failed.function or 'forward'}{'' if where else ': '}{type(error).__name__}: {error}"


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
        if name == "in_features" and len(shape) > 2 and layer.in_features in (math.prod(shape), shape[0]):  # of a map
            return [words("forgot_flatten")]
        try:
            mended = replace(layer, **{name: size})
        except ValueError:  # groups that do not divide it
            continue
        flat = next((p.inputs[0][1:] for p in reversed(before) if p.outputs[:1] == failed.inputs[:1] and len(p.inputs[0]) > 2), ())
        work = f"{Work([flat]).text} = {size:,}: " if math.prod(flat) == size > 1 else ""
        return [f"{work}{words('write', layer=mended)}"]
    return []
