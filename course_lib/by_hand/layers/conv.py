"""Convolutions: weights of kernel·(Cin/groups)·Cout, and a bias for each output channel."""

import math

from course_lib.by_hand.layers.base import Count, Flag, Padding, PaddingMode, Shape, Sizes, _short
from course_lib.by_hand.layers.windowed import Windowed


class _Conv(Windowed):
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
