"""Lesson 9: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.answers import Answer, Design, Function
from course_lib.asking.claim import Claim
from course_lib.lessons.families import LAYERS

A4 = {"k": "5 7", "c1": "8 12 20", "c2": "24 40 48", "length": "60 80 120 200", "hidden": "64 100 256"}
A4_SIZES = {  # what follows from the sizes of a 1-D network as A4's
    "half": "length // 2",
    "quarter": "length // 4",
    "square": "k * k",
    "flat": "c2 * quarter",
    "flat_old": "c2 * half",
    "one_pool": "c2 * half",
    "unpooled": "c2 * length",
    "one_channel": "quarter",
    "one_position": "c2",
    "unpadded": "c2 * (((length - k + 1) // 2 - k + 1) // 2)",
    "params": "k * c1 + c1 + k * c1 * c2 + c2 + flat * hidden + hidden + hidden * classes + classes",
    "macs": "k * c1 * length + k * c1 * c2 * half + flat * hidden + hidden * classes",
}

EXERCISES = {
    "conv1d-params": Answer(
        vary={"k": "3 5 7", "cin": "4 8 12 20", "cout": "10 32 64"},
        derive={"padded_k": "k + 2"},
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
        derive={"after": "length // 4", "first": "length // 2", "unpadded": "length // 4 - 1", "half_channels": "channels // 2"},
        sizes={"channels": 32, "after": 50, "first": 100, "length": 200, "batch": 16, "unpadded": 49, "half_channels": 16},
        terms={"values": "channels after"},
        swaps={"after": "first length unpadded", "channels": "half_channels"},
        times="batch channels",
        instead={"old": 800, "fc1_old": 102_528},
    ),
    "conv1d-total": Answer(
        vary=A4,
        derive=A4_SIZES,
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
        derive=A4_SIZES,
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
        stars=1,
        unit="count",
        sizes={"two": 2},
        terms={"kinds": "two"},
        instead={"one": 1, "three": 3, "four": 4, "all": 6, "five": 5, "none": 0},
    ),
    "ecg-macs": Answer(
        stars=2,
        vary={"cin": "3 8 10", "cout": "20 24 40", "length": "500 600 2000"},
        derive={"out": "length // 2", "unpadded": "(length - 7) // 2 + 1", "unfloored": "(length + 1) / 2", "short": "length // 2 - 1"},
        unit="macs",
        sizes={"k": 7, "cin": 12, "cout": 32, "out": 500, "length": 1_000, "unpadded": 497, "unfloored": 500.5, "short": 499, "stride": 2},
        terms={"products": "k cin cout out"},
        swaps={"out": "length unpadded unfloored short", "cin": "cout", "cout": "cin"},
        plus={"biases": "cout out", "stored_biases": "cout"},
        instead={"params": "k cin cout + cout"},
        times="stride",
    ),
    "length-after": Function(
        stars=2,
        arguments="length kernel stride padding",
        values=[(1_000, 7, 2, 3), (100, 3, 1, 1), (101, 4, 3, 2), (50, 5, 5, 0)],
        answer=Answer(
            derive={
                "unfloored": "(length + 2 * padding - kernel) / stride",
                "steps": "int(unfloored)",
                "once_padded": "(length + padding - kernel) // stride",
                "unpadded": "(length - kernel) // stride",
                "unstrided": "length + 2 * padding - kernel",
                "kernel_forgotten": "(length + 2 * padding) // stride",
                "ceiled": "-((kernel - length - 2 * padding) // stride)",
            },
            terms={"steps": "steps", "first": "1"},
            swaps={"steps": "unfloored once_padded unpadded unstrided kernel_forgotten ceiled"},
            unit="count",
        ).at_sizes,
    ),
    "line-net": Design(stars=3, input_shape=(1, 100), output_shape=(8, 25), batch_size=16, at_most={"params": 600}, at_least={"field": 12}),
}

CLAIMS = {
    "a4-formula": Claim("A4", "does_not_hold", said=(3 * 3 * 3 * 7 + 7) * 7, true=lambda ask: ask.params(ask.nn.Conv2d(3, 7, 3))),
    "a4-second-formula": Claim("A4", "does_not_hold", said=3 * 3 * 3 * 7, true=lambda ask: ask.params(ask.nn.Conv2d(3, 7, 3))),
    "a4-dense": Claim(
        "A4",
        "does_not_hold",
        said=192 * 128 + 128 * 10,
        true=lambda ask: ask.params(ask.nn.Linear(192, 128)) + ask.params(ask.nn.Linear(128, 10)),
    ),
    "a4-parameters": Claim("A4", "does_not_hold", said=29_226, true=lambda ask: ask.params(ask.conv1d_net())),
    "a4-flops": Claim("A4", "does_not_hold", said=21_455_360, true=lambda ask: 2 * ask.macs(ask.conv1d_net())),
    "a4-profile": Claim(
        "A4", "does_not_hold", said="", true=lambda ask: ask.raises("torch.profiler.profile(nn.Linear(2, 1), inputs=torch.zeros(1, 2))")
    ),
    "a4-kinds": Claim(
        "A4",
        "holds",
        said=["Conv2d", "Linear"],
        true=lambda ask: [
            kind.__name__
            for kind, *sizes in (
                (ask.nn.Conv2d, 3, 7, 3),
                (ask.nn.MaxPool2d, 2),
                (ask.nn.AvgPool2d, 2),
                (ask.nn.Linear, 4, 2),
                (ask.nn.Dropout,),
                (ask.nn.Flatten,),
                (ask.nn.Identity,),
            )
            if ask.params(kind(*sizes))
        ],
    ),
}
