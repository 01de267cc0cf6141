"""Lesson 6: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.answers import Answer, Claim, Design, Function
from course_lib.lessons.families import A1, SMALL_CNN, SMALL_CNN_SIZES

EXERCISES = {
    "eval-frees": Answer(
        sizes={"kept": 486_400},
        terms={"before": "kept", "after": "-1 kept"},
        unit="bytes",
        instead={
            "indices": 92160,
            "all_but_indices": 394240,
            "everything": 486_400,
            "half": 243_200,
            "with_input": 683_008,
            "weights": 107_704,
            "optimizer": 215_440,
            "gradients_and_optimizer": 323_144,
            "relu1": 250_880,
            "relus": 348_160,
        },
    ),
    "pool-indices": Answer(
        stars=1,
        vary={"batch": "8 32 64", "channels": "6 10 20", "out": "11 14 16"},
        derive={"size": "2 * out + 4"},
        sizes={"batch": 16, "channels": 5, "out": 12, "size": 28, "width": 8, "four": 4, "two": 2, "twelve": 12, "window": 25},
        terms={"indices": "batch channels out out width"},
        swaps={"out": "size", "width": "four two twelve"},
        unit="bytes",
        times="window two",
        instead={"input_map_bytes": "batch channels size size four", "conv2_channels": 221_184},
    ),
    "a2-activations": Answer(
        vary={"pictures": "16 32 64 100 256", "million": "500_000 2_000_000 3_000_000"},
        derive={"cut": "int(million * 4 / 2**20 * 10) / 10"},
        sizes={"pictures": 128, "million": 1_000_000, "width": 4, "twice": 2, "mib": 1_048_576, "three": 3, "cut": 3.8},
        terms={"bytes": "pictures million width twice /mib"},
        swaps={"twice": "three"},
        unit="MiB",
        instead={"mixed": "pictures million width twice /1024000", "cut_mb": "pictures cut twice"},
        digits=1,
    ),
    "crossing": Answer(
        vary={"kept": "15_200 23_900 30_400 41_700 65_000", "weights": "61_704 246_824 547_544 900_100"},
        derive={"four": "weights // kept + 1", "fourteen": "4 * weights // kept", "three": "weights // kept"},
        sizes={"four": 4, "kept": 30_400, "weights": 107_704, "fourteen": 14, "three": 3},
        terms={"batch": "four"},
        unit="times",
        instead={
            "one_late": "four + 1",
            "exact": "weights /kept",
            "state": "fourteen + 1",
            "before": "three",
            "state_input": 11,
            "state_cut": "fourteen",
            "state_exact": "4 weights /kept + 32 /kept",
            "two_more": "2 four",
            "course": 16,
            "always": "1",
            "inverse": "kept /weights",
            "bytes": "weights",
        },
    ),
    "forward-backward": Answer(
        vary=SMALL_CNN | {"batch": "8 12 32 50"},
        derive=SMALL_CNN_SIZES | {"conv1": "map1", "conv2": "map2", "fc1": "hidden", "fc2": "10", "relu": "activations"},
        sizes=A1
        | {"twice": 2, "width": 4, "batch": 16, "conv1": 3_920, "conv2": 1_200, "fc1": 128, "fc2": 10, "relu": 5_440, "three_maps": 3_072},
        terms={
            "conv1": "twice width batch conv1",
            "bn1": "twice width batch conv1",
            "conv2": "twice width batch conv2",
            "bn2": "twice width batch conv2",
            "fc1": "twice width batch fc1",
            "bn3": "twice width batch fc1",
            "fc2": "twice width batch fc2",
        },
        plus={"input": "width batch three_maps", "bn4": "twice width batch fc2", "relus": "twice width batch relu"},
        groups={"norms": "bn1 bn2 bn3", "plain": "conv1 conv2 fc1 fc2"},
        unit="bytes",
        instead={
            "kept": 1_020_040,
            "kept_alone": 823_432,
            "pass_values_once": "2 batch conv1 + 2 batch conv2 + 2 batch fc1 + batch fc2",
            "norms_stored": 675_344,
            "norms_of_parameters": 710_144,
        },
    ),
    "step-peak": Answer(
        vary=SMALL_CNN | {"channels1": "6 8 9 10", "channels2": "14 16 20", "hidden": "48 64 96 100", "batch": "8 12 24 32"},
        derive=SMALL_CNN_SIZES
        | {  # bytes at the moment when backward is at relu1
            "weights": "4 * params",
            "gradients": "weights - 4 * (conv1_w + conv1_b)",
            "state": "2 * weights + 32",
            "input": "4 * batch * 3_072",
            "map": "4 * batch * map1",
        },
        sizes=A1 | {"batch": 16, "weights": 107_704, "gradients": 106_184, "state": 215_440, "input": 196_608, "map": 250_880, "loss": 4},
        terms={
            "weights": "weights",
            "gradients": "gradients",
            "state": "state",
            "input": "input",
            "output": "map",
            "arriving": "map",
            "leaving": "map",
            "loss": "loss",
            "loss_gradient": "loss",
        },
        swaps={"gradients": "weights"},
        groups={"map_gradients": "arriving leaving", "both_losses": "loss loss_gradient", "all_maps": "output arriving leaving"},
        unit="bytes",
        instead={"sum": 1_113_856, "all_kept": 1_614_104, "peak_no_map": "weights + gradients + state + input + 2 map"},
    ),
    "residual-kept": Answer(
        stars=3,
        vary={"batch": "2 8 16", "c": "12 16", "side": "10 14 24"},
        unit="bytes",
        sizes={"batch": 4, "c": 8, "side": 20, "width": 4, "three": 3},
        terms={"relu1": "batch c side side width", "relu2": "batch c side side width"},
        plus={
            "sum": "batch c side side width",
            "pictures": "batch three side side width",
            "again": "batch c side side width",
            "conv_outputs": "2 batch c side side width",
        },
        instead={"all_maps": "5 batch c side side width"},
    ),
    "largest-batch": Function(
        stars=2,
        arguments="budget fixed per_image",
        values=[(1_000_000, 430_848, 30_400), (256_000_000, 240_000_000, 2_600_000), (8 * 10**9, 2 * 10**9, 115_000_000), (500, 500, 7)],
        answer=Answer(  # how many pictures fit beside what is there in any case
            derive={
                "batch": "(budget - fixed) // per_image",
                "up": "-((fixed - budget) // per_image)",
                "of_all": "budget // per_image",
                "with_fixed": "budget // (fixed + per_image)",
            },
            terms={"batch": "batch"},
            unit="times",
            instead={
                "nothing_fixed": "of_all",
                "not_floored": "budget /per_image + -1 fixed /per_image",
                "rounded_up": "up",
                "one_too_many": "batch + 1",
                "fixed_each": "with_fixed",
                "bytes_left": "budget + -1 fixed",
                "turned": "-1 up",
                "unfloored_all": "budget /per_image",
            },
        ).at_sizes,
    ),
    "one-megabyte": Design(
        stars=3, input_shape=(3, 32, 32), output_shape=(10,), batch_size=16, at_most={"memory": 1_000_000}, at_least={"params": 20_000}
    ),
}

CLAIMS = {
    "a1-activations": Claim(
        "A1",
        "does_not_hold",
        said=2 * 4 * 16 * (3_920 + 1_200 + 128 + 10),
        true=lambda ask: ask.measure_memory(ask.small_cnn(), 16).kept + ask.measure_memory(ask.small_cnn(), 16).input,
    ),
    "a2-in-place": Claim(
        "A2",
        "does_not_hold",
        said=True,
        true=lambda ask: (
            ask.measure_memory(
                ask.Network((3, 8, 8), conv=ask.Conv2d(3, 4, 3), relu=ask.ReLU(inplace=True), flatten=ask.Flatten(), fc=ask.LazyLinear(2)),
                4,
            ).kept
            < ask.measure_memory(
                ask.Network((3, 8, 8), conv=ask.Conv2d(3, 4, 3), relu=ask.ReLU(), flatten=ask.Flatten(), fc=ask.LazyLinear(2)), 4
            ).kept
        ),
    ),
    "a2-maps": Claim(
        "A2",
        "holds_if",
        said=4 * (2 * 28 * 28 * 5 + 12 * 12 * 5 + 2 * 10 * 10 * 12 + 2 * 4 * 4 * 12 + 2 * 128 + 10),
        true=lambda ask: 4 * sum(row.outputs for row in ask.small_cnn().ledger() if row.kind != "Flatten"),
        otherwise=lambda ask: ask.measure_memory(ask.small_cnn(), 1).kept,
    ),
    "a2-1024-mb": Claim(
        "A2",
        "holds_if",
        said=1024,
        true=lambda ask: 2 * ask.torch.empty(128, 10**6, device="meta").nbytes // 10**6,
        otherwise=lambda ask: round(2 * ask.torch.empty(128, 10**6, device="meta").nbytes / 2**20, 1),
    ),
    "a2-training-maps": Claim(
        "A2",
        "does_not_hold",
        said=lambda ask: 2 * 2 * 4 * sum(row.outputs for row in ask.vgg16_32().ledger() if row.kind != "Flatten"),
        true=lambda ask: ask.measure_memory(ask.vgg16_32(), 2).kept,
        figure=lambda ask: ask.predict_memory(ask.vgg16_32(), 128).kept / 1e6,
    ),
    "tinytorch-memory": Claim(
        "TinyTorch",
        "does_not_hold",
        said=2 * 4 * 16 * 3 * 32 * 32,
        true=lambda ask: ask.measure_memory(ask.small_cnn(), 16).kept + ask.measure_memory(ask.small_cnn(), 16).input,
    ),
    "accelerate-adam": Claim(
        "Accelerate",
        "holds_if",
        said=4,
        true=lambda ask: round(ask.measure_memory(ask.small_cnn(), 16).training_state / ask.measure_memory(ask.small_cnn(), 16).weights),
        otherwise=lambda ask: round(ask.measure_peak(ask.small_cnn(), 16) / ask.measure_memory(ask.small_cnn(), 16).weights, 1),
    ),
}
