"""What is in which run: tests marked slow("why") are in `python3 start.py test --all`, and wherever one is named itself."""

import os

import pytest

FIRST = ("tests/browser", "notebooks", "tests/test_situations.py")  # what takes longest comes first, so that no worker idles at the end


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="run what is marked slow, too")


def runs_all(config) -> bool:
    """Whether nothing is left out: with --all, or where -m or a test's own name says what is wanted."""
    return bool(config.option.all or config.option.markexpr or any("::" in argument for argument in config.args))


def pytest_configure(config):
    os.environ["COURSE_ALL"] = "1" if runs_all(config) else ""  # tests/runs.py reads it
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # there are as many processes as processors: more threads would wait for each other


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "slow" in getattr(item, "cell", {}).get("metadata", {}).get("tags", []):  # a notebook's cell, which nbval runs
            item.add_marker(pytest.mark.slow("a cell that computes long; none of the faster run rests on it"))
    slow = {item: mark for item in items if (mark := item.get_closest_marker("slow"))}
    for item, mark in slow.items():
        if not (len(mark.args) == 1 and isinstance(mark.args[0], str) and mark.args[0]):
            raise pytest.UsageError(f'{item.nodeid}: @pytest.mark.slow("why") says in words why the test is slow')
    if not runs_all(config):
        config.hook.pytest_deselected(items=list(slow))
        items[:] = [item for item in items if item not in slow]
    items.sort(key=lambda item: next((place for place, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST)))


@pytest.fixture(autouse=True)
def _counted_by_hand(request):
    """Examples in docstrings begin after `from course_lib import *`, as course_lib says; those in README.md import for themselves."""
    if isinstance(request.node, pytest.DoctestItem) and request.node.path.suffix == ".py":
        from course_lib import by_hand

        request.node.dtest.globs.update({name: getattr(by_hand, name) for name in by_hand.__all__})
