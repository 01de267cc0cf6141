"""By hand against PyTorch on many random settings of every layer: python tests/benchmarks/agree.py [20000]

Prints how many of each layer's settings fitted, were refused by both, or by the course alone, which is stricter in the
cases that tests/test_layers.py lists. Exits with 1, and the settings, where the two disagree.
"""

import multiprocessing
import sys
import warnings
from collections import Counter
from pathlib import Path

sys.path[:0] = map(str, (Path(__file__).parents[1], Path(__file__).parents[2]))

import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from test_layers import KINDS, cases, verdict

AGREED = ("fits", "misfits", "stricter")


def ask(kind: str, number: int) -> Counter:
    """Verdicts on this many settings of one kind of layer."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    verdicts = Counter()

    @seed(number)
    @settings(max_examples=number, derandomize=False, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(cases(kind))
    def put(case):
        verdicts[verdict(case)] += 1

    put()
    return verdicts


def main(total: int = 20_000) -> int:
    # The more arguments, the more settings.
    weights = {kind: 1 + len(rows[0][1]) for kind, rows in KINDS.items()}
    asked = [(kind, -(-total * weight // sum(weights.values()))) for kind, weight in weights.items()]
    with multiprocessing.get_context("spawn").Pool() as pool:
        answers = dict(zip(weights, pool.starmap(ask, asked, chunksize=1), strict=True))
    print(f"{'':20}" + "".join(f"{word:>10}" for word in ("settings", *AGREED, "disagree")))
    answers["all"] = sum(answers.values(), Counter())
    for kind, verdicts in answers.items():
        agreed = [verdicts[word] for word in AGREED]
        print(f"{kind:20}" + "".join(f"{n:10,}" for n in (verdicts.total(), *agreed, verdicts.total() - sum(agreed))))
    wrong = [answer for answer in answers["all"] if answer not in AGREED]
    print(*wrong[:50], sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
