"""Lesson 3: what the right answers are made of, and other numbers that people give."""

from course_lib.asking.slips import Answer


def printed(sizes: dict) -> dict:
    """What torchinfo prints in MB, with two digits, and what becomes of it."""
    values = sizes["values"]
    mb = round(values * 4 / 1e6, 2)
    return {"mb": mb, "printed": round(mb * 1e6), "printed_mib": mb * 2**20, "thousands": values // 1000 * 1000}


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
        vary={"values": "11_542 26_926 44_426 61_706 136_886 431_080"},
        derive=printed,
        sizes={"values": 17_134, "width": 4, "mb": 0.07, "printed": 70_000, "printed_mib": 73400.32, "thousands": 17_000},
        terms={"bytes": "values width"},
        unit="bytes",
        instead={
            "printed": "printed",
            "printed_mib": "printed_mib",
            "in_thousands": "thousands width",
            "old": 107_704,
            "unshrunk": 111_544,
        },
    ),
    "unused-layer": Answer(
        vary={"rows": "196 552 3_886 26_926", "unused": "380 650 1_290 2_570"},
        sizes={"rows": 836, "unused": 130},
        terms={"rows": "rows", "unused": "unused"},
    ),
}
