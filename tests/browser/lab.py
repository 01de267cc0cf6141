"""A real JupyterLab on loopback, and the system's Chromium, for the browser tests and for the README's picture."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
PATIENCE = 100_000  # milliseconds; a little below what a test may take, so that its failure names what is missing
READY = """() => { const p = window.jupyterapp?.shell.currentWidget, k = p?.sessionContext?.session?.kernel;
  return k && k.connectionStatus === 'connected' && k.status === 'idle'; }"""
# Every message that was sent to the kernel is answered, what came of it is painted, and for five frames nothing has moved.
SETTLED = """async () => {
  const frame = () => new Promise(done => requestAnimationFrame(done));
  const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
  await frame();
  if (kernel?.connectionStatus === 'connected') await kernel.requestExecute({ code: '', silent: true, store_history: false }).done;
  await document.fonts.ready;
  const look = () => JSON.stringify([document.activeElement?.className,
    ...[...document.querySelectorAll('.jp-Cell, .course-card, .course-card svg')].map(e => e.getBoundingClientRect())]);
  const moves = a => a.playState === 'running' && a.effect?.getComputedTiming().endTime !== Infinity
    && !a.effect.target?.matches('.cm-cursorLayer');  // a caret blinks for a second after each key
  for (let same = 0, before = ''; same < 5;) {
    await frame();
    const now = look();
    same = now === before && !document.getAnimations().some(moves) ? same + 1 : 0;
    before = now;
  }
}"""


class Lab(NamedTuple):
    """A JupyterLab that runs: where it answers, and the folder that it shows."""

    address: str
    token: str
    root: Path

    def open(self, page, name: str) -> None:
        """The notebook in a page, its kernel idle; nothing is run."""
        page.goto(f"{self.address}/lab/tree/{name}?reset&token={self.token}")
        page.wait_for_function(READY)

    def run(self, page, name: str):
        """The notebook in a page, its kernel idle after running every cell."""
        if page.url.startswith(self.address):  # it shows this JupyterLab: a second load would cost seconds
            self.close_all(page)
            page.evaluate("path => window.jupyterapp.commands.execute('docmanager:open', { path })", name)
            page.wait_for_function(READY)
        else:
            self.open(page, name)
            command(page, "application:toggle-left-area")
        run_all(page)
        return page

    def close_all(self, page) -> None:
        """Close what the page shows of this JupyterLab, saved or not."""
        if page.url.startswith(self.address):
            page.evaluate("() => [...window.jupyterapp.shell.widgets('main')].forEach(widget => widget.dispose())")

    def write(self, name: str, *sources: str) -> str:
        """A notebook of these code cells in its folder, nothing run yet: its name."""
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, self.root / name)
        return name

    def end_kernels(self) -> None:
        """End what runs, as the file browser's "Shut down all" does."""
        for session in self._ask("sessions"):
            with contextlib.suppress(OSError):
                self._ask(f"sessions/{session['id']}", "DELETE")

    def _ask(self, what: str, method: str = "GET"):
        request = urllib.request.Request(f"{self.address}/api/{what}?token={self.token}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")


def command(page, name: str) -> None:
    """Carry out a command of JupyterLab's; it is over where this returns."""
    page.evaluate("name => window.jupyterapp.commands.execute(name)", name)


def run_all(page) -> None:
    """Run every cell, until the kernel is idle."""
    command(page, "notebook:run-all-cells")
    page.wait_for_function(READY)


def settle(page) -> None:
    """Wait until what was typed, pressed or run is shown, however long this machine takes for it."""
    page.evaluate(SETTLED)


@contextlib.contextmanager
def browser():
    """The system's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@contextlib.contextmanager
def jupyterlab(folder: Path) -> Iterator[Lab]:
    """JupyterLab on folder/root, with settings of its own; it ends with the block."""
    token = secrets.token_hex(16)
    words = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root",
             f"--ServerApp.root_dir={folder / 'root'}", "--LabApp.expose_app_in_browser=True",
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
    (folder / "root").mkdir(exist_ok=True)
    environment = {**os.environ, "JUPYTER_TOKEN": token, "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "PYTHONPATH": str(ROOT)}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
    try:
        while not (address := answers_at(folder / "runtime", token)):  # the test's own limit ends a wait that is in vain
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        yield Lab(address, token, folder / "root")
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:  # a kernel that is being restarted can hold it
            server.kill()
            server.wait(30)


def answers_at(runtime: Path, token: str) -> str:
    """The address of the one server that has written about itself in this folder, once it answers; before, nothing."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        address = f"http://127.0.0.1:{json.loads(next(runtime.glob('jpserver-*.json')).read_text(encoding='utf-8'))['port']}"
        urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=60).close()
        return address
    return ""
