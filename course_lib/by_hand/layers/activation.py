"""Activations: a function of each value, so that the shape stays; only PReLU has parameters."""

from typing import Literal

from course_lib.by_hand.layers.base import Count, Flag, Forward, Layer, Real, Saved, Stage
from course_lib.by_hand.ledger import Work


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
