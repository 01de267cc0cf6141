"""What language models are made of: a table of vectors, and attention."""

from course_lib.by_hand.layers.base import Count, Flag, Fraction, Layer, Shape
from course_lib.by_hand.ledger import Work
from course_lib.words import words


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


class MultiheadAttention(Layer):
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
    ranks = (2,)
    chains = False
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

    def _misfit(self, input_shape: Shape) -> str | None:
        if input_shape[-1] != self.embed_dim:
            return words("layer.features", expected=self.embed_dim, given=input_shape[-1])
