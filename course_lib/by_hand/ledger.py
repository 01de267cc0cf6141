"""The one table that everything else makes or shows: Work, Row, Ledger."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple


class Work(tuple):
    """A sum of products, kept as written, so that the number and the work shown for it are one expression.

    >>> work = Work([(3, 3, 5, 12), (12,)])
    >>> work.value, work.text, work.latex
    (552, '3·3·5·12 + 12', '3 \\\\cdot 3 \\\\cdot 5 \\\\cdot 12 + 12')
    """

    __slots__ = ()

    def _written(self, dot: str) -> str:
        return " + ".join(dot.join(map(str, product)) for product in self)

    @property
    def value(self) -> int:
        return sum(math.prod(product) for product in self)

    @property
    def text(self) -> str:
        return self._written("·")

    @property
    def latex(self) -> str:
        return self._written(r" \cdot ")


class Row(NamedTuple):
    """One layer's facts; every tool's convention is a rule on these.

    Shapes are without the batch; `macs`, `inputs` and `outputs` (numbers of values) are for the whole batch. `window` is
    how many input values one output value looks at. `params` are trainable or not, `buffers` are the stored values that
    `.parameters()` does not show; both in values, not bytes.
    """

    name: str
    kind: str
    detail: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    params: int
    trainable_params: int
    buffers: int
    macs: int
    biased: bool
    inputs: int
    outputs: int
    window: int
    work: Work
    note: str = ""

    @classmethod
    def unused(cls, name: str, kind: str, detail: str) -> Row:
        """The row of a layer that is never run: nothing but its name, until someone fills in what it owns."""
        return cls(name, kind, detail, (), (), 0, 0, 0, 0, False, 0, 0, 0, Work())

    @property
    def bias_additions(self) -> int:
        """One addition per output value where the layer has a bias."""
        return self.outputs if self.biased else 0


class Ledger(tuple):
    """Rows in order of execution; its totals are sums over them, under the rows' own names.

    >>> from course_lib import small_cnn
    >>> ledger = small_cnn().ledger()
    >>> ledger.params, ledger.macs, ledger["conv2"].params
    (26926, 373856, 552)
    """

    __slots__ = ()

    def __getitem__(self, key):
        if not isinstance(key, str):
            return super().__getitem__(key)
        for row in self:
            if row.name == key:
                return row
        raise KeyError(f"no layer {key!r}; there are {', '.join(row.name for row in self)}")

    def __iter__(self) -> Iterator[Row]:
        return super().__iter__()

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        from course_lib.show.tables import ledger_table

        return ledger_table(self).bundle()

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]


def _total(name: str) -> property:
    return property(lambda ledger: sum(getattr(row, name) for row in ledger), doc=f"The sum of the rows' `{name}`.")


for _name in ("params", "trainable_params", "buffers", "macs", "bias_additions"):
    setattr(Ledger, _name, _total(_name))
