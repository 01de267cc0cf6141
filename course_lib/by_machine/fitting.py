"""ways_to_fit: what could be changed so that a training step fits a budget, each way with its peak and its price."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from course_lib.by_hand.layers import whole
from course_lib.by_hand.networks import Network
from course_lib.by_hand.optimizers import Optimizer, named_optimizer
from course_lib.by_hand.step import whole_budget
from course_lib.by_machine.counting import count, forward_arguments, network_input_size
from course_lib.by_machine.measuring import step_heard
from course_lib.by_machine.modules import build
from course_lib.by_machine.timelines import rows_of_batch
from course_lib.by_machine.walk.lives import Lives
from course_lib.by_machine.walk.operations import tensors
from course_lib.by_machine.walk.structure import copy_on, located_modules
from course_lib.show.tables import Cell, Shown, Table, digits
from course_lib.words import words

Change = Callable[[nn.Module], None]


class Way(NamedTuple):
    """One way: what is done, the most bytes at once in a step, and its price in words."""

    name: str
    peak: int
    price: str


class Ways(Shown, tuple):
    """The ways, the first as it is; `budget` in bytes."""

    budget: int = 0

    def table(self) -> Table:
        """Each way, the bytes at its peak, whether they fit, and the price."""
        rows = []
        for way in self:
            fits = way.peak <= self.budget
            verdict = Cell(words("fits" if fits else "fits_not"), "good" if fits else "up")
            rows.append([Cell(way.name, "name"), f"{way.peak:,}", f"{digits(100 * way.peak / self[0].peak)} %", verdict, way.price])
        headings = [f"<{words('way')}", words("at_once"), words("share"), f"<{words('in_budget')}", f"<{words('price')}"]
        return Table(headings, rows)


def ways_to_fit(
    model: Network | nn.Module, input_size: tuple | int | None = None, budget: float = 2e9, batch: int | None = None,
    optimizer: str | Optimizer = "Adam", foreach: bool = False, input_data=None,
) -> Ways:  # fmt: skip
    """What could be changed so that a training step fits a budget of bytes: each way's peak, walked; its price; then the best two together.

    `batch` takes the place of the one in input_size or input_data. Those blocks are checkpointed that keep the most: a block is a module
    of several that keeps at most half of all. The two together are of those that train what is trained as it is.

    >>> blocks = [nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64)) for _ in range(4)]
    >>> [way.name for way in ways_to_fit(nn.Sequential(*blocks), (256, 64), 10**6)][:3]
    ['as it is', 'SGD momentum', 'SGD']
    """
    if isinstance(model, Network):
        input_size, model = network_input_size(model, input_size, input_data), build(model, "meta")
    given = forward_arguments(model, input_size, input_data)
    if batch is not None:
        given = rows_of_batch(given, whole("ways_to_fit: batch", batch))
    return _Search(model, given, whole_budget(budget), optimizer, foreach).ways()


class _Step(NamedTuple):
    """A step that differs: what changes the model, the rows of its input, and other arguments of step_heard. Of one kind two exclude each
    other."""

    kind: str
    name: str
    price: str = ""
    changes: tuple[Change, ...] = ()
    batch: int | None = None
    how: dict = {}


class _Search:
    """Walks a model's step as it is and in other ways."""

    def __init__(self, model: nn.Module, given: tuple, budget: int, optimizer: str | Optimizer, foreach: bool) -> None:
        self.model, self.given, self.budget = copy_on("hollow", model), given, budget
        self.usual = {"dtype": None, "optimizer": optimizer, "mode": "train", "foreach": foreach, "first": False, "accumulate": False}
        self.as_it_is = self.heard(_Step("", words("way_as_it_is")))

    def heard(self, step: _Step) -> Lives:
        model = copy_on("hollow", self.model)
        for change in step.changes:
            change(model)
        args, kwargs = self.given if step.batch is None else rows_of_batch(self.given, step.batch)
        return step_heard(model, None, *(self.usual | step.how).values(), args or kwargs, "hollow")

    def walked(self, step: _Step) -> tuple[int, _Step]:
        return max(self.heard(step).totals), step

    def ways(self) -> Ways:
        found = [*self.single()]
        best = {}
        for _, step in sorted(found, key=lambda one: one[0]):
            best.setdefault(step.kind, step)
        best.pop("freeze", None)
        if len(best) > 1:
            one, other, *_ = best.values()
            name = words("way_two", one=one.name, other=other.name)
            changes, batch = one.changes + other.changes, one.batch or other.batch
            found.append(self.walked(_Step("", name, f"{one.price}; {other.price}", changes, batch, one.how | other.how)))
        as_it_is = Way(words("way_as_it_is"), max(self.as_it_is.totals), "")
        ways = Ways([as_it_is, *(Way(step.name, peak, step.price) for peak, step in found)])
        ways.budget = self.budget
        return ways

    def single(self) -> Iterator[tuple[int, _Step]]:
        """The ways one by one, walked."""
        stored = named_optimizer(self.usual["optimizer"]).stores((1,))
        for name in ("SGD momentum", "SGD"):
            if len(named_optimizer(name).stores((1,))) < len(stored):
                yield self.walked(_Step("optimizer", name, words("price_optimizer"), how={"optimizer": name}))
        if any(parameter.dtype.itemsize > 2 for parameter in self.model.parameters()):
            yield self.walked(_Step("numbers", words("way_bfloat16"), words("price_bfloat16"), how={"dtype": "bfloat16"}))
            yield self.walked(_Step("numbers", words("way_autocast"), words("price_autocast"), (_cast,)))
        yield from self.accumulated()
        yield from self.checkpointed()
        last = [path for path, part, _ in located_modules(self.model) if part._parameters][-1]
        yield self.walked(_Step("freeze", words("way_freeze", name=last), words("price_freeze"), (partial(_freeze, but=last),)))
        if self.usual["foreach"]:
            yield self.walked(_Step("foreach", words("way_one_by_one"), words("price_one_by_one"), how={"foreach": False}))

    def accumulated(self) -> Iterator[tuple[int, _Step]]:
        """In as few passes as fit, or one for each image."""
        rows = next(tensor.shape[0] for tensor in tensors(self.given) if tensor.dim())
        for passes in (passes for passes in range(2, rows + 1) if rows % passes == 0):
            names = {"passes": passes, "batch": rows // passes}
            step = _Step("accumulate", words("way_accumulate", **names), words("price_accumulate", **names))
            found = self.walked(step._replace(batch=rows // passes, how={"accumulate": True}))
            if passes == rows or found[0] <= self.budget:
                yield found
                return

    def checkpointed(self) -> Iterator[tuple[int, _Step]]:
        """Of the heaviest block, the two heaviest, four, all: those with the lowest peak."""
        blocks, found = self.blocks(), []
        counted = count(self.model, input_data=self.given[0] or self.given[1], train=True)
        for most in sorted({min(len(blocks), 2**n) for n in range(len(blocks).bit_length() + 1)} - {0}):
            names = blocks[:most]
            again = sum(row.macs for row in counted if any(f"{row.name}.".startswith(f"{name}.") for name in names))
            price = words("price_checkpoint", macs=again, share=digits(100 * again / max(1, counted.macs)))
            listed = ", ".join(names[:2]) + words("way_more_blocks", n=most - 2) * (most > 2)
            found.append(
                self.walked(_Step("checkpoint", f"{words('way_checkpoint')} {listed}", price, (partial(_checkpoint, names=names),)))
            )
        yield from sorted(found, key=lambda one: one[0])[:1]

    def blocks(self) -> list[str]:
        """The paths of the blocks, the heaviest first."""
        kept = self.as_it_is.timeline().kept
        parts = {path: part for path, part, _ in located_modules(self.model)}
        under = {path: sum(size for name, size in kept.items() if f"{name}.".startswith(f"{path}.")) for path in parts}
        small = [path for path, part in parts.items() if path != "model" and 2 * under[path] <= sum(kept.values()) and part._modules]
        outer = [path for path in small if not any(path.startswith(f"{other}.") for other in small)]
        runs = [path for path in outer if type(parts[path]).forward is not nn.Module.forward and under[path]]
        return sorted(runs, key=under.get, reverse=True)


def _around(part: nn.Module, call: Callable) -> None:
    """Makes a module of a copy run as `call(run, *args, **kwargs)`, where `run` is how it ran."""
    kind = type(part)
    runs = {"__module__": kind.__module__, "__call__": lambda self, *args, **kwargs: call(partial(kind.__call__, self), *args, **kwargs)}
    part.__class__ = type(kind.__name__, (kind,), runs)


def _cast(model: nn.Module) -> None:
    def run(forward, *args, **kwargs):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return forward(*args, **kwargs)

    _around(model, run)


def _checkpoint(model: nn.Module, names: list[str]) -> None:
    for path, part, _ in located_modules(model):
        if path in names:
            _around(part, partial(checkpoint, use_reentrant=False))


def _freeze(model: nn.Module, but: str) -> None:
    for path, part, _ in located_modules(model):
        for parameter in part._parameters.values():
            if parameter is not None:
                parameter.requires_grad_(path == but)
