"""compare: the parameters by hand, by `.parameters()` and by torchinfo, row by row, every difference with its reason."""

from typing import NamedTuple

import torchinfo
from torch import nn

from course_lib.by_hand.layers import times
from course_lib.by_hand.ledger import Ledger, Row, Shown
from course_lib.by_hand.networks import Network
from course_lib.by_machine.counting import blank, build, ledger_of, skeleton, walk, with_batch
from course_lib.show.tables import comparison_table
from course_lib.words import words


class Compared(NamedTuple):
    """One layer's parameters, asked three times, and why the answers differ where they do."""

    row: Row
    parameters: int
    torchinfo: int
    reason: str
    agree = property(lambda self: self.row.params == self.parameters == self.torchinfo)


class Comparison(Shown, tuple):
    """The rows of a comparison; `ledger` holds the by-hand rows alone, `agree` says whether all rows and totals do."""

    ledger = property(lambda self: Ledger(compared.row for compared in self))
    agree = property(lambda self: all(compared.agree for compared in self))

    @property
    def totals(self) -> tuple[int, int, int]:
        """By hand, by `.parameters()`, by torchinfo."""
        return self.ledger.params, sum(c.parameters for c in self), sum(c.torchinfo for c in self)

    def bundle(self) -> dict[str, str]:
        return comparison_table(self).bundle()


def compare(network_or_model: Network | nn.Module, input_size: tuple[int, ...] | None = None) -> Comparison:
    """Parameters by hand, by `.parameters()` and by torchinfo; input_size with the batch, as torchinfo takes it.

    A Network brings its input_size; a module needs it. Nothing is run on the module itself, but on a copy without values.

    >>> from course_lib import small_cnn
    >>> compare(small_cnn()).totals, compare(small_cnn()).agree
    ((26926, 26926, 26926), True)
    """
    if isinstance(network_or_model, Network):
        network = network_or_model
        input_size = with_batch((1, *network.input_shape) if input_size is None else input_size)
        if input_size[1:] != network.input_shape:
            raise ValueError(f"input_size {input_size} does not fit the network: it takes batches of {times(network.input_shape)}")
        model = build(network, device="meta").eval()
        ledger, modules = network.ledger(input_size[0]), list(model)
    else:
        if input_size is None:
            raise TypeError("compare: a module needs its input_size with the batch, such as compare(model, (1, 3, 32, 32))")
        model = skeleton(network_or_model)
        calls = walk(model, blank(model, input_size))
        ledger, modules = ledger_of(calls), [call.module for call in calls]
    # With input_size torchinfo would draw random numbers, and move the caller's random state.
    asked = torchinfo.summary(model, input_data=blank(model, input_size), verbose=0, device="meta")
    infos = [info for info in asked.summary_list if not info.is_recursive]
    counts = {info.module: info.num_params for info in infos if info.is_leaf_layer}
    seen, compared = set(), []
    for row, module in zip(ledger, modules, strict=True):
        fresh = {p: p.numel() for p in module.parameters() if p not in seen}
        seen.update(fresh)
        own, counted = sum(fresh.values()), counts.pop(module, 0)
        compared.append(Compared(row, own, counted, _reason(row, own, counted)))
    for info in infos:  # what is left over in a container: in torchinfo's table it stands in the container's own line
        if not info.is_leaf_layer and (left := info.leftover_params()) > 0:
            row = Row(info.var_name, info.class_name)
            compared.append(Compared(row, 0, left, words("torchinfo_left")))
    return Comparison(compared)


def _reason(row: Row, parameters: int, torchinfo: int) -> str:
    """Why torchinfo's number is another one; by hand and `.parameters()` have no known reason to differ."""
    if row.params != parameters:
        return words("unexplained", by=parameters - row.params)
    if torchinfo == parameters:
        return row.note
    return words("torchinfo_tied" if torchinfo > parameters else "torchinfo_unused", note=row.note)
