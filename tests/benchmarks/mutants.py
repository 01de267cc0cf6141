"""Small changes to the course that its tests should notice: python tests/benchmarks/mutants.py (needs: pip install cosmic-ray)

Half of the changes were picked where a weak test would miss them: `[[picked]]` in mutants.toml. The other half is drawn by cosmic-ray
from all that it can change in course_lib and start.py: by a rank that a place's own line gives it with the seed, so that a change
elsewhere draws no others. Each is made in a copy of the course, and the tests that should see it run until one fails. Those that
survive stand in mutants.toml with the reason; another one ends this with 1. What changes nothing that anybody could see is counted apart.

    --picked         without drawn ones        --drawn 64   so many of them, and no picked ones
    --only TEXT      those with TEXT in the file's name or in the change
"""

import argparse
import multiprocessing
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from mutations import LIST, ROOT, Change, drawn_changes, picked_changes

FORKS = multiprocessing.get_context("forkserver")  # one start of PyTorch and the others for all runs
FORKS.set_forkserver_preload(["torch", "torchinfo", "matplotlib.figure", "ipywidgets", "IPython", "hypothesis", "pytest", "numpy"])
DRAWN, SEED = 60, 1
SECONDS = 120  # that tests may take longer than three times on the unchanged course; then they hang, which is a failure


def copy_of_the_course(folder: Path) -> Path:
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in files.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def _run_tests(folder: Path, arguments: list[str]) -> None:
    """In a process of its own: pytest in a copy, whose library and tests are the only ones that are found."""
    os.setsid()
    os.chdir(folder)
    os.environ["PYTHONPATH"] = str(folder)
    sys.path[:] = [str(folder), *(path for path in sys.path if Path(path).resolve() not in (ROOT, Path(__file__).parent))]
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    import pytest

    sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *arguments]))


def tests_pass(folder: Path, tests: str, limit: float) -> bool:
    """Whether these tests pass in a copy, in so many seconds."""
    process = FORKS.Process(target=_run_tests, args=(folder, shlex.split(tests)))
    process.start()
    process.join(limit)
    if process.exitcode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    elif process.exitcode in (255, -signal.SIGTERM, -signal.SIGKILL):  # no answer, and so not counted as one
        raise SystemExit(f"somebody ended the tests: {tests}")
    shutil.rmtree(folder / ".hypothesis", ignore_errors=True)  # what failed for one change is not tried first for another
    return process.exitcode in (0, 5)  # 5: there is no such test


class Runner:
    """Copies of the course, one for each job; and how long tests take on the unchanged one, which they have to pass."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self.folders, self.seconds, self.red, self.moments = queue.Queue(), {}, [], count(int(time.time()))
        self.pool = ThreadPoolExecutor(jobs)
        for job in range(jobs):
            self.folders.put(copy_of_the_course(folder / str(job)))

    def is_green(self, tests: str) -> bool:
        """Whether tests pass without a change."""
        folder, began = self.folders.get(), time.monotonic()
        passes = tests_pass(folder, tests, 20 * SECONDS)
        self.folders.put(folder)
        self.seconds[tests] = time.monotonic() - began
        print(f"{self.seconds[tests]:5.0f} s  {'green' if passes else 'RED'}  {tests}", flush=True)
        return passes

    def survives(self, change: Change, tests: str) -> bool:
        """Whether tests pass with a change."""
        folder, began = self.folders.get(), time.monotonic()
        path = folder / change.file
        text = path.read_text(encoding="utf-8")
        self._write(path, change.applied(text))
        lives = tests_pass(folder, tests, SECONDS + 3 * self.seconds.get(tests, 200))
        self._write(path, text)
        self.folders.put(folder)
        print(f"{time.monotonic() - began:5.0f} s  {'survives' if lives else 'caught'}  {tests}\n    {change}", flush=True)
        return lives

    def survivors(self, changes: list[Change], tests_of: Callable[[Change], str]) -> list[Change]:
        """Those changes that pass these tests of theirs, or have none that are green without a change."""
        together: dict[str, list[str]] = {}
        for tests in filter(None, map(tests_of, changes)):
            together.setdefault(tests.partition(" -k ")[0], []).append(tests)
        green = self.pool.map(self.is_green, map(_all_of, together.values()))
        lives = self.pool.map(lambda change: not tests_of(change) or self.survives(change, tests_of(change)), changes)
        self.red += (red := [tests for tests, passes in zip(together, green, strict=True) if not passes])
        return [change for change, passes in zip(changes, lives, strict=True) if passes or tests_of(change).partition(" -k ")[0] in red]

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        moment = next(self.moments)  # no two within one second: by this a compiled module is known to be of another text
        os.utime(path, (moment, moment))


def _all_of(tests: list[str]) -> str:
    """As one command what several choose of the same files."""
    files = tests[0].partition(" -k ")[0]
    chosen = [shlex.split(one)[-1] for one in dict.fromkeys(tests) if " -k " in one]
    return f"{files} -k '{' or '.join(f'({one})' for one in chosen)}'" if len(chosen) == len(dict.fromkeys(tests)) else files


def summary(changes: list[Change], survivors: list[Change]) -> str:
    """How many were caught, by part; those that nobody could see are left out."""
    counts: dict[str, Counter] = {}
    for change in changes:
        for part in (change.part, "all") if not change.same else ():
            counts.setdefault(part, Counter()).update({change.kind: 1, f"{change.kind} caught": change not in survivors})
    lines = [f"{'caught of':<36}{'picked':>12}{'drawn':>12}"]
    for part in sorted(counts, key=lambda part: part == "all"):
        cells = (f"{counts[part][f'{kind} caught']} / {counts[part][kind]}" for kind in ("picked", "drawn"))
        lines.append(f"{part:<36}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join([*lines, f"changes that nobody could see: {sum(change.same for change in changes)}"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picked", action="store_true")
    parser.add_argument("--drawn", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    changes = picked_changes() if options.drawn is None else []
    changes += [] if options.picked else drawn_changes(DRAWN if options.drawn is None else options.drawn, options.seed)
    changes = [change for change in changes if options.only in str(change)]
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(Path(folder), options.jobs)
        survivors = runner.survivors(changes, lambda change: change.by)
        survivors = runner.survivors(survivors, lambda change: LIST["tests"][change.part])
    print("", summary(changes, survivors), "", sep="\n")
    print(*(f"survived: {change}\n    {change.reason or 'not listed'}" for change in survivors), sep="\n")
    print(*(f"caught now, and still listed: {change}" for change in changes if change.reason and change not in survivors), sep="\n")
    print(*(f"red without a change, so nothing is caught by it: {tests}" for tests in runner.red), sep="\n")
    return bool(runner.red) or any(not change.reason for change in survivors)


if __name__ == "__main__":
    sys.exit(main())
