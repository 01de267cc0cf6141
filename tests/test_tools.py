"""The counting tools themselves are the judges of our rules: each is asked for real, in a process of its own."""

import ctypes
import json
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version

import cloudpickle
import pytest
import torch
import torch.nn.functional as F
import torchinfo
from runs import rest_slow
from torch import nn

from course_lib import build, conv1d_net, reconcile, small_cnn, vgg16_32
from course_lib.asking.exercises import EXERCISES
from course_lib.by_hand.conventions import CONVENTIONS, Convention
from course_lib.by_machine import reconciling, tools
from course_lib.by_machine.evidence import ArticleVGG
from course_lib.by_machine.tools import TOOLS, Tool


class Residual(nn.Module):
    """Residuals, groups, BatchNorm, one activation used once or twice."""

    def __init__(self, twice=False):
        super().__init__()
        self.stem, self.bn = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.act, self.last = nn.ReLU(), nn.ReLU()
        self.depthwise, self.pointwise = nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 8, 1)
        self.pool, self.fc, self.twice = nn.AdaptiveAvgPool2d(1), nn.Linear(8, 10), twice

    def forward(self, x):
        x = self.act(self.bn(self.stem(x)))
        x = (self.act if self.twice else self.last)(x + self.pointwise(self.depthwise(x)))
        return self.fc(torch.flatten(self.pool(x), 1))


class Transformer(nn.Module):
    """One block, one head for the words, tied or not, attention in one call or left out."""

    def __init__(self, tied=True, attention=True):
        super().__init__()
        self.embed, self.norm1, self.norm2 = nn.Embedding(50, 16), nn.LayerNorm(16), nn.LayerNorm(16)
        self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 16)
        self.up, self.act, self.down = nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 16)
        self.head, self.attention = nn.Linear(16, 50, bias=False), attention
        if tied:
            self.head.weight = self.embed.weight

    def forward(self, tokens):
        x = self.embed(tokens.long())
        q, k, v = (part.unflatten(-1, (2, 8)).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1))
        mixed = F.scaled_dot_product_attention(q, k, v) if self.attention else v
        x = x + self.out(mixed.transpose(1, 2).flatten(2).contiguous())
        return self.head(x + self.down(self.act(self.up(self.norm2(x)))))


class Block(nn.Module):
    """Lesson 10's: attention and two Linear layers, on tokens of width 16."""

    def __init__(self):
        super().__init__()
        self.qkv, self.out, self.up, self.down = (nn.Linear(a, b) for a, b in ((16, 48), (16, 16), (16, 64), (64, 16)))

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(2, (3, 2, 8)).permute(2, 0, 3, 1, 4)
        x = x + self.out(nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return x + self.down(nn.functional.gelu(self.up(x)))


class Calls(nn.Module):
    """A convolution as a module, then as a function or as a module again."""

    def __init__(self, functional):
        super().__init__()
        self.first, self.second, self.functional = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, bias=False), functional

    def forward(self, x):
        x = self.first(x)
        return F.conv2d(x, self.second.weight) if self.functional else self.second(x)


class Attention(nn.Module):
    """PyTorch's own, which gives its weights or none, on its input or on a part of it."""

    def __init__(self, need_weights=False, keys=None):
        super().__init__()
        self.attention, self.how, self.keys = nn.MultiheadAttention(16, 2, batch_first=True), {"need_weights": need_weights}, keys

    def forward(self, x):
        seen = x if self.keys is None else x[:, : self.keys]
        return self.attention(x, seen, seen, **self.how)[0]


class Decoder(nn.Module):
    """PyTorch's own layer, whose second attention looks at another input."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerDecoderLayer(16, 2, 32, batch_first=True)

    def forward(self, x):
        return self.layer(x, 2 * x[:, :5])


def layer_with(activation):
    """A layer whose activation is a function in an attribute, or a module."""
    return nn.TransformerEncoderLayer(16, 2, 32, activation=activation, batch_first=True)


# A network, its input_size, and another that differs in what is at fault alone.
NETWORKS = {
    "small_cnn": (lambda: build(small_cnn()), (1, 3, 32, 32)),
    "small_cnn, batch 4": (lambda: build(small_cnn()), (4, 3, 32, 32)),
    "small_cnn, BatchNorm": (lambda: build(small_cnn(batch_norm=True)), (1, 3, 32, 32)),
    "vgg16_32": (lambda: build(vgg16_32(width=8)), (1, 3, 32, 32)),
    "residual": (Residual, (2, 3, 16, 16)),
    "an activation twice": (lambda: Residual(twice=True), (2, 3, 16, 16)),
    "article A2": (ArticleVGG, (1, 3, 32, 32)),
    "conv1d_net": (lambda: build(conv1d_net()), (1, 1, 100)),
    "transformer": (Transformer, (1, 12)),
    "transformer without attention": (lambda: Transformer(attention=False), (1, 12)),
    "one token": (lambda: Transformer(attention=False), (1, 1)),
    "one token, not tied": (lambda: Transformer(tied=False, attention=False), (1, 1)),
    "same padding": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding="same"), nn.ReLU()), (1, 3, 8, 8)),
    "padding 1": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()), (1, 3, 8, 8)),
    "transposed": (lambda: nn.Sequential(nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1), nn.ReLU()), (1, 3, 8, 8)),
    "F.conv2d": (lambda: Calls(functional=True), (1, 3, 8, 8)),
    "nn.Conv2d": (lambda: Calls(functional=False), (1, 3, 8, 8)),
    "lesson 10's block": (Block, (1, 10, 16)),
    "attention": (Attention, (2, 12, 16)),
    "attention, weights": (lambda: Attention(need_weights=True), (2, 12, 16)),
    "attention on another": (lambda: Attention(keys=12), (1, 12, 16)),
    "attention on a part": (lambda: Attention(keys=5), (2, 12, 16)),
    "encoder layer": (lambda: layer_with(F.relu), (1, 12, 16)),
    "encoder layer, a module": (lambda: layer_with(nn.ReLU()), (1, 12, 16)),
    "encoder layer, batch second": (lambda: nn.TransformerEncoderLayer(16, 2, 32), (12, 2, 16)),
    "decoder layer": (Decoder, (1, 12, 16)),
}
WORKER = """if True:
    import contextlib, json, os, sys
    sys.path[:] = {path!r}
    import cloudpickle, torch
    from course_lib.by_machine.tools import _forked, torch_answer
    asks, networks = cloudpickle.loads(sys.stdin.buffer.read())
    torch_answer(torch.nn.Linear(2, 2), torch.zeros(1, 2))  # what this imports, once and not in each fork
    answers = {{}}
    for distribution, ask in asks.items():  # a fork a tool, which imports it, and from there a fork a network
        reading, writing = os.pipe()
        if os.fork() == 0:
            with contextlib.suppress(ImportError):
                __import__(distribution.split("-")[-1])
            said = {{name: _forked([ask], make(), size, 100)[0] for name, (make, size) in networks.items()}}
            with os.fdopen(writing, "w") as stream:
                json.dump(said, stream)
            os._exit(0)
        os.close(writing)
        answers[distribution] = os.fdopen(reading)
    print(json.dumps({{distribution: json.load(stream) for distribution, stream in answers.items()}}))"""


def installed(tool: Tool) -> bool:
    if tool.rival:
        return False
    try:
        return bool(version(tool.distribution))
    except PackageNotFoundError:
        return False


@pytest.fixture(scope="module")
def answers():
    """Every tool's answer for every network: PyTorch is started once for all."""
    asks = {tool.distribution: tool.ask for tool in filter(installed, TOOLS)}
    command = [sys.executable, "-c", WORKER.format(path=sys.path)]
    done = subprocess.run(command, input=cloudpickle.dumps((asks, NETWORKS)), capture_output=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def reconciled(answers, monkeypatch):
    """reconciled("small_cnn"): as reconcile does it, with the answers that were asked for once."""
    monkeypatch.setattr(reconciling, "TOOLS", list(filter(installed, TOOLS)))

    def made(name: str):
        make, size = NETWORKS[name]
        monkeypatch.setattr(reconciling, "answers_of", lambda asked, *_: [answers[tool.distribution][name] for tool in asked])
        return reconcile(make(), size)

    return made


WELL_KNOWN = ["small_cnn", "small_cnn, BatchNorm", "residual", "vgg16_32", "small_cnn, batch 4", "padding 1", "nn.Conv2d"]


@pytest.mark.parametrize("name", rest_slow(WELL_KNOWN, "another network in a process for each tool", first=3))
def test_the_rules_give_every_tools_answer_to_the_unit(reconciled, name):
    for answer in reconciled(name):
        assert (answer.answer, answer.remainder, answer.why) == (answer.by_rule, 0, ""), answer


def test_nine_answers_for_one_network(reconciled):
    """The articles' small network: as measured with ten tools, and as nobody else reconciles them."""
    said = {answer.tool: answer.answer for answer in reconciled("small_cnn")}
    known = {"FlopCounterMode": 747_712, "torch.profiler": 747_712, "torchinfo": 379_114, "ultralytics-thop": 375_776,
             "ptflops": 400_234, "ptflops (aten)": 379_114, "fvcore": 373_856, "torchstat Flops": 389_536, "torchstat MAdd": 772_022,
             "torchsummary": 26_926, "torchlens": 373_856, "calflops": 373_856, "calflops FLOPs": 763_392}  # fmt: skip
    assert said == {tool: known[tool] for tool in said} and len(said) >= 10


def test_of_the_eight_numbers_of_lesson_10_one_is_right_on_its_block(reconciled):
    tools = {
        "FlopCounterMode",
        "torch.profiler",
        "torchinfo",
        "torchstat Flops",
        "torchstat MAdd",
        "ultralytics-thop",
        "ptflops",
        "ptflops (aten)",
    }
    right = {answer.tool: answer.answer is not None and answer.remainder == 0 for answer in reconciled("lesson 10's block")}
    assert EXERCISES["block-right"].truth == sum(right[tool] for tool in tools) == right["ultralytics-thop"]


FAULTS = [  # a tool, the network that shows its fault, the reason, and the network with the fault's cause taken away
    ("torch.profiler", "conv1d_net", "only 2-D convolutions", "small_cnn"),
    ("torch.profiler", "transposed", "no transposed ones", "padding 1"),
    ("torch.profiler", "same padding", "padding='same'", "padding 1"),
    ("fvcore", "same padding", "padding='same'", "padding 1"),
    ("FlopCounterMode", "transformer", "pytorch/pytorch#195460", "transformer without attention"),
    ("torch.profiler", "transformer", "pytorch/pytorch#195460", "transformer without attention"),
    ("fvcore", "transformer", "facebookresearch/fvcore#143", "transformer without attention"),
    ("ptflops", "transformer", "functions and operators are not seen", "transformer without attention"),
    ("ptflops (aten)", "transformer", "attention's two products", "transformer without attention"),
    ("torchinfo", "transformer without attention", "TylerYep/torchinfo#77", "one token"),
    ("torchinfo", "transposed", "at the output's positions", "padding 1"),
    ("torchinfo", "F.conv2d", "are not seen (TylerYep/torchinfo#226)", "nn.Conv2d"),
    ("ultralytics-thop", "F.conv2d", "F.conv2d is not seen", "nn.Conv2d"),
    ("torchsummary", "one token", "sksq96/pytorch-summary#201", "one token, not tied"),
    ("torchsummary", "article A2", "sksq96/pytorch-summary#37", "vgg16_32"),
    ("ptflops", "article A2", "sovrasov/flops-counter.pytorch#106", "vgg16_32"),
    ("FlopCounterMode", "attention", "pytorch/pytorch#195460", "attention, weights"),
    ("torch.profiler", "attention, weights", "the scaling inside", "nn.Conv2d"),
    ("torchinfo", "attention", "as it calls no module", "nn.Conv2d"),
    ("torchstat Flops", "attention", "as it calls no module", "nn.Conv2d"),
    ("ultralytics-thop", "attention", "the softmax inside", "nn.Conv2d"),
    ("ptflops", "attention, weights", "the products twice", "nn.Conv2d"),
    ("ptflops (aten)", "attention", "attention's two products", "attention, weights"),
    ("fvcore", "attention", "facebookresearch/fvcore#143", "attention, weights"),
    ("calflops", "attention", "MrYxJ/calculate-flops.pytorch#48", "nn.Conv2d"),
    ("torchlens", "attention on a part", "on another input", "attention"),
    ("torchstat Flops", "conv1d_net", "Conv2d alone", "small_cnn"),
    ("torchstat Flops", "an activation twice", "its last call alone", "residual"),
]


@pytest.mark.parametrize("tool, network, reason, without", FAULTS, ids=lambda value: str(value)[:40])
def test_a_remainder_is_named_to_the_unit_and_goes_with_its_cause(reconciled, answers, tool, network, reason, without):
    if tool.split()[0] not in answers and tool not in ("FlopCounterMode", "torch.profiler"):
        pytest.skip(f"{tool} is not installed")
    found = reconciled(network)[tool]
    assert found.remainder and reason in found.why, found
    assert reconciled(without)[tool].remainder == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_no_difference_is_left_without_its_reason(reconciled, name):
    for answer in reconciled(name):
        if (name, answer.tool) == ("transposed", "calflops FLOPs"):  # its biases are on a map that a row does not know
            continue
        assert "not explained" not in answer.why, answer
        assert answer.remainder == 0 or answer.why


@pytest.mark.slow("asks ten tools once more; the faster run asks them about three networks")
def test_reconcile_for_real_leaves_the_model_and_the_session_as_they_were():
    model, state = build(small_cnn()).train(), torch.get_rng_state()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    forward = nn.Conv2d.__call__
    found = reconcile(model, (1, 3, 32, 32))
    assert found["torchstat MAdd"].remainder == found["torchinfo"].remainder == 0
    assert model.training and nn.Conv2d.__call__ is forward and torch.equal(state, torch.get_rng_state())
    assert before.keys() == model.state_dict().keys() and all(torch.equal(before[name], t) for name, t in model.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    shown = repr(found)
    assert "0 ✓" in shown and "379,114" in shown and "MACs + biases" in shown and "<table>" in found.bundle()["text/html"]


def hangs(model, x):
    time.sleep(3600)  # longer than this test may take: it is ended when its time is over


def dies(model, x):
    import os

    os._exit(3)


def raises(model, x):
    print("noise")
    raise RuntimeError("not for this\nnetwork")


PROCESS = pytest.mark.slow("one more process with PyTorch; the faster run has a tool that hangs")


@pytest.mark.parametrize(
    "distribution, ask, says",
    [
        ("torch", hangs, "took longer than 1 s"),
        pytest.param("torch", dies, "its process ended with code 3", marks=PROCESS),
        pytest.param("torch", raises, "RuntimeError: not for this network", marks=PROCESS),
        ("no-such-tool", raises, "pip install no-such-tool"),
    ],
)
def test_a_tool_that_fails_costs_its_row_and_nothing_else(monkeypatch, distribution, ask, says):
    if ask is hangs:
        monkeypatch.setattr(tools, "SECONDS", 1)
    (found,) = reconcile(small_cnn(), tools=[Tool(distribution, ("torchinfo",), ask)])
    assert (found.answer, found.why, found.by_rule) == (None, says, 379_114)


def test_a_model_that_cannot_be_sent_costs_the_answers_and_nothing_else():
    model = nn.Linear(3, 2)
    model.pointer = ctypes.pointer(ctypes.c_int(1))
    assert all("pointers cannot be pickled" in said for said in tools._worker(TOOLS[:2], model, (1, 3)))


@pytest.fixture
def in_this_process(monkeypatch):
    """Tools are asked here, where a test is about their answers and not about their process."""
    monkeypatch.setattr(tools, "_worker", lambda asked, model, size: [tools._tool_answer(tool.ask, model, size) for tool in asked])


def test_tools_are_asked_for_by_their_package_and_answers_by_their_tool(in_this_process):
    found = reconcile(small_cnn(), tools="torch")
    assert [answer.tool for answer in found] == ["FlopCounterMode", "torch.profiler"] and found["FlopCounterMode"].remainder == 0
    with pytest.raises(ValueError, match="reconciliation must be 'FlopCounterMode' or 'torch.profiler', not 'torch'"):
        found["torch"]


def test_a_tool_whose_name_another_has_is_not_recommended():
    """The original thop would overwrite ultralytics-thop."""
    (thop,) = [tool for tool in TOOLS if tool.distribution == "thop"]
    (found,) = reconcile(small_cnn(), tools=[thop])
    assert found.answer is None and found.why == "has the module name of ultralytics-thop: only in an environment of its own"


def test_a_tool_of_another_version_is_said(in_this_process):
    (found,) = reconcile(small_cnn(), tools=[Tool("torchinfo", ("torchinfo",), lambda model, x: {"torchinfo": 7}, version="1.7.0")])
    assert found.remainder and found.why == "the rule that is known here is of version 1.7.0"
    (known,) = reconcile(small_cnn(), tools=[Tool("torchinfo", ("torchinfo",), lambda model, x: {"torchinfo": 7}, version="1.8.0")])
    assert "not explained" in known.why


def test_every_tools_rule_is_of_the_version_that_is_installed():
    for tool in filter(installed, TOOLS):
        assert version(tool.distribution).partition("+")[0] == tool.version


def test_a_tool_is_added_as_one_entry(in_this_process, monkeypatch):
    monkeypatch.setitem(CONVENTIONS, "by two", Convention("FLOP", lambda row: 2 * row.macs + row.outputs))
    counted = Tool("torch", ("by two",), lambda model, x: {"by two": 2 * 373_856 + 11_000}, torch.__version__.partition("+")[0])
    (found,) = reconcile(small_cnn(), tools=[counted])
    assert found.by_rule == 2 * 373_856 + sum(row.outputs for row in small_cnn().ledger()) and "not explained" in found.why


def test_torchinfos_footer_is_as_lesson_3_says():
    """The name of its unit, the 64 bytes of a header in its input, and where it puts what never runs in a nested model."""
    info = torchinfo.summary(build(small_cnn()), (16, 3, 32, 32), verbose=0)
    assert "Total mult-adds (Units.MEGABYTES): 6.07" in str(info) and info.total_input == 16 * 3 * 32 * 32 * 4 + 64
    assert info.total_input + info.total_output_bytes + info.total_param_bytes == 977_400

    class Forgetful(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.old = nn.Linear(5, 5), nn.Linear(12, 10)

        def forward(self, x):
            return self.fc(x)

    lines = str(torchinfo.summary(nn.Sequential(Forgetful()), (1, 5), verbose=0)).splitlines()
    assert next(line for line in lines if "Forgetful" in line).endswith("130") and next(
        line for line in lines if "Sequential" in line
    ).endswith("--")


def test_what_a_tool_ends_with_is_told_shortly(in_this_process):
    def ask(model, x):
        raise RuntimeError("far too long " * 50)

    (found,) = reconcile(small_cnn(), tools=[Tool("torch", ("torchinfo",), ask)])
    assert found.why.startswith("RuntimeError: far too long") and len(found.why) == 120


def test_an_answer_that_is_too_small_shows_by_how_much(in_this_process):
    found = reconcile(small_cnn(), tools=[Tool("torch", ("torchinfo",), lambda model, x: {"torchinfo": 379_000})])
    assert str(found).splitlines()[1].split("379,114")[1].split()[0] == "−114"
