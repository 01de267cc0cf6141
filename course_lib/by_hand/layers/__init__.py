"""Layers as arithmetic on integers, with PyTorch's names, arguments and defaults, and without PyTorch: one family a file."""

from course_lib.by_hand.layers.activation import ELU, GELU, Hardswish, Identity, LeakyReLU, ReLU, ReLU6, Sigmoid, SiLU, Tanh
from course_lib.by_hand.layers.attention import Embedding, MultiheadAttention
from course_lib.by_hand.layers.base import Layer, Shape, one_of, shape, whole
from course_lib.by_hand.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from course_lib.by_hand.layers.linear import LazyLinear, Linear
from course_lib.by_hand.layers.norm import BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, LayerNorm, RMSNorm
from course_lib.by_hand.layers.pool import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from course_lib.by_hand.layers.recurrent import GRU, LSTM, RNN
from course_lib.by_hand.layers.shaping import Dropout, Flatten, Upsample
from course_lib.by_hand.layers.windowed import output_size

LAYERS = {name: kind for name, kind in list(globals().items()) if isinstance(kind, type) and issubclass(kind, Layer) and kind is not Layer}
__all__ = [*LAYERS, "Layer", "output_size"]  # the rest is for the library itself: from course_lib.by_hand.layers import whole
