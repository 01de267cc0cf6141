"""The wrong formulas that people use: mistakes.toml has them, as functions of an exercise's sizes; words/ has their sentences."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from course_lib.by_hand.layers import Conv2d


def conv_sizes(cin: int, cout: int, k: int, size: int, stride=1, padding=0, groups=1, batch=1) -> SimpleNamespace:
    """The sizes of a convolution's exercise: k×k kernels, cin→cout channels, size×size in, out×out out; and the layer."""
    layer = Conv2d(cin, cout, k, stride=stride, padding=padding, groups=groups)
    shape = (cin, size, size)
    return SimpleNamespace(**locals(), out=layer.output_shape(shape)[1])


def _formula(text: str) -> Callable[[SimpleNamespace], float]:
    code = compile(text, "mistakes.toml", "eval")
    return lambda sizes: eval(code, {"round": round}, vars(sizes))


_TEXT = (Path(__file__).parent / "mistakes.toml").read_text(encoding="utf-8")
MISTAKES = {name: _formula(text) for name, text in tomllib.loads(_TEXT).items()}
