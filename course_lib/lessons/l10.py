"""Lesson 10: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.claim import Claim
from course_lib.asking.slips import Answer, Function

EXERCISES = {
    "ptflops-small": Answer(
        sizes={"macs": 373_856, "biases": 5_258, "twice": 2, "activations": 5_440, "pooled": 5_120},
        terms={"macs": "macs", "biases": "biases", "activations": "twice activations", "pools": "twice pooled"},
        groups={"doubled": "activations pools", "all_additions": "biases activations pools"},
        unit="macs",
        instead={"ptflops_no_biases_once": 384_416, "ptflops_pools_once": 395_114, "ptflops_activations_once": 394_794},
    ),
    "twice-macs": Answer(
        sizes={"blocks": 313_196_544, "linear": 395_776},
        terms={"blocks": "blocks", "again": "blocks", "linear": "linear"},
        plus={"linear_again": "linear"},
        groups={"all_blocks": "blocks again", "once": "blocks linear"},
        unit="macs",
        instead={"four": 1_253_181_952, "twice_the_linear": 313_988_096},
    ),
    "block-macs": Answer(
        sizes={"tokens": 10, "d": 16, "three": 3, "four": 4, "heads": 2},
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
            "block_one_token": 6_272,
            "block_all_one_token": 3_072,
            "block_params": 3_216,
            "block_with_biases": 35_360,
            "block_pairs": 30_920,
        },
    ),
    "block-right": Answer(
        sizes={"one": 1},
        terms={"right": "one"},
        unit="times",
        instead={"right_none": 0, "right_all": 8, "right_judges": 2, "right_three": 3, "right_six": 6, "right_seven": 7},
    ),
    "tiny-conv2": Answer(
        sizes={"two": 2, "k": 3, "cin": 5, "cout": 12, "rows": 30, "columns": 1, "full_rows": 32, "full_columns": 3, "true": 10},
        terms={"flops": "two k k cin cout rows columns"},
        swaps={"rows": "full_rows true", "columns": "full_columns true"},
        unit="flops",
        instead={"true_map": 108_000, "true_macs": 54_000, "tiny_input": 103_680},
    ),
    "paper-flops": Answer(
        vary={"gmacs": "1.82 3.66 7.85 15.47", "pictures": "3 5 16 32"},
        sizes={"gmacs": 4.09, "twice": 2, "pictures": 8},
        terms={"flops": "twice gmacs pictures"},
        unit="flops",
        instead={"paper_as_is": 4.09, "paper_half": 16.36},
        digits=1,
    ),
    "tokens-equal": Answer(
        vary={"width": "24 64 128 768"},
        unit="count",
        sizes={"width": 16, "six": 6, "twelve": 12, "three": 3, "two": 2, "heads": 2},
        terms={"tokens": "six width"},
        swaps={"six": "twelve three two"},
        times="two",
    ),
}

BLOCKS = [(10, 16), (5, 32), (197, 768), (128, 64)]
FUNCTIONS = {
    "block-formula": Function(
        ("tokens", "width"),
        [
            Answer(
                sizes={"tokens": tokens, "width": width},
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
                instead={"one_token": 12 * width**2 + 2 * tokens**2 * width, "quadratic": 12 * tokens * width**2 + 2 * tokens**2},
            )
            for tokens, width in BLOCKS
        ],
    )
}

STARS = {"ptflops-small": 1, "block-macs": 2, "block-formula": 2, "tokens-equal": 3}  # what check asks, and how hard it is

CLAIMS = {
    "tinytorch-flops": Claim(
        "does_not_hold",
        said=lambda ask: ask.tinytorch_says(ask.build(ask.small_cnn()), 1, 3, 32, 32),
        true=lambda ask: 2 * ask.macs(ask.small_cnn()),
    )
}
