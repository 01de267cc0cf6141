"""Lesson 7: what the right answers are made of, and other numbers that people give."""

from course_lib.asking.slips import Answer
from course_lib.lessons.families import A1, SMALL_CNN, WORK, small_cnn_sizes


def strides(sizes: dict) -> dict:
    size, k, stride = sizes["size"], sizes["k"], sizes["stride"]
    out = (size - k) // stride + 1
    return {"out": out, "full": size - k + 1, "halved": size // stride, "short": out - 1}


def widened(sizes: dict) -> dict:
    """A small CNN whose conv2 grows from 3×3 to 5×5: the values that get a bias, and the MACs, before and after."""
    old, new = small_cnn_sizes(sizes | {"kernel2": 3}), small_cnn_sizes(sizes | {"kernel2": 5})
    values = {"c1": new["map1"], "c2": new["map2"], "c3": sizes["hidden"], "old_c2": old["map2"], "side": new["out2"]}
    return values | {"macs": new["macs"], "old_macs": old["macs"], "stored": new["biases"]}


def worked(sizes: dict) -> dict:
    made = small_cnn_sizes(sizes)
    return {"conv1": made["macs1"], "macs": made["macs"]}


def moved(sizes: dict) -> dict:
    """What a square Linear does, and what it moves."""
    side, batch = sizes["side"], sizes["batch"]
    macs, values = batch * side * side, side * side + side + 2 * batch * side
    return {"flops": 2 * macs, "macs": macs, "values": values, "bytes": 4 * values}


EXERCISES = {
    "a3-flops-biased": Answer(
        vary={"k": "3 5", "cin": "2 4 5 6 8", "cout": "10 12 20 32", "size": "12 14 20 28"},
        derive=lambda s: {"out": s["size"] - s["k"] + 1},
        sizes={"k": 3, "cin": 3, "cout": 7, "size": 5, "out": 3},
        terms={"products": "k k cin cout out out", "additions": "k k cin cout out out"},
        swaps={"out": "size"},
        plus={"minus_first": "-1 cout out out", "biases": "cout out out"},
        unit="flops",
        instead={
            "params": "k k cin cout + cout",
            "twice_params": "2 k k cin cout + 2 cout",
            "flat_additions": "2 k k cout out out + -1 cout out out",
            "unbiased_less": "2 k k cin cout out out + -2 cout out out",
            "flops_one_value": "2 k k cin",
            "macs_and_bias": "k k cin cout out out + cout out out",
        },
    ),
    "a3-flops": Answer(
        vary={"k": "3 5", "cin": "2 4 5 6 8", "cout": "10 12 20 32", "size": "12 14 20 28"},
        derive=lambda s: {"out": s["size"] - s["k"] + 1},
        sizes={"k": 3, "cin": 3, "cout": 7, "size": 5, "out": 3},
        terms={"products": "k k cin cout out out", "additions": "k k cin cout out out", "first": "-1 cout out out"},
        swaps={"out": "size"},
        plus={"first_again": "-1 cout out out"},
        groups={"adding": "additions first"},
        unit="flops",
        instead={
            "weights": "k k cin cout",
            "params": "k k cin cout + cout",
            "less_channels": "2 k k cin cout out out + -1 cout",
            "flops_unbiased_value": "2 k k cin + -1",
            "flops_input_map": "2 k k cin cout size size",
            "bias_on_top": "2 k k cin cout out out + cout out out",
            "channels_apart": "2 k k cin cout out out + -1 cin cout out out",
        },
    ),
    "stride-macs": WORK.but(
        vary={"k": "3 5", "cin": "2 4 6 7 8 16", "cout": "7 10 12 20 32", "size": "14 16 20 28", "stride": "2 3"},
        derive=strides,
        sizes={"k": 3, "cin": 5, "cout": 12, "size": 12, "out": 5, "batch": 16, "full": 10, "stride": 2, "halved": 6, "short": 4},
        swaps={"out": "size full halved short"},
        times="stride stride·stride batch cout out·out",
        instead={
            "params": "k k cin cout + cout",
            "flops_unbiased": "2 k k cin cout out out + -1 cout out out",
            "places": "out out",
            "stride_outputs": "cout out out",
        },
    ),
    "mult-adds": Answer(
        vary={size: options for size, options in SMALL_CNN.items() if size != "kernel2"} | {"batch": "4 8 12 32"},
        derive=widened,
        sizes=A1
        | {
            "side": 8,
            "batch": 16,
            "macs": 405_104,
            "c1": 3_920,
            "c2": 768,
            "c3": 128,
            "c4": 10,
            "old_c2": 1_200,
            "old_macs": 373_856,
            "stored": 155,
        },
        terms={"macs": "batch macs", "b_conv1": "batch c1", "b_conv2": "batch c2", "b_fc1": "batch c3", "b_fc2": "batch c4"},
        swaps={"c2": "old_c2", "macs": "old_macs"},
        groups={"additions": "b_conv1 b_conv2 b_fc1 b_fc2", "linears": "b_fc1 b_fc2"},
        unit="macs",
        instead={
            "biases_once": "batch macs + c1 + c2 + c3 + c4",
            "stored_biases": "batch macs + batch stored",
            "macs_once": "macs + batch c1 + batch c2 + batch c3 + batch c4",
            "old_network": "batch old_macs + batch c1 + batch old_c2 + batch c3 + batch c4",
            "mult_adds_flops": "2 batch macs",
            "mult_adds_bare": "macs",
        },
    ),
    "backward-ratio": Answer(
        vary=SMALL_CNN,
        derive=worked,
        sizes=A1 | {"conv1": 294_000, "macs": 373_856},
        terms={"forward": "macs /macs", "weights": "macs /macs", "inputs": "macs /macs", "conv1": "-1 conv1 /macs"},
        groups={"backward": "weights inputs conv1"},
        unit="times",
        instead={
            "vgg": 2.99,
            "guess": "3 /2",
            "fc1_removed": 2.934263459728,
            "six": "6",
            "three": "3",
            "two": "2",
            "no_backward": "3 + -2 conv1 /macs",
        },
        digits=2,
    ),
    "flops-per-byte": Answer(
        vary={"side": "512 1_024 2_048 4_096", "batch": "8 16 32 64 100"},
        derive=moved,
        sizes={"side": 10_752, "batch": 1, "flops": 231_211_008, "bytes": 462_551_040, "macs": 115_605_504, "values": 115_637_760},
        terms={"share": "flops /bytes"},
        swaps={"flops": "macs", "bytes": "values"},
        unit="times",
        instead={"two_bytes": "2 flops /bytes", "inverse": "bytes /flops", "weights": "side /2"},
        digits=1,
    ),
}
