"""Layers as arithmetic on integers, with PyTorch's names, arguments and defaults: a family a file, whose public Layers are the course's."""

from course_lib.by_hand.layers.base import Layer, Shape, one_of, shape, whole
from course_lib.by_hand.layers.conv import *
from course_lib.by_hand.layers.conv import output_size
from course_lib.by_hand.layers.features import *
from course_lib.by_hand.layers.reshaping import *
from course_lib.by_hand.layers.same_shape import *

LAYERS = {name: kind for name, kind in list(globals().items()) if isinstance(kind, type) and issubclass(kind, Layer) and kind is not Layer}
__all__ = [*LAYERS, "Layer", "output_size"]  # the rest is for the library itself: from course_lib.by_hand.layers import whole
