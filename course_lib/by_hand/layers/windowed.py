"""A kernel that steps over a map: what convolutions and pools stand on."""

from course_lib.by_hand.layers.base import Layer, Shape, _short, one_of, whole
from course_lib.show.tables import times
from course_lib.words import words


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1, ceil_mode: bool = False) -> int:
    """Number of positions of a kernel along one axis; less than 1 where it does not fit (PyTorch's MaxPool2d page).

    >>> output_size(32, kernel=5), output_size(28, kernel=5, stride=2), output_size(5, 2, stride=2, ceil_mode=True)
    (28, 12, 3)
    """
    sizes = {"size": (size, 1), "kernel": (kernel, 1), "stride": (stride, 1), "padding": (padding, 0), "dilation": (dilation, 1)}
    checked = [whole(f"output_size: {name}", value, least) for name, (value, least) in sizes.items()]
    return _position_count(*checked, one_of((True, False), "output_size: ceil_mode", ceil_mode))


def _position_count(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    count = (size + 2 * padding - dilation * (kernel - 1) - 1 + (stride - 1) * ceil_mode) // stride + 1
    # The last window must start inside the input or its left padding, or PyTorch leaves it out.
    return count - 1 if ceil_mode and (count - 1) * stride >= size + padding else count


class _Stepping(Layer):
    """A kernel that steps over a map, read or written."""

    dilation = (1, 1, 1)
    strides = property(lambda self: self.kernel_size if self.stride is None else self.stride)

    @property
    def detail(self) -> str:
        """Kernel, and stride, padding and dilation as far as they are not the default of a convolution."""
        arguments = [("stride", self.strides, "1"), ("padding", self.padding, "0"), ("dilation", self.dilation, "1")]
        unusual = [words(f"detail.{name}", value=_short(value)) for name, value, usual in arguments if _short(value) != usual]
        return ", ".join([times(self.kernel_size), *unusual])


class _Windowed(_Stepping):
    """A kernel that reads a map: convolutions and pools."""

    ceil_mode = False

    def paddings(self) -> list[tuple[int, int]]:
        """Padding before and after each axis; 'same' with an even kernel puts the odd one after."""
        if self.padding == "same":
            totals = [d * (k - 1) for k, d in zip(self.kernel_size, self.dilation, strict=True)]
            return [(total // 2, total - total // 2) for total in totals]
        return [(p, p) for p in ((0,) * self.dims if self.padding == "valid" else self.padding)]

    def _axes(self, input_shape: Shape) -> list[tuple[int, int, int, int, int]]:
        """What `output_size` asks, for each axis."""
        before = [padding for padding, _ in self.paddings()]
        return list(zip(input_shape[1:], self.kernel_size, self.strides, before, self.dilation, strict=False))

    def positions(self, input_shape: Shape) -> Shape:
        """How many positions the kernel takes along each axis."""
        if self.padding == "same":
            return input_shape[1:]
        return tuple(_position_count(*axis, self.ceil_mode) for axis in self._axes(input_shape))

    def reach(self, input_shape: Shape) -> list[tuple[int, int]] | None:
        over_all = not self.params and self.kernel_size == input_shape[1:]  # a pool over the whole map keeps no position
        spans = [(kernel - 1) * dilation + 1 for kernel, dilation in zip(self.kernel_size, self.dilation, strict=False)]
        return None if over_all else list(zip(spans, self.strides, strict=True))

    def _misfit(self, input_shape: Shape) -> str | None:
        if min(self.positions(input_shape)) >= 1:
            return None
        axes = self._axes(input_shape)
        largest = [self._largest(*axis) for axis in axes]
        fits = words("layer.largest", kernel=largest[0] if len(set(largest)) == 1 else times(largest))
        if not self.params and any(2 * p > k for k, (_, _, _, p, _) in zip(largest, axes, strict=True)):  # a pool pads half its kernel
            fits = words("layer.no_kernel")
        kernel, room = (times(s) if self.dims > 1 else words("layer.length", size=s[0]) for s in (self.kernel_size, input_shape[1:]))
        dilated, padded = max(self.dilation) > 1, max(max(self.paddings())) > 0
        said = ("layer.kernel", "layer.kernel_padded", "layer.kernel_dilated", "layer.kernel_dilated_padded")[2 * dilated + padded]
        return words(said, kernel=kernel, map=room, padding=_short(self.padding), dilation=_short(self.dilation), fits=fits)

    def _largest(self, size: int, own: int, stride: int, padding: int, dilation: int) -> int:
        """The largest kernel that fits along an axis. With ceil_mode and no stride a larger kernel takes larger steps, and these round
        up: then the dilation counts once less, and without one any kernel fits, the layer's own too."""
        room = size + 2 * padding - 1
        if self.ceil_mode and self.stride is None:
            return room // (dilation - 1) + 1 if dilation > 1 else own
        return (room + (stride - 1) * self.ceil_mode) // dilation + 1

    def _output_shape(self, input_shape: Shape) -> Shape:
        return (self.kernels or input_shape[0], *self.positions(input_shape))
