"""Integer arithmetic on the sizes of layers; the standard library only, and never a tensor."""

from course_lib.by_hand.layers import LAYERS, output_size
from course_lib.by_hand.ledger import Ledger, Row, Work
from course_lib.by_hand.networks import Network, conv1d_net, one_conv, small_cnn, vgg16_32

globals().update(LAYERS)
__all__ = [*LAYERS, "Ledger", "Network", "Row", "Work", "conv1d_net", "one_conv", "output_size", "small_cnn", "vgg16_32"]
