"""start.py without a network: what it says when something fails, and one real start. test_situations.py has the rest."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
from situations import as_from_a_terminal

import start

ROOT = Path(start.__file__).parent


@pytest.fixture
def outside(monkeypatch):
    """As if start.py ran in no environment at all."""
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)


# What failed, and what to do ------------------------------------------------------------------------------------------

NEW = {"lacks": ["torch==2.13.0 (here: none)"], "damaged": []}  # the report of a new environment
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
        ("/usr/bin/python: No module named pip", "no pip", "ensurepip"),
        ("OSError: [Errno 36] File name too long: '/x/torch'", "too long a name", "short name"),
        ("HINT: since this system does not have Windows Long Path support enabled.", "too long", "short name"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x/torch'", "may not be written", "copy the"),
        ("Error: [Errno 30] Read-only file system: '/x/.venv'", "may not be written", "copy the course's folder to a place"),
        ("Error: Refusing to create a venv in /a:b/.venv because it contains the PATH separator :.", "in its name", "rename the folder"),
        ("OSError: [Errno 122] Disk quota exceeded", "disk is full", "TMPDIR"),
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


def test_a_full_disk_is_seen_before_anything_is_downloaded(commands, monkeypatch):
    monkeypatch.setattr(start.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 0.3e9))
    with pytest.raises(start.Failure, match="0.3 GB are free"):
        start.install("python", None, NEW)
    assert not commands


# Installing ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def commands(monkeypatch):
    """Record the commands that would install something; no index for the CPU answers."""
    commands = []
    monkeypatch.setattr(start, "work", lambda label, *command: commands.append([str(part) for part in command[1:]]))
    monkeypatch.setattr(start, "answers", lambda address: False)
    return commands


@pytest.mark.parametrize("cpu_index", [True, False])
def test_linux_takes_the_cpu_build_where_its_index_answers(commands, monkeypatch, cpu_index):
    monkeypatch.setattr(start.platform, "system", lambda: "Linux")
    monkeypatch.setattr(start, "answers", lambda address: cpu_index)
    start.install("python", None, NEW)
    cpu = [command for command in commands if start.CPU_INDEX in command]
    assert [command[-4:] for command in cpu] == [["--no-deps", "--index-url", start.CPU_INDEX, "torch==2.13.0"]] * cpu_index
    assert "torch==2.13.0" in commands[-1] and "anywidget" in commands[-1], "the rest comes from the user's own index"
    assert start.CPU_INDEX not in commands[-1]


def test_where_torch_is_here_no_index_is_asked_for_it(commands, monkeypatch):
    monkeypatch.setattr(start, "answers", lambda address: pytest.fail("asked"))
    monkeypatch.setattr(start, "need_space", lambda gigabytes: pytest.fail("asked for space for it"))
    start.install("python", None, {"lacks": ["torchinfo==1.8.0 (here: none)"], "damaged": []})
    assert len(commands) == 1


@pytest.mark.parametrize("cpu_index", [True, False])
def test_a_damaged_torch_comes_from_the_same_place(commands, monkeypatch, cpu_index):
    monkeypatch.setattr(start.platform, "system", lambda: "Linux")
    monkeypatch.setattr(start, "answers", lambda address: cpu_index)
    lacks = ["torch 2.13.0, whole (here: without all of RECORD)", "anywidget 0.11.0, whole (here: without all of RECORD)"]
    start.install("python", None, {"lacks": lacks, "damaged": ["torch==2.13.0", "anywidget==0.11.0"]})
    again = [command for command in commands if "--ignore-installed" in command]
    assert all("--no-deps" in command for command in again)
    assert [[part for part in command if "==" in part] for command in again] == (
        [["torch==2.13.0"], ["anywidget==0.11.0"]] if cpu_index else [["torch==2.13.0", "anywidget==0.11.0"]]
    )


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


@pytest.mark.parametrize("stubborn", ["", "import signal; [signal.signal(s, signal.SIG_IGN) for s in (2, 15)]; "])
def test_an_interrupted_command_does_not_live_on(monkeypatch, stubborn):
    monkeypatch.setattr(start, "PATIENCE", 0.1)
    code = f"{stubborn}import time; print('here', flush=True); time.sleep(3600)"
    sleep = start.child([sys.executable, "-c", code], stdout=subprocess.PIPE)
    with pytest.raises(KeyboardInterrupt), sleep as process:
        process.stdout.readline()
        raise KeyboardInterrupt
    assert process.poll() is not None


def test_an_index_answers_or_costs_little_time(monkeypatch):
    monkeypatch.setattr(start, "PATIENCE", 60)  # a busy machine is not what this asks
    assert start.answers((ROOT / "pyproject.toml").as_uri())
    assert not start.answers((ROOT / "no such file").as_uri())
    monkeypatch.setattr(start, "PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not start.answers(f"http://127.0.0.1:{silent.getsockname()[1]}/")  # which would wait for ever


# JupyterLab ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [70000, -1, None])
def test_a_port_that_is_taken_or_cannot_be_is_said_before_anything_is_installed(monkeypatch, capsys, port):
    monkeypatch.setattr(start, "environment", lambda *_: pytest.fail("asked for an environment"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = port or other.getsockname()[1]
        assert start.main(["--port", str(port)]) == 1
        assert f"Port {port} is taken" in capsys.readouterr().err


LABS = pytest.mark.slow("starts JupyterLab for real, as the test before it; with other settings")
TOKEN_AWAY = "c.IdentityProvider.token = c.ServerApp.token = ''\n"
OPEN_DOOR = """
from jupyter_server.auth.identity import IdentityProvider
class Open(IdentityProvider):
    auth_enabled = False
c.ServerApp.identity_provider_class = Open
"""


CODE = """
import contextlib, pathlib, start, sys
with contextlib.ExitStack() as turn:
    turn.enter_context(start.alone())
    sys.exit(start.open_lab(sys.executable, pathlib.Path(sys.argv[1]), {port}, browser=False, ready=turn.close))
"""


@contextlib.contextmanager
def real_labs(*folders: Path, settings: str = "", port: int | None = None):
    """The course's JupyterLab as start.py opens it, with somebody's settings, in these folders at once: its processes, and the
    addresses that they print."""
    started = []
    for folder in folders:
        (folder / "config").mkdir(parents=True)
        (folder / "config" / "jupyter_server_config.py").write_text(settings)
        (folder / "00_start_here.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
        variables = {**os.environ, "JUPYTER_RUNTIME_DIR": str(folder), "JUPYTER_CONFIG_DIR": str(folder / "config")}
        command = [sys.executable, "-u", "-c", CODE.format(port=port), folder]
        how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, **as_from_a_terminal()}
        started.append(subprocess.Popen(command, cwd=ROOT, env=variables, **how))
    try:
        yield started, [next((line.strip() for line in process.stdout if "?token=" in line), "") for process in started]
    finally:
        for process in started:
            process.kill()
            process.communicate()


def status(address: str) -> int:
    try:
        return urllib.request.urlopen(address, context=ssl._create_unverified_context()).status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that ends a child in its own way")
@pytest.mark.parametrize("settings", ["", pytest.param(TOKEN_AWAY, marks=LABS)], ids=["plain", "token taken away"])
def test_jupyterlab_answers_at_the_printed_address_alone_and_ends_with_us(tmp_path, settings):
    with real_labs(tmp_path, settings=settings) as ([process], [address]):
        base, token = address.partition("lab/tree/")[0], address.partition("?")[2]
        assert status(address) == 200 and status(f"{base}api/contents/00_start_here.ipynb?{token}") == 200
        assert status(f"{base}api/contents/00_start_here.ipynb") == 403
        commands = subprocess.run(["ps", "axww"], capture_output=True, text=True).stdout
        assert token.removeprefix("token=") not in commands
        assert json.loads(next(tmp_path.glob("jpserver-*.json")).read_text())["hostname"] == "127.0.0.1"
        kernel = urllib.request.Request(f"{base}api/kernels?{token}", data=b"{}", method="POST")
        assert json.loads(urllib.request.urlopen(kernel).read())["name"] == "python3"
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
        rest = process.stdout.read()
        assert process.wait() == 0
        assert "JupyterLab has stopped" in rest
        assert str(tmp_path) not in subprocess.run(["ps", "axww"], capture_output=True, text=True).stdout, "nor does its kernel live on"


@pytest.mark.skipif(os.name == "nt" or not shutil.which("openssl"), reason="makes a certificate with openssl")
@LABS
def test_somebodys_base_url_and_certificate_are_respected(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate]
    subprocess.run(make, check=True, capture_output=True)
    settings = f"c.ServerApp.base_url, c.ServerApp.keyfile, c.ServerApp.certfile = '/course/', {str(key)!r}, {str(certificate)!r}\n"
    with real_labs(tmp_path, settings=settings) as (_, [address]):
        assert re.match(r"https://127\.0\.0\.1:\d+/course/lab/tree/00_start_here\.ipynb\?token=", address)
        assert status(address) == 200


@pytest.mark.skipif(os.name == "nt", reason="as above")
@LABS
def test_three_at_once_open_each_its_own(tmp_path):
    with real_labs(*(tmp_path / number for number in "123")) as (_, addresses):
        assert len({address.partition("lab/tree")[0] for address in addresses}) == 3
        assert [status(address) for address in addresses] == [200] * 3


@pytest.mark.skipif(os.name == "nt", reason="as above")
@LABS
def test_a_port_of_ones_own_is_taken_or_the_lab_says_why_not(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with real_labs(tmp_path / "taken", port=port) as ([process], [address]):
            assert address == "" and process.wait() == 1
    with real_labs(tmp_path / "free", port=port) as (_, [address]):
        assert address.startswith(f"http://127.0.0.1:{port}/")


def test_an_open_door_is_refused(tmp_path):
    with real_labs(tmp_path, settings=OPEN_DOOR) as ([process], [address]):
        assert address == "" and process.wait() == 1


# The two lists of dependencies ---------------------------------------------------------------------------------------


def test_conda_and_pip_install_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").partition("dependencies:")[2].splitlines()
    conda = [line.strip("- ").replace("pytorch-cpu", "torch") for line in lines if line.strip()]
    python = "python" + project["requires-python"]
    assert sorted(conda) == sorted([*project["dependencies"], *project["optional-dependencies"]["machine"], python, "pip", "pip:", "e ."])


def test_a_lecture_begins_without_the_windows_of_the_last(tmp_path, monkeypatch):
    monkeypatch.setattr(start, "MY", tmp_path)
    left = tmp_path / ".lecture/workspaces/default.jupyterlab-workspace"
    left.parent.mkdir(parents=True)
    left.write_text("{}")
    assert f"--LabApp.workspaces_dir={left.parent}" in start.lecture_options() and not left.exists()


def test_a_cuda_build_needs_more_room_than_the_other(monkeypatch, capsys):
    monkeypatch.setattr(start.shutil, "disk_usage", lambda folder: SimpleNamespace(free=5e9))
    start.need_space(start.GIGABYTES)
    with pytest.raises(start.Failure):
        start.warn_of_cuda()


def test_a_run_that_is_stopped_ends_as_a_shell_expects_it(monkeypatch, capsys):
    def stopped(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "run", stopped)
    assert start.main([]) == 130 and "goes on from here" in capsys.readouterr().out


def test_a_renamed_lesson_is_known_by_its_words_before_its_number(monkeypatch, tmp_path):
    monkeypatch.setattr(start, "MY", tmp_path)
    for old in ("01_counting.ipynb", "02_reading.ipynb"):
        (tmp_path / old).touch()
    given = {"02_reading.ipynb": ["", ""], "01_counting.ipynb": ["", ""]}
    assert start.former(Path("02_counting.ipynb"), {Path("02_counting.ipynb")}, given) == Path("01_counting.ipynb")
    assert start.former(Path("02_asking.ipynb"), {Path("02_asking.ipynb")}, given) == Path("02_reading.ipynb")
