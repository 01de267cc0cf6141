"""A training step as a timeline: which bytes live at each moment of forward, loss, backward and the optimizer's step; and the peak."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import NamedTuple

from course_lib.by_hand.layers import Shape, one_of, whole
from course_lib.by_hand.memory import DTYPES, STEP, Memory, Optimizer, Pass, keeps, named_optimizer, passes, predict_memory, trained_shapes
from course_lib.by_hand.networks import Network
from course_lib.show.tables import Cell, Shown, Table, number
from course_lib.words import plainly, words

SHOWN = 40  # moments in a table, at most


class Moment(NamedTuple):
    """The bytes that live while one thing is done: a layer's forward or backward, the loss, the optimizer's step on a parameter.

    `kept` is what waits for backward, without the input. Nobody keeps the rest: `passing` are maps on their way, the loss and its
    gradient; `arriving` and `leaving` are gradients of maps in backward, and in the optimizer's step what it makes for a parameter.
    """

    phase: str  # forward, loss, backward or step
    place: str
    weights: int
    gradients: int
    state: int
    buffers: int
    input: int
    kept: int
    passing: int
    arriving: int
    leaving: int
    total = property(lambda self: sum(self[2:]))

    @property
    def cause(self) -> str:
        """What this moment holds beside what waits, in words."""
        one = self.phase in ("backward", "step") and not (self.arriving and self.leaving)
        values = {"arriving": self.arriving, "leaving": self.leaving, "bytes": self.arriving + self.leaving}
        return words(f"moment.{self.phase}{'_one' * one}", place=self.place, **values)


class Timeline(Shown, tuple):
    """The moments of a step in order; `peak` is the first with the most bytes, `kept` what waits for backward, by who made it."""

    def __new__(cls, moments: Iterable[Moment], kept: dict[str, int], notes: tuple[str, ...] = ()) -> "Timeline":
        made = super().__new__(cls, moments)
        made.kept, made.notes = kept, notes
        return made

    peak = property(lambda self: max(self, key=lambda moment: moment.total))

    def table(self) -> Table:
        """The moments as rows, of a long step the heaviest in their order; the peak marked, its cause below."""
        heaviest = sorted(range(len(self)), key=lambda number: -self[number].total)[:SHOWN]
        shown, peak = [self[number] for number in sorted(heaviest)], self.peak
        fields = ("weights", "gradients", "state", "buffers", "input", "kept")
        headings = [f"<{words('moment_of')}", *map(words, fields), words("passing"), words("at_once")]
        rows = []
        for moment in shown:
            passing = moment.passing + moment.arriving + moment.leaving
            parts = [number(getattr(moment, field)) for field in fields]
            total = f"{moment.total:,}" + " ◀" * (moment is peak)
            rows.append([Cell(f"{words(moment.phase)} {moment.place}", "name"), *parts, number(passing), total])
        left_out = [words("moments_left_out", shown=len(shown), all=len(self))] * (len(shown) < len(self))
        notes = [words("peak_is", total=peak.total, cause=peak.cause), *left_out, *self.notes]
        return Table(headings, rows, notes=notes, marked=frozenset([shown.index(peak)]))

    def heaviest(self, most: int = 10) -> Table:
        """What waits for backward, the heaviest first, by who made it."""
        kept = sum(self.kept.values())
        ranked = sorted(self.kept.items(), key=lambda item: -item[1])[:most]
        others = (words("all_others", n=len(self.kept) - most), kept - sum(count for _, count in ranked))
        rows = [[Cell(name, "name"), f"{count:,}", f"{100 * count / kept:.1f} %"] for name, count in [*ranked, *[others] * (others[1] > 0)]]
        return Table([f"<{words('keeps')}", words("kept"), words("share")], rows, [words("total"), f"{kept:,}", ""])


def network_timeline(
    network: Network, batch_size: int = 1, dtype: str = "float32", optimizer: str | Optimizer = "Adam", mode: str = "train",
    foreach: bool = False, first: bool = False, accumulate: bool = False,
) -> Timeline:  # fmt: skip
    """The moments of one step on the CPU, `loss = model(x).sum()`; of a forward pass alone in the modes "eval" and "no_grad".

    `first` is the step in which the optimizer makes its state, `accumulate` one that adds to gradients which are there already,
    `foreach` an optimizer that works on all parameters at once. Source: what MemTracker of torch.distributed sees, torch 2.13.0.

    >>> peak = network_timeline(small_cnn(), batch_size=16).peak
    >>> peak.total, peak.cause
    (1378584, "relu1's backward holds the gradient that arrives, 250,880 B, and the one that it hands on, 250,880 B")
    """
    check_flags(foreach=foreach, first=first, accumulate=accumulate)
    memory, layers = predict_memory(network, batch_size, dtype, optimizer, mode), list(passes(network, batch_size, dtype, mode))
    stored = named_optimizer(optimizer)
    if mode == "train" and stored.temporaries is None:
        raise plainly(ValueError(words("memory.step_unknown", optimizer=stored.name)))
    stateless = first and stored.makes_state != "before it"
    step = _Step(memory, batch_size, DTYPES[dtype], network.input_shape, stateless, accumulate)
    for one in layers:
        step.forward(one, mode == "train")
    if mode == "train":
        step.loss()
        for one in reversed(layers):
            if one.after.live:
                step.backward(one)
        step.optimize(network, stored, optimizer if isinstance(optimizer, str) else stored.name, foreach, first)
    return Timeline(step.moments, {kept.name: kept.bytes for kept in keeps(network, batch_size, dtype, mode)[1:] if kept.bytes})


def network_largest_batch(network: Network, budget: float, dtype: str = "float32", optimizer: str | Optimizer = "Adam") -> int:
    """The largest batch whose step fits a budget of bytes at every moment, the optimizer's state in place; 0 where not even one image does.

    >>> network_largest_batch(small_cnn(), 10**9)
    16848
    """
    return batch_within(budget, lambda batch: [moment.total for moment in network_timeline(network, batch, dtype, optimizer)])


def batch_within(budget: float, totals: Callable[[int], list[int]]) -> int:
    """The largest batch that fits a budget at every moment, whose bytes `totals` gives. They grow by the same for each image: it is
    reckoned of two batches, tried with one more, and where it is not so, looked for."""
    budget = whole("largest_batch: budget", int(budget) if isinstance(budget, float) and budget.is_integer() else budget)  # 1e9

    def fits(batch: int) -> bool:
        try:
            return batch == 0 or max(totals(batch)) <= budget
        except ValueError:
            if batch > 1:
                raise
            return False  # a BatchNorm that needs two

    each = zip(totals(2), totals(3), strict=False)
    low = max(0, min(((budget - two) // (three - two) + 2 for two, three in each if three > two), default=1))
    high = low + 1
    while not fits(low):
        low, high = low // 2, low
    while fits(high):
        low, high = high, 2 * high
    return bisect_left(range(high), True, low + 1, key=lambda batch: not fits(batch)) - 1


def check_flags(**flags: bool) -> None:
    """An error for what is neither True nor False."""
    for flag, value in flags.items():
        one_of((False, True), flag, value)


class _Step:
    """What lives now. A map lives while it is handed on or somebody keeps it; weights, buffers and the input live always."""

    def __init__(self, memory: Memory, batch: int, size: int, input_shape: Shape, stateless: bool, accumulate: bool) -> None:
        self.memory, self.batch, self.size, self.accumulate = memory, batch, size, accumulate
        self.state, self.gradients, self.scalars = memory.state * (not stateless), memory.gradients * accumulate, 0
        self.maps, self.handed_on, self.keepers = {0: self.bytes_of(input_shape)}, set(), {}
        self.gradient, self.moments = 0, []

    def moment(self, phase: str, place: str, arriving: int = 0, leaving: int = 0) -> None:
        kept = sum(self.maps[storage] for storage in self.keepers.keys() - {0})
        passing = sum(self.maps[storage] for storage in self.handed_on - self.keepers.keys() - {0}) + self.scalars  # loss and its gradient
        now = self.memory.weights, self.gradients, self.state, self.memory.buffers, self.maps[0], kept, passing
        self.moments.append(Moment(phase, place, *now, arriving, leaving))

    def forward(self, one: Pass, training: bool) -> None:
        if training and one.stays and one.needs and one.after.live and one.before.storage in self.keepers:
            raise plainly(ValueError(words("memory.in_place", name=one.name, keeper=self.keepers[one.before.storage])))
        self.maps[one.after.storage], self.handed_on = self.bytes_of(one.after.shape), {one.before.storage, one.after.storage}
        more = {need.storage: need.bytes for need in one.needs if need.storage not in (one.before.storage, one.after.storage)}
        if one.after.live:
            self.maps |= more
            for need in one.needs:
                self.keepers.setdefault(need.storage, one.name)
        self.moment("forward", one.name, 0 if one.after.live else sum(more.values()))
        self.handed_on = {one.after.storage}

    def loss(self) -> None:
        self.scalars = self.size
        self.moment("loss", "sum")
        self.handed_on, self.scalars = set(), 2 * self.size  # and its gradient, which the whole of backward holds

    def backward(self, one: Pass) -> None:
        """A moment for each stage; what arrives, and what the layer kept, is there for the first alone. Where gradients are there
        already, the new ones of the parameters are added to them, and go."""
        own = self.size * one.layer.params * one.forward.trained
        if one.stays and not one.needs and not own:
            return  # a view hands on what arrives
        arriving = self.gradient or self.bytes_of(one.after.shape) * one.layer.wants_dense  # of a sum it is one number
        for stage in one.layer.stages(one.forward):
            makes, new = sum(map(self.bytes_of, stage.makes)), own * stage.own
            if one.stays and one.before.is_view:  # CopySlices of autograd copies the gradient and its part; a sum's it writes out first
                makes *= 3 if arriving else 4
            if self.accumulate:
                self.moment("backward", one.name, 0, arriving + makes + new)
            else:
                self.gradients += new
                self.moment("backward", one.name, arriving, makes)
            arriving = 0
            self.keepers = {storage: name for storage, name in self.keepers.items() if name != one.name}
        self.gradient = self.bytes_of(one.before.shape) * one.before.live

    def bytes_of(self, shape: Shape) -> int:
        return self.batch * self.size * math.prod(shape)

    def optimize(self, network: Network, stored: Optimizer, name: str, foreach: bool, first: bool) -> None:
        """Parameter by parameter, where what was made for the last one goes when the next has made its own; or all at once."""
        tensors = [(place, self.size * math.prod(shape)) for place, shape in trained_shapes(network)]
        total = sum(size for _, size in tensors)
        self.scalars, self.gradients, self.state, before = self.size, self.memory.gradients, self.memory.state, 0
        if foreach:
            one = STEP * (stored.counters > 0)  # in a tensor, to be added to the counters
            return self.moment("step", name, 0, max(one, stored.at_once * total))
        one_by_one = first and stored.makes_state == "on the way"
        self.state -= total * one_by_one
        for place, tensor in tensors:
            self.state += tensor * one_by_one
            self.moment("step", f"{name}, {place}", before, stored.temporaries * tensor)
            before = stored.leaves * tensor
