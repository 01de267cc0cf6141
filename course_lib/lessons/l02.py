"""Lesson 2: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.answers import Answer, Claim, Function
from course_lib.lessons.families import A1, LAYERS, SMALL_CNN, SMALL_CNN_SIZES

EXERCISES = {
    "total": Answer(
        vary=SMALL_CNN,
        derive=SMALL_CNN_SIZES | {"conv1": "conv1_w", "conv2": "conv2_w", "fc1": "fc1_w", "fc2": "fc2_w"},
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
    "tensors": Answer(
        unit="count",
        vary={"layers": "3 5 6 9 13 16", "others": "4 7 8 11"},
        sizes={"layers": 4, "each": 2, "others": 2},
        terms={"tensors": "layers each"},
        instead={
            "values": 26_926,
            "all_modules": "2 layers + 2 others",
            "ten": 10,
            "conv_fc_flatten": 5,
            "layers_11": 11,
            "tensors_of_six": "layers + others",
        },
    ),
    "trainable": Answer(
        vary={"params": "11_542 17_134 61_706 136_886", "k": "3 5 7", "cin": "1 4 6", "cout": "8 16 20 32"},
        sizes={"params": 26_926, "k": 5, "cin": 3, "cout": 5},
        terms={"all": "params", "w_conv1": "-1 k k cin cout", "b_conv1": "-1 cout"},
        swaps={"k": "cin"},
        groups={"conv1": "w_conv1 b_conv1"},
        instead={
            "conv2_frozen": 26_374,
            "nothing": "0",
            "conv2_only": 552,
            "frozen_only": "k k cin cout + cout",
            "bias_per_input": "params + -1 k k cin cout + -1 cin",
            "both_convolutions_frozen": 25_994,
        },
    ),
    "tied": Answer(
        stars=1,
        vary={"side": "16 32 40 48 96 100 128 200"},
        sizes={"side": 64},
        terms={"weight": "side side", "b_first": "side", "b_second": "side"},
        plus={"third_bias": "side", "second_weight": "side side"},
        groups={"biases": "b_first b_second"},
        instead={"side_once": "side + 2 side", "weight_twice": "2 side side", "tied_biases_forgotten": "2 side side"},
    ),
    "mebibytes": Answer(
        vary={"values": "11_542 17_134 29_226 61_706 105_450 136_886 1_250_858"},
        sizes={"values": 26_926, "width": 4, "mib": 1_048_576},
        terms={"bytes": "values width /mib"},
        unit="MiB",
        instead={"with_adam": "4 values width /mib", "bits_not_bytes": "8 values width", "values_not_bytes": "values"},
        digits=3,
    ),
    "bfloat16": Answer(
        vary={"values": "11_542 17_134 29_226 61_706 105_450 136_886 1_250_858"},
        sizes={"values": 26_926, "width": 2, "four": 4, "eight": 8},
        terms={"bytes": "values width"},
        swaps={"width": "four eight"},
        unit="bytes",
        instead={"activations_for_weights": 23_604, "over_bits": "values /eight"},
    ),
    "state-values": Answer(
        stars=3,
        vary={"k": "3 5", "cin": "1 4 6", "c": "8 12 24 32"},
        sizes={"k": 3, "cin": 3, "c": 16, "batch": 16},
        terms={"first": "k k cin c", "second": "k k c c", "learnt": "2 2 c", "statistics": "2 2 c", "counters": "2"},
        plus={"conv_biases": "2 c"},
        groups={"weights": "first second", "remembered": "statistics counters", "norms": "learnt statistics counters"},
        instead={"tensors": 12},
    ),
    "fit-values": Answer(
        stars=2,
        vary={"size": "10 16 24 50 64 256"},
        sizes={"size": 100, "mib": 1_048_576, "mb": 1_000_000, "kib": 1_024, "width": 4, "two": 2, "eight": 8},
        terms={"values": "size mib /width"},
        swaps={"mib": "mb kib", "width": "two eight"},
        instead={"times_four": "size mib width"},
    ),
    "size-mib": Function(
        stars=2,
        arguments="params width",
        values=[(138_357_544, 4), (26_926, 2), (1_000_000, 8), (61_706, 1)],
        answer=Answer(
            derive={"floored": "params * width // mib", "one_digit": "round(params * width / mib, 1)"},
            sizes={"mib": 1_048_576, "four": 4, "two": 2},
            terms={"size": "params width /mib"},
            swaps={"width": "four two"},
            instead={"floored": "floored", "one_digit": "one_digit", "times_mib": "params width mib", "over_width": "params /width /mib"},
            unit="MiB",
            digits=2,
        ).at_sizes,
    ),
}

CLAIMS = {
    "a1-bytes": Claim(
        "A1",
        "holds",
        said=0.11,
        true=lambda ask: round(ask.measure_memory(ask.small_cnn(), 1, mode="no_grad").weights / 1e6, 2),
        figure=lambda ask: ask.measure_memory(ask.small_cnn(), 1, mode="no_grad").weights,
    ),
    "a1-two-hidden": Claim(
        "A1",
        "does_not_hold",
        said=lambda ask: (
            ask.params(ask.nn.Linear(192, 192)) + ask.params(ask.nn.Linear(192, 128)) + ask.params(ask.nn.Linear(128, 10)) + 932
        ),
        true=lambda ask: ask.params(ask.small_cnn()),
    ),
    "a1-last-relu": Claim(
        "A1", "does_not_hold", said=True, true=lambda ask: bool((ask.nn.AvgPool2d(3, 2)(ask.torch.rand(1, 99, 99)) < 0).any())
    ),
}
