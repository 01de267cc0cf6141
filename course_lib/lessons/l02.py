"""Lesson 2: what the right answers are made of, and other numbers that people give."""

from course_lib.asking.slips import Answer

EXERCISES = {
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
}
