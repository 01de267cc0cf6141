"""What every layer is: arguments that check themselves, and what it answers.

Shapes are without the batch: (channels, height, width) for the 2-d layers, (channels, length) for the 1-d ones. A wrong type
raises TypeError and a wrong value ValueError, where the value comes in; both say what would work.
"""

import math
import operator
from collections.abc import Callable, Collection
from dataclasses import MISSING, dataclass, fields
from functools import cache, partial
from typing import Annotated, Literal, NamedTuple, dataclass_transform, get_args, get_origin, get_type_hints

from course_lib.by_hand.ledger import Row, Work
from course_lib.words import plainly, words

Shape = tuple[int, ...]


def whole(what: str, value, least: float = 1) -> int:
    """The value as an int of at least `least`, or an error that begins with `what`."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise plainly(TypeError(words("argument.whole", what=what, value=value)))
    if number < least:
        raise plainly(ValueError(words("argument.least", what=what, least=least, value=value)))
    return number


def shape(what: str, value) -> Shape:
    """A shape without the batch, checked: a tuple of whole numbers, each at least 1."""
    if not isinstance(value, (tuple, list)):
        raise plainly(TypeError(words("argument.shape", what=what, value=value)))
    if not value:
        raise plainly(ValueError(words("argument.no_shape", what=what, value=value)))
    return tuple(whole(what, size) for size in value)


RANGES = {
    "argument.finite": lambda value: -math.inf < value < math.inf,
    "argument.above_0": lambda value: 0 < value < math.inf,
    "argument.fraction": lambda value: 0 <= value <= 1,
}


def _real(what: str, value, dims: int | None, within: str = "argument.finite"):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise plainly(TypeError(words("argument.number", what=what, value=value)))
    if not RANGES[within](value):
        raise plainly(ValueError(words(within, what=what, value=value)))
    return value


def _sizes(what: str, value, dims: int | None, least: int = 1, open_axes: bool = False) -> Shape | int:
    """One number or one for each axis, as one for each; as they are where the number of axes is not known yet."""
    if not isinstance(value, (tuple, list)):
        return (whole(what, value, least),) * dims if dims else whole(what, value, least)
    if not dims:
        return shape(what, value)
    if len(value) != dims:
        raise plainly(ValueError(words("argument.each_axis", what=what, axes=dims, given=len(value), value=value)))
    return tuple(None if size is None and open_axes else whole(what, size, least) for size in value)


def one_of(choices: Collection, what: str, value, dims: int | None = None):
    """The value, which is one of the choices, or an error that names them."""
    typed = type(value) in map(type, choices)
    if not typed or value not in choices:
        known = words("argument.or").join(map(repr, choices))
        raise plainly((ValueError if typed else TypeError)(words("argument.one_of", what=what, choices=known, value=value)))
    return value


def _padding(what: str, value, dims: int | None):
    return one_of(("same", "valid"), what, value) if isinstance(value, str) else _sizes(what, value, dims, least=0)


# What an argument's type asks of its value; a Literal asks for one of its choices, and other types, as in a layer of your own, nothing.
Count = Annotated[int, lambda what, value, dims: whole(what, value)]
Count0 = Annotated[int, lambda what, value, dims: whole(what, value, 0)]
Axis = Annotated[int, lambda what, value, dims: whole(what, value, -math.inf)]
Sizes = Annotated[int | Shape, _sizes]
Sizes0 = Annotated[int | Shape, partial(_sizes, least=0)]
Target = Annotated[int | Shape, lambda what, value, dims: _sizes(what, value, dims, open_axes=dims > 1)]
Padding = Annotated[int | Shape | str, _padding]
Real = Annotated[float, _real]
Positive = Annotated[float, partial(_real, within="argument.above_0")]
Fraction = Annotated[float, partial(_real, within="argument.fraction")]
Flag = Literal[True, False]


@cache
def _checks(kind: type) -> list[tuple[str, Callable | None, bool]]:
    """Each field of a layer with the check of its type, and whether None passes."""
    checks = []
    for name, hint in get_type_hints(kind, include_extras=True).items():
        optional = type(None) in get_args(hint)
        asks = get_args(hint)[0] if optional else hint
        choices = partial(one_of, get_args(asks)) if get_origin(asks) is Literal else None
        checks.append((name, getattr(asks, "__metadata__", [choices])[0], optional))
    return checks


def _short(value) -> str:
    """repr, with (3, 3) as 3."""
    return repr(value[0] if isinstance(value, tuple) and len(set(value)) == 1 and value[0] is not None else value)


class Saved(NamedTuple):
    """A tensor that a backward needs: the layer's input, its output, or by another word one of its own; shape without the batch."""

    what: str
    shape: Shape
    batched: bool = True
    index: bool = False  # int64, whatever the dtype


class Stage(NamedTuple):
    """One stage of a layer's backward."""

    makes: tuple[Shape, ...]  # the tensors that live in it beside the gradient that arrives, without the batch
    own: bool = True  # whether it makes the gradients of the layer's own parameters


class Forward(NamedTuple):
    """One forward pass through a layer, shapes without the batch: what decides which tensors it saves for backward."""

    input_shape: Shape
    output_shape: Shape
    training: bool = True
    trained: bool = True  # whether its own parameters want gradients
    before: bool = True  # whether a layer in front of it wants them


@dataclass_transform(frozen_default=True)
class Layer:
    """What every layer answers: whether it fits an input, its output's shape, its parameters, its MACs, its work."""

    dims = None  # how many axes follow the channels
    ranks = ()  # how many sizes an input may have; (): any number
    channels = None  # how many channels it expects; None: any number
    detail = ""  # what a table says behind the kind: '5→12, 3×3'
    kernel = ()  # the sizes of what one output value looks at
    kernels = 0  # how many kernels have weights
    bias = False
    chains = True  # takes one tensor and gives one, so that it can stand in a row of layers
    buffers = 0  # stored values that are not parameters
    pointwise = False  # whether a value of its output depends on the input's value at the same place alone
    wants_dense = False  # whether its backward first writes out a gradient that is one number for all values
    saved = None  # which of "input" and "output" backward needs; None where that is not known, or `saves` says it
    kind = property(lambda self: type(self).__name__)

    def __init_subclass__(cls, dims: int | None = None) -> None:
        if dims:
            cls.dims, cls.ranks = dims, (dims + 1,)
        dataclass(frozen=True, repr=False)(cls)

    def __post_init__(self) -> None:
        for name, check, optional in _checks(type(self)):
            value = getattr(self, name)
            if check and not (optional and value is None):
                object.__setattr__(self, name, check(f"{self.kind}: {name}", value, self.dims))
        if problem := self._clash():
            raise plainly(ValueError(f"{self.kind}: {problem}"))

    def __repr__(self) -> str:
        said = [(f, (_short if self.dims else repr)(getattr(self, f.name))) for f in fields(self)]
        required = [text for f, text in said if f.default is MISSING]
        unusual = [f"{f.name}={text}" for f, text in said if f.default is not MISSING and text != repr(f.default)]
        return f"{self.kind}({', '.join(required + unusual)})"

    @property
    def params_work(self) -> Work:
        """The work shown for `params`: the kernels' weights, and one bias for each kernel."""
        return Work([(*self.kernel, self.kernels)] + [(self.kernels,)] * self.bias) if self.kernels else Work()

    params = property(lambda self: self.params_work.value, doc="Number of parameters: the value of `params_work`.")

    def resolve(self, input_shape: Shape) -> "Layer":
        """The layer with the sizes it takes from its input filled in: itself, except for LazyLinear."""
        return self

    def misfit(self, input_shape: Shape) -> str | None:
        """Why this layer cannot take this input, and what would fit; None where it can. Sliders ask this too."""
        if self.ranks and len(input_shape) not in self.ranks:
            axes = words("argument.or").join(words(f"axes.{rank}") for rank in self.ranks)
            return words("layer.axes", axes=axes, given=len(input_shape), shape=input_shape)
        if self.channels not in (None, input_shape[0]):
            return words("layer.channels", expected=self.channels, given=input_shape[0])
        return self._misfit(input_shape)

    def output_shape(self, input_shape: Shape, name: str | None = None) -> Shape:
        """Shape of the output, without the batch; ValueError, under the layer's name, where the input does not fit.

        >>> Conv2d(5, 12, 3).output_shape((5, 12, 12))
        (12, 10, 10)
        """
        name = name or self.kind
        input_shape = shape(f"{name}: input_shape", input_shape)
        if problem := self.misfit(input_shape):
            raise plainly(ValueError(f"{name}: {problem}"))
        return self._output_shape(input_shape)

    def window(self, input_shape: Shape) -> int:
        """How many input values one output value looks at."""
        return math.prod(self.kernel)

    def macs_work(self, input_shape: Shape) -> Work:
        """Multiply-accumulates for one input: window times outputs; none without weights (that is a tool's rule)."""
        return Work([(*self.kernel, *self._output_shape(input_shape))] if self.kernels else [])

    def macs(self, input_shape: Shape) -> int:
        """Multiply-accumulates (MACs) for one input of this shape.

        >>> Conv2d(5, 12, 3).macs((5, 12, 12))
        54000
        """
        return self.row(self.kind, input_shape).macs

    def row(self, name: str, input_shape: Shape, batch_size: int = 1, trainable: bool = True) -> Row:
        """The layer's facts on this input, as a row of a ledger."""
        output, work = self.output_shape(input_shape, name), self.params_work
        input_shape, batch_size = tuple(map(operator.index, input_shape)), operator.index(batch_size)  # numpy's would overflow
        return Row(
            name=name, kind=self.kind, detail=self.detail, input_shape=input_shape, output_shape=output,
            params=work.value, trainable_params=work.value * trainable, buffers=self.buffers,
            macs=batch_size * self.macs_work(input_shape).value, biased=self.bias and self.kernels > 0,
            inputs=batch_size * math.prod(input_shape), outputs=batch_size * math.prod(output),
            window=self.window(input_shape), work=work, same_padding=getattr(self, "padding", None) == "same",
        )  # fmt: skip

    @property
    def parameter_shapes(self) -> list[Shape]:
        """The shapes of the parameters of a layer that stands in a row, as PyTorch has them: Conv2d(5, 12, 3)'s (12, 5, 3, 3) and (12,)."""
        *sizes, features = self.kernel or (0,)
        return [(self.kernels, features, *sizes), *self.params_work[1:]] if self.kernels else list(self.params_work)

    def saves(self, forward: Forward) -> list[Saved]:
        """The tensors that its backward needs (CPU, torch 2.13.0); ValueError where that is not known."""
        if self.saved is None:
            raise plainly(ValueError(words("layer.not_known", kind=self.kind)))
        return [Saved(what, getattr(forward, f"{what}_shape")) for what in self.saved]

    def stages(self, forward: Forward) -> list[Stage]:
        """What its backward makes, one stage after the other (CPU, torch 2.13.0): the gradient of its input, unless it makes more."""
        return [Stage((forward.input_shape,) * forward.before)]

    def reach(self, input_shape: Shape) -> list[tuple[int, int]] | None:
        """Of each axis, how many input values one output value looks at, and how far on the next does; None where positions are lost."""
        return [(1, 1)] * len(input_shape[1:]) if self.pointwise else None

    def stays(self, training: bool) -> bool:
        """Whether the output lies where the input lies: a view of it, or written over it."""
        return getattr(self, "inplace", False)

    def values_per_mean(self, input_shape: Shape, training: bool) -> int | None:
        """How many values of one image go into a mean that it takes; None where it takes none. PyTorch refuses a mean of one value."""

    def gives_view(self, output_shape: Shape) -> bool:
        """Whether the output is a view of what the layer made."""
        return False

    def _clash(self) -> str | None:
        """Which arguments contradict each other."""

    def _misfit(self, input_shape: Shape) -> str | None:
        """As misfit, for an input with the right axes and channels."""

    def _output_shape(self, input_shape: Shape) -> Shape:
        return input_shape
