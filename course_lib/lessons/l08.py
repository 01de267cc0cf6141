"""Lesson 8: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.claim import Claim
from course_lib.asking.slips import Answer, Function
from course_lib.lessons.families import LINEAR


def flattened(sizes: dict) -> dict:
    channels, side, outputs = sizes["channels"], sizes["map"], sizes["outputs"]
    sides = {"inputs": side, "unpooled": 2 * side, "image": 32 * side, "eight": side + 1}
    made = {name: channels * one**2 for name, one in sides.items()}
    return made | {"one_side": channels * side, "positions": side**2, "second": outputs**2 + outputs}


def block_share(sizes: dict) -> dict:
    """A block's MACs, and those of a VGG whose last three blocks have so many convolutions."""
    blocks, before = {}, 3
    for number, channels in enumerate((64, 128, 256, 512, 512), 1):
        side, convs = 2 ** (6 - number), 2 if number < 3 else sizes["late"]
        blocks[number] = 9 * side**2 * channels * (before + (convs - 1) * channels), convs, side, before, channels
        before = channels
    macs = sum(block for block, *_ in blocks.values()) + 512 * 512 + 512 * 256 + 256 * 10
    named = dict(zip(("block", "convs", "side", "before", "channels"), blocks[round(sizes["number"])], strict=True))
    return named | {"macs": macs}


EXERCISES = {
    "vgg-work": Answer(
        vary={"number": "2 3 4 5", "late": "2 3 4 5"},
        derive=block_share,
        sizes={
            "block": 28_311_552,
            "macs": 313_592_320,
            "hundred": 100,
            "convs": 3,
            "number": 5,
            "late": 3,
            "side": 2,
            "before": 512,
            "channels": 512,
        },
        terms={"share": "hundred block /macs"},
        unit="percent",
        digits=0,
        instead={
            "same": 47,
            "complement": 53,
            "even": "20",
            "half": 24,
            "quarter": 12,
            "double": 18,
            "one_layer": 3,
            "none": "0",
            "count": "block",
            "third": 23,
            "behind": 2,
            "in_front": "4 hundred block /macs",
            "tenth": 10,
        },
    ),
    "imagenet-fc1": LINEAR.but(
        vary={"channels": "128 256 384 1_024", "map": "4 5 6 8", "outputs": "1_000 1_024 2_048"},
        derive=flattened,
        sizes={
            "inputs": 25_088,
            "outputs": 4_096,
            "channels": 512,
            "one_side": 3_584,
            "unpooled": 100_352,
            "image": 25_690_112,
            "positions": 49,
            "eight": 32_768,
            "second": 16_781_312,
            "map": 7,
        },
        swaps={"inputs": "channels one_side unpooled image positions eight outputs", "outputs": "inputs"},
        plus={"second": "second", "input_biases": "inputs"},
        times="",
        instead={},
    ),
    "vgg-twice": Answer(
        vary={"conv": "7_639_264 9_225_984 20_030_144", "fc": "133_898 267_264 530_442"},
        sizes={"conv": 14_723_136, "fc": 396_554},
        terms={"blocks": "conv", "again": "conv", "linear": "fc"},
        plus={"third": "conv", "fourth_block": "conv"},
        groups={"all_blocks": "blocks again", "once": "blocks linear"},
        instead={
            "blocks_once": "conv",
            "all_twice": "2 conv + 2 fc",
            "three": "3 conv + 3 fc",
            "six": "6 conv + fc",
            "imagenet": 138_357_544,
            "twice_linear": "conv + 2 fc",
        },
    ),
    "rows-224": Answer(
        unit="count",
        vary={"image": "128 192 256 288 352 384"},
        derive=lambda s: {"side": s["image"] // 32, "fourteen": s["image"] // 16},
        sizes={"image": 224, "side": 7, "channels": 512, "two": 2, "fourteen": 14},
        terms={"rows": "side side"},
        swaps={"side": "fourteen"},
        times="channels two",
        instead={
            "row_width": "channels",
            "channels": "3",
            "error": "0",
            "outputs": "10 side side",
            "one": "1",
            "pixels": "image image",
            "classes": "10",
            "before_side": "fourteen",
        },
    ),
    "three-for-seven": Answer(
        vary={"c": "64 96 128 256 384"},
        sizes={"seven": 49, "three": 27, "two": 18, "one": 9, "c": 512},
        terms={"one_layer": "seven c c", "three_layers": "-1 three c c"},
        swaps={"three": "two one"},
        plus={"biases": "-1 c", "second_bias": "-1 c"},
        instead={
            "ratio": "49 /27",
            "side_by_side": "2 c c",
            "negative": "-2 c c",
            "one_square": "c c",
            "four_squares": "4 c c",
            "two_for_five": "7 c c",
            "percent": "2200 /49",
            "fraction": "22 /49",
            "needs": "27 c c",
            "stack_biases": "22 c c + -2 c",
        },
    ),
    "cs231n-mb": Answer(
        sizes={"values": 15_237_608, "width": 4, "mega": 1_000_000, "notes": 24_000_000, "params": 138_357_544},
        terms={"bytes": "values width /mega"},
        swaps={"values": "notes params"},
        unit="MB",
        instead={"notes": 93, "notes_values": 24, "pools_forgotten": 54.8, "relus": 115.1, "with_params": 614.380608, "params_mb": 552},
        digits=0,
    ),
    "picture-size": Answer(
        sizes={"side": 6, "pools": 32},
        terms={"side": "side pools"},
        unit="times",
        instead={
            "map_side": 6,
            "positions": 36,
            "inputs": 18_432,
            "channels_forgotten": 18_432**0.5,
            "channels_in_it": 32 * 18_432**0.5,
            "with_biases": 32 * (75_501_568 / 4_096 / 512) ** 0.5,
            "four_pools": 96,
            "six_pools": 384,
            "positions_scaled": 1_152,
            "imagenet": 224,
        },
    ),
    "vgg11-convs": Answer(
        sizes={"k": 3, "in": 3, "c1": 64, "c2": 128, "c3": 256, "c4": 512, "norms": 2},
        terms={
            "conv1": "k k in c1",
            "conv2": "k k c1 c2",
            "conv3": "k k c2 c3",
            "conv4": "k k c3 c3",
            "conv5": "k k c3 c4",
            "conv6": "k k c4 c4",
            "conv7": "k k c4 c4",
            "conv8": "k k c4 c4",
            "biases": "2752",
        },
        plus={"norms": "2 2752"},
        groups={"last_three": "conv6 conv7 conv8"},
        instead={
            "vgg16": 14_714_688,
            "biases_in": 9_220_480 - 2_752 + 2_243,
            "without_conv1": 9_220_480 - 1_792,
            "without_512": 9_220_480 - (9 * 512 * 512 + 512),
            "without_256": 9_220_480 - (9 * 256 * 256 + 256),
            "with_linears": 9_220_480 + 123_642_856,
            "grey": 9_220_480 - 2 * 9 * 64,
        },
    ),
    "wrong-line-vgg": Answer(
        sizes={"line": 4}, terms={"line": "line"}, unit="times", instead={"one": 1, "two": 2, "three": 3, "five": 5, "none": 0, "six": 6}
    ),
}


def stack_case(k: int, c: int) -> Answer:
    return Answer(
        sizes={"k": k, "c": c, "layers": (k - 1) // 2, "all": k // 2 + 1},
        terms={"one": "k k c c", "stack": "-1 layers 3 3 c c"},
        swaps={"layers": "all"},
        instead={
            "of_the_stack": 9 * (k - 1) // 2 * c * c,
            "one_three": k * k * c * c - 9 * c * c,
            "turned": (9 * (k - 1) // 2 - k * k) * c * c,
            "three_cells": (k * k - 3 * (k - 1) // 2) * c * c,
            "three_layers": (k * k - 27) * c * c,
        },
    )


FUNCTIONS = {"stack-saves": Function(("k", "c"), [stack_case(*case) for case in [(7, 512), (5, 64), (3, 256), (11, 3)]])}

STARS = {"picture-size": 2, "vgg11-convs": 2, "wrong-line-vgg": 3, "stack-saves": 3}  # what check asks, and how hard it is

CS231N_KEEPS = "Conv2d", "MaxPool2d", "Linear"
CLAIMS = {
    "a2-138-million": Claim(
        "holds_if",
        said=138,
        true=lambda ask: ask.params(ask.imagenet_vgg16()) // 10**6,
        otherwise=lambda ask: ask.params(ask.ArticleVGG()) // 10**6,
        figure=lambda ask: ask.params(ask.ArticleVGG()),
    ),
    "a2-524-mb": Claim("does_not_hold", said=524, true=lambda ask: round(4 * ask.params(ask.imagenet_vgg16()) / 1e6, 2)),
    "a2-torchsummary": Claim(
        "does_not_hold", said=lambda ask: ask.params(ask.ArticleVGG()), true=lambda ask: ask.torchsummary_says(ask.ArticleVGG(), 3, 32, 32)
    ),
    "a2-torchstat": Claim(
        "holds_if",
        said=True,
        true=lambda ask: (
            "Total"
            in ask.torchstat_says("import pandas as pd; pd.DataFrame.append = lambda self, row: pd.concat([self, row.to_frame().T])")
        ),
        otherwise=lambda ask: "Total" in ask.torchstat_says(),
    ),
    "a2-224": Claim("does_not_hold", said=1, true=lambda ask: len(ask.ArticleVGG().eval()(ask.torch.zeros(1, 3, 224, 224)))),
    "a2-dropout": Claim(
        "holds", said=0.9, true=lambda ask: round((ask.nn.Dropout(0.9)(ask.torch.ones(100_000)) == 0).float().mean().item(), 1)
    ),
    "a2-net1": Claim("does_not_hold", said="", true=lambda ask: ask.raises("net1 = nn.Linear(2, 1); print(net)")),
    "cs231n-memory": Claim(
        "does_not_hold",
        said=93,
        true=lambda ask: round(
            4e-6 * (3 * 224**2 + sum(row.outputs for row in ask.imagenet_vgg16().ledger() if row.kind in CS231N_KEEPS)), 2
        ),
    ),
    "cs231n-parameters": Claim(
        "holds", said=138, true=lambda ask: ask.params(ask.imagenet_vgg16()) // 10**6, figure=lambda ask: ask.params(ask.imagenet_vgg16())
    ),
    "cs231n-stacks": Claim(
        "holds",
        said=(18, 25, 27, 49),
        true=lambda ask: tuple(ask.params(ask.nn.Conv2d(8, 8, k, bias=False)) * n // 64 for k, n in ((3, 2), (5, 1), (3, 3), (7, 1))),
    ),
}
