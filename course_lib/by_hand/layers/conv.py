"""Convolutions: weights of kernel·(Cin/groups)·Cout, and a bias for each output channel."""

import math
from typing import Literal

from course_lib.by_hand.layers.base import Count, Flag, Forward, Layer, Padding, Saved, Shape, Sizes, Sizes0, Stage, _short
from course_lib.by_hand.layers.windowed import _Stepping, _Windowed
from course_lib.by_hand.ledger import Work
from course_lib.show.errors import plainly
from course_lib.show.tables import times
from course_lib.words import words


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
