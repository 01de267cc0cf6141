"""The wrong formulas that people use: mistakes.toml has them, as formulas on an exercise's sizes; words/ has their sentences."""

from collections.abc import Callable
from types import SimpleNamespace

from course_lib import by_hand
from course_lib.by_hand.memory import predict_memory
from course_lib.by_hand.step import timeline
from course_lib.words import read_toml

NAMES = {name: getattr(by_hand, name) for name in by_hand.__all__} | {"predict_memory": predict_memory, "timeline": timeline}


def formula(text: str) -> Callable[[SimpleNamespace], float]:
    """An expression of our own data files as a function of sizes.

    >>> formula("k**2 * cin * cout + cout")(SimpleNamespace(k=3, cin=5, cout=12))
    552
    """
    code = compile(f"({text})", "formula", "eval")
    return lambda sizes: eval(code, NAMES | vars(sizes))


MISTAKES = {name: formula(text) for name, text in read_toml("mistakes.toml").items()}
