"""A kernel that steps over a map, and the convolutions: weights of kernel·(Cin/groups)·Cout, and a bias for each output channel."""

import math
from typing import Literal

from course_lib.by_hand.layers.base import Count, Flag, Forward, Layer, Padding, Saved, Shape, Sizes, Sizes0, Stage, _short, one_of, whole
from course_lib.by_hand.ledger import Work
from course_lib.show.tables import times
from course_lib.words import plainly, words


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1, ceil_mode: bool = False) -> int:
    """Number of positions of a kernel along one axis; less than 1 where it does not fit (PyTorch's MaxPool2d page).

    >>> output_size(32, kernel=5), output_size(28, kernel=5, stride=2), output_size(5, 2, stride=2, ceil_mode=True)
    (28, 12, 3)
    """
    sizes = {"size": (size, 1), "kernel": (kernel, 1), "stride": (stride, 1), "padding": (padding, 0), "dilation": (dilation, 1)}
    checked = [whole(f"output_size: {name}", value, least) for name, (value, least) in sizes.items()]
    return _position_count(*checked, one_of((True, False), "output_size: ceil_mode", ceil_mode))


def _position_count(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    count = (size + 2 * padding - dilation * (kernel - 1) - 1 + (stride - 1) * ceil_mode) // stride + 1
    # The last window must start inside the input or its left padding, or PyTorch leaves it out.
    return count - 1 if ceil_mode and (count - 1) * stride >= size + padding else count


class _Stepping(Layer):
    """A kernel that steps over a map, read or written."""

    dilation = (1, 1, 1)
    strides = property(lambda self: self.kernel_size if self.stride is None else self.stride)

    @property
    def detail(self) -> str:
        """Kernel, and stride, padding and dilation as far as they are not the default of a convolution."""
        arguments = [("stride", self.strides, "1"), ("padding", self.padding, "0"), ("dilation", self.dilation, "1")]
        unusual = [words(f"detail.{name}", value=_short(value)) for name, value, usual in arguments if _short(value) != usual]
        return ", ".join([times(self.kernel_size), *unusual])


class _Windowed(_Stepping):
    """A kernel that reads a map: convolutions and pools."""

    ceil_mode = False

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
        return tuple(_position_count(*axis, self.ceil_mode) for axis in self._axes(input_shape))

    def reach(self, input_shape: Shape) -> list[tuple[int, int]] | None:
        over_all = not self.params and self.kernel_size == input_shape[1:]  # a pool over the whole map keeps no position
        spans = [(kernel - 1) * dilation + 1 for kernel, dilation in zip(self.kernel_size, self.dilation, strict=False)]
        return None if over_all else list(zip(spans, self.strides, strict=True))

    def _misfit(self, input_shape: Shape) -> str | None:
        if min(self.positions(input_shape)) >= 1:
            return None
        axes = self._axes(input_shape)
        largest = [self._largest(*axis) for axis in axes]
        fits = words("layer.largest", kernel=largest[0] if len(set(largest)) == 1 else times(largest))
        if not self.params and any(2 * p > k for k, (_, _, _, p, _) in zip(largest, axes, strict=True)):  # a pool pads half its kernel
            fits = words("layer.no_kernel")
        kernel, room = (times(s) if self.dims > 1 else words("layer.length", size=s[0]) for s in (self.kernel_size, input_shape[1:]))
        dilated, padded = max(self.dilation) > 1, max(max(self.paddings())) > 0
        said = ("layer.kernel", "layer.kernel_padded", "layer.kernel_dilated", "layer.kernel_dilated_padded")[2 * dilated + padded]
        return words(said, kernel=kernel, map=room, padding=_short(self.padding), dilation=_short(self.dilation), fits=fits)

    def _largest(self, size: int, own: int, stride: int, padding: int, dilation: int) -> int:
        """The largest kernel that fits along an axis. With ceil_mode and no stride a larger kernel takes larger steps, and these round
        up: then the dilation counts once less, and without one any kernel fits, the layer's own too."""
        room = size + 2 * padding - 1
        if self.ceil_mode and self.stride is None:
            return room // (dilation - 1) + 1 if dilation > 1 else own
        return (room + (stride - 1) * self.ceil_mode) // dilation + 1

    def _output_shape(self, input_shape: Shape) -> Shape:
        return (self.kernels or input_shape[0], *self.positions(input_shape))


class _Grouped(Layer):
    """Kernels whose channels stand in groups: convolutions in both directions."""

    in_channels: Count
    out_channels: Count
    kernel_size: Sizes
    stride: Sizes = 1
    channels = property(lambda self: self.in_channels)

    @property
    def detail(self) -> str:
        groups = [words("detail.groups", value=self.groups)] * (self.groups > 1)
        no_bias = [words("detail.no_bias")] * (not self.bias)
        return ", ".join([f"{self.in_channels}→{self.out_channels}", super().detail, *groups, *no_bias])

    def _clash(self) -> str | None:
        common = math.gcd(self.in_channels, self.out_channels)
        if common % self.groups:
            fits = ", ".join(str(groups) for groups in range(1, common + 1) if common % groups == 0)
            return words("layer.groups", groups=self.groups, channels_in=self.in_channels, channels_out=self.out_channels, fits=fits)


class _Conv(_Grouped, _Windowed):
    padding: Padding = 0
    dilation: Sizes = 1
    groups: Count = 1
    bias: Flag = True
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"
    kernel = property(lambda self: (*self.kernel_size, self.in_channels // self.groups))
    kernels = property(lambda self: self.out_channels)

    def _clash(self) -> str | None:
        if self.padding == "same" and max(self.stride) > 1:
            return words("layer.same_stride", stride=_short(self.stride))
        return super()._clash()

    def _misfit(self, input_shape: Shape) -> str | None:
        spare = {"reflect": 1, "circular": 0}.get(self.padding_mode, -math.inf)
        for size, (_, padding) in zip(input_shape[1:], self.paddings(), strict=True):
            if padding > size - spare:
                return words("layer.padding_mode", mode=self.padding_mode, padding=padding, size=size, fits=size - spare)
        return super()._misfit(input_shape)

    def _padded(self, forward: Forward) -> Shape | None:
        """The input as PyTorch pads it in a step of its own; None where the kernel itself takes care of the padding."""
        (channels, *sizes), around = forward.input_shape, self.paddings()
        if self.padding_mode != "zeros":
            return (channels, *(n + a + b for n, (a, b) in zip(sizes, around, strict=True)))
        if any(a != b for a, b in around):  # 'same' with an even kernel makes both sides equal
            return (channels, *(n + b - a for n, (a, b) in zip(sizes, around, strict=True)))
        return None

    def saves(self, forward: Forward) -> list[Saved]:
        """Its input, or the padded one; where values of the input are reflected or repeated, both."""
        shape = self._padded(forward)
        if shape is None:
            return [Saved("input", forward.input_shape)]
        both = self.padding_mode in ("reflect", "replicate") and forward.before
        return [Saved("input", forward.input_shape)] * both + [Saved("padded", shape)]

    def stages(self, forward: Forward) -> list[Stage]:
        """Of a padded input the gradient is made first, and then cut; in circular padding what was repeated is added to it, piece by
        piece, through two copies."""
        shape = self._padded(forward)
        if shape is None or not forward.before:
            return super().stages(forward)
        rest = (shape, shape) if self.padding_mode == "circular" else (forward.input_shape,)
        return [Stage((shape,)), Stage((shape, *rest), own=False)]


class Conv1d(_Conv, dims=1):
    """1-d convolution: (Cin, L) → (Cout, L_out); params k·(Cin/groups)·Cout + Cout (PyTorch's Conv1d page)."""


class Conv2d(_Conv, dims=2):
    """2-d convolution: (Cin, H, W) → (Cout, H_out, W_out); params kh·kw·(Cin/groups)·Cout + Cout (its PyTorch page).

    >>> Conv2d(5, 12, 3).params, Conv2d(5, 12, 3).params_work.text
    (552, '3·3·5·12 + 12')
    >>> Conv2d(5, 12, 17).output_shape((5, 12, 12), name="conv2")
    Traceback (most recent call last):
    ValueError: conv2: a 17×17 kernel does not fit a 12×12 map; the largest that fits is 12
    """


class Conv3d(_Conv, dims=3):
    """3-d convolution: (Cin, D, H, W) → (Cout, D_out, H_out, W_out); params kd·kh·kw·(Cin/groups)·Cout + Cout (its page)."""


class _ConvTranspose(_Grouped, _Stepping):
    padding: Sizes0 = 0
    output_padding: Sizes0 = 0
    groups: Count = 1
    bias: Flag = True
    dilation: Sizes = 1
    padding_mode: Literal["zeros"] = "zeros"
    saved = ("input",)
    kernel = property(lambda self: (*self.kernel_size, self.out_channels // self.groups))
    kernels = property(lambda self: self.in_channels)

    @property
    def params_work(self) -> Work:
        """The work shown for `params`: each input channel writes through a kernel of its own; a bias for each output channel."""
        return Work([(*self.kernel_size, self.in_channels, self.out_channels // self.groups)] + [(self.out_channels,)] * self.bias)

    def macs_work(self, input_shape: Shape) -> Work:
        """Multiply-accumulates: every input value is multiplied with its kernel, at the input's positions and not the output's."""
        return Work([(*self.kernel, *input_shape)])

    def _clash(self) -> str | None:
        for extra, stride, dilation in zip(self.output_padding, self.stride, self.dilation, strict=True):
            if extra >= max(stride, dilation):
                return words("layer.output_padding", extra=extra, stride=stride, dilation=dilation)
        return super()._clash()

    def _misfit(self, input_shape: Shape) -> str | None:
        if min(self._output_shape(input_shape)) < 1:
            return words("layer.padding_leaves_nothing", padding=_short(self.padding), map=times(input_shape[1:]))

    def _output_shape(self, input_shape: Shape) -> Shape:
        axes = zip(input_shape[1:], self.kernel_size, self.stride, self.padding, self.output_padding, self.dilation, strict=True)
        return (self.out_channels, *((size - 1) * s - 2 * p + d * (k - 1) + extra + 1 for size, k, s, p, extra, d in axes))


class ConvTranspose1d(_ConvTranspose, dims=1):
    """1-d transposed convolution: (Cin, L) → (Cout, L_out); params k·Cin·(Cout/groups) + Cout (PyTorch's page)."""


class ConvTranspose2d(_ConvTranspose, dims=2):
    """2-d transposed convolution: (Cin, H, W) → (Cout, H_out, W_out); params kh·kw·Cin·(Cout/groups) + Cout (its page).

    >>> ConvTranspose2d(4, 6, 3, stride=2).macs((4, 8, 8)), ConvTranspose2d(4, 6, 3).params
    (13824, 222)
    """


class ConvTranspose3d(_ConvTranspose, dims=3):
    """3-d transposed convolution: (Cin, D, H, W) → (Cout, …); params kd·kh·kw·Cin·(Cout/groups) + Cout (its page)."""

    def saves(self, forward: Forward) -> list[Saved]:
        """Its input; not known where its output is smaller: one of the two kernels that PyTorch chooses from, by the number of threads
        among others, then gives it a storage as large as the input's."""
        if math.prod(forward.output_shape) < math.prod(forward.input_shape):
            raise plainly(ValueError(words("layer.not_known", kind=self.kind)))
        return super().saves(forward)
