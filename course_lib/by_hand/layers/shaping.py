"""What only changes the shape, or drops values."""

import math
from typing import Literal

from course_lib.by_hand.layers.base import Axis, Flag, Forward, Fraction, Layer, Saved, Scale, Shape, Sizes, _short
from course_lib.show.tables import times
from course_lib.words import words


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


class Dropout(Layer):
    """Drops each value with probability p in training: no parameters, and the shape stays (PyTorch's Dropout page).

    >>> Dropout(0.9).params, Dropout(0.9).output_shape((512,))
    (0, (512,))
    """

    p: Fraction = 0.5
    inplace: Flag = False
    pointwise = True
    detail = property(lambda self: f"{self.p:g}")

    def saves(self, forward: Forward) -> list[Saved]:
        if not forward.training or self.p == 0:
            return []
        return [Saved("scalar", (1,), batched=False) if self.p == 1 else Saved("mask", forward.input_shape)]

    def stays(self, training: bool) -> bool:
        return self.inplace or not training or self.p == 0


class Upsample(Layer):
    """Upsampling by size or scale_factor: (C, *sizes) → (C, *larger sizes); no parameters (PyTorch's Upsample page).

    >>> Upsample(scale_factor=2).output_shape((12, 4, 4))
    (12, 8, 8)
    """

    size: Sizes | None = None
    scale_factor: Scale | None = None
    mode: Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic"] = "nearest"
    align_corners: Flag | None = None
    ranks = (2, 3)
    saved = ()
    asked = property(lambda self: self.scale_factor if self.size is None else self.size)

    @property
    def detail(self) -> str:
        size = f"×{_short(self.asked)}" if self.size is None else words("detail.to", value=_short(self.asked))
        return f"{size}, {self.mode}"

    def _clash(self) -> str | None:
        if (self.size is None) == (self.scale_factor is None):
            return words("layer.size_or_scale")
        if self.align_corners is not None and self.mode.startswith("nearest"):
            return words("layer.align_corners", mode=self.mode)

    def _misfit(self, input_shape: Shape) -> str | None:
        axes = len(input_shape) - 1
        modes = ("nearest", "nearest-exact", *(("linear",) if axes == 1 else ("bilinear", "bicubic")))
        if self.mode not in modes:
            return words("layer.mode", mode=self.mode, axes=axes, fits=", ".join(modes))
        if isinstance(self.asked, tuple) and len(self.asked) != axes:
            return words("layer.each_axis", given=self.asked, axes=axes)
        if min(self._output_shape(input_shape)) < 1:
            return words("layer.scale_leaves_nothing", scale=self.asked, map=times(input_shape[1:]))

    def _output_shape(self, input_shape: Shape) -> Shape:
        each = self.asked if isinstance(self.asked, tuple) else (self.asked,) * (len(input_shape) - 1)
        scaled = (math.floor(size * scale) for size, scale in zip(input_shape[1:], each, strict=True))
        return (input_shape[0], *(scaled if self.size is None else each))
