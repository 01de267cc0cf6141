"""%%reveal: a cell that shows an answer. Run by itself it is open; run with all the others, or stored, it is closed, one click away."""

import sys
from datetime import timedelta
from html import escape

from IPython.display import display
from IPython.utils.capture import capture_output

from course_lib.words import words

AT_ONCE = timedelta(seconds=0.5)  # cells sent this close to each other were sent by "Run all", by a busy browser, too
_sent = []  # when the last two cells were sent, as the notebook says


def start(shell) -> None:
    """Give this IPython its %%reveal."""
    shell.register_magic_function(lambda line, cell: reveal_cell(shell, line, cell), "cell", "reveal")
    shell.events.register("pre_run_cell", lambda info: _remember_date(shell))
    _remember_date(shell)


def _request(shell) -> dict:
    return getattr(shell, "parent_header", None) or {}


def _remember_date(shell) -> None:
    date = _request(shell).get("header", {}).get("date")
    if date and date not in _sent:
        _sent[:] = [*_sent[-1:], date]


def by_itself(shell) -> bool:
    """Whether a person has run this cell alone: a notebook that shows its cells sent it, and the one before was not sent with it."""
    shown = "cellId" in _request(shell).get("metadata", {})
    return shown and (len(_sent) < 2 or abs(_sent[1] - _sent[0]) > AT_ONCE)


def _html_of(part: dict[str, str]) -> str:
    if "image/png" in part:
        return f'<img src="data:image/png;base64,{part["image/png"]}">'
    return f"<pre>{escape(part.get('text/plain', ''))}</pre>"


def reveal_cell(shell, line: str, cell: str) -> None:
    """Run a cell and show what it shows under its first line, which opens and closes it."""
    title = line.strip() or words("answer_title")
    with capture_output() as shown:
        result = shell.run_cell(cell)
    sys.stderr.write(shown.stderr)
    if not result.success:  # the traceback stands there already
        return shown.show()
    parts = [output.data for output in shown.outputs]
    if shown.stdout:
        parts.insert(0, {"text/plain": shown.stdout.rstrip("\n")})
    html = "".join(part.get("text/html") or _html_of(part) for part in parts)
    html = f"<details{' open' * by_itself(shell)}><summary><b>{escape(title)}</b></summary>{html}</details>"
    text = "\n".join([title, *(part.get("text/plain", "") for part in parts)])
    display({"text/html": html, "text/plain": text}, raw=True)
