"""The bytes of one training step, on a copy of any module: its parts and the most at once, as they really are, and its moments on sizes."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial

import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin as Uninitialized
from torch.utils._pytree import tree_map_only

from course_lib.by_hand.layers import one_of
from course_lib.by_hand.memory import DTYPES, MODES, Memory, Optimizer, named_optimizer, predict_memory
from course_lib.by_hand.networks import Network
from course_lib.by_hand.step import Timeline, batch_within, check_flags, network_largest_batch, network_timeline
from course_lib.by_machine.counting import counts_of, forward_arguments, network_input_size
from course_lib.by_machine.modules import build
from course_lib.by_machine.walk.operations import NeedsValue, tensors
from course_lib.by_machine.walk.outside import copied_run
from course_lib.by_machine.walk.step import Lives, StepLives, loss_of, one_step, saved_by_forward, torch_optimizer
from course_lib.by_machine.walk.structure import owned_tensors
from course_lib.show.tables import Table
from course_lib.words import words


def measure_memory(
    network_or_model: Network | nn.Module, input_size: tuple | int | None = None,
    dtype: str | None = None, optimizer: str | Optimizer = "Adam", mode: str = "train", input_data=None,
) -> Memory:  # fmt: skip
    """The bytes of one real step, as predict_memory predicts them; the loss is the sum of all that the model gives.

    input_size has the batch first, or is the batch alone for a Network; input_data is a tensor, of integers, too, or a tuple or dict of
    them. What shares a storage counts once.

    >>> step = measure_memory(small_cnn(), 16)
    >>> step.training_state, step.kept, step.kept + step.input
    (430848, 486400, 683008)
    """
    with working_copy(network_or_model, input_size, dtype, optimizer, mode, input_data) as (model, args, kwargs):
        state = []
        output, saved = saved_by_forward(model, args, kwargs)
        if mode == "train":
            stepping = torch_optimizer(model, optimizer)
            loss_of(output).backward()
            stepping.step()
            state = tensors(stepping.state)
    mine = {tensor.untyped_storage().data_ptr() for tensor in tensors([args, kwargs])}
    return Memory(
        weights=_bytes_under(model.parameters()),
        gradients=_bytes_under(p.grad for p in model.parameters() if p.grad is not None),
        state=_bytes_under(state),
        buffers=_bytes_under(model.buffers()),
        kept=sum(size for place, size in saved.items() if place not in mine),
        input=sum(size for place, size in saved.items() if place in mine),
    )


def _bytes_under(given: Iterable[torch.Tensor]) -> int:
    return sum({whole.data_ptr(): whole.nbytes() for whole in (tensor.untyped_storage() for tensor in given)}.values())


@contextmanager
def working_copy(
    network_or_model, input_size, dtype: str | None, optimizer, mode: str, input_data=None, device: str = "cpu"
) -> Iterator[tuple[nn.Module, tuple, dict]]:
    """What a step runs on: a copy, on the "cpu" or "hollow", and the arguments of its forward, with random numbers for blanks; autograd
    on, unless the mode says otherwise. Where its forward fails it is said by name, as `count` says it."""
    one_of(MODES, "mode", mode)
    named_optimizer(optimizer)
    model = network_or_model
    if isinstance(model, Network):
        size = network_input_size(model, input_size, input_data)
        model, input_size = build(model, "meta" if device == "hollow" else "cpu"), size if input_data is None else None
    elif not isinstance(model, nn.Module):
        raise TypeError(words("measure.no_model", model=model))
    elif device == "cpu" and any(tensor.is_meta or isinstance(tensor, Uninitialized) for tensor in owned_tensors(model)):
        raise ValueError(words("measure.meta"))
    to_dtype = getattr(torch, one_of(DTYPES, "dtype", dtype)) if dtype is not None else None
    arguments = forward_arguments(model, input_size, input_data)
    try:
        running = copied_run(model, arguments, device, to_dtype, torch.randn)
        with torch.inference_mode(False), torch.set_grad_enabled(mode != "no_grad"), running as (copied, args, kwargs):
            yield copied.train(mode == "train"), args, kwargs
    except Exception as error:
        if model is network_or_model and not isinstance(error, NeedsValue):
            counts_of(model, input_size, input_data, train=mode == "train")
        raise


def step_lives(
    network_or_model, input_size=None, dtype: str | None = None, optimizer: str | Optimizer = "Adam", mode: str = "train",
    foreach: bool = False, first: bool = False, accumulate: bool = False, input_data=None, device: str = "cpu",
) -> Lives:  # fmt: skip
    """One step on a copy, heard from its first operation to its last; a `Misfit` where its forward fails."""
    check_flags(foreach=foreach, first=first, accumulate=accumulate)
    one_by_one = {"foreach": foreach} if foreach or isinstance(optimizer, str) else {}  # a class of your own may not know the word
    stepping = partial(torch_optimizer, optimizer=optimizer, **one_by_one) if mode == "train" else None
    with working_copy(network_or_model, input_size, dtype, optimizer, mode, input_data, device) as run:
        return StepLives(*run, stepping, first, accumulate, device == "hollow")


def measure_peak(
    network_or_model: Network | nn.Module, input_size: tuple | int | None = None,
    dtype: str | None = None, optimizer: str | Optimizer = "Adam", mode: str = "train",
    foreach: bool = False, first: bool = False, accumulate: bool = False, input_data=None,
) -> int:  # fmt: skip
    """The most bytes that live at once in one real step on the CPU, as `timeline` predicts them; the loss is the sum of what it gives.

    Without a dtype the model keeps its own. What a kernel takes and gives back inside of one operation is not seen; nor does PyTorch's
    own MemTracker see it.

    >>> measure_peak(small_cnn(), 16)
    1378584
    """
    return max(step_lives(network_or_model, input_size, dtype, optimizer, mode, foreach, first, accumulate, input_data).totals)


def timeline(
    network_or_model: Network | nn.Module, input_size: tuple | int | None = None,
    dtype: str | None = None, optimizer: str | Optimizer = "Adam", mode: str = "train",
    foreach: bool = False, first: bool = False, accumulate: bool = False, input_data=None,
) -> Timeline:  # fmt: skip
    """The moments of one step on the CPU: of a Network by hand, of any module as PyTorch goes through it, with nothing computed.

    input_size has the batch first, or is the batch alone for a Network; input_data takes tensors, as `count` does. The loss is the sum of
    all that the model gives. `first` is the step in which the optimizer makes its state, `accumulate` one that adds to gradients
    which are there already, `foreach` an optimizer that works on all parameters at once. Of "eval" and "no_grad" it is a forward
    pass alone. Without a dtype a module keeps its own. What a kernel takes and gives back inside of one operation is not seen.

    >>> peak = timeline(nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU()), (16, 3, 5, 5)).peak
    >>> peak.total, peak.phase, peak.place
    (15232, 'backward', '1')
    """
    how = dtype, optimizer, mode, foreach, first, accumulate
    if isinstance(network_or_model, Network):
        batch = network_input_size(network_or_model, input_size, input_data)[0]
        return network_timeline(network_or_model, batch, dtype or "float32", *how[1:])
    try:
        return step_lives(network_or_model, input_size, *how, input_data, device="hollow").timeline()
    except NeedsValue:  # of a float, which decides what is done
        real = step_lives(network_or_model, input_size, *how, input_data).timeline()
        return Timeline(real, real.kept, notes=(words("run_for_real"),))


def largest_batch(
    network_or_model: Network | nn.Module, budget: float, input_size: tuple | None = None,
    dtype: str | None = None, optimizer: str | Optimizer = "Adam", foreach: bool = False, input_data=None,
) -> int:  # fmt: skip
    """The largest batch whose step fits a budget of bytes, the optimizer's state in place; 0 where not even one image does.

    input_size has a batch, of which only the other sizes count; of input_data the rows are repeated. At each operation of a step the
    bytes grow by the same for each image: of two walks the batch is reckoned, two more say whether it is so, and where it is not,
    as with a model whose operations depend on the batch, it is looked for.

    >>> largest_batch(nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU()), 10**6, (1, 3, 5, 5))
    1240
    """
    if isinstance(network_or_model, Network):
        return network_largest_batch(network_or_model, budget, dtype or "float32", optimizer)
    args, kwargs = forward_arguments(network_or_model, input_size, input_data)
    rows = next(tensor.shape[0] for tensor in tensors([args, kwargs]) if tensor.dim())

    @cache
    def totals(batch: int) -> list[int]:
        def repeated(tensor: torch.Tensor) -> torch.Tensor:
            batched = tensor.dim() and tensor.shape[0] == rows
            return tensor[torch.arange(batch, device=tensor.device) % rows] if batched else tensor

        data = tree_map_only(torch.Tensor, repeated, args or kwargs)
        return step_lives(network_or_model, None, dtype, optimizer, foreach=foreach, input_data=data, device="hollow").totals

    return batch_within(budget, totals)


def compare_memory(
    network: Network, batch_size: int = 1, dtype: str = "float32", optimizer: str | Optimizer = "Adam", mode: str = "train"
) -> Table:
    """The parts of one step by hand and as measured, and the most at once; on a CUDA device, where there is one, what PyTorch asks the
    allocator for, and what that rounds up to blocks of 512 bytes.

    >>> compare_memory(small_cnn(), 16).total[1:3]
    ['1,378,584', '1,378,584']
    """
    case = network, batch_size, dtype, optimizer, mode
    by_hand, measured = predict_memory(*case), measure_memory(*case)
    parts = [*zip(Memory._fields, by_hand, measured, strict=True), ("parts_sum", by_hand.total, measured.total)]
    rows = [[words(part), f"{hand:,}", f"{real:,}", ""] for part, hand, real in parts]
    at_once = words("no_cuda")
    if torch.cuda.is_available():
        expected = network_timeline(*case, foreach=True).peak.total  # PyTorch's optimizers work on all at once there
        asked, held = cuda_peak(*case)
        rows.append([words("cuda_asked"), f"{expected:,}", "", f"{asked:,}"])
        rows.append([words("cuda_blocks"), "", "", f"{held - asked:,}"])
        at_once = f"{held:,}"
    headings = [f"<{words('part')}", words("by_hand"), words("measured"), words("cuda_peak")]
    return Table(headings, rows, [words("most_at_once"), f"{network_timeline(*case).peak.total:,}", f"{measure_peak(*case):,}", at_once])


CUDA_STATISTICS = "requested_bytes.all", "allocated_bytes.all"


def cuda_peak(
    network: Network, batch_size: int = 1, dtype: str = "float32", optimizer: str | Optimizer = "Adam", mode: str = "train"
) -> tuple[int, int]:
    """The most at once in a step on the CUDA device, its state in place: bytes asked of PyTorch's allocator, and bytes that it held."""
    before = [torch.cuda.memory_stats().get(f"{name}.current", 0) for name in CUDA_STATISTICS]
    with torch.random.fork_rng(range(torch.cuda.device_count())), working_copy(network, batch_size, dtype, optimizer, mode) as run:
        model, args, kwargs = run[0].to("cuda"), [tensor.to("cuda") for tensor in run[1]], run[2]
        stepping = torch_optimizer(model, optimizer) if mode == "train" else None
        one_step(model, args, kwargs, stepping)
        model.zero_grad()
        torch.cuda.reset_peak_memory_stats()
        one_step(model, args, kwargs, stepping)
    after = [torch.cuda.memory_stats()[f"{name}.peak"] for name in CUDA_STATISTICS]
    return after[0] - before[0], after[1] - before[1]
