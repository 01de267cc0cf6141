"""Lesson 10: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.answers import Answer, Claim, Function

EXERCISES = {
    "ptflops-small": Answer(
        stars=1,
        vary={
            "macs": "255_360 416_256 518_400",
            "biases": "3_458 7_210 9_610",
            "activations": "3_640 7_424 9_900",
            "pooled": "3_200 6_912 9_216",
        },
        sizes={"macs": 373_856, "biases": 5_258, "twice": 2, "activations": 5_440, "pooled": 5_120},
        terms={"macs": "macs", "biases": "biases", "activations": "twice activations", "pools": "twice pooled"},
        groups={"doubled": "activations pools", "all_additions": "biases activations pools"},
        unit="macs",
        instead={
            "ptflops_no_biases_once": "macs + activations + pooled",
            "ptflops_pools_once": "macs + biases + 2 activations + pooled",
            "ptflops_activations_once": "macs + biases + activations + 2 pooled",
        },
    ),
    "twice-macs": Answer(
        vary={"blocks": "132_120_576 152_764_416 398_131_200", "linear": "133_632 266_240 530_432"},
        sizes={"blocks": 313_196_544, "linear": 395_776},
        terms={"blocks": "blocks", "again": "blocks", "linear": "linear"},
        plus={"linear_again": "linear"},
        groups={"all_blocks": "blocks again", "once": "blocks linear"},
        unit="macs",
        instead={"four": "4 blocks + linear", "twice_the_linear": "blocks + 2 linear"},
    ),
    "block-macs": Answer(
        stars=2,
        vary={"tokens": "6 8 12 20", "d": "8 24 32 64"},
        derive={"d3": "3 * d", "d4": "4 * d"},
        sizes={"tokens": 10, "d": 16, "three": 3, "four": 4, "heads": 2, "d3": 48, "d4": 64},
        terms={
            "projections": "three tokens d d",
            "out": "tokens d d",
            "mlp_in": "four tokens d d",
            "mlp_out": "four tokens d d",
            "scores": "tokens tokens d",
            "sums": "tokens tokens d",
        },
        groups={
            "products": "scores sums",
            "mlp": "mlp_in mlp_out",
            "attention": "projections out",
            "linears": "projections out mlp_in mlp_out",
        },
        unit="macs",
        times="heads",
        instead={
            "block_one_token": "12 d d + 2 tokens tokens d",
            "block_all_one_token": "12 d d",
            "block_params": "12 d d + 9 d",
            "block_with_biases": "12 tokens d d + 2 tokens tokens d + 9 tokens d",
            "block_pairs": "12 tokens d d + 2 tokens tokens",
        },
    ),
    "block-right": Answer(
        sizes={"one": 1},
        terms={"right": "one"},
        unit="times",
        instead={"right_none": 0, "right_all": 8, "right_judges": 2, "right_three": 3, "right_six": 6, "right_seven": 7},
    ),
    "tiny-conv2": Answer(
        vary={"k": "3 5", "cin": "4 6 8", "cout": "10 16 20", "full_rows": "16 24 28", "full_columns": "7 9 11"},
        derive={"rows": "full_rows - k + 1", "columns": "full_columns - k + 1"},
        sizes={"two": 2, "k": 3, "cin": 5, "cout": 12, "rows": 30, "columns": 1, "full_rows": 32, "full_columns": 3},
        terms={"flops": "two k k cin cout rows columns"},
        swaps={"rows": "full_rows", "columns": "full_columns"},
        plus={"biases": "cout rows columns", "place_biases": "rows columns"},
        unit="flops",
        instead={
            "true_map": 108_000,
            "true_macs": 54_000,
            "tiny_input": "2 k k cin cout full_rows full_columns",
            "tiny_input_macs": "k k cin cout full_rows full_columns",
        },
    ),
    "paper-flops": Answer(
        vary={"gmacs": "1.82 3.66 7.85 15.47", "pictures": "3 5 16 32"},
        sizes={"gmacs": 4.09, "twice": 2, "pictures": 8},
        terms={"flops": "twice gmacs pictures"},
        unit="gflops",
        instead={"paper_as_is": "gmacs", "paper_half": "gmacs pictures /2", "paper_step": "3 gmacs pictures"},
        digits=1,
    ),
    "tokens-equal": Answer(
        stars=3,
        vary={"width": "24 32 64 128 768"},
        unit="count",
        sizes={"width": 16, "twelve": 12, "eight": 8, "four": 4, "products": 2},
        terms={"tokens": "twelve width /products"},
        swaps={"twelve": "eight four", "products": "four"},
        instead={"width_alone": "width"},
    ),
    "block-formula": Function(
        stars=2,
        arguments="tokens width",
        values=[(10, 16), (5, 32), (197, 768), (128, 64)],
        answer=Answer(
            terms={
                "qkv": "3 tokens width width",
                "out": "tokens width width",
                "up": "4 tokens width width",
                "down": "4 tokens width width",
                "scores": "tokens tokens width",
                "sums": "tokens tokens width",
            },
            groups={"attention": "scores sums", "mlp": "up down", "linears": "qkv out up down"},
            unit="macs",
            instead={
                "one_token": "12 width width + 2 tokens tokens width",
                "quadratic": "12 tokens width width + 2 tokens tokens",
                "exchanged": "12 tokens tokens width + 2 tokens width width",
            },
        ).at_sizes,
    ),
}

CLAIMS = {
    "tinytorch-flops": Claim(
        "TinyTorch",
        "does_not_hold",
        said=lambda ask: ask.tinytorch_says(ask.build(ask.small_cnn()), 1, 3, 32, 32),
        true=lambda ask: 2 * ask.macs(ask.small_cnn()),
    )
}
