"""What CONTRIBUTING.md says about adding something, done as it says, on a copy of the course."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[1]
PARTS = ("course_lib", "notebooks", "tests", "docs", "start.py", "README.md", "CONTRIBUTING.md", "pyproject.toml", ".gitignore")


class Copy:
    """A copy of the course, and a section of CONTRIBUTING.md followed in it."""

    def __init__(self, folder: Path, heading: str):
        self.root = folder
        for part in PARTS:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            else:
                shutil.copy(ROOT / part, folder / part)
        section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
        self.section = section
        self.blocks = [textwrap.dedent(block) for block in re.findall(r"```(?:python|toml)\n(.*?)\n *```", section, re.S)]

    def append(self, path: str, block: str) -> None:
        """A block at the end of a file that the section names; a new file where there is none."""
        assert f"`{path}`" in self.section
        with (self.root / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{block}\n")

    def enter(self, path: str, table: str, entry: str) -> None:
        """An entry of a table in a file, which the section names."""
        assert f"`{path}`" in self.section
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(f"\n{table} = {{\n") == 1
        (self.root / path).write_text(text.replace(f"\n{table} = {{\n", f"\n{table} = {{\n    {entry.strip()}\n"), encoding="utf-8")

    def put_behind(self, path: str, line: str, entry: str) -> None:
        """An entry behind a line that stands once in a file, which the section names."""
        assert f"`{path}`" in self.section
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(line) == 1
        (self.root / path).write_text(text.replace(line, line + entry), encoding="utf-8")

    def solve(self, key: str, solution: str) -> None:
        path = self.root / "notebooks/solutions.json"
        solutions = json.loads(path.read_text(encoding="utf-8")) | {key: solution}
        path.write_text(json.dumps(solutions, indent=1, ensure_ascii=False), encoding="utf-8")

    def python(self, *arguments: str) -> str:
        surroundings = os.environ | {"PYTHONPATH": str(self.root)}
        done = subprocess.run([sys.executable, *arguments], cwd=self.root, env=surroundings, capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def test(self, expression: str, *files: str, at_least: int) -> None:
        """The checks that an expression of pytest's chooses in these files pass, and are so many."""
        said = self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", expression, *files)
        passed = int(re.search(r"(\d+) passed", said)[1])
        assert passed >= at_least, said


in_a_process = pytest.mark.slow("runs the checks that concern it in a process of its own; the faster run adds a card")


@pytest.fixture
def follow(tmp_path):
    return lambda heading: Copy(tmp_path, heading)


@in_a_process
def test_an_exercise_is_added_as_contributing_says(follow):
    copy = follow("Adding an exercise")
    answer, words, judge = copy.blocks
    copy.append("course_lib/lessons/l01.py", answer)
    copy.append("course_lib/words/en/l01.toml", words)
    copy.enter("tests/test_exercises.py", "VARIED_JUDGE", judge)
    path = next((copy.root / "notebooks").glob("01_*.ipynb"))
    notebook = nbformat.read(path, as_version=4)
    cell = 'answer = ...\ncheck("thin-kernel", answer)'
    notebook.cells[-1:-1] = [
        new_markdown_cell(re.search(r"\*\*Exercise \d+\*\* ★+", copy.section)[0] + " A thin kernel.", id="ex-thin"),
        new_code_cell(cell, id="ex-thin-answer"),
    ]
    nbformat.write(notebook, path)
    copy.solve("01/ex-thin-answer", cell.replace("...", "7 * 4 * 10 + 10"))
    tried = """
from course_lib import check, practice
for answer, other in ((290, {}), (280, {}), (1970, {}), (710, {}), (..., {}), (..., {"variant": 3})):
    print(check("thin-kernel", answer, **other))
print(check())
"""
    lines = copy.python("-c", tried).splitlines()
    assert lines[:8] == [
        "Right.",
        "7·4·10 + 10.",
        "Not yet.",
        "Left out: the biases.",
        "Not yet.",
        "The kernel is 7 high and one cell wide.",
        "Not yet.",
        "Each kernel reaches through the 4 channels that come in, not through the 10 that go out.",
    ]
    assert lines[8] == "How many parameters does Conv2d(4, 10, (7, 1)) have?" and "(7, 1)" not in lines[10]
    assert any(line.startswith("thin-kernel: Left out: the biases.") for line in lines)
    ours = "thin-kernel or test_the_words_are or has_a_judge or (01_ and (stars or solution) and not fill) or asked_somewhere"
    copy.test(ours, "tests/test_exercises.py", "tests/test_sentences.py", "tests/test_notebooks.py", at_least=25)


@in_a_process
def test_a_claim_is_added_as_contributing_says(follow):
    copy = follow("Adding a claim")
    claim, words = copy.blocks
    copy.append("course_lib/lessons/l01.py", claim)
    copy.append("course_lib/words/en/l01.toml", words)
    rows = copy.python("-c", "from course_lib import claims; print(*claims('A1').rows, sep='\\n')").splitlines()
    (ours,) = [row for row in rows if "conv1 has" in row]
    assert "holds if" in ours and "with its bias 380, without 375" in ours
    assert rows.index(ours) == max(i for i, row in enumerate(rows) if row.endswith("'1']")), "the last of lesson 1's"
    copy.test("a1-first-layer or test_every_claim_has or lessons_table or article_by_article", "tests/test_verdicts.py", at_least=4)
    copy.test("l01.toml", "tests/test_numbers.py", at_least=1)


@in_a_process
def test_a_lesson_is_added_as_contributing_says(follow):
    copy = follow("Adding a lesson")
    lesson, words, numbers, first, cell = copy.blocks
    copy.append("course_lib/lessons/l13.py", lesson)
    copy.append("course_lib/words/en/l13.toml", words)
    copy.enter("tests/facts.py", "LESSON", numbers)
    judge = '"kernel-of-one": lambda s: params(nn.Conv2d(s["cin"], s["cout"], 1)),'
    copy.enter("tests/test_exercises.py", "VARIED_JUDGE", judge)
    name = re.search(r"`notebooks/(13_\w+)\.ipynb`", copy.section)[1]
    title, mark = re.search(r"`(# 13 [^`]+)`", copy.section)[1], re.search(r"`(\*\*Exercise 1\*\* ★+)`", copy.section)[1]
    cells = [
        new_markdown_cell(title, id="title"),
        new_code_cell(first, id="imports"),
        new_markdown_cell(f"{mark} A kernel of one cell.", id="ex-one"),
        new_code_cell(cell, id="ex-one-answer"),
        new_code_cell("check()", id="score"),
    ]
    nbformat.write(new_notebook(cells=cells), copy.root / f"notebooks/{name}.ipynb")
    copy.solve("13/ex-one-answer", cell.replace("...", "4 * 10 + 10"))
    copy.python("tests/record.py", "13")

    tried = """
from course_lib import check, claims, practice
print(check("kernel-of-one", 40), practice(13), check(), sep="\\n")
print(*[row for row in claims("A1").rows if row[-1] == "13"], sep="\\n")
import start
start.give_lessons()
"""
    lines = copy.python("-c", tried).splitlines()
    assert lines[:2] == ["Not yet.", "Left out: the biases."] and lines[2].startswith("How many parameters does Conv2d(")
    assert 'check("kernel-of-one", answer, variant=2)' in lines[3] and lines[4] == "0 of 1 exercises of lesson 13 passed."
    assert "conv2 has 552 parameters" in lines[-1] and (copy.root / f"my/{name}.ipynb").is_file()
    here = "13_ and not budgets and not closed and not stand_in_their_order"  # it is far smaller than a lesson
    ours = f"kernel-of-one or a1-second-layer or l13 or files_that_are_there or lessons_table or ({here})"
    files = ("test_exercises.py", "test_sentences.py", "test_notebooks.py", "test_numbers.py", "test_verdicts.py")
    copy.test(ours, "--nbval", f"notebooks/{name}.ipynb", *(f"tests/{file}" for file in files), at_least=45)


@in_a_process
def test_a_layer_is_added_as_contributing_says(follow):
    copy = follow("Adding a layer")
    (block,) = copy.blocks
    family = copy.root / "course_lib/by_hand/layers/same_shape.py"
    source = family.read_text(encoding="utf-8")
    assert source.count(f"\n\n{block}\n") == 1, "the section shows PReLU as it stands"
    family.write_text(source.replace(f"\n\n{block}\n", ""), encoding="utf-8")
    assert copy.python("-c", "import course_lib; print(hasattr(course_lib, 'PReLU'))") == "False\n"
    copy.append("course_lib/by_hand/layers/same_shape.py", f"\n{block}")
    tried = """
from torch import nn
from course_lib import Conv2d, Network, PReLU, compare, count, measure_peak, timeline
network = Network((3, 8, 8), conv=Conv2d(3, 4, 3), act=PReLU(4), last=Conv2d(4, 2, 3))
print(compare(network).agree, compare(network).totals, network.receptive_field())
print(timeline(network, 2).peak.total == measure_peak(network, 2))
(row,) = count(nn.Sequential(nn.PReLU(4)), (1, 4, 6, 6))
print(row.by, row.kind, row.output_shape, row.params)
"""
    assert copy.python("-c", tried).splitlines() == ["True (190, 190, 190) (5, 5)", "True", "hand PReLU (4, 6, 6) 4"]
    copy.test("PReLU", "tests/test_layers.py", "tests/test_memory.py", "tests/test_pseudo_language.py", at_least=7)


@in_a_process
def test_an_optimizer_is_added_as_contributing_says(follow):
    copy = follow("Adding an optimizer")
    copy.append("course_lib/by_hand/memory.py", *copy.blocks)
    copy.test("Adamax", "tests/test_memory.py", at_least=4)
    tried = """
from course_lib import small_cnn, timeline
try:
    timeline(small_cnn(), optimizer="Adamax")
except ValueError as error:
    print(error)
"""
    assert "what Adamax makes in its step is not known by hand" in copy.python("-c", tried)


@in_a_process
def test_a_counting_tool_is_added_as_contributing_says(follow):
    copy = follow("Adding a counting tool")
    convention, tool, words = copy.blocks
    copy.append("course_lib/by_hand/conventions.py", convention)
    copy.append("course_lib/by_machine/tools.py", f"\n{tool}")
    heading, rule = words.split("\n", 1)
    copy.put_behind("course_lib/words/en/common.toml", f"{heading}\n", f"{rule}\n")
    installed = copy.root / "flopper-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: flopper\nVersion: 1.0\n", encoding="utf-8")
    biases = 5 * 28 * 28 + 12 * 10 * 10 + 128 + 10
    as_its_rule_says = f"def flops(model, x):\n    return 2 * 373_856 + {biases}\n"
    (copy.root / "flopper.py").write_text(as_its_rule_says, encoding="utf-8")
    tried = """
from course_lib import reconcile, small_cnn
answer = reconcile(small_cnn(), tools=["flopper"])
print(answer)
print(answer["flopper"].remainder, answer["flopper"].unit)
"""
    lines = copy.python("-c", tried).splitlines()
    assert "2 × MACs, 1 × additions of biases" in lines[1] and lines[-1] == "0 FLOP"


@in_a_process
def test_a_language_is_added_as_contributing_says(follow):
    copy = follow("Adding a language")
    folder = copy.root / "course_lib/words/xx"
    assert "`course_lib/words/xx`" in copy.section
    shutil.copytree(copy.root / "course_lib/words/en", folder)
    common = folder / "common.toml"
    common.write_text(re.sub(r'(?m)^right = ".*"$', 'right = "Ja."', common.read_text(encoding="utf-8")), encoding="utf-8")
    copy.test("language", "tests/test_words.py", at_least=3)
    tried = "import course_lib.words as w; w.language = 'xx'; from course_lib import check; print(check('conv2-params', 552))"
    assert copy.python("-c", tried).startswith("Ja.\n")


def test_a_card_is_added_as_contributing_says(follow):
    copy = follow("Adding a card")
    code, table, name = copy.blocks
    copy.append("course_lib/cards/linear.py", code)
    heading, line = table.split("\n", 1)
    copy.put_behind("course_lib/words/en/common.toml", f"{heading}\n", f"{line}\n")
    copy.append("course_lib/__init__.pyi", name)
    tried = """
from course_lib import linear_card
card = linear_card(out_features=10)
card.set(in_features=48, bias=False)
print(card.code)
print(card._shown.value)
print(card.controls["out_features"].max, card._repr_mimebundle_()[0]["text/plain"])
for wrong in ({"depth": 3}, {"bias": 3}, {"in_features": 10**9}):
    try:
        linear_card(**wrong)
    except (TypeError, ValueError) as error:
        print(error)
"""
    output = copy.python("-c", tried).splitlines()
    assert output[0] == "linear_card(in_features=48, out_features=10, bias=False)"
    assert '<span class="big">480</span>' in output[1] and 'width="12.0" height="2.5"' in output[1]
    assert output[2:4] == ["1024 480 parameters", "A matrix of 10 by 48 weights; 480 parameters."]
    assert output[4:] == [
        "linear_card: no setting depth; there are in_features, out_features, bias",
        "bias must be True or False, not 3",
        "in_features may be 10,240 on a card at most, not 1,000,000,000",
    ]
