"""Every link leads to the lesson that it names, and every path in a text is there."""

import re

import nbformat
import pytest
import record

LESSONS = {int(path.name[:2]): path.name for path in record.find([])}
BOOKS = {
    path.name: "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    for path in record.find([])
}
TEXTS = BOOKS | {path.name: path.read_text(encoding="utf-8") for path in [*record.ROOT.glob("*.md"), *record.ROOT.glob("docs/*.md")]}
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
every_text = pytest.mark.parametrize("name", TEXTS)


def folder(name: str):
    return record.NOTEBOOKS if name in BOOKS else record.ROOT


def prose(name: str) -> str:
    return re.sub(r"```.*?```", "", TEXTS[name], flags=re.S)


def title(notebook: str) -> str:
    """A lesson's title as links say it, without its number."""
    return re.search(r"^# (?:\d+ · )?(.+)", BOOKS[notebook], re.M)[1].lower()


@every_text
def test_every_link_leads_to_a_file(name):
    for _, target in LINK.findall(prose(name)):
        if not re.match(r"https?:", target):
            path, _, _ = target.partition("#")
            assert "\\" not in path and (folder(name) / path).is_file(), f"{name}: no file {target}"


@every_text
def test_a_link_leads_to_the_lesson_that_it_names(name):
    """By its number, beside it or as its text, or by its title; the map and 'Start here' lead to lesson 0."""
    for found in LINK.finditer(prose(name)):
        text, target = found[1], found[2].rpartition("/")[2]
        if target in BOOKS:
            number = re.fullmatch(r"(?:[Ll]essons? )?(\d+)", text)
            beside = re.search(r"^\| (\d+) \| $", prose(name)[max(0, found.start() - 7) : found.start()], re.M)
            for said in filter(None, (number, beside)):
                assert target == LESSONS[int(said[1])], f"{name}: {found[0]} leads elsewhere"
            if not number:
                named = {title(target)} | ({"the map", "map", "start here"} if target == LESSONS[0] else set())
                assert text.lower() in named, f"{name}: {found[0]} is not the title, which is {title(target)!r}"


@every_text
def test_every_lesson_in_the_text_is_there(name):
    for found in re.finditer(r"\b[Ll]essons? (\d+)(?:(?:,| and| to) (\d+))?", LINK.sub(r"\1", prose(name))):
        assert {int(number) for number in found.groups() if number} <= LESSONS.keys(), f"{name}: {found[0]}"


@every_text
def test_a_lesson_follows_the_one_before(name):
    if name in BOOKS and 0 < int(name[:2]) < max(LESSONS) - 1:
        said = re.search(r"Next: \[[^\]]*\]\(([^)]+)\)", BOOKS[name])
        assert said and said[1] == LESSONS[int(name[:2]) + 1], name


PARTS = [path for part in ("course_lib", "docs", "notebooks", "tests") for path in [record.ROOT / part, *(record.ROOT / part).rglob("*")]]
THERE = {path.relative_to(record.ROOT).as_posix() + "/" * path.is_dir() for path in [*PARTS, *record.ROOT.glob("*.*")]}
MADE = set((record.ROOT / ".gitignore").read_text(encoding="utf-8").split())  # by start.py and by running


@every_text
def test_every_path_in_backticks_is_there(name):
    """Folders end with a slash, files with their kind; a path may leave out the folders in front. The files that somebody adds are not
    there yet: test_contributing.py follows the sections that name them."""
    steps = r"^## Adding .*?(?=^## |\Z)"
    for quoted in re.findall(r"`([^`\n]+)`", re.sub(steps, "", prose(name), flags=re.M | re.S)):
        assert not re.search(r"\w\\\w", quoted), f"{name}: {quoted} has a backslash"
        if re.fullmatch(r"(?:[\w.-]+/)+|(?:[\w.-]+/)*[\w-]+\.(?:py|toml|json|ipynb|md|svg|png|yml)", quoted):
            there = {quoted, f"/{quoted}"} & MADE or any(path == quoted or path.endswith(f"/{quoted}") for path in THERE)
            assert there, f"{name}: there is no {quoted}"


def test_every_command_of_start_py_is_one():
    known = {"lecture", "test", "record", "results"}
    for path in (record.ROOT / "README.md", record.ROOT / "CONTRIBUTING.md", *sorted((record.ROOT / "docs").glob("*.md"))):
        commands = set(re.findall(r"start\.py ([a-z]\w*)", path.read_text(encoding="utf-8")))
        assert commands <= known, (path.name, commands - known)
    assert all(f'"{command}"' in (record.ROOT / "start.py").read_text(encoding="utf-8") for command in known)
