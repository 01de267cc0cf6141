"""Nothing that a forward reaches outside of its module is changed by a walk, by a measured step, or by a comparison."""

import sys
from collections import Counter, deque
from functools import lru_cache, partial
from types import ModuleType

import pytest
import torch
from torch import nn

from course_lib import compare, count, measure_memory, measure_peak, timeline

RECENT, SEEN, CALLS = deque(maxlen=2), Counter(), 0
TENSOR, WEIGHT, NORM = torch.ones(4), nn.Parameter(torch.ones(4)), nn.BatchNorm1d(4)
STATE = ModuleType("course_tests_state")
STATE.calls, STATE.sizes = 0, []


class Tally:
    def __init__(self):
        self.calls, self.last = 0, None


TALLY = Tally()


@lru_cache
def scale(width: int) -> torch.Tensor:
    return torch.ones(width)


class Net(nn.Module):
    """A linear layer, and what somebody does beside it."""

    calls = 0
    sizes: list = []

    def __init__(self, beside=None):
        super().__init__()
        self.fc, self.beside = nn.Linear(4, 4), beside

    def forward(self, x):
        return self.beside(self, self.fc(x)) if self.beside else self.fc(x)


class Counted(Net):
    def forward(self, x):
        Counted.calls += 1
        type(self).new = x
        self.sizes.append(x.shape)
        return self.fc(x)


class Global(Net):
    def forward(self, x):
        global CALLS
        CALLS += 1
        RECENT.append(x)
        SEEN["calls"] += 1
        TALLY.calls += 1
        TALLY.last = x
        STATE.calls += 1
        STATE.sizes.append(len(x))
        return self.fc(x) * scale(4)


class Outer(Net):
    def forward(self, x):
        x = NORM(self.fc(x)) * WEIGHT
        with torch.no_grad():
            TENSOR.add_(x.sum(0))
        return x


class Default(Net):
    def forward(self, x, seen=[], net=nn.Linear(4, 4)):  # noqa: B006, B008
        seen.append(x)
        return net(self.fc(x))


def with_its_forward_around():
    model = Net()
    model.norm = nn.BatchNorm1d(4)
    inner = model.forward
    model.forward = lambda x: model.norm(inner(x))
    return model


def counting_in_a_closure():
    model, calls = Net(), 0

    def beside(self, x):
        nonlocal calls
        calls += 1
        return x

    model.beside = beside
    return model


MODELS = {
    "class": Counted,
    "globals": Global,
    "outer modules": Outer,
    "a default": Default,
    "its forward around": with_its_forward_around,
    "a closure": counting_in_a_closure,
    "a partial": lambda: Net(partial(lambda net, self, x: net(x), nn.BatchNorm1d(4))),
    "a list": lambda: Net(lambda self, x, seen=[]: (seen.append(x), x)[1]),  # noqa: B006
}
ASKS = {
    "count": count,
    "count in training": partial(count, train=True),
    "compare": compare,
    "timeline": timeline,
    "measure_memory": measure_memory,
    "measure_peak": measure_peak,
}


def seen_from(value, found: dict, path: str = "") -> dict:
    """Everything that a value leads to, in words: by path, values and identities."""
    if id(value) in found.setdefault("ids", set()) or len(path) > 200:
        return found
    found["ids"].add(id(value))
    if isinstance(value, torch.Tensor):
        found[path] = id(value), value.tolist(), value.requires_grad, str(value.grad) if value.is_leaf else "", value.data_ptr()
        return found
    found[path] = value if isinstance(value, (int, float, str, bool, type(None), torch.Size)) else id(value)
    parts = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, (list, tuple, set, deque)):
        parts = list(enumerate(value))
    found[f"{path}#"] = len(parts)
    for name in ("__dict__", "__closure__", "__defaults__", "__self__", "func", "args", "cell_contents"):
        if not isinstance(value, type) and hasattr(value, name) and not isinstance(value, ModuleType):
            parts.append((name, getattr(value, name)))
    for name, part in parts:
        seen_from(part, found, f"{path}.{name}")
    return found


def everything(model: nn.Module) -> dict:
    found = seen_from(model, {})
    for name in ("RECENT", "SEEN", "CALLS", "TENSOR", "WEIGHT", "NORM", "TALLY"):
        seen_from(globals()[name], found, name)
    for owner in (STATE, Net, type(model)):
        for name in vars(owner).keys() - {"__dict__", "__weakref__"}:
            seen_from(vars(owner)[name], found, f"{owner.__name__}.{name}")
    found["cached"] = scale.cache_info().currsize
    found["random"] = torch.random.get_rng_state().tolist()
    del found["ids"]
    return found


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_nothing_outside_is_changed(make, ask, monkeypatch):
    monkeypatch.setitem(sys.modules, STATE.__name__, STATE)
    scale.cache_clear()
    model = make()
    before = everything(model)
    ask(model, (3, 4))
    after = everything(model)
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == set()


def test_what_a_function_holds_is_counted_and_named():
    class Holder:
        def __init__(self):
            self.net = nn.Linear(4, 2)

    held = Net(Holder())
    held.beside.__class__.__call__ = lambda holder, self, x: holder.net(x)
    for model in (held, Net(partial(lambda net, self, x: net(x), nn.Linear(4, 2))), Net(lambda self, x, net=nn.Linear(4, 2): net(x))):  # noqa: B008
        assert [row.params for row in count(model, (1, 4))] == [20, 10]
        assert "not registered" in count(model, (1, 4))[1].note
