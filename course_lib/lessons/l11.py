"""Lesson 11: what the right answers are made of, and other numbers that people give."""

from course_lib.asking.answers import Answer, Design, Function

OTHER_CHAINS = {  # what else comes out, of the pairs of channels that each convolution goes between
    "one_bias_each": lambda k, steps: sum(k * k * a * b + 1 for a, b in steps),
    "same_channels": lambda k, steps: sum(k * k * b * b + b for _, b in steps),
    "biases_in": lambda k, steps: sum(k * k * a * b + a for a, b in steps),
    "first_only": lambda k, steps: k * k * steps[0][0] * steps[0][1] + steps[0][1],
    "ends_only": lambda k, steps: k * k * steps[0][0] * steps[-1][1] + steps[-1][1],
    "flat": lambda k, steps: sum(k * k * b + b for _, b in steps),
    "bias_each_cell": lambda k, steps: k * k * sum(a * b + b for a, b in steps),
    "first_forgotten": lambda k, steps: sum(k * k * a * b + b for a, b in steps[1:]),
    "last_forgotten": lambda k, steps: sum(k * k * a * b + b for a, b in steps[:-1]),
}


def chain(channels: tuple[int, ...], k: int) -> Answer:
    steps = list(zip(channels, channels[1:], strict=False))
    terms = {f"weights{i}": f"k k {a} {b}" for i, (a, b) in enumerate(steps)} | {f"biases{i}": f"{b}" for i, (_, b) in enumerate(steps)}
    groups = {"weights": " ".join(f"weights{i}" for i in range(len(steps))), "biases": " ".join(f"biases{i}" for i in range(len(steps)))}
    instead = {name: other(k, steps) for name, other in OTHER_CHAINS.items()}
    return Answer({"channels": channels, "k": k}, terms, groups=groups, plus={"input_biases": f"{channels[0]}"}, instead=instead)


EXERCISES = {
    "own-unregistered": Answer(
        stars=1,
        vary={"layers": "4 5 6 8", "k": "3 5", "cin": "8 12 20 24"},
        derive={"cout": "cin"},
        sizes={"k": 3, "cin": 16, "cout": 16, "out": 32, "layers": 3},
        terms={"weights": "layers k k cin cout", "biases": "layers cout"},
        per="cin k·k",
        times="out·out",
        instead={
            "tensors": "2 layers",
            "own_layers": "layers",
            "own_bias_each": "layers k k cin cout + layers",
            "none_missed": "0",
            "own_two": 4_640,
            "own_one_bare": "k k cin cout",
            "own_total": 48_378,
            "own_registered": 41_418,
            "own_work": "layers k k cin cout out out",
            "own_bias_once": "layers k k cin cout + cout",
        },
    ),
    "own-share": Answer(
        vary={"block": "1_179_648 1_327_104 4_718_592", "three": "2 4 5", "rest": "483_328 991_232 2_500_608"},
        derive={"whole": "three * block + rest"},
        sizes={"block": 2_359_296, "three": 3, "whole": 7_561_216, "hundred": 100, "rest": 483_328},
        terms={"share": "hundred three block /whole"},
        unit="percent",
        instead={
            "count": "three block",
            "two_of_three": 62.4,
            "own_share_params": 14.386704700484,
            "own_share_layers": 60,
            "own_share_thirds": 75,
            "own_share_rest_rounded": 6,
            "own_share_all": "hundred",
            "own_share_rest": "hundred rest /whole",
        },
        digits=0,
    ),
    "own-separable": Answer(
        stars=2,
        derive={"unpadded": "out - k + 1"},
        swaps={"out": "unpadded"},
        vary={"k": "3 5 7", "cin": "8 24 32", "cout": "10 20 48", "out": "14 28 48"},
        sizes={"k": 3, "cin": 16, "cout": 16, "out": 32, "unpadded": 30},
        terms={"depthwise": "k k cin out out", "pointwise": "cin cout out out"},
        plus={"biases": "cin out out", "biases2": "cout out out"},
        unit="macs",
        per="cout k·k",
        instead={
            "full": "k k cin cout out out",
            "params": "k k cin + cin + cin cout + cout",
            "product": "k k cin cin cout out out",
            "weights": "k k cin + cin cout",
            "separable_nine": "k k out out + cin cout out out",
            "separable_biased": "k k cin out out + cin cout out out + cin out out + cout out out",
        },
    ),
    "own-features": Answer(
        unit="count",
        vary={"channels": "6 8 10 20 24", "picture": "64 80 96 112", "pool": "4 8"},
        derive={"side": "picture // pool", "halved": "picture // 2"},
        sizes={"channels": 16, "side": 12, "picture": 48, "halved": 24, "old": 16, "outputs": 10, "old8": 8, "pool": 4},
        terms={"features": "channels side side"},
        swaps={"side": "picture halved old old8"},
        times="outputs",
    ),
    "chain-params": Function(
        stars=2, arguments="channels k", values=[((3, 16, 32), 3), ((1, 8), 5), ((3, 64, 64, 128, 10), 3), ((16, 4, 16), 1)], answer=chain
    ),
    "under-budget": Design(
        stars=3,
        input_shape=(3, 32, 32),
        output_shape=(10,),
        batch_size=16,
        at_most={"params": 10_000, "macs": 1_000_000, "memory": 1_500_000},
        at_least={"field": 20},
    ),
}
