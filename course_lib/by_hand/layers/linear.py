"""Fully connected layers: a weight for each pair of an input and an output, and a bias for each output."""

from course_lib.by_hand.layers.base import Count, Flag, Forward, Layer, Saved, Shape
from course_lib.show.tables import times
from course_lib.words import words


class Linear(Layer):
    """Fully connected layer: (…, in_features) → (…, out_features); params in·out + out (PyTorch's Linear page).

    >>> Linear(192, 128).params, Linear(192, 128).params_work.text, Linear(192, 128).macs((192,))
    (24704, '192·128 + 128', 24576)
    """

    in_features: Count
    out_features: Count
    bias: Flag = True
    kernel = property(lambda self: (self.in_features,))
    kernels = property(lambda self: self.out_features)

    @property
    def detail(self) -> str:
        no_bias = [words("detail.no_bias")] * (not self.bias)
        return ", ".join([f"{self.in_features}→{self.out_features}", *no_bias])

    def _misfit(self, input_shape: Shape) -> str | None:
        if input_shape[-1] != self.in_features:
            return words("layer.features", expected=self.in_features, given=times(input_shape))

    def _output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.out_features)

    def saves(self, forward: Forward) -> list[Saved]:
        return [Saved("input", forward.input_shape)] * forward.trained

    def gives_view(self, output_shape: Shape) -> bool:
        return self.bias and len(output_shape) > 1  # of a matrix with a row for each vector


class LazyLinear(Layer):
    """A Linear whose in_features follow its input, as PyTorch's LazyLinear; a Network turns it into that Linear.

    >>> LazyLinear(128).resolve((192,))
    Linear(192, 128)
    """

    out_features: Count
    bias: Flag = True

    def resolve(self, input_shape: Shape) -> Layer:
        return Linear(input_shape[-1], self.out_features, self.bias)

    def _misfit(self, input_shape: Shape) -> str | None:
        return words("layer.lazy")
