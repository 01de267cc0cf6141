"""The one table that everything else makes or shows: Work, Row, Ledger."""

import math
from typing import NamedTuple

from course_lib.show.tables import Cell, Shown, Table, number, times
from course_lib.words import words


class Work(tuple):
    """A sum of products, kept as written, so that the number and the work shown for it are one expression.

    >>> work = Work([(3, 3, 5, 12), (12,)])
    >>> work.value, work.text
    (552, '3·3·5·12 + 12')
    """

    __slots__ = ()
    value = property(lambda self: sum(math.prod(product) for product in self))
    text = property(lambda self: " + ".join("·".join(map(str, product)) for product in self))


class Row(NamedTuple):
    """One layer's facts, shapes without the batch; every tool's convention is a rule on these."""

    name: str
    kind: str
    detail: str = ""
    input_shape: tuple[int, ...] = ()
    output_shape: tuple[int, ...] = ()
    params: int = 0  # trainable or not, in values, not bytes
    trainable_params: int = 0
    buffers: int = 0  # the stored values that `.parameters()` does not show
    macs: int = 0  # of the whole batch, as inputs and outputs, which are numbers of values
    biased: bool = False
    inputs: int = 0
    outputs: int = 0
    window: int = 0  # how many input values one output value looks at
    work: Work = Work()
    same_padding: bool = False  # whether padding is 'same'
    note: str = ""
    by: str = "hand"  # or "machine": what by_hand does not know, from PyTorch's own sizes

    @property
    def is_function(self) -> bool:
        """Whether a function or an operator in somebody's forward did the work, and no module."""
        return self.by == "machine" and self.name.rpartition(".")[2] == self.kind

    bias_additions = property(lambda self: self.outputs * self.biased, doc="One addition per output value where the layer has a bias.")


def _total(name: str) -> property:
    return property(lambda ledger: sum(getattr(row, name) for row in ledger), doc=f"The sum of the rows' `{name}`.")


class Ledger(Shown, tuple):
    """Rows in order of execution; its totals are sums over them, under the rows' own names.

    >>> ledger = small_cnn().ledger()
    >>> ledger.params, ledger.macs, ledger["conv2"].params
    (26926, 373856, 552)
    """

    __slots__ = ()
    params, trainable_params, buffers = _total("params"), _total("trainable_params"), _total("buffers")
    macs, bias_additions = _total("macs"), _total("bias_additions")

    def __getitem__(self, key):
        if not isinstance(key, str):
            found = super().__getitem__(key)
            return Ledger(found) if isinstance(key, slice) else found
        for row in self:
            if row.name == key:
                return row
        raise KeyError(words("network.no_layer", name=key, names=", ".join(row.name for row in self)))

    def table(self) -> Table:
        """Layer, what it is, output without the batch, the work, parameters, MACs; buffers where there are any."""
        buffers, notes = bool(self.buffers), any(row.note for row in self)
        rows = [
            [Cell(row.name, "name"), what(row), times(row.output_shape), Cell(row.work.text, "work"), number(row.params)]
            + [number(row.buffers)] * buffers
            + [number(row.macs)]
            + [row.note] * notes
            for row in self
        ]
        headings = [f"<{words('layer')}", f"<{words('what')}", words("output"), words("work"), words("params")]
        headings += [words("buffers")] * buffers + [words("macs")] + [f"<{words('note')}"] * notes
        total = [words("total"), "", "", "", f"{self.params:,}"] + [f"{self.buffers:,}"] * buffers + [f"{self.macs:,}"]
        return Table(headings, rows, total + [""] * notes)


def what(row: Row) -> str:
    """A layer as its PyTorch name and its sizes: Conv2d 5→12, 3×3; nothing where its name says it, as for a function."""
    if row.is_function:
        return ""
    detail = "·".join(map(str, row.input_shape)) if row.kind == "Flatten" else row.detail
    return f"{row.kind} {detail}".strip()
