"""Every by-hand layer against PyTorch, on settings that fit and settings that do not.

A case is a layer's kind, its arguments and an input's shape. `verdict` puts it to both sides and compares parameters,
buffer values, MACs and output shape, or the fact that both refuse. `benchmarks/agree.py` asks the same of 20,000.
"""

import dataclasses
import inspect
import math
import pickle
import random
import re
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import NamedTuple

import drawn
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import every_case
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import course_lib
from course_lib import predict_memory
from course_lib.by_hand import AdaptiveAvgPool1d, AdaptiveAvgPool2d, Conv2d, Layer, LayerNorm, Network, output_size, small_cnn, vgg16_32
from course_lib.by_hand.layers import LAYERS
from course_lib.by_hand.layers.base import Count
from course_lib.by_hand.layers.conv import _Windowed

settings.register_profile("course", max_examples=40, derandomize=True, deadline=None, print_blob=True)
settings.load_profile("course")
ROOT = Path(__file__).parents[1]
BATCH = 2
AGREED = ("fits", "misfits", "stricter")  # what `verdict` answers where all is well


class Case(NamedTuple):
    kind: str
    arguments: dict
    input_shape: tuple[int, ...]  # without the batch

    def having(self, **arguments) -> "Case":
        return self._replace(arguments=self.arguments | arguments)


class Facts(NamedTuple):
    params: int
    buffers: int
    macs: int
    output_shape: tuple[int, ...]


def by_hand(case: Case) -> Facts | Exception:
    try:
        layer = LAYERS[case.kind](**case.arguments)
        row = Network(case.input_shape, layer=layer).ledger(BATCH)[0] if layer.chains else layer.row("layer", case.input_shape, BATCH)
        assert eval(repr(layer), dict(LAYERS)) == layer
        assert eval(row.work.text.replace("·", "*") or "0") == row.work.value == row.params
    except Exception as error:  # noqa: BLE001
        return error  # `verdict` says whether it is a good one
    return Facts(row.params, row.buffers, row.macs, row.output_shape)


def forward(module: nn.Module, shape: tuple, device: str = "cpu") -> torch.Tensor:
    """What a module gives for a batch: its only output, or the first."""
    dtype = torch.long if isinstance(module, nn.Embedding) else torch.float
    x = torch.zeros(BATCH, *shape, dtype=dtype, device=device)
    turned = not getattr(module, "batch_first", True)  # the batch is the second axis there
    x = x.transpose(0, 1) if turned else x
    needed = [one for one in inspect.signature(module.forward).parameters.values() if one.default is one.empty]
    output = module(*[x] * len(needed))
    output = output[0] if isinstance(output, tuple) else output  # return_indices=True gives two, an LSTM its states
    return output.transpose(0, 1) if turned else output


def by_pytorch(case: Case) -> Facts | Exception:
    # On the CPU: the meta device lets pass what no real forward pass does, such as a kernel of 0 or negative padding. But the counter
    # hears all of a recurrent layer and of attention on the meta device alone; it lets an empty map pass, so it does not judge.
    try:
        module = getattr(nn, case.kind)(**case.arguments).eval()
        with torch.no_grad():
            output = forward(module, case.input_shape)
        with FlopCounterMode(display=False) as counter:
            forward(module.to("meta"), case.input_shape, "meta")
    except Exception as error:  # noqa: BLE001
        return error  # any refusal counts
    params, buffers = (sum(tensor.numel() for tensor in kept()) for kept in (module.parameters, module.buffers))
    return Facts(params, buffers, counter.get_total_flops() // 2, tuple(output.shape[1:]))


def verdict(case: Case) -> str:
    """'fits' or 'misfits' where both say so, 'stricter' where only the course refuses and means it; or what is off."""
    ours, theirs = by_hand(case), by_pytorch(case)
    if isinstance(ours, Exception):
        named = str(ours).startswith(("layer: ", f"{case.kind}: ", "Network: input_shape "))
        if not named or not isinstance(ours, (TypeError, ValueError)):
            return f"{case}: by hand the wrong error, {ours!r}"
        if isinstance(theirs, Exception):
            return "misfits"
        if any(rule.holds(case, theirs) for rule in STRICTER):
            return "stricter"
    return "fits" if ours == theirs else f"{case}: by hand {ours!r}, PyTorch {theirs!r}"


KINDS = sorted(set(LAYERS) - {"LazyLinear"})  # which has no sizes of its own: `Network` resolves it, in a test below
WILD = [
    0, 1, 2, 3, 5, 9, -1, -2, -4, 33, 1.5, 2.0, -0.5, math.nan, math.inf, True, False, None, "3", "same", "none",
    "area", "linear", "bilinear", "reflect", (), (2,), (1, 2), (1, 2, 3), [2], [2, 1], (0, 1), (2, -1), (None, 2),
    (2, None), ("3", 1), (1.5, 2), (math.inf, 1), (True, 2), [2, True], ((1, 2), 3), (None,), ("3",), (1.5,), (0,),
]  # fmt: skip
WILD_SHAPES = [
    (), (3,), (3, 8), (3, 8, 8), (4, 8, 8), (3, 4, 8, 8), (3, 2, 4, 8, 8), [3, 8], [3, 8, 8], (8, 8), (0,), (3, 0),
    (0, 8), (3, 0, 8), (0, 8, 8), (-1, 8), (3, -8, 8), (3, 8.0), (3, "8", 8), ("3",), (None, 8), (True, 8), 3, None,
    "38",
]  # fmt: skip


def cases(kind: str, seed: int) -> Case:
    """A layer with an input that it mostly takes; in every fourth case one argument, or the shape, is anything."""
    rng = random.Random(f"{kind} {seed}")
    shape = drawn.shapes(kind, rng)
    layer = drawn.fitting(kind, shape, rng)
    case = Case(kind, vars(layer) if layer else drawn.arguments(kind, shape, rng), shape)
    if rng.random() < 0.25:
        name = rng.choice([*case.arguments, "input_shape"])
        if name == "input_shape":
            return case._replace(input_shape=rng.choice([*near(shape), *WILD_SHAPES]))
        return case.having(**{name: rng.choice(WILD)})
    return case


def near(shape: tuple) -> list[tuple]:
    """Shapes with one more or fewer of something."""
    first, last = shape[0], shape[-1]
    return [(first + 1, *shape[1:]), (first - 1, *shape[1:]), (*shape[:-1], last + 1), (*shape[:-1], last - 1),
            shape[1:], (*shape, 2)]  # fmt: skip


def plain(kind: str) -> Case:
    """A case of this layer that fits, small."""
    layer, shape = next(drawn.layer_and_input(kind, seed) for seed in range(99) if math.prod(drawn.layer_and_input(kind, seed)[1]) < 2000)
    return Case(kind, vars(layer), shape)


# Where the course is stricter than PyTorch. It is never looser.

FLAGS = {"bias", "batch_first", "bidirectional", "affine", "elementwise_affine", "track_running_stats", "inplace", "return_indices"}


def parts(value) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def numbers(case: Case) -> list:
    """Every single value of the case but the flags."""
    values = [value for name, value in case.arguments.items() if name not in FLAGS]
    return [part for value in [*values, case.input_shape] for part in parts(value)]


def axes(kind: str) -> int:
    return {"1d": 1, "2d": 2, "3d": 3}.get(kind[-2:], 0)


def not_above_0(value) -> bool:
    return isinstance(value, (int, float)) and value <= 0


class Rule(NamedTuple):
    reason: str
    witness: Case  # a case that PyTorch takes, and the course does not
    holds: Callable[[Case, Facts], bool]  # for a case that PyTorch takes, and what it gives


STRICTER = [
    Rule("True is no number", Case("Conv2d", {"in_channels": 4, "out_channels": 4, "kernel_size": True}, (4, 8, 8)),
         lambda case, facts: any(isinstance(number, bool) for number in numbers(case))),
    Rule("a number is finite", Case("LeakyReLU", {"negative_slope": math.nan}, (4, 8, 8)),
         lambda case, facts: any(isinstance(number, float) and not math.isfinite(number) for number in numbers(case))),
    Rule("a flag is True or False", Case("Linear", {"in_features": 8, "out_features": 4, "bias": None}, (8,)),
         lambda case, facts: any(not isinstance(case.arguments.get(name, True), bool) for name in FLAGS)),
    Rule("nothing has size 0", Case("Linear", {"in_features": 8, "out_features": 0}, (8,)),
         lambda case, facts: 0 in (*case.input_shape, *facts.output_shape)),
    Rule("eps is above 0, as in training, and scale_factor too",
         Case("BatchNorm1d", {"num_features": 4, "eps": 0}, (4,)),
         lambda case, facts: case.arguments.get("scale_factor") == 0 or not_above_0(case.arguments.get("eps"))),
    Rule("padding adds to a map", Case("Conv1d", {"in_channels": 4, "out_channels": 4, "kernel_size": 3, "padding": -1,
                                                 "padding_mode": "reflect"}, (4, 8)),
         lambda case, facts: any(n < 0 for n in parts(case.arguments.get("padding")) if isinstance(n, int))),
    Rule("a divisor is positive", Case("AvgPool2d", {"kernel_size": 2, "divisor_override": -1}, (4, 8, 8)),
         lambda case, facts: (case.arguments.get("divisor_override") or 1) < 0),
    Rule("a tuple has one number for every axis", Case("MaxPool2d", {"kernel_size": (2,)}, (4, 8, 8)),
         lambda case, facts: any(axes(case.kind) not in (0, len(value)) for value in case.arguments.values()
                                 if isinstance(value, (tuple, list)))),
    Rule("a norm's channels are the input's even where it keeps nothing of that size",
         Case("BatchNorm2d", {"num_features": 5, "affine": False, "track_running_stats": False}, (4, 8, 8)),
         lambda case, facts: not facts.params and any(repr(case.arguments[name]) != repr(case.input_shape[0])
                                                      for name in ("num_features", "num_channels") if name in case.arguments)),
    Rule("dropout is a share", Case("MultiheadAttention", {"embed_dim": 4, "num_heads": 2, "dropout": 2}, (3, 4)),
         lambda case, facts: "dropout" in case.arguments and not (type(case.arguments["dropout"]) in (int, float)
                                                                  and 0 <= case.arguments["dropout"] <= 1)),
    Rule("a count is one number", Case("PReLU", {"num_parameters": ()}, (4, 8, 8)),
         lambda case, facts: case.arguments.get("num_parameters") == ()),
    Rule("there is a batch, which PyTorch here takes for the channels", Case("MaxPool2d", {"kernel_size": 2}, (8, 8)),
         lambda case, facts: len(case.input_shape) < min(LAYERS[case.kind].ranks or (1,))),
    Rule("the batch stays: Flatten leaves axis 0", Case("Flatten", {"start_dim": 0}, (4, 8, 8)),
         lambda case, facts: case.arguments.get("start_dim") in (0, -len(case.input_shape) - 1)),
    Rule("a layer gives one tensor", Case("MaxPool2d", {"kernel_size": 2, "return_indices": True}, (4, 8, 8)),
         lambda case, facts: case.arguments.get("return_indices", False)),
]  # fmt: skip


# The tests.

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:torch")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """On tensors this small, several threads wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_pytorch(kind):
    """Drawn from the layer's own fields: the more of them, the more cases."""
    verdicts = Counter()
    each = 10 if LAYERS[kind].chains else 4  # those that take several tensors take their time on the meta device, too
    for seed in range(10 + (each if every_case() else each // 2) * len(dataclasses.fields(LAYERS[kind]))):
        verdicts[answer := verdict(cases(kind, seed))] += 1
        assert answer in AGREED, answer
    assert verdicts["fits"] > 0.3 * verdicts.total()


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"ConvTranspose3d"}))  # a stride of 99 in three dimensions takes too long
def test_agrees_with_pytorch_whatever_one_argument_is(kind):
    case = plain(kind)
    assert verdict(case) == "fits"
    spoilt = [case.having(**{name: value}) for name in case.arguments for value in WILD]
    spoilt += [case._replace(input_shape=shape) for shape in [*near(case.input_shape), *WILD_SHAPES]]
    assert [answer for answer in map(verdict, spoilt) if answer not in AGREED] == []


@given(st.lists(st.integers(1, 9), min_size=1, max_size=3), st.integers(1, 9), st.booleans())
def test_a_lazy_linear_becomes_what_pytorchs_becomes(shape, features, bias):
    module = nn.LazyLinear(features, bias=bias)
    module(torch.zeros(BATCH, *shape))
    network = Network(tuple(shape), fc=LAYERS["LazyLinear"](features, bias))
    assert network["fc"] == LAYERS["Linear"](module.in_features, features, bias)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_agrees_with_pytorch_up_to_the_last_padding(mode):
    for size, kernel, padding in product(range(1, 5), range(1, 5), [0, 1, 2, 3, 4, 5, "same"]):
        asked = {"in_channels": 1, "out_channels": 1, "kernel_size": kernel, "padding": padding, "padding_mode": mode}
        assert verdict(Case("Conv1d", asked, (1, size))) in ("fits", "misfits")


@pytest.mark.parametrize("kind", KINDS)
def test_has_pytorchs_arguments_and_defaults(kind):
    """All of them where a layer takes one tensor and gives one; of the others some, and what is left out has a usual value."""
    ours, theirs = (inspect.signature(layer).parameters for layer in (LAYERS[kind], getattr(nn, kind)))
    left_out = {"device", "dtype", "recompute_scale_factor", "args", "kwargs"}
    wanted = {argument.name: argument.default for argument in theirs.values() if argument.name not in left_out}
    own = {argument.name: argument.default for argument in ours.values()}
    if kind in ("RNN", "GRU", "LSTM"):  # which name them in their base
        base = inspect.signature(nn.modules.rnn.RNNBase).parameters
        wanted = {name: one.default for name, one in base.items() if name not in ("mode", *left_out)} | {"nonlinearity": "tanh"}
    if LAYERS[kind].chains and kind != "Embedding":
        assert list(own.items()) == list(wanted.items())
    assert own.items() <= wanted.items()
    assert all(wanted[name] is not inspect.Parameter.empty for name in wanted.keys() - own.keys())


@pytest.mark.parametrize("rule", STRICTER, ids=lambda rule: rule.reason)
def test_is_stricter_on_purpose(rule):
    facts = by_pytorch(rule.witness)
    assert isinstance(facts, Facts)
    assert verdict(rule.witness) == "stricter"
    assert [other.reason for other in STRICTER if other.holds(rule.witness, facts)] == [rule.reason]


@pytest.mark.parametrize("kind", sorted({k for k in KINDS if issubclass(LAYERS[k], _Windowed)} - {"AvgPool3d"}))
def test_the_largest_kernel_that_fits_does_and_one_more_does_not(kind):
    offers = []

    @given(st.integers(0, 999), st.integers(6, 40))
    def ask(seed, kernel):
        layer, shape = drawn.layer_and_input(kind, seed)
        case = Case(kind, vars(layer), shape)
        offer = re.search(r"the largest that fits is ([\d×]+)", str(by_hand(case.having(kernel_size=kernel))))
        if offer:
            largest = tuple(map(int, offer[1].split("×")))
            largest *= axes(kind) // len(largest)
            assert verdict(case.having(kernel_size=largest)) == "fits"
            for axis, size in enumerate(largest):
                if size == kernel and case.arguments.get("ceil_mode"):
                    continue  # any kernel fits along this axis
                one_more = (*largest[:axis], size + 1, *largest[axis + 1 :])
                assert verdict(case.having(kernel_size=one_more)) == "misfits"
            offers.append(largest)

    ask()
    assert len(offers) >= 5


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
def test_the_groups_that_would_do_are_all_that_do(in_channels, out_channels, groups):
    asked = {"in_channels": in_channels, "out_channels": out_channels, "kernel_size": 1, "groups": groups}
    case = Case("Conv1d", asked, (in_channels, 1))
    if offer := re.search(r"; ([\d, ]+) would", str(by_hand(case))):
        fitting = [number for number in range(1, 13) if verdict(case.having(groups=number)) == "fits"]
        assert [int(number) for number in offer[1].split(",")] == fitting


CONV2D = Case("Conv2d", {"in_channels": 6, "out_channels": 4, "kernel_size": 3}, (6, 8, 8))
POOL2D = Case("MaxPool2d", {"kernel_size": 3}, (6, 8, 8))
ERRORS = [
    (CONV2D.having(kernel_size="3"), TypeError, "Conv2d: kernel_size must be a whole number, not '3'"),
    (CONV2D.having(kernel_size=3.0), TypeError, "Conv2d: kernel_size must be a whole number, not 3.0"),
    (CONV2D.having(kernel_size=(3, None)), TypeError, "Conv2d: kernel_size must be a whole number, not None"),
    (CONV2D.having(kernel_size=(3, 0)), ValueError, "Conv2d: kernel_size must be at least 1, not 0"),
    (CONV2D.having(kernel_size=(3,)), ValueError, "Conv2d: kernel_size takes one number or 2, not 1: (3,)"),
    (CONV2D.having(padding=-1), ValueError, "Conv2d: padding must be at least 0, not -1"),
    (CONV2D.having(padding="full"), ValueError, "Conv2d: padding must be 'same' or 'valid', not 'full'"),
    (CONV2D.having(padding="same", stride=2), ValueError, "Conv2d: padding='same' needs stride 1, not 2"),
    (CONV2D.having(padding=8, padding_mode="reflect"), ValueError,
     "layer: reflect padding 8 does not fit a size of 8, but 7 would"),
    (CONV2D.having(groups=3), ValueError,
     "Conv2d: groups=3 does not divide both in_channels=6 and out_channels=4; 1, 2 would"),
    (CONV2D.having(bias=1), TypeError, "Conv2d: bias must be True or False, not 1"),
    (CONV2D.having(kernel_size=(3, 12), padding=1), ValueError,
     "layer: a 3×12 kernel does not fit a 8×8 map padded by 1; the largest that fits is 10"),
    (CONV2D._replace(input_shape=(3, 8, 8)), ValueError, "layer: expects 6 channels, but its input has 3"),
    (CONV2D._replace(input_shape=(6, 8)), ValueError,
     "layer: takes (channels, height, width) without the batch, not 2 sizes: (6, 8)"),
    (CONV2D._replace(input_shape=(6, 8, 0)), ValueError, "Network: input_shape must be at least 1, not 0"),
    (CONV2D._replace(input_shape=6), TypeError, "Network: input_shape must be a tuple such as (3, 32, 32), not 6"),
    (POOL2D.having(padding=2), ValueError,
     "MaxPool2d: padding 2 is more than half of the kernel size 3; 1 is the most"),
    (POOL2D.having(kernel_size=6, padding=3, dilation=9)._replace(input_shape=(6, 1, 1)), ValueError,
     "layer: a 6×6 kernel, dilated by 9, does not fit a 1×1 map padded by 3; with this padding none does"),
    (Case("Linear", {"in_features": 192, "out_features": 10}, (108,)), ValueError,
     "layer: expects 192 features, but its input has 108"),
    (Case("BatchNorm2d", {"num_features": 4, "eps": -1}, (4, 8, 8)), ValueError,
     "BatchNorm2d: eps must be a finite number above 0, not -1"),
    (Case("Dropout", {"p": 1.5}, (4,)), ValueError, "Dropout: p must be between 0 and 1, not 1.5"),
    (Case("Dropout", {"p": "0.5"}, (4,)), TypeError, "Dropout: p must be a number, not '0.5'"),
    (Case("Flatten", {"start_dim": 4}, (4, 8, 8)), ValueError,
     "layer: start_dim=4, end_dim=-1 do not fit; flatten axes 1 to 3 (0 is the batch), the last not before the first"),
]  # fmt: skip


@pytest.mark.parametrize("case, error, says", ERRORS, ids=[says for _, _, says in ERRORS])
def test_an_error_names_the_layer_the_value_and_a_way_out(case, error, says):
    met = by_hand(case)
    assert (type(met), str(met)) == (error, says)


@given(st.integers(1, 64), st.integers(1, 9), st.integers(28, 64), st.booleans(), st.booleans())
def test_rows_add_up_and_a_batch_of_n_costs_n_times_one(batch, channels, image, batch_norm, global_pool):
    network = small_cnn(conv2_channels=channels, image=image, batch_norm=batch_norm, global_pool=global_pool)
    one, ledger = network.frozen("conv1").ledger(), network.frozen("conv1").ledger(batch_size=batch)
    factors = {"params": 1, "trainable_params": 1, "buffers": 1, "macs": batch, "bias_additions": batch}
    for total, factor in factors.items():
        assert getattr(ledger, total) == sum(getattr(row, total) for row in ledger) == factor * getattr(one, total)
    assert [row.inputs for row in ledger] == [batch * math.prod(row.input_shape) for row in one]
    assert [row.outputs for row in ledger] == [batch * math.prod(row.output_shape) for row in one]
    assert [row.output_shape for row in ledger[:-1]] == [row.input_shape for row in ledger[1:]]


BAD_BATCHES = [(0, ValueError), (-1, ValueError), (True, TypeError), ("2", TypeError), (1.0, TypeError)]


@pytest.mark.parametrize("batch, error", BAD_BATCHES)
def test_a_batch_is_a_whole_number_of_at_least_1(batch, error):
    with pytest.raises(error, match=f"^ledger: batch_size .* not {batch!r}$"):
        small_cnn().ledger(batch_size=batch)


def test_a_layer_of_ones_own_has_plain_types():
    """As a student writes it in a notebook; its arguments are checked where its types say so, and it stands in a Network."""

    class Repeat(Layer):
        n: int = 3
        step: Count | None = None

        def _output_shape(self, input_shape):
            return (self.n * input_shape[0], *input_shape[1:])

    network = Network((3, 8, 8), repeat=Repeat(n=2), conv=Conv2d(6, 4, 3))
    assert network.ledger()["repeat"].output_shape == (6, 8, 8) and repr(Repeat(2)) == "Repeat(n=2)"
    assert Repeat(step=None) == Repeat() and Repeat(step=4).step == 4
    with pytest.raises(TypeError, match="Repeat: step must be a whole number, not 'x'"):
        Repeat(step="x")


def test_numpys_integers_are_whole_numbers_and_stay_exact():
    small = np.uint8(100)
    assert Conv2d(3, 7, 3).macs((3, small, small)) == Conv2d(3, 7, 3).macs((3, 100, 100)) == 1_815_156
    assert small_cnn().ledger(np.uint8(200)).macs == 200 * 373_856
    assert small_cnn(image=np.uint8(200)).ledger().macs == small_cnn(image=200).ledger().macs
    for batch in (np.uint8(200), np.int32(200_000)):
        assert predict_memory(small_cnn(), batch) == predict_memory(small_cnn(), int(batch))


@pytest.mark.parametrize(
    "ask, error, says",
    [
        (lambda: output_size(12, 3, 0), ValueError, "output_size: stride must be at least 1, not 0"),
        (lambda: output_size(12.5, 3), TypeError, "output_size: size must be a whole number, not 12.5"),
        (lambda: output_size(int, 3), TypeError, "output_size: size must be a whole number"),
        (lambda: output_size(12, np.array([1, 2])), TypeError, "output_size: kernel must be a whole number"),
        (lambda: output_size(12, 3, padding=-1), ValueError, "output_size: padding must be at least 0"),
        (lambda: vgg16_32(late_convs=10**9), ValueError, "vgg16_32: late_convs must be at most 1000"),
    ],
)
def test_a_bad_size_is_named_by_its_argument(ask, error, says):
    with pytest.raises(error, match=says):
        ask()


@given(st.integers(1, 60), st.integers(1, 60))
def test_the_largest_window_of_an_adaptive_pool_is_that_of_all_its_windows(size, out):
    windows = [-(-(i + 1) * size // out) - i * size // out for i in range(out)]
    assert AdaptiveAvgPool1d(out).window((1, size)) == max(windows)
    assert AdaptiveAvgPool2d(10**9).row("pool", (3, 8, 8)).window == 1, "and at once"


def mixes_positions(layer: Layer, shape: tuple) -> bool:
    """Whether an output value depends on an input value at another place: by PyTorch's gradients, in eval mode."""
    module = getattr(nn, layer.kind)(**vars(layer)).eval()
    for parameter in module.parameters():
        nn.init.constant_(parameter, 0.5)
    x = torch.rand(1, *shape, requires_grad=True)
    output = module(x * 1)  # which a layer that works in place may change
    if output.shape != x.shape:
        return True
    places = list(product(*map(range, output.shape)))
    gradients = [torch.autograd.grad(output[place], x, retain_graph=True)[0].nonzero().tolist() for place in places]
    return any(list(place) != other for place, found in zip(places, gradients, strict=True) for other in found)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if LAYERS[kind].chains and kind != "Embedding"])  # of several, or of indices
def test_a_layer_goes_point_by_point_where_a_gradient_does(kind):
    """A layer that keeps positions says so, and no other; a BatchNorm that takes its means from the batch is no case of either."""
    drawn_layers = [drawn.layer_and_input(kind, seed) for seed in range(30)]
    small = [(layer, shape) for layer, shape in drawn_layers if math.prod(shape[1:]) > 1 and math.prod(shape) < 150][:8]
    small = [(layer, shape) for layer, shape in small if getattr(layer, "track_running_stats", True)]
    assert small and LAYERS[kind].pointwise == (not any(mixes_positions(*one) for one in small))


def test_every_family_of_layers_is_among_them():
    """The list of families in layers/__init__.py lacks none that is there."""
    folder = Path(inspect.getfile(Layer)).parent
    families = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}  # what the families stand on
    assert {layer.__module__.rpartition(".")[2] for layer in LAYERS.values()} == families


@pytest.mark.parametrize(
    "ask, says",
    [
        (lambda: LAYERS["LSTM"](4, 6, proj_size=6), "LSTM: proj_size 6 must be smaller than hidden_size 6"),
        (lambda: LAYERS["RNN"](4, 6, nonlinearity="sigmoid"), "RNN: nonlinearity must be 'tanh' or 'relu'"),
        (lambda: LAYERS["MultiheadAttention"](8, 3), "num_heads=3 does not divide embed_dim=8"),
        (lambda: LAYERS["LSTM"](4, 6).output_shape((5, 3)), "LSTM: expects 4 features, but its input has 3"),
        (lambda: LAYERS["GroupNorm"](3, 8), "num_groups=3 does not divide num_channels=8; 1, 2, 4, 8 would"),
        (lambda: LAYERS["LayerNorm"](8).output_shape((5, 3)), "LayerNorm: normalises 8, but its input ends in 3"),
        (lambda: LAYERS["ConvTranspose2d"](4, 6, 3, output_padding=1), "output_padding 1 must be smaller than the stride 1"),
        (lambda: LAYERS["ConvTranspose1d"](4, 6, 1, padding=4).output_shape((4, 8)), "padding 4 leaves nothing of a 8 map"),
        (lambda: Network((5, 4), rnn=LAYERS["RNN"](4, 6)), "rnn: RNN has several inputs or outputs, and a Network is a row of layers"),
    ],
)
def test_what_the_new_layers_refuse(ask, says):
    with pytest.raises((TypeError, ValueError), match=re.escape(says)):
        ask()


@pytest.mark.parametrize(
    "fails, says",
    [
        (lambda: small_cnn().replace(conv2=Conv2d(5, 12, 17)),
         "conv2: a 17×17 kernel does not fit a 12×12 map; the largest that fits is 12"),
        (lambda: Conv2d(0, 1, 1), "Conv2d: in_channels must be at least 1, not 0"),
    ],
)  # fmt: skip
def test_a_notebook_shows_the_line_that_failed_and_the_sentence_and_no_traceback(fails, says):
    with pytest.raises(ValueError) as failed:
        fails()
    line, _, sentence = failed.value._render_traceback_()
    assert re.match(r"----> \d+ .*Conv2d\(", line) and sentence == f"ValueError: {says}"
    assert str(pickle.loads(pickle.dumps(failed.value))) == says


def test_a_norm_over_no_axis_is_refused():
    with pytest.raises(ValueError, match=r"LayerNorm: normalized_shape must have a size, such as \(3, 32, 32\), not \(\)"):
        LayerNorm(())


def test_where_one_side_takes_no_kernel_none_is_named():
    """With a padding of 2 a kernel is 4 high at least, and 13 with its gaps: too high for one row, padded to 5."""
    with pytest.raises(ValueError, match="with this padding none does"):
        course_lib.MaxPool2d((4, 2), padding=(2, 0), dilation=(4, 1)).output_shape((1, 1, 9))
    with pytest.raises(RuntimeError):
        nn.MaxPool2d((4, 2), padding=(2, 0), dilation=(4, 1))(torch.zeros(1, 1, 9))
