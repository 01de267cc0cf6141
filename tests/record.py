"""Re-record notebooks: run them, write their outputs normalised, and say which outputs changed.

    python tests/record.py [NOTEBOOK ...]        all of notebooks/ without a name; 03 is enough for a name
    python tests/record.py --check [NOTEBOOK ...]   change nothing; exit 1 where recording would

Recording twice without a change is an empty diff; a change of one number is a diff of one line.
"""

from __future__ import annotations

import argparse
import copy
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The one form in which a notebook is stored: counts 1…N, slides by rule, no widget views, no metadata of a run."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata = nbformat.from_dict(METADATA)
    count = 0
    for cell, kind in zip(notebook.cells, slides(notebook.cells), strict=True):
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in ("tags",) if cell.metadata.get(key)})
        cell.source = cell.source.strip()
        if kind:
            cell.metadata["slideshow"] = {"slide_type": kind}
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            if "data" in output:
                output.metadata = {}
                if "text/html" in output.data:
                    output.data.pop("application/vnd.jupyter.widget-view+json", None)
    return notebook


def slides(cells: list[nbformat.NotebookNode]) -> list[str]:
    """What each cell is in a lecture: a heading begins a slide, an exercise or a code cell one below it, other text is notes.

    An exercise's answer stands on its slide, and so does a short cell right behind a short heading: these have no type of their own.
    """
    found: list[str] = []
    for before, cell in zip([None, *cells], cells, strict=False):
        exercise = cell.cell_type == "markdown" and "**Exercise " in cell.source
        if cell.cell_type == "code":
            found.append("" if before is not None and _stands_with(before, cell) else "subslide")
        elif cell.source.startswith(("# ", "## ")):
            found.append("slide")
        else:
            found.append("subslide" if exercise else "notes")
    return found


def _stands_with(text: nbformat.NotebookNode, cell: nbformat.NotebookNode) -> bool:
    """Whether a code cell has room on the slide of the text before it."""
    if text.cell_type == "code":
        return False
    if "**Exercise " in text.source:
        return True
    short = len(text.source.split()) <= 60 and len(cell.source.splitlines()) <= 4 and "_card(" not in cell.source
    said = [output.get("text") or output.data.get("text/plain", "") for output in cell.get("outputs", ())]
    return short and text.source.startswith("#") and sum(text.count("\n") for text in said) < 8 and "<img" not in str(cell.get("outputs"))


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with fresh outputs; SystemExit where a cell writes to stderr, since that cannot be stored."""
    fresh = copy.deepcopy(notebook)
    NotebookClient(
        fresh, timeout=120, kernel_name="python3", coalesce_streams=True, resources={"metadata": {"path": str(NOTEBOOKS)}}
    ).execute()
    for cell in fresh.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                sys.exit(f"{cell.id}: writes a warning, which cannot be stored: {output.text}")
    return fresh


def record(path: Path) -> tuple[str, list[str]]:
    """The text that recording would write, and the ids of the cells whose outputs changed."""
    stored = nbformat.read(path, as_version=4)
    fresh = normalise(run(stored))
    changed = []
    for old, new in zip(stored.cells, fresh.cells, strict=True):
        if new.cell_type != "code":
            continue
        timed = "nbval-ignore-output" in new.metadata.get("tags", []) and old.outputs  # a clock's answer is never the same
        if timed or nbformat.writes(_only(old)) == nbformat.writes(_only(new)):
            new.outputs = normalise(_only(old)).cells[0].outputs  # only a clock has changed it
            for output in new.outputs:
                if "execution_count" in output:
                    output.execution_count = new.execution_count
        else:
            changed.append(new.id)
    return nbformat.writes(fresh, indent=1) + "\n", changed


def _only(cell: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A notebook of this cell alone, normalised."""
    return normalise(nbformat.v4.new_notebook(cells=[cell]))


def find(names: list[str]) -> list[Path]:
    everything = sorted(NOTEBOOKS.glob("*.ipynb"))
    if not names:
        return everything
    found = [path for path in everything for name in names if path.name.startswith(Path(name).name)]
    return found or sys.exit(f"no notebook {', '.join(names)} in {NOTEBOOKS.name}/; there are {', '.join(p.stem for p in everything)}")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("notebooks", nargs="*")
    ask.add_argument("--check", action="store_true")
    said = ask.parse_args()
    differs = False
    for path in find(said.notebooks):
        before = path.read_text(encoding="utf-8")
        after, changed = record(path)
        differs |= after != before
        print(f"{path.name}: " + (f"changed: {', '.join(changed) or 'metadata only'}" if after != before else "unchanged"))
        if not said.check and after != before:
            path.write_text(after, encoding="utf-8", newline="\n")
    sys.exit(int(said.check and differs))


if __name__ == "__main__":
    main()
