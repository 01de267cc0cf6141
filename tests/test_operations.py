"""What is remembered of an operation is what PyTorch gives each time: the same calls with and without, by size, stride, dtype, storage."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import flop_registry

from course_lib import count
from course_lib.by_machine.walk import operations, prices
from course_lib.by_machine.walk.operations import Operations, storage


def blank(*size: int, dtype=None) -> torch.Tensor:
    return torch.empty(size, device="meta", dtype=dtype)


def like(tensor: torch.Tensor) -> tuple:
    return tensor.shape, tensor.stride(), tensor.dtype, tensor.device


PAIRS = {  # two calls that differ in something small, and give different results
    "the number's type": (lambda: blank(3, dtype=torch.int64) + 1, lambda: blank(3, dtype=torch.int64) + 1.0),
    "True and 1": (lambda: blank(3, dtype=torch.bool) + True, lambda: blank(3, dtype=torch.bool) + 1),
    "strides": (lambda: blank(2, 3).clone(), lambda: blank(3, 2).t().clone()),
    "memory format": (lambda: blank(1, 3, 8, 8).relu(), lambda: blank(1, 3, 8, 8).to(memory_format=torch.channels_last).relu()),
    "a keyword": (lambda: blank(2, 3).sum(1), lambda: blank(2, 3).sum(1, keepdim=True)),
    "a dtype": (lambda: torch.zeros(3, device="meta"), lambda: torch.zeros(3, device="meta", dtype=torch.float64)),
    "an optional tensor": (lambda: F.layer_norm(blank(2, 3), (3,)), lambda: F.layer_norm(blank(2, 4), (4,), blank(4))),
}


@pytest.mark.parametrize("first, second", PAIRS.values(), ids=PAIRS)
def test_calls_that_differ_are_told_apart(first, second):
    expected = [like(first()), like(second())]
    assert expected[0] != expected[1]
    operations._known.clear()
    with Operations():
        for _ in range(2):
            assert [like(first()), like(second())] == expected


def test_the_default_dtype_counts():
    operations._known.clear()
    with Operations():
        for dtype in (torch.float32, torch.float64, torch.float32):
            torch.set_default_dtype(dtype)
            try:
                assert (blank(3, dtype=torch.int64) / 2).dtype is dtype
            finally:
                torch.set_default_dtype(torch.float32)


def test_what_changes_a_tensor_changes_it_each_time():
    operations._known.clear()
    with Operations():
        for _ in range(3):
            turned, grown, other = blank(2, 3), blank(2), blank(5)
            turned.t_()
            grown.resize_(4)
            other.set_(grown)
            assert (turned.shape, grown.shape, other.shape) == ((3, 2), (4,), (4,)) and storage(other) == storage(grown)
            same = blank(4)
            same.set_(grown)  # of the same sizes: only the storage tells
            assert storage(same) == storage(grown)
            out = blank(0)
            assert torch.add(blank(3), 1, out=out) is out and out.shape == (3,)
            x = blank(3)
            assert x.relu_() is x and x.add_(1) is x


def test_views_share_their_storage_each_time():
    x = blank(2, 3)
    with Operations():
        for _ in range(2):
            assert all(storage(view) == storage(x) for view in (x.t(), x.view(6), x[0], x.expand(4, 2, 3), x.detach()))
            assert storage(x.clone()) != storage(x)


def test_a_kernel_runs_once_for_the_same_sizes(monkeypatch):
    """The course's walks take less than a bare pass, since the meta device's Python runs once."""
    model, x = (
        nn.Sequential(*[nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)) for _ in range(5)]).to("meta").eval(),
        blank(1, 4, 8, 8),
    )
    priced = []
    registry = {packet: lambda *a, price=price, **k: priced.append(price) or price(*a, **k) for packet, price in flop_registry.items()}
    monkeypatch.setattr(prices, "flop_registry", registry)
    operations._known.clear()
    heard = []
    with torch.no_grad(), Operations(lambda op, result: heard.append(op)):
        model(x)
    assert len(priced) == 1 and sum(op.macs > 0 for op in heard) == 5


def test_a_price_that_is_registered_later_counts(monkeypatch):
    matrix, vector, heard = blank(4, 3), blank(3), []
    with Operations(lambda op, result: heard.append(op)):
        matrix @ vector
        monkeypatch.setitem(flop_registry, torch.ops.aten.mv, lambda *args, out_val: 2)
        matrix @ vector
    assert [op.macs for op in heard] == [12, 1]


def test_values_are_never_remembered():
    with Operations():
        assert [int(torch.tensor([1, 2, 3])[n] + 1) for n in range(3)] == [2, 3, 4]
        assert float(torch.ones(2).sum()) == 2 and float((torch.ones(2) * 2).sum()) == 4


def test_it_forgets_before_it_grows_too_large(monkeypatch):
    monkeypatch.setattr(operations, "REMEMBERED", 5)
    with Operations():
        for n in range(1, 20):
            blank(n).relu()
    assert len(operations._known) <= 5


def test_what_a_mask_lets_through_is_told_by_its_values():
    class Chosen(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.last = nn.Linear(4, 4, bias=False), nn.Linear(1, 3, bias=False)

        def forward(self, x, *masks):
            x = self.fc(x)
            return [self.last(chosen[:, None]) for mask in masks for chosen in (x.masked_select(mask), x[mask])]

    masks = [torch.arange(8).view(2, 4) < n for n in (1, 8)]  # of the same sizes
    rows = count(Chosen(), input_data=(torch.zeros(2, 4), *masks))
    assert [row.macs for row in rows if row.name == "last"] == [3, 3, 24, 24]
