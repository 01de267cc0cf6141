"""Lesson 1: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.claim import Claim
from course_lib.asking.slips import Answer, Function
from course_lib.lessons.families import CONV, LAYERS, LINEAR, WORK


def positions(sizes: dict) -> dict:
    out = sizes["size"] - sizes["k"] + 1
    return {"out": out, "short": out - 1}


def padded(sizes: dict) -> dict:
    return {"padded_k": sizes["k"] + 2}


def stored(sizes: dict) -> dict:
    weights = sizes["k"] ** 2 * sizes["channels"] * sizes["cout"]
    return {"weights": weights, "stored": weights + sizes["cout"]}


def flattened(sizes: dict) -> dict:
    inputs = sizes["channels"] * sizes["positions"]
    return {"inputs": inputs, "before_pool": 4 * inputs, "three": 9 * sizes["channels"], "five": 25 * sizes["channels"]}


EXERCISES = {
    "one-value": Answer(
        vary={"k": "3 5 7", "cin": "2 4 5 6 8 16", "cout": "7 10 12 20 32", "size": "12 14 20 28"},
        derive=positions,
        sizes={"k": 3, "cin": 5, "cout": 12, "size": 12, "out": 10},
        terms={"products": "k k cin"},
        swaps={"cin": "cout k", "k": "cin cout"},
        unit="macs",
        times="cout out·out size·size",
        instead={"products_and_additions": 89, "additions_flat": 8, "additions": 44, "value_bias": 46},
    ),
    "conv2-params": CONV.but(
        vary={"k": "3 5 7", "cin": "2 4 5 6 8 16", "cout": "7 10 12 20 32", "size": "12 14 20 28"},
        derive=positions,
        sizes={"k": 3, "cin": 5, "cout": 12, "size": 12, "out": 10, "batch": 16},
        instead={"added": "cin + cout", "weights_per_cell": 77_760},
    ),
    "a3-layer": CONV.but(sizes={"k": 3, "cin": 3, "cout": 7, "size": 5, "out": 3, "batch": 16}, instead={"weights_per_cell": 4_725}),
    "strided": CONV.but(
        vary={"k": "3 5 7", "cin": "2 4 5 6 8 16", "cout": "7 10 12 20 32", "stride": "2 3", "batch": "8 16 32"},
        derive=lambda s: {"padded_k": s["k"] + 2},
        votes="over-stride·stride swapped-k-padded_k left_out-biases",
        sizes={"k": 3, "cin": 5, "cout": 12, "size": 12, "out": 6, "batch": 16, "stride": 2, "padded_k": 5},
        swaps={"k": "cout size padded_k", "cin": "cout", "cout": "cin"},
        times="out·out size·size cout batch stride stride·stride",
    ),
    "grouped": Answer(
        vary={"k": "3 5", "cin": "12 18 24", "cout": "12 24 36", "groups": "2 3 6"},
        sizes={"k": 3, "cin": 6, "cout": 12, "size": 12, "groups": 3},
        terms={"weights": "k k cin /groups cout", "biases": "cout"},
        swaps={"k": "cout size", "cin": "cout", "cout": "cin"},
        plus={"input_biases": "cin", "group_biases": "groups", "biases_again": "cout"},
        per="cin k·k groups cout",
        times="groups",
        instead={
            "channels_a_group": 336,
            "both_divided": 84,
            "times_groups": 1956,
            "one_group": 72,
            "one_kernel_all": 18,
            "groups_and_bias_forgotten": 648,
            "groups_divide_biases": 220,
        },
    ),
    "flatten-size": Answer(
        unit="count",
        sizes={
            "channels": 12,
            "after": 4,
            "before": 10,
            "halved": 5,
            "short": 3,
            "unstrided": 8,
            "kernel_off": 7,
            "seven_halves": 3.5,
            "outputs": 128,
            "batch": 16,
        },
        terms={"values": "channels after after"},
        swaps={"after": "before halved short unstrided kernel_off seven_halves channels"},
        times="outputs batch after",
    ),
    "fc1-params": LINEAR.but(
        vary={"channels": "8 12 20 32", "positions": "16 36 49", "outputs": "10 64 100 128"},
        derive=flattened,
        votes="left_out-biases instead-linear_bias_inputs swapped-inputs-channels",
        sizes={
            "inputs": 192,
            "outputs": 128,
            "channels": 12,
            "positions": 16,
            "before_pool": 1_200,
            "three": 108,
            "five": 300,
            "batch": 16,
        },
        swaps={"inputs": "channels positions before_pool three five outputs", "outputs": "inputs"},
        instead={"both_plus_one": 24_897},
    ),
    "conv2-macs": WORK.but(
        vary={"k": "3 5 7", "cin": "2 4 5 6 8 16", "cout": "7 10 12 20 32", "size": "12 14 20 28"},
        derive=positions,
        sizes={"k": 3, "cin": 5, "cout": 12, "size": 12, "out": 10, "batch": 16, "short": 9},
        swaps={"out": "size short", "cin": "cout", "cout": "cin"},
        instead={"params": 552, "flops_unbiased": 106_800, "whole_network": 373_856, "one_value_only": 45, "params_per_cell": 79_488},
    ),
    "larger-kernel": Answer(
        sizes={
            "conv1": 375,
            "conv1_b": 5,
            "new": 1_500,
            "old": 540,
            "conv2_b": 12,
            "fc1_in": 108,
            "old_in": 192,
            "short_in": 48,
            "unpooled": 768,
            "hidden": 128,
            "fc2": 1_280,
            "fc2_b": 10,
        },
        terms={
            "w_conv1": "conv1",
            "b_conv1": "conv1_b",
            "w_conv2": "new",
            "b_conv2": "conv2_b",
            "w_fc1": "fc1_in hidden",
            "b_fc1": "hidden",
            "w_fc2": "fc2",
            "b_fc2": "fc2_b",
        },
        swaps={"new": "old", "fc1_in": "old_in short_in unpooled"},
        groups=LAYERS,
        instead={"conv2_gains": 960, "change": 9792, "unchanged": 26_926, "conv2_added_again": 28_138, "no_plus_one": 9_454},
    ),
    "total": Answer(
        sizes={
            "conv1": 375,
            "conv1_b": 5,
            "conv2": 540,
            "conv2_b": 12,
            "fc1": 24_576,
            "fc1_b": 128,
            "fc2": 1_280,
            "fc2_b": 10,
            "batch": 16,
        },
        terms={
            "w_conv1": "conv1",
            "b_conv1": "conv1_b",
            "w_conv2": "conv2",
            "b_conv2": "conv2_b",
            "w_fc1": "fc1",
            "b_fc1": "fc1_b",
            "w_fc2": "fc2",
            "b_fc2": "fc2_b",
        },
        groups=LAYERS,
        times="batch",
        instead={"with_norms": 27_216, "with_buffers": 27_509, "tensors": 8, "macs": 373_856, "activation_owns": 32_366},
    ),
    "fc1-share": Answer(
        sizes={
            "fc1": 24_704,
            "params": 26_926,
            "fc1_weights": 24_576,
            "linears": 25_994,
            "convolutions": 932,
            "fc2": 1_290,
            "hundred": 100,
        },
        terms={"share": "hundred fc1 /params"},
        swaps={"fc1": "fc1_weights linears convolutions fc2"},
        unit="percent",
        instead={"count": 24704, "of_linears": 95.0, "rest": 8.25, "even": 25, "gut": 50, "share_of_layers": 9.090909090909},
        digits=0,
    ),
    "input-channels": Answer(
        vary={"k": "3 5", "channels": "4 6 8 16", "cout": "24 32 48 64"},
        derive=lambda s: {
            "weights": s["k"] ** 2 * s["channels"] * s["cout"],
            "stored": s["k"] ** 2 * s["channels"] * s["cout"] + s["cout"],
        },
        unit="count",
        sizes={"weights": 1_728, "stored": 1_792, "k": 3, "cout": 64, "channels": 3, "batch": 16},
        terms={"channels": "weights /k /k /cout"},
        swaps={"weights": "stored"},
    ),
    "oblong-macs": Answer(
        vary={"cin": "3 4 6 8", "cout": "10 12 20", "h": "7 9 16", "w_in": "13 17 22"},
        derive=lambda s: {"w": s["w_in"] - 2, "w_unpadded": s["w_in"] - 4, "h_unpadded": s["h"] - 2},
        unit="macs",
        sizes={"kh": 3, "kw": 5, "cin": 4, "cout": 6, "h": 9, "w": 12, "w_in": 14, "w_unpadded": 10, "h_unpadded": 7},
        terms={"products": "kh kw cin cout h w"},
        swaps={"kw": "kh", "kh": "kw", "w": "w_in w_unpadded", "h": "h_unpadded", "cin": "cout", "cout": "cin"},
        plus={"biases": "cout h w", "stored_biases": "cout"},
        times="kh kw",
        instead={
            "params": "kh kw cin cout + cout",
            "unpadded": "kh kw cin cout h_unpadded w_unpadded",
            "whole_map": "kh kw cin cout h w_in",
        },
    ),
}

SIZES = [{"k": 3, "cin": 3, "cout": 7}, {"k": 3, "cin": 5, "cout": 12}, {"k": 5, "cin": 3, "cout": 5}, {"k": 1, "cin": 16, "cout": 4}]
FUNCTIONS = {
    "conv-formula": Function(
        ("k", "cin", "cout"),
        [
            CONV._replace(
                sizes=s,
                swaps={"k": "cin", "cin": "k cout", "cout": "cin"},
                per="cin k·k k cout",
                times="cout",
                instead={"arguments_swapped": s["cin"] ** 2 * s["cout"] * s["k"] + s["k"]},
            )
            for s in SIZES
        ],
    )
}

STARS = {"input-channels": 2, "conv-formula": 2, "flatten-size": 2, "oblong-macs": 3}  # what check asks, and how hard it is

CLAIMS = {
    "a1-convolutions": Claim(
        "holds", said=380 + 552, true=lambda ask: ask.params(ask.nn.Conv2d(3, 5, 5)) + ask.params(ask.nn.Conv2d(5, 12, 3))
    ),
    "a1-linear": Claim(
        "holds", said=24_704 + 1_290, true=lambda ask: ask.params(ask.nn.Linear(192, 128)) + ask.params(ask.nn.Linear(128, 10))
    ),
    "a1-total": Claim("holds", said=26_926, true=lambda ask: ask.params(ask.small_cnn())),
    "a1-pool-order": Claim(
        "does_not_hold",
        said=lambda ask: ask.macs(ask.small_cnn()),
        true=lambda ask: ask.macs(ask.small_cnn(pool1_kernel=3, pool2_kernel=5)),
    ),
    "a2-conv-formula": Claim(
        "holds_if",
        said=12 * (3 * 3 * 5 + 1),
        true=lambda ask: ask.params(ask.nn.Conv2d(5, 12, 3)),
        otherwise=lambda ask: ask.params(ask.nn.Conv2d(5, 12, 3, bias=False)),
    ),
    "a2-linear-formula": Claim(
        "holds_if",
        said=(192 + 1) * 128,
        true=lambda ask: ask.params(ask.nn.Linear(192, 128)),
        otherwise=lambda ask: ask.params(ask.nn.Linear(192, 128, bias=False)),
    ),
    "a2-map-size": Claim(
        "holds_if",
        said=0,
        true=lambda ask: ask.params(ask.small_cnn(image=64, global_pool=True)) - ask.params(ask.small_cnn(global_pool=True)),
        otherwise=lambda ask: ask.params(ask.small_cnn(image=64)) - ask.params(ask.small_cnn()),
    ),
    "a3-196": Claim("holds", said=3 * 3 * 3 * 7 + 7, true=lambda ask: ask.params(ask.nn.Conv2d(3, 7, 3))),
}
