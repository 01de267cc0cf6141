"""What mutants.py changes: the texts that mutants.toml picks, and those that cosmic-ray draws."""

import ast
import difflib
import hashlib
import random
import tomllib
from itertools import islice
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LIST = tomllib.loads(Path(__file__).with_name("mutants.toml").read_text(encoding="utf-8"))


class Change(NamedTuple):
    """A text in a file and what stands there instead; `reason` why it may survive, `same` whether nobody could see it,
    `by` the tests that are tried before those of its part, to save time."""

    kind: str  # picked or drawn
    file: str
    old: str
    new: str
    line: int = 0  # of a drawn one, where the line stands
    reason: str = ""
    same: bool = False
    by: str = ""

    @property
    def part(self) -> str:
        return next(part for part in LIST["tests"] if self.file.startswith(part))

    def __str__(self) -> str:
        lines = difflib.ndiff(self.old.splitlines(), self.new.splitlines())
        return "\n".join([self.file, *(f"    {line}" for line in lines if line[0] in "+-")])

    def applied(self, text: str) -> str:
        """The file's text with this change."""
        if not self.line:
            return text.replace(self.old, self.new)
        lines = text.split("\n")
        return "\n".join([*lines[: self.line], self.new, *lines[self.line + 1 + self.old.count("\n") :]])


def picked_changes() -> list[Change]:
    """The changes that mutants.toml says."""
    keys = {"file": "file", "old": "old", "new": "new", "survives": "reason", "by": "by"}
    return [Change("picked", **{keys[key]: value for key, value in one.items()}) for one in LIST["picked"]]


def drawn_changes(number: int, seed: int) -> list[Change]:
    """So many of the changes that cosmic-ray knows, each in another line."""
    import cosmic_ray.mutating  # noqa: F401  before its plugins, which import each other
    from cosmic_ray.plugins import get_operator, operator_names

    kinds = [get_operator(name) for name in sorted(operator_names())]
    operators = [kind() for kind in kinds if not kind.arguments()]
    ranked = {}
    for path in (ROOT / "start.py", *(ROOT / "course_lib").rglob("*.py")):
        file, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        for row, line in enumerate(text.split("\n"), 1):
            rank = hashlib.sha256(f"{seed} {file} {line.strip()}".encode()).hexdigest()
            ranked[rank] = file, row, text
    changes = (_drawn_in_line(operators, rank, *place) for rank, place in sorted(ranked.items()))
    return list(islice(filter(None, changes), number))


def _drawn_in_line(operators: list, rank: str, file: str, row: int, text: str) -> Change | None:
    """One of the changes in a line that are more than another annotation, which nothing reads; None where there is none."""
    from cosmic_ray.ast import ast_nodes, get_ast

    tree = get_ast(text)
    nodes = [node for node in ast_nodes(tree) if node.start_pos[0] <= row <= node.end_pos[0] and node.type != "file_input"]
    ways: dict[tuple, list] = {}
    for operator in operators:
        for node in nodes:
            for index, (start, end) in enumerate(operator.mutation_positions(node)):
                if start[0] == row:
                    ways.setdefault((start, end), []).append((operator, node, index))
    if not ways:
        return None
    chance = random.Random(rank)
    operator, node, index = chance.choice(chance.choice(sorted(ways.items()))[1])
    siblings = node.parent.children
    at = siblings.index(node)
    siblings[at : at + 1] = filter(None, [operator.mutate(node, index)])  # None where it goes, as a decorator does
    changed = tree.get_code()
    if _executed(changed) in (None, _executed(text)):
        return None
    change = _by_line(file, text, changed)
    keys = change.file, change.old.strip(), change.new.strip()
    known = next((one for one in LIST.get("drawn", []) if (one["file"], one["old"], one["new"]) == keys), {})
    return change._replace(reason=known.get("reason", ""), same=known.get("same", False))


def _by_line(file: str, text: str, changed: str) -> Change:
    old, new = text.split("\n"), changed.split("\n")
    first = next(i for i, (one, other) in enumerate(zip(old, new, strict=False)) if one != other)
    last = next(i for i, (one, other) in enumerate(zip(old[::-1], new[::-1], strict=False)) if one != other)
    return Change("drawn", file, "\n".join(old[first : len(old) - last]), "\n".join(new[first : len(new) - last]), first)


def _executed(text: str) -> str | None:
    """A program without its annotations of functions; None where it is none."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if isinstance(node, (ast.arg, ast.FunctionDef)) and hasattr(node, field):
                setattr(node, field, None)
    return ast.dump(tree)
