"""compare: what is stored and done by hand, by PyTorch and by torchinfo, row by row, every difference with its reason."""

from collections import Counter
from itertools import accumulate
from typing import NamedTuple

import torch
import torchinfo
from torch import nn

from course_lib.by_hand.ledger import Ledger, Row, what
from course_lib.by_hand.networks import Network
from course_lib.by_machine.counting import CountedRow, counts_of, forward_arguments, model_caveats, network_input_size
from course_lib.by_machine.modules import build
from course_lib.by_machine.walk.forward import Walk
from course_lib.by_machine.walk.operations import Operations
from course_lib.by_machine.walk.outside import arguments_on, outside_state_kept
from course_lib.show.tables import Cell, Shown, Table, number, times
from course_lib.words import words


class Compared(NamedTuple):
    """One row: its parameters three times, its MACs by hand and as PyTorch counts them, and why answers differ where they do."""

    row: Row
    parameters: int
    torchinfo: int | None  # None where torchinfo fails on the model
    macs: int
    reason: str

    @property
    def agree(self) -> bool:
        return len({self.row.params, self.parameters, self.torchinfo} - {None}) == 1 and self.row.macs == self.macs

    @property
    def is_idle(self) -> bool:
        """Whether nothing is owned or multiplied here."""
        return not (self.row.params or self.parameters or self.torchinfo or self.macs)

    def cells(self) -> list[Cell]:
        """The row of the table."""
        row = self.row
        work, params, macs = row.work.text, number(row.params), number(row.macs)
        if row.by == "machine":
            work, params, macs = "" if self.is_idle else words("by_machine"), "", ""
        texts = [row.name, what(row), times(row.output_shape), work, params, number(self.parameters), number(self.torchinfo or 0)]
        tones = ["name", "", "", "work" if row.by == "hand" else "quiet", *[""] * 5]
        agreed = words("agree" if row.by == "hand" and self.torchinfo is not None else "two_agree") if row.params else ""
        verdict = Cell(self.reason or agreed, "up" if self.reason else "quiet" if self.is_idle else "good" if self.agree else "up")
        return [*map(Cell, [*texts, macs, number(self.macs)], ["quiet"] * 9 if self.is_idle else tones), verdict]


class Comparison(Shown, tuple):
    """The rows of a comparison; `agree` says whether all answers do, `warnings` what is to be said all the same."""

    warnings: tuple[str, ...] = ()
    ledger = property(lambda self: Ledger(compared.row for compared in self))
    agree = property(lambda self: all(compared.agree for compared in self))

    @property
    def totals(self) -> tuple[int, int, int | None]:
        """By hand, by `.parameters()`, by torchinfo; None where it fails on the model."""
        counts = [c.torchinfo for c in self]
        return self.ledger.params, sum(c.parameters for c in self), None if None in counts else sum(counts)

    def table(self) -> Table:
        """Every place's output, its parameters three times, its MACs twice, and the reason where they differ; grey where neither is."""
        headings = [f"<{words('layer')}", f"<{words('what')}", words("output"), words("work"), words("by_hand"), ".parameters()"]
        headings += ["torchinfo", words("macs_by_hand"), words("macs_by_pytorch"), f"<{words('note')}"]
        return Table(headings, [compared.cells() for compared in self], self._total(), notes=self.warnings)

    def _total(self) -> list[str]:
        by_hand = [c for c in self if c.row.by == "hand"]
        params = sum(c.row.params for c in by_hand)
        rest = self.ledger.params - params
        others = ["" if total is None else f"{total:,}" for total in self.totals[1:]]
        macs = [f"{sum(c.row.macs for c in by_hand):,}", f"{sum(c.macs for c in self):,}"]
        verdict = words("agree" if len(set(self.totals)) == 1 and not self.warnings else "look")
        return [words("total"), "", "", "", f"{params:,}" + f" + {rest:,}" * (rest > 0), *others, *macs, verdict]


def compare(network_or_model: Network | nn.Module, input_size=None, input_data=None) -> Comparison:
    """Parameters by hand, by `.parameters()` and by torchinfo, and MACs by hand and by PyTorch, in order of execution.

    A Network brings its input_size; a module needs it, with the batch, as torchinfo takes it, or input_data. Nothing is run on
    the module itself, but on a copy without values. Raises `Misfit`, with the rows so far, where the forward fails.

    >>> compare(small_cnn()).totals, compare(small_cnn()).agree
    ((26926, 26926, 26926), True)
    """
    model, rows = network_or_model, None
    if isinstance(model, Network):
        input_size, input_data = network_input_size(model, input_size, input_data), None
        model, rows = build(model, device="meta").eval(), model.ledger(input_size[0])
    counts = counts_of(model, input_size, input_data)
    torchinfo_counts = _Torchinfo(counts.walk, input_size, input_data)
    known, compared = set(), []
    for row, counted in zip(rows or counts.ledger, counts.rows, strict=True):
        new = [p for p in counted.used if id(p) not in known and counted.module not in counts.walk.unregistered]
        known.update(map(id, new))
        own = sum(p.numel() for p in new)
        by_torchinfo = torchinfo_counts.of(counted, own)
        compared.append(Compared(row, own, by_torchinfo, counted.macs, _reason(row, own, by_torchinfo)))
    comparison = Comparison(compared + torchinfo_counts.left_over(counts.walk, compared))
    fails = [words("torchinfo_fails")] * torchinfo_counts.fails
    comparison.warnings = (*fails, *model_caveats(model, counts, input_size, input_data))
    return comparison


def three_answers(network: Network, batch_size: int = 1) -> list[tuple[Row, int, int]]:
    """Each layer's row by hand, and its parameters by `.parameters()` and by torchinfo, as quickly as a slider asks.

    >>> [(row.params, *machine) for row, *machine in three_answers(one_conv())]
    [(196, 196, 196)]
    """
    model = build(network, device="meta").eval()
    blank = torch.empty(batch_size, *network.input_shape, device="meta")
    with Operations():  # what it knows of these sizes need not be asked of torch again
        infos = torchinfo.summary(model, input_data=blank, verbose=0, device="meta").summary_list
    counts = {info.module: info.num_params for info in infos if info.is_leaf_layer}
    own = [sum(p.numel() for p in module.parameters()) for module in model]
    return list(zip(network.ledger(batch_size), own, (counts[module] for module in model), strict=True))


class _Torchinfo:
    """torchinfo's parameters by module, and what its lines of containers hold beside those; nothing where it `fails` on the model."""

    def __init__(self, walk: Walk, input_size, input_data) -> None:
        self.by_module: dict[nn.Module, int] = {}
        self.left: Counter[str] = Counter()
        self.fails = False
        # With input_size torchinfo would draw random numbers, and move the caller's random state.
        arguments = forward_arguments(walk.model, input_size, input_data)
        args, kwargs = arguments_on("cpu" if walk.real else "hollow", arguments)
        try:
            with outside_state_kept(walk.model), torch.device("cpu"), Operations(hollow=not walk.real):
                summary = torchinfo.summary(walk.model, input_data=list(args) if args else kwargs, verbose=0, device="cpu")
        except Exception:  # whatever it is that it does not take: the other two answers stand
            self.fails = True
            return
        infos = [info for info in summary.summary_list if not info.is_recursive]
        self.by_module = {info.module: info.num_params for info in infos if info.is_leaf_layer}
        containers = [info for info in infos if not info.is_leaf_layer]
        self.left.update({walk.names.get(info.module, info.var_name): max(0, info.leftover_params()) for info in containers})

    def of(self, counted: CountedRow, own: int) -> int | None:
        """What it has for a row of so many parameters of its own: a function's stand in the line of what holds it."""
        if self.fails:
            return None
        if counted.module is not None:
            return self.by_module.pop(counted.module, 0)
        paths = [*accumulate(counted.row.name.split("."), "{}.{}".format)]  # a, a.b, a.b.c
        holder = next((path for path in reversed(paths) if self.left[path]), "model")
        taken = min(self.left[holder], own)
        self.left[holder] -= taken
        return taken

    def left_over(self, walk: Walk, compared: list[Compared]) -> list[Compared]:
        """A row for each container whose line holds more than the lines below it."""
        rests = [(Row(path, type(part).__name__), self.left[path]) for part, path in walk.names.items() if self.left[path] > 0]
        return [Compared(row, 0, rest, 0, _why_left(walk.model, row.name, compared)) for row, rest in rests]


def _reason(row: Row, parameters: int, by_torchinfo: int | None) -> str:
    if row.params != parameters:
        return row.note or words("unexplained", by=parameters - row.params)
    if by_torchinfo in (None, parameters):
        return row.note
    return words("torchinfo_tied" if by_torchinfo > parameters else "torchinfo_unused", note=row.note)


def _why_left(model: nn.Module, path: str, compared: list[Compared]) -> str:
    paths, inside = {}, "" if path == "model" else f"{path}."
    for name, part in model.named_modules(remove_duplicate=False):
        paths.setdefault(part, []).append(name)
    shared = [names[0] for part, names in paths.items() if len(names) > 1 and part._parameters and any(n.startswith(inside) for n in names)]
    if shared:
        return words("torchinfo_again", names=", ".join(shared))
    without_line = [c.row.name for c in compared if c.torchinfo == 0 != c.parameters and c.row.name.startswith(inside)]
    return words("torchinfo_left", names=", ".join(without_line) or words("it"))
