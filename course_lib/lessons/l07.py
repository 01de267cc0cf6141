"""Lesson 7: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.claim import Claim
from course_lib.asking.slips import Answer, Function
from course_lib.lessons.families import WORK


def strides(sizes: dict) -> dict:
    size, k, stride = sizes["size"], sizes["k"], sizes["stride"]
    out = (size - k) // stride + 1
    return {"out": out, "full": size - k + 1, "halved": size // stride, "short": out - 1}


EXERCISES = {
    "a3-flops-biased": Answer(
        sizes={"k": 3, "cin": 3, "cout": 7, "size": 5, "out": 3},
        terms={"products": "k k cin cout out out", "additions": "k k cin cout out out"},
        swaps={"out": "size"},
        plus={"minus_first": "-1 cout out out", "biases": "cout out out"},
        unit="flops",
        instead={
            "params": 196,
            "twice_params": 392,
            "flat_additions": 1_071,
            "unbiased_less": 3_276,
            "flops_one_value": 54,
            "macs_and_bias": 1_764,
        },
    ),
    "a3-flops": Answer(
        sizes={"k": 3, "cin": 3, "cout": 7, "size": 5, "out": 3},
        terms={"products": "k k cin cout out out", "additions": "k k cin cout out out", "first": "-1 cout out out"},
        swaps={"out": "size"},
        plus={"first_again": "-1 cout out out"},
        groups={"adding": "additions first"},
        unit="flops",
        instead={"weights": 189, "params": 196, "less_channels": 3_395, "flops_unbiased_value": 53, "flops_input_map": 9_450},
    ),
    "stride-macs": WORK.but(
        vary={"k": "3 5", "cin": "2 4 5 6 8 16", "cout": "7 10 12 20 32", "size": "14 16 20 28", "stride": "2 3"},
        derive=strides,
        sizes={"k": 3, "cin": 5, "cout": 12, "size": 12, "out": 5, "batch": 16, "full": 10, "stride": 2, "halved": 6, "short": 4},
        swaps={"out": "size full halved short"},
        times="stride stride·stride batch cout out·out",
        instead={"params": 552, "flops_unbiased": 26_700, "places": 25, "stride_outputs": 300},
    ),
    "mult-adds": Answer(
        sizes={"batch": 16, "macs": 405_104, "c1": 3_920, "c2": 768, "c3": 128, "c4": 10, "old_c2": 1_200, "old_macs": 373_856},
        terms={"macs": "batch macs", "b_conv1": "batch c1", "b_conv2": "batch c2", "b_fc1": "batch c3", "b_fc2": "batch c4"},
        swaps={"c2": "old_c2", "macs": "old_macs"},
        groups={"additions": "b_conv1 b_conv2 b_fc1 b_fc2", "linears": "b_fc1 b_fc2"},
        unit="macs",
        instead={
            "biases_once": 6_486_490,
            "stored_biases": 6_484_144,
            "macs_once": 482_320,
            "old_network": 6_065_824,
            "mult_adds_flops": 12_963_328,
            "mult_adds_bare": 405_104,
        },
    ),
    "backward-ratio": Answer(
        sizes={"conv1": 294_000, "macs": 373_856},
        terms={"forward": "macs /macs", "weights": "macs /macs", "inputs": "macs /macs", "conv1": "-1 conv1 /macs"},
        groups={"backward": "weights inputs conv1"},
        unit="times",
        instead={"vgg": 2.99, "guess": 1.5, "fc1_removed": 2.934263459728, "six": 6, "three": 3, "two": 2, "no_backward": 1.427201917316},
        digits=2,
    ),
    "flops-per-byte": Answer(
        sizes={"flops": 231_211_008, "bytes": 462_551_040, "macs": 115_605_504, "values": 115_637_760},
        terms={"share": "flops /bytes"},
        swaps={"flops": "macs", "bytes": "values"},
        unit="times",
        instead={"two_bytes": 1.0, "inverse": 2.000558035714, "weights": 5_376},
        digits=1,
    ),
    "map-side": Answer(
        unit="times",
        sizes={"side": 28},
        terms={"side": "side"},
        digits=0,
        instead={
            "places": 784,
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
        vary={"c": "16 24 48", "cout": "40 80 96", "out": "14 20 56"},
        unit="macs",
        sizes={"k": 3, "c": 32, "cout": 64, "out": 28, "batch": 16},
        terms={"depthwise": "k k c out out", "pointwise": "c cout out out"},
        plus={"biases": "c out out"},
        instead={"whole_conv": "k k c cout out out", "params": "k k c + c cout", "dense_depthwise": "k k c c out out + c cout out out"},
    ),
}


def conv_case(k: int, cin: int, cout: int, size: int, stride: int) -> Answer:
    out = (size - k) // stride + 1
    return WORK._replace(
        sizes={"k": k, "cin": cin, "cout": cout, "size": size, "stride": stride, "out": out, "full": size - k + 1,
               "halved": size // stride, "short": out - 1, "unfloored": (size - k) / stride + 1},
        swaps={"out": "size full halved short unfloored", "cin": "cout", "cout": "cin"},
        plus={"biases": "cout out out", "stored_biases": "cout"},
        times="stride",
    )  # fmt: skip


LAYERS_TRIED = [(3, 5, 12, 12, 2), (5, 3, 8, 33, 3), (1, 16, 4, 8, 1), (3, 64, 64, 57, 2)]
FUNCTIONS = {"conv-macs": Function(("k", "cin", "cout", "size", "stride"), [conv_case(*case) for case in LAYERS_TRIED])}

STARS = {"a3-flops": 1, "conv-macs": 2, "map-side": 2, "separable-pair": 3}  # what check asks, and how hard it is

CLAIMS = {
    "a3-amount": Claim("does_not_hold", said=196, true=lambda ask: ask.macs(ask.one_conv())),
    "a3-forward": Claim(
        "does_not_hold",
        said="",
        true=lambda ask: ask.raises(
            "class Net(nn.Module):\n def forward(self, x): nn.Conv2d(3, 7, 3)(x)\nNet()(torch.zeros(1, 3, 5, 5)).shape"
        ),
    ),
    "a3-one-value": Claim(
        "holds_if",
        said=9 + 8,
        true=lambda ask: 2 * ask.params(ask.nn.Conv2d(1, 1, 3, bias=False)) - 1,
        otherwise=lambda ask: 2 * (ask.params(ask.nn.Conv2d(1, 1, 3)) - 1),
    ),
    "a3-layer": Claim(
        "holds_if",
        said=2 * 3 * 3 * 3 * 3 * 3 * 7,
        true=lambda ask: ask.macs(ask.one_conv()) + 26 * 63 + 63,
        otherwise=lambda ask: ask.macs(ask.one_conv()) + 26 * 63,
    ),
    "a3-speed": Claim(
        "does_not_hold",
        said=True,
        true=lambda ask: (
            ask.milliseconds(ask.Conv2d(256, 256, 3, padding=1, groups=256), 256, 224, 224)
            < 3 * ask.milliseconds(ask.Conv2d(64, 64, 3, padding=1), 64, 56, 56)
        ),
    ),
    "a3-memory": Claim(
        "does_not_hold",
        said=True,
        true=lambda ask: (
            ask.measure_memory(ask.Network((1024,), fc=ask.Linear(1024, 1024)), 1).total
            > ask.measure_memory(ask.Network((256, 224, 224), conv=ask.Conv2d(256, 256, 3, padding=1, groups=256)), 1).total
        ),
    ),
    "a3-rate": Claim("holds", said=lambda ask: ask.small_cnn().ledger().macs, true=lambda ask: ask.macs(ask.small_cnn())),
    "a3-others": Claim(
        "holds",
        said=True,
        true=lambda ask: (
            ask.macs(ask.small_cnn()) - (192 * 128 + 128 * 10) > sum(row.inputs for row in ask.small_cnn().ledger() if not row.macs) > 0
        ),
    ),
}
