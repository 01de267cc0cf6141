"""Lesson 5: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.claim import Claim
from course_lib.asking.slips import Answer, Function
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
    "state-budget": Answer(
        vary={"gb": "2 4 6 12 16 24"},
        derive=lambda s: {"budget": s["gb"] * 10**9, "gib": s["gb"] * 2**30},
        sizes={
            "gb": 8,
            "budget": 8_000_000_000,
            "gib": 8 * 2**30,
            "width": 4,
            "four": 4,
            "three": 3,
            "two": 2,
            "one": 1,
            "five": 5,
            "eight": 8,
        },
        terms={"params": "budget /width /four"},
        swaps={"four": "three two one five", "budget": "gib", "width": "eight"},
    ),
    "block-state": ADAM.but(
        vary={"c": "16 24 32 128 256", "width": "2 8"},
        derive=lambda s: {"values": 2 * 9 * s["c"] ** 2 + 2 * 2 * s["c"]},
        sizes={
            "c": 64,
            "values": 73_984,
            "width": 4,
            "tensors": 6,
            "step": 4,
            "eight": 8,
            "one": 1,
            "two": 2,
            "four": 4,
            "ten": 10,
            "twelve": 12,
        },
        swaps={"two": "one", "step": "one eight", "tensors": "four one eight two ten twelve"},
        plus={"weights": "values width", "gradients": "values width"},
        instead={"state_is_values": "2 values", "state_one_bare": "values width"},
    ),
}

FUNCTIONS = {
    "adam-bytes": Function(
        ("params", "tensors", "width"),
        [
            Answer(
                sizes={"params": params, "tensors": tensors, "width": width, "step": 4, "two": 2, "one": 1, "four": 4},
                terms={"averages": "two params width", "steps": "tensors step"},
                swaps={"two": "one", "step": "width", "width": "four", "tensors": "one"},
                plus={"weights": "params width", "gradients": "params width"},
                unit="bytes",
            )
            for params, tensors, width in [(26_926, 8, 4), (26_926, 8, 2), (105_450, 8, 4), (1_000, 3, 8)]
        ],
    )
}

STARS = {"state-budget": 1, "adam-frozen": 2, "block-state": 2, "adam-bytes": 2}  # what check asks, and how hard it is

CLAIMS = {
    "a1-adam-reduces": Claim(
        "does_not_hold",
        said=True,
        true=lambda ask: ask.measure_memory(ask.small_cnn(), 16).state <= 0,
        figure=lambda ask: ask.measure_memory(ask.small_cnn(), 16).state,
    ),
    "a1-param-groups": Claim("does_not_hold", said=26_926, true=lambda ask: ask.measure_memory(ask.small_cnn(), 16).state // 4),
    "a1-groups-count": Claim(
        "does_not_hold",
        said=True,
        true=lambda ask: isinstance(ask.torch.optim.Adam([ask.nn.Parameter(ask.torch.zeros(1))]).param_groups.count, int),
    ),
    "a2-38-mb": Claim(
        "does_not_hold",
        said=38,
        true=lambda ask: round(
            ask.measure_memory(ask.Network((5000,), fc=ask.Linear(5000, 1000, bias=False)), 1).training_state / 2**20, 2
        ),
    ),
}
