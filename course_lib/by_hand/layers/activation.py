"""Activations: a function of each value; no parameters, and the shape stays."""

from course_lib.by_hand.layers.base import Approximate, Flag, Forward, Layer, Real, Saved


class ReLU(Layer):
    """max(x, 0) (PyTorch's ReLU page)."""

    inplace: Flag = False
    saved = ("output",)


class _Overwriting(Layer):
    """What needs its input for backward, and so a copy where it overwrites it."""

    inplace: Flag = False
    saved = ("input",)

    def saves(self, forward: Forward) -> list[Saved]:
        if self.inplace:
            return [Saved("copy", forward.input_shape)] * forward.before
        return super().saves(forward)


class ReLU6(_Overwriting):
    """min(max(x, 0), 6) (its PyTorch page)."""


class LeakyReLU(Layer):
    """x, or negative_slope·x below 0 (its PyTorch page)."""

    negative_slope: Real = 0.01
    inplace: Flag = False
    saved = ("input",)


class ELU(Layer):
    """x, or alpha·(exp(x) − 1) below 0 (its PyTorch page)."""

    alpha: Real = 1.0
    inplace: Flag = False
    saved = ("input",)


class GELU(Layer):
    """x·Φ(x), Φ the normal distribution's (its PyTorch page)."""

    approximate: Approximate = "none"
    saved = ("input",)


class SiLU(_Overwriting):
    """x·sigmoid(x) (its PyTorch page)."""


class Hardswish(_Overwriting):
    """x·min(max(x + 3, 0), 6)/6 (its PyTorch page)."""


class Sigmoid(Layer):
    """1/(1 + exp(−x)) (its PyTorch page)."""

    saved = ("output",)


class Tanh(Layer):
    """The hyperbolic tangent of x (its PyTorch page)."""

    saved = ("output",)


class Identity(Layer):
    """x itself (its PyTorch page)."""

    saved = ()

    def stays(self, training: bool) -> bool:
        return True
