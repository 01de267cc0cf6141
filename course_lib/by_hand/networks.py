"""Network: named layers in order; and the articles' networks as functions of the sizes that sliders change."""

from __future__ import annotations

from course_lib.by_hand import layers as nn  # by hand, and spelled as with PyTorch
from course_lib.by_hand.layers import Layer, Shape, one_of, shape, whole
from course_lib.by_hand.ledger import Ledger
from course_lib.words import plainly, words


class Network:
    """Named layers, one after the other, on an input_shape without the batch; every layer must fit, or ValueError.

    A LazyLinear follows the map before it, a Linear keeps its sizes. A Network does not change: `replace` and `frozen` give a new one.

    >>> network = Network((3, 5, 5), conv=Conv2d(3, 7, 3), flatten=Flatten(), fc=LazyLinear(10))
    >>> network["fc"], network.ledger().params
    (Linear(63, 10), 836)
    """

    def __init__(self, input_shape: Shape, /, *unnamed, **layers: Layer) -> None:
        self.input_shape = shape("Network: input_shape", input_shape)
        self._given, self.layers, self.input_shapes, self.frozen_names = layers, {}, {}, frozenset()
        if unnamed or not layers:
            raise plainly((TypeError if unnamed else ValueError)(words("network.unnamed")))
        current = self.input_shape
        for name, layer in layers.items():
            if not isinstance(layer, Layer):
                whose = "network.of_pytorch" if hasattr(layer, "forward") else "network.no_layer_of_ours"
                raise plainly(TypeError(words(whose, name=name, layer=layer)))
            if not layer.chains:
                raise plainly(ValueError(words("network.no_row", name=name, kind=layer.kind)))
            if not name or "." in name:
                raise plainly(ValueError(words("network.name", name=name)))
            self.input_shapes[name], self.layers[name] = current, layer.resolve(current)
            current = self.layers[name].output_shape(current, name)

    def __getitem__(self, name: str) -> Layer:
        return self.layers[self._known(name)]

    def __repr__(self) -> str:
        lines = [f"  {name}={layer!r}," for name, layer in self.layers.items()]
        return "\n".join([f"Network({self.input_shape},", *lines, ")"])

    def _known(self, name: str) -> str:
        if name not in self.layers:
            raise KeyError(words("network.no_layer", name=name, names=", ".join(self.layers)))
        return name

    def ledger(self, batch_size: int = 1) -> Ledger:
        """One row a layer; batch_size multiplies operations and values, never parameters.

        >>> one_conv().ledger().macs, one_conv().ledger(batch_size=16).macs, one_conv().ledger(batch_size=16).params
        (1701, 27216, 196)
        """
        batch_size, trained = whole("ledger: batch_size", batch_size), self.layers.keys() - self.frozen_names
        return Ledger(layer.row(name, self.input_shapes[name], batch_size, name in trained) for name, layer in self.layers.items())

    def receptive_field(self) -> Shape:
        """How much of the input one value of the last map looks at, along each axis, padding counted; up to where positions are lost.

        Each kernel adds (kernel − 1) · dilation cells of the map in front of it, which are as wide as all strides before it make.

        >>> small_cnn().receptive_field(), vgg16_32().receptive_field()
        ((17, 17), (196, 196))
        """
        sides = steps = (1,) * (len(self.input_shape) - 1)
        for name, layer in self.layers.items():
            reach = layer.reach(self.input_shapes[name])
            if reach is None:
                break
            sides = tuple(side + (span - 1) * step for side, step, (span, _) in zip(sides, steps, reach, strict=True))
            steps = tuple(step * stride for step, (_, stride) in zip(steps, reach, strict=True))
        return sides

    def replace(self, **layers: Layer) -> Network:
        """The same network with other layers under the names it has; a LazyLinear behind them follows.

        >>> small_cnn().replace(conv2=Conv2d(5, 12, 5)).ledger().params
        17134
        """
        given = {**self._given, **{self._known(name): layer for name, layer in layers.items()}}
        return Network(self.input_shape, **given).frozen(*self.frozen_names)

    def fixed(self) -> Network:
        """The same network with every LazyLinear as the Linear it has become, which follows no longer.

        >>> small_cnn().fixed().replace(conv2=Conv2d(5, 12, 5))
        Traceback (most recent call last):
        ValueError: fc1: expects 192 features, but its input has 108
        """
        return Network(self.input_shape, **self.layers).frozen(*self.frozen_names)

    def frozen(self, *names: str) -> Network:
        """The same network with these layers not trainable.

        >>> small_cnn().frozen("conv1").ledger().trainable_params
        26546
        """
        network = Network(self.input_shape, **self._given)
        network.frozen_names = self.frozen_names | {self._known(name) for name in names}
        return network


def _check_sizes(network: str, sizes: dict) -> None:
    """An error with the size's name, before a layer has to say it under a name of its own."""
    for name, value in sizes.items():
        if name in ("batch_norm", "global_pool"):
            one_of((True, False), f"{network}: {name}", value)
        else:
            whole(f"{network}: {name}", value)


def one_conv() -> Network:
    """The one layer of article A3: Conv2d 3→7 with a 3×3 kernel on a 5×5 map.

    >>> one_conv().ledger().params
    196
    """
    return Network((3, 5, 5), conv=nn.Conv2d(3, 7, 3))


def small_cnn(
    conv1_kernel: int = 5, conv1_channels: int = 5, pool1_kernel: int = 5,
    conv2_kernel: int = 3, conv2_channels: int = 12, pool2_kernel: int = 3,
    hidden: int = 128, classes: int = 10, batch_norm: bool = False, global_pool: bool = False, image: int = 32,
) -> Network:  # fmt: skip
    """The small network of article A1 on a 3×image×image input, its sizes free.

    >>> small_cnn().ledger().params, small_cnn(batch_norm=True).ledger().params, small_cnn(global_pool=True).ledger().params
    (26926, 27216, 3886)
    """
    _check_sizes("small_cnn", locals())
    norms = {"bn1": nn.BatchNorm2d(conv1_channels), "bn2": nn.BatchNorm2d(conv2_channels), "bn3": nn.BatchNorm1d(hidden)}
    layers = {
        "conv1": nn.Conv2d(3, conv1_channels, conv1_kernel), "bn1": ..., "relu1": nn.ReLU(),
        "pool1": nn.MaxPool2d(pool1_kernel, stride=2),
        "conv2": nn.Conv2d(conv1_channels, conv2_channels, conv2_kernel), "bn2": ..., "relu2": nn.ReLU(),
        "pool2": nn.AvgPool2d(pool2_kernel, stride=2), "relu3": nn.ReLU(), "gap": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(), "fc1": nn.LazyLinear(hidden), "bn3": ..., "relu4": nn.ReLU(), "fc2": nn.Linear(hidden, classes),
    }  # fmt: skip
    left_out = (() if batch_norm else tuple(norms)) + (() if global_pool else ("gap",))
    return Network((3, image, image), **{n: norms.get(n, layer) for n, layer in layers.items() if n not in left_out})


def vgg16_32(width: int = 64, late_convs: int = 3, batch_norm: bool = True, classes: int = 10, image: int = 32) -> Network:
    """VGG16 for 32×32 pictures, of article A2: five blocks of 3×3 convolutions, and three Linear layers.

    `width` is the first block's number of channels, `late_convs` how many convolutions each of the last three blocks has.

    >>> vgg16_32().ledger().params, vgg16_32().ledger().buffers, vgg16_32().ledger().macs
    (15119690, 8461, 313592320)
    """
    _check_sizes("vgg16_32", locals())
    if late_convs > 1000:
        raise plainly(ValueError(words("network.late_convs", value=late_convs)))
    layers, before = {}, 3
    for block, convs in enumerate((2, 2, late_convs, late_convs, late_convs), 1):
        channels = width * min(2 ** (block - 1), 8)
        for i in range(1, convs + 1):
            layers[f"conv{block}_{i}"] = nn.Conv2d(before, channels, 3, padding=1)
            if batch_norm:
                layers[f"bn{block}_{i}"] = nn.BatchNorm2d(channels)
            layers[f"relu{block}_{i}"], before = nn.ReLU(), channels
        layers[f"pool{block}"] = nn.MaxPool2d(2)
    layers |= {"flatten": nn.Flatten(), "fc1": nn.LazyLinear(512), "relu6": nn.ReLU(), "drop1": nn.Dropout(0.9)}
    layers |= {"fc2": nn.Linear(512, 256), "relu7": nn.ReLU(), "drop2": nn.Dropout(0.9), "fc3": nn.Linear(256, classes)}
    return Network((3, image, image), **layers)


def conv1d_net(
    kernel: int = 3, channels1: int = 16, channels2: int = 32, hidden: int = 128, classes: int = 10, length: int = 100
) -> Network:
    """The 1-d network of article A4, on one channel of the given length; odd kernels keep the length, as padding grows.

    >>> conv1d_net().ledger().params, conv1d_net().ledger().macs
    (105450, 185280)
    """
    _check_sizes("conv1d_net", locals())
    padding = (kernel - 1) // 2
    return Network(
        (1, length),
        conv1=nn.Conv1d(1, channels1, kernel, padding=padding), relu1=nn.ReLU(), pool1=nn.MaxPool1d(2),
        conv2=nn.Conv1d(channels1, channels2, kernel, padding=padding), relu2=nn.ReLU(), pool2=nn.MaxPool1d(2),
        flatten=nn.Flatten(), fc1=nn.LazyLinear(hidden), relu3=nn.ReLU(), fc2=nn.Linear(hidden, classes),
    )  # fmt: skip
