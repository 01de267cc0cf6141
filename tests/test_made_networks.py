"""Networks that nobody wrote: random modules, functional calls, operators and sharing, counted by the walk and by PyTorch."""

import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runs import examples
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib import compare, count
from course_lib.by_machine.walk import operations
from course_lib.by_machine.walk.operations import Operations

CHANNELS = 4  # of every map, so that any two of them can be added, and any step can follow any other


class Made(nn.Module):
    """A chain of named steps; each step of a map, then each step of a vector, may use a module, or a parameter, that another step uses."""

    def __init__(self, steps, tail):
        super().__init__()
        self.steps, self.tail = steps, tail
        c = CHANNELS
        self.conv, self.depthwise = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1, groups=c, bias=False)
        self.up, self.norm, self.prelu = nn.ConvTranspose2d(c, c, 2, stride=2), nn.BatchNorm2d(c), nn.PReLU(c)
        self.kernel, self.gain = nn.Parameter(torch.randn(c, c, 1, 1)), nn.Parameter(torch.ones(c, 1, 1))
        self.first, self.hidden = nn.LazyLinear(6), nn.Linear(6, 6)
        self.weight, self.layer_norm = nn.Parameter(torch.randn(6, 6)), nn.LayerNorm(6)
        self.tied = nn.Linear(6, 6, bias=False)
        self.tied.weight = self.hidden.weight

    def forward(self, x):
        for step in self.steps:
            x = MAPS[step](self, x)
        x = self.first(torch.flatten(x, 1))
        for step in self.tail:
            x = VECTORS[step](self, x)
        return x


MAPS = {
    "conv": lambda s, x: s.conv(x),
    "depthwise": lambda s, x: s.depthwise(x),
    "transposed": lambda s, x: F.max_pool2d(s.up(x), 2),
    "norm": lambda s, x: s.norm(x),
    "prelu": lambda s, x: s.prelu(x),
    "functional": lambda s, x: F.conv2d(x, s.kernel),
    "its weight again": lambda s, x: F.conv2d(x, s.conv.weight, padding=1),
    "its forward": lambda s, x: s.conv.forward(x),
    "residual": lambda s, x: x + s.depthwise(x),
    "dense": lambda s, x: torch.cat([x, F.relu(x)], 1)[:, CHANNELS:],
    "scaled": lambda s, x: x * s.gain,
    "in place": lambda s, x: F.relu(x * 1, inplace=True),
    "einsum": lambda s, x: x * torch.einsum("bchw,bdhw->bcd", x, x).mean(-1)[..., None, None],
    "unfolded": lambda s, x: (s.conv.weight.flatten(1) @ F.unfold(x, 3, padding=1)).view_as(x),
}
VECTORS = {
    "linear": lambda s, x: s.hidden(x),
    "tied": lambda s, x: s.tied(x),
    "its weight turned": lambda s, x: x @ s.hidden.weight.t(),
    "matrix": lambda s, x: x @ s.weight,
    "functional": lambda s, x: F.linear(x, s.weight.mT),
    "outer": lambda s, x: torch.bmm(x[:, :, None], x[:, None]).sum(-1),
    "norm": lambda s, x: s.layer_norm(x),
    "addmm": lambda s, x: torch.addmm(x, x, s.weight),
    "residual": lambda s, x: x + s.hidden(F.gelu(x)),
}


@st.composite
def made(draw):
    model = Made(draw(st.lists(st.sampled_from(sorted(MAPS)), max_size=6)), draw(st.lists(st.sampled_from(sorted(VECTORS)), max_size=5)))
    size = draw(st.integers(1, 3)), CHANNELS, draw(st.integers(3, 7)), draw(st.integers(3, 7))
    model.eval()(torch.zeros(size))  # the lazy layer takes its sizes
    return model, size


every = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@every
@given(made())
def test_the_macs_are_half_of_what_pytorch_counts_and_every_parameter_is_counted_once(made):
    model, size = made
    with FlopCounterMode(display=False) as pytorch, torch.no_grad():
        model(torch.zeros(size))
    ledger = count(model, size)
    assert 2 * ledger.macs == pytorch.get_total_flops()
    assert ledger.params == sum(p.numel() for p in model.parameters())
    assert ledger.buffers == sum(b.numel() for b in model.buffers())


@every
@given(made())
def test_what_is_called_never_used_is_what_no_gradient_reaches(made):
    model, size = made
    model(torch.zeros(size)).sum().backward()
    without = sum(p.numel() for p in model.parameters() if p.grad is None)
    assert sum(row.params for row in count(model, size) if row.note == "never used in forward") == without


@every
@given(made())
def test_compare_has_a_reason_for_every_difference(made):
    model, size = made
    found = compare(model, size)
    assert all(compared.agree or compared.reason for compared in found)
    assert found.totals[1] == sum(p.numel() for p in model.parameters())


@every
@given(made())
def test_a_remembered_operation_gives_what_the_kernel_gives(made):
    model, size = made
    x, model = torch.empty(size, device="meta"), model.to("meta").eval()
    heard = [[], []]
    operations._known.clear()
    with torch.no_grad():
        plain = model(x)
        for ops in heard:
            with Operations(lambda op, result, ops=ops: ops.append(op)):
                again = model(x)
            assert (again.shape, again.stride(), again.dtype, again.device) == (plain.shape, plain.stride(), plain.dtype, plain.device)
    assert [(op.name, op.macs) for op in heard[0]] == [(op.name, op.macs) for op in heard[1]]
