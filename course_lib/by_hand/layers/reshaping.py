"""What changes the shape and has no parameters: pools, a window over each channel; Flatten."""

import math
from typing import Literal

from course_lib.by_hand.layers.base import Axis, Count, Flag, Forward, Layer, Saved, Shape, Sizes, Sizes0, Target
from course_lib.by_hand.layers.conv import _Windowed
from course_lib.show.tables import times
from course_lib.words import words


class _Pool(_Windowed):
    kernel_size: Sizes
    stride: Sizes | None = None
    padding: Sizes0 = 0
    kernel = property(lambda self: self.kernel_size)

    def _clash(self) -> str | None:
        for kernel, padding in zip(self.kernel_size, self.padding, strict=True):
            if padding > kernel // 2:
                return words("layer.pool_padding", padding=padding, kernel=kernel, fits=kernel // 2)

    def gives_view(self, output_shape: Shape) -> bool:
        return self.dims == 1  # of a map with a second axis


class _MaxPool(_Pool):
    dilation: Sizes = 1
    return_indices: Literal[False] = False  # with it PyTorch gives two tensors, and a layer here gives one
    ceil_mode: Flag = False

    def saves(self, forward: Forward) -> list[Saved]:
        return [Saved("input", forward.input_shape), Saved("indices", forward.output_shape, index=True)]


class MaxPool1d(_MaxPool, dims=1):
    """1-d max pool: (C, L) → (C, L_out), stride = kernel_size unless given; no parameters (PyTorch's MaxPool1d page)."""


class MaxPool2d(_MaxPool, dims=2):
    """2-d max pool: (C, H, W) → (C, H_out, W_out), stride = kernel_size unless given; no parameters (MaxPool2d page).

    >>> MaxPool2d(2, ceil_mode=True).output_shape((5, 25, 25)), MaxPool2d(5, stride=2).output_shape((5, 28, 28))
    ((5, 13, 13), (5, 12, 12))
    """


class AvgPool1d(_Pool, dims=1):
    """1-d average pool: (C, L) → (C, L_out), stride = kernel_size unless given; no parameters (AvgPool1d page)."""

    ceil_mode: Flag = False
    count_include_pad: Flag = True
    saved = ("input",)


class AvgPool2d(AvgPool1d, dims=2):
    """2-d average pool: (C, H, W) → (C, H_out, W_out), stride = kernel_size unless given; no parameters (its page).

    >>> AvgPool2d(3, stride=2).output_shape((12, 10, 10))
    (12, 4, 4)
    """

    divisor_override: Count | None = None


class _AdaptiveAvgPool(Layer):
    output_size: Target

    detail = property(lambda self: words("detail.to", value=times(size or words("detail.as_input") for size in self.output_size)))

    def saves(self, forward: Forward) -> list[Saved]:
        mean = set(forward.output_shape[1:]) == {1}  # whose backward needs only sizes
        return [] if mean else [Saved("input", forward.input_shape)]

    def gives_view(self, output_shape: Shape) -> bool:
        return self.dims == 1

    def window(self, input_shape: Shape) -> int:
        # Windows overlap where the sizes do not divide: this is the largest of them, which starts gcd before a border.
        axes = zip(input_shape[1:], self._output_shape(input_shape)[1:], strict=True)
        return math.prod(1 - (math.gcd(size, out) - size) // out for size, out in axes)

    def _output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *(out or size for out, size in zip(self.output_size, input_shape[1:], strict=True)))


class AdaptiveAvgPool1d(_AdaptiveAvgPool, dims=1):
    """1-d average pool to a given length: (C, L) → (C, output_size); no parameters (PyTorch's AdaptiveAvgPool1d page)."""


class AdaptiveAvgPool2d(_AdaptiveAvgPool, dims=2):
    """2-d average pool to a given size: (C, H, W) → (C, *output_size); with 1 it is the global average pool.

    >>> AdaptiveAvgPool2d(1).output_shape((12, 4, 4))
    (12, 1, 1)
    """


class MaxPool3d(_MaxPool, dims=3):
    """3-d max pool: (C, D, H, W) → (C, D_out, H_out, W_out), stride = kernel_size unless given; no parameters (its page)."""


class AvgPool3d(AvgPool2d, dims=3):
    """3-d average pool: (C, D, H, W) → (C, D_out, H_out, W_out), stride = kernel_size unless given; no parameters (its page)."""

    def _misfit(self, input_shape: Shape) -> str | None:
        if any(kernel > size for kernel, size in zip(self.kernel_size, input_shape[1:], strict=True)):  # PyTorch leaves the padding out
            return words("layer.kernel_unpadded", kernel=times(self.kernel_size), map=times(input_shape[1:]))
        return super()._misfit(input_shape)


class AdaptiveAvgPool3d(_AdaptiveAvgPool, dims=3):
    """3-d average pool to a given size: (C, D, H, W) → (C, *output_size) (PyTorch's AdaptiveAvgPool3d page)."""


class Flatten(Layer):
    """All axes from start_dim to end_dim, counted with the batch, as one; no parameters (PyTorch's Flatten page).

    >>> Flatten().output_shape((12, 4, 4))
    (192,)
    """

    start_dim: Axis = 1
    end_dim: Axis = -1
    saved = ()

    def stays(self, training: bool) -> bool:
        return True

    def _span(self, input_shape: Shape) -> tuple[int, int]:
        """First and last of the flattened axes, as indices without the batch."""
        axes = len(input_shape) + 1
        return tuple((dim + axes if dim < 0 else dim) - 1 for dim in (self.start_dim, self.end_dim))

    def _misfit(self, input_shape: Shape) -> str | None:
        first, last = self._span(input_shape)
        if not 0 <= first <= last < len(input_shape):
            return words("layer.flatten", start=self.start_dim, end=self.end_dim, axes=len(input_shape))

    def _output_shape(self, input_shape: Shape) -> Shape:
        first, last = self._span(input_shape)
        return (*input_shape[:first], math.prod(input_shape[first : last + 1]), *input_shape[last + 1 :])
