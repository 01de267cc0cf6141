"""A training step heard from its first operation to its last: which storages live, from when to when, who made them, and what for."""

import weakref
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate, groupby

import torch

from course_lib.by_hand.step import Moment, Timeline
from course_lib.by_machine.walk.operations import Op, storage, tensors

LOSS = "sum"
PARTS = ("weights", "gradients", "state", "buffers", "input", "kept", "passing")


@dataclass
class Life:
    """A storage: its bytes, who made it or owns it, in which phase and by which operation, and by which it was gone."""

    bytes: int
    owner: str
    phase: str
    born: int
    use: str = ""
    gone: int | None = None

    @property
    def part(self) -> str:
        """Which part of a moment it is; what has no other use passes, or is at work in backward and in the optimizer's step."""
        return self.use or ("passing" if self.phase in ("forward", "loss") or self.owner == LOSS else "at_work")


class Lives:
    """Hears every operation of a step. `heard` has the phase and the place of each, `all` every storage that lived."""

    def __init__(self, place_of: Callable[[Op], str]) -> None:
        self.place_of, self.phase = place_of, "forward"
        self.heard: list[tuple[str, str]] = []
        self.all: list[Life] = []
        self.now: dict[int, Life] = {}

    def add(self, found: Iterable[torch.Tensor], owner: str, use: str = "") -> None:
        """The storages of these tensors live from now on; those that are known keep their owner."""
        for tensor in found:
            if tensor.layout is not torch.strided or storage(tensor) in self.now:
                continue
            whole = tensor.untyped_storage()
            life = self.now[whole._cdata] = Life(whole.nbytes(), owner, self.phase, len(self.heard), use)
            self.all.append(life)
            weakref.finalize(whole, self._end, whole._cdata).atexit = False

    def _end(self, place: int) -> None:
        self.now.pop(place).gone = len(self.heard)

    def hear(self, op: Op, result) -> None:
        place = self.place_of(op)
        self.add(tensors(result), place)
        self.heard.append((self.phase, place))

    def begin(self, phase: str, *_) -> None:
        """Another phase begins; what forward made and what lives when backward begins is kept."""
        self.phase = phase
        if phase == "backward":
            for life in self.now.values():
                if life.part == "passing" and life.phase == "forward":
                    life.use = "kept"

    def belong(self, found: Iterable[torch.Tensor], owner: str, use: str) -> None:
        """What these tensors, that are there at the end, turned out to be for."""
        for tensor in found:
            life = self.now.get(storage(tensor))
            if life is not None and not life.use:
                life.use, life.owner = use, owner

    @property
    def changes(self) -> list[list[tuple[int, Life]]]:
        """At each operation, and after the last, the lives that begin there, with 1, and those that end, with -1."""
        found = [[] for _ in range(len(self.heard) + 1)]
        for life in self.all:
            found[life.born].append((1, life))
            found[-1 if life.gone is None else life.gone].append((-1, life))
        return found

    @property
    def totals(self) -> list[int]:
        """The bytes that live at each operation."""
        return list(accumulate(sum(sign * life.bytes for sign, life in found) for found in self.changes))[:-1]

    def timeline(self) -> Timeline:
        """A moment for each place in its turn: that of its operation with the most bytes."""
        changes, totals, parts, end, moments = self.changes, self.totals, Counter(), 0, []
        for (phase, place), turn in groupby(self.heard):
            begin, end = end, end + sum(1 for _ in turn)
            most = max(range(begin, end), key=totals.__getitem__)
            for step in range(begin, end):
                for sign, life in changes[step]:
                    parts[life.part] += sign * life.bytes
                if step == most:
                    new = [life for found in changes[begin : step + 1] for sign, life in found if sign > 0 and life.part == "at_work"]
                    leaving = sum(life.bytes for life in new if life.gone is None or life.gone > step)
                    moments.append(Moment(phase, place, *map(parts.__getitem__, PARTS), parts["at_work"] - leaving, leaving))
        kept = Counter()
        for life in self.all:
            kept[life.owner] += life.bytes * (life.use == "kept")
        return Timeline(moments, +kept)
