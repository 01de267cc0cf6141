"""vote: a question for a room, with four numbers and who believes each."""

from html import escape

from course_lib.asking.answers.number import shown_number
from course_lib.asking.exercises import exercise_of
from course_lib.by_hand.layers import whole
from course_lib.show.tables import Cell, Table, arrow
from course_lib.words import words

TILE = "border:2px solid #2a6ab3;border-radius:10px;padding:10px 16px;line-height:1.4"


class Vote(Table):
    """A vote as four large tiles; as text, the table that it is."""

    def html(self) -> str:
        grid = "display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:14px"
        tiles = "".join(map(self._tile, self.rows))
        return f'<p style="font-size:20px"><b>{escape(self.caption)}</b></p><div style="{grid}">{tiles}</div>'

    def _tile(self, row: list[str | Cell]) -> str:
        letter, (number, _), *rest = row
        labelled = zip(self.columns[2:], rest, strict=True)  # hands by round; and last, under no heading, who believes it
        lines = [escape(text if heading.startswith("<") else f"{heading}: {text}") for heading, text in labelled if text]
        head = f'<span style="font-size:22px">{letter}</span> <b style="font-size:32px">{escape(number)}</b>'
        below = "".join(f'<div style="font-size:18px">{line}</div>' for line in lines)
        return f'<div style="{TILE}">{head}{below}</div>'


def vote(name: str, reveal: bool = False, variant: int | None = None, first: list[int] = (), second: list[int] = ()) -> Table:
    """A question with four numbers, three of them other people's mistakes; with reveal=True, who believes which.

    `first` and `second` are the hands for A to D before and after neighbours have talked: how the room has moved.

    >>> [number.text for _, number in vote("fc1-params").rows]
    ['1,664', '24,576', '24,704', '24,768']
    """
    exercise = exercise_of(name, variant)
    options = dict(sorted(exercise.options().items()))
    rounds = [hands for hands in (first, second) if hands]
    if any(not isinstance(hands, (list, tuple)) or len(hands) != len(options) for hands in rounds):
        raise ValueError(words("exercise_call.hands", answers=len(options)))
    columns = {f"<{words('vote')}": "ABCD"[: len(options)], words("number"): [Cell(shown_number(number), "name") for number in options]}
    for n, hands in enumerate(rounds, 1):
        columns[words("hands", n=n)] = [f"{whole('vote: hands', count, 0)}" for count in hands]
    if len(rounds) == 2:
        columns[words("change")] = [arrow(after - before) for before, after in zip(first, second, strict=True)]
    if reveal:
        columns[f"<{words('believes')}"] = options.values()
    return Vote(list(columns), [list(row) for row in zip(*columns.values(), strict=True)], caption=exercise.question())
