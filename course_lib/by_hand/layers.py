# ruff: noqa: F821 (an argument's annotation is the name of its rule in RULES)
"""Layers as arithmetic on integers, with PyTorch's names, arguments and defaults, and without PyTorch.

Shapes here are without the batch: (channels, height, width) for the 2-d layers, (channels, length) for the 1-d ones.
A wrong type raises TypeError and a wrong value ValueError, where the value comes in; both say what would work.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Collection
from dataclasses import MISSING, dataclass, fields
from functools import partial
from typing import dataclass_transform

from course_lib.by_hand.ledger import Row, Work

Shape = tuple[int, ...]


def times(sizes: Shape) -> str:
    """Sizes as people write them: (5, 12, 12) is 5×12×12."""
    return "×".join(map(str, sizes))


def output_size(size: int, kernel: int, stride=1, padding=0, dilation=1, ceil_mode=False) -> int:
    """Number of positions of a kernel along one axis; less than 1 where it does not fit (PyTorch's MaxPool2d page).

    >>> output_size(32, kernel=5), output_size(28, kernel=5, stride=2), output_size(5, 2, stride=2, ceil_mode=True)
    (28, 12, 3)
    """
    count = (size + 2 * padding - dilation * (kernel - 1) - 1 + (stride - 1) * ceil_mode) // stride + 1
    # The last window must start inside the input or its left padding, or PyTorch leaves it out.
    return count - 1 if ceil_mode and (count - 1) * stride >= size + padding else count


def whole(what: str, value, least: float = 1) -> int:
    """The value as an int of at least `least`, or an error that begins with `what`.

    >>> whole("conv2: kernel_size", 0)
    Traceback (most recent call last):
    ValueError: conv2: kernel_size must be at least 1, not 0
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{what} must be a whole number, not {value!r}")
    if operator.index(value) < least:
        raise ValueError(f"{what} must be at least {least}, not {value}")
    return operator.index(value)


def shape(what: str, value) -> Shape:
    """A shape without the batch, checked: a tuple of whole numbers, each at least 1."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{what} must be a tuple such as (3, 32, 32), not {value!r}")
    if not value:
        raise ValueError(f"{what} must have a size, such as (3, 32, 32), not {value!r}")
    return tuple(whole(what, size) for size in value)


def _real(what: str, value, dims=None, above: float = -math.inf, several: bool = False):
    if several and isinstance(value, tuple):
        return tuple(_real(what, part, above=above) for part in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{what} must be a number, not {value!r}")
    if not above < value < math.inf:
        raise ValueError(f"{what} must be a finite number{' above 0' if above == 0 else ''}, not {value}")
    return value


def _sizes(what: str, value, dims: int | None, least: int = 1, open_axes: bool = False) -> Shape | int:
    """One number or one for each axis, as one for each; as they are where the number of axes is not known yet."""
    if not isinstance(value, (tuple, list)):
        return (whole(what, value, least),) * dims if dims else whole(what, value, least)
    if dims and len(value) != dims:
        raise ValueError(f"{what} takes one number or {dims}, not {len(value)}: {value!r}")
    return tuple(None if size is None and open_axes else whole(what, size, least) for size in value)


def one_of(choices: Collection, what: str, value, dims: int | None = None):
    """The value, which is one of the choices, or an error that names them."""
    typed = type(value) in map(type, choices)
    if not typed or value not in choices:
        raise (ValueError if typed else TypeError)(f"{what} must be {' or '.join(map(repr, choices))}, not {value!r}")
    return value


# What an argument's annotation asks of its value; `| None` behind it lets None pass.
RULES = {
    "Count": lambda what, value, dims: whole(what, value),
    "Axis": lambda what, value, dims: whole(what, value, -math.inf),
    "Sizes": _sizes,
    "Sizes0": partial(_sizes, least=0),
    "Target": lambda what, value, dims: _sizes(what, value, dims, open_axes=dims > 1),
    "Padding": lambda *asked: one_of(("same", "valid"), *asked) if isinstance(asked[1], str) else RULES["Sizes0"](*asked),
    "PaddingMode": partial(one_of, ("zeros", "reflect", "replicate", "circular")),
    "Real": _real,
    "Positive": partial(_real, above=0),
    "Scale": partial(_real, above=0, several=True),
    "Mode": partial(one_of, ("nearest", "nearest-exact", "linear", "bilinear", "bicubic")),
    "Approximate": partial(one_of, ("none", "tanh")),
    "Flag": partial(one_of, (True, False)),
    "Off": partial(one_of, (False,)),
}
AXES = {1: "(features,)", 2: "(channels, length)", 3: "(channels, height, width)"}  # an input's, by its rank


def _short(value) -> str:
    """repr, with (3, 3) as 3."""
    return repr(value[0] if isinstance(value, tuple) and len(set(value)) == 1 and value[0] is not None else value)


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
    buffers = 0  # stored values that are not parameters
    kind = property(lambda self: type(self).__name__)

    def __init_subclass__(cls, dims: int | None = None) -> None:
        if dims:
            cls.dims, cls.ranks = dims, (dims + 1,)
        dataclass(frozen=True, repr=False)(cls)

    def __post_init__(self) -> None:
        for field in fields(self):
            value, (rule, _, optional) = getattr(self, field.name), field.type.partition(" | ")
            if not (optional and value is None):
                object.__setattr__(self, field.name, RULES[rule](f"{self.kind}: {field.name}", value, self.dims))
        if problem := self._clash():
            raise ValueError(f"{self.kind}: {problem}")

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

    def resolve(self, input_shape: Shape) -> Layer:
        """The layer with the sizes it takes from its input filled in: itself, except for LazyLinear."""
        return self

    def misfit(self, input_shape: Shape) -> str | None:
        """Why this layer cannot take this input, and what would fit; None where it can. Sliders ask this too."""
        if self.ranks and len(input_shape) not in self.ranks:
            axes = " or ".join(AXES[rank] for rank in self.ranks)
            return f"takes {axes} without the batch, not {len(input_shape)} sizes: {input_shape}"
        if self.channels not in (None, input_shape[0]):
            return f"expects {self.channels} channels, but its input has {input_shape[0]}"
        return self._misfit(input_shape)

    def output_shape(self, input_shape: Shape, name: str | None = None) -> Shape:
        """Shape of the output, without the batch; ValueError, under the layer's name, where the input does not fit.

        >>> Conv2d(5, 12, 3).output_shape((5, 12, 12))
        (12, 10, 10)
        """
        name = name or self.kind
        input_shape = shape(f"{name}: input_shape", input_shape)
        if problem := self.misfit(input_shape):
            raise ValueError(f"{name}: {problem}")
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
        return Row(
            name=name, kind=self.kind, detail=self.detail, input_shape=tuple(input_shape), output_shape=output,
            params=work.value, trainable_params=work.value * trainable, buffers=self.buffers,
            macs=batch_size * self.macs_work(input_shape).value, biased=self.bias and self.kernels > 0,
            inputs=batch_size * math.prod(input_shape), outputs=batch_size * math.prod(output),
            window=self.window(input_shape), work=work,
        )  # fmt: skip

    def _clash(self) -> str | None:
        """Which arguments contradict each other."""

    def _misfit(self, input_shape: Shape) -> str | None:
        """As misfit, for an input with the right axes and channels."""

    def _output_shape(self, input_shape: Shape) -> Shape:
        return input_shape


class _Windowed(Layer):
    """A kernel that steps over a map: convolutions and pools."""

    dilation = (1, 1)
    ceil_mode = False
    strides = property(lambda self: self.kernel_size if self.stride is None else self.stride)

    @property
    def detail(self) -> str:
        """Kernel, and stride, padding and dilation as far as they are not the default of a convolution."""
        said = [("stride", self.strides, "1"), ("padding", self.padding, "0"), ("dilation", self.dilation, "1")]
        return ", ".join([times(self.kernel_size)] + [f"{n} {_short(v)}" for n, v, usual in said if _short(v) != usual])

    def paddings(self) -> list[tuple[int, int]]:
        """Padding before and after each axis; 'same' with an even kernel puts the odd one after."""
        if self.padding == "same":
            totals = [d * (k - 1) for k, d in zip(self.kernel_size, self.dilation, strict=True)]
            return [(total // 2, total - total // 2) for total in totals]
        return [(p, p) for p in ((0,) * self.dims if self.padding == "valid" else self.padding)]

    def _axes(self, input_shape: Shape) -> list[tuple[int, int, int, int, int]]:
        """What `output_size` asks, for each axis."""
        before = [padding for padding, _ in self.paddings()]
        return list(zip(input_shape[1:], self.kernel_size, self.strides, before, self.dilation, strict=False))

    def positions(self, input_shape: Shape) -> Shape:
        """How many positions the kernel takes along each axis."""
        if self.padding == "same":
            return input_shape[1:]
        return tuple(output_size(*axis, self.ceil_mode) for axis in self._axes(input_shape))

    def _misfit(self, input_shape: Shape) -> str | None:
        if min(self.positions(input_shape)) >= 1:
            return None
        free = self.ceil_mode and self.stride is None  # then a larger kernel takes larger steps, and these round up
        axes, up = self._axes(input_shape), self.ceil_mode and not free
        largest = [(size + 2 * p - 1 + (s - 1) * up) // max(1, d - free) + 1 for size, _, s, p, d in axes]
        fits = f"the largest that fits is {largest[0] if len(set(largest)) == 1 else times(largest)}"
        if isinstance(self, _Pool) and any(2 * p > k for k, (_, _, _, p, _) in zip(largest, axes, strict=True)):
            fits = "with this padding none does"
        a = "a " if self.dims > 1 else "a length-"
        padded = f" padded by {_short(self.padding)}" if max(max(self.paddings())) else ""
        dilated = f", dilated by {_short(self.dilation)}," if max(self.dilation) > 1 else ""
        return f"{a}{times(self.kernel_size)} kernel{dilated} does not fit {a}{times(input_shape[1:])} map{padded}; {fits}"

    def _output_shape(self, input_shape: Shape) -> Shape:
        return (self.kernels or input_shape[0], *self.positions(input_shape))


class _Conv(_Windowed):
    in_channels: Count
    out_channels: Count
    kernel_size: Sizes
    stride: Sizes = 1
    padding: Padding = 0
    dilation: Sizes = 1
    groups: Count = 1
    bias: Flag = True
    padding_mode: PaddingMode = "zeros"
    channels = property(lambda self: self.in_channels)
    kernel = property(lambda self: (*self.kernel_size, self.in_channels // self.groups))
    kernels = property(lambda self: self.out_channels)

    @property
    def detail(self) -> str:
        groups = f", groups {self.groups}" if self.groups > 1 else ""
        return f"{self.in_channels}→{self.out_channels}, {super().detail}{groups}{'' if self.bias else ', no bias'}"

    def _clash(self) -> str | None:
        common = math.gcd(self.in_channels, self.out_channels)
        if common % self.groups:
            fits = ", ".join(str(groups) for groups in range(1, common + 1) if common % groups == 0)
            both = f"in_channels={self.in_channels} and out_channels={self.out_channels}"
            return f"groups={self.groups} does not divide both {both}; {fits} would"
        if self.padding == "same" and max(self.stride) > 1:
            return f"padding='same' needs stride 1, not {_short(self.stride)}"

    def _misfit(self, input_shape: Shape) -> str | None:
        spare = {"reflect": 1, "circular": 0}.get(self.padding_mode, -math.inf)
        for size, (_, padding) in zip(input_shape[1:], self.paddings(), strict=True):
            if padding > size - spare:
                return f"{self.padding_mode} padding {padding} does not fit a size of {size}, but {size - spare} would"
        return super()._misfit(input_shape)


class Conv1d(_Conv, dims=1):
    """1-d convolution: (Cin, L) → (Cout, L_out); params k·(Cin/groups)·Cout + Cout (PyTorch's Conv1d page).

    >>> Conv1d(16, 32, 3, padding=1).params, Conv1d(16, 32, 3, padding=1).output_shape((16, 50))
    (1568, (32, 50))
    """


class Conv2d(_Conv, dims=2):
    """2-d convolution: (Cin, H, W) → (Cout, H_out, W_out); params kh·kw·(Cin/groups)·Cout + Cout (its PyTorch page).

    >>> Conv2d(5, 12, 3).params, Conv2d(5, 12, 3).params_work.text
    (552, '3·3·5·12 + 12')
    >>> Conv2d(5, 12, 17).output_shape((5, 12, 12), name="conv2")
    Traceback (most recent call last):
    ValueError: conv2: a 17×17 kernel does not fit a 12×12 map; the largest that fits is 12
    """


class _Pool(_Windowed):
    kernel_size: Sizes
    stride: Sizes | None = None
    padding: Sizes0 = 0
    kernel = property(lambda self: self.kernel_size)

    def _clash(self) -> str | None:
        for kernel, padding in zip(self.kernel_size, self.padding, strict=True):
            if padding > kernel // 2:
                return f"padding {padding} is more than half of the kernel size {kernel}; {kernel // 2} is the most"


class _MaxPool(_Pool):
    dilation: Sizes = 1
    return_indices: Off = False  # with it PyTorch gives two tensors, and a layer here gives one
    ceil_mode: Flag = False


class MaxPool1d(_MaxPool, dims=1):
    """1-d max pool: (C, L) → (C, L_out), stride = kernel_size unless given; no parameters (PyTorch's MaxPool1d page).

    >>> MaxPool1d(2).output_shape((16, 101)), MaxPool1d(2, ceil_mode=True).output_shape((16, 101))
    ((16, 50), (16, 51))
    """


class MaxPool2d(_MaxPool, dims=2):
    """2-d max pool: (C, H, W) → (C, H_out, W_out), stride = kernel_size unless given; no parameters (MaxPool2d page).

    >>> MaxPool2d(5, stride=2).output_shape((5, 28, 28))
    (5, 12, 12)
    """


class AvgPool1d(_Pool, dims=1):
    """1-d average pool: (C, L) → (C, L_out), stride = kernel_size unless given; no parameters (AvgPool1d page).

    >>> AvgPool1d(4).output_shape((16, 100))
    (16, 25)
    """

    ceil_mode: Flag = False
    count_include_pad: Flag = True


class AvgPool2d(AvgPool1d, dims=2):
    """2-d average pool: (C, H, W) → (C, H_out, W_out), stride = kernel_size unless given; no parameters (its page).

    >>> AvgPool2d(3, stride=2).output_shape((12, 10, 10))
    (12, 4, 4)
    """

    divisor_override: Count | None = None


class _AdaptiveAvgPool(Layer):
    output_size: Target
    detail = property(lambda self: "to " + times("input" if size is None else size for size in self.output_size))

    def window(self, input_shape: Shape) -> int:
        # Windows overlap where the sizes do not divide: this is the largest of them.
        axes = zip(input_shape[1:], self._output_shape(input_shape)[1:], strict=True)
        return math.prod(max(-(-(i + 1) * size // out) - i * size // out for i in range(out)) for size, out in axes)

    def _output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *(out or size for out, size in zip(self.output_size, input_shape[1:], strict=True)))


class AdaptiveAvgPool1d(_AdaptiveAvgPool, dims=1):
    """1-d average pool to a given length: (C, L) → (C, output_size); no parameters (PyTorch's AdaptiveAvgPool1d page).

    >>> AdaptiveAvgPool1d(1).output_shape((32, 25))
    (32, 1)
    """


class AdaptiveAvgPool2d(_AdaptiveAvgPool, dims=2):
    """2-d average pool to a given size: (C, H, W) → (C, *output_size); with 1 it is the global average pool.

    >>> AdaptiveAvgPool2d(1).output_shape((12, 4, 4))
    (12, 1, 1)
    """


class Upsample(Layer):
    """Upsampling by size or scale_factor: (C, *sizes) → (C, *larger sizes); no parameters (PyTorch's Upsample page).

    >>> Upsample(scale_factor=2).output_shape((12, 4, 4))
    (12, 8, 8)
    """

    size: Sizes | None = None
    scale_factor: Scale | None = None
    mode: Mode = "nearest"
    align_corners: Flag | None = None
    ranks = (2, 3)
    asked = property(lambda self: self.scale_factor if self.size is None else self.size)
    detail = property(lambda self: f"{'×' if self.size is None else 'to '}{_short(self.asked)}, {self.mode}")

    def _clash(self) -> str | None:
        if (self.size is None) == (self.scale_factor is None):
            return "give size or scale_factor, one of the two"
        if self.align_corners is not None and self.mode.startswith("nearest"):
            return f"align_corners goes with linear, bilinear or bicubic, not with {self.mode!r}"

    def _misfit(self, input_shape: Shape) -> str | None:
        axes = len(input_shape) - 1
        modes = ("nearest", "nearest-exact", *(("linear",) if axes == 1 else ("bilinear", "bicubic")))
        if self.mode not in modes:
            return f"mode {self.mode!r} does not go with {axes} axes; {', '.join(modes)} do"
        if isinstance(self.asked, tuple) and len(self.asked) != axes:
            return f"{self.asked} must have one number for each of the {axes} axes"
        if min(self._output_shape(input_shape)) < 1:
            return f"scale_factor {self.asked} leaves nothing of {times(input_shape[1:])}"

    def _output_shape(self, input_shape: Shape) -> Shape:
        each = self.asked if isinstance(self.asked, tuple) else (self.asked,) * (len(input_shape) - 1)
        scaled = (math.floor(size * scale) for size, scale in zip(input_shape[1:], each, strict=True))
        return (input_shape[0], *(scaled if self.size is None else each))


class Linear(Layer):
    """Fully connected layer: (…, in_features) → (…, out_features); params in·out + out (PyTorch's Linear page).

    >>> Linear(192, 128).params, Linear(192, 128).params_work.text, Linear(192, 128).macs((192,))
    (24704, '192·128 + 128', 24576)
    """

    in_features: Count
    out_features: Count
    bias: Flag = True
    kernel = property(lambda self: (self.in_features,))
    kernels = property(lambda self: self.out_features)
    detail = property(lambda self: f"{self.in_features}→{self.out_features}{'' if self.bias else ', no bias'}")

    def _misfit(self, input_shape: Shape) -> str | None:
        if input_shape[-1] != self.in_features:
            return f"expects {self.in_features} features, but its input has {times(input_shape)}"

    def _output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.out_features)


class LazyLinear(Layer):
    """A Linear whose in_features follow its input, as PyTorch's LazyLinear; a Network turns it into that Linear.

    >>> LazyLinear(128).resolve((192,))
    Linear(192, 128)
    """

    out_features: Count
    bias: Flag = True

    def resolve(self, input_shape: Shape) -> Layer:
        return Linear(input_shape[-1], self.out_features, self.bias)

    def _misfit(self, input_shape: Shape) -> str | None:
        return "LazyLinear has no sizes yet; put it into a Network, or use resolve(input_shape)"


class _BatchNorm(Layer):
    num_features: Count
    eps: Positive = 1e-5
    momentum: Real | None = 0.1
    affine: Flag = True
    track_running_stats: Flag = True
    bias: Flag = True
    channels = property(lambda self: self.num_features)
    detail = property(lambda self: str(self.num_features))
    params_work = property(lambda self: Work([(self.num_features,)] * (1 + self.bias) * self.affine))
    buffers = property(lambda self: (2 * self.num_features + 1) * self.track_running_stats)


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (C,) or (C, L): 2·C parameters, and 2·C + 1 buffer values (PyTorch's BatchNorm1d page).

    >>> BatchNorm1d(128).params, BatchNorm1d(128).buffers
    (256, 257)
    """

    ranks = (1, 2)


class BatchNorm2d(_BatchNorm, dims=2):
    """Batch normalisation of (C, H, W): 2·C parameters, and 2·C + 1 buffer values (PyTorch's BatchNorm2d page).

    >>> BatchNorm2d(12).params, BatchNorm2d(12).buffers
    (24, 25)
    """


class Flatten(Layer):
    """All axes from start_dim to end_dim, counted with the batch, as one; no parameters (PyTorch's Flatten page).

    >>> Flatten().output_shape((12, 4, 4))
    (192,)
    """

    start_dim: Axis = 1
    end_dim: Axis = -1

    def _span(self, input_shape: Shape) -> tuple[int, int]:
        """First and last of the flattened axes, as indices without the batch."""
        axes = len(input_shape) + 1
        return tuple((dim + axes if dim < 0 else dim) - 1 for dim in (self.start_dim, self.end_dim))

    def _misfit(self, input_shape: Shape) -> str | None:
        first, last = self._span(input_shape)
        if not 0 <= first <= last < len(input_shape):
            axes = f"axes 1 to {len(input_shape)} (0 is the batch), the last not before the first"
            return f"start_dim={self.start_dim}, end_dim={self.end_dim} do not fit; flatten {axes}"

    def _output_shape(self, input_shape: Shape) -> Shape:
        first, last = self._span(input_shape)
        return (*input_shape[:first], math.prod(input_shape[first : last + 1]), *input_shape[last + 1 :])


class Dropout(Layer):
    """Drops each value with probability p in training: no parameters, and the shape stays (PyTorch's Dropout page).

    >>> Dropout(0.9).params, Dropout(0.9).output_shape((512,))
    (0, (512,))
    """

    p: Real = 0.5
    inplace: Flag = False
    detail = property(lambda self: f"{self.p:g}")

    def _clash(self) -> str | None:
        if not 0 <= self.p <= 1:
            return f"p must be between 0 and 1, not {self.p}"


def _activation(name: str, formula: str, **defaults) -> type[Layer]:
    doc = f"{formula}: no parameters, and the shape stays (PyTorch's {name} page)."
    rules = {argument: {"inplace": "Flag", "approximate": "Approximate"}.get(argument, "Real") for argument in defaults}
    return type(name, (Layer,), {"__doc__": doc, "__module__": __name__, "__annotations__": rules, **defaults})


ReLU = _activation("ReLU", "max(x, 0)", inplace=False)
ReLU6 = _activation("ReLU6", "min(max(x, 0), 6)", inplace=False)
LeakyReLU = _activation("LeakyReLU", "x, or slope·x below 0", negative_slope=0.01, inplace=False)
ELU = _activation("ELU", "x, or alpha·(exp(x) − 1) below 0", alpha=1.0, inplace=False)
GELU = _activation("GELU", "x·Φ(x), Φ the normal distribution's", approximate="none")
SiLU = _activation("SiLU", "x·sigmoid(x)", inplace=False)
Hardswish = _activation("Hardswish", "x·min(max(x + 3, 0), 6)/6", inplace=False)
Sigmoid = _activation("Sigmoid", "1/(1 + exp(−x))")
Tanh = _activation("Tanh", "the hyperbolic tangent of x")
Identity = _activation("Identity", "x itself")

LAYERS = {
    name: kind
    for name, kind in list(globals().items())
    if isinstance(kind, type) and issubclass(kind, Layer) and kind is not Layer and not name.startswith("_")
}
