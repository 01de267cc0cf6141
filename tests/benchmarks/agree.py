"""By hand against PyTorch on random settings of every layer: python tests/benchmarks/agree.py [settings=20000] [seed=0]

Prints how many of each layer's settings fitted, were refused by both, or by the course alone, which is stricter in the
cases that tests/test_layers.py lists. Exits with 1 where the two disagree, with the settings, or where too few fitted.
"""

import multiprocessing
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import torch

sys.path[:0] = map(str, (Path(__file__).parents[1], Path(__file__).parents[2]))
from test_layers import AGREED, KINDS, cases, verdict  # noqa: E402


def verdicts_on(kind: str, number: int, start: int) -> Counter:
    """Verdicts on this many settings of one kind of layer."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    return Counter(verdict(cases(kind, 10**6 * (start + 1) + i)) for i in range(number))  # other seeds than the tests'


def main(total: int = 20_000, start: int = 0) -> int:
    began = time.perf_counter()
    settings = [(kind, -(-total // len(KINDS)), start) for kind in KINDS]
    with multiprocessing.get_context("spawn").Pool() as pool:
        answers = dict(zip(KINDS, pool.starmap(verdicts_on, settings, chunksize=1), strict=True))
    answers["all"] = sum(answers.values(), Counter())
    print(f"{'':20}" + "".join(f"{heading:>10}" for heading in ("settings", *AGREED, "disagree")))
    for kind, verdicts in answers.items():
        agreed = [verdicts[word] for word in AGREED]
        print(f"{kind:20}" + "".join(f"{n:10,}" for n in (verdicts.total(), *agreed, verdicts.total() - sum(agreed))))
    wrong = [answer for answer in answers["all"] if answer not in AGREED]
    wrong += [f"{kind}: under 40 % fitted" for kind, verdicts in answers.items() if verdicts["fits"] < 0.4 * verdicts.total()]
    print(*wrong[:100], f"{time.perf_counter() - began:.0f} s", sep="\n")
    return bool(wrong) or answers["all"].total() < total


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
