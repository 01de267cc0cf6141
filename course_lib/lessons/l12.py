"""Lesson 12: what the right answers are made of, and other numbers that people give."""

from course_lib.asking.answers import Answer, Design, Function
from course_lib.lessons.families import A1, SMALL_CNN, SMALL_CNN_SIZES

KEPT = SMALL_CNN_SIZES | {  # bytes that a small CNN keeps for backward, part by part
    "relu1": "4 * batch * map1",
    "pool1": "4 * batch * pooled1",
    "indices": "8 * batch * pooled1",
    "relu2": "4 * batch * map2",
    "relu3": "4 * batch * flat",
    "relu4": "4 * batch * hidden",
    "input": "4 * batch * 3_072",
}

EXERCISES = {
    "checkpoint-price": Answer(
        stars=2,
        vary={"block": "9_990_144 22_413_312 39_518_208 52_100_000", "macs": "132_517_888 198_000_640 244_387_840 399_000_000"},
        derive={"late": "macs - block"},
        sizes={"hundred": 100, "block": 39_518_208, "macs": 313_592_320, "three": 3, "two": 2, "four": 4, "one": 1, "late": 273_678_336},
        terms={"price": "hundred block /three /macs"},
        swaps={"block": "macs late", "three": "one two four"},
        unit="percent",
        times="two",
        instead={
            "four_passes": "hundred block /four /macs",
            "of_weights": 0.3,
            "ratio": "1 + block /three /macs",
            "ratio_percent": "hundred + hundred block /three /macs",
            "of_forwards": "2 hundred block /macs",
        },
        digits=1,
    ),
    "checkpoint-all": Answer(
        sizes={"peak": 444.693752},
        terms={"one": "peak", "all": "-1 peak"},
        unit="MB",
        instead={
            "peak_less_kept": 263.393752,
            "inputs_only": 17.2,
            "kept_before": 181.3,
            "all_kept": 315.13088,
            "kept_further": 164.134912,
            "to_what_is_kept": 427.52332,
        },
    ),
    "freeze-kept": Answer(
        stars=1,
        vary=SMALL_CNN | {"batch": "4 8 12 32"},
        derive=KEPT,
        sizes=A1
        | {
            "batch": 16,
            "relu1": 250_880,
            "indices": 92_160,
            "pool1": 46_080,
            "relu2": 76_800,
            "relu3": 12_288,
            "relu4": 8_192,
            "input": 196_608,
        },
        terms={"pool1": "pool1", "relu2": "relu2", "relu3": "relu3", "relu4": "relu4"},
        plus={"relu1": "relu1", "indices": "indices", "input": "input"},
        unit="bytes",
        instead={"goes": "relu1 + indices", "frozen_nothing": "relu1 + indices + pool1 + relu2 + relu3 + relu4"},
    ),
    "bfloat16-kept": Answer(
        vary=SMALL_CNN | {"batch": "4 8 12 32"},
        derive=KEPT | {"maps": "relu1 + pool1 + relu2 + relu3 + relu4", "kept": "maps + indices"},
        sizes=A1 | {"batch": 16, "kept": 486_400, "maps": 394_240, "indices": 92_160, "two": 2, "one": 1, "four": 4},
        terms={"maps": "maps /two", "indices": "indices"},
        swaps={"two": "one four"},
        unit="bytes",
        instead={
            "half_of_all": "kept /2",
            "other_way": "maps + indices /2",
            "half_and_indices": "kept /2 + indices",
            "half_indices_apart": "maps",
        },
    ),
    "autocast-casts": Answer(
        vary={"weights": "11_366 16_979 61_470 136_640", "biases": "84 236 246 310"},
        derive={"all": "weights + biases"},
        instead={"float32_all": "all four"},
        sizes={"width": 2, "weights": 26_771, "all": 26_926, "four": 4, "batch": 16, "six": 6, "pictures": 49_152, "biases": 155},
        terms={"casts": "width weights"},
        swaps={"weights": "all", "width": "four six"},
        plus={"pictures": "width pictures"},
        unit="bytes",
        times="batch",
    ),
    "adafactor-conv": Function(
        stars=3,
        arguments="k cin cout",
        values=[(3, 5, 12), (5, 3, 5), (1, 64, 32), (7, 3, 64)],
        answer=Answer(
            terms={"rows": "k cin cout", "columns": "k cin cout"},
            instead={
                "all": "k k cin cout",
                "adam": "2 k k cin cout",
                "flattened": "cout + k k cin",
                "channels": "cout + cin",
                "one_kernel": "2 k",
            },
        ).at_sizes,
    ),
    "vgg-256": Design(
        stars=2,
        input_shape=(3, 32, 32),
        output_shape=(10,),
        batch_size=128,
        at_most={"memory": 256_000_000},
        at_least={"params": 3_000_000},
    ),
}
