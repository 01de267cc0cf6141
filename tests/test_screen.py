"""A cell that is not run yet: what it would make, and where only running it tells. Nothing of it may have an effect."""

import contextlib
import math
import signal
import time

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import count
from course_lib.by_machine.vocabulary import is_tensor_method
from course_lib.by_machine.walk.structure import model_without_values
from course_lib.live.screen import Unseen, on_screen, within


class Block(nn.Sequential):
    """A class of the learner's own, of a cell that ran."""

    def __init__(self, channels):
        super().__init__(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU())


SESSION = {"torch": torch, "nn": nn, "F": F, "math": math, "Block": Block, "width": 8, "sizes": (4, 8), "pytest": pytest}
USUAL = """
import torch
from torch import nn
from collections import OrderedDict

hidden = 2 * width

class Small(nn.Module):
    def __init__(self, features=math.prod([12, 6, 6])):
        super().__init__()
        print(f"{features} features")
        self.stem = nn.Sequential(OrderedDict([("conv", nn.Conv2d(3, 12, 3)), ("act", nn.ReLU())]))
        self.blocks = nn.ModuleList([Block(12) for _ in range(2)])
        self.gain = nn.Parameter(torch.ones(12, 1, 1))
        self.head = nn.Linear(features, hidden, bias=width > 4)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x) * self.gain
        if self.training and x.size(0) > 1:
            x = F.dropout(x, 0.5)
        x = torch.flatten(x, 1) if x.dim() == 4 else x
        return self.head(x.relu())

model = Small()
print(model)
"""


def test_the_screen_says_what_running_says():
    session = dict(SESSION)
    exec(USUAL.replace("print", "str"), session)
    typed, _ = model_without_values(on_screen(USUAL, "Small", dict(SESSION)))
    assert count(typed, (1, 3, 8, 8)) == count(session["Small"](), (1, 3, 8, 8))
    assert count(typed, (1, 3, 8, 8)).params == 3 * 9 * 12 + 12 + 2 * (12 * 9 * 12 + 12) + 12 + 432 * 16 + 16


def test_a_model_and_a_cell_about_something_else():
    assert on_screen("net = nn.Sequential(nn.Linear(4, width), nn.Linear(width, 2))", "net", SESSION)[0].out_features == 8
    assert on_screen("x = net(1)", "net", SESSION) is None
    assert on_screen("1 + 1", "Net", SESSION) is None
    with pytest.raises(SyntaxError):
        on_screen("class Net(nn.Module", "Net", SESSION)


HEAD = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
NET = HEAD + "        {init}\n    def forward(self, x):\n        {body}"


@pytest.mark.parametrize(
    "source, where",
    [
        (NET.format(init="open('made', 'w')", body="return x"), "Line 4, open"),
        (NET.format(init="pass", body="while True: pass"), "Line 6, while"),
        (NET.format(init="pass", body="return x.item()"), "Line 6, x.item"),
        (NET.format(init="pass", body="return ().__class__.__bases__"), "Line 6, ().__class__"),
        (NET.format(init="pass", body="return torch.load('x')"), "Line 6, torch.load"),
        (NET.format(init="self.n = 9 ** 9 ** 9", body="return x"), "9 ** 9 ** 9"),
        (NET.format(init="torch.manual_seed(0)", body="return x"), "Line 4, torch.manual_seed"),
        (NET.format(init="pytest.exit('gone')", body="return x"), "Line 4, pytest"),
        (NET.format(init="eval('1')", body="return x"), "Line 4, eval"),
        (NET.format(init="raise SystemExit", body="return x"), "Line 4, raise"),
        ("Net = torch.hub.load('a', 'b')", "Line 1, torch.hub"),
        ("Net = nn.Linear(unknown, 2)", "Line 1, unknown"),
        ("import os\nNet = os.system('true')", "Line 2, os"),
        ("n = len(open('x').read())\nNet = nn.Linear(n, 2)", "Line 2, n"),
        ("width = input()\nNet = nn.Linear(width, 2)", "Line 2, width"),
        ("@staticmethod\ndef Net(): pass", "Line 2, functiondef"),
        ("Net = [nn.ReLU() for _ in range(9**9)]", "9 ** 9"),
        ("Net = [nn.ReLU() for _ in range(100) for _ in range(1000)]", "range(1000)"),
        ("Net = [nn.ReLU() for _ in range(2001)]", "range(2001)"),
        ("Net = nn.Linear(2, 2).load_state_dict({})", "load_state_dict"),
        ("Net = (lambda: nn.ReLU())()", "lambda"),
        ("from torch import save\nNet = nn.Linear(2, 2)\nsave(Net, 'made')\nNet = save(Net, 'made')", "save"),
        ("from torch import *\nNet = set_num_threads(1)", "set_num_threads"),
        ("from torch import os\nNet = os", "os"),
        ("Net = __builtins__['__import__']('os')", "__builtins__"),
        ("Net = nn.Linear(2, 2)\nNet.fc = nn.Linear(2, 1000)", "Net.fc"),
        ("Net = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))\ndel Net[-1]", "delete"),
        ("Net = nn.Sequential(nn.Linear(4, 8))\nNet.add_module('fc', nn.Linear(8, 2))", "Net.add_module"),
        ("widths = [4, 8]\nwidths.pop()\nNet = nn.Linear(widths[-1], 2)", "widths"),
        ("widths = {'h': 4}\nwidths.update(h=32)\nNet = nn.Linear(widths['h'], 2)", "widths"),
        ("if __name__ == '__main__':\n    h = 99\nNet = nn.Linear(h, 2)", "h"),
        ("x = [0] * 10**6\nNet = nn.Linear(x[0], 2)", "x"),
        ("x = f'{0:>2000000000}'\nNet = nn.Linear(len(x), 2)", "x"),
        ("x = torch.ones(4, device='cpu')\nNet = nn.Linear(len(x), 2)", "x"),
    ],
)
def test_where_only_running_tells_it_says_so_at_once(source, where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = time.process_time()
    with pytest.raises(Unseen) as said:
        on_screen(source, "Net", SESSION)
    assert where in str(said.value) and str(said.value).endswith("run the cell to see.")
    assert time.process_time() - started < 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "source",
    [
        "nn.ReLU = nn.GELU", "F.relu = F.gelu", "Block.dim = 64", "nn.Linear.size = 64", "widths.append(64)", "widths += [64]",
        "widths[0] = 64", "from torch import set_grad_enabled\nset_grad_enabled(False)",
        "from torch import set_default_dtype, float64\nset_default_dtype(float64)",
    ],
)  # fmt: skip
def test_torch_and_the_session_stay_as_they_are(source):
    session = {**SESSION, "widths": [4, 8]}
    before = nn.ReLU, F.relu, hasattr(Block, "dim"), hasattr(nn.Linear, "size"), torch.is_grad_enabled(), torch.get_default_dtype()
    with contextlib.suppress(Unseen):
        on_screen(f"{source}\nNet = nn.Linear(2, 2)", "Net", session)
    now = nn.ReLU, F.relu, hasattr(Block, "dim"), hasattr(nn.Linear, "size"), torch.is_grad_enabled(), torch.get_default_dtype()
    assert now == before and session["widths"] == [4, 8]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no alarm")
@pytest.mark.parametrize(
    "source", ["l = [4]\nfor n in l:\n    l.append(2 * n)", "def f(n): return f(n - 1) + f(n - 2) if n > 1 else 1\nf(99)"]
)
def test_what_has_no_end_is_ended(source):
    with pytest.raises(Unseen, match="takes long"), within(0.5):
        on_screen(f"{source}\nNet = nn.Linear(2, 2)", "Net", SESSION)


def test_the_session_and_the_random_state_stay_as_they_are(capsys):
    session, state = dict(SESSION), torch.get_rng_state()
    on_screen(USUAL + "\nnoise = torch.rand(5)\nwidth = 3", "noise", session)
    assert session == SESSION and torch.equal(state, torch.get_rng_state()) and capsys.readouterr().out == ""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no alarm")
def test_a_busy_machine_is_no_slow_class():
    with within(0.2):
        time.sleep(0.5)  # as where others have the processor


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no alarm")
def test_what_takes_long_is_ended_also_where_an_except_swallows_the_alarm():
    ends = time.process_time() + 5
    with pytest.raises(Unseen, match="takes long"), within(0.2):
        for _ in range(2):
            with contextlib.suppress(Exception):
                while time.process_time() < ends:
                    pass
    assert time.process_time() < ends


def test_a_method_that_asks_for_values_is_none_of_a_class_that_is_only_typed():
    asking = {"apply_", "map_", "item", "tolist", "numpy", "cpu"}
    assert not any(map(is_tensor_method, asking)) and all(map(is_tensor_method, ("relu", "view", "mT")))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no such clock here")
def test_a_clock_of_the_sessions_own_is_put_back():
    def own(*_):
        pass

    before = signal.signal(signal.SIGVTALRM, own)
    try:
        with within(5):
            assert signal.getsignal(signal.SIGVTALRM) is not own
        assert signal.getsignal(signal.SIGVTALRM) is own
    finally:
        signal.signal(signal.SIGVTALRM, before)
