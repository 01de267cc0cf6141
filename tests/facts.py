"""What the numbers in the texts are: expressions on sizes, worked out by hand, by PyTorch or by a tool when a test asks.

An expression a line; one that gives several numbers holds each of them. What an equation in the text itself proves, what a notebook's
stored outputs show, and the sizes that an exercise's right answer is made of, need no line here.
"""

import re
from collections.abc import Iterable
from functools import cache

import torch
import torchinfo
from record import ROOT
from well_known import convnext_t, gpt2, llama, mobilenet_v2, resnet50, vit_b16

from course_lib import (
    CONVENTIONS,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    ConvTranspose2d,
    Linear,
    Network,
    build,
    conv1d_net,
    one_conv,
    predict_memory,
    small_cnn,
    timeline,
    vgg16_32,
)
from course_lib.asking.exercises import EXERCISES
from course_lib.by_hand.memory import keeps
from course_lib.by_machine.evidence import imagenet_vgg16, tinytorch_says, torchinfo_says
from course_lib.by_machine.measuring import measure_memory

HOW = "Add it to LESSON[{!r}] in tests/facts.py as an expression"

# Sizes that people choose, of screens too, per cent, powers of two and ten.
CONSTANTS = {720, 768, 1_080, 1_280, 1_920, 100, 128, 224, 256, 512, 1_000, 1_024, 4_096, 2**20, 10**6, 10**9, 10**12}

# tests/benchmarks/latency.py and classroom.py, with the moves of so many learners in a minute
MILLISECONDS = [145, 242, 569, 389, 182, 568, 254, 280, 328, 424, 458, 269, *(4 * 60 * learners for learners in (10, 30, 40, 60))]
QUOTED = {  # by lesson: what others write and no size of theirs gives, and what a clock said
    0: [115],  # minutes, reckoned by tests/test_minutes.py
    8: [138, 524, 1.24, 1.26],  # A2's VGG; numpy's versions
    9: [29_226, 21_455_360],  # A4
    "CONTRIBUTING": [300, 5_900],  # seconds after which a test is ended; the bound on the library's lines
    "README": [91.1, 98.9, 913.7, 67.4, 99.2, 1_665, 545, 400, *MILLISECONDS],  # tests/benchmarks/counters.py; MB of a download
}

cnn, norm, vgg, paper, line, larger = (
    small_cnn(), small_cnn(batch_norm=True), vgg16_32(), imagenet_vgg16(), conv1d_net(), small_cnn(conv2_kernel=5)
)  # fmt: skip


def rows(network: Network) -> list[int]:
    """What each row of a ledger stores, does and gives, and the sums."""
    ledger = network.ledger()
    return [n for row in ledger for n in (row.params, row.macs, row.outputs)] + [ledger.params, ledger.macs, ledger.bias_additions]


def stored(network: Network, kind: str) -> int:
    return sum(row.params for row in network.ledger() if kind in row.kind)


def worked(network: Network, kind: str) -> int:
    return sum(row.macs for row in network.ledger() if kind in row.kind)


def spared(blocks: str) -> int:
    """What checkpoints of these blocks of VGG need not keep of 128 pictures: all but the blocks' inputs."""
    inside = re.compile(f"(bn|relu|pool)[{blocks}].*|conv[{blocks}]_[2-9]")
    return sum(row.bytes for row in keeps(vgg, 128) if inside.fullmatch(row.name))


def outputs_of_owners(network: Network, batch: int) -> int:
    """torchinfo's forward/backward pass size: twice the float32 outputs of what owns parameters."""
    return 2 * 4 * sum(row.outputs for row in network.ledger(batch) if row.params)


@cache
def summary(network: Network, batch: int) -> torchinfo.ModelStatistics:
    return torchinfo.summary(build(network), (batch, *network.input_shape), verbose=0)


def mult_adds(network: Network, batch: int) -> int:
    return CONVENTIONS["torchinfo"].total(network.ledger(batch))


def bounds(design: str) -> list[int]:
    return [bound for part in (EXERCISES[design].at_most, EXERCISES[design].at_least) for bound in part.values()]


LESSON = {
    1: lambda: [
        rows(cnn),
        stored(cnn, "Conv"),
        stored(cnn, "Linear"),
        Linear(3 * 32 * 32, 5 * 28 * 28).params,
        round(Linear(3 * 32 * 32, 5 * 28 * 28).params / cnn["conv1"].params, -2),
        small_cnn(pool1_kernel=3, pool2_kernel=5).ledger().macs,
        5 + 12 + 128 + 10,
        3 * 32 * 32,
        12 * 12,
        Conv2d(3, 7, 3).params,
        Conv2d(5, 12, 5).params - Conv2d(5, 12, 3).params,
        cnn["fc1"].params - larger["fc1"].params,
    ],
    2: lambda: [
        rows(cnn),
        stored(cnn, "Conv"),
        stored(cnn, "Linear"),
        norm.ledger().params + norm.ledger().buffers,
        cnn.ledger().params + Linear(192, 192).params,
        12 * (12 * 768**2 + 13 * 768) + (50_257 + 1_024 + 2) * 768,  # GPT-2
        12 * (12 * 768**2 + 13 * 768) + (2 * 50_257 + 1_024 + 2) * 768,  # its tied matrix counted twice
        4 * cnn.ledger().params,
    ],
    3: lambda: [
        rows(cnn),
        larger.ledger().params,
        4 * larger.ledger().params,
        0.11 - 0.005,
        0.11 + 0.005,
        Conv2d(3, 7, 3).params + Linear(63, 10).params,
        Linear(12, 10).params,
        16 * cnn.ledger().bias_additions,
        mult_adds(cnn, 16),
        4 * 16 * 3 * 32 * 32,
        bounds("under-20000"),
        summary(cnn, 16).total_input + summary(cnn, 16).total_output_bytes + summary(cnn, 16).total_param_bytes,
    ],
    4: lambda: [
        2 * 32 * 20 * 20,  # the wrong line of exercise 4
        rows(cnn),
        norm.ledger().params,
        norm.ledger().params - cnn.ledger().params,
        5 + 12 + 128,
        4 * (norm.ledger().buffers - 3) + 3 * 8,
        mult_adds(cnn, 16),
        mult_adds(cnn, 16) / 10**6,
        mult_adds(norm, 16) - mult_adds(cnn, 16),
        outputs_of_owners(norm, 16),
        torchinfo_says(norm, 16),
        Conv2d(16, 32, 3).params,
        Conv2d(16, 32, 3).params - 32,
        [16, 32],  # channels of wrong-line-norm
        2 * 32,
        BatchNorm2d(64).params + BatchNorm2d(64).buffers,
    ],
    5: lambda: [
        8 * 10**9,
        rows(cnn),
        4 * cnn.ledger().params,
        measure_memory(cnn, 16).state,
        2**8 + 1,
        4 * 4 * 5 * 10**6,
        torch.optim.Adam([torch.zeros(1)]).defaults["betas"][1],
        round(4 * 5 * 10**6 / 2**20),
        cnn.ledger().params - cnn["fc1"].params,
    ],
    6: lambda: [
        rows(cnn),
        2 * 4 * cnn.ledger()["conv1"].outputs,
        measure_memory(cnn, 16),
        [row.bytes for row in keeps(cnn, 16)],
        measure_memory(cnn, 1).kept,
        4 * measure_memory(cnn, 1).kept,
        measure_memory(norm, 16).kept + measure_memory(norm, 16).input,
        outputs_of_owners(cnn, 16),
        outputs_of_owners(norm, 16),
        bounds("one-megabyte"),
        4 * (cnn.ledger().params - cnn["conv1"].params),
        2 * 4 * 16 * 3 * 32 * 32,
        4 * 10**6 / 2**20,
        2 * 4 * 128 * 10**6,
        2 * 4 * 128 * 10**6 / 2**20,
        predict_memory(vgg, 16).total,
        timeline(vgg, 16).peak.total / 10**6,
        timeline(vgg).peak.total,
        2 * 4 * 128 * sum(row.outputs for row in vgg.ledger() if row.kind != "Flatten") / 10**6,
        2 * 4 * 128 * sum(row.outputs for row in vgg.ledger() if row.kind not in ("Flatten", "ReLU", "Dropout")) / 10**6,
    ],
    7: lambda: [
        rows(cnn),
        3 * 3 * 3,
        3 * 3 * 3 - 1,
        one_conv().ledger().params,
        Conv2d(5, 12, 6).macs((5, 12, 12)) / Conv2d(5, 12, 3).macs((5, 12, 12)),
        round(sum(row.inputs for row in norm.ledger() if not row.macs and row.kind != "Flatten"), -3),
        mult_adds(cnn, 16),
        larger.ledger().macs,
        larger.ledger().bias_additions,
        12 * 8 * 8,
        Linear(10_752, 10_752).macs((10_752,)),
        128 * 84,
        2 * 10_752**2,
        4 * 10_752**2,
        12 * 5 * 5,
        4 * (10_752**2 + 3 * 10_752),
        Conv2d(256, 256, 3, groups=256).params,
        Linear(1_024, 1_024).params,
        Linear(1_024, 1_024).params / Conv2d(256, 256, 3, groups=256).params,
        Conv2d(32, 64, 3, padding=1).macs((32, 28, 28)),
        28 * 28,
        3 * 3 * 32 * 64,
    ],
    8: lambda: [
        round(CONVENTIONS["torchstat Flops"].total(vgg.ledger()) / 1e6, 2),
        2 * 7,
        Conv2d(64, 64, 3, padding=1).macs((64, 32, 32)),
        predict_memory(vgg, 128).kept,
        (predict_memory(vgg, 128).kept + predict_memory(vgg, 128).input) / 10**6,
        outputs_of_owners(vgg, 128) / 10**6,
        8 * sum(1 for row in norm.ledger()),
        8 * (2 * 44 + 7),
        512 * 7 * 7,
        [Conv2d(512, 512, k, bias=False).params for k in (1, 3, 7)],
        stored(vgg, "Linear"),
        stored(vgg, "Conv") + stored(vgg, "BatchNorm"),
        rows(paper),
        Linear(512 * 6 * 6, 4_096).params,
        512 * 6 * 6,
        8 * 2**5,
        sum((64, 128, 256, 256, 512, 512, 512, 512)),
        3 * 3 * 3,
        3 * 3 * 3 * 64,
        3 * 3 * 64 * 128,
        3 * 3 * 512 * 512,
        [64, 128],  # channels of wrong-line-vgg
        224 * 224,
        4 * paper.ledger().params,
        4 * paper.ledger().params / 2**20,
        3 * 224**2 + sum(row.outputs for row in paper.ledger() if row.kind in ("Conv2d", "MaxPool2d", "Linear")),
        4 * (3 * 224**2 + sum(row.outputs for row in paper.ledger() if row.kind in ("Conv2d", "MaxPool2d", "Linear"))),
    ],
    9: lambda: [
        rows(line),
        bounds("line-net"),
        2 * 100,
        Conv1d(12, 32, 7).params - 32,
        Conv1d(12, 32, 7, stride=2, padding=3).output_shape((12, 1_000)),
        1_000 + 2 * 3 - 7,
    ],
    10: lambda: [
        rows(cnn),
        sum(row.outputs for row in cnn.ledger() if row.kind == "ReLU"),
        sum(row.inputs for row in cnn.ledger() if "Pool" in row.kind),
        [CONVENTIONS[tool].total(cnn.ledger()) for tool in ("calflops FLOPs", "thop", "torchinfo", "ptflops")],
        worked(vgg, "Conv"),
        worked(vgg, "Linear"),
        2 * worked(vgg, "Conv") + worked(vgg, "Linear"),
        vit_b16(),
        llama() / 10**9,
        resnet50() / 10**9,
        10 * 10 * 16,
        16 * 48,
        4 * 16,
        3 * 3 * 5 * 12,
        tinytorch_says(build(cnn), 1, 3, 32, 32),
    ],
    11: lambda: [
        sum(Conv2d(a, b, 3).params + BatchNorm2d(b).params for a, b in zip((3, 16, 16, 32, 32, 16), (16, 16, 32, 32, 16, 16), strict=True))
        + ConvTranspose2d(32, 16, 2, stride=2).params
        + Conv2d(16, 1, 1).params,
        EXERCISES["under-budget"].input_shape,
        Conv2d(3, 16, 3).out_channels,
        EXERCISES["under-budget"].at_most.values(),
        12 * 4 * 4,
        Conv2d(16, 16, 3).params - 16,
        3 * Conv2d(16, 16, 3, padding=1).macs((16, 32, 32)),
        Conv2d(16, 16, 3, padding=1).macs((16, 32, 32)),
        Conv2d(3, 16, 3, padding=1).macs((3, 1, 1)),
        3 * 3 * 16,
        Linear(16 * 16 * 16, 10).macs((16 * 16 * 16,)),
    ],
    12: lambda: [
        predict_memory(cnn, 16, "bfloat16").kept,
        rows(cnn),
        [row.bytes for row in keeps(cnn, 16)],
        measure_memory(cnn, 16).kept,
        cnn.ledger().params - (5 + 12 + 128 + 10),
        5 + 12 + 128 + 10,
        predict_memory(vgg, 128).kept,
        round(predict_memory(vgg, 128).kept / 10**6),
        predict_memory(vgg, 128).training_state,
        timeline(vgg, 128).peak.total / 10**6,
        round(sum(timeline(vgg, 128).peak[2:5]) / 10**6),
        round(timeline(vgg, 128).peak.kept / 10**6),
        spared("1"),
        round(spared("1") / 10**6),
        (predict_memory(vgg, 128).kept - spared("1")) / 10**6,
        round(spared("1-5") / 10**6),
        predict_memory(vgg, 128).kept - spared("1-5"),
        timeline(vgg, 16, optimizer="SGD momentum", accumulate=True).peak.total / 10**6,
        bounds("vgg-256"),
    ],
    "common": lambda: [1_000 * 2**10, cnn.ledger().params, resnet50() / 10**9],
    "CONTRIBUTING": lambda: [Conv2d(5, 12, 3).params],
    "docs/lecture": lambda: [cnn["conv1"].params, Linear(3 * 32 * 32, 5 * 28 * 28).params, cnn.layers["fc1"].in_features],
    "README": lambda: [
        rows(cnn),
        paper.ledger().macs,
        resnet50(),
        mobilenet_v2(),
        convnext_t(),
        vit_b16(),
        gpt2(),
        llama(),
        float(re.search("requires-python = .>=([0-9.]+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))[1]),
    ],
}


@cache
def known(lesson: int | str) -> frozenset[float]:
    """What the expressions of a lesson give, with the constants and the figures that are quoted there."""
    given = LESSON.get(lesson, list)()
    numbers = [n for one in given for n in (one if isinstance(one, Iterable) else [one])]
    return frozenset([*CONSTANTS, *QUOTED.get(lesson, ()), *numbers])
