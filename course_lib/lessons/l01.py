"""Lesson 1: what the right answers are made of, and other numbers that people give."""

from course_lib.asking.slips import Answer, Function
from course_lib.lessons.families import A1, CONV, LAYERS, LINEAR, SMALL_CNN, WORK, small_cnn_sizes


def positions(sizes: dict) -> dict:
    out = sizes["size"] - sizes["k"] + 1
    return {"out": out, "short": out - 1}


def padded(sizes: dict) -> dict:
    return {"padded_k": sizes["k"] + 2}


def flattened(sizes: dict) -> dict:
    inputs = sizes["channels"] * sizes["positions"]
    return {"inputs": inputs, "before_pool": 4 * inputs, "three": 9 * sizes["channels"], "five": 25 * sizes["channels"]}


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
    "grouped": Answer(
        vary={"k": "3 5", "cin": "12 18 24", "cout": "12 24 36", "groups": "2 3 6"},
        sizes={"k": 3, "cin": 6, "cout": 12, "size": 12, "groups": 3},
        terms={"weights": "k k cin /groups cout", "biases": "cout"},
        swaps={"k": "cout size", "cin": "cout", "cout": "cin"},
        plus={"input_biases": "cin", "group_biases": "groups", "biases_again": "cout"},
        per="cin k·k groups cout",
        times="groups",
        instead={
            "channels_a_group": "k k groups cout + cout",
            "both_divided": "k k cin /groups cout /groups + cout",
            "times_groups": "k k cin groups cout + cout",
            "inputs_and_bias_forgotten": "k k cout",
            "one_group": "k k cin /groups cout /groups",
            "one_kernel_all": "k k cin /groups",
            "groups_and_bias_forgotten": "k k cin cout",
            "groups_divide_biases": "k k cin /groups cout + cout /groups",
            "ungrouped_divide_biases": "k k cin cout + cout /groups",
            "ungrouped_group_biases": "k k cin cout + groups",
        },
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
        instead={"both_plus_one": "inputs outputs + inputs + outputs + 1"},
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
    "total": Answer(
        vary=SMALL_CNN,
        derive=small_cnn_sizes,
        sizes=A1
        | {
            "conv1": 375,
            "conv1_b": 5,
            "conv2": 540,
            "conv2_b": 12,
            "fc1": 24_576,
            "fc1_b": 128,
            "fc2": 1_280,
            "fc2_b": 10,
            "batch": 16,
            "params": 26_926,
            "norm": 145,
            "macs": 373_856,
            "activations": 5_440,
            "flat": 192,
            "biases": 155,
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
        instead={
            "with_norms": "params + 2 norm",
            "with_buffers": "params + 4 norm + 3",
            "tensors": "8",
            "layers": "4",
            "macs": "macs",
            "activation_owns": "params + activations",
            "biases_per_input": "conv1 + 3 + conv2 + conv1_b + fc1 + flat + fc2 + fc1_b",
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
