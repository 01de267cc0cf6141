"""vote: a question for a room, with four numbers and who believes each."""

from html import escape

from course_lib.asking.exercises import ask, exercise, why
from course_lib.asking.slips import Function, Slip, specific, unlikely
from course_lib.asking.telling import sentence, shown
from course_lib.by_hand.layers import whole
from course_lib.show.tables import Cell, Table, arrow
from course_lib.words import words

TILE = "border:2px solid #2a6ab3;border-radius:10px;padding:10px 16px;line-height:1.4"


class Vote(Table):
    """A vote as four large tiles; as text, the table that it is."""

    def html(self) -> str:
        tiles = ""
        for row in self.rows:
            letter, number, *rest = [cell.text if isinstance(cell, Cell) else cell for cell in row]
            said = zip(self.columns[2:], rest, strict=True)  # hands by round; and last, under no heading, who believes it
            lines = [escape(text if heading.startswith("<") else f"{heading}: {text}") for heading, text in said if text]
            head = f'<span style="font-size:22px">{letter}</span> <b style="font-size:32px">{escape(number)}</b>'
            tiles += f'<div style="{TILE}">{head}{"".join(f"""<div style="font-size:18px">{line}</div>""" for line in lines)}</div>'
        grid = "display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:14px"
        return f'<p style="font-size:20px"><b>{escape(self.caption)}</b></p><div style="{grid}">{tiles}</div>'


def vote(name: str, reveal: bool = False, variant: int | None = None, first: list[int] = (), second: list[int] = ()) -> Table:
    """A question with four numbers, three of them other people's mistakes; with reveal=True, who believes which.

    `first` and `second` are the hands for A to D before and after neighbours have talked: how the room has moved.

    >>> vote("fc1-params")
    How many parameters does fc1, Linear(192, 128), have?
    vote  number
    A      1,664
    B     24,576
    C     24,704
    D     24,768
    """
    answer = exercise(name, variant)
    if isinstance(answer, Function):
        raise TypeError(words("exercise_call.no_vote", name=name))
    options = {answer.value(): words("vote_right") + " " + why(name, answer)}
    chosen = [Slip(*slip.split("-")) for slip in answer.votes.split()]
    for slip in chosen or sorted(answer.slips(), key=lambda slip: (not specific(name, answer, slip), unlikely((slip,)))):
        number = answer.outcome(slip)
        if number is not None and number not in options and len(options) < 4:
            options[number] = sentence(name, answer, slip)
    rounds = [hands for hands in (first, second) if hands]
    if any(not isinstance(hands, (list, tuple)) or len(hands) != len(options) for hands in rounds):
        raise ValueError(words("exercise_call.hands", answers=len(options)))
    counted = [[f"{whole('vote: hands', hands[i], 0)}" for hands in rounds] for i in range(len(options))]
    moved = [[arrow(second[i] - first[i])] for i in range(len(options))] if len(rounds) == 2 else [[]] * len(options)
    rows = [
        [letter, Cell(shown(number), "name"), *counted[i], *moved[i]] + [options[number]] * reveal
        for i, (letter, number) in enumerate(zip("ABCD", sorted(options), strict=False))
    ]
    heads = [words("hands", n=n) for n in range(1, len(rounds) + 1)] + [words("change")] * (len(rounds) == 2)
    columns = [f"<{words('vote')}", words("number"), *heads] + [f"<{words('believes')}"] * reveal
    return Vote(columns, rows, caption=ask(name, answer))
