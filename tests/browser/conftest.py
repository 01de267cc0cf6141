"""One Chromium and one JupyterLab for all browser tests of a process. Without Chromium these tests skip, or fail where
COURSE_BROWSER=required says that it must be there."""

import os
import re
import shutil

import lab as labs
import pytest


@pytest.fixture(scope="session")
def chromium():
    if labs.CHROMIUM is None:
        say = pytest.fail if os.environ.get("COURSE_BROWSER") == "required" else pytest.skip
        say("no Chromium on this machine: install the system's chromium to run the browser tests")
    with labs.browser() as started:
        yield started


@pytest.fixture(scope="session")
def one_lab(tmp_path_factory, chromium):
    """JupyterLab on a copy of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(labs.ROOT / "notebooks", folder / "root")
    with labs.jupyterlab(folder) as started:
        yield started


@pytest.fixture(scope="session")
def one_page(chromium):
    """A page, and what it has asked of other machines. One for all tests: a second load in it costs half of a first."""
    page, away = chromium.new_page(), []
    page.set_default_timeout(labs.PATIENCE)
    page.on("request", lambda r: None if re.match(r"(https?|wss?)://127\.0\.0\.1|data:|blob:", r.url) else away.append(r.url))
    yield page, away
    page.close()


@pytest.fixture(scope="session")
def page(one_page):
    return one_page[0]


@pytest.fixture(scope="module")
def lab(one_lab, page):
    """That JupyterLab; the kernels that a file's tests started end with its last one, and what the page shows."""
    yield one_lab
    one_lab.close_all(page)
    one_lab.end_kernels()


@pytest.fixture(autouse=True)
def stays_here(one_page):
    """No request leaves the machine."""
    yield
    assert not one_page[1], f"requests to other hosts: {one_page[1]}"


@pytest.fixture(scope="module")
def open_notebook(lab, page):
    """open_notebook("01….ipynb") → the page with this notebook, all cells run."""

    def open_(name: str):
        page.set_viewport_size({"width": 1600, "height": 1000})
        return lab.run(page, name)

    return open_
