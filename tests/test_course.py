"""Promises about the library as a whole: what importing it loads, what its answers cost, how small it is."""

import ast
import cProfile
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import course_lib

ROOT = Path(course_lib.__file__).parent
CARD = "import course_lib; course_lib.network_card()._repr_mimebundle_()"
HEAVY = "[m for m in ('torch', 'numpy', 'pandas', 'matplotlib') if m in sys.modules]"


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
        "from course_lib import memory_card, network_card; network_card().set(batch=2); memory_card().set(batch=2)",
        "from course_lib import bars, chart",
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


def functions_of(tree: ast.Module) -> list[tuple[int, int]]:
    """First and last line of each function and class at the top of a file."""
    return [(node.lineno, node.end_lineno) for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]


def test_the_library_stays_small():
    """Lines with something on them, docstrings and comments among them; the blank ones are the formatter's. Of lessons/ the functions
    alone: the rest is data, what each exercise is made of."""
    counts = {}
    for path in ROOT.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        if path.parent.name == "lessons":
            lines = [line for first, last in functions_of(ast.parse(source)) for line in lines[first - 1 : last]]
        counts[path] = sum(map(bool, map(str.strip, lines)))
    assert sum(counts.values()) <= 5900, f"{sum(counts.values()) - 5900} lines too many: what comes in is paid for with what goes"
    assert [str(path) for path, lines in counts.items() if lines > 250] == []


def test_no_function_has_more_than_fifteen_branches():
    """By radon, which counts comprehensions and conditions in one line, too; ruff, which does not, holds 12."""
    from radon.complexity import cc_visit

    blocks = [(path, block) for path in ROOT.rglob("*.py") for block in cc_visit(path.read_text(encoding="utf-8"))]
    functions = [(path, part) for path, block in blocks for part in (getattr(block, "methods", None) or [block])]
    assert [f"{path.name}: {part.name} {part.complexity}" for path, part in functions if part.complexity > 15] == []


def test_a_name_means_one_thing():
    """A function or class at the top of a file has a name that no other file gives to another."""
    where = defaultdict(set)
    for path in ROOT.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("__"):
                where[node.name.strip("_")].add(path.relative_to(ROOT).as_posix())
    assert {name: sorted(files) for name, files in where.items() if len(files) > 1} == {}


def test_torch_is_imported_by_machine_only_and_every_public_name_is_there():
    for path in ROOT.rglob("*.py"):
        if "by_machine" not in path.parts:
            assert not re.search(r"^\s*(import|from) torch", path.read_text(encoding="utf-8"), re.M), path
    assert all(getattr(course_lib, name) is not None for name in course_lib.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        course_lib.no_such_name  # noqa: B018


WITHOUT = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Without())
"""
PROGRAM = """
from course_lib import *
import course_lib
print(Conv2d(5, 12, 3).params)
for name in course_lib.__all__:
    value = getattr(course_lib, name)
    if name in {called!r}:
        try:
            value(None)
        except ModuleNotFoundError as error:
            print(f"{{name}}: {{error}}")
"""


def test_a_name_whose_package_is_missing_says_so_when_it_is_called_and_the_others_work():
    machine = [name for name, module in course_lib._MODULES.items() if ".by_machine." in module]
    lines = fresh(WITHOUT.format(missing=["torch"]) + PROGRAM.format(called=machine)).splitlines()
    assert lines[0] == "552"
    assert [line.partition(":")[0] for line in lines[1:]] == machine and len(machine) > 5
    assert all(f"{line.partition(':')[0]} needs torch, which is not installed here" in line for line in lines[1:])
    lines = fresh(WITHOUT.format(missing=["torchinfo"]) + PROGRAM.format(called=["compare"])).splitlines()
    assert lines == ["552", "compare: compare needs torchinfo, which is not installed here; what is counted by hand works without it"]


LESSON = """
import json
cells = [cell for cell in json.load(open({path!r}, encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
names = {{}}
for cell in cells:
    source = "".join(cell["source"])
    try:
        exec(source.partition("\\n")[2] if source.startswith("%%reveal") else source, names)
    except ModuleNotFoundError as error:
        print(cell["id"], error)
print(len(cells), names["small_cnn"]().ledger().params)
"""


def test_lesson_1_runs_without_torch_but_for_the_cell_that_asks_it():
    path = ROOT.parent / "notebooks/01_counting_by_hand.ipynb"
    missing = ["torch", "torchinfo", "pandas", "thop", "ptflops", "torchsummary", "torchstat", "cloudpickle"]
    lines = fresh(WITHOUT.format(missing=missing) + LESSON.format(path=str(path))).splitlines()
    assert [line for line in lines if "No module named" in line] == ["conv2-params-torch No module named 'torch'"]
    assert lines[-1].endswith(" 26926") and int(lines[-1].split()[0]) > 10


# from the ground
FLOORS = ["words", "show", "by_hand", "by_machine", "asking.answers", "lessons", "asking", "cards", "live"]


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
