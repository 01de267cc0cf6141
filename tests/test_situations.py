"""start.py as people run it: each test is a situation that somebody was in, built in a scratch folder and gone through for real."""

import codecs
import io
import json
import os
import secrets
import shutil
import signal
import site
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest
from runs import rest_slow
from situations import BASE, Course, as_from_a_terminal, can_mount, index, mounted, notebook, wheel

import start

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the small course's environment is laid out as on Linux and macOS")
needs_mounts = pytest.mark.skipif(not can_mount(), reason="no file system can be mounted here")
MORE = "a situation like the ones before it, with another case"
INSTALLS = "makes and fills an environment of its own"
C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@cache
def pythons() -> list[str]:
    """The Pythons from 3.11 on that run here, one of each version."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = {}
    for python in [BASE, *(shutil.which(f"python3.{n}") for n in range(11, 16)), *map(str, pyenv.glob("versions/3.*/bin/python3"))]:
        ask = "import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print(sys.version_info[1])"
        if python and (done := subprocess.run([python, "-c", ask], capture_output=True, text=True)).returncode == 0:
            found.setdefault(int(done.stdout), python)
    return list(found.values())


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    return index(tmp_path_factory.mktemp("index") / "packages")


@pytest.fixture(scope="session")
def installed(tmp_path_factory, packages):
    """A course that has been opened once, under a Chinese name and a C locale, to copy."""
    course = Course(tmp_path_factory.mktemp("课程"), packages)
    done = course.start("--no-browser", **C)
    assert opens(done), done.stdout
    return course


def copy_of(installed, folder: Path, environment: bool = True) -> Course:
    """The installed course in another folder, as somebody copies it, or without its environment and copies."""
    folder.mkdir(parents=True)
    course = Course(folder, installed.packages)
    if environment:
        shutil.copytree(installed.folder / ".venv", folder / ".venv", symlinks=True, copy_function=copy_or_link)
        shutil.copytree(installed.my, course.my)
    return course


def copy_or_link(file: str, to: str) -> str:
    """A copy; of pip's own files, which are many and which no test writes into, another name."""
    if f"{os.sep}pip{os.sep}" in file:
        try:
            os.link(file, to)
            return to
        except OSError:  # on another file system
            pass
    return shutil.copy2(file, to)


@pytest.fixture
def course(installed, tmp_path):
    """A course that has been opened before."""
    return copy_of(installed, tmp_path / "course")


@pytest.fixture
def fresh(installed, tmp_path):
    """A course that nobody has opened."""
    return copy_of(installed, tmp_path / "fresh", environment=False)


def opens(done) -> bool:
    return done.returncode == 0 and "The course is open at\n    http://127.0.0.1:8888/lab/tree/00_start_here.ipynb?token=" in done.stdout


def fails(done, *words: str) -> bool:
    """Whether it fails in a sentence with a remedy, these words in it, and without a traceback."""
    said = done.stdout
    return done.returncode == 1 and "What to do: " in said and "Traceback" not in said and all(word in said for word in words)


# Names of folders -----------------------------------------------------------------------------------------------------

FOLDERS = ['Übung für 张三\'s "course"', "课程", "x" * 200, "a=b #1 [%41] {c}"]
LOCALES = [{"LC_ALL": "C.UTF-8"}, C, {"LC_ALL": "POSIX"}, {"LC_ALL": "zh_CN.gbk"}, {"LC_ALL": "de_DE"}]  # the last as CP1252


@pytest.mark.parametrize("name", rest_slow(FOLDERS, MORE))
def test_it_opens_under_every_name_and_locale_and_after_a_move(installed, tmp_path, name):
    course = copy_of(installed, tmp_path / name)  # with the environment of another folder
    for locale in LOCALES:
        done = course.start("--no-browser", **locale)
        assert opens(done) and "Installing" not in done.stdout, (locale, done.stdout)
        where = "import os; os.chdir('/'); import course_lib; print(os.fsencode(course_lib.__file__))"
        found = subprocess.run([course.python, "-c", where], env=course.variables(**locale), capture_output=True, text=True)
        assert found.stdout.strip() == repr(os.fsencode(course.folder / "course_lib" / "__init__.py")), (locale, found.stderr)
    assert name in course.start("--no-browser", **C).stdout  # not as ??


@pytest.mark.parametrize("python", rest_slow(pythons(), "the faster run installs so what the other situations copy", first=0))
def test_it_installs_under_a_chinese_name_and_a_c_locale(installed, tmp_path, python):
    course = copy_of(installed, tmp_path / "课程", environment=False)
    assert opens(course.start("--no-browser", python=python, **C)), python
    assert opens(course.start("--no-browser", python=python, LC_ALL="zh_CN.gbk"))


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "gbk", "cp1252", "cp932"])
def test_the_line_that_finds_the_course_is_read_alike_in_every_encoding(tmp_path, monkeypatch, encoding):
    """As site reads it, on Windows and macOS too; the latter takes the letter Ü apart."""
    folders = ["/home/张三/课程", "C:\\Users\\Jörg\\课程", "/Users/me/U\u0308bung", '/it\'s "quoted"\n']
    (tmp_path / "course_lib.pth").write_bytes(b"".join(map(start.way, folders)))
    real = io.TextIOWrapper
    monkeypatch.setattr(site.io, "TextIOWrapper", lambda stream, **_: real(stream, encoding=encoding))  # Python 3.11 and 3.12
    monkeypatch.setattr("locale.getencoding", lambda: encoding)  # later ones, which try UTF-8 first
    codecs.lookup(encoding)  # from the path that goes now
    monkeypatch.setattr(sys, "path", [])
    site.addpackage(str(tmp_path), "course_lib.pth", set())
    assert sys.path == folders


def test_a_name_in_no_encoding_is_told(installed, tmp_path):
    course = copy_of(installed, Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    assert fails(course.start("--no-browser"), "cannot be read here", "caf\\udce9", "rename it")


def test_a_name_that_no_environment_can_have_is_told(installed, tmp_path):
    course = copy_of(installed, tmp_path / "a:b", environment=False)
    assert fails(course.start("--no-browser"), "has a : in its name", "rename the folder")


# The learner's folder -------------------------------------------------------------------------------------------------


def test_a_lesson_is_copied_whole_or_not_at_all(course, monkeypatch):
    (course.my / "01_counting.ipynb").unlink()
    monkeypatch.setattr(start, "ROOT", course.folder)
    monkeypatch.setattr(start, "MY", course.my)
    monkeypatch.setattr(os, "fsync", lambda stream: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        start.give_lessons()
    assert sorted(file.name for file in course.my.iterdir()) == [".given.json", "00_start_here.ipynb", "03_reading.ipynb"]


@needs_mounts
def test_a_full_disk_cuts_nothing_and_the_next_start_goes_on(course):
    shutil.rmtree(course.my)
    for name in ("00_start_here", "01_counting", "03_reading"):
        course.lesson(name, name * 5000)
    with mounted(course.my, "size=128k"):
        assert fails(course.start("--no-browser"), "The disk is full: ", "could not be written", "free some space")
        assert all(json.loads(file.read_text()) for file in course.my.glob("*.ipynb")) and len(course.mine()) < 3
        assert not list(course.my.glob("*.new"))
    assert opens(course.start("--no-browser")) and len(course.mine()) == 3


@pytest.mark.parametrize("cut", rest_slow(['{"cells": [{"cell_ty', "", "[1, 2]", '{"cells": [{"source": 3}]}'], MORE))
def test_what_cannot_be_read_is_set_aside_and_given_fresh(course, cut):
    (course.my / "01_counting.ipynb").write_text(cut)
    done = course.start("--no-browser")
    assert opens(done) and "01_counting.ipynb could not be read, perhaps cut off. It is kept as my/01_counting.kept-1.ipynb" in done.stdout
    assert (course.my / "01_counting.kept-1.ipynb").read_text() == cut
    assert (course.my / "01_counting.ipynb").read_bytes() == (course.folder / "notebooks" / "01_counting.ipynb").read_bytes()


def test_what_was_not_touched_follows_the_course_and_what_was_touched_stays_and_is_named(course):
    for name in ("00_start_here", "01_counting", "03_reading"):
        course.lesson(name, f"corrected {name}")
    (course.my / "03_reading.ipynb").write_text(notebook("mine"))
    done = course.start("--no-browser")
    follow = "with it your copies, which were as given:\n    my/00_start_here.ipynb\n    my/01_counting.ipynb\n"
    assert opens(done) and follow in done.stdout
    assert "corrected" in (course.my / "01_counting.ipynb").read_text()
    assert "newer versions of lessons that you have changed. Yours stay:\n    my/03_reading.ipynb\n" in done.stdout
    assert "To get one fresh, and keep yours beside it: python3 start.py --reset 03_reading" in done.stdout
    assert "newer" in course.start("--no-browser").stdout, "said until somebody follows it"
    assert (course.my / "03_reading.ipynb").read_text() == notebook("mine")
    done = course.start("--reset", "03_reading")
    assert done.returncode == 0 and done.stdout == "Yours is kept as my/03_reading.kept-1.ipynb.\nFresh again: my/03_reading.ipynb\n"
    assert "corrected" in (course.my / "03_reading.ipynb").read_text()
    assert (course.my / "03_reading.kept-1.ipynb").read_text() == notebook("mine")
    assert "newer" not in course.start("--no-browser").stdout


def test_a_run_without_a_change_is_no_touch(course):
    mine = json.loads((course.my / "01_counting.ipynb").read_text())
    mine["metadata"]["kernelspec"] = {"name": "python3"}
    mine["cells"][0]["source"] = "the course's 01_counting"  # as JupyterLab may write it
    (course.my / "01_counting.ipynb").write_text(json.dumps(mine))
    assert "01_counting" not in course.start("--no-browser").stdout
    assert "kernelspec" in (course.my / "01_counting.ipynb").read_text(), "and stays as it is until its lesson changes"
    course.lesson("01_counting", "corrected")
    assert "which were as given:\n    my/01_counting.ipynb\n" in course.start("--no-browser").stdout
    assert course.mine() == ["00_start_here.ipynb", "01_counting.ipynb", "03_reading.ipynb"]


def test_copies_of_before_there_was_a_record_are_kept_and_told_once(course):
    (course.my / ".given.json").unlink()
    (course.my / "01_counting.ipynb").write_text(notebook("mine, or an older lesson"))
    said = course.start("--no-browser").stdout
    assert "These differ from the course's lessons, by your changes or by the course's. Yours stay:\n    my/01_counting.ipynb\n" in said
    assert "01_counting" not in course.start("--no-browser").stdout
    assert (course.my / "01_counting.ipynb").read_text() == notebook("mine, or an older lesson")


@pytest.mark.parametrize("record", rest_slow(["", "[]", '{"01_counting.ipynb": 3}', '{"01_counting.ipynb": [1, 2'], MORE))
def test_a_broken_record_loses_nothing(course, record):
    (course.my / ".given.json").write_text(record)
    (course.my / "01_counting.ipynb").write_text(notebook("mine"))
    assert opens(course.start("--no-browser"))
    assert (course.my / "01_counting.ipynb").read_text() == notebook("mine")


def test_a_renamed_lesson_does_not_appear_twice(course):
    (course.my / "03_reading.ipynb").write_text(notebook("mine"))
    (course.my / "01_my_notes.ipynb").write_text(notebook("notes"))
    for old, new in (("01_counting", "02_counting"), ("03_reading", "03_asking")):
        (course.folder / "notebooks" / f"{old}.ipynb").rename(course.folder / "notebooks" / f"{new}.ipynb")
    assert opens(course.start("--no-browser"))
    assert course.mine() == ["00_start_here.ipynb", "01_my_notes.ipynb", "02_counting.ipynb", "03_asking.ipynb"]
    assert (course.my / "03_asking.ipynb").read_text() == notebook("mine")


def test_my_that_is_a_file_is_told(fresh, installed):
    shutil.copytree(installed.folder / ".venv", fresh.folder / ".venv", symlinks=True)
    fresh.my.touch()
    assert fails(fresh.start("--no-browser"), f"{fresh.my} is in the way", "rename it")


@needs_mounts
def test_a_folder_that_may_not_be_written_says_copy_it_elsewhere(course, installed, tmp_path):
    says = ("may not be written", "copy the course's folder to a place where you may write")
    with mounted(course.my, "ro"):
        assert fails(course.start("--no-browser"), str(course.my), *says)
    moved = tmp_path / "mount"
    with mounted(moved, "size=100m"):
        course = copy_of(installed, moved / "course", environment=False)
        subprocess.run(["mount", "-o", "remount,ro", moved], check=True)
        assert fails(course.start("--no-browser"), *says)


@needs_mounts
def test_a_home_that_may_not_be_written_is_replaced(course, tmp_path):
    with mounted(tmp_path / "home", "ro"):
        done = course.start("--no-browser", HOME=str(tmp_path / "home"))
    assert opens(done) and f"'HOME': '{course.my / '.home'}'" in done.stdout
    assert opens(course.start("--no-browser", HOME="/no/such/home"))


@pytest.mark.parametrize("closed", rest_slow([">&- 2>&- <&-", "| head -1", ">&-", ">&- 2>&-", "> /dev/full"], MORE, first=2))
def test_it_does_without_an_output(course, closed):
    command = ["bash", "-c", f"set -o pipefail; {BASE} start.py --no-browser {closed}"]
    done = subprocess.run(command, cwd=course.folder, env=course.variables(), capture_output=True)
    assert done.returncode == 0 and done.stderr == b"", done.stderr


# The environment ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("python", rest_slow(pythons(), "another Python"))
def test_everything_is_here_and_no_network(course, python):
    """Also after a comment was added to pyproject.toml, and when another Python starts it."""
    (course.folder / "pyproject.toml").write_text((course.folder / "pyproject.toml").read_text() + "# changed\n")
    done = course.start("--no-browser", python=python, PIP_FIND_LINKS=None)
    assert opens(done) and "Installing" not in done.stdout and "Making" not in done.stdout


def test_an_environment_of_before_with_the_folders_name_in_utf_8_is_mended_without_a_network(installed, tmp_path):
    course = copy_of(installed, tmp_path / "课程")
    (course.site / "course_lib.pth").write_text(f"{course.folder}\n", encoding="utf-8")  # as pip's editable installation writes it
    done = course.start("--no-browser", PIP_FIND_LINKS=None, **C)
    assert opens(done) and "Making" not in done.stdout


MOMENTS = [(how, when) for how in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM) for when in ("Installing what", "Making an")]


@pytest.mark.parametrize("how, when", rest_slow(MOMENTS, "another moment, or another end"))
def test_what_was_interrupted_goes_on(fresh, how, when):
    process, text = begin(fresh), ""
    while when not in text:
        text += process.stdout.readline()
    time.sleep(0.3)
    os.killpg(process.pid, how)
    rest = process.communicate()[0]
    assert how == signal.SIGKILL or (process.returncode == 130 and "goes on from here" in rest), rest
    assert opens(fresh.start("--no-browser"))


@pytest.mark.parametrize(
    "harm, told",
    rest_slow(
        [
            (lambda site: shutil.rmtree(site / "jupyterlab-4.6.1.dist-info"), "jupyterlab<5,>=4.6 (here: none)"),
            (lambda site: shutil.rmtree(site / "behind-1.2.dist-info"), "behind>=1 (here: none)"),
            (lambda site: (site / "behind.py").unlink(), "behind 1.2, whole (here: without all of behind.py)"),
            (lambda site: (site / "behind.py").write_text("answ"), "behind 1.2, whole (here: without all of behind.py)"),
            (lambda site: (site / "behind-1.2.dist-info" / "RECORD").unlink(), "behind 1.2, whole (here: without all of RECORD)"),
            (lambda site: (site / "behind-1.2.dist-info").rename(site / "behind-0.9.dist-info"), "behind>=1 (here: 0.9)"),
        ],
        MORE,
        first=3,
    ),
    ids=["missing", "missing behind", "a file missing", "a file cut off", "installing cut off", "another version"],
)
def test_what_is_missing_or_damaged_is_named_and_mended(course, harm, told):
    if "0.9" in told:
        metadata = course.site / "behind-1.2.dist-info" / "METADATA"
        metadata.write_text(metadata.read_text().replace("1.2", "0.9"))
    harm(course.site)
    done = course.start("--no-browser")
    assert opens(done) and f".venv lacks:\n    {told}\n" in done.stdout, done.stdout
    assert (course.site / "behind.py").read_text() == "answer = 42\n"
    assert "lacks" not in course.start("--no-browser").stdout


def test_what_is_missing_and_no_network_says_both(course):
    (course.site / "behind.py").unlink()
    done = course.start("--no-browser", PIP_FIND_LINKS=None, PIP_NO_INDEX=None, PIP_INDEX_URL="http://127.0.0.1:9/", PIP_RETRIES="1")
    assert fails(done, "behind 1.2, whole (here: without all of behind.py)", "No network", "run this again")


def test_a_new_need_is_installed_and_one_that_cannot_be_met_is_told(course):
    wheel(course.packages, "more", "1.0", {"more.py": ""})
    course.needs("more==1.0")
    assert opens(course.start("--no-browser"))
    course.needs("more==2.0")
    assert fails(course.start("--no-browser"), "more==2.0 (here: 1.0)", "No matching distribution found for more==2.0")


@pytest.mark.slow(INSTALLS)
def test_what_lies_outside_does_not_shadow_and_pips_settings_do_not_lead_away(fresh, tmp_path):
    outside = tmp_path / "outside"
    (outside / "jupyterlab").mkdir(parents=True)
    (outside / "jupyterlab" / "__init__.py").write_text("raise SystemExit('shadowed')")
    (outside / "course_lib").mkdir()
    (outside / "course_lib" / "__init__.py").touch()
    config = tmp_path / "pip.conf"
    config.write_text(f"[install]\nuser = true\nprefix = {outside}\n")
    away = {"PYTHONPATH": str(outside), "PIP_TARGET": str(outside), "PIP_CONFIG_FILE": str(config), "PYTHONHOME": None}
    done = fresh.start("--no-browser", **away)
    assert opens(done) and "'PYTHONPATH': None" in done.stdout, done.stdout
    assert sorted(p.name for p in outside.iterdir()) == ["course_lib", "jupyterlab"]
    assert (fresh.site / "jupyterlab").exists()


def test_a_link_is_never_cleared_through(fresh, installed, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("years of work")
    (fresh.folder / ".venv").symlink_to(theirs)
    assert fails(fresh.start("--no-browser"), f".venv is a link to {theirs}", "remove the link")
    assert (theirs / "thesis.txt").read_text() == "years of work"
    (fresh.folder / ".venv").unlink()
    shutil.copytree(installed.folder / ".venv", tmp_path / "env", symlinks=True)
    (fresh.folder / ".venv").symlink_to(tmp_path / "env")
    done = fresh.start("--no-browser")
    lacks = f".venv lacks:\n    course_lib of {fresh.folder} (here: {installed.folder})"
    assert fails(done, lacks, "start.py --install", "remove the link .venv")
    assert opens(fresh.start("--no-browser", "--install")) and opens(fresh.start("--no-browser"))


def test_a_folder_that_is_no_environment_is_left_alone(fresh):
    (fresh.folder / ".venv").mkdir()
    (fresh.folder / ".venv" / "thesis.txt").write_text("years of work")
    assert fails(fresh.start("--no-browser"), ".venv is no environment of Python", "rename it")
    assert (fresh.folder / ".venv" / "thesis.txt").exists()
    shutil.rmtree(fresh.folder / ".venv")
    (fresh.folder / ".venv").write_text("a file")
    assert fails(fresh.start("--no-browser"), ".venv is no environment of Python", "rename it")


@pytest.mark.slow(INSTALLS)
def test_an_environment_that_does_not_run_is_made_anew(course):
    course.python.unlink()
    course.python.symlink_to("/no/such/python3.10")
    done = course.start("--no-browser")
    assert opens(done) and "Making an environment" in done.stdout


@pytest.mark.parametrize("text", ["x =", "[tool]", None])
def test_a_pyproject_that_cannot_be_read_costs_no_environment(course, text):
    project, marker = course.folder / "pyproject.toml", course.site / "marker"
    marker.touch()
    project.unlink() if text is None else project.write_text(text)
    assert fails(course.start("--no-browser"), "pyproject.toml cannot be read", "get it again, and keep your my/")
    assert marker.exists()


def test_a_course_without_lessons_is_told(course):
    shutil.rmtree(course.folder / "notebooks")
    assert fails(course.start("--no-browser"), "There are no lessons in notebooks/", "get it again") and len(course.mine()) == 3


@pytest.mark.slow(INSTALLS)
def test_another_courses_environment_is_not_taken_for_ours(course, fresh):
    done = fresh.start("--no-browser", python=course.python, VIRTUAL_ENV=str(course.folder / ".venv"))
    assert opens(done) and "Making an environment in .venv" in done.stdout
    assert str(fresh.folder / "course_lib") in done.stdout
    assert opens(course.start("--no-browser")), "and the other course has its own still"


@pytest.mark.slow(INSTALLS)
def test_an_active_environment_is_asked_and_filled_only_when_told(fresh, tmp_path):
    subprocess.run([BASE, "-m", "venv", tmp_path / "theirs"], check=True, env=fresh.variables())
    python = tmp_path / "theirs" / "bin" / "python"
    done = fresh.start("--no-browser", python=python)
    assert fails(done, "lacks:\n    jupyterlab<5,>=4.6 (here: none)\n    course_lib of ", "python start.py --install\n", "deactivate")
    assert not fresh.my.exists() and not (fresh.folder / ".venv").exists()
    assert opens(fresh.start("--no-browser", "--install", python=python)) and opens(fresh.start("--no-browser", python=python))
    done = fresh.start("test", "-x", python=python)
    assert fails(done, "pytest (here: none)", "python start.py --install test\n")
    assert "pytest ['--nbval'" in fresh.start("--install", "test", "-x", python=python).stdout, "the line that it names mends it"
    outside = tmp_path / "outside" / "pytest-0.1.dist-info"
    outside.mkdir(parents=True)
    (outside / "METADATA").write_text("Metadata-Version: 2.1\nName: jupyterlab\nVersion: 1.0\n")
    outside.rename(outside.with_name("jupyterlab-1.0.dist-info"))
    done = fresh.start("--no-browser", python=python, PYTHONPATH=str(tmp_path / "outside"))
    assert fails(done, "jupyterlab<5,>=4.6 (here: 1.0)", "PYTHONPATH is set", "unset it")


def test_a_lessons_name_is_checked_before_anything_is_installed(fresh):
    assert fails(fresh.start("record", "7"), "No notebooks start with '7'", "01_counting.ipynb") and not (fresh.folder / ".venv").exists()
    assert fails(fresh.start("--reset", "0"), "3 notebooks start with '0'", "01_counting.ipynb")
    assert fails(fresh.start("--reset", ""), "3 notebooks start with ''")


def test_arguments_reach_pytest(course):
    done = course.start("test", "--all", "tests/test_layers.py", "-x", "-k", "a or b", "--port=3", "-h")
    assert done.stdout.endswith("'--all', 'tests/test_layers.py', '-x', '-k', 'a or b', '--port=3', '-h']\n")


# Several at once, and their ends --------------------------------------------------------------------------------------


def begin(course, *arguments, **variables):
    return subprocess.Popen(
        [BASE, "start.py", "--no-browser", *arguments], cwd=course.folder, env=course.variables(**variables), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **as_from_a_terminal(),
    )  # fmt: skip


@pytest.mark.slow(INSTALLS)
def test_three_first_starts_at_once_install_once(fresh):
    with (fresh.folder / ".start.lock").open("a") as lock:
        assert start.locked(lock)
        started = [begin(fresh) for _ in range(3)]
        assert all("Another start" in process.stdout.readline() for process in started)
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    assert sum("Making an environment" in text for text in said) == 1
    assert all("The course is open at" in text for text in said)


def alive(token: str) -> bool:
    """Whether a process with this in its variables runs."""
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            if token.encode() in file.read_bytes():
                return True
        except OSError:
            continue
    return False


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("end", rest_slow([signal.SIGINT, signal.SIGHUP, signal.SIGKILL, signal.SIGTERM], "as SIGHUP", first=3))
def test_however_start_py_ends_jupyterlab_ends_with_it(course, end):
    mark = secrets.token_hex(8)  # of this run alone: what another has left behind is not ours
    process = begin(course, STAYS=mark)
    text = ""
    while "To stop" not in text:
        text += process.stdout.readline()
    process.send_signal(end)
    process.wait()
    while alive(mark):  # the test's own limit ends a wait that is in vain
        time.sleep(0.1)
    assert end == signal.SIGKILL or (process.returncode == 0 and "JupyterLab has stopped" in process.stdout.read())


def test_an_open_door_is_refused(course):
    assert fails(course.start("--no-browser", UNGUARDED="1"), "lets everybody in", "JUPYTER_CONFIG_DIR=")


def test_a_lab_that_does_not_start_says_how_to_start_without_settings(course):
    lab = course.site / "jupyterlab" / "__main__.py"
    lab.write_text("raise SystemExit('in its own words')".ljust(len(lab.read_text())))
    assert fails(course.start("--no-browser"), "in its own words", "JupyterLab did not start", "JUPYTER_CONFIG_DIR=")
