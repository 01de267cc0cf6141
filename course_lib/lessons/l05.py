"""Lesson 5: what the right answers are made of, and other numbers that people give."""

from course_lib.asking.slips import Answer
from course_lib.lessons.families import ADAM

EXERCISES = {
    "adam-state": ADAM.but(
        vary={"values": "5_130 11_274 61_706 136_886", "tensors": "4 6 10 12"},
        sizes={"values": 26_926, "width": 4, "tensors": 8, "step": 4, "eight": 8, "one": 1, "two": 2},
        plus={"weights": "values width", "gradients": "values width"},
        instead={"nothing": "0", "values_only": "values", "state_is_values": "2 values", "state_one_bare": "values width"},
    ),
    "training-state": Answer(
        vary={"values": "5_130 11_274 61_706 136_886", "tensors": "4 6 10 12"},
        sizes={"values": 26_926, "width": 4, "tensors": 8, "step": 4, "eight": 8, "one": 1, "batch": 16},
        terms={
            "weights": "values width",
            "gradients": "values width",
            "first": "values width",
            "second": "values width",
            "steps": "tensors step",
        },
        swaps={"step": "one eight", "tensors": "one"},
        plus={"fifth": "values width"},
        groups={"averages": "first second", "copies": "gradients first second", "state": "first second steps"},
        unit="bytes",
        times="batch",
        instead={"times_three": "3 values width"},
    ),
    "five-million": Answer(
        vary={"millions": "2 3 7 8 11 25"},
        derive=lambda s: {"values": s["millions"] * 1_000_000},
        sizes={"millions": 5, "values": 5_000_000, "width": 4, "mib": 1_048_576},
        terms={
            "weights": "values width /mib",
            "gradients": "values width /mib",
            "first": "values width /mib",
            "second": "values width /mib",
        },
        groups={"averages": "first second", "all_but_weights": "gradients first second"},
        unit="MiB",
        instead={"three_of_19": 57, "mb_one": "4 millions", "mb_two": "8 millions", "mb_three": "12 millions"},
        digits=1,
    ),
    "adam-frozen": ADAM.but(
        vary={"all": "26_926 61_706 136_886", "frozen": "1_290 10_164 13_952 21_330", "all_tensors": "10 12 14 16"},
        derive=lambda s: {
            "values": s["all"] - s["frozen"],
            "tensors": s["all_tensors"] - 2,
            "seven": s["all_tensors"] - 1,
            "three": s["all_tensors"] // 2 - 1,
        },
        sizes={
            "values": 2_222,
            "width": 4,
            "tensors": 6,
            "step": 4,
            "eight": 8,
            "one": 1,
            "two": 2,
            "all": 26_926,
            "frozen": 24_704,
            "all_tensors": 8,
            "seven": 7,
            "three": 3,
        },
        swaps={"two": "one", "step": "one eight", "tensors": "one all_tensors seven three", "values": "all frozen"},
        plus={"weights": "values width", "gradients": "values width"},
        instead={
            "nothing_changed": "2 all width + all_tensors step",
            "state_one_bare": "values width",
            "state_is_values": "2 values",
            "state_of_frozen": "2 frozen width + 2 step",
            "state_of_all_bare": "2 all width",
        },
    ),
    "checkpoint": Answer(
        vary={"values": "5_130 11_274 61_706 136_886", "tensors": "4 6 10 12"},
        sizes={"values": 26_926, "width": 4, "tensors": 8, "step": 4, "eight": 8, "one": 1},
        terms={"weights": "values width", "first": "values width", "second": "values width", "steps": "tensors step"},
        swaps={"step": "one eight", "tensors": "one"},
        plus={"gradients": "values width", "ids": "tensors eight"},
        groups={"averages": "first second", "state": "first second steps"},
        unit="bytes",
        instead={"times_four_bare_saved": "4 values width"},
    ),
    "adam-bfloat16": ADAM.but(
        vary={"values": "5_130 11_274 61_706 136_886", "tensors": "4 6 10 12"},
        sizes={"values": 26_926, "width": 2, "tensors": 8, "step": 4, "one": 1, "two": 2, "eight": 8, "four": 4},
        swaps={"two": "one", "step": "one two eight", "width": "four", "tensors": "one"},
        instead={"state_one_bare": "values width"},
    ),
}
