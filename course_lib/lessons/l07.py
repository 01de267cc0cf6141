"""Lesson 7: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.answers import Answer, Claim, Function
from course_lib.lessons.families import A1, SMALL_CNN, SMALL_CNN_SIZES, WORK

EXERCISES = {
    "a3-flops-biased": Answer(
        vary={"k": "3 5", "cin": "2 4 5 6 8", "cout": "10 12 20 32", "size": "12 14 20 28"},
        derive={"out": "size - k + 1"},
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
        stars=1,
        vary={"k": "3 5", "cin": "2 4 5 6 8", "cout": "10 12 20 32", "size": "12 14 20 28"},
        derive={"out": "size - k + 1"},
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
        derive={"out": "(size - k) // stride + 1", "full": "size - k + 1", "halved": "size // stride", "short": "out - 1"},
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
        derive=SMALL_CNN_SIZES
        | {  # conv2 has grown from 3×3 to 5×5: the values that get a bias, and the MACs, before and after
            "c1": "map1",
            "c2": "map2",
            "c3": "hidden",
            "side": "out2",
            "old_side": "pooled_side1 - 2",
            "old_c2": "channels2 * old_side ** 2",
            "old_in": "channels2 * ((old_side - 3) // 2 + 1) ** 2",
            "old_macs": "macs1 + 9 * channels1 * old_c2 + old_in * hidden + fc2_w",
            "stored": "biases",
        },
        sizes=A1
        | {
            "kernel2": 5,
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
        derive=SMALL_CNN_SIZES | {"conv1": "macs1"},
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
        derive={  # what a square Linear does, and what it moves
            "macs": "batch * side * side",
            "values": "side * side + side + 2 * batch * side",
            "flops": "2 * macs",
            "bytes": "4 * values",
        },
        sizes={"side": 10_752, "batch": 1, "flops": 231_211_008, "bytes": 462_551_040, "macs": 115_605_504, "values": 115_637_760},
        terms={"share": "flops /bytes"},
        swaps={"flops": "macs", "bytes": "values"},
        unit="times",
        instead={"two_bytes": "2 flops /bytes", "inverse": "bytes /flops", "weights": "side /2"},
        digits=1,
    ),
    "map-side": Answer(
        stars=2,
        unit="times",
        sizes={"side": 28, "k": 3, "cin": 32, "cout": 64},
        terms={"side": "side"},
        digits=0,
        instead={
            "places": 784,
            "half": 784 / 2,
            "quarter": 784 / 4,
            "padded": 30,
            "unpadded": 26,
            "inputs_forgotten": (14_450_688 / (9 * 64)) ** 0.5,
            "outputs_forgotten": (14_450_688 / (9 * 32)) ** 0.5,
            "kernel_forgotten": 84,
            "not_squared": (14_450_688 / (3 * 32 * 64)) ** 0.5,
            "flops": (14_450_688 / (2 * 9 * 32 * 64)) ** 0.5,
        },
    ),
    "separable-pair": Answer(
        stars=3,
        vary={"c": "16 24 48", "cout": "40 80 96", "out": "14 20 56"},
        unit="macs",
        sizes={"k": 3, "c": 32, "cout": 64, "out": 28},
        terms={"depthwise": "k k c out out", "pointwise": "c cout out out"},
        instead={
            "whole_conv": "k k c cout out out",
            "params": "k k c + c cout",
            "dense_depthwise": "k k c c out out + c cout out out",
            "one_kernel": "k k out out + c cout out out",
            "both_wide": "k k c out out + k k c cout out out",
            "with_biases": "k k c out out + c cout out out + c out out + cout out out",
        },
    ),
    "conv-macs": Function(
        stars=2,
        arguments="k cin cout size stride",
        values=[(3, 5, 12, 12, 2), (5, 3, 8, 33, 3), (1, 16, 4, 8, 1), (3, 64, 64, 57, 2)],
        answer=WORK.but(
            derive={
                "out": "(size - k) // stride + 1",
                "full": "size - k + 1",
                "halved": "size // stride",
                "short": "out - 1",
                "unfloored": "(size - k) / stride + 1",
                "late": "(size - k + 1) // stride",
                "kernel_off": "size // stride + 1",
                "padded": "(size + 2 * (k // 2) - k) // stride + 1",
            },
            swaps={"out": "size full halved short unfloored late kernel_off padded", "cin": "cout", "cout": "cin"},
            instead={"params": "k k cin cout + cout"},
            times="stride",
        ).at_sizes,
    ),
}

CLAIMS = {
    "a3-amount": Claim("A3", "does_not_hold", said=196, true=lambda ask: ask.macs(ask.one_conv())),
    "a3-forward": Claim(
        "A3",
        "does_not_hold",
        said="",
        true=lambda ask: ask.raises(
            "class Net(nn.Module):\n def forward(self, x): nn.Conv2d(3, 7, 3)(x)\nNet()(torch.zeros(1, 3, 5, 5)).shape"
        ),
    ),
    "a3-one-value": Claim(
        "A3",
        "holds_if",
        said=9 + 8,
        true=lambda ask: 2 * ask.params(ask.nn.Conv2d(1, 1, 3, bias=False)) - 1,
        otherwise=lambda ask: 2 * (ask.params(ask.nn.Conv2d(1, 1, 3)) - 1),
    ),
    "a3-layer": Claim(
        "A3",
        "holds_if",
        said=2 * 3 * 3 * 3 * 3 * 3 * 7,
        true=lambda ask: ask.macs(ask.one_conv()) + 26 * 63 + 63,
        otherwise=lambda ask: ask.macs(ask.one_conv()) + 26 * 63,
    ),
    "a3-speed": Claim(
        "A3",
        "does_not_hold",
        said=True,
        true=lambda ask: (
            ask.milliseconds(ask.Conv2d(256, 256, 3, padding=1, groups=256), 256, 224, 224)
            < 3 * ask.milliseconds(ask.Conv2d(64, 64, 3, padding=1), 64, 56, 56)
        ),
    ),
    "a3-memory": Claim(
        "A3",
        "does_not_hold",
        said=True,
        true=lambda ask: (
            ask.measure_memory(ask.Network((1024,), fc=ask.Linear(1024, 1024)), 1).total
            > ask.measure_memory(ask.Network((256, 224, 224), conv=ask.Conv2d(256, 256, 3, padding=1, groups=256)), 1).total
        ),
    ),
    "a3-rate": Claim("A3", "holds", said=lambda ask: ask.small_cnn().ledger().macs, true=lambda ask: ask.macs(ask.small_cnn())),
    "a3-others": Claim(
        "A3",
        "holds",
        said=True,
        true=lambda ask: (
            ask.macs(ask.small_cnn()) - (192 * 128 + 128 * 10) > sum(row.inputs for row in ask.small_cnn().ledger() if not row.macs) > 0
        ),
    ),
}
