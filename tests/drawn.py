"""Any layer there is, drawn from its own fields: what a field may be is whatever its type takes, so that a new layer is drawn at once."""

import dataclasses
import random
from collections.abc import Iterator
from functools import cache, partial
from itertools import product

from course_lib.by_hand.layers import LAYERS, Layer
from course_lib.by_hand.layers.base import _checks

NUMBERS = [0, 1, 1, 2, 2, 3, 4, 5, -1, 0.1, 0.5, 1.0, 1.5, 2.0, 2.5, 1e-5, True, False]
ATTEMPTS = 12  # at a layer that fits an input


def texts(check) -> Iterator[str]:
    """The texts that a field's check knows: the choices of `one_of`, or those that stand in the check's own code."""
    if isinstance(check, partial) and check.args:
        known = check.args[0]
    else:
        constants = getattr(getattr(check, "__code__", None), "co_consts", ())
        known = [part for constant in constants if isinstance(constant, tuple) for part in constant]
    return (text for text in known if isinstance(text, str))


def accepts(check, value, dims: int | None) -> bool:
    try:
        check("drawn", value, dims)
    except (TypeError, ValueError):
        return False
    return True


@cache
def values(kind: str, shape: tuple[int, ...]) -> dict[str, list]:
    """For each field of a layer the values that its type takes, for an input of this shape: its sizes are there most often."""
    layer, found = LAYERS[kind], {}
    sizes = [size for size in (shape[0], shape[-1], 1, 2, 3) for _ in range(3)]
    several = [*product((1, 2, 3), repeat=len(shape) - 1), shape, shape[1:], shape[-2:], shape[-1:]]
    for name, check, optional in _checks(layer):
        pool = [*sizes, *NUMBERS, *several, *([None] * optional), *(texts(check) if check else ())]
        found[name] = [value for value in pool if (optional and value is None) or not check or accepts(check, value, layer.dims)]
    return found


def shapes(kind: str, rng: random.Random) -> tuple[int, ...]:
    """An input of as many axes as the layer takes."""
    rank = rng.choice(LAYERS[kind].ranks or (1, 2, 3))
    largest = 7 if rank > 3 else rng.choice((4, 12))  # three dimensions take their time
    return tuple(rng.randint(1, largest) for _ in range(rank))


def arguments(kind: str, shape: tuple[int, ...], rng: random.Random) -> dict:
    """A value for each field; most of those that have a usual one keep it."""
    usual = {field.name: field.default for field in dataclasses.fields(LAYERS[kind])}
    of_types = values(kind, shape)
    return {
        name: default if default is not dataclasses.MISSING and rng.random() < 0.6 else rng.choice(of_types[name])
        for name, default in usual.items()
    }


def fitting(kind: str, shape: tuple[int, ...], rng: random.Random) -> Layer | None:
    """A layer of this kind that takes this input; None where none was found."""
    for _ in range(ATTEMPTS):
        try:
            layer = LAYERS[kind](**arguments(kind, shape, rng))
        except ValueError:  # arguments that contradict each other
            continue
        if layer.misfit(shape) is None:
            return layer
    return None


def layer_and_input(kind: str, seed: int) -> tuple[Layer, tuple[int, ...]]:
    """A layer of this kind with an input that it takes."""
    rng = random.Random(f"{kind} {seed}")
    while True:
        shape = shapes(kind, rng)
        if layer := fitting(kind, shape, rng):
            return layer, shape


def usual(kind: str, shape: tuple[int, ...]) -> Layer | None:
    """A layer of this kind that takes this input, as usual but for the arguments that it must have; None where none was found.

    None of these is 1, with which many layers do nothing. Where the required ones alone will not do, one that may be None is drawn, too.
    """
    rng, of_types = random.Random(kind), values(kind, shape)
    defaults = {field.name: field.default for field in dataclasses.fields(LAYERS[kind])}
    needed = [name for name, default in defaults.items() if default is dataclasses.MISSING]
    may_be_none = [name for name, default in defaults.items() if default is None]
    for attempt in range(2_000):
        drawn = [*needed, rng.choice(may_be_none)] if may_be_none and attempt >= 200 else needed
        choices = {name: [value for value in of_types[name] if value is not None and value != 1] for name in drawn}
        try:
            layer = LAYERS[kind](**{name: rng.choice(found or of_types[name]) for name, found in choices.items()})
        except (TypeError, ValueError):
            continue
        if layer.misfit(shape) is None:
            return layer
    return None
