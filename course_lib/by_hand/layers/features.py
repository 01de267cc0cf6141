"""Layers over the features of the last axis: fully connected, a table, attention, and recurrent ones, which look one step back, too."""

from typing import Literal

from course_lib.by_hand.layers.base import Count, Count0, Flag, Forward, Fraction, Layer, Saved, Shape
from course_lib.by_hand.ledger import Work
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
    detail = property(lambda self: f"{self.in_features}→{self.out_features}" + ("" if self.bias else f", {words('detail.no_bias')}"))

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


class Embedding(Layer):
    """A table: (…) of indices → (…, embedding_dim); num_embeddings·embedding_dim parameters, and no MAC (PyTorch's page).

    >>> Embedding(1000, 64).params, Embedding(1000, 64).output_shape((128,))
    (64000, (128, 64))
    """

    num_embeddings: Count
    embedding_dim: Count
    detail = property(lambda self: f"{self.num_embeddings}→{self.embedding_dim}")
    params_work = property(lambda self: Work([(self.num_embeddings, self.embedding_dim)]))

    def _output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.embedding_dim)


class _Steps(Layer):
    """One vector of so many features for each of T steps; gives more than one tensor."""

    ranks = (2,)
    chains = False

    def _misfit(self, input_shape: Shape) -> str | None:
        if input_shape[-1] != self.features:
            return words("layer.features", expected=self.features, given=input_shape[-1])


class MultiheadAttention(_Steps):
    """Self-attention of T tokens: (T, E) → (T, E), E = embed_dim; params 3·E·E + 3·E in, E·E + E out (PyTorch's page).

    MACs: T·3E·E in, T·T·E for the scores of all heads, as many for their sums, T·E·E out.

    >>> MultiheadAttention(8, 2).params, MultiheadAttention(8, 2).macs((5, 8))
    (288, 1680)
    """

    embed_dim: Count
    num_heads: Count
    dropout: Fraction = 0.0
    bias: Flag = True
    batch_first: Flag = False
    features = property(lambda self: self.embed_dim)
    detail = property(lambda self: f"{self.embed_dim}, {words('detail.heads', value=self.num_heads)}")

    @property
    def params_work(self) -> Work:
        wide = self.embed_dim
        return Work([(3, wide, wide), *[(3, wide)] * self.bias, (wide, wide), *[(wide,)] * self.bias])

    def macs_work(self, input_shape: Shape) -> Work:
        tokens, wide = input_shape
        return Work([(tokens, 3, wide, wide), (tokens, tokens, wide), (tokens, tokens, wide), (tokens, wide, wide)])

    def _clash(self) -> str | None:
        if self.embed_dim % self.num_heads:
            return words("layer.num_heads", heads=self.num_heads, width=self.embed_dim)


class _Recurrent(_Steps):
    input_size: Count
    hidden_size: Count
    num_layers: Count = 1
    bias: Flag = True
    batch_first: Flag = False
    dropout: Fraction = 0.0
    bidirectional: Flag = False
    gates = 1
    proj_size = 0
    features = property(lambda self: self.input_size)

    @property
    def detail(self) -> str:
        several = [words("detail.layers", value=self.num_layers)] * (self.num_layers > 1)
        return ", ".join([f"{self.input_size}→{self.hidden_size}", *several])

    handed_on = property(lambda self: self.proj_size or self.hidden_size)
    directions = property(lambda self: 1 + self.bidirectional)

    def _weights(self, depth: int) -> list[tuple[int, ...]]:
        wide = self.gates * self.hidden_size
        inputs = self.input_size if depth == 0 else self.directions * self.handed_on
        return [(wide, inputs), (wide, self.handed_on)] + [(self.proj_size, self.hidden_size)] * (self.proj_size > 0)

    @property
    def params_work(self) -> Work:
        """In PyTorch's order: a direction's weights, its biases, and what projects."""
        terms = []
        for depth in range(self.num_layers):
            into, over, *projects = self._weights(depth)
            terms += [into, over, *[(self.gates * self.hidden_size,)] * 2 * self.bias, *projects] * self.directions
        return Work(terms)

    def macs_work(self, input_shape: Shape) -> Work:
        weights = (weight for depth in range(self.num_layers) for weight in self._weights(depth) * self.directions)
        return Work((input_shape[0], *weight) for weight in weights)

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
    """Gated recurrent unit: as RNN, with three gates (PyTorch's GRU page)."""

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
