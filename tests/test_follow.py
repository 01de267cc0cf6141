"""follow in an IPython of its own: what the panel shows after each cell, as a lecturer edits."""

import re

import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from ipywidgets.widgets.widget import _instances

from course_lib import follow, unfollow
from course_lib.live import panel as following

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 5, {kernel})
        self.fc1 = nn.Linear({features}, 10)
        {more}
    def forward(self, x):
        return self.fc1({body})
"""
USUAL = {"kernel": 5, "features": 3920, "more": "pass", "body": "torch.relu(self.conv1(x)).flatten(1)"}


@pytest.fixture
def shell(monkeypatch):
    """An IPython in which torch is imported."""
    shell = InteractiveShell()
    shell.user_ns |= {"torch": torch, "nn": torch.nn}
    monkeypatch.setattr(following, "get_ipython", lambda: shell)
    yield shell
    unfollow()


@pytest.fixture
def panel(shell):
    return follow("Net", input_size=(1, 3, 32, 32))


def run(shell, **edit) -> None:
    shell.run_cell(NET.format(**{**USUAL, **edit}))


def cells(panel) -> list[list[str]]:
    """The rows of the table as it is drawn."""
    rows = re.findall(r"<tr.*?</tr>", panel._html.value)
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in rows]


def test_the_panel_waits_for_the_class_and_follows_it(shell, panel):
    assert "There is no Net yet" in panel._html.value
    run(shell)
    assert [row[0] for row in cells(panel)[1:]] == ["conv1", "relu", "flatten", "fc1", "total"]
    assert cells(panel)[1][1:5] == ["Conv2d 3→5, 5×5", "5×28×28", "5·5·3·5 + 5", "380"]
    assert cells(panel)[-1][4:6] == ["39,590", "333,200"]
    shown = panel._html.value
    shell.run_cell("1 + 1")
    run(shell)
    assert panel._html.value == shown, "nothing changed"


def test_a_change_is_shown_against_the_last_ledger_that_worked(shell, panel):
    run(shell)
    run(shell, kernel=3)  # a misfit between the two
    assert "fc1: expects 3920 features, but its input has 4500; 5·30·30 = 4,500: write Linear(4500, 10)" in panel._html.value
    assert cells(panel)[-2][0] == "fc1" and "fails here" in cells(panel)[-2][-1]
    run(shell, kernel=3, features=4500)
    rows = {row[0]: row for row in cells(panel)}
    assert rows["conv1"][4:6] == ["140 ▼ −240", "121,500 ▼ −172,500"]
    assert rows["total"][4:6] == ["45,150 ▲ +5,560", "166,500 ▼ −166,700"]


def test_rows_that_come_and_go_are_told(shell, panel):
    run(shell)
    run(shell, body="torch.relu(self.conv2(self.conv1(x))).flatten(1)", more="self.conv2 = nn.Conv2d(5, 5, 1)")
    assert {row[0]: row[-1] for row in cells(panel)}["conv2"] == "new"
    run(shell, body="self.conv1(x).flatten(1)")
    gone = {row[0]: row for row in cells(panel) if row[-1] == "left out"}
    assert sorted(gone) == ["conv2", "relu"] and gone["conv2"][4] == "▼ −30"


@pytest.mark.parametrize(
    "edit, says", [({"more": "1 / 0"}, "Net: ZeroDivisionError: division by zero"), ({"body": "undefined(x)"}, "Net: Misfit")]
)
def test_what_fails_leaves_the_last_good_ledger_marked_as_older(shell, panel, edit, says):
    run(shell)
    run(shell, **edit)
    if "Misfit" in says:
        assert "NameError: name &#x27;undefined&#x27; is not defined" in panel._html.value
        return
    assert says in panel._html.value and "This ledger is older than the code." in panel._html.value
    assert cells(panel)[-1][4] == "39,590" and 'class="wide older"' in panel._html.value
    run(shell)
    assert "older" not in panel._html.value


def test_arguments_that_are_missing_and_what_is_printed_are_told(shell, panel):
    run(shell, more="print('so far so good')")
    assert "Net() printed: so far so good" in panel._html.value
    shell.run_cell("class Net(nn.Module):\n    def __init__(self, width): super().__init__()")
    assert "missing 1 required positional argument: &#x27;width&#x27;" in panel._html.value


def test_another_class_that_it_uses_and_an_instance_are_followed(shell, panel):
    shell.run_cell("class Block(nn.Sequential):\n    def __init__(self): super().__init__(nn.Conv2d(3, 5, 5))")
    run(shell, body="self.block(x).flatten(1)", more="self.block = Block()")
    shell.run_cell("class Block(nn.Sequential):\n    def __init__(self): super().__init__(nn.Conv2d(3, 5, 5, bias=False))")
    assert {row[0]: row[4] for row in cells(panel)}["block.0"] == "375 ▼ −5"
    shell.run_cell("Net = nn.Sequential(nn.Conv2d(3, 5, 5))")
    assert cells(panel)[1][0] == "0"


def test_the_random_state_stays_and_unfollow_leaves_nothing(shell, panel):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    run(shell, more="torch.manual_seed(1); self.noise = torch.rand(5)")
    assert torch.equal(torch.rand(3), expected)
    shown = panel._html.value
    unfollow("Net")
    run(shell, kernel=7)
    assert shell.events.callbacks["post_run_cell"] == [] and not following.FOLLOWED and panel._html.value == shown


def test_following_again_replaces_the_panel(shell, panel):
    again = follow("Net", input_size=(1, 3, 64, 64))
    assert shell.events.callbacks["post_run_cell"] == [again.update] and panel.comm is None


def test_a_panel_that_is_closed_leaves_no_widget(shell, panel):
    before = len(_instances)
    for _ in range(3):
        follow("Net", input_size=(1, 3, 32, 32))
    after = len(_instances)
    assert after == before


def test_in_a_terminal_it_prints(shell, panel, capsys):
    run(shell)
    assert "conv1    Conv2d 3→5, 5×5  5×28×28" in capsys.readouterr().out


def test_its_twin_has_the_numbers(shell, panel):
    run(shell)
    data = panel._repr_mimebundle_()[0]
    assert "39,590" in data["text/html"] and "39,590" in data["text/plain"]


@pytest.mark.parametrize(
    "ask, error, says",
    [
        (lambda: follow(torch.nn.Linear, (1, 3)), TypeError, "the name of a class in quotes"),
        (lambda: follow("Net"), TypeError, "give input_size with the batch"),
    ],
)
def test_bad_input_is_named(shell, ask, error, says):
    with pytest.raises(error, match=says):
        ask()


def test_without_ipython_it_says_so(monkeypatch):
    monkeypatch.setattr(following, "get_ipython", lambda: None)
    with pytest.raises(RuntimeError, match="needs IPython or Jupyter"):
        follow("Net", (1, 3))


def source(**edit) -> str:
    return NET.format(**{**USUAL, **edit})


def test_while_typing_it_shows_what_the_cell_would_make(shell, panel):
    run(shell)
    panel.typed(source(kernel=3, features=4500))
    assert "As typed, not run yet." in panel._html.value
    assert cells(panel)[-1][4:6] == ["45,150 ▲ +5,560", "166,500 ▼ −166,700"]
    panel.typed(source(kernel=3))
    assert "As typed, not run yet." in panel._html.value and "write Linear(4500, 10)" in panel._html.value
    shown = panel._html.value
    panel.typed(source(kernel=3).replace("3, 5, 3)", "3, 5, "))
    panel.typed("Net = ")
    panel.typed("Net")
    assert panel._html.value == shown, "what is not whole, or about something else, changes nothing"
    panel.typed(source())
    assert "As it ran." in panel._html.value and cells(panel)[-1][4] == "39,590"


def test_a_return_that_is_typed_away_is_told_though_the_ledger_is_the_same(shell, panel):
    run(shell)
    panel.typed(source().replace("return ", ""))
    assert "As typed, not run yet." in panel._html.value and "forward returns None" in panel._html.value
    panel.typed(source())
    assert "As it ran." in panel._html.value and "forward returns None" not in panel._html.value


def test_typing_changes_nothing_but_the_panel(shell, panel):
    run(shell)
    kind, state = shell.user_ns["Net"], torch.get_rng_state()
    panel.typed(source(more="self.noise = nn.Parameter(torch.rand(5))"))
    assert cells(panel)[-2][0] == "model" and cells(panel)[-2][4] == "5 ▲ +5"
    assert shell.user_ns["Net"] is kind and torch.equal(state, torch.get_rng_state())
    run(shell)
    assert "As it ran." in panel._html.value and cells(panel)[-1][4] == "39,590", "the change is against what ran"


def test_where_the_static_part_ends_it_says_so_over_the_last_ledger(shell, panel):
    run(shell)
    panel.typed(source(more="self.n = open('x')"))
    assert "Line 7, open: run the cell to see." in panel._html.value
    assert 'class="wide older"' in panel._html.value and cells(panel)[-1][4] == "39,590"


def test_before_the_first_run_it_shows_what_is_typed(shell, panel):
    panel.typed(source())
    assert "As typed, not run yet." in panel._html.value and cells(panel)[-1][4] == "39,590"


@pytest.mark.parametrize(
    "edit, says",
    [
        ({"features": 784, "body": "self.conv1(x).view(-1, 784)"}, "The batch changed from 1 to 5"),
        ({"more": "self.spare = nn.Linear(2, 2)"}, "spare: never used in forward."),
        ({"features": 28, "body": "self.conv1(x)"}, "fc1: applied at 140 places per image; forgot flatten?"),
    ],
)
def test_it_warns_as_compare_does(shell, panel, edit, says):
    run(shell, **edit)
    assert says in panel._html.value


def test_an_answer_that_is_a_picture_or_has_no_text_is_shown():
    from course_lib.asking import revealing

    shell = InteractiveShell.instance()
    revealing.start(shell)
    show = "%%reveal The curve\nfrom IPython.display import display\ndisplay({{{}}}, raw=True)"
    with capture_output() as shown:
        shell.run_cell(show.format("'image/png': 'AAAA', 'text/plain': '<Figure>'"))
        shell.run_cell(show.format("'application/json': '{}'"))
    InteractiveShell.clear_instance()
    picture, other = (output.data for output in shown.outputs)
    assert '<img src="data:image/png;base64,AAAA">' in picture["text/html"] and picture["text/plain"] == "The curve\n<Figure>"
    assert other["text/plain"] == "The curve\n"


def test_what_such_a_cell_warns_of_is_shown(capsys):
    from course_lib.asking import revealing

    shell = InteractiveShell.instance()
    revealing.start(shell)
    shell.run_cell("%%reveal Title\nimport sys\nprint('beware', file=sys.stderr)")
    InteractiveShell.clear_instance()
    assert capsys.readouterr().err == "beware\n"


def test_a_cell_that_is_run_again_keeps_its_change(shell, panel):
    run(shell)
    run(shell, kernel=3, features=4500)
    shown = cells(panel)
    run(shell, kernel=3, features=4500)
    assert cells(panel) == shown and shown[1][4] == "140 ▼ −240"
