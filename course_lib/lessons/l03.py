"""Lesson 3: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.claim import Claim
from course_lib.asking.slips import Answer

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

STARS = {"grouped": 2, "unused-layer": 1, "input-bytes": 1, "params-bytes": 1}  # what check asks, and how hard it is

CLAIMS = {
    "a1-torchinfo": Claim(
        "holds",
        said=(6.07, 0.20, 0.67, 0.11, 0.98),
        true=lambda ask: ask.torchinfo_says(ask.small_cnn(), 16),
        figure=lambda ask: 16 * (ask.macs(ask.small_cnn()) + ask.small_cnn().ledger().bias_additions),
    )
}
