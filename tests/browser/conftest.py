"""A real JupyterLab on a copy of the notebooks, and the system's Chromium. Without Chromium these tests skip, or fail
where COURSE_BROWSER=required says that it must be there."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@contextmanager
def browser():
    """The system's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@contextmanager
def jupyterlab(folder: Path):
    """JupyterLab on folder/root, on loopback, with settings of its own: (address, token); it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root",
               "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder / 'root'}", "--LabApp.expose_app_in_browser=True",
               f"--LabApp.user_settings_dir={folder / 'settings'}", f"--LabApp.workspaces_dir={folder / 'workspaces'}",
               "--KernelManager.transport_encryption=auto",
               "--ServerApp.jpserver_extensions={'course_lib.server': True}"]  # fmt: skip
    settings = folder / "settings" / "@jupyterlab"
    for plugin, text in (
        ("apputils-extension/notification", '{"fetchNews": "false", "checkForUpdates": false}'),
        ("notebook-extension/tracker", '{"windowingMode": "none"}'),  # cells out of sight are there too
    ):
        (settings / plugin).parent.mkdir(parents=True, exist_ok=True)
        (settings / f"{plugin}.jupyterlab-settings").write_text(text)
    environment = {**os.environ, "JUPYTER_TOKEN": token, "PYTHONPATH": str(ROOT)}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={token}", timeout=2)
                break
            except OSError:
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}", token
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:  # a kernel that is being restarted can hold it
            server.kill()
            server.wait(30)


def open_and_run(page, lab, name: str):
    """The notebook in JupyterLab, its kernel idle after running every cell."""
    base, token = lab
    page.goto(f"{base}/lab/tree/{name}?reset&token={token}")
    page.wait_for_function(READY, timeout=60_000)
    page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_timeout(300)
    page.wait_for_function(READY, timeout=120_000)
    return page


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        say = pytest.fail if os.environ.get("COURSE_BROWSER") == "required" else pytest.skip
        say("no Chromium on this machine: install the system's chromium to run the browser tests")
    with browser() as started:
        yield started


@pytest.fixture(scope="session")
def lab(tmp_path_factory, chromium):
    """JupyterLab on a copy of the notebooks, and of lesson 8 up to its card: the rest of it takes its time."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "root")
    lesson = json.loads((folder / "root/08_vgg16.ipynb").read_text(encoding="utf-8"))
    (folder / "root/vgg_card.ipynb").write_text(json.dumps({**lesson, "cells": lesson["cells"][:3]}), encoding="utf-8")
    with jupyterlab(folder) as started:
        yield started


READY = """() => { const p = window.jupyterapp?.shell.currentWidget, k = p?.sessionContext?.session?.kernel;
  return k && k.connectionStatus === 'connected' && k.status === 'idle'; }"""


@pytest.fixture(scope="module")
def open_notebook(lab, chromium):
    """open_notebook("01….ipynb") → the page, all cells run; at the end, no request has left the machine."""
    context = chromium.new_context(viewport={"width": 1600, "height": 1000})
    away = []

    def open_(name: str):
        page = context.new_page()
        page.on("request", lambda r: None if re.match(r"(https?|wss?)://127\.0\.0\.1|data:|blob:", r.url) else away.append(r.url))
        return open_and_run(page, lab, name)

    yield open_
    context.close()
    assert not away, f"requests to other hosts: {away}"
