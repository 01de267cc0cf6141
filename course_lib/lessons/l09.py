"""Lesson 9: what the right answers are made of, and other numbers that people give."""

from course_lib.asking.slips import Answer
from course_lib.lessons.families import LAYERS

A4 = {"k": "5 7", "c1": "8 12 20", "c2": "24 40 48", "length": "60 80 120 200", "hidden": "64 100 256"}


def line(sizes: dict) -> dict:
    """What follows from the sizes of a 1-D network as A4's."""
    k, c1, c2, length, hidden, classes = (sizes[size] for size in (*A4, "classes"))
    half, quarter = length // 2, length // 4
    flats = {"flat": c2 * quarter, "one_pool": c2 * half, "unpooled": c2 * length, "flat_old": c2 * half, "one_channel": quarter}
    cut = ((length - k + 1) // 2 - k + 1) // 2
    params = k * c1 + c1 + k * c1 * c2 + c2 + flats["flat"] * hidden + hidden + hidden * classes + classes
    macs = k * c1 * length + k * c1 * c2 * half + flats["flat"] * hidden + hidden * classes
    made = {"square": k * k, "unpadded": c2 * cut, "params": params, "macs": macs}
    return flats | made | {"half": half, "quarter": quarter, "one_position": c2}


EXERCISES = {
    "conv1d-params": Answer(
        vary={"k": "3 5 7", "cin": "4 8 12 20", "cout": "10 32 64"},
        derive=lambda s: {"padded_k": s["k"] + 2},
        sizes={"k": 3, "cin": 16, "cout": 32, "padded_k": 5, "length": 100},
        terms={"weights": "k cin cout", "biases": "cout"},
        swaps={"k": "padded_k", "cin": "cout", "cout": "cin"},
        plus={"input_biases": "cin"},
        per="cin k cout",
        times="cout length",
        instead={"line_squared_bare": "k k cin cout", "line_bias_inputs": "k cin cout + cin"},
    ),
    "conv1d-flatten": Answer(
        unit="count",
        vary={"channels": "12 20 24 48 64", "length": "120 160 240 400"},
        derive=lambda s: {
            "after": s["length"] // 4,
            "first": s["length"] // 2,
            "unpadded": s["length"] // 4 - 1,
            "half_channels": s["channels"] // 2,
        },
        sizes={"channels": 32, "after": 50, "first": 100, "length": 200, "batch": 16, "unpadded": 49, "half_channels": 16},
        terms={"values": "channels after"},
        swaps={"after": "first length unpadded", "channels": "half_channels"},
        times="batch channels",
        instead={"old": 800, "fc1_old": 102_528},
    ),
    "conv1d-total": Answer(
        vary=A4,
        derive=line,
        sizes={
            "k": 3,
            "c1": 16,
            "c2": 32,
            "flat": 800,
            "one_position": 32,
            "unpooled": 3_200,
            "one_pool": 1_600,
            "hidden": 128,
            "classes": 10,
            "length": 100,
            "unpadded": 736,
            "square": 9,
            "one_channel": 25,
        },
        terms={
            "w_conv1": "k c1",
            "b_conv1": "c1",
            "w_conv2": "k c1 c2",
            "b_conv2": "c2",
            "w_fc1": "flat hidden",
            "b_fc1": "hidden",
            "w_fc2": "hidden classes",
            "b_fc2": "classes",
        },
        swaps={"flat": "one_position unpooled one_pool unpadded one_channel", "k": "square"},
        groups=LAYERS,
        instead={"article": 29_226, "no_input_channels": "k c1 + c1 + k c2 + c2 + flat hidden + hidden + hidden classes + classes"},
    ),
    "conv1d-macs": Answer(
        vary=A4,
        derive=line,
        sizes={
            "k": 3,
            "c1": 16,
            "c2": 32,
            "length": 100,
            "half": 50,
            "flat": 800,
            "hidden": 128,
            "classes": 10,
            "quarter": 25,
            "square": 9,
            "flat_old": 1_600,
            "params": 105_450,
            "macs": 185_280,
        },
        terms={"conv1": "k c1 length", "conv2": "k c1 c2 half", "fc1": "flat hidden", "fc2": "hidden classes"},
        swaps={"half": "length quarter", "length": "half", "k": "square", "flat": "flat_old"},
        plus={"biases": "c1 length", "biases2": "c2 half", "pools": "c1 length"},
        groups={"convolutions": "conv1 conv2", "linears": "fc1 fc2"},
        unit="macs",
        instead={
            "with_biases": "macs + c1 length + c2 half + hidden + classes",
            "flops_biases": "2 macs + 2 c1 length + 2 c2 half + 2 hidden + 2 classes",
            "article": 21_455_360,
            "params": "params",
            "profiler": 207_360,
            "pools_counted": "macs + c1 length + c2 half",
            "no_input_channels": "k c1 length + k c2 half + flat hidden + hidden classes",
            "no_output_channels": "k length + k c1 half + flat hidden + hidden classes",
            "weights_once": "k c1 + k c1 c2 + flat hidden + hidden classes",
            "after_pools": "k c1 half + k c1 c2 quarter + flat hidden + hidden classes",
        },
    ),
    "kinds": Answer(
        unit="count", sizes={"two": 2}, terms={"kinds": "two"}, instead={"one": 1, "three": 3, "four": 4, "all": 6, "five": 5, "none": 0}
    ),
}
