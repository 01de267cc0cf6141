"""Every by-hand layer against PyTorch, on settings that fit and settings that do not.

A case is a layer's kind, its arguments and an input's shape. `verdict` puts it to both sides and compares parameters,
buffer values, MACs and output shape, or the fact that both refuse. `benchmarks/agree.py` asks the same of 20,000.
"""

import inspect
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib.by_hand import LAYERS, Network, small_cnn

settings.register_profile("course", max_examples=40, derandomize=True, deadline=None, print_blob=True)
settings.load_profile("course")
BATCH = 2


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
        (row,) = Network(case.input_shape, layer=layer).ledger(BATCH)
        assert eval(repr(layer), dict(LAYERS)) == layer
        assert eval(row.work.text.replace("·", "*") or "0") == row.work.value == row.params
    except Exception as error:
        return error
    return Facts(row.params, row.buffers, row.macs, row.output_shape)


def by_pytorch(case: Case) -> Facts | Exception:
    # On the CPU: the meta device lets pass what no real forward pass does, such as a kernel of 0 or negative padding.
    try:
        module = getattr(nn, case.kind)(**case.arguments).eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            output = module(torch.zeros(BATCH, *case.input_shape))
    except Exception as error:
        return error
    output = output[0] if isinstance(output, tuple) else output  # return_indices=True gives two
    params, buffers = (sum(tensor.numel() for tensor in kept()) for kept in (module.parameters, module.buffers))
    return Facts(params, buffers, counter.get_total_flops() // 2, tuple(output.shape[1:]))


def verdict(case: Case) -> str:
    """'fits' or 'misfits' where both say so, 'stricter' where only the course refuses, and means to; else what is wrong."""
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


# What to draw: for each kind the ranks of its inputs, and each argument's values as a function of the input's shape. ----


def of(*values):
    return lambda shape: st.sampled_from(values)


def per_axis(low: int, high: int, *others):
    """One number, or one for each axis, or one of the others."""
    number = st.integers(low, high)
    return lambda shape: st.one_of(number, st.tuples(*[number] * (len(shape) - 1)), *map(st.just, others))


def channels(shape):
    return st.just(shape[0])


FLAG, ANY = of(False, True), [1, 2, 3]
CONV = dict(
    in_channels=channels,
    out_channels=lambda shape: st.sampled_from([1, 2, 3, shape[0], 2 * shape[0], 3 * shape[0]]),
    kernel_size=per_axis(1, 5),
    stride=per_axis(1, 3, 1),
    padding=per_axis(0, 3, "same", "valid"),
    dilation=per_axis(1, 2, 1),
    groups=lambda shape: st.sampled_from([1, 1, 1, 1, 1, 2, shape[0], shape[0]]),
    bias=FLAG,
    padding_mode=of("zeros", "zeros", "reflect", "replicate", "circular"),
)
POOL = dict(kernel_size=per_axis(2, 5, 1), stride=per_axis(1, 3, None), padding=per_axis(0, 1, 0, 0, 2), ceil_mode=FLAG)
MAX_POOL = POOL | dict(dilation=per_axis(1, 3, 1, 1), return_indices=of(False))
AVG_POOL = POOL | dict(count_include_pad=FLAG)
BATCH_NORM = dict(
    num_features=channels, eps=of(1e-5, 0, 1), momentum=of(0.1, None, 1), affine=FLAG, track_running_stats=FLAG
)
LINEAR = dict(out_features=lambda shape: st.integers(1, 9), bias=FLAG)
SCALE = dict(scale_factor=lambda shape: st.floats(0.1, 4) | per_axis(1, 4)(shape))
SIZE = dict(size=per_axis(1, 9))

KINDS = {
    "Conv1d": [([2], CONV)],
    "Conv2d": [([3], CONV)],
    "Linear": [(ANY, LINEAR | dict(in_features=lambda shape: st.just(shape[-1])))],
    "LazyLinear": [(ANY, LINEAR)],
    "BatchNorm1d": [([1, 2], BATCH_NORM)],
    "BatchNorm2d": [([3], BATCH_NORM)],
    "MaxPool1d": [([2], MAX_POOL)],
    "MaxPool2d": [([3], MAX_POOL)],
    "AvgPool1d": [([2], AVG_POOL)],
    "AvgPool2d": [([3], AVG_POOL | dict(divisor_override=of(None, 1, 3)))],
    "AdaptiveAvgPool1d": [([2], dict(output_size=per_axis(1, 9)))],
    "AdaptiveAvgPool2d": [([3], dict(output_size=per_axis(1, 9, (None, 3), (None, None))))],
    "Upsample": [
        *[([2, 3], by | dict(mode=of("nearest", "nearest-exact"))) for by in (SIZE, SCALE)],
        *[([2], by | dict(mode=of("linear"), align_corners=of(None, False, True))) for by in (SIZE, SCALE)],
        *[([3], by | dict(mode=of("bilinear", "bicubic"), align_corners=of(None, False, True))) for by in (SIZE, SCALE)],
    ],
    "Flatten": [([1, 2, 3, 4], dict(start_dim=of(1, 1, 2, -2), end_dim=of(-1, -1, 2, 3)))],
    "Dropout": [(ANY, dict(p=of(0, 0.1, 0.5, 1), inplace=FLAG))],
    "LeakyReLU": [(ANY, dict(negative_slope=of(0.01, 0, -1), inplace=FLAG))],
    "ELU": [(ANY, dict(alpha=of(1.0, 0, -1), inplace=FLAG))],
    "GELU": [(ANY, dict(approximate=of("none", "tanh")))],
    **{kind: [(ANY, dict(inplace=FLAG))] for kind in ("ReLU", "ReLU6", "SiLU", "Hardswish")},
    **{kind: [(ANY, {})] for kind in ("Sigmoid", "Tanh", "Identity")},
}
WILD = [
    *(0, 1, 2, 3, 5, 9, -1, -2, -4, 99, 1.5, 2.0, -0.5, math.nan, math.inf, True, False, None),
    *("3", "same", "area", "none", "reflect", "linear", "bilinear", (), (2,), (1, 2), (1, 2, 3), [2], [2, 1], [True, 2]),
    *((0, 1), (2, -1), (None, 2), (2, None), ("3", 1), (1.5, 2), (math.inf, 1), (True, 2), ((1, 2), 3), {}),
]
WILD_SHAPES = [
    *((), (3,), (3, 8), (3, 8, 8), (4, 8, 8), (3, 4, 8, 8), (3, 2, 4, 8, 8), (0,), (3, 0), (0, 8), (3, 0, 8), (0, 8, 8)),
    *((8, 8), (-1, 8), (3, -8, 8), (3, 8.0), (3, "8", 8), (None, 8), (True, 8), ("3",), [3, 8], [3, 8, 8], 3, None, "38"),
]


@st.composite
def cases(draw, kind: str, spoil=True) -> Case:
    """A layer with an input that it mostly takes; in every third case one argument, or the shape, is anything."""
    ranks, arguments = draw(st.sampled_from(KINDS[kind]))
    size = st.integers(1, 5) | st.integers(6, 20)
    shape = draw(st.sampled_from(ranks).flatmap(lambda rank: st.tuples(*[size] * rank)))
    case = Case(kind, {name: draw(values(shape)) for name, values in arguments.items()}, shape)
    if not spoil or draw(st.integers(0, 2)) < 2:
        return case
    name = draw(st.sampled_from([*arguments, "input_shape"]))
    if name == "input_shape":
        return case._replace(input_shape=draw(st.sampled_from(WILD_SHAPES)))
    return case.having(**{name: draw(st.sampled_from(WILD))})


# Where the course is stricter than PyTorch. It is never looser. ---------------------------------------------------------

FLAGS = {"bias", "affine", "track_running_stats", "inplace", "return_indices"}


def parts(value) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def numbers(case: Case) -> list:
    """Every single value of the case but flags."""
    values = [value for name, value in case.arguments.items() if name not in FLAGS]
    return [part for value in [*values, case.input_shape] for part in parts(value)]


def axes(kind: str) -> int:
    return {"1d": 1, "2d": 2}.get(kind[-2:], 0)


class Rule(NamedTuple):
    reason: str
    holds: Callable[[Case, Facts], bool]  # for a case that PyTorch takes, and what it gives
    witness: Case  # a case that PyTorch takes, and the course does not


STRICTER = [
    Rule(
        "True is no number",
        lambda case, theirs: any(isinstance(number, bool) for number in numbers(case)),
        Case("Conv2d", dict(in_channels=4, out_channels=4, kernel_size=True), (4, 8, 8)),
    ),
    Rule(
        "text is no number",
        lambda case, theirs: any(isinstance(part, str) for part in parts(case.arguments.get("scale_factor"))),
        Case("Upsample", dict(scale_factor="2"), (4, 8, 8)),
    ),
    Rule(
        "a number is finite",
        lambda case, theirs: any(isinstance(number, float) and not math.isfinite(number) for number in numbers(case)),
        Case("LeakyReLU", dict(negative_slope=math.nan), (4, 8, 8)),
    ),
    Rule(
        "a flag is True or False",
        lambda case, theirs: any(not isinstance(case.arguments.get(name, True), bool) for name in FLAGS),
        Case("Linear", dict(in_features=8, out_features=4, bias=None), (8,)),
    ),
    Rule(
        "nothing has size 0",
        lambda case, theirs: 0 in (*case.input_shape, *theirs.output_shape),
        Case("Linear", dict(in_features=8, out_features=0), (8,)),
    ),
    Rule(
        "eps and scale_factor are above 0, always",
        lambda case, theirs: 0 in (case.arguments.get("eps"), case.arguments.get("scale_factor")),
        Case("BatchNorm2d", dict(num_features=4, eps=0), (4, 8, 8)),
    ),
    Rule(
        "padding adds, and a divisor is positive",
        lambda case, theirs: any(n < 0 for name in ("padding", "divisor_override") for n in parts(case.arguments.get(name, 0))),
        Case("AvgPool2d", dict(kernel_size=2, divisor_override=-1), (4, 8, 8)),
    ),
    Rule(
        "a tuple has a number for every axis",
        lambda case, theirs: any(isinstance(v, (tuple, list)) and len(v) < axes(case.kind) for v in case.arguments.values()),
        Case("MaxPool2d", dict(kernel_size=(2,)), (4, 8, 8)),
    ),
    Rule(
        "num_features are the input's channels, even where BatchNorm keeps nothing of that size",
        lambda case, theirs: case.kind[:9] == "BatchNorm" and case.arguments["num_features"] != case.input_shape[0],
        Case("BatchNorm2d", dict(num_features=5, affine=False, track_running_stats=False), (4, 8, 8)),
    ),
    Rule(
        "there is a batch, which PyTorch here takes for the channels",
        lambda case, theirs: len(case.input_shape) < max(1, axes(case.kind) + (case.kind[:9] != "BatchNorm")),
        Case("MaxPool2d", dict(kernel_size=2), (8, 8)),
    ),
    Rule(
        "the batch stays: Flatten leaves axis 0",
        lambda case, theirs: case.arguments.get("start_dim") in (0, -len(case.input_shape) - 1),
        Case("Flatten", dict(start_dim=0), (4, 8, 8)),
    ),
    Rule(
        "a layer gives one tensor",
        lambda case, theirs: case.arguments.get("return_indices", False),
        Case("MaxPool2d", dict(kernel_size=2, return_indices=True), (4, 8, 8)),
    ),
    Rule(
        "no layer of the course has three axes, and area is not among Upsample's modes",
        lambda case, theirs: case.kind == "Upsample" and (len(case.input_shape) == 4 or case.arguments.get("mode") == "area"),
        Case("Upsample", dict(size=2), (4, 8, 8, 8)),
    ),
]


# The tests ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LAYERS)
def test_agrees_with_pytorch(kind):
    verdicts = Counter()

    @given(cases(kind))
    def ask(case):
        verdicts[answer := verdict(case)] += 1
        assert answer in ("fits", "misfits", "stricter"), answer

    ask()
    assert verdicts["fits"] > 0.3 * verdicts.total()  # most cases are about numbers, not about errors


@pytest.mark.parametrize("kind", LAYERS)
def test_has_pytorchs_arguments_and_defaults(kind):
    ours, theirs = (inspect.signature(layer).parameters for layer in (LAYERS[kind], getattr(nn, kind)))
    left_out = {"device", "dtype", "recompute_scale_factor", "args", "kwargs"}
    left_out |= {"bias"} if "BatchNorm" in kind else set()  # new in torch 2.13
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in theirs.values() if p.name not in left_out
    ]


@pytest.mark.parametrize("rule", STRICTER, ids=lambda rule: rule.reason)
def test_is_stricter_on_purpose(rule):
    facts = by_pytorch(rule.witness)
    assert isinstance(facts, Facts) and rule.holds(rule.witness, facts)
    assert verdict(rule.witness) == "stricter"
    assert sum(other.holds(rule.witness, facts) for other in STRICTER) == 1  # no rule hides behind another


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "kernel_size" in KINDS[kind][0][1]])
def test_the_largest_kernel_that_fits_does_and_one_more_does_not(kind):
    offers = []

    @given(cases(kind, spoil=False), st.integers(6, 40))
    def ask(case, kernel):
        offer = re.search(r"the largest that fits is ([\d×]+)", str(by_hand(case.having(kernel_size=kernel))))
        if offer:
            offers.append(largest := tuple(map(int, offer[1].split("×"))))
            largest *= axes(kind) // len(largest)
            assert verdict(case.having(kernel_size=largest)) == "fits"
            for axis, size in enumerate(largest):
                one_more = (*largest[:axis], size + 1, *largest[axis + 1 :])
                assert verdict(case.having(kernel_size=one_more)) == "misfits"

    ask()
    assert len(offers) >= 5


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
def test_the_groups_that_would_do_are_all_that_do(in_channels, out_channels, groups):
    asked = dict(in_channels=in_channels, out_channels=out_channels, kernel_size=1, groups=groups)
    case = Case("Conv1d", asked, (in_channels, 1))
    if offer := re.search(r"; ([\d, ]+) would", str(by_hand(case))):
        assert [int(n) for n in offer[1].split(", ")] == [
            n for n in range(1, 13) if verdict(case.having(groups=n)) == "fits"
        ]


CONV2D = Case("Conv2d", dict(in_channels=6, out_channels=4, kernel_size=3), (6, 8, 8))
POOL2D = Case("MaxPool2d", dict(kernel_size=3), (6, 8, 8))


@pytest.mark.parametrize(
    "case, error, says",
    [
        (CONV2D.having(kernel_size="3"), TypeError, "Conv2d: kernel_size must be a whole number, not '3'"),
        (CONV2D.having(kernel_size=3.0), TypeError, "Conv2d: kernel_size must be a whole number, not 3.0"),
        (CONV2D.having(kernel_size=(3, None)), TypeError, "Conv2d: kernel_size must be a whole number, not None"),
        (CONV2D.having(kernel_size=(3, 0)), ValueError, "Conv2d: kernel_size must be at least 1, not 0"),
        (CONV2D.having(kernel_size=(3,)), ValueError, "Conv2d: kernel_size takes one number or 2, not 1: (3,)"),
        (CONV2D.having(padding=-1), ValueError, "Conv2d: padding must be at least 0, not -1"),
        (CONV2D.having(padding="full"), ValueError, "Conv2d: padding must be 'same' or 'valid', not 'full'"),
        (CONV2D.having(padding="same", stride=2), ValueError, "Conv2d: padding='same' needs stride 1, not 2"),
        (CONV2D.having(padding=8, padding_mode="reflect"), ValueError, "layer: reflect padding 8 does not fit a size of 8; the most is 7"),
        (CONV2D.having(groups=3), ValueError, "Conv2d: groups=3 does not divide both in_channels=6 and out_channels=4; 1, 2 would"),
        (CONV2D.having(bias=1), TypeError, "Conv2d: bias must be True or False, not 1"),
        (CONV2D.having(kernel_size=(3, 9)), ValueError, "layer: a 3×9 kernel does not fit a 8×8 map; the largest that fits is 8"),
        (CONV2D._replace(input_shape=(3, 8, 8)), ValueError, "layer: expects 6 channels, but its input has 3"),
        (CONV2D._replace(input_shape=(6, 8)), ValueError, "layer: takes (channels, height, width) without the batch, not 2 sizes: (6, 8)"),
        (CONV2D._replace(input_shape=(6, 8, 0)), ValueError, "Network: input_shape must be at least 1, not 0"),
        (CONV2D._replace(input_shape=648), TypeError, "Network: input_shape must be a tuple such as (3, 32, 32), not 648"),
        (POOL2D.having(padding=2), ValueError, "MaxPool2d: padding 2 is more than half of the kernel size 3; 1 is the most"),
        (POOL2D.having(kernel_size=9), ValueError, "layer: a 9×9 kernel does not fit a 8×8 map; the largest that fits is 8"),
        (Case("Linear", dict(in_features=192, out_features=10), (108,)), ValueError, "layer: expects 192 features, but its input has 108"),
        (Case("BatchNorm2d", dict(num_features=4, eps=-1), (4, 8, 8)), ValueError, "BatchNorm2d: eps must be a finite number above 0, not -1"),
        (Case("Dropout", dict(p=1.5), (4,)), ValueError, "Dropout: p must be between 0 and 1, not 1.5"),
        (Case("Dropout", dict(p="0.5"), (4,)), TypeError, "Dropout: p must be a number, not '0.5'"),
        (Case("Upsample", {}, (4, 8, 8)), ValueError, "Upsample: give size or scale_factor, one of the two"),
        (Case("Flatten", dict(start_dim=4), (4, 8, 8)), ValueError, "layer: start_dim=4, end_dim=-1 do not fit; flatten axes 1 to 3 (0 is the batch), the last not before the first"),
    ],
)  # fmt: skip
def test_an_error_names_the_layer_the_value_and_a_way_out(case, error, says):
    met = by_hand(case)
    assert (type(met), str(met)) == (error, says)


@given(st.integers(1, 64), st.integers(1, 9), st.integers(28, 64), st.booleans(), st.booleans())
def test_rows_add_up_and_a_batch_of_n_costs_n_times_one(batch, channels, image, batch_norm, global_pool):
    network = small_cnn(conv2_channels=channels, image=image, batch_norm=batch_norm, global_pool=global_pool).frozen("conv1")
    one, ledger = network.ledger(), network.ledger(batch_size=batch)
    for name, times in dict(params=1, trainable_params=1, buffers=1, macs=batch, bias_additions=batch).items():
        assert getattr(ledger, name) == sum(getattr(row, name) for row in ledger) == times * getattr(one, name)
    assert [row.inputs for row in ledger] == [batch * math.prod(row.input_shape) for row in one]
    assert [row.outputs for row in ledger] == [batch * math.prod(row.output_shape) for row in one]
    assert [row.output_shape for row in ledger[:-1]] == [row.input_shape for row in ledger[1:]]


@pytest.mark.parametrize("batch, error", [(0, ValueError), (-1, ValueError), (True, TypeError), ("2", TypeError), (1.0, TypeError)])
def test_a_batch_is_a_whole_number_of_at_least_1(batch, error):
    with pytest.raises(error, match=f"^ledger: batch_size .* not {batch!r}$"):
        small_cnn().ledger(batch_size=batch)
