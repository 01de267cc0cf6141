"""A step without values against the same step for real: the whole curve, every place, every part; nothing is computed or allocated."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from course_lib import build, count, largest_batch, measure_peak, small_cnn, timeline, vgg16_32
from course_lib.by_machine.measuring import step_lives


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.norm, self.pool = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.MaxPool2d(2)
        self.deep, self.up, self.last = nn.Conv2d(8, 16, 3, padding=1), nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(16, 4, 3, padding=1)

    def forward(self, x):
        wide = torch.relu(self.norm(self.down(x)))
        deep = torch.relu_(self.deep(self.pool(wide)))
        return self.last(torch.cat([self.up(deep), wide], 1))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 16)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(2, (12, 4)).transpose(1, 2).chunk(3, 1)
        return x + self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class Checkpointed(nn.Module):
    def __init__(self, reentrant):
        super().__init__()
        self.first, self.blocks, self.reentrant = nn.Linear(16, 16), nn.ModuleList([Attention(), Attention()]), reentrant

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=self.reentrant)
        return x


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv, self.norm, self.relu = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(True)

    def forward(self, x):
        return self.relu(self.norm(self.conv(x)) + x)


class Inverted(nn.Module):
    def __init__(self):
        super().__init__()
        self.expand, self.norm, self.act = nn.Conv2d(4, 16, 1, bias=False), nn.BatchNorm2d(16), nn.Hardswish(True)
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.pool, self.gate, self.out, self.drop = nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 16, 1), nn.Conv2d(16, 4, 1), nn.Dropout(0.2)

    def forward(self, x):
        y = self.depthwise(self.act(self.norm(self.expand(x))))
        return x + self.drop(self.out(y * F.hardsigmoid(self.gate(self.pool(y)))))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.cells, self.last = kind(6, 7, 2, batch_first=True), nn.Linear(7, 3)

    def forward(self, x):
        states = self.cells(x)[0]
        assert not torch.isnan(states).any()
        return self.last(states[:, -1])


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), 2)

    def forward(self, tokens):
        return self.layers(self.embed(tokens), src_key_padding_mask=tokens == 0)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.mix = nn.Embedding(50, 16), nn.Linear(16, 16)

    def forward(self, tokens):
        return F.cross_entropy((self.mix(self.embed(tokens)) @ self.embed.weight.t()).flatten(0, 1), tokens.flatten())


class Cast(nn.Module):
    """A module under autocast."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.inner(x)


class Turned(nn.Module):
    """A norm whose gradient arrives with its axes the other way round."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(16, 16), nn.LayerNorm(16), nn.Conv1d(16, 4, 3)

    def forward(self, x):
        return self.last(self.norm(self.first(x)).transpose(1, 2))


class Unfolded(nn.Module):
    """Windows as rows: the kernel that puts their gradients together cuts the result out of a larger storage."""

    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(3, 4, 3), nn.Linear(36, 3)

    def forward(self, x):
        return self.last(F.unfold(self.conv(x), 3).transpose(1, 2))


def frozen(model: nn.Module, *names: str) -> nn.Module:
    for name in names:
        model.get_submodule(name).requires_grad_(False)
    return model


TOKENS, IMAGES, SEQUENCE = torch.randint(0, 50, (3, 7)), (4, 3, 16, 16), (2, 6, 16)
MODULES = {
    "u-net": (UNet, IMAGES),
    "u-net, front frozen": (lambda: frozen(UNet(), "down", "norm"), IMAGES),
    "u-net, autocast": (lambda: Cast(UNet()), IMAGES),
    "u-net, bfloat16": (lambda: UNet().bfloat16(), IMAGES),
    "u-net, float64": (lambda: UNet().double(), IMAGES),
    "attention": (Attention, SEQUENCE),
    "attention, autocast": (lambda: Cast(Attention()), SEQUENCE),
    "checkpointed": (lambda: Checkpointed(False), SEQUENCE),
    "checkpointed, reentrant": (lambda: Checkpointed(True), SEQUENCE),
    "residual": (lambda: nn.Sequential(nn.Conv2d(3, 8, 3), Residual(8), Residual(8)), IMAGES),
    "residual, autocast": (lambda: Cast(nn.Sequential(nn.Conv2d(3, 8, 3), Residual(8))), IMAGES),
    "inverted": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), Inverted(), Inverted()), IMAGES),
    "lstm": (lambda: Recurrent(nn.LSTM), (4, 5, 6)),
    "gru": (lambda: Recurrent(nn.GRU), (4, 5, 6)),
    "in place on a view": (lambda: nn.Sequential(nn.Linear(6, 8), nn.ReLU(True), nn.Linear(8, 4)), (4, 5, 6)),
    "norm of the input": (lambda: nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)), IMAGES),
    "turned": (Turned, SEQUENCE),
    "unfolded": (Unfolded, (2, 3, 8, 8)),
    "channels last": (lambda: UNet().to(memory_format=torch.channels_last), IMAGES),
    "norm under autocast": (lambda: Cast(nn.Sequential(nn.Linear(16, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 4))), SEQUENCE),
    "lazy": (lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5)), IMAGES),
    "masked": (Masked, TOKENS),
    "tied": (Tied, TOKENS),
}
STEPS = {
    "SGD": {"optimizer": "SGD"},
    "Adam": {"optimizer": "Adam"},
    "foreach": {"optimizer": "Adam", "foreach": True},
    "first": {"optimizer": "Adam", "first": True},
    "eval": {"mode": "eval"},
    "no_grad": {"mode": "no_grad"},
    "accumulate": {"optimizer": "SGD momentum", "accumulate": True},
}


def heard(model: nn.Module, given, device: str, optimizer="Adam", mode="train", foreach=False, first=False, accumulate=False):
    """A step of these, heard."""
    size, data = (None, given) if isinstance(given, torch.Tensor) else (given, None)
    return step_lives(model, size, None, optimizer, mode, foreach, first, accumulate, data, device)


@pytest.mark.filterwarnings("ignore:None of the inputs")
@pytest.mark.parametrize("how", STEPS)
@pytest.mark.parametrize("name", MODULES)
def test_a_step_without_values_is_the_real_one(name, how):
    make, given = MODULES[name]
    model = make()
    if name == "lazy":
        lazy, model = model, copy.deepcopy(model)
        model(torch.zeros(given))
        assert timeline(lazy, given).peak.total == timeline(model, given).peak.total
    without, real = (heard(model, given, device, **STEPS[how]) for device in ("hollow", "cpu"))
    assert without.turns == real.turns and without.totals == real.totals
    assert list(without.timeline()) == list(real.timeline()) and without.timeline().kept == real.timeline().kept


def turns(moments) -> dict:
    """The parts at each place, but for where a view hands on what it is given, and the loss's way back; a parameter by its layer."""
    return {
        (m.phase, m.place.removesuffix(".weight")): m[2:] for m in moments if m.place not in ("flatten", "sum") and ".bias" not in m.place
    }


@pytest.mark.parametrize("network", [small_cnn(), small_cnn(batch_norm=True), vgg16_32()], ids=["small", "norms", "vgg"])
def test_by_hand_and_by_machine_every_moment_is_the_same(network):
    walked, reckoned = timeline(build(network), (4, *network.input_shape)), timeline(network, 4)
    assert sum(walked.kept.values()) == sum(reckoned.kept.values()) and walked.peak.total == reckoned.peak.total
    by_machine = turns(timeline(build(network), (4, *network.input_shape), optimizer="SGD"))
    by_hand = turns(timeline(network, 4, optimizer="SGD"))
    differ = {
        place: (by_hand[place], by_machine.get(place)) for place in by_hand if sum(by_hand[place]) != sum(by_machine.get(place, (0,)))
    }
    assert not differ


def test_a_timeline_of_a_module_is_shown_with_its_heaviest_moments():
    long = timeline(nn.Sequential(*[nn.Sequential(nn.Linear(8, 8), nn.ReLU()) for _ in range(30)]), (4, 8))
    shown = str(long)
    assert f"40 of {len(long)} moments" in shown and shown.count("◀") == 1 and f"The peak: {long.peak.total:,} B" in shown
    heaviest = str(long.heaviest(3)).splitlines()
    assert len(heaviest) == 1 + 3 + 1 + 1 and heaviest[-1].split()[1] == f"{sum(long.kept.values()):,}"
    kept = sorted(long.kept.values(), reverse=True)
    assert [line.split()[-3].replace(",", "") for line in heaviest[1:4]] == [str(size) for size in kept[:3]]


def test_a_forward_that_asks_for_a_value_is_run_for_real_and_says_so():
    class Asks(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x):
            x = self.fc(x)
            return x * 2 if x.sum() > 0 else x

    shown = timeline(Asks(), (2, 4))
    assert "Run for real" in str(shown) and shown.peak.total == measure_peak(Asks(), (2, 4))
    with torch.device("meta"), pytest.raises(ValueError, match="no values yet"):
        timeline(Asks(), (2, 4))


def test_a_single_number_keeps_its_value():
    """A forward may ask for one, and nothing needs to run for that; after a step of the optimizer it is not known any more."""

    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.gate = nn.Linear(4, 4), nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            return self.fc(x) * self.gate if self.gate > 1 else self.fc(self.fc(x))

    shown = timeline(Gated(), (3, 4), mode="eval")
    assert shown.notes == () and shown.peak.total == measure_peak(Gated(), (3, 4), mode="eval") and count(Gated(), (3, 4)).macs == 48
    assert timeline(Gated(), (3, 4)).peak.total == measure_peak(Gated(), (3, 4))


BATCHES = {
    "u-net": (UNet, (1, 3, 16, 16), {}),
    "checkpointed": (lambda: Checkpointed(False), (7, 6, 16), {"optimizer": "SGD"}),
    "lstm, foreach": (lambda: Recurrent(nn.LSTM), (1, 5, 6), {"foreach": True}),
    "tokens": (Masked, TOKENS, {}),
}


@pytest.mark.parametrize("make, given, how", BATCHES.values(), ids=BATCHES)
def test_the_largest_batch_fits_for_real_and_one_more_does_not(make, given, how):
    model = make()
    size, data = (None, given) if isinstance(given, torch.Tensor) else (given, None)

    def real(batch: int) -> int:
        rows = None if data is None else data[torch.arange(batch) % len(data)]
        return measure_peak(model, None if size is None else (batch, *size[1:]), input_data=rows, **how)

    for enough in (2, 5, 17):
        budget = real(enough)
        assert largest_batch(model, budget, size, input_data=data, **how) == enough
        assert largest_batch(model, budget - 1, size, input_data=data, **how) == enough - 1
        assert real(enough + 1) > budget
    assert largest_batch(model, 1000, size, input_data=data, **how) == 0


def test_a_batch_norm_that_needs_two_has_no_largest_batch_of_one():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    two = measure_peak(model, (2, 4))
    assert largest_batch(model, two, (2, 4)) == 2 and largest_batch(model, two - 1, (2, 4)) == 0


def test_flags_are_flags():
    for how in ({"accumulate": 4}, {"foreach": "yes"}, {"first": 2.5}, {"accumulate": -1}):
        for ask in (timeline, measure_peak):
            for model in (small_cnn(), nn.Linear(4, 2)):
                with pytest.raises((TypeError, ValueError), match=next(iter(how))):
                    ask(model, (2, 4) if isinstance(model, nn.Module) else 2, **how)
