"""Promises about the library as a whole: what importing it loads, what its answers cost, how small it is."""

import cProfile
import re
import subprocess
import sys
from pathlib import Path

import pytest

import course_lib

ROOT = Path(course_lib.__file__).parent
CARD = "import course_lib; course_lib.network_card()._repr_mimebundle_()"
HEAVY = "[m for m in ('torch', 'numpy', 'pandas') if m in sys.modules]"


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


@pytest.mark.parametrize("before, code, most", [("pass", "import course_lib", 90), ("import ipykernel.kernelapp", CARD, 100)])
def test_little_is_loaded(before, code, most):
    """What a first card waits for, counted: tests/benchmarks/slider.py has the milliseconds."""
    assert int(fresh(f"import sys; {before}; before = set(sys.modules); {code}; print(len(set(sys.modules) - before))")) < most


def calls(work) -> int:
    """How many functions are called, those in C among them: what the work costs on every machine alike."""
    work()  # once before, for what is made on first use
    profile = cProfile.Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats())


def test_a_ledger_by_hand_costs_little():
    assert calls(course_lib.small_cnn().ledger) < 1000


@pytest.mark.parametrize("values", [{}, {"conv1_kernel": 11}, {"hidden": 256}, {"image": 64}, {"batch": 128}, {"batch_norm": True}])
def test_a_card_by_hand_costs_little_at_every_end(values):
    from course_lib.cards.network import START, network_view

    assert calls(lambda: network_view({**START, **values}, START).html()) < 8000


@pytest.mark.parametrize("values", [{}, {"conv1_kernel": 11}, {"hidden": 256}, {"batch_norm": True}, {"batch": 128}, {"image": 64}])
def test_three_answers_cost_little_more_than_torchinfo_alone(values):
    import torch
    import torchinfo

    from course_lib.by_machine.modules import build
    from course_lib.cards.network import START, network_view

    values = {**START, "machine": True, **values}
    sizes = {name: value for name, value in values.items() if name not in ("batch", "machine", "columns", "every_layer")}
    model = build(course_lib.small_cnn(**sizes), "meta")
    nothing = torch.empty(values["batch"], 3, values["image"], values["image"], device="meta")
    alone = calls(lambda: torchinfo.summary(model, input_data=nothing, verbose=0, device="meta"))
    assert calls(lambda: network_view(values, START).html()) < 2 * alone


def test_the_library_stays_small():
    """Lines with something on them, docstrings and comments among them; the blank ones are the formatter's. server.py is start.py's:
    no notebook imports it. lessons/ are data: what each exercise is made of."""
    sources = [path for path in ROOT.rglob("*.py") if path.name != "server.py" and path.parent.name != "lessons"]
    lines = {path: sum(map(bool, map(str.strip, path.read_text(encoding="utf-8").splitlines()))) for path in sources}
    assert sum(lines.values()) < 5850
    assert all(n < 250 for n in lines.values())


def test_torch_is_imported_by_machine_only_and_every_public_name_is_there():
    for path in ROOT.rglob("*.py"):
        if "by_machine" not in path.parts:
            assert not re.search(r"^\s*(import|from) torch", path.read_text(encoding="utf-8"), re.M), path
    assert all(getattr(course_lib, name) is not None for name in course_lib.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        course_lib.no_such_name  # noqa: B018


def test_an_editor_completes_what_loads_later():
    source = (ROOT / "__init__.py").read_text(encoding="utf-8")
    imports = re.findall(r"^    from course_lib\.(\S+) import (.+)$", source, re.M)
    written = {name: module for module, names in imports for name in names.split(", ")}
    assert written == course_lib._LATER


FLOORS = ["words", "show", "by_hand", "by_machine", "asking.answers", "asking.claim", "lessons", "asking", "cards"]  # from the ground


def floor(module: str) -> int | None:
    inside = module.removeprefix("course_lib.")
    found = [name for name in FLOORS if inside == name or inside.startswith(f"{name}.")]
    return FLOORS.index(max(found, key=len)) if found else None


def test_no_arrow_runs_back():
    """Each file imports from its own floor and those below."""
    for path in ROOT.rglob("*.py"):
        own = floor(".".join(path.relative_to(ROOT.parent).with_suffix("").parts))
        if own is not None:
            for above in re.findall(r"^\s*(?:from|import) (course_lib\.[\w.]+)", path.read_text(encoding="utf-8"), re.M):
                assert floor(above) is None or floor(above) <= own, f"{path.relative_to(ROOT)} imports {above}"
