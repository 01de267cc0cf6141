"""Lesson 3: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.claim import Claim
from course_lib.asking.slips import Answer, Function

EXERCISES = {
    "input-bytes": Answer(
        vary={"batch": "8 32 64 100", "side": "28 48 64 224"},
        sizes={"batch": 16, "channels": 3, "side": 32, "width": 4, "three": 3},
        terms={"bytes": "batch channels side side width"},
        swaps={"width": "three"},
        unit="bytes",
        instead={"mb_as_printed": 200_000},
    ),
    "params-bytes": Answer(
        sizes={"values": 17_134, "width": 4, "old": 26_926, "unshrunk": 27_886},
        terms={"bytes": "values width"},
        swaps={"values": "old unshrunk"},
        unit="bytes",
        instead={"printed": 70_000, "printed_mib": 73400.32},
    ),
    "unused-layer": Answer(sizes={"rows": 836, "unused": 130}, terms={"rows": "rows", "unused": "unused"}),
}


def footer(batch: int, inputs: int, outputs: int, params: int) -> Answer:
    return Answer(
        sizes={"width": 4, "batch": batch, "inputs": inputs, "outputs": outputs, "params": params},
        terms={
            "input": "batch inputs width",
            "forward": "batch outputs width",
            "backward": "batch outputs width",
            "weights": "params width",
        },
        groups={"maps": "forward backward"},
        per="batch",
        unit="bytes",
    )


FOOTERS = [(16, 3_072, 5_258, 26_926), (1, 784, 1_194, 11_274), (8, 100, 3_338, 105_450)]
FUNCTIONS = {"estimated-total": Function(("batch", "inputs", "outputs", "params"), [footer(*case) for case in FOOTERS])}
DESIGNS = {
    "under-20000": {
        "input_shape": (3, 32, 32),
        "output_shape": (10,),
        "batch_size": 16,
        "at_most": {"params": 20_000},
        "at_least": {"macs": 400_000},
    }
}

STARS = {"grouped": 1, "unused-layer": 2, "estimated-total": 3, "under-20000": 2}  # what check asks, and how hard it is

CLAIMS = {
    "a1-torchinfo": Claim(
        "holds",
        said=(6.07, 0.20, 0.67, 0.11, 0.98),
        true=lambda ask: ask.torchinfo_says(ask.small_cnn(), 16),
        figure=lambda ask: 16 * (ask.macs(ask.small_cnn()) + ask.small_cnn().ledger().bias_additions),
    )
}
