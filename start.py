#!/usr/bin/env python3
"""Set up the course, then open it or check it. The same on Linux, macOS and Windows:

    python3 start.py             open the course in JupyterLab (the first time: install it, a few minutes)
    python3 start.py lecture 01  the same as slides, with large type (docs/lecture.md)
    python3 start.py test        run the checks, six minutes; what follows goes to pytest
    python3 start.py test --all  run those too that take long: every slide, every situation
    python3 start.py record      run the notebooks, or those named, and store their outputs
    python3 start.py results F   what a class has answered: reads the results.json of its learners in the folder F

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
import csv
import errno
import hashlib
import importlib.machinery
import importlib.metadata
import itertools
import json
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sysconfig
import threading
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent
MY = ROOT / "my"
VENV = ROOT / ".venv"
PYTHON = "{}.{}".format(*sys.version_info)
NEWEST = (3, 14)  # with builds of this torch. It only explains a failure: a newer Python may try
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# What pip prints before it downloads a CUDA build. (Asked beforehand, with --dry-run, it may download all the same.)
CUDA = re.compile(r"\s*Downloading (\S*/)?torch-\S+ \([3-9]\d\d\.\d MB\)|Collecting (nvidia|cuda)-")
GIGABYTES, CUDA_GIGABYTES = 2, 9  # on disk, with what unpacking takes
PATIENCE = 4  # seconds; the server's own is shorter
EXTENSION = "--ServerApp.jpserver_extensions=course_lib.server=True"
NO_SETTINGS = "JUPYTER_CONFIG_DIR=no-such-folder python3 start.py"
MACHINE = "machine"  # the extra of pyproject.toml without which the course counts by hand alone: it always comes along
CONDA = "conda env create -f environment.yml && conda activate course && python start.py"


class Failure(Exception):
    """What went wrong, and what to do about it."""

    def __str__(self):
        return "\n{}\nWhat to do: {}".format(*self.args)


def say(*text, **how):
    """Print; where nobody listens any more, as behind `| head`, go on in silence."""
    try:
        print(*text, flush=True, **how)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), how.get("file", sys.stdout).fileno())


# Installing ----------------------------------------------------------------------------------------------------------

ELSEWHERE = "copy the course's folder to a place where you may write, and run start.py there."
IN_USE = f"close every JupyterLab and Python that runs from this folder, then run this again.\nIf the folder is not yours: {ELSEWHERE}"
CAUSES = [  # what is printed, what it means, what to do; the first that matches
    (
        r"No space left on device|Disk quota exceeded|WinError 112|not enough space on the disk",
        "The disk is full, or the folder for temporary files is.",
        f"free {GIGABYTES} GB, or set TMPDIR to a folder on a larger disk. Then run this again.",
    ),
    (r"WinError (5|32)\b|Access is denied", "A file may not be written, or is in use.", IN_USE),
    (
        r"Permission denied|Read-only file system|Operation not permitted",
        "A file may not be written.",
        IN_USE if os.name == "nt" else ELSEWHERE,
    ),
    (
        r"File name too long|WinError 206|Windows Long Path support",
        f"The course's folder has too long a name for what is to be installed in it: {len(str(ROOT))} letters.",
        "move the course to a folder with a short name, near the top of a disk, and run start.py there.",
    ),
    (
        r"contains the PATH separator",
        f"The course's folder has a {os.pathsep} in its name, and no environment can be made in such a folder.",
        "rename the folder, and run start.py there.",
    ),
    (
        r"ensurepip|No module named '?venv",
        "This Python comes without venv and ensurepip.",
        f"on Debian and Ubuntu: sudo apt install python{PYTHON}-venv\nElsewhere: install Python from python.org. Then run this again.",
    ),
    (
        r"No module named '?pip\b",
        "The active environment has no pip.",
        "python -m ensurepip, then run this again. An environment of uv: uv pip install -e .",
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


def refused(error):
    """The failure that a file's refusal stands for, where we write it ourselves."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure(f"The disk is full: {error.filename} could not be written.", "free some space, then run this again.")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return Failure(f"{error.filename} may not be written.", IN_USE if os.name == "nt" else ELSEWHERE)
    if isinstance(error, (FileExistsError, NotADirectoryError, IsADirectoryError)):
        return Failure(f"{error.filename} is in the way of what the course keeps under this name.", "rename it, then run this again.")
    return Failure(f"{error.strerror}: {error.filename}", "mend what is named, then run this again.")


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
    with subprocess.Popen(list(map(str, command)), cwd=ROOT, **{"env": surroundings(), **options}) as process:
        try:
            yield process
        finally:
            try:
                if process.stdin:
                    process.stdin.close()  # what tells the server that we end
                end_of(process)
                process.terminate()
                end_of(process)
            finally:  # also where somebody presses Ctrl-C a second time
                process.kill()


def end_of(process):
    """Wait for a process to end in its own way, as it does when Ctrl-C reached it as well as us."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)


def surroundings():
    """The variables of what we start: nothing from outside shadows an environment of our own, or leads pip astray."""
    away = ("PIP_ROOT", "PIP_PYTHON") if active_environment() else ("PIP_ROOT", "PIP_PYTHON", "PYTHONPATH", "PYTHONHOME")
    return {name: value for name, value in os.environ.items() if name not in away}


def work(label, *command):
    """Run a command behind one line that moves; if it fails, raise what its output means."""
    output, shown, started, done = [], "", time.monotonic(), threading.Event()
    live, width = sys.stdout.isatty(), shutil.get_terminal_size().columns - 1

    def tick():
        while not done.wait(0.2):
            minutes, seconds = divmod(int(time.monotonic() - started), 60)
            say("\r" + f"  {minutes}:{seconds:02} {shown}"[:width].ljust(width), end="")
        say("\r" + " " * width, end="\r")

    say(label)
    ticker = threading.Thread(target=tick if live else done.wait)
    with child(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=surroundings() | {"PYTHONIOENCODING": "utf-8"},
    ) as process:
        ticker.start()
        try:
            for line in process.stdout:
                if CUDA.match(line) and not any(map(CUDA.match, output)):
                    warn_of_cuda()
                output.append(line)
                shown = line.strip() or shown
                if " MB)" in line and not live:
                    say(f"  {shown}")
            process.wait()
        finally:
            done.set()
            ticker.join()
    if process.returncode:
        raise diagnose("".join(output))


def pip(label, python, *arguments):
    here = sys.prefix if active_environment() else VENV  # whatever a variable or a pip.conf says
    where = ["--no-user", "--target=", f"--prefix={here}"]
    work(label, python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off", *where, *arguments)


def install(python, extra, found):
    """Install what the course needs into the environment of this Python, and again what its report calls damaged."""
    needs, damaged, again = requirements(extra), found["damaged"], ["--ignore-installed", "--no-deps"]
    if any(re.match(r"torch\b", lack) for lack in found["lacks"]):
        need_space(GIGABYTES)
        if platform.system() == "Linux" and answers(f"{CPU_INDEX}/torch/"):  # elsewhere the ordinary build is for the CPU
            torch = [need for need in damaged or needs if re.match(r"torch\b", need)]
            how = again if torch[0] in damaged else again[1:]
            with contextlib.suppress(Failure):  # what comes next gets torch elsewhere, or says what is wrong
                pip("Installing PyTorch for the CPU ...", python, *how, "--index-url", CPU_INDEX, *torch)
                damaged = [need for need in damaged if need not in torch]
    if damaged:
        pip("Installing again what is damaged ...", python, *again, *damaged)
    pip("Installing what the course needs ...", python, *needs)


def answers(address):
    """Whether a server answers in time. (urlopen's own limit holds for each address of a name, often a dozen.)"""
    ask = [sys.executable, "-c", f"import urllib.request as u; u.urlopen({address!r})"]
    with contextlib.suppress(subprocess.TimeoutExpired):
        return subprocess.run(ask, timeout=PATIENCE, stderr=subprocess.DEVNULL).returncode == 0
    return False


def warn_of_cuda():
    say(
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


WHOLE = "the course's folder is not whole: get it again, and keep your my/."


def requirements(extra=None):
    try:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (OSError, ValueError, KeyError) as error:
        raise Failure(f"The course's pyproject.toml cannot be read: {error}.", WHOLE) from None
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *extras.get(MACHINE, []), *extras.get(extra, [])]


def active_environment():
    """The command that leaves the conda or virtual environment we run in; None where there is none but a course's own."""
    here, conda = Path(sys.prefix).resolve(), os.environ.get("CONDA_PREFIX")
    if conda and Path(conda).resolve() == here:
        return "conda deactivate"
    of_a_course = here == VENV.resolve() or (here.name == VENV.name and (here.parent / Path(__file__).name).exists())
    return "deactivate" if sys.prefix != sys.base_prefix and not of_a_course else None


def environment(extra, may_install, command):
    """The Python of the active environment, or else of .venv, once that has everything. What is not ours is changed only
    where the user says so."""
    requirements(extra)  # a course that is not whole is told before anything is changed
    leave = active_environment()
    ours = not leave and not is_link(VENV)
    python = Path(sys.executable) if leave else VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if ours:
        show_the_way(leave)
    found = ask(python, extra)
    if found and not found["lacks"]:
        return python
    where = f"The active environment, {sys.prefix}," if leave else ".venv"
    if found and not ours and not may_install:
        raise Failure(lines(f"{where} lacks:", *found["lacks"]), ways_on(leave, command))
    if not leave and not runs(python, "-m", "pip", "--version"):
        make_environment()
        found = ask(python, extra)
    elif found:
        say(lines(f"{where} lacks:", *found["lacks"]))
    found = found or {"lacks": ["torch"], "packages": True, "damaged": []}
    if found["packages"]:
        install(python, extra, found)
    show_the_way(leave)
    if ours:  # no window of news from Jupyter, and no question whether there should be one
        news = b'{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}\n'
        write_whole(VENV / "share/jupyter/lab/settings/overrides.d/course.json", news)
    found = ask(python, extra) or {"lacks": ["a Python that runs"]}
    if found["lacks"]:
        remedy = "remove the folder .venv, and run this again: it is made anew." if ours else ways_on(leave)
        raise Failure(lines(f"{where} has been installed, and lacks all the same:", *found["lacks"]), remedy)
    return python


def show_the_way(leave):
    """Write the line by which an environment finds course_lib, where it is not there or leads to where the folder was."""
    sites = [Path(sysconfig.get_path("purelib"))] if leave else [*VENV.glob("lib/python3*/site-packages"), *VENV.glob("Lib/site-packages")]
    for file in (site / "course_lib.pth" for site in sites):
        if not file.exists() or file.read_bytes() != way(ROOT):
            write_whole(file, way(ROOT))


def way(folder):
    """A line of ASCII, since Python 3.11 and 3.12 read it in the locale's encoding; the folder as bytes, which no locale changes."""
    return b"import os, sys; sys.path.append(os.fsdecode(%a))\n" % os.fsencode(folder)


def lines(first, *others):
    return "\n    ".join([first, *others])


def ways_on(leave, command=None):
    """What to do about an environment that is not ours; with a command, it may be installed into first."""
    ways = ["PYTHONPATH is set, and what lies there comes first: unset it, and run this again."] if "PYTHONPATH" in os.environ else []
    if command is not None:
        ways.append(f"install that into it with: python start.py --install {command}".rstrip())
    ways.append((f"leave it with: {leave}" if leave else "remove the link .venv") + ". Run this again: the course makes its own.")
    if leave and "conda" in leave:
        ways.append(f"have conda make one: {CONDA}")
    return "\nOr ".join(ways)


def make_environment():
    """Make .venv, or make it anew; but clear nothing that may be somebody's."""
    if is_link(VENV):
        raise Failure(f".venv is a link to {VENV.resolve()}, and what lies there is left alone.", "remove the link, then run this again.")
    if VENV.is_file() or (VENV.exists() and not (VENV / "pyvenv.cfg").exists() and any(VENV.iterdir())):
        raise Failure(".venv is no environment of Python.", "rename it, or move it elsewhere. Then run this again.")
    work("Making an environment in .venv ...", sys.executable, "-m", "venv", "--clear", VENV)


def is_link(path):
    """Whether it is a link of any kind, a junction of Windows too. (ROOT above it is resolved.)"""
    return path.is_symlink() or path.resolve() != path


def runs(*command):
    with contextlib.suppress(OSError):
        return subprocess.run(command, cwd=ROOT, env=surroundings(), capture_output=True).returncode == 0
    return False


def ask(python, extra):
    """The report of this Python's environment; None where it does not run."""
    command = [python, Path(__file__).resolve(), "--report", *([extra] if extra else [])]
    with contextlib.suppress(OSError, ValueError):
        return json.loads(subprocess.run(command, cwd=ROOT, env=surroundings(), capture_output=True).stdout)
    return None


def report(extra):
    """What the environment that we run in lacks, with what is here instead; whether packages are among it; and those of them
    that are damaged."""
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError:  # in a new environment
        from pip._vendor.packaging.requirements import Requirement
    ours, lacks, damaged, known = Path(sys.prefix).resolve() == VENV.resolve(), [], [], {}
    needs = list(map(Requirement, requirements(extra)))
    for need in needs:  # it grows by what these need themselves; a conda's packages do not say so reliably
        if need.name not in known:
            found = next(iter(importlib.metadata.distributions(name=need.name)), None)
            needed = [Requirement(text) for text in found.requires or ()] if found and ours else []
            file = cut_off(found) if found and ours else None
            known[need.name] = [found.version if found else "none", file, needed, set()]
        here, file, needed, extras = known[need.name]
        if here == "none" or not need.specifier.contains(here, prereleases=True):
            lacks.append(f"{need} (here: {here})")
        elif file and f"{need.name}=={here}" not in damaged:
            lacks.append(f"{need.name} {here}, whole (here: without all of {file})")
            damaged.append(f"{need.name}=={here}")
        for extra in (need.extras or {""}) - extras:
            extras.add(extra)
            needs += [other for other in needed if not other.marker or other.marker.evaluate({"extra": extra})]
    packages = bool(lacks)
    paths = sys.path[not sys.flags.safe_path :]  # without the folder of this file, which no other program has
    spec = importlib.machinery.PathFinder.find_spec("course_lib", paths)
    if not spec or Path(spec.origin).resolve().parents[1] != ROOT:
        lacks.append(f"course_lib of {ROOT} (here: {Path(spec.origin).parents[1] if spec else 'none'})")
    return {"lacks": lacks, "packages": packages, "damaged": [need.partition("+")[0] for need in damaged]}


def cut_off(package):
    """A file of an installed package that is not of the size that its RECORD says, or not there; None where all are."""
    record, folder = package.read_text("RECORD"), str(package.locate_file(""))
    if record is None:  # written last
        return "RECORD"
    for file, _, size in csv.reader(record.splitlines()):
        try:
            if size and os.stat(os.path.join(folder, file)).st_size != int(size):
                return file
        except OSError:
            return file
    return None


# The learner's copies ------------------------------------------------------------------------------------------------


def course_notebooks():
    files = sorted((ROOT / "notebooks").rglob("*.ipynb"))
    return [file.relative_to(ROOT / "notebooks") for file in files if ".ipynb_checkpoints" not in file.parts]


def write_whole(file, data):
    """Write a file whole, or leave it as it was."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(new, file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def digest(data):
    return hashlib.sha256(data).hexdigest()


def content(notebook):
    """What tells whether a learner changed a notebook: its cells without their outputs. None where it cannot be read."""
    try:
        cells = json.loads(notebook)["cells"]
        return digest(json.dumps([[cell["cell_type"], "".join(cell["source"]), cell.get("attachments")] for cell in cells]).encode())
    except (ValueError, KeyError, TypeError):
        return None


def give_lessons(fresh=None):
    """Bring my/ up to the course. What the learner changed stays, and what was only run follows once its lesson changes;
    what cannot be read, and the lesson `fresh`, is set aside for a new copy."""
    record = MY / ".given.json"  # by name: the content of the lesson as it was given, and the digest of its file
    given, names = read_record(record), course_notebooks()
    if not names:
        raise Failure("There are no lessons in notebooks/.", WHOLE)
    followed, newer, unknown = [], [], []
    for name in names:
        lesson, mine, key = (ROOT / "notebooks" / name).read_bytes(), MY / name, name.as_posix()
        old = None if mine.exists() else former(name, names, given)
        if old:
            mine.parent.mkdir(parents=True, exist_ok=True)
            os.replace(MY / old, mine)
            given[key] = given.pop(old.as_posix())
        now, before = [content(lesson), digest(lesson)], given.get(key)
        held = content(mine.read_bytes()) if mine.exists() else None
        if mine.exists() and (held is None or name == fresh):
            kept = set_aside(mine).relative_to(ROOT)
            say(f"Yours is kept as {kept}." if held else f"my/{name} could not be read, perhaps cut off. It is kept as {kept}.")
            held = None
        if held and held not in (now[0], before and before[0]):  # the learner changed it
            if before and before[0] != now[0]:
                newer.append(name)
                continue
            unknown += [name] * (not before)
        elif not held or (before and before[1] != now[1]):
            followed += [name] * bool(held)
            write_whole(mine, lesson)
        given[key] = now
    write_whole(record, json.dumps(given, indent=1).encode())
    for some, what in (
        (followed, "These have changed in the course, and with it your copies, which were as given:"),
        (newer, "The course has newer versions of lessons that you have changed. Yours stay:"),
        (unknown, "These differ from the course's lessons, by your changes or by the course's. Yours stay:"),
    ):
        if some:
            say(lines(what, *(f"my/{name}" for name in some)))
    if newer or unknown:
        say(f"To get one fresh, and keep yours beside it: python3 start.py --reset {(newer + unknown)[0].as_posix()[:-6]}")


def read_record(file):
    try:
        given = json.loads(file.read_bytes())
        return {name: before for name, before in given.items() if isinstance(before, list) and len(before) == 2}
    except (OSError, ValueError, AttributeError):
        return {}  # then what differs is the learner's


def former(name, names, given):
    """What a lesson was called when the learner got it: the same words behind the number, or else the same number."""
    gone = [Path(old) for old in given if Path(old) not in names and (MY / old).exists() and Path(old).parent == name.parent]
    for part in (2, 0):
        for old in gone:
            if old.name.partition("_")[part] == name.name.partition("_")[part]:
                return old
    return None


def set_aside(file):
    names = (file.with_suffix(f".kept-{number}.ipynb") for number in itertools.count(1))
    return file.rename(next(name for name in names if not name.exists()))


def lesson(start):
    """The one lesson whose name starts so."""
    names = [name for name in course_notebooks() if name.as_posix().startswith(start)]
    if len(names) != 1:
        choice = lines("name one by its start, such as 03, of these:", *(name.as_posix() for name in course_notebooks()))
        raise Failure(f"{len(names) or 'No'} notebooks start with {start!r}.", choice)
    return names[0]


# JupyterLab ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def alone():
    """One start at a time sets this folder up and takes a port; the others wait."""
    try:
        stream = (ROOT / ".start.lock").open("a")
    except OSError:  # where nothing may be written, there is nothing to collide
        yield
        return
    with stream:
        waiting = False
        while not locked(stream):
            if not waiting:
                say("Another start of this course is at work. Waiting for it ...")
            waiting = True
            time.sleep(0.2)
        yield


def locked(stream):
    """Whether the file is locked for us now; the system unlocks it when we end, however that is."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks
        pass
    return True


def need_port(port):
    """Raise a failure where the port that somebody asks for is taken."""
    with socket.socket() as probe, contextlib.suppress(OSError, OverflowError):
        if os.name != "nt":  # as the server does it: a port that was let go a moment ago is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return
    raise Failure(
        f"Port {port} is taken, perhaps by a JupyterLab that still runs, or not allowed.",
        "stop what runs there, or leave out --port to get one that is free.",
    )


def home():
    """Variables for a user whose home may not be written: Jupyter keeps its files in my/.home then."""
    for place in ("~/.jupyter", "~/.local/share/jupyter", "~/.ipython"):
        path = Path(os.path.expanduser(place))
        if not os.access(next(p for p in (path, *path.parents) if p.exists()), os.W_OK):
            (MY / ".home").mkdir(parents=True, exist_ok=True)
            return {"HOME": str(MY / ".home")}
    return {}


# A lecture's own settings, so that the user's stay as they are: no pop-ups, every cell in the page, the slides from the start.
LECTURE = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "jupyterlab-slideshow/plugin": {"active": True},
}


def lecture_options():
    """Write a lecture's settings afresh, so that it begins the same each time, and the options that make JupyterLab use them."""
    settings = MY / ".lecture"
    for plugin, values in LECTURE.items():
        file = settings / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    shutil.rmtree(settings / "workspaces", ignore_errors=True)
    return [f"--LabApp.user_settings_dir={settings}", f"--LabApp.workspaces_dir={settings / 'workspaces'}", "--LabApp.custom_css=True"]


def open_lab(python, folder, port=None, browser=True, ready=lambda: None, first="00_start_here.ipynb", options=()):
    """Run JupyterLab on the folder until Ctrl-C; `ready` is called once it answers."""
    token = secrets.token_hex(24)
    command = [
        python,
        "-m",
        "jupyterlab",
        folder / first,
        f"--ServerApp.root_dir={folder}",
        "--ip=127.0.0.1",
        f"--port={port or 8888}",
        f"--ServerApp.port_retries={0 if port else 99}",
        "-y",
        "--Application.log_level=WARN",
        "--KernelManager.transport_encryption=auto",  # or each kernel warns that others may listen
        EXTENSION,
        *options,
    ]
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    # The token goes through the environment: a command line can be read by every user of the computer.
    variables = {**surroundings(), **home(), "JUPYTER_TOKEN": token, "COURSE_TOKEN": token}
    # In a session of its own Ctrl-C does not reach it: it ends when its input does, so also when we are killed.
    apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {"start_new_session": True}
    talking = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "errors": "replace"}
    with contextlib.suppress(KeyboardInterrupt), child(command, env=variables, **talking, **apart) as server:
        said = next((line for line in server.stdout if line.startswith('{"url"')), None)
        if said is None:
            raise Failure(
                "JupyterLab did not start; its words are above.",
                f"mend what they name. If that is a setting of yours, start without your settings: {NO_SETTINGS}",
            )
        said = json.loads(said)
        if not said["guarded"]:
            raise Failure(
                "Your Jupyter configuration lets everybody in who can reach this computer; the course does not open so.",
                f"take identity_provider_class out of it, or start without it: {NO_SETTINGS}",
            )
        ready()
        say(f"\nThe course is open at\n    {said['url']}lab/tree/{first}?token={token}\n")
        say(f"The notebooks are in {folder}. To stop, press Ctrl-C here.\n")
        for line in server.stdout:
            say(line, end="")
        return server.wait()
    say("\nJupyterLab has stopped. What you saved is kept.")
    return 0


# A class's results -----------------------------------------------------------------------------------------------------


def show_results(folders):
    """The results of the learners whose files lie in a folder, as a table here and as a page beside them; nothing is installed for it."""
    if len(folders) != 1:
        raise Failure("results takes one folder, with the results.json of each learner in it.", "python3 start.py results FOLDER")
    folder = Path(folders[0])
    if not folder.is_dir():
        raise Failure(f"There is no folder {folder}.", "name the folder in which your learners' results files lie.")
    from course_lib.asking.progress import PAGE, results
    from course_lib.words import words

    found = results(folder)
    if not found.learners:
        raise Failure(
            "\n".join([words("results.no_files", folder=folder), *found.left_out]),
            "collect them in this folder, each under a name of its own.",
        )
    say(found)
    page = folder / PAGE
    page.write_text(found.page(), encoding="utf-8")
    say("\n" + words("results.page", page=page))
    return 0


# The command line ----------------------------------------------------------------------------------------------------


def run(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__,
        usage="python3 start.py [options] [lecture | test | record | results] ...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("command", nargs="?", choices=["lecture", "test", "record", "results"], help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--port", type=int, metavar="N", help="default: the first free one from 8888")
    parser.add_argument("--edit", action="store_true", help="open the course's own notebooks/, not your copies")
    parser.add_argument("--reset", metavar="03", help="give one notebook back fresh, keep yours beside it, and end")
    parser.add_argument("--install", action="store_true", help="install into the active conda or virtual environment")
    parser.add_argument("--report", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    command, rest = options.command, options.rest
    extra = {None: None, "lecture": "lecture"}.get(command, "test")
    if options.report:
        return print(json.dumps(report(extra)))
    if command == "results":
        return show_results(rest)
    if command == "lecture":
        options.no_browser |= "--no-browser" in rest
        names = [part for part in rest if part != "--no-browser"] or ["01"]
        first = lesson(Path(names[0]).name)
    if command == "record":  # a name that is wrong is told before anything is installed
        rest = [part if part.startswith("-") else str(lesson(Path(part).name)) for part in rest]
    if any("\udc80" <= letter <= "\udcff" for letter in str(ROOT)):
        raise Failure(f"The folder has a name that cannot be read here: {ascii(str(ROOT))}.", "rename it, and run start.py there.")
    with contextlib.ExitStack() as turn:
        turn.enter_context(alone())
        if options.reset is not None:
            fresh = lesson(options.reset)
            give_lessons(fresh)
            say(f"Fresh again: my/{fresh.as_posix()}")
            return 0
        if options.port is not None:
            need_port(options.port)
        python = environment(extra, options.install, command or "")
        if command == "lecture":
            give_lessons()
            say("\nSpace and the arrow keys turn the slides; the rest is in docs/lecture.md.")
            return open_lab(python, MY, options.port, not options.no_browser, turn.close, first.as_posix(), lecture_options())
        if not command:
            folder = ROOT / "notebooks" if options.edit else MY
            if not options.edit:
                give_lessons()
            return open_lab(python, folder, options.port, not options.no_browser, turn.close)
    if command == "test":  # a file stays in one process, so each notebook starts one kernel; conftest.py puts the long ones first
        rest = ["-m", "pytest", "--nbval", "--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder", *rest]
    else:
        rest = ["tests/record.py", *rest]
    with child([python, *rest]) as process:
        return process.wait()


def main(arguments=None):
    """Run, say in words what failed, and return the exit code."""
    try:
        return run(arguments)
    except Failure as failure:
        say(failure, file=sys.stderr)
    except OSError as error:
        say(refused(error), file=sys.stderr)
    except KeyboardInterrupt:
        say("\nStopped. The same command goes on from here.")
        return 130
    return 1


def in_utf_8():
    """Start again in Python's UTF-8 mode where the locale cannot read this folder's name, or knows letters of ASCII only."""
    unreadable = any("\udc80" <= letter <= "\udcff" for letter in f"{ROOT}{os.path.expanduser('~')}")
    if os.name != "nt" and not sys.flags.utf8_mode and (unreadable or sys.getfilesystemencoding() == "ascii"):
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


if __name__ == "__main__":
    in_utf_8()
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:  # nohup stays nohup
            signal.signal(getattr(signal, name), signal.default_int_handler)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="replace")  # pip's words may hold letters that this console cannot show
    sys.exit(main())
