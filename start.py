#!/usr/bin/env python3
"""Set up the course, then open it or check it. The same on Linux, macOS and Windows:

    python3 start.py             open the course in JupyterLab (the first time: install it, a few minutes)
    python3 start.py test        run every check; what follows goes to pytest
    python3 start.py record      run the notebooks, or those named, and store their outputs

The notebooks open as copies in my/, so nothing that you save collides with an update of the course.
"""

import sys

# Ahead of every other import, in a file that keeps to the syntax of Python 3.6: so an old Python gets as far as this.
if sys.version_info < (3, 11):
    sys.exit(
        "Python {}.{} is too old: the course needs 3.11 or later.\nWhat to do: install a newer one, of python.org "
        "or your system, and start with that: python3.13 start.py".format(*sys.version_info)
    )

import argparse
import contextlib
import hashlib
import importlib.metadata
import itertools
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "course.stamp"
PYTHON = "{}.{}".format(*sys.version_info)
NEWEST = (3, 14)  # with builds of this torch. It only explains a failure: a newer Python may try
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# What pip prints before it downloads a CUDA build. (Asked beforehand, with --dry-run, it may download all the same.)
CUDA = re.compile(r"\s*Downloading (\S*/)?torch-\S+ \([3-9]\d\d\.\d MB\)|Collecting (nvidia|cuda)-")
GIGABYTES, CUDA_GIGABYTES = 2, 9  # on disk, with what unpacking takes
PATIENCE = 5  # seconds
NODELAY = "--ServerApp.jpserver_extensions=course_lib.nodelay=True"
CONDA = "conda env create -f environment.yml && conda activate course && python start.py"


class Failure(Exception):
    """What went wrong, and what to do about it."""

    def __str__(self):
        return "\n{}\nWhat to do: {}".format(*self.args)


# Installing ----------------------------------------------------------------------------------------------------------

CAUSES = [  # what is printed, what it means, what to do; the first that matches
    (
        r"No space left on device|WinError 112|not enough space on the disk",
        "The disk is full, or the folder for temporary files is.",
        f"free {GIGABYTES} GB, or set TMPDIR to a folder on a larger disk. Then run this again.",
    ),
    (
        r"Permission denied|WinError (5|32)\b|Access is denied",
        "A file may not be written, or is in use.",
        "close every JupyterLab and Python that runs from this folder. Then run this again.",
    ),
    (
        r"ensurepip|No module named '?venv",
        "This Python comes without venv and ensurepip.",
        f"on Debian and Ubuntu: sudo apt install python{PYTHON}-venv\nElsewhere: install Python from python.org. Then run this again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "The package index answers with a certificate that is not trusted: usually a proxy that reads the traffic.",
        "ask for the proxy's certificate and set PIP_CERT to its file. Check this computer's clock, too.",
    ),
    (
        r"connection broken by|Failed to establish a new connection|timed out|Max retries exceeded|IncompleteRead",
        "No network, or the package index cannot be reached.",
        "check the connection. Behind a proxy, set HTTPS_PROXY; with a mirror: pip config set global.index-url ADDRESS\n"
        "Then run this again: it goes on from here.",
    ),
]


def diagnose(output):
    """The failure that a command's output stands for."""
    for pattern, what, remedy in CAUSES:
        if re.search(pattern, output):
            return Failure(what, remedy)
    if re.search(r"(No matching distribution found for|Cannot install) torch\b", output):
        return no_torch(sys.version_info[:2], sys.maxsize > 2**32, platform.system(), platform.machine())
    last = "\n    ".join(line[:110] for line in output.strip().splitlines()[-8:])
    return Failure(f"That failed. The last words were:\n    {last}", "mend what they name, then run this again.")


def no_torch(version, is_64_bit, system, machine):
    """Why there is no torch to be had here."""
    newest = "{}.{}".format(*NEWEST)
    if not is_64_bit:
        return Failure(
            "PyTorch needs a 64-bit Python; this one is 32-bit.", f"install the 64-bit Python {newest} from python.org and start with that."
        )
    if version > NEWEST:
        return Failure(
            "Python {}.{} is too new: the PyTorch of this course has no build for it.".format(*version),
            f"install Python {newest} and start with that: python{newest} start.py",
        )
    if (system, machine) == ("Darwin", "x86_64"):
        return Failure(
            "PyTorch is no longer built for Macs with an Intel processor.",
            f"use the build of conda-forge: {CONDA}\nIf your Mac has an Apple processor, install the Python made for that instead.",
        )
    return Failure(
        f"PyTorch has no build for this Python on {system}, {machine}.",
        "use CPython on Linux (x86_64 or aarch64, glibc 2.28 or later), on Windows (AMD64) or on macOS 14 "
        f"or later; or see whether conda-forge has a build: {CONDA}",
    )


@contextlib.contextmanager
def child(command, **options):
    """A process that does not outlive us, however we end."""
    with subprocess.Popen(list(map(str, command)), cwd=ROOT, **options) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)  # Ctrl-C reached it as well as us: let it end in its own way
            process.terminate()


def work(label, *command):
    """Run a command behind one line that moves; if it fails, raise what its output means."""
    output, shown, started, done = [], "", time.monotonic(), threading.Event()
    live, width = sys.stdout.isatty(), shutil.get_terminal_size().columns - 1

    def tick():
        while not done.wait(0.2):
            minutes, seconds = divmod(int(time.monotonic() - started), 60)
            print("\r" + f"  {minutes}:{seconds:02} {shown}"[:width].ljust(width), end="", flush=True)
        print("\r" + " " * width, end="\r", flush=True)

    print(label)
    ticker = threading.Thread(target=tick if live else done.wait)
    # A venv refuses the `user = true` that some have in their pip.conf.
    with child(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PIP_USER": "0"},
    ) as process:
        ticker.start()
        try:
            for line in process.stdout:
                if CUDA.match(line) and not any(map(CUDA.match, output)):
                    warn_of_cuda()
                output.append(line)
                shown = line.strip() or shown
                if " MB)" in line and not live:
                    print(f"  {shown}")
        finally:
            done.set()
            ticker.join()
    if process.returncode:
        raise diagnose("".join(output))


def pip(label, python, *arguments):
    work(label, python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off", *arguments)


def install(python, extra):
    """Install the course and what it needs into the environment of this Python."""
    need_space(GIGABYTES)
    if platform.system() == "Linux" and answers(f"{CPU_INDEX}/torch/"):  # elsewhere the ordinary build is for the CPU
        torch = next(need for need in requirements() if re.match(r"torch\b", need))
        with contextlib.suppress(Failure):  # what comes next gets torch elsewhere, or says what is wrong
            pip("Installing PyTorch for the CPU ...", python, "--no-deps", "--index-url", CPU_INDEX, torch)
    pip("Installing the course and what it needs ...", python, "-e", f".[{extra}]" if extra else ".")


def answers(address):
    """Whether a server answers in time. (urlopen's own limit holds for each address of a name, often a dozen.)"""
    ask = [sys.executable, "-c", f"import urllib.request as u; u.urlopen({address!r})"]
    with contextlib.suppress(subprocess.TimeoutExpired):
        return subprocess.run(ask, timeout=PATIENCE, stderr=subprocess.DEVNULL).returncode == 0
    return False


def warn_of_cuda():
    print(
        f"\nNote: {CPU_INDEX} does not deliver now. The PyTorch that comes instead is built\n"
        "for graphics cards: about 3 GB to download. If you would rather try again later, press Ctrl-C.\n"
    )
    need_space(CUDA_GIGABYTES)


def need_space(gigabytes):
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < gigabytes:
        raise Failure(
            f"The disk is too full: {free:.1f} GB are free, and installing takes {gigabytes}.",
            "free some space, or move the course to a larger disk. Then run this again.",
        )


# The environment -----------------------------------------------------------------------------------------------------


def requirements(extra=None):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [project["name"], *project["dependencies"], *project["optional-dependencies"].get(extra, [])]


def missing(extra):
    """The requirements that the environment we run in does not meet."""
    for requirement in requirements(extra):
        name, bounds = re.match(r"([\w-]+)(.*)", requirement).groups()
        here = next((found.version for found in importlib.metadata.distributions(name=name)), None)
        if here is None or not fits(here, bounds):
            yield f"{requirement} (here: {here or 'none'})"


def fits(version, bounds):
    def numbers(text):
        return [int(number) for number in re.findall(r"\d+", text.partition("+")[0])]

    tests = {"==": list.__eq__, ">=": list.__ge__, "<": list.__lt__}
    return all(tests[sign](numbers(version), numbers(bound)) for sign, bound in re.findall(r"([=<>]+)([\d.]+)", bounds))


def active_environment():
    """The command that leaves the conda or virtual environment we run in; None where there is none but our own."""
    here, conda = Path(sys.prefix).resolve(), os.environ.get("CONDA_PREFIX")
    if conda and Path(conda).resolve() == here:
        return "conda deactivate"
    return "deactivate" if sys.prefix != sys.base_prefix and here != VENV.resolve() else None


def active_python(extra, may_install, leave):
    """The Python of the active environment, once that has everything."""
    lacking = list(missing(extra))
    if lacking and not may_install:
        raise Failure(
            "\n    ".join([f"The active environment, {sys.prefix}, lacks:", *lacking]),
            "install that into it with: python start.py --install\n"
            f"Or leave it with: {leave}, and run this again: the course makes an environment of its own."
            + (f"\nOr have conda make one: {CONDA}" if "conda" in leave else ""),
        )
    if lacking:
        install(sys.executable, extra)
    return sys.executable


def own_python(extra):
    """The Python of .venv, once that is made and has everything."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # The folder counts too: the environment looks for course_lib where that lay when it was installed.
    state = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + f"{ROOT} {PYTHON}".encode()).hexdigest()
    wanted = [state, extra] if extra else [state]
    if python.exists() and STAMP.exists() and set(wanted) <= set(STAMP.read_text().split()):
        return python
    STAMP.unlink(missing_ok=True)
    if not sound(python):
        work("Making an environment in .venv ...", sys.executable, "-m", "venv", "--clear", VENV)
    install(python, extra)
    settings = VENV / "share/jupyter/lab/settings/overrides.d/course.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}\n')  # nor ask about it
    STAMP.write_text(" ".join(wanted))  # last: what was interrupted has none
    return python


def sound(python):
    """Whether .venv can be built upon: it is for our Python, and has no package cut off before pip listed its files."""
    check = (
        f"import sys, pip, importlib.metadata as m; sys.exit(sys.version_info[:2] != {sys.version_info[:2]} "
        "or any(d.files is None for d in m.distributions()))"
    )
    return python.exists() and subprocess.run([python, "-c", check], stderr=subprocess.DEVNULL).returncode == 0


# The learner's copies ------------------------------------------------------------------------------------------------


def course_notebooks():
    files = sorted((ROOT / "notebooks").rglob("*.ipynb"))
    return [file.relative_to(ROOT / "notebooks") for file in files if ".ipynb_checkpoints" not in file.parts]


def copy_notebooks():
    """Copy to my/ what is not there yet."""
    for name in course_notebooks():
        mine = ROOT / "my" / name
        if not mine.exists():
            mine.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / "notebooks" / name, mine)


def reset(start):
    """Give back one notebook as the course has it, and keep the learner's beside it."""
    names = [name for name in course_notebooks() if name.as_posix().startswith(start)]
    if len(names) != 1:
        choice = "\n    ".join(name.as_posix() for name in course_notebooks())
        raise Failure(
            f"{len(names) or 'No'} notebooks start with {start!r}.", f"name one by its start, as in --reset 03, of these:\n    {choice}"
        )
    mine = ROOT / "my" / names[0]
    if mine.exists():
        names = (mine.with_suffix(f".kept-{number}.ipynb") for number in itertools.count(1))
        kept = mine.rename(next(name for name in names if not name.exists()))
        print(f"Yours is kept as {kept.relative_to(ROOT)}")
    copy_notebooks()
    print(f"Fresh again: {mine.relative_to(ROOT)}")


# JupyterLab ----------------------------------------------------------------------------------------------------------


def free_port(wanted):
    for port in [wanted] if wanted else range(8888, 8988):
        with socket.socket() as probe, contextlib.suppress(OSError, OverflowError):
            if os.name != "nt":  # as the server does it: a port that was let go a moment ago is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise Failure(
        f"Port {wanted or '8888 to 8987'} is taken, perhaps by a JupyterLab that still runs, or not allowed.",
        "stop what runs there, or leave out --port to get one that is free.",
    )


def open_lab(python, folder, port, browser=True):
    """Run JupyterLab on the folder until Ctrl-C."""
    first, token = "00_start_here.ipynb", secrets.token_hex(24)
    command = [
        python,
        "-m",
        "jupyterlab",
        folder / first,
        f"--ServerApp.root_dir={folder}",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "-y",
        "--Application.log_level=WARN",
        NODELAY,
    ]
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    # The token goes through the environment: a command line can be read by every user of the computer.
    with child(command, env={**os.environ, "JUPYTER_TOKEN": token}) as server:
        while server.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        else:
            raise Failure("JupyterLab did not start.", "read its words above; if they do not help, delete .venv.")
        print(
            f"\nThe course is open at\n    http://127.0.0.1:{port}/lab/tree/{first}?token={token}\n"
            f"The notebooks are in {folder}. To stop, press Ctrl-C here.\n"
        )
        with contextlib.suppress(KeyboardInterrupt):
            return server.wait()
    print("\nJupyterLab has stopped. What you saved is kept.")
    return 0


# The command line ----------------------------------------------------------------------------------------------------


def run(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__,
        usage="python3 start.py [options] [test | record] ...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("command", nargs="?", choices=["test", "record"], help=argparse.SUPPRESS)
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--port", type=int, metavar="N", help="default: the first free one from 8888")
    parser.add_argument("--edit", action="store_true", help="open the course's own notebooks/, not your copies")
    parser.add_argument("--reset", metavar="03", help="give one notebook back fresh, keep yours beside it, and end")
    parser.add_argument("--install", action="store_true", help="install into the active conda or virtual environment")
    options, rest = parser.parse_known_args(arguments)
    if rest and not options.command:
        parser.error("unknown: " + " ".join(rest))
    if options.reset:
        return reset(options.reset)
    port = None if options.command else free_port(options.port)  # a taken one is said now, not after installing
    extra, leave = "test" if options.command else None, active_environment()
    python = active_python(extra, options.install, leave) if leave else own_python(extra)
    if options.command == "test":  # a file stays in one process, so each notebook starts one kernel
        rest = ["-m", "pytest", "--nbval", "--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile", *rest]
    elif options.command == "record":
        rest = ["tests/record.py", *rest]
    else:
        copy_notebooks()
        return open_lab(python, ROOT / ("notebooks" if options.edit else "my"), port, not options.no_browser)
    with child([python, *rest]) as process:
        return process.wait()


def main(arguments=None):
    """Run, say in words what failed, and return the exit code."""
    try:
        return run(arguments)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.")
        return 130


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Pip's words may hold letters that this console cannot show; and a log should show them as they come.
    sys.stdout.reconfigure(errors="replace", line_buffering=True)
    sys.exit(main())
