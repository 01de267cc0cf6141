"""Integer arithmetic on the sizes of layers; the standard library only, and never a tensor."""

from course_lib.by_hand import layers
from course_lib.by_hand.layers import *  # noqa: F403
from course_lib.by_hand.ledger import Ledger, Row, Work
from course_lib.by_hand.networks import Network, conv1d_net, one_conv, small_cnn, vgg16_32

__all__ = [*layers.__all__, "Ledger", "Network", "Row", "Work", "conv1d_net", "one_conv", "small_cnn", "vgg16_32"]
