"""The notebooks as documents: their form, their rhythm, their stored outputs, their exercises, and that recording is idle."""

import ast
import builtins
import json
import re
import symtable

import nbformat
import pytest
import record

PATHS = record.find([])
NAMES = [path.stem for path in PATHS]
BOOKS = {path.stem: nbformat.read(path, as_version=4) for path in PATHS}
SOLUTIONS = json.loads((record.NOTEBOOKS / "solutions.json").read_text(encoding="utf-8"))
ACTION = re.compile(r"\b(reveal|check|vote|\w+_card)\(")
every_notebook = pytest.mark.parametrize("name", NAMES)


def code(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def text(book):
    return [cell for cell in book.cells if cell.cell_type == "markdown"]


def bundles(book):
    return [output.data for cell in code(book) for output in cell.outputs if "data" in output]


def loc(cell) -> int:
    return len([line for line in cell.source.splitlines() if line.strip()])


def is_action(cell) -> bool:
    return cell.cell_type == "code" and bool(ACTION.search(cell.source) or is_closed(cell))


def is_closed(cell) -> bool:
    return cell.source.startswith("%%reveal ")


@every_notebook
def test_every_cell_was_run_in_order(name):
    cells = code(BOOKS[name])
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    silent = [cell.id for cell in cells if not cell.outputs and not cell.source.lstrip().startswith(("class ", "import ", "from "))]
    assert not silent, f"these cells show nothing, and are no class and no import: {silent}"


@every_notebook
def test_budgets_and_rhythm(name):
    book = BOOKS[name]
    cells, words = book.cells, [len(cell.source.split()) for cell in text(book)]
    if not name.startswith("00"):
        assert 30 <= len(cells) <= 50
        assert 12 <= len(code(book)) <= 20
        assert 800 <= sum(words) <= 1600
        assert 6 <= len(headings(book)) <= 9
        assert 3 <= len([cell for cell in code(book) if re.search(r"\bcheck\(\"", cell.source)]) <= 5
        assert "**You will learn**" in cells[0].source and "**It takes**" in cells[0].source and "## Remember" in cells[-2].source
    assert max(words) <= 120 and 25 <= sorted(words)[len(words) // 2] <= 60
    assert max(map(loc, code(book))) <= 15 and sorted(map(loc, code(book)))[len(code(book)) // 2] <= 4
    kinds = "".join("c" if cell.cell_type == "code" else "t" for cell in cells)
    assert "ccc" not in kinds
    actions = [-1] + [i for i, cell in enumerate(cells) if is_action(cell)] + [len(cells)]
    assert max(b - a for a, b in zip(actions, actions[1:], strict=False)) <= 6
    assert cells[-1].source == "check()"


def headings(book) -> list[str]:
    return [line for cell in text(book) for line in cell.source.splitlines() if re.match(r"#+ ", line)]


@every_notebook
def test_headings_are_in_order(name):
    levels = [len(line.split()[0]) for line in headings(BOOKS[name])]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


@every_notebook
def test_no_line_ends_in_a_semicolon_and_no_source_is_long(name):
    for cell in code(BOOKS[name]):
        assert not re.search(r";\s*$", cell.source, re.M), cell.id
        assert max(map(len, cell.source.splitlines())) <= 110, cell.id


@every_notebook
def test_links_lead_somewhere(name):
    for cell in text(BOOKS[name]):
        for target in re.findall(r"\]\(([^)]+)\)", cell.source):
            assert (record.NOTEBOOKS / target).exists(), target


@every_notebook
def test_every_picture_has_its_alt_text_and_its_twin(name):
    for data in bundles(BOOKS[name]):
        assert "application/vnd.jupyter.widget-view+json" not in data and "image/png" not in data
        for image in re.findall(r"<img[^>]*>", data.get("text/html", "")):
            alt = re.search(r'alt="([^"]*)"', image).group(1)
            assert len(alt) > 40 and alt.split(".")[0].replace("&#x27;", "'") in data["text/plain"].replace("\n", " ")
            assert re.search(r"\d", data["text/plain"])
    assert "widgets" not in BOOKS[name].metadata


CLOSED = {
    "00": "linear-torch",
    "01": "conv2-params-torch strided-reveal share-bars ledger-work",
    "02": "total-torch tensors-torch by-block frozen-torch tied-compare buffers-torch bytes-bars",
    "03": "compare-rows totals-torchinfo unused-compare later-torchinfo footer-bars",
    "04": "coin adds-compare buffers-torch stored-bars two-functions",
    "05": "first-step state-torch others-bars frozen-torch checkpoint-torch",
    "06": "eval-measured by-hand measured vgg-bars crossing-bars peak-timeline step-plot optimizers",
    "07": "judge grows others-values mult-adds-torchinfo clock time-plot bytes-by-hand roofline backward-torch",
    "08": "two-bars imagenet megabytes torchsummary rows notes-rows",
    "09": "total-compare no-length flops-bars profiler flop-counter",
    "10": "two-tools ptflops-really reconcile-small reconcile-twice judge reconcile-block tinytorch-claim",
    "11": "count-net mended heaviest-bars separable errors silent-said unet-peak unet-batch unet-ways three-ways",
    "12": "accumulate-peak block-one all-measured goal-reached freeze-measured autocast-measured foreach stored",
}  # the cells whose output is an answer


@every_notebook
def test_the_answers_are_closed_and_their_first_line_tells_nothing(name):
    closed = [cell.id for cell in code(BOOKS[name]) if is_closed(cell)]
    assert closed == CLOSED.get(name[:2], "").split(), f"CLOSED in tests/test_notebooks.py says which: {' '.join(closed)!r} here"
    for cell in code(BOOKS[name]):
        for data in [output.get("data", {}) for output in cell.outputs]:
            assert data.get("text/html", "").startswith("<details><summary>") == is_closed(cell), cell.id
        if is_closed(cell):
            assert len(cell.outputs) == 1 and not re.search(r"\d{2}", cell.source.splitlines()[0]), cell.id


def test_what_does_not_depend_on_the_machine_is_right_where_the_clock_is_not_compared():
    """07's roofline: nbval leaves its output alone, as the clock changes it; its FLOPs per byte are arithmetic."""
    from course_lib import Conv2d, Linear, vgg16_32

    layers = {
        "conv 128, 28×28": (Conv2d(128, 128, 3, padding=1), (128, 28, 28)),
        "conv 64, 56×56": (Conv2d(64, 64, 3, padding=1), (64, 56, 56)),
        "Linear 10752": (Linear(10752, 10752), (10752,)),
        "depthwise 256, 224×224": (Conv2d(256, 256, 3, padding=1, groups=256), (256, 224, 224)),
    }
    cells = {cell.id: cell for cell in code(BOOKS["07_flops"])}
    lines = cells["roofline"].outputs[0].data["text/plain"].splitlines()
    stored = {line[:24].strip(): float(line[24:].split()[0]) for line in lines if line[:24].strip() in layers}
    assert stored.keys() == layers.keys()
    for name, (layer, shape) in layers.items():
        row = layer.row(name, shape)
        assert stored[name] == pytest.approx(2 * row.macs / (4 * (row.params + row.inputs + row.outputs)), rel=5e-3)
    rows = [line.split() for line in cells["time-plot"].outputs[0].data["text/plain"].splitlines()]
    convs = {row.name: 2 * row.macs / 1e6 for row in vgg16_32().ledger() if row.kind == "Conv2d"}
    assert {name: float(flops) for name, flops, _ in rows[3:]} == convs
    parts = {cell.id: cell for cell in code(BOOKS["06_memory"])}["device-peak"].outputs[0].data["text/plain"].splitlines()[1:]
    numbers = [re.findall(r"\d[\d,]*", line) for line in parts]
    assert len(numbers) > 6 and all(len(row) < 2 or row[0] == row[1] for row in numbers)  # by hand, and measured
    assert sorted({cell.id for book in BOOKS.values() for cell in code(book) if cell.metadata.get("tags", ["slow"]) != ["slow"]}) == [
        "clock",
        "device-peak",
        "roofline",
        "time-plot",
    ]


@every_notebook
def test_outputs_hold_nothing_of_this_machine(name):
    for cell in code(BOOKS[name]):
        said = json.dumps(cell.outputs)
        assert not re.search(r"0x[0-9a-f]{6,}|/home/|/usr/|/root|/work|site-packages|Warning", said), cell.id
        assert all(output.output_type != "error" and output.get("name") != "stderr" for output in cell.outputs), cell.id


@every_notebook
def test_ids_speak_and_are_unique(name):
    ids = [cell.id for cell in BOOKS[name].cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", i) and not re.fullmatch(r"[0-9a-f]{8}", i) for i in ids)


@every_notebook
def test_what_is_stored_is_normal(name):
    """With nbval, which runs every notebook and compares: recording again changes nothing."""
    path = next(path for path in PATHS if path.stem == name)
    assert nbformat.writes(record.normalise(BOOKS[name]), indent=1) + "\n" == path.read_text(encoding="utf-8")


SLOW_TO_RECORD = pytest.mark.slow("lesson 6 has a cell that the clock changes; the faster run records lesson 1 again")


@pytest.mark.parametrize("name", ["01", pytest.param("06", marks=SLOW_TO_RECORD)])
def test_recording_again_changes_nothing(name):
    (path,) = record.find([name])
    after, changed = record.record(path)
    assert not changed
    assert after == path.read_text(encoding="utf-8")


def show(source: str, where: str, names: dict):
    """Run a cell of plain Python in these names, as a kernel does: what its last line shows."""
    *before, last = ast.parse(source).body
    exec(compile(ast.Module(before, []), where, "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), where, "eval"), names)
    return exec(compile(ast.Module([last], []), where, "exec"), names)


@every_notebook
def test_solutions_fill_in_and_pass(name, monkeypatch):
    """After the first code cell alone, as a lecturer may start anywhere; nbval runs all the other cells."""
    from course_lib.asking import exercises, progress

    monkeypatch.chdir(record.NOTEBOOKS)
    monkeypatch.setattr(exercises, "progress", progress.Progress())  # as in a kernel that has just started
    monkeypatch.setattr(exercises, "_latest", [])
    cells, names = code(BOOKS[name]), {"__name__": "__main__"}
    solved = [cell.id for cell in cells if f"{name[:2]}/{cell.id}" in SOLUTIONS]
    show(cells[0].source, cells[0].id, names)
    for cell in solved:
        assert repr(show(SOLUTIONS[f"{name[:2]}/{cell}"], cell, names)).startswith("Right."), cell
    said = repr(show(cells[-1].source, cells[-1].id, names))
    assert said == f"{len(solved)} of {len(solved)} exercises of lesson {int(name[:2])} passed."


def sections(book) -> list[list]:
    """The code cells under each heading of the second degree."""
    found = []
    for cell in book.cells:
        if cell.cell_type == "markdown" and cell.source.lstrip().startswith("## "):
            found.append([])
        elif cell.cell_type == "code" and found:
            found[-1].append(cell)
    return found


def body(cell) -> str:
    """A cell's own Python."""
    return cell.source.partition("\n")[2] if is_closed(cell) else cell.source


def inner_reads(table: symtable.SymbolTable) -> set[str]:
    """The global names that the functions, classes and comprehensions of a statement read."""
    found = set()
    for scope in table.get_children():
        found |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global() and symbol.is_referenced()} | inner_reads(scope)
    return found


def not_defined(*sources: str) -> set[str]:
    """The names that these cells read, run in this order, and that none of them has bound by then."""
    known, missing, inner = {*dir(builtins), "display"}, set(), set()
    for statement in ast.parse("\n".join(sources)).body:
        for part in [ast.Expr(statement.value), statement] if isinstance(statement, ast.Assign) else [statement]:
            table = symtable.symtable(ast.unparse(part), "cell", "exec")
            bound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
            missing |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()} - bound - known
            inner |= inner_reads(table)
            known |= bound
    return missing | inner - known


@every_notebook
def test_a_section_has_all_its_names_after_the_first_code_cell_alone(name):
    """As 00 says: a lecturer starts at any heading. nbval runs the cells, but one after the other."""
    first = code(BOOKS[name])[0]
    for cells in sections(BOOKS[name]):
        assert not not_defined(*map(body, [first, *(cell for cell in cells if cell is not first)])), cells[0].id


def test_a_name_of_another_section_is_found():
    assert not_defined("import torch", "y = torch.ones(x)\nx = 3") == {"x"} == not_defined("x = x + 1")
    assert not_defined("def f(n): return n + m", "[f(n) for n in range(3)]") == {"m"}
    assert not not_defined("for i in range(3): print(i)", "class A:\n    def f(self): return B\nB = A()")


@pytest.mark.slow("executes again what nbval does; the faster run looks whether each section has its names")
@pytest.mark.timeout(600)
@every_notebook
def test_a_section_runs_after_the_first_code_cell_alone(name, monkeypatch, capsys):
    """With all that the first cell's objects hold by then, too."""
    monkeypatch.chdir(record.NOTEBOOKS)
    first = code(BOOKS[name])[0]
    for cells in sections(BOOKS[name]):
        names = {"__name__": "__main__"}
        for cell in [first, *(cell for cell in cells if cell is not first and "follow(" not in cell.source)]:  # which needs a kernel
            exec(compile(body(cell), f"{name}, {cell.id}", "exec"), names)


@every_notebook
def test_every_exercise_is_numbered_and_has_its_stars(name):
    """The text before it says both; the course's data say how hard it is."""
    from course_lib.asking.exercises import EXERCISES

    cells, number = BOOKS[name].cells, 0
    stars = {exercise.name: exercise.stars for exercise in EXERCISES.values() if exercise.lesson == int(name[:2]) and exercise.stars}
    for before, cell in zip(cells, cells[1:], strict=False):
        for asked in re.findall(r"\bcheck\(\"([^\"]+)\"", cell.source) if cell.cell_type == "code" else ():
            number += 1
            marked = f"**Exercise {number}** {'★' * stars[asked]} "
            assert marked in before.source or name.startswith("00"), (cell.id, marked)
    assert number == len(stars)


@every_notebook
def test_every_exercise_has_a_solution_and_every_solution_an_exercise(name):
    asked = {f"{name[:2]}/{cell.id}" for cell in code(BOOKS[name]) if re.search(r"\bcheck\(\"", cell.source)}
    assert asked == {key for key in SOLUTIONS if key.startswith(f"{name[:2]}/")}


def written(number: float) -> set[str]:
    """How a number of three digits or more may stand in a text."""
    forms = (
        {f"{number:,.0f}", f"{number:.0f}", f"{number:_.0f}"}
        if number == int(number)
        else {f"{number:.1f}", f"{number:.2f}", f"{number:.3g}"}
    )
    return {form for form in forms if len(re.sub(r"\D", "", form)) >= 3}


@every_notebook
def test_no_answer_stands_beside_its_question(name):
    """Neither in what a reader has seen so far nor in the cell that follows; a vote shows the right number among its four."""
    from course_lib.asking.answers import Answer
    from course_lib.asking.exercises import EXERCISES

    cells = BOOKS[name].cells
    seen = [cell.source + "".join(str(o.get("text") or o.data) for o in cell.get("outputs", ()) if not is_closed(cell)) for cell in cells]
    for i, cell in enumerate(cells):
        for asked in re.findall(r'(?:check|reveal)\("([^"]+)"', cell.source) if cell.cell_type == "code" else ():
            for form in written(EXERCISES[asked].truth) if isinstance(EXERCISES.get(asked), Answer) else ():
                there = re.compile(rf"(?<![\d,._]){re.escape(form)}(?!\d|[,._]\d)")
                found = [cells[j].id for j in (*range(i), i + 1) if there.search(seen[j])]
                assert not found, (asked, form, found)


def test_every_exercise_of_the_library_is_asked_somewhere():
    """In a notebook, or with other numbers by practice()."""
    from course_lib.asking.exercises import EXERCISES, varied

    asked = {n for book in BOOKS.values() for cell in code(book) for n in re.findall(r"(?:check|reveal|vote)\(\"([^\"]+)\"", cell.source)}
    assert asked <= {*EXERCISES} <= asked | {*varied()}
