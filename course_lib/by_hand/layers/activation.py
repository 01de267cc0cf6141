"""Activations: a function of each value; no parameters, and the shape stays."""

from course_lib.by_hand.layers.base import Approximate, Flag, Layer, Real


class ReLU(Layer):
    """max(x, 0) (PyTorch's ReLU page)."""

    inplace: Flag = False


class ReLU6(Layer):
    """min(max(x, 0), 6) (its PyTorch page)."""

    inplace: Flag = False


class LeakyReLU(Layer):
    """x, or negative_slope·x below 0 (its PyTorch page)."""

    negative_slope: Real = 0.01
    inplace: Flag = False


class ELU(Layer):
    """x, or alpha·(exp(x) − 1) below 0 (its PyTorch page)."""

    alpha: Real = 1.0
    inplace: Flag = False


class GELU(Layer):
    """x·Φ(x), Φ the normal distribution's (its PyTorch page)."""

    approximate: Approximate = "none"


class SiLU(Layer):
    """x·sigmoid(x) (its PyTorch page)."""

    inplace: Flag = False


class Hardswish(Layer):
    """x·min(max(x + 3, 0), 6)/6 (its PyTorch page)."""

    inplace: Flag = False


class Sigmoid(Layer):
    """1/(1 + exp(−x)) (its PyTorch page)."""


class Tanh(Layer):
    """The hyperbolic tangent of x (its PyTorch page)."""


class Identity(Layer):
    """x itself (its PyTorch page)."""
