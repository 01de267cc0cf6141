"""Promises about the library as a whole: what importing it loads, how fast it answers, how small it is."""

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

import course_lib

ROOT = Path(course_lib.__file__).parent
HEAVY = "[m for m in ('torch', 'numpy', 'matplotlib', 'pandas') if m in sys.modules]"


def fresh(code: str) -> str:
    """What a new Python prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    "code",
    [
        "import course_lib",
        "from course_lib import small_cnn; repr(small_cnn().ledger())",
        "from course_lib import network_card; network_card()._repr_mimebundle_()",
        "from course_lib import layer_card; layer_card()._repr_mimebundle_()",
        "from course_lib import check, reveal, vote; check('conv2-params', 3), reveal('fc1-share', 3), vote('strided')",
    ],
)
def test_nothing_heavy_is_loaded(code):
    assert fresh(f"import sys; {code}; print({HEAVY})") == "[]"


def test_import_is_quick():
    timed = "import time; t = time.perf_counter(); import course_lib; print(time.perf_counter() - t)"
    assert min(float(fresh(timed)) for _ in range(5)) < 0.15


def test_the_first_card_stands_soon():
    timed = "import ipykernel.kernelapp, time; t = time.perf_counter(); from course_lib import network_card; "
    timed += "network_card()._repr_mimebundle_(); print(time.perf_counter() - t)"
    assert min(float(fresh(timed)) for _ in range(3)) < 0.6


def best(work, repeat: int = 200) -> float:
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def test_a_ledger_by_hand_takes_no_time():
    assert best(course_lib.small_cnn().ledger) < 0.0002


@pytest.mark.parametrize("values", [{}, {"conv1_kernel": 11}, {"hidden": 256}, {"batch_norm": True}, {"batch": 128}, {"image": 64}])
def test_three_answers_cost_little_more_than_torchinfo_alone(values):
    """A ratio, so that a busy machine does not decide; tests/benchmarks/slider.py has the milliseconds."""
    import torch
    import torchinfo

    from course_lib.by_machine.counting import build
    from course_lib.cards.network import START, network_view

    values = {**START, "machine": True, **values}
    sizes = {name: value for name, value in values.items() if name not in ("batch", "machine", "columns")}
    model = build(course_lib.small_cnn(**sizes), "meta")
    nothing = torch.empty(values["batch"], 3, values["image"], values["image"], device="meta")
    ask, view = [], []
    for _ in range(25):
        ask.append(best(lambda: torchinfo.summary(model, input_data=nothing, verbose=0, device="meta"), 1))
        view.append(best(lambda: network_view(values, START).live("desk"), 1))
    assert statistics.median(view) < 2.4 * statistics.median(ask)


def test_the_library_stays_small():
    """Lines with something on them, docstrings and comments among them; the blank ones are the formatter's."""
    lines = {path: sum(map(bool, map(str.strip, path.read_text(encoding="utf-8").splitlines()))) for path in ROOT.rglob("*.py")}
    assert sum(lines.values()) < 2500
    assert all(n < 500 for n in lines.values())


def test_torch_is_imported_by_machine_only_and_every_public_name_is_there():
    for path in ROOT.rglob("*.py"):
        if "by_machine" not in path.parts:
            assert not re.search(r"^\s*(import|from) torch", path.read_text(encoding="utf-8"), re.M), path
    assert all(getattr(course_lib, name) is not None for name in course_lib.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        course_lib.no_such_name  # noqa: B018
