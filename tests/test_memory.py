"""Memory by hand and measured, to the byte, over made-up networks, optimizers, dtypes and modes; a model is left as it was."""

import copy
import dataclasses
import math
import random

import drawn
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from runs import examples
from torch import nn

import course_lib
from course_lib import BatchNorm1d, Conv2d, Flatten, GroupNorm, Linear, Network, ReLU, small_cnn, vgg16_32
from course_lib.by_hand.layers import LAYERS
from course_lib.by_hand.memory import DTYPES, MODES, OPTIMIZERS, STEPS_KNOWN, Optimizer, copies, keeps, predict_memory
from course_lib.by_hand.step import network_largest_batch as largest_batch
from course_lib.by_hand.step import network_timeline as timeline
from course_lib.by_machine import measuring
from course_lib.by_machine.measuring import compare_memory, cuda_peak, measure_memory, measure_peak
from course_lib.by_machine.modules import build
from course_lib.by_machine.walk.forward import tensors
from course_lib.by_machine.walk.operations import Operations
from course_lib.by_machine.walk.step import Lives, one_step, torch_optimizer

IN_A_ROW = [kind for kind, layer in LAYERS.items() if layer.chains and kind not in ("Embedding", "LazyLinear")]
NOT_KNOWN = "is not known by hand"  # what a layer says whose backward no sizes tell


@st.composite
def networks(draw):
    """Rows of any layers there are, each drawn from its own fields, some frozen."""
    rng = random.Random(draw(st.integers(0, 10**6)))
    shape = first = rng.choice([(3, 8, 8), (2, 9), (5,), (1, 6, 7), (2, 4, 3, 5)])
    layers = {}
    for i in range(rng.randint(1, 9)):
        kind = rng.choice(IN_A_ROW)
        takes_it = len(shape) in (LAYERS[kind].ranks or (len(shape),))
        layer = drawn.fitting(kind, shape, rng) if takes_it else None
        if layer and math.prod(layer.output_shape(shape)) < 4000:
            layers[f"{kind}{i}"], shape = layer, layer.output_shape(shape)
    network = Network(first, **(layers or {"flatten": Flatten()}))
    return network.frozen(*rng.sample(list(network.layers), rng.randint(0, min(2, len(network.layers)))))


def measured(measure, *case, **how):
    """What is measured; a case is left out where PyTorch has no kernel for it, such as an AvgPool3d in bfloat16."""
    try:
        return measure(*case, **how)
    except NotImplementedError:
        assume(False)
    except RuntimeError as error:
        assume("not implemented for" not in str(error))
        raise


@pytest.mark.timeout(1800)  # where all are drawn
@settings(max_examples=examples(250), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(networks(), st.integers(1, 4), st.sampled_from(list(DTYPES)), st.sampled_from(list(OPTIMIZERS)),
       st.sampled_from(["train", "train", "eval", "no_grad"]))  # fmt: skip
def test_predicted_is_measured_to_the_byte(network, batch, dtype, optimizer, mode):
    try:
        predicted = predict_memory(network, batch, dtype, optimizer, mode)
    except ValueError as error:
        assume(NOT_KNOWN not in str(error))
        with pytest.raises(ValueError):
            measure_memory(network, batch, dtype, optimizer, mode)
        return
    assert predicted == measured(measure_memory, network, batch, dtype, optimizer, mode)
    assert sum(row.bytes for row in keeps(network, batch, dtype, mode)) == predicted.kept + predicted.input


@pytest.mark.timeout(1800)  # where all are drawn
@settings(max_examples=examples(250), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(networks(), st.integers(1, 4), st.sampled_from(list(DTYPES)), st.sampled_from(STEPS_KNOWN),
       st.sampled_from(["train", "train", "train", "eval", "no_grad"]), st.booleans(), st.booleans(), st.booleans())  # fmt: skip
def test_the_peak_is_measured_to_the_byte(network, batch, dtype, optimizer, mode, foreach, first, accumulate):
    how = {"optimizer": optimizer, "mode": mode, "foreach": foreach, "first": first, "accumulate": accumulate}
    try:
        predicted = timeline(network, batch, dtype, **how).peak.total
    except ValueError as error:
        assume(NOT_KNOWN not in str(error))
        with pytest.raises((ValueError, RuntimeError)):
            measure_peak(network, batch, dtype, **how)
        return
    assert predicted == measured(measure_peak, network, batch, dtype, **how)


@pytest.mark.parametrize(
    "layers",
    [
        {"padded": Conv2d(4, 1, 3, padding=1, padding_mode="circular")},
        {"padded": Conv2d(4, 1, 3, padding=1, padding_mode="reflect")},
        {"padded": Conv2d(4, 1, 4, padding="same")},
        {"flat": Flatten(), "relu": ReLU(inplace=True)},
        {"flat": Flatten(), "relu": ReLU(inplace=True), "fc": Linear(1024, 3)},
        {"fc": Linear(16, 16), "relu": ReLU(inplace=True), "last": Conv2d(4, 1, 1)},
        {"norm": GroupNorm(2, 4)},
    ],
)
def test_a_moment_of_its_own_is_measured(layers):
    """Padded gradients that are folded back, what autograd copies where a view was changed in place, and the gradient of a sum, written
    out for a norm."""
    network = Network((1, 16, 16), first=Conv2d(1, 4, 1), **layers)
    assert timeline(network, 2).peak.total == measure_peak(network, 2) == by_mem_tracker(network, 2, False)


def test_a_cause_names_what_is_really_there():
    assert timeline(small_cnn(), 16).peak.cause.endswith("arrives, 250,880 B, and the one that it hands on, 250,880 B")
    assert timeline(small_cnn(), 1).peak.cause == (
        "Adam, fc1: the optimizer's step holds 196,608 B that it makes for one parameter, and 48 B of the last"
    )
    whole = timeline(small_cnn(), 1, foreach=True)
    assert whole.peak.cause == "Adam: the optimizer's step holds 107,704 B of its own making"
    last = next(moment for moment in whole if moment.phase == "backward")
    assert last.cause == "fc2's backward holds 512 B of gradients of maps on their way"


def test_the_table_marks_the_peak_and_says_why():
    *rows, last = str(timeline(small_cnn(), 16)).splitlines()
    (marked,) = [row for row in rows if "◀" in row]
    assert marked.startswith("backward relu1") and marked.endswith("1,378,584 ◀") and last.startswith("The peak: 1,378,584 B.")


def test_of_moments_with_as_many_bytes_the_first_is_the_peak_and_marked_alone():
    steps = timeline(Network((4,), a=Linear(4, 4, bias=False), b=Linear(4, 4, bias=False), c=Linear(4, 4, bias=False)), optimizer="Adam")
    most = [moment for moment in steps if moment.total == steps.peak.total]
    assert len(most) > 1 and most[0] is steps.peak and str(steps).count("◀") == 1


@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("optimizer", STEPS_KNOWN)
def test_what_a_step_makes_one_by_one_or_all_at_once_is_what_pytorchs_makes(optimizer, foreach):
    network, x = small_cnn(), torch.randn(2, 3, 32, 32)
    model = build(network)
    stepping = torch_optimizer(model, optimizer, foreach=foreach)
    one_step(model, (x,), {}, stepping)
    lives = [*model.parameters(), *(p.grad for p in model.parameters()), *tensors(list(stepping.state.values()))]
    heard = Lives()
    heard.add(lives, "")
    before = sum(life.bytes for life in heard.all)
    with Operations(heard.record):
        stepping.step()
    moments = [moment for moment in timeline(network, 2, optimizer=optimizer, foreach=foreach) if moment.phase == "step"]
    assert max(moment.arriving + moment.leaving for moment in moments) == max(heard.totals) - before


def test_a_layer_that_changes_what_another_keeps_is_refused():
    network = Network((1, 4, 4), conv=Conv2d(1, 2, 1), relu=ReLU(), again=ReLU(inplace=True), flatten=Flatten(), fc=Linear(32, 2))
    with pytest.raises(ValueError, match="again: changes in place what relu keeps"):
        timeline(network)
    with pytest.raises(RuntimeError, match="inplace"):
        measure_peak(network)


def test_a_batch_norm_that_needs_two_is_given_none():
    """Where the budget fits one picture and not two."""
    network = Network((1, 4, 4), conv=Conv2d(1, 2, 1), flatten=Flatten(), fc=Linear(32, 2), norm=BatchNorm1d(2))
    assert largest_batch(network, timeline(network, 2).peak.total) == 2
    assert largest_batch(network, timeline(network, 2).peak.total - 1) == 0


def by_mem_tracker(network: Network, batch: int, foreach: bool) -> int:
    """PyTorch's own peak of a step with Adam, its state in place."""
    from torch.distributed._tools.mem_tracker import MemTracker

    model, x = build(network), torch.zeros(batch, *network.input_shape)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], foreach=foreach)
    model(x).sum().backward()
    optimizer.step()
    optimizer.zero_grad()
    tracker = MemTracker()
    tracker.track_external(model, optimizer, x)
    with tracker:
        loss = model(x).sum()
        loss.backward()
        optimizer.step()
    return tracker.get_tracker_snapshot("peak")[torch.device("cpu")]["Total"]


@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("batch", [1, 4, 16, 128])
def test_the_peak_is_mem_trackers(batch, foreach):
    assert timeline(small_cnn(), batch, foreach=foreach).peak.total == by_mem_tracker(small_cnn(), batch, foreach)


@pytest.mark.parametrize("frozen", [("conv1",), ("conv1", "conv2"), ("conv2",), ("fc1",), ("fc2",)])
def test_the_peak_with_frozen_layers_is_measured(frozen):  # of which MemTracker takes none
    network = small_cnn(batch_norm=True).frozen(*frozen)
    for batch in (2, 16, 128):
        assert timeline(network, batch).peak.total == measure_peak(network, batch)


def test_the_peak_is_mem_trackers_on_the_other_networks():
    for network in (small_cnn(batch_norm=True), vgg16_32(width=8), course_lib.one_conv(), course_lib.conv1d_net()):
        assert timeline(network, 4).peak.total == by_mem_tracker(network, 4, False)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_optimizer_stores_what_we_say(optimizer, dtype):
    for network in (small_cnn(), small_cnn(batch_norm=True).frozen("fc1")):
        assert predict_memory(network, 2, dtype, optimizer) == measure_memory(network, 2, dtype, optimizer)


class Lion(torch.optim.Optimizer):
    """The sign of a mean of gradients (Chen and others, 2023): an optimizer that PyTorch has not."""

    def __init__(self, params, lr=1e-4):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                p.add_(mean.lerp(p.grad, 0.1).sign_(), alpha=-group["lr"])
                mean.lerp_(p.grad, 0.01)


def test_an_optimizer_says_what_it_stores_by_shape():
    lion = Optimizer(Lion, {"lr": 1e-3}, copies(1), temporaries=1)
    assert predict_memory(small_cnn(), 2, optimizer=lion) == measure_memory(small_cnn(), 2, optimizer=lion)
    assert timeline(small_cnn(), 2, optimizer=lion).peak.total == measure_peak(small_cnn(), 2, optimizer=lion)
    assert timeline(small_cnn(), 2, optimizer=lion)[-1].cause.startswith("Lion, fc2")
    assert predict_memory(small_cnn(), optimizer="Adafactor").state == 4_524  # facts.md
    with pytest.raises(ValueError, match="what Adafactor makes in its step is not known by hand; measure_peak measures it"):
        timeline(small_cnn(), optimizer="Adafactor")
    assert timeline(small_cnn(), optimizer="Adafactor", mode="eval").peak.total > 0
    assert measure_peak(small_cnn(), 2, optimizer="Adafactor") > 0


def test_the_articles_networks():
    assert measure_memory(small_cnn(), 16)[:4] == (107_704, 107_704, 215_440, 0)
    step = measure_memory(small_cnn(batch_norm=True), 16)
    assert (step.training_state, step.kept, step.kept + step.input) == (436_696, 823_432, 1_020_040)
    assert predict_memory(small_cnn(batch_norm=True), 16) == step
    assert measure_memory(vgg16_32(), 2) == predict_memory(vgg16_32(), 2)
    assert predict_memory(vgg16_32(), 128).kept == 332_301_312


def test_a_saved_model_weighs_its_weights_and_buffers():
    for network in (small_cnn(), small_cnn(batch_norm=True), vgg16_32()):
        state, step = build(network).state_dict(), predict_memory(network, 2)
        assert sum(tensor.nbytes for tensor in state.values()) == step.weights + step.buffers


def test_the_largest_batch_fits_and_one_more_does_not():
    for network, budget in ((small_cnn(), 10**7), (vgg16_32(), 10**9), (small_cnn(batch_norm=True), 3 * 10**6)):
        most = largest_batch(network, budget)
        assert timeline(network, most).peak.total <= budget < timeline(network, most + 1).peak.total
    assert largest_batch(vgg16_32(), 10**6) == 0
    most = largest_batch(small_cnn(), 3 * 10**6)
    assert measure_peak(small_cnn(), most) <= 3 * 10**6 < measure_peak(small_cnn(), most + 1)


def test_measuring_leaves_a_model_as_it_was():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(), nn.Linear(64, 2))
    model[1].eval()
    model(torch.randn(2, 3, 6, 6)).sum().backward()
    before, modes = copy.deepcopy(model.state_dict()), [m.training for m in model.modules()]
    grads, random = [p.grad.clone() for p in model.parameters()], torch.random.get_rng_state()
    measure_memory(model, (4, 3, 6, 6), dtype="bfloat16", optimizer="AdamW")
    with pytest.raises(ValueError, match="0: expects 3 channels, but its input has 2; write Conv2d"):
        measure_memory(model, (4, 2, 6, 6))
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert modes == [m.training for m in model.modules()] and torch.equal(random, torch.random.get_rng_state())
    assert all(torch.equal(g, p.grad) for g, p in zip(grads, model.parameters(), strict=True))


@pytest.mark.parametrize("ask", [predict_memory, measure_memory])
@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"dtype": "float8"}, "dtype must be 'float64' or 'float32' or 'float16' or 'bfloat16', not 'float8'"),
        ({"optimizer": "Lion"}, "optimizer must be 'SGD' or"),
        ({"mode": "test"}, "mode must be 'train' or 'eval' or 'no_grad'"),
    ],
)
def test_unknown_names_say_what_there_is(ask, arguments, says):
    with pytest.raises(ValueError, match=says):
        ask(small_cnn(), 2, **arguments)


@pytest.mark.parametrize("ask", [predict_memory, measure_memory])
def test_bad_input_is_named(ask):
    with pytest.raises(ValueError, match="at least 1"):
        ask(small_cnn(), 0)
    with pytest.raises(ValueError, match="nothing to train"):
        ask(Network((3, 4, 4), flatten=Flatten()), 2)
    with pytest.raises(ValueError, match="nothing to train"):
        ask(Network((4,), fc=Linear(4, 2)).frozen("fc"), 2)
    with pytest.raises(ValueError, match="more than (1|one) value per channel"):
        ask(Network((4,), fc=Linear(4, 2), norm=BatchNorm1d(2)), 1)


@pytest.mark.parametrize(
    "call, error, says",
    [
        (lambda: timeline(small_cnn(), 0), ValueError, "batch_size must be at least 1, not 0"),
        (lambda: timeline(small_cnn(), 2.5), TypeError, "batch_size must be a whole number, not 2.5"),
        (lambda: timeline(small_cnn(), 2, optimizer="Lion"), ValueError, "optimizer must be 'SGD' or .*not 'Lion'"),
        (
            lambda: timeline(build(small_cnn()), 2),
            TypeError,
            "takes a Network.* not Sequential; timeline, measure_memory and measure_peak take a module",
        ),
        (lambda: timeline(Network((4,), flatten=Flatten())), ValueError, "nothing to train"),
        (lambda: measure_peak(Network((4,), flatten=Flatten())), ValueError, "nothing to train"),
        (lambda: timeline(small_cnn, 2), TypeError, "not a function; call it"),
        (lambda: measure_peak(small_cnn(), 10**9), ValueError, "this machine has no room for an input of 1000000000×3×32×32 values"),
        (lambda: measure_peak(small_cnn(), 0), ValueError, "input_size must be at least 1, not 0"),
        (lambda: measure_peak(small_cnn(), (2, 3, 16, 16)), ValueError, "does not fit the network: it takes batches of 3×32×32"),
        (lambda: measure_peak(build(small_cnn())), TypeError, "give input_size with the batch"),
        (lambda: largest_batch(small_cnn(), 0), ValueError, "budget must be at least 1, not 0"),
        (lambda: largest_batch(small_cnn(), "1 GB"), TypeError, "budget must be a whole number, not '1 GB'"),
    ],
)
def test_bad_input_of_the_timeline_is_named(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_a_budget_below_one_image_and_a_batch_of_a_billion():
    assert largest_batch(small_cnn(), 1_000) == 0 and largest_batch(small_cnn(), 1e9) == 16_848
    assert timeline(small_cnn(), 10**9).peak.total > 10**13


def test_modes_and_dtypes_are_told_apart():
    steps = {mode: predict_memory(small_cnn(batch_norm=True), 16, mode=mode) for mode in MODES}
    assert steps["train"].kept > steps["eval"].kept > steps["no_grad"].kept == 0
    assert len({predict_memory(small_cnn(), 16, dtype).total for dtype in DTYPES}) == 3


def test_an_in_place_relu_saves_nothing():
    plain, inplace = (
        Network((3, 8, 8), conv=Conv2d(3, 4, 3), relu=ReLU(inplace), flatten=Flatten(), fc=Linear(144, 2)) for inplace in (False, True)
    )
    assert predict_memory(plain, 4) == predict_memory(inplace, 4) == measure_memory(inplace, 4)


def test_a_frozen_linear_keeps_nothing_a_frozen_convolution_its_input_a_global_pool_nothing():
    line = Network((5,), a=Linear(5, 4), b=Linear(4, 3), c=Linear(3, 2))
    conv = Network((3, 8, 8), a=Conv2d(3, 4, 3), b=Conv2d(4, 5, 3), c=Conv2d(5, 2, 3))
    pool = Network((3, 8, 8), a=Conv2d(3, 4, 3), pool=course_lib.AdaptiveAvgPool2d(1), flatten=Flatten(), fc=Linear(4, 2))
    networks = line, line.frozen("b"), conv, conv.frozen("b"), pool
    kept = [measure_memory(network, 2).kept for network in networks]
    assert kept == [predict_memory(network, 2).kept for network in networks]
    assert kept[1] < kept[0] and kept[3] == kept[2] and kept[4] == 2 * 4 * 4


def test_earlier_gradients_and_a_users_hooks_play_no_part():
    model, seen = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), []
    fresh = measure_memory(model, (2, 4))
    model(torch.randn(2, 4)).sum().backward()
    model[0].register_forward_hook(lambda *_: seen.append(1))
    assert measure_memory(model, (2, 4), mode="no_grad").gradients == 0
    assert measure_memory(model, (2, 4)) == fresh and not seen
    model[0].requires_grad_(False)  # its old gradient stays on the model
    assert measure_memory(model, (2, 4)).gradients == sum(p.nbytes for p in model[2].parameters())


class Two(nn.Module):
    """Two linear layers of 4 values, and a forward of one's own."""

    def __init__(self, forward, tie=lambda a, b: None):
        super().__init__()
        self.a, self.b, self.how = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False), forward
        tie(self.a, self.b)

    def forward(self, *x):
        return self.how(self, *x)


def untied(net, x):
    return net.b(net.a(x))


def test_weights_tied_by_data_are_one_their_gradients_two():
    def tie(a, b):
        b.weight.data = a.weight.data

    def transpose(a, b):
        b.weight.data = a.weight.data.t()

    def parameter(a, b):
        b.weight = a.weight

    for how, gradients in ((tie, 128), (transpose, 128), (parameter, 64)):
        model = Two(untied, how)
        step = measure_memory(model, (2, 4))
        assert (step.weights, step.gradients) == (64, gradients)
        assert measure_memory(model, (2, 4), "bfloat16").weights == (32 if how is parameter else 64)  # .to() makes two of them, in PyTorch
        assert measure_peak(Two(untied), (2, 4)) - measure_peak(model, (2, 4)) >= 64
    assert measure_memory(Two(untied), (2, 4)).weights == 128


@dataclasses.dataclass
class Outputs:
    logits: torch.Tensor
    more: tuple


@pytest.mark.parametrize(
    "gives", [lambda a, b: (a, b), lambda a, b: {"out": a, "aux": [b]}, lambda a, b: a + b, lambda a, b: Outputs(a, (b,))]
)
def test_all_outputs_are_in_the_loss(gives):
    def both(net, x):
        return gives(net.a(x), net.b(x))

    def in_training(net, x):
        return gives(net.a(x), net.b(x)) if net.training else net.a(x)

    for forward in (both, in_training):
        assert measure_memory(Two(forward), (2, 4))[:3] == (128, 128, 264)
    assert measure_peak(Two(both), (2, 4)) > 128 + 128 + 264


@pytest.mark.parametrize("off", [torch.no_grad(), torch.inference_mode()])
def test_a_forward_without_autograd_is_refused_in_a_sentence_and_one_around_plays_no_part(off):
    for ask in (measure_memory, measure_peak):
        with pytest.raises(ValueError, match="no output of the model leads back to its parameters.*mode='no_grad' measures that"):
            ask(Two(off(untied)), (2, 4))
        outside = ask(Two(untied), (2, 4))
        with off:
            assert ask(Two(untied), (2, 4)) == outside
    assert measure_memory(Two(off(untied)), (2, 4), mode="no_grad").weights == 128
    with pytest.raises(ValueError, match="leads back"):
        measure_memory(Two(lambda net, x: net.a(x).argmax(1)), (2, 4))
    with pytest.raises(ValueError, match="leads back"):
        measure_memory(Two(lambda net, x: None), (2, 4))


def test_integers_and_several_inputs_are_given_as_data():
    words = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2))
    with pytest.raises(ValueError, match="0: takes whole numbers; give them as input_data"):
        measure_memory(words, (2, 5))
    data = torch.randint(10, (2, 5))
    step = measure_memory(words, input_data=data)
    assert (step.weights, step.input, step.kept) == (200, 80, 160)  # int64; the vectors that Linear needs
    assert measure_peak(words, input_data=data) > step.training_state
    added = Two(lambda net, x, y: net.a(x) + net.b(y))
    assert measure_memory(added, [(2, 4), (3, 4)][:1] * 2).input == 64
    assert measure_memory(added, input_data=(torch.randn(2, 4), torch.randn(2, 4))).input == 64
    with pytest.raises(ValueError, match="missing 1 required positional argument"):
        measure_memory(added, (2, 4))


def test_a_model_without_values_or_on_another_device_is_said():
    with pytest.raises(ValueError, match="the model has no values yet: build it on the CPU"):
        measure_memory(nn.Linear(4, 2, device="meta"), (2, 4))


def test_the_cuda_column_says_what_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert compare_memory(small_cnn(), 16).total == ["most at once", "1,378,584", "1,378,584", "no CUDA device here"]
    # The way to a device, walked with the CPU in its place: a first step, then one of which the peak is taken, less what was there before.
    done, step = [], measuring.one_step
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    sizes = {"requested_bytes.all.current": 600, "allocated_bytes.all.current": 1_024,
             "requested_bytes.all.peak": 1_500_600, "allocated_bytes.all.peak": 1_601_024}  # fmt: skip
    monkeypatch.setattr(torch.cuda, "memory_stats", lambda: sizes)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: done.append("reset"))
    to = torch.Tensor.to
    monkeypatch.setattr(
        torch.Tensor, "to", lambda tensor, where, *more, **kw: tensor if where == "cuda" else to(tensor, where, *more, **kw)
    )
    monkeypatch.setattr(nn.Module, "to", lambda model, where: done.append(where) or model)
    monkeypatch.setattr(measuring, "one_step", lambda *case: done.append("step") or step(*case))
    *_, asked, blocks = compare_memory(small_cnn(), 16).rows
    assert (asked[0], blocks[0]) == ("asked for at once on the device", "rounded up to blocks of 512 bytes")
    assert asked[1:] == [f"{timeline(small_cnn(), 16, foreach=True).peak.total:,}", "", "1,500,000"] and blocks[-1] == "100,000"
    assert done[1:6] == [torch.float32, "cuda", "step", "reset", "step"]
    assert compare_memory(small_cnn(), 16).total[-1] == "1,600,000"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_cuda_allocator_holds_at_least_the_weights_gradients_and_state():
    asked, held = cuda_peak(small_cnn(), 16)
    assert held >= asked >= 430_848


def test_a_layer_may_be_called_input():
    network = Network((4, 6, 6), conv=Conv2d(4, 2, 3), input=ReLU(), flatten=Flatten())
    assert predict_memory(network, 2) == measure_memory(network, 2)


@pytest.mark.parametrize("wrong", [vgg16_32, nn.Linear(2, 1), None, "small_cnn"])
def test_what_is_no_network_is_said(wrong):
    for ask in (predict_memory, compare_memory):
        with pytest.raises(TypeError, match="takes a Network, such as small_cnn"):
            ask(wrong, 2)


def test_a_models_backward_hooks_see_nothing_and_what_a_pass_left_on_it_is_no_obstacle():
    class Keeps(nn.Linear):
        def forward(self, x):
            self.last = super().forward(x)
            return self.last

    class Recorder:
        def __call__(self, *seen):
            self.seen = seen

        def record(self, *seen):
            self.seen = seen

    fresh, model, recorder = measure_memory(Keeps(4, 2), (2, 4)), Keeps(4, 2), Recorder()
    model.register_forward_hook(recorder.record)
    model.register_full_backward_pre_hook(recorder)
    model.register_full_backward_hook(recorder)
    model(torch.zeros(2, 4, requires_grad=True)).sum().backward()
    before = recorder.seen
    assert measure_memory(model, (2, 4)) == fresh and recorder.seen is before and model.last.grad_fn is not None


@pytest.mark.parametrize("wrong", [vgg16_32, None, "small_cnn", nn.Linear])
def test_what_cannot_be_measured_is_said(wrong):
    with pytest.raises(TypeError, match="model must be a Network or a torch.nn.Module, not"):
        measure_memory(wrong, (2, 3, 32, 32))


class Own(course_lib.Layer):
    n: int = 3


@pytest.mark.parametrize("layer", [course_lib.RMSNorm(8), course_lib.Embedding(3, 8), Own()])
def test_a_layer_whose_backward_is_not_known_is_refused_by_name(layer):
    for ask in (predict_memory, timeline):
        with pytest.raises(
            ValueError, match=f"the backward of {layer.kind} keeps is not known by hand; measure_memory and measure_peak measure it"
        ):
            ask(Network((4, 8), x=layer), 2)
    if layer.kind == "RMSNorm":
        assert measure_memory(Network((4, 8), x=layer), 2).kept > 0


def with_one(kind: str) -> tuple[tuple, course_lib.Layer]:
    """A layer of this kind with its usual arguments, those that it must have drawn, and an input for it."""
    cls = LAYERS[kind]
    shape = (4, 6, 6, 6)[: (cls.ranks or (3,))[0]]
    return shape, drawn.usual(kind, shape)


def is_known(kind: str) -> bool:
    """Whether a layer can stand in a row, and what its backward keeps is known; one of which it is not says so, which is tested above."""
    shape, layer = with_one(kind)
    if not LAYERS[kind].chains or layer is None:  # which has no sizes yet, or takes indices
        return False
    try:
        predict_memory(Network(shape, x=layer, last=course_lib.Sigmoid()), 2)
    except ValueError as error:
        return NOT_KNOWN not in str(error)
    return True


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("kind", filter(is_known, LAYERS))
def test_every_layer_keeps_and_holds_what_we_say(kind, dtype):
    """In front, in the middle, and frozen there; in training and in eval."""
    shape, layer = with_one(kind)
    if kind == "AvgPool3d" and dtype == "bfloat16":
        pytest.skip("PyTorch has no AvgPool3d in bfloat16 on the CPU")
    first = getattr(course_lib, f"Conv{len(shape) - 1}d")(4, 4, 1) if len(shape) > 1 else Linear(4, 4)
    middle = Network(shape, first=first, x=layer, last=course_lib.Sigmoid())
    front = Network(shape, x=layer, last=Linear(layer.output_shape(shape)[-1], 2))
    for network in (middle, middle.frozen("x"), front, front.frozen("x")):
        for mode in ("train", "eval"):
            assert predict_memory(network, 2, dtype, mode=mode) == measure_memory(network, 2, dtype, mode=mode)
            assert timeline(network, 2, dtype, mode=mode).peak.total == measure_peak(network, 2, dtype, mode=mode)


@pytest.mark.parametrize("kind", LAYERS)
def test_the_shapes_of_parameters_are_pytorchs(kind):
    if not LAYERS[kind].chains or kind == "LazyLinear":
        pytest.skip("is in no Network, or has no sizes yet")
    if kind == "Embedding":
        shape, layer = (4, 8), course_lib.Embedding(3, 8)
    else:
        shape, layer = with_one(kind)
    parameters = [tuple(parameter.shape) for parameter in build(Network(shape, x=layer)).parameters()]
    assert layer.parameter_shapes == parameters


def test_what_one_argument_changes_is_measured():
    """A norm without remembered statistics takes the batch's in eval mode, too; a dropout of 0 hands on what it is given."""
    around = {"first": Conv2d(3, 4, 3), "last": Conv2d(4, 2, 3)}
    norm = Network((3, 6, 6), conv=around["first"], norm=course_lib.BatchNorm2d(4, track_running_stats=False), last=around["last"])
    drop = Network((3, 6, 6), conv=around["first"], drop=course_lib.Dropout(0.0), last=around["last"])
    for network, mode in ((norm, "eval"), (norm, "train"), (drop, "train")):
        assert predict_memory(network, 4, mode=mode) == measure_memory(network, 4, mode=mode)
    widest = Network((3, 6, 6), conv=Conv2d(3, 64, 3), drop=course_lib.Dropout(0.0), last=Conv2d(64, 1, 3))
    for network in (drop, widest):
        assert timeline(network, 4, optimizer="SGD").peak.total == measure_peak(network, 4, optimizer="SGD")


def test_the_data_that_are_given_stay_as_they_were():
    model, data = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 2)), -torch.ones(2, 3)
    measure_memory(model, input_data=data)
    measure_peak(model, input_data=data)
    assert (data == -1).all()
