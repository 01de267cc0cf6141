"""Lesson 4: what the right answers are made of, other numbers that people give, and the articles' claims."""

from course_lib.asking.answers import Answer, Claim, Function

EXERCISES = {
    "bn-params": Answer(
        vary={"c1": "6 8 16 20", "c2": "24 32 40", "c3": "64 100 120 256"},
        sizes={"c1": 5, "c2": 12, "c3": 128, "both": 2, "three": 3, "four": 4, "one": 1, "fc2": 10},
        terms={"bn1": "both c1", "bn2": "both c2", "bn3": "both c3"},
        swaps={"both": "one three four"},
        plus={"fc2_too": "both fc2"},
        groups={"convolutions": "bn1 bn2"},
        instead={
            "none": "0",
            "whole": 27_216,
            "whole_buffers": 27_509,
            "buffers": "2 c1 + 2 c2 + 2 c3 + 3",
            "per_layer_1": "3",
            "per_layer_2": "6",
            "per_layer_3": "9",
            "per_layer_4": "12",
            "conv_once": "c1 + c2",
            "bn_all_remembered": "4 c1 + 4 c2 + 4 c3 + 3",
        },
    ),
    "bn-buffers": Answer(
        vary={"channels": "8 16 24 32 64 100"},
        sizes={"channels": 12, "side": 10},
        terms={"means": "channels", "variances": "channels", "counter": "1"},
        plus={"scale": "channels", "shift": "channels"},
        groups={"statistics": "means variances"},
        per="channels",
        times="side·side",
        instead={"tensors": "3", "bytes": 104, "none": "0", "per_position": 2_401, "bn_all_but_counter": "4 channels"},
    ),
    "bn-running": Answer(
        vary={"mean": "2 3 4 8 10 12"},
        sizes={"mean": 5, "new": 0.1, "old": 0.9, "half": 0.5, "one": 1},
        terms={"new": "new mean"},
        swaps={"new": "old half one"},
        unit="times",
        instead={
            "start": "0",
            "divided": "10 mean",
            "minus": "mean + -1 new",
            "sign": "-1 new mean",
            "half_of_old": "half old",
            "old_share": "old",
        },
        digits=1,
    ),
    "bn-no-bias": Answer(
        vary={"params": "11_542 17_216 61_706 136_886", "c1": "6 8 16 20", "c2": "24 32 40", "c3": "64 100 120 256"},
        sizes={"params": 27_216, "c1": 5, "c2": 12, "c3": 128, "classes": 10},
        terms={"all": "params", "bn1": "-1 c1", "bn2": "-1 c2", "bn3": "-1 c3"},
        plus={"fc2_too": "-1 classes"},
        groups={"all_three": "bn1 bn2 bn3", "convolutions": "bn1 bn2"},
        instead={
            "three_numbers": "params + -3",
            "plain": "params + -2 c1 + -2 c2 + -2 c3",
            "from_plain": "params + -3 c1 + -3 c2 + -3 c3",
            "added": "params + c1 + c2 + c3",
            "plain_three": "params + -2 c1 + -2 c2 + -2 c3 + -3",
            "plain_twice": "params + -4 c1 + -4 c2 + -4 c3",
            "dropped": "c1 + c2 + c3",
        },
    ),
    "bn-folded": Answer(
        vary={"params": "11_542 17_216 61_706 136_886", "norm": "94 120 148 204 316"},
        sizes={"params": 27_216, "norm": 145},
        terms={"all": "params", "scales": "-1 norm", "shifts": "-1 norm"},
        plus={"dead_biases": "-1 norm"},
        instead={
            "plain_less": "params + -4 norm",
            "added_again": "params + 2 norm",
            "what_goes": "2 norm",
            "no_biases": 26_771,
            "nothing": "0",
        },
    ),
    "norm-channels": Answer(
        stars=1,
        vary={"channels": "12 20 32 48 100"},
        derive={"held": "4 * channels", "stored": "4 * channels + 1"},
        unit="count",
        sizes={"held": 256, "stored": 257, "four": 4, "two": 2, "three": 3, "five": 5, "channels": 64},
        terms={"channels": "held /four"},
        swaps={"held": "stored", "four": "two three"},
        instead={"counter_each": "stored /five", "all_halved": "stored /two"},
    ),
    "basic-block": Answer(
        stars=2,
        vary={"k": "3 5", "c": "16 32 128"},
        sizes={"k": 3, "c": 64},
        terms={"first": "k k c c", "second": "k k c c", "norms": "2 2 c"},
        plus={"conv_biases": "2 c", "shortcut": "c c", "remembered": "2 2 c"},
        groups={"weights": "first second"},
        instead={
            "one_norm": "2 k k c c + 2 c",
            "one_of_each": "k k c c + 2 c",
            "state_dict": "2 k k c c + 8 c + 2",
            "projection": "2 k k c c + 6 c + c c",
        },
    ),
    "wrong-line-norm": Answer(
        stars=3,
        sizes={"line": 3},
        terms={"line": "line"},
        unit="times",
        instead={"one": 1, "two": 2, "four": 4, "five": 5, "none": 0, "six": 6},
    ),
    "conv-norm": Function(
        stars=2,
        arguments="k cin cout",
        values=[(3, 5, 12), (5, 3, 5), (1, 64, 256), (7, 3, 64)],
        answer=Answer(
            terms={"weights": "k k cin cout", "learnt": "2 cout", "statistics": "2 cout", "counter": "1"},
            plus={"conv_biases": "cout"},
            instead={
                "norm_of_inputs": "k k cin cout + 4 cin + 1",
                "one_kernel": "k k cin + 4 cout + 1",
                "one_channel": "k k cin cout + 4 + 1",
            },
            groups={"remembered": "statistics counter", "norm": "learnt statistics counter"},
        ).at_sizes,
    ),
}

CLAIMS = {
    "a1-batchnorm": Claim("A1", "holds", said=26_926 + 290, true=lambda ask: ask.params(ask.small_cnn(batch_norm=True))),
    "a1-batchnorm-values": Claim(
        "A1",
        "holds_if",
        said=290,
        true=lambda ask: ask.params(ask.small_cnn(batch_norm=True)) - ask.params(ask.small_cnn()),
        otherwise=lambda ask: (
            sum(value.numel() for value in ask.build(ask.small_cnn(batch_norm=True)).state_dict().values()) - ask.params(ask.small_cnn())
        ),
    ),
    "a1-output-norm": Claim(
        "A1",
        "does_not_hold",
        said=True,
        true=lambda ask: bool(ask.raises("nn.Sequential(nn.Linear(128, 10), nn.BatchNorm1d(10))(torch.zeros(2, 128)).sum().backward()")),
    ),
    "a1-regularisation": Claim(
        "A1",
        "holds_if",
        said=True,
        true=lambda ask: (
            ask.nn.BatchNorm1d(1)(ask.torch.tensor([[1.0], [2.0], [2.0]]))[0].item()
            != ask.nn.BatchNorm1d(1)(ask.torch.tensor([[1.0], [2.0], [5.0]]))[0].item()
        ),
        otherwise=lambda ask: (
            ask.nn.BatchNorm1d(1).eval()(ask.torch.tensor([[1.0], [2.0], [2.0]]))[0].item()
            != ask.nn.BatchNorm1d(1).eval()(ask.torch.tensor([[1.0], [2.0], [5.0]]))[0].item()
        ),
    ),
    "a1-torchinfo-norm": Claim(
        "A1",
        "holds",
        said=(6.07, 1.34, 1.65),
        true=lambda ask: ask.torchinfo_says(ask.small_cnn(batch_norm=True), 16)[0::2],
        figure=lambda ask: (
            ask.measure_memory(ask.small_cnn(batch_norm=True), 16).kept + ask.measure_memory(ask.small_cnn(batch_norm=True), 16).input
        ),
    ),
    "a2-norm-formula": Claim(
        "A2",
        "holds_if",
        said=2 * 12,
        true=lambda ask: ask.params(ask.nn.BatchNorm2d(12)),
        otherwise=lambda ask: ask.params(ask.nn.BatchNorm2d(12, affine=False)),
    ),
    "a2-normal": Claim(
        "A2", "does_not_hold", said=True, true=lambda ask: len(ask.nn.BatchNorm1d(1)(ask.torch.tensor([[2.0], [6.0]] * 500)).unique()) > 2
    ),
}
