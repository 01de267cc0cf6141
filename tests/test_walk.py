"""count and compare on networks that trip counters: PyTorch's FlopCounterMode and `.parameters()` are the judges."""

import contextlib
import functools
import random
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib import compare, count, small_cnn
from course_lib.by_machine.counting import counts_of
from course_lib.by_machine.misfit import Misfit

NETWORKS = {}


def net(make):
    """A function that gives a model, and its input_size or its input."""
    NETWORKS[make.__name__] = make
    return make


class Model(nn.Module):
    """A model of these modules and parameters, with this forward."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.run = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *args, **kwargs):
        return self.run(self, *args, **kwargs)


@net
def groups():
    return nn.Sequential(nn.Conv2d(4, 8, 3, groups=2)), (1, 4, 8, 8)


@net
def depthwise():
    return nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 8, 1)), (1, 4, 8, 8)


@net
def dilated():
    return nn.Sequential(nn.Conv2d(4, 4, 3, dilation=2)), (1, 4, 8, 8)


@net
def same_padding_of_an_even_kernel():
    return nn.Sequential(nn.Conv2d(4, 4, 4, padding="same")), (1, 4, 8, 8)


@net
def circular():
    return nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular")), (1, 4, 8, 8)


@net
def transposed():
    return nn.Sequential(nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1, padding=1, groups=2)), (2, 4, 8, 8)


@net
def transposed_1d():
    return nn.Sequential(nn.ConvTranspose1d(4, 6, 3)), (2, 4, 8)


@net
def three_dimensions():
    return nn.Sequential(nn.Conv3d(2, 4, 3), nn.BatchNorm3d(4), nn.MaxPool3d(2)), (2, 2, 8, 8, 8)


@net
def ceil_mode_and_adaptive():
    return nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), nn.AdaptiveAvgPool2d(3), nn.AdaptiveMaxPool2d(1)), (1, 2, 9, 9)


@net
def linear_on_four_axes():
    return nn.Linear(5, 7), (2, 3, 4, 5)


@net
def a_bare_layer():
    return nn.Conv2d(3, 4, 3), (1, 3, 8, 8)


@net
def called_twice():
    one = nn.Linear(4, 4)
    return nn.Sequential(one, nn.ReLU(), one), (2, 4)


@net
def registered_twice():
    one = nn.Linear(4, 4)
    return Model(lambda s, x: s.a(x), a=one, b=one), (2, 4)


@net
def never_called():
    return Model(lambda s, x: s.a(x), a=nn.Linear(4, 4), b=nn.Linear(3, 3)), (2, 4)


@net
def called_by_forward():
    return Model(lambda s, x: s.a.forward(x), a=nn.Linear(4, 4)), (2, 4)


@net
def tied():
    n = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    n[1].weight = n[0].weight
    return n, (2, 4)


@net
def tied_by_data():
    n = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    n[1].weight.data = n[0].weight.data
    return n, (2, 4)


@net
def tied_by_a_transposed_view():
    return Model(lambda s, x: x @ s.e.weight.t() @ s.e.weight, e=nn.Linear(4, 6)), (2, 4)


@net
def a_bare_parameter():
    return Model(lambda s, x: x * s.w, w=nn.Parameter(torch.ones(4))), (2, 4)


@net
def a_parameter_list():
    return Model(lambda s, x: x * s.w[0] + s.w[1], w=nn.ParameterList([nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4))])), (2, 4)


@net
def old_weight_norm():
    return nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(4, 5))), (2, 4)


@net
def weight_norm():
    return nn.Sequential(torch.nn.utils.parametrizations.weight_norm(nn.Linear(4, 5))), (2, 4)


@net
def old_spectral_norm():
    return nn.Sequential(torch.nn.utils.spectral_norm(nn.Conv2d(3, 4, 3))), (2, 3, 8, 8)


@net
def spectral_norm():
    return nn.Sequential(torch.nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 4, 3))), (2, 3, 8, 8)


@net
def pruned():
    import torch.nn.utils.prune as P

    one = nn.Linear(4, 5)
    P.l1_unstructured(one, "weight", 0.5)
    return nn.Sequential(one), (2, 4)


@net
def lazy():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5)), (2, 3, 8, 8)


@net
def quantized():
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 5)), {nn.Linear}), (2, 4)


@net
def a_compiled_part():
    return nn.Sequential(torch.compile(nn.Linear(4, 5)), nn.ReLU()), (2, 4)


@net
def compiled():
    return torch.compile(nn.Sequential(nn.Linear(4, 5))), (2, 4)


@net
def data_parallel():
    return nn.Sequential(nn.DataParallel(nn.Linear(4, 5))), (2, 4)


class MyConvThing(nn.Module):
    def __init__(s):
        super().__init__()
        s.w = nn.Parameter(torch.ones(5, 4))

    def forward(s, x):
        return F.linear(x, s.w)


@net
def a_class_called_conv():
    return nn.Sequential(MyConvThing()), (2, 4)


@net
def functional():
    return Model(lambda s, x: F.conv2d(F.relu(x), s.w, padding="same"), w=nn.Parameter(torch.ones(4, 3, 3, 3))), (1, 3, 8, 8)


@net
def einsum():
    return Model(lambda s, x: torch.einsum("bij,bjk->bik", x, x)), (2, 5, 5)


@net
def bmm():
    return Model(lambda s, x: torch.baddbmm(x, torch.bmm(x, x), x)), (2, 5, 5)


@net
def broadcast_matmul():
    return Model(lambda s, x: torch.matmul(x, s.w), w=nn.Parameter(torch.ones(5, 3))), (2, 4, 5, 5)


@net
def bilinear():
    return Model(lambda s, x: s.b(x, x), b=nn.Bilinear(4, 4, 6)), (2, 4)


@net
def unfold():
    return Model(lambda s, x: s.w @ F.unfold(x, 3), w=nn.Parameter(torch.ones(6, 27))), (2, 3, 8, 8)


@net
def attention():
    return Model(lambda s, x: F.scaled_dot_product_attention(x, x, x)), (2, 2, 5, 8)


@net
def grouped_query_attention():
    return Model(lambda s, x: F.scaled_dot_product_attention(x, x[:, :2], x[:, :2], enable_gqa=True)), (2, 4, 5, 8)


@net
def multihead_attention():
    return Model(lambda s, x: s.a(x, x, x)[0], a=nn.MultiheadAttention(8, 2, batch_first=True)), (2, 5, 8)


@net
def multihead_attention_without_weights():
    return Model(lambda s, x: s.a(x, x, x, need_weights=False)[0], a=nn.MultiheadAttention(8, 2, batch_first=True)), (2, 5, 8)


@net
def transformer_layer():
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (2, 5, 8)


@net
def transformer():
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2), (2, 5, 8)


@net
def lstm():
    return nn.LSTM(4, 6, 2, bidirectional=True, batch_first=True, proj_size=3), (2, 5, 4)


@net
def gru():
    return nn.GRU(4, 6, batch_first=True), (2, 5, 4)


@net
def rnn():
    return nn.RNN(4, 6, batch_first=True), (2, 5, 4)


@net
def packed_sequence():
    def f(s, x):
        p = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([5, 3]), batch_first=True)
        return s.r(p)[0].data

    return Model(f, r=nn.LSTM(4, 6, batch_first=True)), (2, 5, 4)


@net
def a_dict_and_none():
    return Model(lambda s, x: {"a": s.a(x), "b": None}, a=nn.Linear(4, 5)), (2, 4)


@net
def checkpointed():
    from torch.utils.checkpoint import checkpoint

    return Model(lambda s, x: checkpoint(s.a, x, use_reentrant=False), a=nn.Linear(4, 5)), (2, 4)


@net
def inference_mode_in_forward():
    def f(s, x):
        with torch.inference_mode():
            return s.a(x)

    return Model(f, a=nn.Linear(4, 5)), (2, 4)


@net
def bfloat16():
    return nn.Sequential(nn.Linear(4, 5)).bfloat16(), (2, 4)


@net
def on_meta():
    with torch.device("meta"):
        return nn.Sequential(nn.Linear(4, 5)), (2, 4)


@net
def an_item():
    return Model(lambda s, x: s.a(x) if x.sum().item() > -1 else x, a=nn.Linear(4, 5)), (2, 4)


@net
def to_the_cpu():
    return Model(lambda s, x: s.a(x.to("cpu")), a=nn.Linear(4, 5)), (2, 4)


@net
def an_early_exit():
    return Model(lambda s, x: s.a(x) if (x > 0).any() else s.a(x), a=nn.Linear(4, 5)), (2, 4)


@net
def norms():
    return nn.Sequential(nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.RMSNorm(4)), (2, 4)


@net
def embedding():
    return nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 5)), torch.tensor([[1, 2]])


@net
def a_conv_that_calls_super_twice():
    class T(nn.Conv2d):
        def forward(s, x):
            return super().forward(x) + super().forward(x)

    return nn.Sequential(T(3, 4, 3)), (1, 3, 8, 8)


@net
def a_replaced_forward():
    n = nn.Sequential(nn.Linear(4, 4))
    old = n[0]
    n.forward = lambda x: old(x)
    return n, (2, 4)


@net
def a_dataclass():
    @dataclass
    class Output:
        logits: torch.Tensor
        loss: None = None

    return Model(lambda s, x: Output(s.a(x)), a=nn.Linear(4, 5)), (2, 4)


@net
def two_inputs():
    return Model(lambda s, x, y: s.a(x) + s.b(y), a=nn.Linear(4, 5), b=nn.Linear(3, 5)), [(2, 4), (2, 3)]


@net
def by_name():
    return Model(lambda s, x, scale: s.a(x) * scale, a=nn.Linear(4, 5)), {"x": torch.ones(2, 4), "scale": 3}


@net
def a_plain_list():
    return Model(lambda s, x: s.layers[1](s.layers[0](x)), layers=[nn.Linear(4, 5), nn.Linear(5, 3)]), (2, 4)


# Where PyTorch's counter is wrong on the CPU, by hand: attention of T tokens in H heads of E is 2·T·T·H·E.
RIGHT = {
    "bilinear": 2 * 6 * 4 * (4 + 1),
    "attention": 2 * 2 * 2 * 5 * 5 * 8,
    "grouped_query_attention": 2 * 2 * 4 * 5 * 5 * 8,
    "spectral_norm": 7776 + 108 + 4,  # a matrix times a vector, and a vector times a vector, which PyTorch does not count
    "old_spectral_norm": 7776 + 108 + 4,
    "multihead_attention_without_weights": 2 * (5 * 8 * 24 + 5 * 8 * 8 + 2 * 5 * 5 * 8),
    "transformer_layer": 2 * (5 * 8 * 24 + 5 * 8 * 8 + 2 * 5 * 5 * 8 + 2 * 5 * 8 * 16),
    "transformer": 4 * (5 * 8 * 24 + 5 * 8 * 8 + 2 * 5 * 5 * 8 + 2 * 5 * 8 * 16),
}
REAL = {"packed_sequence", "an_item", "an_early_exit"}  # run with values
every_network = pytest.mark.parametrize("name", NETWORKS)
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("seeded")]


@pytest.fixture
def seeded():
    torch.manual_seed(0)


def made(name: str):
    """The model, and how count is asked of it."""
    model, given = NETWORKS[name]()
    return model, {"input_data" if torch.is_tensor(given) or isinstance(given, dict) else "input_size": given}


def real_input(model: nn.Module, input_size=None, input_data=None):
    if input_data is not None:
        return ((), input_data) if isinstance(input_data, dict) else ((input_data,), {})
    like = next((p for p in model.parameters() if not isinstance(p, nn.UninitializedParameter)), torch.empty(0))
    sizes = input_size if isinstance(input_size, list) else [input_size]
    return tuple(torch.zeros(size, dtype=like.dtype, device=like.device) for size in sizes), {}


def without_compiling(model: nn.Module) -> nn.Module:
    model = getattr(model, "_orig_mod", model)
    for child, part in list(model.named_children()):
        setattr(model, child, without_compiling(part))
    return model


@every_network
def test_the_macs_are_pytorchs_or_right_where_it_errs(name):
    model, asked = made(name)
    macs = count(model, **asked).macs
    args, kwargs = real_input(model, **asked)
    with FlopCounterMode(display=False) as counter:
        without_compiling(model).eval()(*args, **kwargs)
    assert macs == RIGHT.get(name, counter.get_total_flops() / 2)
    assert (name in RIGHT) == (macs != counter.get_total_flops() / 2), "PyTorch's counter has changed"


@every_network
def test_the_parameters_are_those_of_parameters(name):
    model, asked = made(name)
    rows = count(model, **asked)
    args, kwargs = real_input(model, **asked)
    without_compiling(model).eval()(*args, **kwargs)  # lazy layers have their sizes then
    own = {p.data_ptr() or id(p): p.numel() for p in model.parameters()}  # a storage counts once, however many hold it
    unregistered = sum(row.params for row in rows if "not registered" in row.note)
    assert rows.params - unregistered == sum(own.values())
    assert rows.trainable_params == rows.params
    buffers = sum(b.numel() for b in model.buffers())
    assert rows.buffers == buffers


@every_network
def test_what_cannot_be_counted_is_named_and_what_needs_values_is_run_for_real(name):
    model, asked = made(name)
    heard = counts_of(model, **asked)
    not_counted = [counted.row.note for counted in heard.rows if "not counted" in counted.row.note]
    named = {"quantized": ["not counted: linear_dynamic"]}
    assert not_counted == named.get(name, [])
    assert heard.walk.real == (name in REAL)


def state(model: nn.Module) -> str:
    """All that a run could change, as text: values, modes, gradients, flags, hooks and attributes."""
    said = [str(torch.random.get_rng_state())]
    for path, part in model.named_modules():
        hooks = {name: list(map(str, value.values())) for name, value in vars(part).items() if "_hooks" in name and isinstance(value, dict)}
        said.append(f"{path} {part.training} {sorted(vars(part))} {hooks} {type(part)}")
        for tensor in (*part._parameters.values(), *part._buffers.values()):
            if tensor is not None and not isinstance(tensor, nn.UninitializedParameter | nn.UninitializedBuffer):
                said.append(f"{tensor.tolist() if not tensor.is_meta else ''} {tensor.requires_grad} {tensor.grad} {id(tensor)}")
    return "\n".join(said)


@every_network
def test_the_model_and_the_random_state_are_left_as_they_were(name):
    model, asked = made(name)
    model.train()
    before = state(model)
    count(model, **asked)
    assert state(model) == before


@every_network
def test_compare_takes_it_and_says_why_where_answers_differ(name):
    model, asked = made(name)
    found = compare(model, **asked)
    assert all(compared.agree or compared.reason for compared in found), [c for c in found if not c.agree]
    assert "MACs by hand" in repr(found) and "<table>" in found.bundle()["text/html"]
    if name != "lazy":
        assert found.totals[1] == sum(p.numel() for p in model.parameters())


def test_every_place_has_its_row_in_order_of_execution():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.fc = nn.Conv2d(3, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.Linear(64, 10)

        def forward(self, x):
            y = F.relu(self.conv(x))
            y = torch.cat([y, self.norm(y) + y], 1)
            return self.fc(F.max_pool2d(y[:, :4], 2).view(x.size(0), -1))

    rows = count(Net(), (2, 3, 8, 8))
    assert [row.name for row in rows] == ["conv", "relu", "norm", "+", "cat", "[…]", "max_pool2d", "view", "fc"]
    assert [row.by for row in rows] == ["hand", "machine", "hand", *["machine"] * 5, "hand"]
    assert rows["conv"].work.text == "3·3·3·4 + 4" and rows["norm"].params == 8
    assert rows["cat"].output_shape == (8, 8, 8) and rows["view"].output_shape == (64,)


class Edited(nn.Module):
    """What a lecturer edits on stage."""

    def __init__(self, features=1200, channels=5, kernel=3, flatten=True, view=None, returns=True):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 5, 5), nn.Conv2d(channels, 12, kernel)
        self.fc1, self.flatten, self.view, self.returns = nn.Linear(features, 128), flatten, view, returns

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 5, stride=2)
        x = F.relu(self.conv2(x))
        if self.view:
            x = x.view(*self.view)
        elif self.flatten:
            x = torch.flatten(x, 1)
        x = self.fc1(x)
        if self.returns:
            return x


@pytest.mark.parametrize(
    "edit, says",
    [
        ({"kernel": 5}, "fc1: expects 1200 features, but its input has 768; 12·8·8 = 768: write Linear(768, 128)"),
        ({"features": 1201}, "fc1: expects 1201 features, but its input has 1200; 12·10·10 = 1,200: write Linear(1200, 128)"),
        ({"channels": 4}, "conv2: expects 4 channels, but its input has 5; write Conv2d(5, 12, 3)"),
        ({"kernel": 17}, "conv2: a 17×17 kernel does not fit a 12×12 map; the largest that fits is 12"),
        ({"flatten": False}, "fc1: expects 1200 features, but its input has 12×10×10; forgot flatten?"),
        ({"features": 12, "flatten": False}, "fc1: expects 12 features, but its input has 12×10×10; forgot flatten?"),
    ],
)
def test_a_misfit_says_what_to_write_and_the_rows_so_far_stand(edit, says):
    with pytest.raises(Misfit) as failed:
        compare(Edited(**edit), (1, 3, 32, 32))
    assert str(failed.value) == says
    shown = failed.value._render_traceback_()
    assert shown[-1] == says and not any("Traceback" in line or "File " in line for line in shown)
    marked = [row.name for row in failed.value.ledger if "fails here" in row.note]
    assert marked == [says.partition(":")[0]] and failed.value.ledger[-1].name == marked[0]
    assert failed.value.ledger["conv1"].params == 380


@pytest.mark.parametrize(
    "edit, size, says",
    [
        ({"features": 10, "flatten": False}, (1, 3, 32, 32), "fc1: applied at 120 places per image; forgot flatten?"),
        ({"view": (-1, 1200)}, (2, 3, 64, 64), None),
        ({"features": 300, "view": (-1, 300)}, (1, 3, 32, 32), "The batch changed from 1 to 4"),
        ({"returns": False}, (1, 3, 32, 32), "forward returns None"),
    ],
)
def test_it_warns_instead_of_ticking(edit, size, says):
    if says is None:
        with pytest.raises(Misfit, match="view"):
            compare(Edited(**edit), size)
        return
    found = compare(Edited(**edit), size)
    assert any(warning.startswith(says) for warning in found.warnings)
    assert "3 agree" not in repr(found).splitlines()[len(found) + 1] and says in repr(found)


def test_a_forward_without_a_tensor_and_an_input_without_a_batch_are_named():
    assert compare(Model(lambda s, x: {"loss": 1}), (1, 3)).warnings == ("forward returns no tensor",)
    with pytest.raises(Misfit) as failed:
        count(nn.Sequential(nn.Conv2d(3, 4, 3)), (3, 8, 8))
    assert str(failed.value) == "0: its input (3, 8, 8) has no batch; put one first, such as (1, 3, 8, 8)"


def test_what_is_in_a_plain_list_is_named():
    found = compare(*made("a_plain_list")[:1], (2, 4))
    assert found.totals[0] == 25 + 18 and found.totals[1] == 0
    (said,) = found.warnings
    assert said.startswith("Not registered") and said.endswith(": layers[0], layers[1]. Use nn.ModuleList.")
    assert [c.reason for c in found] == ["runs, but is not registered: use nn.ModuleList"] * 2


def test_two_branches_that_do_not_fit_are_named_with_their_sizes():
    model = Model(lambda s, x: s.a(x) + s.b(x), a=nn.Conv2d(3, 12, 3), b=nn.Conv2d(3, 12, 5))
    with pytest.raises(Misfit) as failed:
        compare(model, (1, 3, 14, 14))
    assert str(failed.value) == "a gives 12×12×12 and b gives 12×10×10: + does not fit these two"
    assert [row.name for row in failed.value.ledger] == ["a", "b", "+"]


class Auxiliary(nn.Module):
    """A second head that training alone has, and a dropout that does not ask in which mode it is."""

    def __init__(self, aux=True, dropout=False):
        super().__init__()
        self.conv, self.fc, self.drop = nn.Conv2d(3, 4, 3), nn.Linear(144, 5), nn.Dropout(0.5)
        self.aux = nn.Linear(144, 2) if aux else None
        self.dropout = dropout

    def forward(self, x):
        x = self.conv(x).flatten(1)
        x = F.dropout(x, 0.5) if self.dropout else self.drop(x)
        return (self.fc(x), self.aux(x)) if self.training and self.aux is not None else self.fc(x)


def test_training_and_eval_are_told_apart():
    found = compare(Auxiliary(), (2, 3, 8, 8))
    assert found.warnings == ("Only in training: aux.",) and found.totals == (1127, 1127, 1127)
    assert found.ledger["aux"].note == "used in training only, so not counted here"
    assert found[-1].reason == "what its lines leave over: torchinfo counts aux here"
    assert found.ledger["drop"].note == "acts in training only"
    assert compare(Auxiliary(aux=False), (2, 3, 8, 8)).warnings == ()
    evaluation, training = (count(Auxiliary(), (2, 3, 8, 8), train=train) for train in (False, True))
    assert training.macs - evaluation.macs == 2 * 144 * 2 and training.params == evaluation.params


def test_the_other_mode_is_named():
    head = Model(lambda s, x: x * 2 if s.training else s.fc(x), fc=nn.Linear(4, 2))
    assert [count(head, (1, 4), train=train)["fc"].note for train in (True, False)] == ["used in eval only, so not counted here", ""]


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_recurrent_layer_has_its_batch_where_it_was_told(batch_first):
    (row,) = count(nn.Sequential(nn.LSTM(3, 5, batch_first=batch_first)), (2, 7, 3))
    length = 7 if batch_first else 2
    assert row.by == "hand" and row.input_shape == (length, 3) and row.output_shape == (length, 5)
    assert row.macs == 2 * 7 * 4 * 5 * (3 + 5)


def test_a_functional_dropout_that_forgot_the_mode_is_told():
    (said,) = compare(Auxiliary(aux=False, dropout=True), (2, 3, 8, 8)).warnings
    assert said == "dropout: drops in eval, too: write F.dropout(x, p, self.training)"


def test_torchinfos_leftover_line_has_its_cause():
    """Taken away, the shared layer takes the line along."""

    class Inner(nn.Module):
        def __init__(self, linear):
            super().__init__()
            self.linear, self.gain = linear, nn.Parameter(torch.ones(4))

        def forward(self, x):
            return self.linear(x) * self.gain

    shared = nn.Linear(4, 4)
    found = compare(nn.Sequential(OrderedDict(p=Inner(shared), q=Inner(shared))), (1, 4))
    left = [(c.row.name, c.row.kind, c.torchinfo, c.reason) for c in found if c.parameters == 0 and c.torchinfo]
    why = "p.linear is registered in several places: torchinfo counts it in this line once more"
    assert left == [("p", "Inner", 20, why), ("q", "Inner", 20, why)]
    block = nn.Sequential(shared)
    (named,) = {c.reason for c in compare(nn.Sequential(Inner(block), Inner(block)), (1, 4)) if c.parameters == 0 and c.torchinfo}
    assert named.startswith("0.linear.0 is registered")
    apart = compare(nn.Sequential(Inner(nn.Linear(4, 4)), Inner(nn.Linear(4, 4))), (1, 4))
    assert len(set(apart.totals)) == 1 and apart.warnings == ()


def test_linear_layers_on_tokens_are_no_forgotten_flatten():
    model = nn.Sequential(nn.Conv2d(3, 4, 2), nn.Flatten(2), nn.Linear(9, 5))
    assert compare(model, (2, 3, 4, 4)).warnings == ()
    swin = Model(lambda s, x: s.fc(s.conv(x).permute(0, 2, 3, 1)), conv=nn.Conv2d(3, 4, 2), fc=nn.Linear(4, 5))
    assert compare(swin, (2, 3, 4, 4)).warnings == ()


def test_no_arithmetic_is_done():
    """A batch and a picture that no memory could hold."""
    assert count(nn.Sequential(nn.Conv2d(3, 64, 3, padding=1)), (10**6, 3, 4096, 4096)).macs == 27 * 64 * 4096**2 * 10**6


def test_a_deep_model_and_a_name_with_html():
    assert len(count(nn.Sequential(*[nn.Linear(2, 2) for _ in range(500)]), (1, 2))) == 500
    model = nn.Sequential()
    model.add_module("<b>evil</b>", nn.Linear(2, 2))
    assert "<b>evil" not in compare(model, (1, 2)).bundle()["text/html"]


def test_a_lambda_that_holds_the_model_runs_on_the_copy():
    """Its BatchNorm would be trained, or take a tensor without values."""

    class Held(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(4)
            self.act = lambda x: torch.relu(self.norm(x))

        def forward(self, x):
            return self.act(x)

    model = Held()
    before = model.norm.running_mean.clone()
    assert [row.name for row in count(model, (2, 4), train=True)] == ["norm", "relu"]
    assert torch.equal(before, model.norm.running_mean) and model.norm.num_batches_tracked == 0


def test_data_and_tensors_of_a_pass_before_stay_as_they_are():
    model = Model(lambda s, x: s.a(x.mul_(2)) if x.sum().item() > 0 else x, a=nn.Linear(4, 4))
    data = torch.ones(2, 4)
    compare(model, input_data=data)
    assert torch.equal(data, torch.ones(2, 4))
    model = Model(lambda s, x: (s.seen.mul_(0.5), s.a(x), bool(x.sum() > 0))[1], a=nn.Linear(4, 4))
    model.seen = model.a(torch.ones(2, 4))
    before = model.seen.detach().clone()
    count(model, (2, 4))
    assert torch.equal(before, model.seen)


@functools.cache
def cached_mask(n: int) -> torch.Tensor:
    return torch.tril(torch.ones(n, n))


SEEN = []


def test_what_a_forward_keeps_outside_of_its_module_stays_as_it_was():
    """A mask in a cache without values would break the model's next real pass."""

    class Masked(nn.Module):
        known = {}

        def __init__(self):
            super().__init__()
            self.a = nn.Linear(4, 4)

        def forward(self, x):
            SEEN.append(x)
            mask = cached_mask(x.shape[1]) + self.known.setdefault(x.shape[1], torch.ones(x.shape[1]))
            return self.a((x @ x.mT).masked_fill(mask == 0, 0.0) @ x)

    model, x = Masked(), torch.zeros(2, 5, 4)
    for look in (count, compare):
        look(model, (2, 5, 4))
        assert Masked.known == {} and SEEN == []
        assert model(x).shape == (2, 5, 4)
        Masked.known.clear()
        SEEN.clear()
        cached_mask.cache_clear()
    model(x)
    count(model, (2, 5, 4))
    assert model(x).shape == (2, 5, 4) and len(SEEN) == 2 and list(Masked.known) == [5]
    SEEN.clear()


def test_no_random_state_moves():
    noisy = Model(
        lambda s, x: s.a(x) + torch.randn(x.shape[0], 4) * torch.rand(1, device="cpu").item() * random.random() * np.random.rand(),
        a=nn.Linear(4, 4),
    )
    on_meta = Model(lambda s, x: s.a(x) + torch.randn(x.shape[0], 4), a=nn.Linear(4, 4))
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    compare(noisy, (2, 4))
    compare(on_meta, (2, 4))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (random.getstate(), np.random.get_state()[1].tolist())


def test_hooks_that_are_not_run_are_named():
    model = nn.Sequential(nn.Linear(4, 4))
    model.register_forward_pre_hook(lambda m, args: (args[0].repeat(3, 1),))
    (said,) = compare(model, (2, 4)).warnings
    assert said == "Hooks of your own are not run here: model. If one changes what passes, the numbers change."


def test_a_matrix_times_a_vector_is_counted():
    model = Model(lambda s, x: s.a(x) @ s.v, a=nn.Linear(4, 8), v=nn.Parameter(torch.ones(8)))
    assert (count(model, (2, 4))["@"].macs, count(model, (2, 4))["@"].note) == (16, "")


@pytest.mark.parametrize(
    "kind, arguments, size, buffers",
    [(nn.Conv2d, (3, 4, 3), (1, 3, 8, 8), 108), (nn.BatchNorm2d, (3,), (1, 3, 8, 8), 107), (nn.ReLU, (), (1, 4), 100)],
)
def test_buffers_of_a_subclass_are_counted(kind, arguments, size, buffers):
    class Masked(kind):
        def __init__(self, *given):
            super().__init__(*given)
            self.register_buffer("mask", torch.ones(108 if kind is nn.Conv2d else 100))

    assert count(Masked(*arguments), size).buffers == sum(b.numel() for b in Masked(*arguments).buffers()) == buffers


def test_layers_in_lists_of_lists_are_named():
    for held in ([[nn.Linear(4, 5), nn.Linear(5, 3)]], {"a": [nn.Linear(4, 5), nn.Linear(5, 3)]}):
        model = Model(lambda s, x: s.deep[0][1](s.deep[0][0](x)) if isinstance(s.deep, list) else s.deep["a"][0](x))
        model.deep = held
        assert compare(model, (2, 4)).warnings[0].startswith("Not registered")


def test_a_layer_made_in_forward_and_pictures_one_by_one_are_counted():
    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = None

        def forward(self, x):
            if self.fc is None:
                self.fc = nn.Linear(x.shape[1], 10)
            return self.fc(x)

    assert count(Late(), (2, 4)).macs == 80
    singly = Model(lambda s, x: torch.stack([s.a(picture) for picture in x]), a=nn.Conv2d(3, 4, 3))
    assert count(singly, (2, 3, 8, 8)).macs == 2 * 27 * 4 * 36


def names_of(ledger) -> list[str]:
    return [row.name for row in ledger]


def test_an_error_that_a_forward_catches_costs_no_row():
    def forward(self, x):
        try:
            x = x.reshape(3, 3)
        except RuntimeError:
            x = self.a(x)
        with contextlib.suppress(Exception):
            self.b(x[:, :3])
        return torch.relu(self.b(x))

    model = Model(forward, a=nn.Linear(8, 8), b=nn.Linear(8, 2))
    ledger = count(model, (2, 8))
    with FlopCounterMode(display=False) as counter:
        model(torch.empty(2, 8))
    assert names_of(ledger) == ["a", "[…]", "b", "relu"] and 2 * ledger.macs == counter.get_total_flops()
    assert ledger.params == sum(p.numel() for p in model.parameters()) and not any(row.note for row in ledger)


def test_an_error_behind_a_layer_that_ran_is_not_its_fault():
    def forward(self, x):
        self.a(x)
        raise KeyError("scale")

    with pytest.raises(Misfit, match="^forward: KeyError: 'scale'") as failed:
        count(Model(forward, a=nn.Linear(8, 8)), (2, 8))
    assert names_of(failed.value.ledger) == ["a"] and "fails here" not in str(failed.value.ledger)


def test_a_layer_without_a_return_is_to_blame_for_what_follows():
    class Silent(nn.Linear):
        def forward(self, x):
            super().forward(x)

    with pytest.raises(Misfit, match="^a: TypeError.*NoneType") as failed:
        count(Model(lambda self, x: torch.relu(self.a(x)), a=Silent(8, 8)), (2, 8))
    assert "fails here" in failed.value.ledger["a"].note


def test_a_batch_that_went_into_one_row_with_its_values_is_told():
    says = {
        "fc: expects 192 features, but its input has 384; write flatten(1), which keeps the batch": lambda self, x: self.fc(x.flatten()),
        "fc: expects 192 features, but its input has 8": lambda self, x: self.fc(x[0, 0, 0]),
    }
    for sentence, forward in says.items():
        with pytest.raises(Misfit) as failed:
            count(Model(forward, fc=nn.Linear(192, 2)), (2, 3, 8, 8))
        assert str(failed.value) == sentence


def test_where_torchinfo_fails_two_answers_agree_and_the_third_is_none(monkeypatch):
    def fails(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("torchinfo.summary", fails)
    found = compare(nn.Linear(2, 3), (1, 2))
    assert found.totals == (9, 9, None) and "2 agree ✓" in str(found) and "3 agree" not in str(found)
    assert "torchinfo fails on this model" in str(found)


def test_rows_of_a_ledger_that_are_cut_out_are_a_ledger():
    part = small_cnn().ledger()[:4]  # conv1 to conv2
    assert (part.params, part.macs) == (380 + 552, 5 * 28 * 28 * 75 + 12 * 10 * 10 * 45) and "conv2" in str(part)


@pytest.mark.parametrize("gives, says", [(lambda x: (x, x.flatten(0, 1)), False), (lambda x: (x.flatten(0, 1), x), True)])
def test_the_first_output_tells_whether_the_batch_has_changed(gives, says):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(4, 4)

        def forward(self, x):
            return gives(self.a(x))

    assert any("batch" in warning for warning in compare(Two(), (2, 3, 4)).warnings) == says


def test_what_was_flattened_last_before_a_misfit_is_told():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide, self.deep, self.fc = nn.Conv2d(3, 3, 5), nn.Conv2d(3, 12, 7), nn.Linear(10, 2)

        def forward(self, x):
            return self.wide(x).flatten(1), self.fc(self.deep(x).flatten(1))

    with pytest.raises(Misfit, match="12·2·2 = 48: write Linear\\(48, 2\\)"):
        count(Branches(), (1, 3, 8, 8))


RUN = {  # what PyTorch runs, though a layer by hand would not take it
    "flatten with the batch": (nn.Flatten(0, 1), (2, 3, 4), (6, 4)),
    "flatten from the batch on": (nn.Flatten(0), (2, 3, 4), (24,)),
    "three axes": (nn.Upsample(scale_factor=2, mode="trilinear"), (1, 3, 4, 4, 4), (1, 3, 8, 8, 8)),
}


@pytest.mark.parametrize("layer, size, output", RUN.values(), ids=RUN)
def test_pytorch_is_asked_first(layer, size, output):
    """What it runs is no misfit, whatever is known by hand; the size is PyTorch's."""
    (row,) = count(nn.Sequential(layer), size)
    assert row.output_shape == output[1:] == tuple(layer(torch.zeros(size)).shape)[1:]


CAUSES = {  # what fails: what is said, and what is not
    "a map that nobody flattened": (
        lambda: nn.Sequential(nn.Conv2d(3, 12, 3), nn.AdaptiveAvgPool2d(2), nn.Linear(7, 10)),
        "2: expects 7 features, but its input has 12×2×2; forgot flatten?; then write Linear(48, 10)",
    ),
    "a gradient that is not there": (
        lambda: Model(lambda s, x: torch.autograd.grad(s.a(x).sum(), x)[0], a=nn.Conv2d(3, 3, 1)),
        "grad: RuntimeError: One of the differentiated Tensors does not require grad",
    ),
    "no step": (lambda: nn.Sequential(nn.Conv2d(3, 5, 3, stride=0)), "0: RuntimeError: non-positive stride is not supported"),
    "a scripted child": (lambda: nn.Sequential(nn.ReLU(), torch.jit.script(nn.ReLU())), "1 is scripted or traced"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make, says", CAUSES.values(), ids=CAUSES)
def test_a_cause_is_pytorchs_or_tried(make, says):
    with pytest.raises((ValueError, TypeError)) as failed:
        count(make(), (1, 3, 8, 8))
    assert str(failed.value).startswith(says)


def test_a_forward_that_differentiates_is_walked():
    """As a network does that learns an equation: the derivative of what it gives by what it is given."""

    def derivative(self, x):
        x = x.requires_grad_()
        return torch.autograd.grad(self.b(torch.tanh(self.a(x))).sum(), x, create_graph=True)[0]

    model = Model(derivative, a=nn.Linear(2, 5), b=nn.Linear(5, 1))
    rows = count(model, (4, 2))
    assert rows.params == 21 and rows.macs == 4 * (2 * 5 + 5) + 4 * (5 + 2 * 5)


def test_a_lazy_networks_count_is_the_same_each_time():
    for seed in range(12):
        torch.manual_seed(seed)
        widths = [4 + seed % 3, 6, 5]
        layers = [nn.LazyConv2d(widths[0], 3, padding=1), nn.LazyBatchNorm2d(), nn.LazyConv2d(widths[1], 1), nn.ReLU()]
        model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.LazyLinear(widths[2]))
        counts = {count(model, (2, 3, 8, 8)).params for _ in range(4)}
        model(torch.zeros(2, 3, 8, 8))
        assert counts == {sum(p.numel() for p in model.parameters())}


def test_parameters_of_one_vector_are_counted_apart():
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 6))
    vector = nn.utils.parameters_to_vector(model.parameters()).detach()
    nn.utils.vector_to_parameters(vector, model.parameters())
    assert [row.params for row in count(model, (1, 4))] == [25, 0, 36]


def test_sparse_products_are_named():
    model = Model(lambda s, x: torch.sparse.mm(s.w, x))
    model.register_buffer("w", torch.eye(4).to_sparse())
    ledger = count(model, (4, 4))
    assert ledger.macs == 0 and "not counted: _sparse_addmm" in str(ledger)


class Behind(nn.Module):
    """What its forward works with stands in its default."""

    def forward(self, x, net=nn.Linear(4, 3)):  # noqa: B008
        return net(x)


def test_a_module_behind_a_default_is_counted_and_named():
    before = Behind.forward.__defaults__[0].weight
    (row,) = count(Behind(), (2, 4))
    assert row.params == 15 and row.macs == 24 and "not registered" in row.note
    assert Behind.forward.__defaults__[0].weight is before and before.grad is None


def test_hooks_that_are_not_run_are_said_where_they_hang():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    model[0].register_forward_hook(lambda module, args, output: output * 2)
    assert [row.note for row in count(model, (1, 4))] == ["hooks of your own are not run here", ""]


LOOKS_AT_VALUES = {
    "a list": lambda x: x.tolist()[0][0],
    "numpy": lambda x: x.numpy().mean(),
    "an array of numpy": lambda x: np.asarray(x).mean(),
    "an item": lambda x: x[0, 0].item(),
    "whether all are finite": lambda x: float(torch.isfinite(x).all()),
}


@pytest.mark.parametrize("value", LOOKS_AT_VALUES.values(), ids=LOOKS_AT_VALUES)
def test_who_looks_at_values_gets_real_ones(value):
    """Its path depends on them: however it gets them, zeros that nobody computed are none."""
    model = Model(lambda s, x: s.b(s.a(x)) if value(torch.sigmoid(s.a(x))) > 0.01 else x, a=nn.Linear(4, 4), b=nn.Linear(4, 4))
    counts = counts_of(model, (2, 4))
    assert counts.ledger.macs == 3 * 2 * 16 and counts.walk.real
