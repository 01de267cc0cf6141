"""Lesson 1: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.claim import Claim
from course_lib.asking.slips import Answer, Function
from course_lib.lessons.families import A1, CONV, LAYERS, SMALL_CNN, WORK, small_cnn_sizes


def positions(sizes: dict) -> dict:
    out = sizes["size"] - sizes["k"] + 1
    return {"out": out, "short": out - 1}


def stored(sizes: dict) -> dict:
    weights = sizes["k"] ** 2 * sizes["channels"] * sizes["cout"]
    return {"weights": weights, "stored": weights + sizes["cout"]}


def oblong(sizes: dict) -> dict:
    h, w = sizes["h"], sizes["w_in"]
    return {"w": w - 2, "w_unpadded": w - 4, "h_unpadded": h - 2, "w_padded": w + 2, "h_padded": h + 2}


def shrunk(sizes: dict) -> dict:
    """What AvgPool2d(3, stride=2) makes of a side, and what others make of it."""
    before = sizes["before"]
    after = (before - 3) // 2 + 1
    return {
        "after": after,
        "halved": before // 2,
        "short": after - 1,
        "unstrided": before - 2,
        "kernel_off": before - 3,
        "seven_halves": (before - 3) / 2,
    }


def grown(sizes: dict) -> dict:
    """A small CNN whose conv2 grows from 3×3 to 5×5."""
    old, new = small_cnn_sizes(sizes | {"kernel2": 3}), small_cnn_sizes(sizes | {"kernel2": 5})
    more = {"old": old["conv2"], "new": new["conv2"], "fc1_in": new["flat"], "old_in": old["flat"], "before": old["params"]}
    return new | more | {"short_in": sizes["channels2"] * (new["after"] - 1) ** 2, "unpooled": new["map2"]}


def shares(sizes: dict) -> dict:
    all_of = small_cnn_sizes(sizes)
    linears, fc2 = all_of["fc1"] + all_of["fc1_b"] + all_of["fc2"] + all_of["fc2_b"], all_of["fc2"] + all_of["fc2_b"]
    parts = {
        "fc1": linears - fc2,
        "fc1_weights": all_of["fc1"],
        "linears": linears,
        "fc2": fc2,
        "normed": all_of["params"] + 2 * all_of["norm"],
    }
    return all_of | parts | {"convolutions": all_of["params"] - linears, "rest": all_of["params"] - parts["fc1"]}


EXERCISES = {
    "one-value": Answer(
        vary={"k": "3 5 7", "cin": "2 4 6 7 8 16", "cout": "7 10 12 20 32", "size": "12 14 20 28"},
        derive=positions,
        sizes={"k": 3, "cin": 5, "cout": 12, "size": 12, "out": 10},
        terms={"products": "k k cin"},
        swaps={"cin": "cout k", "k": "cin cout"},
        unit="macs",
        times="cout out·out size·size",
        instead={
            "products_and_additions": "2 k k cin + -1",
            "additions_flat": "k k + -1",
            "additions": "k k cin + -1",
            "value_bias": "k k cin + 1",
            "params": "k k cin cout + cout",
            "layer": "k k cin cout out out",
        },
    ),
    "conv2-params": CONV.but(
        vary={"k": "3 5 7", "cin": "2 4 6 7 8 16", "cout": "7 10 12 20 32", "size": "12 14 20 28"},
        derive=positions,
        sizes={"k": 3, "cin": 5, "cout": 12, "size": 12, "out": 10, "batch": 16},
        instead={"added": "cin + cout", "weights_per_cell": "k k cin cout size size"},
    ),
    "a3-layer": CONV.but(
        vary={"k": "3 5 7", "cin": "2 4 6 7 8 16", "cout": "10 12 20 32", "size": "12 14 20 28"},
        derive=positions,
        sizes={"k": 3, "cin": 3, "cout": 7, "size": 5, "out": 3, "batch": 16},
        instead={"weights_per_cell": "k k cin cout size size", "flat_input_biases": "k k cout + cin"},
    ),
    "strided": CONV.but(
        vary={"k": "3 5 7", "cin": "2 4 6 7 8 16", "cout": "7 10 12 20 32", "stride": "2 3", "batch": "8 16 32"},
        derive=lambda s: {"padded_k": s["k"] + 2},
        votes="over-stride·stride swapped-k-padded_k left_out-biases",
        sizes={"k": 3, "cin": 5, "cout": 12, "size": 12, "out": 6, "batch": 16, "stride": 2, "padded_k": 5},
        instead={"stride_for_side": "k stride cout + cout"},
        swaps={"k": "cout size padded_k", "cin": "cout", "cout": "cin"},
        times="out·out size·size cout batch stride stride·stride",
    ),
    "flatten-size": Answer(
        unit="count",
        vary={"channels": "6 8 10 20 24 32", "before": "12 14 16 18 20 22"},
        derive=shrunk,
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
        instead={"conv1_channels": 80},
    ),
    "conv2-macs": WORK.but(
        vary={"k": "3 5 7", "cin": "2 4 6 7 8 16", "cout": "7 10 12 20 32", "size": "12 14 20 28"},
        derive=positions,
        sizes={"k": 3, "cin": 5, "cout": 12, "size": 12, "out": 10, "batch": 16, "short": 9},
        swaps={"out": "size short", "cin": "cout", "cout": "cin"},
        instead={
            "params": "k k cin cout + cout",
            "flops_unbiased": "2 k k cin cout out out + -1 cout out out",
            "whole_network": 373_856,
            "one_value_only": "k k cin",
            "params_per_cell": "k k cin cout size size + cout size size",
        },
    ),
    "larger-kernel": Answer(
        vary={size: options for size, options in SMALL_CNN.items() if size != "kernel2"},
        derive=grown,
        sizes=A1
        | {
            "before": 26_926,
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
        instead={
            "conv2_gains": "new + -1 old",
            "change": "old_in hidden + old + -1 fc1_in hidden + -1 new",
            "unchanged": "before",
            "conv2_added_again": 28_138,
            "no_plus_one": 9_454,
        },
    ),
    "fc1-share": Answer(
        vary=SMALL_CNN,
        derive=shares,
        sizes=A1
        | {
            "fc1": 24_704,
            "params": 26_926,
            "fc1_weights": 24_576,
            "linears": 25_994,
            "convolutions": 932,
            "fc2": 1_290,
            "hundred": 100,
            "rest": 2_222,
            "weights": 26_771,
            "normed": 27_216,
            "macs": 373_856,
        },
        terms={"share": "hundred fc1 /params"},
        swaps={"fc1": "fc1_weights linears convolutions fc2"},
        unit="percent",
        instead={
            "count": "fc1",
            "of_linears": "hundred fc1 /linears",
            "rest": "hundred rest /params",
            "even": "25",
            "gut": 50,
            "gut_90": 90,
            "all": "hundred",
            "rest_rounded": 8,
            "of_weights": "hundred fc1_weights /weights",
            "share_of_layers": "hundred /11",
            "share_of_normed": "hundred fc1 /normed",
            "share_over_rest": "hundred fc1 /rest",
            "share_inverse": "hundred params /fc1",
            "share_of_macs": "hundred fc1_weights /macs",
        },
        digits=0,
    ),
    "input-channels": Answer(
        vary={"k": "3 5", "channels": "4 6 8 16", "cout": "24 32 48 64"},
        derive=stored,
        unit="count",
        sizes={"weights": 1_728, "stored": 1_792, "k": 3, "cout": 64, "channels": 3, "batch": 16},
        terms={"channels": "weights /k /k /cout"},
        swaps={"weights": "stored"},
        instead={"outputs": "cout"},
    ),
    "oblong-macs": Answer(
        vary={"cin": "3 4 6 8", "cout": "10 12 20", "h": "7 9 16", "w_in": "13 17 22"},
        derive=oblong,
        unit="macs",
        sizes={
            "kh": 3,
            "kw": 5,
            "cin": 4,
            "cout": 6,
            "h": 9,
            "w": 12,
            "w_in": 14,
            "w_unpadded": 10,
            "h_unpadded": 7,
            "w_padded": 16,
            "h_padded": 11,
        },
        terms={"products": "kh kw cin cout h w"},
        swaps={"kw": "kh", "kh": "kw", "w": "w_in w_unpadded", "h": "h_unpadded", "cin": "cout", "cout": "cin"},
        plus={"biases": "cout h w", "stored_biases": "cout"},
        times="kh kw",
        instead={
            "params": "kh kw cin cout + cout",
            "unpadded": "kh kw cin cout h_unpadded w_unpadded",
            "whole_map": "kh kw cin cout h w_in",
            "padded_map": "kh kw cin cout h_padded w_padded",
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
