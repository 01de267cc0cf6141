"""build and compare, with PyTorch and torchinfo as the judges; a model is left as it was, whatever happens."""

import copy

import pytest
import torch
import torchinfo
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib import Conv2d, Layer, Network, ReLU, compare, count, measure_memory, small_cnn, vgg16_32
from course_lib.by_machine.evidence import ArticleVGG
from course_lib.by_machine.misfit import Misfit
from course_lib.by_machine.modules import build
from course_lib.by_machine.walk.structure import copy_on


class OfMyOwn(Layer):
    """A layer that PyTorch does not have."""


@pytest.mark.parametrize("sizes", [{}, {"batch_norm": True}, {"global_pool": True}, {"conv2_kernel": 5}, {"image": 64},
                                   {"pool1_kernel": 3, "pool2_kernel": 5}])  # fmt: skip
def test_build_has_the_same_parameters_buffers_and_shapes(sizes):
    network = small_cnn(**sizes)
    model, ledger = build(network).eval(), network.ledger()
    assert sum(p.numel() for p in model.parameters()) == ledger.params
    assert sum(b.numel() for b in model.buffers()) == ledger.buffers
    x = torch.zeros(2, *network.input_shape)
    for row, layer in zip(ledger, model, strict=True):
        x = layer(x)
        assert tuple(x.shape) == (2, *row.output_shape)


def test_frozen_layers_are_built_without_gradients():
    network = small_cnn().frozen("conv1", "fc2")
    trainable = sum(p.numel() for p in build(network).parameters() if p.requires_grad)
    assert trainable == network.ledger().trainable_params == 26_926 - 380 - 1_290


def test_what_is_made_of_a_network_is_frozen_where_that_was():
    network = small_cnn().frozen("conv1").frozen("fc2")
    for made in (network, network.fixed(), network.replace(conv2=Conv2d(5, 12, 5)), network.fixed().replace(relu1=ReLU(inplace=True))):
        trained = {name.partition(".")[0] for name, p in build(made).named_parameters() if p.requires_grad}
        assert trained == {"conv2", "fc1"}
        assert made.ledger().trainable_params == sum(p.numel() for p in build(made).parameters() if p.requires_grad)


def test_parameters_that_lie_in_one_storage_one_behind_the_other_are_two():
    flat, model = torch.arange(32.0), nn.Sequential(nn.Linear(4, 4, bias=False), nn.ReLU(), nn.Linear(4, 4, bias=False))
    model[0].weight, model[2].weight = (nn.Parameter(part.view(4, 4)) for part in flat.chunk(2))
    assert [row.params for row in count(model, (1, 4))] == [16, 0, 16]
    assert compare(model, (1, 4)).totals == (32, 32, 32)
    copied = copy_on("cpu", model)
    assert torch.equal(torch.cat([p.flatten() for p in copied.parameters()]), flat)


class Odd(nn.Module):
    """Everything at once: a tied weight, a layer used twice, one never used, a frozen one, a functional ReLU, a view."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.a, self.b, self.unused = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(5, 5)
        self.b.weight = self.a.weight
        self.norm = nn.Sequential(nn.BatchNorm1d(16), nn.Dropout(0.5))
        self.conv.requires_grad_(False)

    def forward(self, x):
        x = torch.relu(self.conv(x)).view(x.shape[0], -1)
        return self.norm(self.b(self.a(self.a(x))))


def state(model: nn.Module) -> list:
    parts = [(m.training, dict(m._forward_hooks), dict(m._forward_pre_hooks), sorted(vars(m))) for m in model.modules()]
    grads = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    return [copy.deepcopy(model.state_dict()), parts, grads, [p.requires_grad for p in model.parameters()]]


def same(before: list, after: list) -> bool:
    return str(before) == str(after) and all(torch.equal(b, a) for b, a in zip(before[0].values(), after[0].values(), strict=True))


def test_compare_on_an_odd_module():
    model = Odd()
    found = compare(model, (2, 3, 4, 4))
    assert found.totals[0] == found.totals[1] == sum(p.numel() for p in model.parameters())
    assert found.totals[2] == torchinfo.summary(model, (2, 3, 4, 4), verbose=0).total_params
    assert found.ledger.trainable_params == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert found.ledger.buffers == sum(b.numel() for b in model.buffers())
    reasons = {c.row.name: c.reason for c in found if c.row.params != c.torchinfo}
    assert set(reasons) == {"b", "unused"} and "shared with a" in reasons["b"] and "never used" in reasons["unused"]
    assert [c.row.params for c in found if c.row.name == "a"] == [272, 0]


@pytest.mark.parametrize("mode", ["train", "mixed", "eval"])
def test_the_model_is_left_as_it_was(mode):
    model = Odd().train(mode != "eval")
    if mode == "mixed":
        model.norm.eval()
    model(torch.randn(2, 3, 4, 4)).sum().backward()
    before, random = state(model), torch.random.get_rng_state()
    compare(model, (2, 3, 4, 4))
    assert same(before, state(model)) and torch.equal(random, torch.random.get_rng_state())
    with pytest.raises(ValueError, match="conv: expects 3 channels, but its input has 4"):
        compare(model, (2, 4, 4, 4))
    assert same(before, state(model))


class Raises(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x):
        raise RuntimeError("on purpose")


def test_a_forward_that_raises_leaves_no_trace():
    model = Raises()
    before = state(model)
    with pytest.raises(Misfit, match="forward: RuntimeError: on purpose") as failed:
        compare(model, (1, 2))
    assert type(failed.value.__cause__) is RuntimeError
    assert same(before, state(model))


@pytest.mark.parametrize(
    "ask, error, says",
    [
        (lambda: compare(nn.Linear, (1, 2)), TypeError, r"the class Linear; make one of it: Linear\(\)"),
        (lambda: compare(torch.jit.script(nn.Linear(2, 2)), (1, 2)), TypeError, "scripted"),
        (lambda: compare(nn.Linear(2, 2), (1, -2)), ValueError, "at least 1, not -2"),
        (lambda: count(nn.Linear(2, 2), (1, 2), torch.ones(1, 2)), TypeError, "give input_size .* or input_data"),
        (lambda: count(nn.Linear(2, 2)), TypeError, "give input_size .* or input_data"),
        (lambda: compare(nn.Linear(2, 2)), TypeError, "input_size with the batch"),
        (lambda: compare("net", (1, 2)), TypeError, "must be a Network or a torch.nn.Module"),
        (lambda: compare(nn.Linear(2, 2), (0, 2)), ValueError, "at least 1, not 0"),
        (lambda: compare(nn.Linear(2, 2), "1, 2"), TypeError, "a tuple with the batch"),
        (lambda: compare(nn.Linear(2, 2), (1, 2.0)), TypeError, "whole number, not 2.0"),
        (lambda: compare(nn.Conv2d(3, 5, 3), (3, 8, 8)), ValueError, r"has no batch; put one first, such as \(1, 3, 8, 8\)"),
        (lambda: compare(small_cnn(), (1, 3, 31, 31)), ValueError, "3×32×32"),
        (lambda: build(Network((3, 8, 8), forward=Conv2d(3, 4, 3))), ValueError, "forward: PyTorch's modules have something of this name"),
        (lambda: build(Network((3, 8, 8), training=Conv2d(3, 4, 3))), ValueError, "training: PyTorch's modules have"),
        (lambda: count(small_cnn(), input_data=torch.zeros(2, 3, 31, 31)), ValueError, "it takes batches of 3×32×32"),
        (lambda: compare(small_cnn(), input_data=torch.zeros(2, 3, 31, 31)), ValueError, "it takes batches of 3×32×32"),
        (lambda: measure_memory(nn.Sequential(nn.LazyLinear(2)), (1, 4)), ValueError, "no values yet.* a lazy layer its sizes"),
        (lambda: build(Network((3, 8, 8), mine=OfMyOwn())), TypeError, "mine: PyTorch has no module OfMyOwn"),
        (lambda: measure_memory(small_cnn(), (2, 3, 31, 31)), ValueError, "it takes batches of 3×32×32"),
        (lambda: count(small_cnn(), (16, 3, 64, 64)), ValueError, "it takes batches of 3×32×32"),
        (lambda: small_cnn().ledger(0), ValueError, "batch_size must be at least 1"),
        (lambda: small_cnn()["conv3"], KeyError, "there are conv1"),
        (lambda: small_cnn().frozen("conv3"), KeyError, "there are conv1"),
        (lambda: small_cnn().ledger()["conv3"], KeyError, "there are conv1"),
        (lambda: Network((3, 8, 8)), ValueError, "give it layers"),
        (lambda: Network((3, 8, 8), conv=nn.Conv2d(3, 5, 3)), TypeError, "conv: .* is PyTorch.s; import its namesake"),
        (lambda: Network((3, 8, 8), **{"a.b": Conv2d(3, 5, 3)}), ValueError, "'a.b' cannot name a layer"),
    ],
)
def test_bad_input_is_named(ask, error, says):
    with pytest.raises(error, match=says):
        ask()


def test_by_hand_and_torchinfo_agree_on_every_slider_of_the_small_cnn():
    for sizes in ({"conv1_kernel": 1}, {"conv1_channels": 32}, {"hidden": 1}, {"image": 17}, {"conv2_kernel": 7, "batch_norm": True}):
        assert compare(small_cnn(**sizes), (3, 3, sizes.get("image", 32), sizes.get("image", 32))).agree


class Block(nn.Module):
    """What models have: keyword calls, an empty shortcut, a loss kept in the model, a Swish of one's own, a ModuleList."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 1, bias=False)])
        self.shortcut, self.loss, self.norm = nn.Sequential(), nn.CrossEntropyLoss(), nn.BatchNorm2d(3, bias=False)
        self.drop, self.old = nn.Dropout2d(), nn.Linear(12, 10)

    def forward(self, x):
        for conv in self.convs:
            x = conv(input=x) + self.shortcut(x)
        return self.drop(self.norm(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_compare_takes_models_as_they_are(dtype):
    model = Block().to(dtype)
    found = compare(model, (2, 3, 8, 8))
    assert found.totals == (sum(p.numel() for p in model.parameters()),) * 3
    assert found.totals[2] == torchinfo.summary(Block(), (2, 3, 8, 8), verbose=0).total_params
    assert found.ledger.buffers == sum(b.numel() for b in model.buffers())


def test_frozen_and_tied_tensors_of_a_norm_are_told_apart():
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.BatchNorm2d(5))
    model[1].weight.requires_grad_(False)
    model[2].bias = model[1].bias
    ledger = compare(model, (2, 3, 8, 8)).ledger
    assert ledger.params == sum(p.numel() for p in model.parameters())
    assert ledger.trainable_params == sum(p.numel() for p in model.parameters() if p.requires_grad)


def test_a_users_hooks_see_nothing():
    model, seen = nn.Sequential(nn.Conv2d(3, 5, 3)), []
    model[0].register_forward_hook(lambda *_: seen.append(1))
    model[0].register_forward_pre_hook(lambda *_: seen.append(2))
    compare(model, (2, 3, 8, 8))
    assert not seen


class Padded(nn.Conv2d):
    def forward(self, x):
        return super().forward(nn.functional.pad(x, (1, 1, 1, 1)))


def test_a_layer_with_a_forward_of_its_own_is_not_taken_for_another():
    (row,) = count(nn.Sequential(Padded(3, 4, 3)), (1, 3, 8, 8))
    assert (row.by, row.output_shape, row.macs, row.params) == ("machine", (4, 8, 8), 27 * 4 * 64, 112)


def test_blocks_registered_twice_count_once():
    assert compare(ArticleVGG(), (1, 3, 32, 32)).totals == (15_119_690,) * 3
    with FlopCounterMode(display=False) as counter:
        ArticleVGG().eval()(torch.zeros(1, 3, 32, 32))
    assert counter.get_total_flops() == 2 * vgg16_32().ledger().macs == 2 * 313_592_320


def test_torchinfos_mult_adds_with_batchnorm_are_by_hand():
    network = small_cnn(batch_norm=True)
    asked = torchinfo.summary(build(network), (16, 3, 32, 32), verbose=0)
    assert asked.total_mult_adds == 16 * (network.ledger().macs + network.ledger().bias_additions + 290) == 16 * 379_404


def test_the_pools_of_the_articles_text_end_in_the_same_map():
    code, text = small_cnn().ledger(), small_cnn(pool1_kernel=3, pool2_kernel=5).ledger()
    assert text["conv2"].input_shape == (5, 13, 13) and text["flatten"].output_shape == code["flatten"].output_shape == (192,)
    assert (text.params, text.macs) == (26_926, 385_196)


def test_a_compiled_model_is_measured_as_what_it_wraps():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    assert measure_memory(torch.compile(model), (2, 3, 8, 8)) == measure_memory(model, (2, 3, 8, 8))


def test_a_networks_batch_is_that_of_the_input_however_it_is_given():
    blank = torch.zeros(16, 3, 32, 32)
    truth = count(build(small_cnn()), (16, 3, 32, 32)).macs
    assert {count(small_cnn(), 16).macs, count(small_cnn(), (16, 3, 32, 32)).macs, count(small_cnn(), input_data=blank).macs} == {truth}
    for found in (compare(small_cnn(), 16), compare(small_cnn(), input_data=blank), compare(small_cnn(), (16, 3, 32, 32))):
        assert found.ledger.macs == truth and found.agree
    assert measure_memory(small_cnn(), 16) == measure_memory(small_cnn(), input_size=None, input_data=blank)
