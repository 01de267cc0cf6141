"""compare: what is stored and done by hand, by PyTorch and by torchinfo, row by row, every difference with its reason."""

from typing import NamedTuple

import torch
import torchinfo
from torch import nn
from torch.utils._pytree import tree_map

from course_lib.by_hand.ledger import Ledger, Row, what
from course_lib.by_hand.networks import Network
from course_lib.by_machine.amiss import what_is_amiss
from course_lib.by_machine.copying import untouched
from course_lib.by_machine.counting import inputs, listen, size_for
from course_lib.by_machine.modules import build
from course_lib.by_machine.operations import Operations
from course_lib.by_machine.walk import Walk, values_of
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


class Comparison(Shown, tuple):
    """The rows of a comparison; `agree` says whether all answers do, `warnings` what is amiss all the same."""

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
        rows = []
        for c in self:
            row, idle = c.row, not (c.row.params or c.parameters or c.torchinfo or c.macs)
            hand = row.by == "hand"
            said = c.reason or (words("agree" if hand and c.torchinfo is not None else "two_agree") if row.params else "")
            cells = [row.name, what(row), times(row.output_shape), row.work.text if hand else words("by_machine") * (not idle)]
            params, macs = (number(row.params), number(row.macs)) if hand else ("", "")
            numbers = [params, number(c.parameters), number(c.torchinfo or 0), macs, number(c.macs)]
            tones = ["quiet"] * 9 if idle else ["name", "", "", "work" if hand else "quiet", *[""] * 5]
            tone = "quiet" if idle and not c.reason else "good" if c.agree and not c.reason else "up"
            rows.append([*map(Cell, [*cells, *numbers], tones), Cell(said, tone)])
        headings = [f"<{words('layer')}", f"<{words('what')}", words("output"), words("work"), words("by_hand"), ".parameters()"]
        headings += ["torchinfo", words("macs_by_hand"), words("macs_by_pytorch"), f"<{words('note')}"]
        mine, rest = (sum(c.row.params for c in self if (c.row.by == "hand") == hand) for hand in (True, False))
        same = len(set(self.totals)) == 1 and not self.warnings
        macs = f"{sum(c.row.macs for c in self if c.row.by == 'hand'):,}", f"{sum(c.macs for c in self):,}"
        first = f"{mine:,}" + f" + {rest:,}" * (rest > 0)
        others = ("" if total is None else f"{total:,}" for total in self.totals[1:])
        total = [words("total"), "", "", "", first, *others, *macs, words("agree" if same else "look")]
        return Table(headings, rows, total, notes=self.warnings)


def compare(network_or_model: Network | nn.Module, input_size=None, input_data=None) -> Comparison:
    """Parameters by hand, by `.parameters()` and by torchinfo, and MACs by hand and by PyTorch, in order of execution.

    A Network brings its input_size; a module needs it, with the batch, as torchinfo takes it, or input_data. Nothing is run on
    the module itself, but on a copy without values. Raises `Misfit`, with the rows so far, where the forward fails.

    >>> from course_lib import small_cnn
    >>> compare(small_cnn()).totals, compare(small_cnn()).agree
    ((26926, 26926, 26926), True)
    """
    network = network_or_model if isinstance(network_or_model, Network) else None
    model = network_or_model
    if network is not None:
        input_size, input_data = size_for(network, input_size, input_data), None
        model = build(network, device="meta").eval()
    elif input_size is None and input_data is None:
        raise TypeError(words("model.compare_no_input"))
    listened = listen(model, input_size, input_data)
    heard, rows = listened
    by_hand = network.ledger(input_size[0]) if network is not None else [counted.row for counted in rows]
    counts, left = _torchinfo(heard, input_size, input_data)
    seen, compared = set(), []
    for row, counted, machine in zip(by_hand, rows, [counted.row for counted in rows], strict=True):
        fresh = [p for p in counted.used if id(p) not in seen and counted.module not in heard.unregistered]
        seen.update(map(id, fresh))
        own = sum(p.numel() for p in fresh)
        asked = counts.pop(counted.module, 0) if counts is not None else None
        if asked is not None and counted.module is None:  # a function's, which torchinfo has in the line of what holds it
            holder = next((path for path in _upwards(machine.name) if left.get(path)), "")
            asked += (taken := min(left.get(holder, 0), own))
            left[holder] = left.get(holder, 0) - taken
        compared.append(Compared(row, own, asked, counted.macs, _reason(row, own, asked)))
    for path, rest in left.items():
        if rest > 0:
            kind = next(type(part).__name__ for part, name in heard.names.items() if name == path)
            compared.append(Compared(Row(path, kind), 0, rest, 0, _why_left(heard.model, path, compared)))
    found = Comparison(compared)
    found.warnings = (*[words("torchinfo_fails")] * (counts is None), *what_is_amiss(model, listened, input_size, input_data))
    return found


def three_answers(network: Network, batch_size: int = 1) -> list[tuple[Row, int, int]]:
    """Each layer's row by hand, and its parameters by `.parameters()` and by torchinfo, as quickly as a slider asks.

    >>> from course_lib import one_conv
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


def _torchinfo(heard: Walk, input_size, input_data) -> tuple[dict[nn.Module, int] | None, dict[str, int]]:
    """torchinfo's parameters by module, and what its containers' own lines hold beside those."""
    # With input_size torchinfo would draw random numbers, and move the caller's random state.
    args, kwargs = tree_map(values_of if heard.real else lambda value: value, inputs(heard.model, input_size, input_data))
    try:
        data, device = list(args) if args else kwargs, "cpu" if heard.real else "meta"
        with untouched(heard.model), torch.device(device):
            summary = torchinfo.summary(heard.model, input_data=data, verbose=0, device=device)
    except Exception:  # whatever it is that it does not take: the other two answers stand
        return None, {}
    infos = [info for info in summary.summary_list if not info.is_recursive]
    counts = {info.module: info.num_params for info in infos if info.is_leaf_layer}
    left = {heard.names.get(info.module, info.var_name): max(0, info.leftover_params()) for info in infos if not info.is_leaf_layer}
    return counts, left


def _reason(row: Row, parameters: int, torchinfo: int | None) -> str:
    """Why a number is another one."""
    if row.params != parameters:
        return row.note or words("unexplained", by=parameters - row.params)
    if torchinfo in (None, parameters):
        return row.note
    return words("torchinfo_tied" if torchinfo > parameters else "torchinfo_unused", note=row.note)


def _upwards(path: str) -> list[str]:
    """A path, and those of all that holds it: a.b.c, a.b, a, model."""
    names = path.split(".")
    return [".".join(names[:n]) for n in range(len(names), 0, -1)] + ["model"]


def _why_left(model: nn.Module, path: str, compared: list[Compared]) -> str:
    """Why torchinfo's line of a container holds more than the lines below it."""
    paths, inside = {}, "" if path == "model" else f"{path}."
    for name, part in model.named_modules(remove_duplicate=False):
        paths.setdefault(part, []).append(name)
    shared = [names[0] for part, names in paths.items() if len(names) > 1 and part._parameters and any(n.startswith(inside) for n in names)]
    if shared:
        return words("torchinfo_again", names=", ".join(shared))
    without_line = [c.row.name for c in compared if c.torchinfo == 0 != c.parameters and c.row.name.startswith(inside)]
    return words("torchinfo_left", names=", ".join(without_line) or words("it"))
