"""A small course in a scratch folder, for start.py to be run on as somebody runs it: its packages are a few lines each and
come from a folder, so no situation needs the network, and its JupyterLab only says that it is open."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from base64 import urlsafe_b64encode
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BASE = getattr(sys, "_base_executable", sys.executable)  # outside every environment
LAB = """
import json, os, sys
import course_lib
print(json.dumps({"url": "http://127.0.0.1:8888/", "guarded": "UNGUARDED" not in os.environ}))
print("course_lib", course_lib.__file__)
print("variables", ascii({name: os.environ.get(name) for name in ("PYTHONPATH", "HOME", "PYTHONUTF8")}), flush=True)
if os.environ.get("STAYS"):
    sys.stdin.read()
"""
PYPROJECT = """
[project]
name = "course-lib"
dependencies = ["jupyterlab>=4.6,<5"{more}]
[project.optional-dependencies]
test = ["pytest"]
"""


def wheel(folder: Path, name: str, version: str, files: dict[str, str], requires: tuple[str, ...] = ()) -> None:
    """A wheel as an index has it: files, METADATA, WHEEL, and RECORD with digests and sizes."""
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {need}\n" for need in requires)
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD"
    rows = [f"{file},sha256={_digest(text)},{len(text.encode())}\n" for file, text in files.items()]
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as packed:
        for file, text in {**files, record: "".join(rows) + f"{record},,\n"}.items():
            packed.writestr(file, text)


def _digest(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def index(folder: Path) -> Path:
    """The packages of the small course."""
    folder.mkdir()
    wheel(folder, "jupyterlab", "4.6.1", {"jupyterlab/__init__.py": "", "jupyterlab/__main__.py": LAB}, ("behind>=1",))
    wheel(folder, "behind", "1.2", {"behind.py": "answer = 42\n"})
    wheel(folder, "pytest", "9.0", {"pytest/__init__.py": "", "pytest/__main__.py": "import sys; print('pytest', sys.argv[1:])"})
    return folder


def notebook(text: str) -> str:
    cell = f'{{"cell_type": "markdown", "id": "title", "metadata": {{}}, "source": ["{text}"]}}'
    return f'{{"cells": [{cell}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}\n'


def as_from_a_terminal() -> dict:
    """How a process is started that gets signals as one of a terminal does, whatever nohup or a script has made our own ignore."""

    def usual_signals() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    return {} if os.name == "nt" else {"start_new_session": True, "preexec_fn": usual_signals}


class Course:
    """A small course in a folder, and start.py run there."""

    def __init__(self, folder: Path, packages: Path) -> None:
        self.folder, self.packages = folder, packages
        for name in ("00_start_here", "01_counting", "03_reading"):
            self.lesson(name, f"the course's {name}")
        (folder / "course_lib").mkdir()
        (folder / "course_lib" / "__init__.py").touch()
        self.needs()
        shutil.copy(ROOT / "start.py", folder)

    def lesson(self, name: str, text: str) -> None:
        file = self.folder / "notebooks" / f"{name}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(notebook(text), encoding="utf-8")

    def needs(self, *more: str) -> None:
        """What pyproject.toml asks for beside JupyterLab."""
        (self.folder / "pyproject.toml").write_text(PYPROJECT.format(more="".join(f', "{need}"' for need in more)), encoding="utf-8")

    def variables(self, **changed: str | None) -> dict[str, str]:
        """As of somebody who has no environment active, and whose pip finds these packages alone; None takes a variable away."""
        ours = ("PIP_", "PYTHON", "CONDA", "VIRTUAL_ENV", "JUPYTER", "COURSE", "LC_", "LANG")
        plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        wanted = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.packages), "LC_ALL": "C.UTF-8", **changed}
        return {**plain, **{name: value for name, value in wanted.items() if value is not None}}

    def start(self, *arguments: str, python: str | Path = BASE, folder: Path | None = None, **variables: str | None):
        """Run start.py to its end, its output and errors as one text."""
        return subprocess.run(
            [python, "start.py", *arguments], cwd=folder or self.folder, env=self.variables(**variables),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        )  # fmt: skip

    @property
    def python(self) -> Path:
        return self.folder / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def site(self) -> Path:
        return next(self.folder.glob(".venv/[Ll]ib/**/site-packages"))

    @property
    def my(self) -> Path:
        return self.folder / "my"

    def mine(self) -> list[str]:
        """The notebooks in my/."""
        return sorted(file.name for file in self.my.glob("*.ipynb"))


@contextlib.contextmanager
def mounted(folder: Path, options: str):
    """A file system in memory on this folder, for as long as the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@cache
def can_mount() -> bool:
    """Whether file systems can be mounted here: a full disk and a read-only one are real ones then."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with mounted(Path(scratch, "m"), "size=1m"):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False
