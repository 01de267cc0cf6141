"""Lesson 12: what the right answers are made of, and other numbers that people give."""

from course_lib.asking.slips import Answer, Function

EXERCISES = {
    "checkpoint-price": Answer(
        sizes={"hundred": 100, "block": 39_518_208, "macs": 313_592_320, "three": 3, "two": 2, "four": 4, "one": 1, "late": 273_678_336},
        terms={"price": "hundred block /three /macs"},
        swaps={"block": "macs late", "three": "one two four"},
        unit="percent",
        times="two",
        instead={"four_passes": 3.15, "of_weights": 0.3, "ratio": 1.042, "ratio_percent": 104.2, "of_forwards": 25.2},
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
        sizes={"relu1": 250_880, "indices": 92_160, "pool1": 46_080, "relu2": 76_800, "relu3": 12_288, "relu4": 8_192, "input": 196_608},
        terms={"pool1": "pool1", "relu2": "relu2", "relu3": "relu3", "relu4": "relu4"},
        plus={"relu1": "relu1", "indices": "indices", "input": "input"},
        unit="bytes",
        instead={"goes": 343_040, "frozen_nothing": 486_400},
    ),
    "bfloat16-kept": Answer(
        sizes={"maps": 394_240, "indices": 92_160, "two": 2, "one": 1, "four": 4},
        terms={"maps": "maps /two", "indices": "indices"},
        swaps={"two": "one four"},
        unit="bytes",
        instead={"half_of_all": 243_200, "other_way": 440_320, "half_and_indices": 335_360, "half_indices_apart": 394_240},
    ),
    "autocast-casts": Answer(
        instead={"float32_all": 107704},
        sizes={"width": 2, "weights": 26_771, "all": 26_926, "four": 4, "batch": 16, "six": 6, "pictures": 49_152},
        terms={"casts": "width weights"},
        swaps={"weights": "all", "width": "four six"},
        plus={"pictures": "width pictures"},
        unit="bytes",
        times="batch",
    ),
}

FUNCTIONS = {
    "adafactor-conv": Function(
        ("k", "cin", "cout"),
        [
            Answer(
                sizes={"k": k, "cin": cin, "cout": cout},
                terms={"rows": "k cin cout", "columns": "k cin cout"},
                instead={
                    "all": k * k * cin * cout,
                    "adam": 2 * k * k * cin * cout,
                    "flattened": cout + k * k * cin,
                    "channels": cout + cin,
                    "one_kernel": 2 * k,
                },
            )
            for k, cin, cout in [(3, 5, 12), (5, 3, 5), (1, 64, 32), (7, 3, 64)]
        ],
    )
}
DESIGNS = {
    "vgg-256": {
        "input_shape": (3, 32, 32),
        "output_shape": (10,),
        "batch_size": 128,
        "at_most": {"memory": 256_000_000},
        "at_least": {"params": 3_000_000},
    }
}

STARS = {"freeze-kept": 1, "checkpoint-price": 2, "adafactor-conv": 3, "vgg-256": 2}  # what check asks, and how hard it is
