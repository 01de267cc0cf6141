"""Lesson 3: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.answers import Answer, Claim, Design, Function
from course_lib.lessons.families import LINEAR

EXERCISES = {
    "fc1-params": LINEAR.but(
        vary={"channels": "8 12 20 32", "positions": "16 36 49", "outputs": "10 64 100 128"},
        derive={"inputs": "channels * positions", "before_pool": "4 * inputs", "three": "9 * channels", "five": "25 * channels"},
        votes="left_out-biases instead-linear_bias_inputs swapped-inputs-channels",
        sizes={
            "inputs": 192,
            "outputs": 128,
            "channels": 12,
            "positions": 16,
            "before_pool": 1_200,
            "three": 108,
            "five": 300,
            "batch": 16,
        },
        swaps={"inputs": "channels positions before_pool three five outputs", "outputs": "inputs"},
        instead={"both_plus_one": "inputs outputs + inputs + outputs + 1"},
    ),
    "grouped": Answer(
        stars=1,
        vary={"k": "3 5", "cin": "12 18 24", "cout": "12 24 36", "groups": "2 3 6"},
        sizes={"k": 3, "cin": 6, "cout": 12, "size": 12, "groups": 3},
        terms={"weights": "k k cin /groups cout", "biases": "cout"},
        swaps={"k": "cout size", "cin": "cout", "cout": "cin"},
        plus={"input_biases": "cin", "group_biases": "groups", "biases_again": "cout"},
        per="cin k·k groups cout",
        times="groups",
        instead={
            "channels_a_group": "k k groups cout + cout",
            "both_divided": "k k cin /groups cout /groups + cout",
            "times_groups": "k k cin groups cout + cout",
            "inputs_and_bias_forgotten": "k k cout",
            "one_group": "k k cin /groups cout /groups",
            "one_kernel_all": "k k cin /groups",
            "groups_and_bias_forgotten": "k k cin cout",
            "groups_divide_biases": "k k cin /groups cout + cout /groups",
            "ungrouped_divide_biases": "k k cin cout + cout /groups",
            "ungrouped_group_biases": "k k cin cout + groups",
        },
    ),
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
        derive={  # what torchinfo prints in MB, with two digits, and what becomes of it
            "mb": "round(values * 4 / 1e6, 2)",
            "printed": "round(mb * 1e6)",
            "printed_mib": "mb * 2**20",
            "thousands": "values // 1000 * 1000",
        },
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
        stars=2,
        vary={"rows": "196 552 3_886 26_926", "unused": "380 650 1_290 2_570"},
        sizes={"rows": 836, "unused": 130},
        terms={"rows": "rows", "unused": "unused"},
    ),
    "estimated-total": Function(
        stars=3,
        arguments="batch inputs outputs params",
        values=[(16, 3_072, 5_258, 26_926), (1, 784, 1_194, 9_786), (8, 100, 3_338, 105_450)],
        answer=Answer(
            sizes={"width": 4},
            terms={
                "input": "batch inputs width",
                "forward": "batch outputs width",
                "backward": "batch outputs width",
                "weights": "params width",
            },
            groups={"maps": "forward backward"},
            instead={
                "one_output": "batch inputs width + 2 outputs width + params width",
                "one_input": "inputs width + 2 batch outputs width + params width",
                "training": "batch inputs width + 2 batch outputs width + 4 params width",
            },
            per="batch",
            unit="bytes",
        ).at_sizes,
    ),
    "under-20000": Design(
        stars=2, input_shape=(3, 32, 32), output_shape=(10,), batch_size=16, at_most={"params": 20_000}, at_least={"macs": 450_000}
    ),
}

CLAIMS = {
    "a1-torchinfo": Claim(
        "A1",
        "holds",
        said=(6.07, 0.20, 0.67, 0.11, 0.98),
        true=lambda ask: ask.torchinfo_says(ask.small_cnn(), 16),
        figure=lambda ask: 16 * (ask.macs(ask.small_cnn()) + ask.small_cnn().ledger().bias_additions),
    )
}
