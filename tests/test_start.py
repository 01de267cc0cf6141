"""start.py without a network: what it says when something fails, what it leaves alone, and one real start."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import start

ROOT = Path(start.__file__).parent


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course in a folder of its own, for start.py to work on."""
    for name in ("00_start_here.ipynb", "03_asking_torchinfo.ipynb", "zh/00_start_here.ipynb"):
        file = tmp_path / "notebooks" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"the course's {name}")
    for other in ("solutions.json", ".ipynb_checkpoints/00_start_here-checkpoint.ipynb"):
        (tmp_path / "notebooks" / other).parent.mkdir(exist_ok=True)
        (tmp_path / "notebooks" / other).write_text("{}")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(start, "ROOT", tmp_path)
    monkeypatch.setattr(start, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(start, "STAMP", tmp_path / ".venv" / "course.stamp")
    return tmp_path


@pytest.fixture
def outside(monkeypatch):
    """As if start.py ran in no environment at all."""
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)


# What failed, and what to do ------------------------------------------------------------------------------------------

NO_TORCH = "ERROR: No matching distribution found for torch==2.13.0"


@pytest.mark.parametrize(
    "output, what, remedy",
    [
        (
            "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError(...)': /simple/torch/\n"
            "ERROR: Could not find a version that satisfies the requirement torch==2.13.0\n" + NO_TORCH,
            "No network",
            "HTTPS_PROXY",
        ),
        (
            "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='x'): Read timed out.",
            "No network",
            "goes on from here",
        ),
        (
            "WARNING: connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]''",
            "certificate",
            "PIP_CERT",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full", "TMPDIR"),
        (
            "ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied: 'torch.dll'",
            "in use",
            "close every JupyterLab",
        ),
        (
            "The virtual environment was not created successfully because ensurepip is not\navailable. On Debian/Ubuntu",
            "ensurepip",
            f"apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv",
        ),
        ("python: No module named venv", "ensurepip", "-venv"),
        ("line 1\nERROR: something that nobody foresaw", "something that nobody foresaw", "mend"),
    ],
)
def test_a_failure_says_what_failed_and_what_to_do(output, what, remedy):
    failure = start.diagnose(output)
    assert what in failure.args[0]
    assert remedy in failure.args[1]


@pytest.mark.parametrize(
    "output", [NO_TORCH, "ERROR: Cannot install torch==2.13.0 because these package versions have conflicting dependencies."]
)
def test_no_build_of_torch_is_not_called_a_network_failure(output, monkeypatch):
    monkeypatch.setattr(start.platform, "machine", lambda: "riscv64")
    assert "riscv64" in start.diagnose(output).args[0]


@pytest.mark.parametrize(
    "machine, what, remedy",
    [
        (((3, 13), False, "Windows", "AMD64"), "32-bit", "64-bit Python"),
        (((3, 15), True, "Linux", "x86_64"), "3.15 is too new", "python3.14 start.py"),
        (((3, 13), True, "Darwin", "x86_64"), "Intel", "environment.yml"),
        (((3, 13), True, "Linux", "riscv64"), "riscv64", "x86_64 or aarch64"),
    ],
)
def test_why_there_is_no_torch(machine, what, remedy):
    failure = start.no_torch(*machine)
    assert what in failure.args[0]
    assert remedy in failure.args[1]


def old_pythons():
    """The Pythons before 3.11 on this computer that run (pyenv puts names on the path that do not)."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which(f"python3.{minor}") for minor in range(6, 11)] + list(pyenv.glob("versions/3.*/bin/python3"))
    is_old = "import sys; sys.exit(sys.version_info >= (3, 11))"
    runs = [(subprocess.run([python, "-c", is_old], capture_output=True), python) for python in filter(None, found)]
    return [python for done, python in runs if done.returncode == 0]


def test_an_old_python_is_told_so():
    for python in old_pythons() or [pytest.skip("no Python before 3.11 here")]:
        done = subprocess.run([python, ROOT / "start.py"], capture_output=True, encoding="utf-8")
        assert done.returncode == 1
        assert re.match(r"Python 3\.\d+ is too old: the course needs 3\.11 or later.\nWhat to do: ", done.stderr)


def test_start_py_can_be_read_by_python_3_6():
    compile_as_3_6 = "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read(), feature_version=(3, 6))"
    subprocess.run([sys.executable, "-c", compile_as_3_6, ROOT / "start.py"], check=True)


def test_a_full_disk_is_seen_before_anything_is_downloaded(course, outside, monkeypatch, capsys):
    monkeypatch.setattr(start.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 0.3e9))
    monkeypatch.setattr(start, "work", lambda label, *command: None)
    assert start.main([]) == 1
    assert "0.3 GB are free" in capsys.readouterr().err


# Installing ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def installed(course, outside, monkeypatch):
    """Record the commands that would install something, and let them make a .venv that looks whole."""
    commands = []

    def work(label, *command):
        commands.append([str(part) for part in command[1:]])
        if "venv" in command:
            python = start.VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
            python.parent.mkdir(parents=True)
            python.touch()

    monkeypatch.setattr(start, "work", work)
    monkeypatch.setattr(start, "answers", lambda address: False)
    monkeypatch.setattr(start, "sound", lambda python: python.exists())
    monkeypatch.setattr(start, "open_lab", lambda *arguments: 0)
    return commands


def test_what_is_installed_is_not_installed_again(installed):
    start.own_python(None)
    assert [command[1] for command in installed] == ["venv", "pip"]
    start.own_python(None)
    assert len(installed) == 2


def test_the_checks_add_what_they_need_and_a_new_pyproject_installs_again(installed, course):
    start.own_python(None)
    start.own_python("test")
    assert installed[-1][-1] == ".[test]"
    start.own_python(None)
    assert len(installed) == 3
    with (course / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    start.own_python(None)
    assert len(installed) == 4 and installed[-1][1] == "pip", "completed, not made anew"


def test_a_folder_that_has_moved_is_installed_again(installed, course, monkeypatch):
    start.own_python(None)
    moved = course / "moved"
    moved.mkdir()
    shutil.copy(course / "pyproject.toml", moved)
    monkeypatch.setattr(start, "ROOT", moved)
    start.own_python(None)
    assert [command[1] for command in installed] == ["venv", "pip", "pip"]


def test_what_was_interrupted_is_completed(installed, monkeypatch, capsys):
    work = start.work

    def interrupted(label, *command):
        if "pip" in command:
            raise KeyboardInterrupt
        work(label, *command)

    monkeypatch.setattr(start, "work", interrupted)
    start.VENV.mkdir()
    start.STAMP.write_text("of an earlier version")
    assert start.main(["--no-browser"]) == 130
    assert "goes on from here" in capsys.readouterr().out
    assert not start.STAMP.exists()
    monkeypatch.setattr(start, "work", work)
    start.own_python(None)
    assert [command[1] for command in installed] == ["venv", "pip"]
    assert start.STAMP.exists()


def test_an_environment_with_a_package_cut_off_is_not_built_upon(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path], check=True)
    python = tmp_path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    packages = next(tmp_path.rglob("site-packages"))
    (packages / "pip.py").touch()
    package = packages / "some-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: some\nVersion: 1.0\n")
    assert not start.sound(python)
    (package / "RECORD").write_text("some-1.0.dist-info/METADATA,,\n")
    assert start.sound(python)
    assert not start.sound(tmp_path / "no" / "python")


@pytest.mark.parametrize("cpu_index", [True, False])
def test_linux_takes_the_cpu_build_where_its_index_answers(installed, monkeypatch, cpu_index):
    monkeypatch.setattr(start.platform, "system", lambda: "Linux")
    monkeypatch.setattr(start, "answers", lambda address: cpu_index)
    start.install("python", None)
    commands = [command for command in installed if start.CPU_INDEX in command]
    assert [command[-4:] for command in commands] == ([["--no-deps", "--index-url", start.CPU_INDEX, "torch==2.13.0"]] if cpu_index else [])
    assert installed[-1][-2:] == ["-e", "."], "the rest comes from the user's own index"
    assert start.CPU_INDEX not in installed[-1]


@pytest.mark.parametrize(
    "line, is_cuda",
    [
        ("  Downloading torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl (526.6 MB)", True),
        ("  Downloading https://index/torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl (526.6 MB)", True),
        ("Collecting nvidia-cudnn-cu13==9.20.0.48 (from torch==2.13.0)", True),
        ("  Downloading torch-2.13.0%2Bcpu-cp312-cp312-manylinux_2_28_x86_64.whl (191.8 MB)", False),
        ("  Downloading torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl.metadata (29 kB)", False),
        ("  Downloading torchinfo-1.8.0-py3-none-any.whl (23 kB)", False),
    ],
)
def test_a_cuda_build_is_announced_once(line, is_cuda, capfd):
    start.work("label", sys.executable, "-c", f"print({line!r}); print({line!r})")
    assert capfd.readouterr().out.count("about 3 GB") == is_cuda


def test_a_command_that_fails_raises_what_it_meant(capfd):
    with pytest.raises(start.Failure, match="No network"):
        start.work("label", sys.executable, "-c", "import sys; sys.exit('connection broken by ...')")


def test_an_interrupted_command_does_not_live_on(monkeypatch):
    monkeypatch.setattr(start, "PATIENCE", 0.1)
    sleep = start.child([sys.executable, "-c", "import time; time.sleep(30)"])
    with pytest.raises(KeyboardInterrupt), sleep as process:
        raise KeyboardInterrupt
    assert process.poll() is not None


def test_an_index_answers_or_costs_little_time(monkeypatch):
    assert start.answers((ROOT / "pyproject.toml").as_uri())
    assert not start.answers((ROOT / "no such file").as_uri())
    monkeypatch.setattr(start, "PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        assert not start.answers(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        assert time.monotonic() - began < 3


# The active environment ----------------------------------------------------------------------------------------------


def test_versions_are_compared_as_numbers():
    assert start.fits("2.13.0+cu130", "==2.13.0")
    assert not start.fits("2.9.1", "==2.13.0")
    assert start.fits("8.10.0", ">=8.1,<9") and start.fits("8.1", ">=8.1,<9")
    assert not start.fits("9.0", ">=8.1,<9")
    assert start.fits("0.1", "")


@pytest.mark.parametrize("conda", [True, False])
def test_an_active_environment_is_asked_not_changed(conda, installed, monkeypatch, capsys):
    monkeypatch.setattr(sys, "prefix", str(start.ROOT / "theirs"))
    monkeypatch.setattr(sys, "base_prefix", sys.prefix if conda else "elsewhere")
    if conda:
        monkeypatch.setenv("CONDA_PREFIX", sys.prefix)
    monkeypatch.setattr(start, "requirements", lambda extra: ["pytest", "pytest==0.1", "no-such-package>=1"])
    assert start.main(["--no-browser"]) == 1
    said = capsys.readouterr().err
    assert "pytest==0.1 (here: " in said and "no-such-package>=1 (here: none)" in said and "pytest (" not in said
    assert "start.py --install" in said and ("conda deactivate" in said) == ("environment.yml" in said) == conda
    assert installed == [] and not (start.ROOT / "my").exists()
    assert start.active_python(None, True, "deactivate") == sys.executable
    assert len(installed) == 1


def test_a_conda_that_is_not_ours_to_use_is_not_active(course, outside, monkeypatch):
    monkeypatch.setenv("CONDA_PREFIX", str(course / "other"))
    assert start.active_environment() is None


def test_our_own_environment_is_not_taken_for_the_users(course, monkeypatch):
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.setattr(sys, "prefix", str(start.VENV))
    assert start.active_environment() is None


# The learner's copies ------------------------------------------------------------------------------------------------


def test_copies_are_made_once_and_never_overwritten(course):
    start.copy_notebooks()
    assert sorted(file.relative_to(course / "my").as_posix() for file in (course / "my").rglob("*.*")) == [
        "00_start_here.ipynb",
        "03_asking_torchinfo.ipynb",
        "zh/00_start_here.ipynb",
    ]
    (course / "my" / "03_asking_torchinfo.ipynb").write_text("mine")
    (course / "my" / "00_start_here.ipynb").unlink()
    start.copy_notebooks()
    assert (course / "my" / "03_asking_torchinfo.ipynb").read_text() == "mine"
    assert (course / "my" / "00_start_here.ipynb").read_text() == "the course's 00_start_here.ipynb"


def test_reset_gives_one_back_and_keeps_every_earlier_one(course, installed, capsys):
    start.copy_notebooks()
    mine = course / "my" / "03_asking_torchinfo.ipynb"
    for attempt in ("first", "second"):
        mine.write_text(attempt)
        assert start.main(["--reset", "03"]) in (0, None)
        assert mine.read_text() == "the course's 03_asking_torchinfo.ipynb"
    assert (course / "my" / "03_asking_torchinfo.kept-1.ipynb").read_text() == "first"
    assert (course / "my" / "03_asking_torchinfo.kept-2.ipynb").read_text() == "second"
    assert "kept-2" in capsys.readouterr().out
    assert installed == []


@pytest.mark.parametrize("start_of_name", ["7", "0"])
def test_reset_of_none_or_of_several_changes_nothing(course, installed, capsys, start_of_name):
    start.copy_notebooks()
    before = sorted((course / "my").rglob("*"))
    assert start.main(["--reset", start_of_name]) == 1
    assert "zh/00_start_here.ipynb" in capsys.readouterr().err
    assert sorted((course / "my").rglob("*")) == before


# JupyterLab ----------------------------------------------------------------------------------------------------------


def test_a_taken_port_is_said_before_anything_is_installed(installed, capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert start.main(["--port", str(port)]) == 1
        assert f"Port {port} is taken" in capsys.readouterr().err
    assert start.free_port(port) == port
    assert installed == []


def test_a_port_that_cannot_be_is_said(installed, capsys):
    assert start.main(["--port", "70000"]) == 1
    assert "70000" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that ends a child in its own way")
def test_jupyterlab_answers_at_the_printed_address_and_ends_with_us(tmp_path):
    (tmp_path / "00_start_here.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    port = start.free_port(None)
    code = (
        "import pathlib, start, sys; folder, port = pathlib.Path(sys.argv[1]), int(sys.argv[2]); "
        "sys.exit(start.open_lab(sys.executable, folder, port, browser=False))"
    )
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code, tmp_path, str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path)},
    ) as process:
        try:
            address = next(line.strip() for line in process.stdout if "http://" in line)
            assert urllib.request.urlopen(address).status == 200
            files, token = f"http://127.0.0.1:{port}/api/contents/00_start_here.ipynb", address.partition("?")[2]
            assert urllib.request.urlopen(f"{files}?{token}").status == 200
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(files)
            commands = subprocess.run(["ps", "axww"], capture_output=True, text=True).stdout
            assert token.removeprefix("token=") not in commands
            assert json.loads(next(tmp_path.glob("jpserver-*.json")).read_text())["hostname"] == "127.0.0.1"
        finally:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
        rest = process.stdout.read()
    assert process.returncode == 0
    assert "JupyterLab has stopped" in rest
    assert start.free_port(port) == port


# The two lists of dependencies ---------------------------------------------------------------------------------------


def test_conda_and_pip_install_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").partition("dependencies:")[2].splitlines()
    conda = [line.strip("- ").replace("pytorch-cpu", "torch") for line in lines if line.strip()]
    python = "python" + project["requires-python"]
    assert sorted(conda) == sorted([*project["dependencies"], python, "pip", "pip:", "e ."])
