"""The words: every language has every key, what one lacks is shown in English, and the code has no sentences of its own."""

import ast
import re

import pytest

import course_lib.words
from course_lib.show.svg import text_width
from course_lib.show.tables import columns
from course_lib.words import FOLDER, everything, find, words

LIBRARY = FOLDER.parent
PARSED = {path: ast.parse(path.read_text("utf-8")) for path in LIBRARY.rglob("*.py")}
NO_SENTENCES = {  # what looks like sentences in the code, and why it is none
    "evidence.py": ["from torchstat import stat"],  # a program for a process of its own
    "tools.py": ["from course_lib.by_machine.tools import"],
    "memory.py": ["in the first step", "on the way"],  # names for when an optimizer makes its state
    "step.py": ["on the way"],
    "progress.py": ["border-collapse"],  # a style sheet
}
LANGUAGES = [folder.name for folder in FOLDER.iterdir() if folder.is_dir() and folder.name[0] not in "._"]


def keys(table: dict, above: str = "") -> set[str]:
    return {key for name, value in table.items() for key in (keys(value, f"{above}{name}.") if isinstance(value, dict) else {above + name})}


@pytest.fixture
def other_language(tmp_path, monkeypatch):
    (tmp_path / "xx").mkdir()
    (tmp_path / "xx/l01.toml").write_text('[exercise.total]\nask = "Q {params}?"\n')
    for path in (FOLDER / "en").glob("*.toml"):
        (tmp_path / "en").mkdir(exist_ok=True)
        (tmp_path / "en" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(course_lib.words, "FOLDER", tmp_path)
    monkeypatch.setattr(course_lib.words, "language", "xx")
    everything.cache_clear()
    yield
    monkeypatch.undo()
    everything.cache_clear()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_key_of_english_and_no_other(language):
    own = {key for path in (FOLDER / language).glob("*.toml") for key in keys(course_lib.words.tomllib.loads(path.read_text("utf-8")))}
    english = keys(everything("en"))
    assert sorted(english - own) == [] and sorted(own - english) == []


def test_what_a_language_lacks_is_shown_in_english(other_language):
    assert words("exercise.total.ask", params=3) == "Q 3?"
    assert words("exercise.total.hint1") == "Four layers own parameters." and words("right") == "Right."
    assert find("exercise.total.no_such") is None and find("slip.plus") == "Does not belong in your number: {part}."


def test_words_are_found_by_their_key_and_filled_in():
    assert words("macs_batch", n=16) == words("shown.macs_batch", n=16) == "MACs per batch of 16"
    assert words("slip.plus", part="the bias") == "Does not belong in your number: the bias."


def test_words_that_are_nowhere_are_named():
    with pytest.raises(KeyError, match="no words under 'shown.no_such'"):
        words("no_such")


def literals(tree: ast.AST) -> list[tuple[int, str]]:
    """Every string in the code, an f-string with {} for its values, but for docstrings."""
    nodes = list(ast.walk(tree))
    skipped = {part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    skipped |= {node.value for node in nodes if isinstance(node, ast.Expr) or (isinstance(node, ast.keyword) and node.arg == "doc")}
    found = []
    for node in nodes:
        if isinstance(node, ast.JoinedStr) and node not in skipped:
            found.append((node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            found.append((node.lineno, node.value))
    return found


@pytest.mark.parametrize("folder", ["by_hand", "by_machine", "cards", "asking", "show"])
def test_the_code_has_no_sentences(folder):
    """More than two plain words in one string: what a learner may read stands in words/, where a translator finds it."""
    sentences = []
    for path, tree in PARSED.items():
        for line, text in literals(tree) if folder in path.relative_to(LIBRARY).parts else ():
            plain = re.findall(r"(?:(?<=\s)|^)\(?[A-Za-z][a-z]*[,;:.)]?(?=\s|$)", text)
            if len(plain) > 2 and not any(known in text for known in NO_SENTENCES.get(path.name, ())):
                sentences.append(f"{path.name}:{line}: {text}")
    assert sentences == []


def test_every_key_that_is_asked_for_is_there():
    calls = [node for tree in PARSED.values() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    asked = [node.args[0] for node in calls if isinstance(node.func, ast.Name) and node.func.id == "words" and node.args]
    either = [branch for key in asked for branch in ([key.body, key.orelse] if isinstance(key, ast.IfExp) else [key])]
    keys = {key.value if "." in key.value else f"shown.{key.value}" for key in either if isinstance(key, ast.Constant)}
    assert len(keys) > 150 and [key for key in sorted(keys) if find(key) is None] == []


def test_every_error_is_raised_somewhere():
    used = {text for tree in PARSED.values() for _, text in literals(tree)}
    errors = keys(course_lib.words.tomllib.loads((FOLDER / "en/errors.toml").read_text("utf-8")))
    assert sorted(key for key in errors - used if not key.startswith("axes.")) == []  # axes: by the number of them


def test_a_text_is_as_wide_as_its_letters_are():
    """In a picture by heights of a letter, in a terminal by columns: a Chinese letter takes more."""
    assert (text_width("fc1"), text_width("全连接"), text_width("3×3")) == (1.8, 3.0, 2.0)
    assert (columns("fc1"), columns("全连接"), columns("u\u0308")) == (3, 6, 1)
