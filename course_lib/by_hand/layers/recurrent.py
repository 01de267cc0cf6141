"""Recurrent layers: at each step, the gates look at the input and at what the step before handed on."""

from typing import Literal

from course_lib.by_hand.layers.base import Count, Count0, Flag, Fraction, Layer, Shape
from course_lib.by_hand.ledger import Work
from course_lib.words import words


class _Recurrent(Layer):
    input_size: Count
    hidden_size: Count
    num_layers: Count = 1
    bias: Flag = True
    batch_first: Flag = False
    dropout: Fraction = 0.0
    bidirectional: Flag = False
    gates = 1
    proj_size = 0
    ranks = (2,)
    chains = False

    @property
    def detail(self) -> str:
        several = [words("detail.layers", value=self.num_layers)] * (self.num_layers > 1)
        return ", ".join([f"{self.input_size}→{self.hidden_size}", *several])

    handed_on = property(lambda self: self.proj_size or self.hidden_size)
    directions = property(lambda self: 1 + self.bidirectional)

    def _weights(self, depth: int) -> list[tuple[int, ...]]:
        """The weights of one direction at this depth, as (outputs, inputs)."""
        wide = self.gates * self.hidden_size
        inputs = self.input_size if depth == 0 else self.directions * self.handed_on
        return [(wide, inputs), (wide, self.handed_on)] + [(self.proj_size, self.hidden_size)] * (self.proj_size > 0)

    @property
    def params_work(self) -> Work:
        """The work shown for `params`, in PyTorch's order: a direction's weights, its biases, and what projects."""
        terms = []
        for depth in range(self.num_layers):
            into, over, *projects = self._weights(depth)
            terms += [into, over, *[(self.gates * self.hidden_size,)] * 2 * self.bias, *projects] * self.directions
        return Work(terms)

    def macs_work(self, input_shape: Shape) -> Work:
        weights = (weight for depth in range(self.num_layers) for weight in self._weights(depth) * self.directions)
        return Work((input_shape[0], *weight) for weight in weights)

    def _misfit(self, input_shape: Shape) -> str | None:
        if input_shape[-1] != self.input_size:
            return words("layer.features", expected=self.input_size, given=input_shape[-1])

    def _output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.directions * self.handed_on)


class RNN(_Recurrent):
    """Recurrent layer: (T, input_size) → (T, hidden_size), twice as wide in two directions (PyTorch's RNN page).

    A layer and direction has a weight of hidden·input and one of hidden·hidden, and two biases of hidden, for each gate.

    >>> RNN(4, 6).params, RNN(4, 6).macs((5, 4))
    (72, 300)
    """

    nonlinearity: Literal["tanh", "relu"] = "tanh"


class GRU(_Recurrent):
    """Gated recurrent unit: as RNN, with three gates (PyTorch's GRU page).

    >>> GRU(4, 6).params
    216
    """

    gates = 3


class LSTM(_Recurrent):
    """Long short-term memory: as RNN, with four gates; proj_size makes what is handed on smaller (PyTorch's LSTM page).

    >>> LSTM(4, 6).params, LSTM(4, 6).macs((5, 4))
    (288, 1200)
    """

    proj_size: Count0 = 0
    gates = 4

    def _clash(self) -> str | None:
        if self.proj_size >= self.hidden_size:
            return words("layer.proj_size", proj_size=self.proj_size, hidden_size=self.hidden_size)
