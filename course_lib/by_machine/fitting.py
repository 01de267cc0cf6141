"""What fits a budget: the largest batch of a training step, and what could be changed, each way with its peak and its price."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import nn
from torch.utils._pytree import tree_map_only
from torch.utils.checkpoint import checkpoint

from course_lib.by_hand.layers import whole
from course_lib.by_hand.memory import Optimizer, named_optimizer
from course_lib.by_hand.networks import Network
from course_lib.by_hand.step import batch_that_fits, network_largest_batch, whole_budget
from course_lib.by_machine.counting import count, forward_arguments, network_input_size
from course_lib.by_machine.measuring import step_heard
from course_lib.by_machine.modules import build
from course_lib.by_machine.walk.operations import tensors
from course_lib.by_machine.walk.step import Lives
from course_lib.by_machine.walk.structure import copy_on, located_modules
from course_lib.show.tables import Cell, Shown, Table, digits
from course_lib.words import words


def largest_batch(
    network_or_model: Network | nn.Module, budget: float, input_size: tuple | None = None,
    dtype: str | None = None, optimizer: str | Optimizer = "Adam", foreach: bool = False, input_data=None,
) -> int:  # fmt: skip
    """The largest batch whose step fits a budget of bytes, the optimizer's state in place; 0 where not even one image does.

    input_size has a batch, of which only the other sizes count; of input_data the rows are repeated. At each operation of a step the
    bytes grow by the same for each image: of two walks the batch is reckoned, two more say whether it is so, and where it is not,
    as with a model whose operations depend on the batch, it is looked for.

    >>> largest_batch(nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU()), 10**6, (1, 3, 5, 5))
    1240
    """
    if isinstance(network_or_model, Network):
        return network_largest_batch(network_or_model, budget, dtype or "float32", optimizer)
    budget = whole_budget(budget)
    args, kwargs = forward_arguments(network_or_model, input_size, input_data)
    step = partial(step_heard, network_or_model, dtype=dtype, optimizer=optimizer, foreach=foreach, device="hollow")

    @cache
    def totals(batch: int) -> list[int]:
        return step(input_data=rows_of_batch(args or kwargs, batch)).totals

    def fits(batch: int) -> bool:
        try:
            return max(totals(batch)) <= budget
        except ValueError:
            if batch > 1:
                raise
            return False  # a BatchNorm that needs two

    each = zip(totals(2), totals(3), strict=False)
    low = min((batch_that_fits(two, three - two, budget) for two, three in each if three > two), default=1)
    high = low + 1
    while low and not fits(low):
        low, high = low // 2, low
    while fits(high):
        low, high = high, 2 * high
    return bisect_left(range(high), True, low + 1, key=lambda batch: not fits(batch)) - 1


def batch_of(arguments) -> int:
    """The rows of the first tensor among the arguments of a forward."""
    return next(tensor.shape[0] for tensor in tensors(arguments) if tensor.dim())


def rows_of_batch(arguments, batch: int):
    """The arguments with so many rows: those that are there, over and over."""

    def repeated(tensor: torch.Tensor) -> torch.Tensor:
        batched = tensor.dim() and tensor.shape[0] == batch_of(arguments)
        return tensor[torch.arange(batch, device=tensor.device) % tensor.shape[0]] if batched else tensor

    return tree_map_only(torch.Tensor, repeated, arguments)


class Way(NamedTuple):
    """One way: its kind, of which two exclude each other, what is done, its price in words; what changes a model, and the arguments of
    its step; then the most bytes at once."""

    kind: str
    name: str
    price: str
    changes: tuple[Callable[[nn.Module], None], ...]
    how: dict
    peak: int


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
        return Table([f"<{words('way')}", words("at_once"), words("share"), f"<{words('in_budget')}", f"<{words('price')}"], rows)


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
    args, kwargs = forward_arguments(model, input_size, input_data)
    given = args or kwargs if batch is None else rows_of_batch(args or kwargs, whole("ways_to_fit: batch", batch))
    search = _Search(model, whole_budget(budget), {"input_data": given, "optimizer": optimizer, "foreach": foreach})
    found = [*search.ways()]
    best = {way.kind: way for way in sorted(found, key=lambda way: -way.peak) if way.kind != "freeze"}
    if len(best) > 1:
        one, other = sorted(best.values(), key=lambda way: way.peak)[:2]
        name, price = words("way_two", one=one.name, other=other.name), f"{one.price}; {other.price}"
        found.append(search.way("", name, price, *one.changes, *other.changes, **one.how | other.how))
    ways = Ways([search.way("", words("way_as_it_is"), ""), *found])
    ways.budget = search.budget
    return ways


class _Search:
    """Walks a model's step in other ways than it is."""

    def __init__(self, model: nn.Module, budget: int, usual: dict) -> None:
        self.model, self.budget, self.usual = copy_on("hollow", model), budget, usual

    def heard(self, *changes: Callable[[nn.Module], None], **how) -> Lives:
        model = copy_on("hollow", self.model)
        for change in changes:
            change(model)
        return step_heard(model, device="hollow", **(self.usual | how))

    def way(self, kind: str, name: str, price: str, *changes: Callable[[nn.Module], None], **how) -> Way:
        return Way(kind, name, price, changes, how, max(self.heard(*changes, **how).totals))

    def ways(self) -> Iterator[Way]:
        """One by one, walked."""
        stored = len(named_optimizer(self.usual["optimizer"]).stores((1,)))
        for name in ("SGD momentum", "SGD"):
            if len(named_optimizer(name).stores((1,))) < stored:
                yield self.way("optimizer", name, words("price_optimizer"), optimizer=name)
        if any(parameter.dtype.itemsize > 2 for parameter in self.model.parameters()):
            yield self.way("numbers", words("way_bfloat16"), words("price_bfloat16"), dtype="bfloat16")
            yield self.way("numbers", words("way_autocast"), words("price_autocast"), _cast)
        yield from self.accumulated()
        yield from sorted(self.checkpointed(), key=lambda way: way.peak)[:1]
        last = [path for path, part, _ in located_modules(self.model) if part._parameters][-1]
        yield self.way("freeze", words("way_freeze", name=last), words("price_freeze"), partial(_freeze, but=last))
        if self.usual["foreach"]:
            yield self.way("foreach", words("way_one_by_one"), words("price_one_by_one"), foreach=False)

    def accumulated(self) -> Iterator[Way]:
        """In as few passes as fit, or in as many as there are images."""
        given, ways = self.usual["input_data"], []
        rows = batch_of(given)
        for passes in (passes for passes in range(2, rows + 1) if rows % passes == 0):
            names = {"passes": passes, "batch": rows // passes}
            how = {"input_data": rows_of_batch(given, rows // passes), "accumulate": True}
            try:
                ways.append(self.way("accumulate", words("way_accumulate", **names), words("price_accumulate", **names), **how))
            except ValueError:  # of a BatchNorm that needs two
                break
            if ways[-1].peak <= self.budget:
                break
        yield from ways[-1:]

    def checkpointed(self) -> Iterator[Way]:
        """The heaviest block, the two heaviest, four, all."""
        blocks, counted = self.blocks(), count(self.model, input_data=self.usual["input_data"], train=True)
        for most in sorted({min(len(blocks), 2**n) for n in range(len(blocks).bit_length() + 1)} - {0}):
            names = blocks[:most]
            again = sum(row.macs for row in counted if _in_one(row.name, names))
            price = words("price_checkpoint", macs=again, share=digits(100 * again / max(1, counted.macs)))
            listed = ", ".join(names[:2]) + words("way_more_blocks", n=most - 2) * (most > 2)
            yield self.way("checkpoint", f"{words('way_checkpoint')} {listed}", price, partial(_checkpoint, names=names))

    def blocks(self) -> list[str]:
        """The paths of the blocks, the heaviest first; of those that lie in each other the outer one."""
        kept, under = self.heard().timeline().kept, {}
        for path, part, _ in located_modules(self.model):
            own = sum(size for place, size in kept.items() if _in_one(place, [path]))
            if part._modules and 0 < 2 * own <= sum(kept.values()) and not _in_one(path, under) and not isinstance(part, nn.ModuleList):
                under[path] = own
        return sorted(under, key=under.get, reverse=True)


def _in_one(path: str, others) -> bool:
    """Whether a path is one of these, or leads on from one."""
    return any(f"{path}.".startswith(f"{other}.") for other in others)


def _around(part: nn.Module, call: Callable) -> None:
    """Makes a module of a copy run as `call(run, *args, **kwargs)`, where `run` is how it ran."""
    kind = type(part)
    runs = {"__module__": kind.__module__, "__call__": lambda self, *args, **kwargs: call(partial(kind.__call__, self), *args, **kwargs)}
    part.__class__ = type(kind.__name__, (kind,), runs)


def _cast(model: nn.Module) -> None:
    _around(model, lambda run, *args, **kwargs: torch.autocast("cpu", torch.bfloat16)(run)(*args, **kwargs))


def _checkpoint(model: nn.Module, names: list[str]) -> None:
    for path, part, _ in located_modules(model):
        if path in names:
            _around(part, partial(checkpoint, use_reentrant=False))


def _freeze(model: nn.Module, but: str) -> None:
    for path, part, _ in located_modules(model):
        for parameter in part.parameters(recurse=False):
            parameter.requires_grad_(path == but)
