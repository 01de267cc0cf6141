"""Normalisations: a scale and a shift for each channel or feature; BatchNorm remembers two numbers for each channel, too."""

from course_lib.by_hand.layers.base import Count, Flag, Layer, Positive, Real
from course_lib.by_hand.ledger import Work


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
