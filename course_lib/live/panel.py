"""The live panel: after every cell, the ledger of the class that is being edited, and what changed since the last one."""

import os
from collections import Counter
from html import escape
from pathlib import Path
from typing import NamedTuple

import ipywidgets as widgets
import traitlets
from IPython import get_ipython

from course_lib.by_hand.ledger import Ledger, Row, what
from course_lib.by_hand.networks import Network
from course_lib.cards.base import VIEW, style_and_notes, widget_parts
from course_lib.cards.controls import anywidget
from course_lib.show.tables import Cell, Table, arrow, number, times
from course_lib.words import words

TYPED = Path(__file__).with_name("typed.js")  # hears of every key in a cell


class PanelState(NamedTuple):
    """What a panel shows: a ledger and the one before it, sentences on what is amiss, and how the ledger stands to the code."""

    ledger: Ledger = Ledger()
    before: Ledger | None = None
    sentences: tuple[str, ...] = ()
    older: bool = False  # of an earlier code, since this one gives none
    failed: bool = False  # not that of a whole network
    typed: bool = False  # of a cell that is not run yet

    @property
    def heading(self) -> str:
        """How the ledger, if there is one, stands to the code, in words."""
        return words("older" if self.older else "as_typed" if self.typed else "as_run") if self.ledger else ""


def _by_place(ledger: Ledger) -> dict[tuple[str, int], Row]:
    """The rows by name, and which row of that name it is."""
    count, found = Counter(), {}
    for row in ledger:
        found[row.name, count[row.name]] = row
        count[row.name] += 1
    return found


class _Change(NamedTuple):
    """A row of the ledger now, as none where it is gone, and the row that it was."""

    row: Row
    was: Row
    gone: bool
    new: bool

    @property
    def changed(self) -> bool:
        now, before = ((row.params, row.macs, row.output_shape) for row in (self.row, self.was))
        return self.gone or self.new or now != before

    def cells(self) -> list[str | Cell]:
        row, was = self.row, self.was
        note = words("gone") if self.gone else "; ".join(filter(None, [words("new") * self.new, row.note]))
        numbers = [_with_change(row.params, row.params - was.params), _with_change(row.macs, row.macs - was.macs)]
        name = Cell(row.name, "name" if row.params or row.macs else "quiet")
        return [name, what(row), times(row.output_shape), Cell(row.work.text, "work"), *numbers, Cell(note, "up")]


def _changes(ledger: Ledger, before: Ledger) -> list[_Change]:
    """Every row now, then those that are gone."""
    now, old, none = _by_place(ledger), _by_place(before), Row("", "")
    here = [_Change(row, old.get(place, none), False, place not in old) for place, row in now.items()]
    gone = [row for place, row in old.items() if place not in now]
    return here + [_Change(row._replace(params=0, macs=0, output_shape=()), row, True, False) for row in gone]


def follow_table(state: PanelState) -> Table:
    """The ledger with each row's change against the one before; rows that are new or gone say so."""
    before = state.ledger if state.before is None else state.before
    changes = _changes(state.ledger, before)
    rows = [change.cells() for change in changes]
    marked = frozenset(i for i, change in enumerate(changes) if change.changed)
    headings = [f"<{words('layer')}", f"<{words('what')}", *map(words, ("output", "work", "params", "macs")), f"<{words('note')}"]
    if not any(row[-1].text for row in rows):
        rows, headings = [row[:-1] for row in rows], headings[:-1]
    pairs = (state.ledger.params, before.params), (state.ledger.macs, before.macs)
    params, macs = (f"{value:,} {arrow(value - was)}".rstrip() for value, was in pairs)
    total = [words("total"), "", "", "", params, macs, ""][: len(headings)]
    return Table(headings, rows, total, notes=state.sentences, marked=marked)


def _with_change(value: int, change: int) -> Cell:
    return Cell(" ".join(filter(None, [number(value), arrow(change)])), "up" if change else "")


def follow_html(state: PanelState) -> str:
    """The panel's HTML: the table, dimmed where it is older than the code, and below it what is to be said of it."""
    sentences = f'<p class="quiet">{escape(state.heading)}</p>'
    sentences += "".join(f'<p class="problem" role="alert">{escape(sentence)}</p>' for sentence in state.sentences)
    table = follow_table(state._replace(sentences=())).html() if state.ledger else ""
    return (
        f'<div class="course follow" aria-live="polite"><div class="wide{" older" * state.older}" tabindex="0">{table}</div>'
        f'<div class="said">{sentences}</div></div>'
    )


def follow_text(state: PanelState) -> str:
    heading = (state.heading,) if state.older else ()
    return follow_table(state._replace(sentences=heading + state.sentences)).text() if state.ledger else "\n".join(state.sentences)


class Panel(widgets.VBox):
    """The panel of one class by its name; `update` looks at it again, `typed` at a cell that is not run yet."""

    def __init__(self, name: str, asked: dict, shell) -> None:
        self._html, self.name, self.asked, self.shell = widgets.HTML(), name, asked, shell
        self._good, self._before = Ledger(), None  # the last ledger of a class that ran and worked, and the one before that
        self.state = self._ran = self._run()
        super().__init__([style_and_notes(), self._html, *self._keys()])
        self.add_class("course-card").add_class("course-follow")
        self._show(self.state)

    def _keys(self) -> list[widgets.Widget]:
        """What hears of every key in a cell; nothing where the front end cannot."""
        if anywidget is None:
            return []
        keys = anywidget.AnyWidget(_esm=TYPED.read_text(encoding="utf-8"))
        keys.add_traits(source=traitlets.Unicode("").tag(sync=True))
        keys.observe(lambda change: self.typed(change["new"]), "source")
        return [keys]

    def update(self, *_) -> None:
        """Count the class as it is now; show it where something changed."""
        self._ran = self._run()
        if self._ran != self.state:
            self._show(self._ran)
            if not hasattr(self.shell, "kernel"):
                print(follow_text(self.state))

    def typed(self, source: str) -> None:
        """Show what a cell with this source would make of the class, as far as that is seen without running it."""
        from course_lib.live.screen import Unseen, on_screen, within

        try:
            with within(1):
                kind = on_screen(source, self.name, self.shell.user_ns)
                state = None if kind is None else self._look(kind)
        except SyntaxError:  # a line that is not whole yet
            return
        except Exception as error:
            sentence = str(error) if isinstance(error, Unseen) else f"{type(error).__name__}: {error}"
            self._show(PanelState(self._good, self._before, (sentence,), older=bool(self._good)))
            return
        if state is None:
            return
        if (state.ledger, state.sentences, state.failed) == (self._ran.ledger, self._ran.sentences, self._ran.failed):
            self._show(self._ran)
        else:
            before = state.before if state.failed else self._good or None
            self._show(state._replace(before=before, typed=True))

    def _show(self, state: PanelState) -> None:
        self.state = state
        self._html.value = follow_html(state)

    def _run(self) -> PanelState:
        """The class of this name in the learner's session, and what changed."""
        if self.name not in self.shell.user_ns:
            return PanelState(self._good, self._before, (words("no_class", name=self.name),), older=bool(self._good), failed=True)
        state = self._look(self.shell.user_ns[self.name])
        if state.failed:
            return state
        if state.ledger != self._good:
            self._before, self._good = self._good or None, state.ledger
        return state._replace(before=self._before)

    def _look(self, kind) -> PanelState:
        """A class, or a model, counted; or the last good ledger, and what went wrong."""
        from course_lib.by_machine.counting import counts_of, model_caveats
        from course_lib.by_machine.misfit import Misfit
        from course_lib.by_machine.modules import build
        from course_lib.by_machine.walk.structure import model_without_values
        from course_lib.live.screen import Unseen

        try:
            model, printed = model_without_values(build(kind, "meta") if isinstance(kind, Network) else kind)
            counts = counts_of(model, **self.asked)
            sentences = model_caveats(model, counts, **self.asked)
        except Misfit as failed:
            return PanelState(failed.ledger, None, (str(failed),), failed=True)
        except Unseen:
            raise
        except Exception as error:  # whatever a class that is being edited does: it is told, and the last good ledger stays
            sentence = f"{self.name}: {type(error).__name__}: {error}"
            return PanelState(self._good, self._before, (sentence,), older=bool(self._good), failed=True)
        sentences += [words("printed", name=self.name, text=printed)] if printed else []
        return PanelState(counts.ledger, None, tuple(sentences))

    def close(self) -> None:
        """Free the panel with its parts."""
        for part in list(widget_parts(self)) if self.comm is not None else ():
            widgets.Widget.close(part)

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = super()._repr_mimebundle_(include=include, exclude=exclude)
        data[VIEW]["pid"] = os.getpid()
        return {**data, "text/html": follow_html(self.state), "text/plain": follow_text(self.state)}, {}


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
