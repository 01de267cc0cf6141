"""vote: a question for a room, with four numbers and who believes each."""

from course_lib.asking.exercises import ask, exercise, why
from course_lib.asking.slips import Function, specific, unlikely
from course_lib.asking.telling import sentence, shown
from course_lib.by_hand.layers import whole
from course_lib.show.tables import Cell, Table, arrow
from course_lib.words import words


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
    slips = sorted(answer.slips(), key=lambda slip: (not specific(name, answer, slip), unlikely((slip,))))
    for slip in answer.voted() or slips:
        number = answer.outcome(slip)
        if number is not None and number not in options and len(options) < 4:
            options[number] = sentence(name, answer, slip)
    rounds = [hands for hands in (first, second) if hands]
    if any(len(hands) != len(options) for hands in rounds):
        raise ValueError(words("exercise_call.hands", answers=len(options)))
    counted = [[f"{whole('vote: hands', hands[i], 0)}" for hands in rounds] for i in range(len(options))]
    moved = [[arrow(second[i] - first[i])] for i in range(len(options))] if len(rounds) == 2 else [[]] * len(options)
    rows = [
        [letter, Cell(shown(number), "name"), *counted[i], *moved[i]] + [options[number]] * reveal
        for i, (letter, number) in enumerate(zip("ABCD", sorted(options), strict=False))
    ]
    heads = [words("hands", n=n) for n in range(1, len(rounds) + 1)] + [words("change")] * (len(rounds) == 2)
    columns = [f"<{words('vote')}", words("number"), *heads] + [f"<{words('believes')}"] * reveal
    return Table(columns, rows, caption=ask(name, answer))
