"""What keeps the shape: activations, a function of each value; Dropout; normalisations, a scale and a shift for each channel or feature."""

import math
from typing import Literal

from course_lib.by_hand.layers.base import Count, Flag, Forward, Fraction, Layer, Positive, Real, Saved, Shape, Sizes, Stage
from course_lib.by_hand.ledger import Work
from course_lib.show.tables import times
from course_lib.words import words


class _Activation(Layer):
    """A function of each value by itself, whose backward needs its input."""

    pointwise = True
    saved = ("input",)


class ReLU(_Activation):
    """max(x, 0) (PyTorch's ReLU page)."""

    inplace: Flag = False
    saved = ("output",)


class _Overwriting(_Activation):
    """What needs a copy of its input for backward where it overwrites it."""

    inplace: Flag = False

    def saves(self, forward: Forward) -> list[Saved]:
        if self.inplace:
            return [Saved("copy", forward.input_shape)] * forward.before
        return super().saves(forward)


class ReLU6(_Overwriting):
    """min(max(x, 0), 6) (its PyTorch page)."""


class LeakyReLU(_Activation):
    """x, or negative_slope·x below 0 (its PyTorch page)."""

    negative_slope: Real = 0.01
    inplace: Flag = False


class ELU(_Activation):
    """x, or alpha·(exp(x) − 1) below 0 (its PyTorch page)."""

    alpha: Real = 1.0
    inplace: Flag = False


class PReLU(_Activation):
    """x, or weight·x below 0, with one learned weight, or one for each channel: num_parameters of them (PyTorch's PReLU page).

    >>> PReLU().params, PReLU(12).params, PReLU(12).output_shape((12, 10, 10))
    (1, 12, (12, 10, 10))
    """

    num_parameters: Count = 1
    init: Real = 0.25
    channels = property(lambda self: self.num_parameters if self.num_parameters > 1 else None)
    detail = property(lambda self: str(self.num_parameters))
    params_work = property(lambda self: Work([(self.num_parameters,)]))

    def stages(self, forward: Forward) -> list[Stage]:
        """Its kernel gives two gradients of the input's size, for the input and for the weights; the second is then added up to the
        weights' own. The first is let go before that where nobody wants it."""
        shape = forward.input_shape
        if forward.before:
            return [Stage((shape, shape))]
        return [Stage((shape, shape), own=False), Stage((shape,))]


class GELU(_Activation):
    """x·Φ(x), Φ the normal distribution's (its PyTorch page)."""

    approximate: Literal["none", "tanh"] = "none"


class SiLU(_Overwriting):
    """x·sigmoid(x) (its PyTorch page)."""


class Hardswish(_Overwriting):
    """x·min(max(x + 3, 0), 6)/6 (its PyTorch page)."""


class Sigmoid(_Activation):
    """1/(1 + exp(−x)) (its PyTorch page)."""

    saved = ("output",)


class Tanh(_Activation):
    """The hyperbolic tangent of x (its PyTorch page)."""

    saved = ("output",)


class Identity(_Activation):
    """x itself (its PyTorch page)."""

    saved = ()

    def stays(self, training: bool) -> bool:
        return True


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


class _BatchNorm(Layer):
    num_features: Count
    eps: Positive = 1e-5
    momentum: Real | None = 0.1
    affine: Flag = True
    track_running_stats: Flag = True
    bias: Flag = True
    pointwise = True  # once the means are taken
    channels = property(lambda self: self.num_features)
    detail = property(lambda self: str(self.num_features))
    params_work = property(lambda self: Work([(self.num_features,)] * (1 + self.bias) * self.affine))
    buffers = property(lambda self: (2 * self.num_features + 1) * self.track_running_stats)

    def of_batch(self, training: bool) -> bool:
        """Whether it takes mean and spread of the batch, and not those that it remembers."""
        return training or not self.track_running_stats

    def values_per_mean(self, input_shape: Shape, training: bool) -> int | None:
        return math.prod(input_shape[1:]) if self.of_batch(training) else None

    def saves(self, forward: Forward) -> list[Saved]:
        own = [Saved("vectors", (2, self.num_features), batched=False)]  # mean and spread of the batch
        return [Saved("input", forward.input_shape)] + own * self.of_batch(forward.training)


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (C,) or (C, L): 2·C parameters, and 2·C + 1 buffer values (PyTorch's BatchNorm1d page)."""

    ranks = (1, 2)


class BatchNorm2d(_BatchNorm, dims=2):
    """Batch normalisation of (C, H, W): 2·C parameters, and 2·C + 1 buffer values (PyTorch's BatchNorm2d page).

    >>> BatchNorm2d(12).params, BatchNorm2d(12).buffers
    (24, 25)
    """


class BatchNorm3d(_BatchNorm, dims=3):
    """Batch normalisation of (C, D, H, W): 2·C parameters, and 2·C + 1 buffer values (PyTorch's BatchNorm3d page)."""


class GroupNorm(Layer):
    """Normalisation of (C, …) in groups of channels: 2·C parameters, nothing remembered (PyTorch's GroupNorm page).

    >>> GroupNorm(4, 12).params
    24
    """

    num_groups: Count
    num_channels: Count
    eps: Positive = 1e-5
    affine: Flag = True
    bias: Flag = True
    wants_dense = True
    channels = property(lambda self: self.num_channels)
    detail = property(lambda self: f"{self.num_channels}, {words('detail.groups', value=self.num_groups)}")
    params_work = property(lambda self: Work([(self.num_channels,)] * (1 + self.bias) * self.affine))

    def saves(self, forward: Forward) -> list[Saved]:
        return [Saved("input", forward.input_shape), Saved("vectors", (2, self.num_groups))]  # mean and spread of each group

    def values_per_mean(self, input_shape: Shape, training: bool) -> int | None:
        return math.prod(input_shape) // self.num_groups

    def _clash(self) -> str | None:
        if self.num_channels % self.num_groups:
            fits = ", ".join(str(n) for n in range(1, self.num_channels + 1) if self.num_channels % n == 0)
            return words("layer.num_groups", groups=self.num_groups, channels=self.num_channels, fits=fits)


class RMSNorm(Layer):
    """Division by the root mean square over the last axes, those of normalized_shape: one parameter for each of their values.

    >>> RMSNorm(64).params, RMSNorm((12, 4)).params
    (64, 48)
    """

    normalized_shape: Sizes
    eps: Positive | None = None
    elementwise_affine: Flag = True
    over = property(lambda self: self.normalized_shape if isinstance(self.normalized_shape, tuple) else (self.normalized_shape,))
    detail = property(lambda self: times(self.over))
    params_work = property(lambda self: Work([self.over] * (1 + self.bias) * self.elementwise_affine))

    def _misfit(self, input_shape: Shape) -> str | None:
        if input_shape[-len(self.over) :] != self.over:
            return words("layer.normalised", expected=times(self.over), given=times(input_shape[-len(self.over) :]))


class LayerNorm(RMSNorm):
    """Normalisation over the last axes, those of normalized_shape: a scale and a shift for each of their values (its page).

    >>> LayerNorm(64).params, LayerNorm(64, bias=False).params
    (128, 64)
    """

    eps: Positive = 1e-5
    bias: Flag = True

    def saves(self, forward: Forward) -> list[Saved]:
        others = forward.input_shape[: -len(self.over)]
        return [Saved("input", forward.input_shape), Saved("vectors", (2, *others))]  # mean and spread of what is normalised as one
