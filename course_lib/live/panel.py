"""The live panel: after every cell, the ledger of the class that is being edited, and what changed since the last one."""

from html import escape
from pathlib import Path
from typing import NamedTuple

import anywidget
import ipywidgets as widgets
import traitlets
from IPython import get_ipython

from course_lib.by_hand.ledger import Ledger, Row, what
from course_lib.by_hand.networks import Network
from course_lib.by_machine.counting import counts_of, model_caveats
from course_lib.by_machine.misfit import Misfit
from course_lib.by_machine.modules import build
from course_lib.by_machine.walk.structure import model_without_values
from course_lib.cards.base import FACTS, Live
from course_lib.live.screen import Unseen, on_screen, within
from course_lib.show.tables import Cell, Table, arrow, number, times
from course_lib.words import words


def _by_place(ledger: Ledger) -> dict[tuple[str, int], Row]:
    names = [row.name for row in ledger]
    return {(row.name, names[:i].count(row.name)): row for i, row in enumerate(ledger)}


class PanelState(NamedTuple):
    """What a panel shows: a ledger and the one before it, sentences on what is amiss, and how the ledger stands to the code."""

    ledger: Ledger = Ledger()
    before: Ledger | None = None
    sentences: tuple[str, ...] = ()
    older: bool = False  # of an earlier code, since this one gives none
    failed: bool = False  # not that of a whole network
    typed: bool = False  # of a cell that is not run yet

    def table(self) -> Table:
        """The ledger with each row's change against the one before; rows that are new or gone say so."""
        before = self.ledger if self.before is None else self.before
        now, old = _by_place(self.ledger), _by_place(before)
        rows, marked = [], set()
        for place in now | old:
            was = old.get(place, Row("", ""))
            row = now.get(place, was._replace(params=0, macs=0, output_shape=(), note=words("gone")))
            new = place not in old
            if new or place not in now or FACTS(row) != FACTS(was):
                marked.add(len(rows))
            pairs = (row.params, row.params - was.params), (row.macs, row.macs - was.macs)
            numbers = [Cell(f"{number(value)} {arrow(change)}".strip(), "up" if change else "") for value, change in pairs]
            name = Cell(row.name, "name" if row.params or row.macs else "quiet")
            note = Cell("; ".join(filter(None, [words("new") * new, row.note])), "up")
            rows.append([name, what(row), times(row.output_shape), Cell(row.work.text, "work"), *numbers, note])
        headings = [f"<{words('layer')}", f"<{words('what')}", *map(words, ("output", "work", "params", "macs")), f"<{words('note')}"]
        pairs = (self.ledger.params, before.params), (self.ledger.macs, before.macs)
        total = [words("total"), "", "", "", *(f"{value:,} {arrow(value - was)}".rstrip() for value, was in pairs), ""]
        if not any(row[-1].text for row in rows):
            *rows, headings, total = (row[:-1] for row in [*rows, headings, total])
        return Table(headings, rows, total, marked=frozenset(marked))

    def html(self) -> str:
        """The table, dimmed where it is older than the code; below it how it stands to the code, and what is to be said of it."""
        problems = "".join(f'<p class="problem" role="alert">{escape(sentence)}</p>' for sentence in self.sentences)
        table = self.table().html() if self.ledger else ""
        heading = words("older" if self.older else "as_typed" if self.typed else "as_run") if self.ledger else ""
        said = f'<div class="said"><p class="quiet">{escape(heading)}</p>{problems}</div>'
        ledger = f'<div class="wide{" older" * self.older}" tabindex="0">{table}</div>'
        return f'<div class="course follow" aria-live="polite">{ledger}{said}</div>'

    def text(self) -> str:
        table = [self.table().text()] if self.ledger else []
        return "\n".join([*table, *[words("older")] * self.older, *self.sentences])


class Panel(Live):
    """The panel of one class by its name; `update` looks at it again, `typed` at a cell that is not run yet."""

    def __init__(self, name: str, asked: dict, shell) -> None:
        self._html, self.name, self.asked, self.shell = widgets.HTML(), name, asked, shell
        self._good, self._before = Ledger(), None  # the last ledger of a class that ran and worked, and the one before that
        self.state = self._ran = self._run()
        keys = anywidget.AnyWidget(_esm=Path(__file__).with_name("typed.js").read_text(encoding="utf-8"))
        keys.add_traits(source=traitlets.Unicode("").tag(sync=True))
        keys.observe(lambda change: self.typed(change["new"]), "source")
        super().__init__([self._html, keys], "course-follow")
        self._show(self.state)

    def update(self, *_) -> None:
        """Count the class as it is now; show it where something changed."""
        self._ran = self._run()
        if self._ran != self.state:
            self._show(self._ran)
            if not hasattr(self.shell, "kernel"):
                print(self.state.text())

    def typed(self, source: str) -> None:
        """Show what a cell with this source would make of the class, as far as that is seen without running it."""
        try:
            with within(1):
                kind = on_screen(source, self.name, self.shell.user_ns)
                if kind is None:
                    return
                state = self._look(kind)
        except SyntaxError:  # a line that is not whole yet
            return
        except Exception as error:
            state = self._older(str(error) if isinstance(error, Unseen) else f"{type(error).__name__}: {error}")
        if state._replace(before=self._ran.before) == self._ran:
            self._show(self._ran)
        else:
            before = state.before if state.failed else self._good or None
            self._show(state._replace(before=before, typed=True))

    def _show(self, state: PanelState) -> None:
        self.state = state
        self._html.value = state.html()

    def _run(self) -> PanelState:
        """The class of this name in the learner's session, and what changed."""
        if self.name not in self.shell.user_ns:
            return self._older(words("no_class", name=self.name))
        state = self._look(self.shell.user_ns[self.name])
        if state.failed:
            return state
        if state.ledger != self._good:
            self._before, self._good = self._good or None, state.ledger
        return state._replace(before=self._before)

    def _look(self, kind) -> PanelState:
        """A class, or a model, counted; or the last good ledger, and what went wrong."""
        try:
            model, printed = model_without_values(build(kind, "meta") if isinstance(kind, Network) else kind)
            counts = counts_of(model, **self.asked)
            sentences = model_caveats(model, counts, **self.asked)
        except Misfit as failed:
            return PanelState(failed.ledger, None, (str(failed),), failed=True)
        except Exception as error:  # whatever a class that is being edited does: it is told, and the last good ledger stays
            return self._older(str(error) if isinstance(error, Unseen) else f"{self.name}: {type(error).__name__}: {error}")
        sentences += [words("printed", name=self.name, text=printed)] if printed else []
        return PanelState(counts.ledger, None, tuple(sentences))

    def _older(self, sentence: str) -> PanelState:
        return PanelState(self._good, self._before, (sentence,), older=bool(self._good), failed=True)

    def bundle(self) -> dict[str, str]:
        return {"text/html": self.state.html(), "text/plain": self.state.text()}


FOLLOWED: dict[str, Panel] = {}


def follow(name: str, input_size=None, input_data=None) -> Panel:
    """A panel that shows what the class of this name costs: while its cell is typed, and after every run, with what changed.

    The class stays plain Python and takes no arguments; input_size has the batch, as in `count`. JupyterLab's "Create New View
    for Output" puts the panel beside the notebook. `unfollow(name)` ends it.
    """
    shell = get_ipython()
    if shell is None:
        raise RuntimeError(words("card.follow_shell"))
    if not isinstance(name, str):
        raise TypeError(words("card.follow_name", name=name))
    if (input_size is None) == (input_data is None):
        raise TypeError(words("card.follow_input"))
    unfollow(name)
    panel = FOLLOWED[name] = Panel(name, {"input_size": input_size, "input_data": input_data}, shell)
    shell.events.register("post_run_cell", panel.update)
    return panel


def unfollow(name: str | None = None) -> None:
    """End the panel of this name, or all."""
    for known in [name] if name else list(FOLLOWED):
        if panel := FOLLOWED.pop(known, None):
            panel.shell.events.unregister("post_run_cell", panel.update)
            panel.close()
