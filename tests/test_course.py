"""Promises about the library as a whole: what importing it loads, how fast it answers, how small it is."""

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


def test_three_answers_keep_up_with_a_hand_on_a_slider():
    from course_lib.cards.network import LIMITS, START, network_view

    for name, limits in LIMITS.items():
        for end in (limits or (False, True)) if name not in ("conv1_kernel", "image") else {"conv1_kernel": (1, 11), "image": (17, 64)}[name]:
            values = {**START, "machine": True, name: end}
            network_view(values, START)  # warm
            assert best(lambda values=values: network_view(values, START).live("desk"), 25) < 0.008, (name, end)


def test_the_library_stays_small():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.rglob("*.py")}
    assert sum(lines.values()) < 2500
    assert all(n < 1000 for n in lines.values())


def test_by_hand_never_imports_torch_and_every_public_name_is_there():
    for path in (ROOT / "by_hand").glob("*.py"):
        assert "torch" not in [word for line in path.read_text(encoding="utf-8").splitlines() if "import" in line for word in line.split()]
    assert all(getattr(course_lib, name) is not None for name in course_lib.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        course_lib.no_such_name  # noqa: B018
