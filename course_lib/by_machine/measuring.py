"""The bytes of one training step as they really are, after a real step on a copy: its parts, and the most at once."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.parameter import UninitializedTensorMixin as Uninitialized
from torch.utils._pytree import tree_map_only

from course_lib.by_hand.layers import one_of
from course_lib.by_hand.memory import DTYPES, MODES, Memory, Optimizer, named_optimizer, predict_memory
from course_lib.by_hand.networks import Network
from course_lib.by_hand.step import timeline
from course_lib.by_machine.counting import counts_of, forward_arguments, network_input_size
from course_lib.by_machine.modules import build
from course_lib.by_machine.walk.operations import tensors
from course_lib.by_machine.walk.step import LiveStorages, loss_of, one_step, saved_by_forward, step_context, torch_optimizer
from course_lib.by_machine.walk.structure import copy_on, owned_tensors
from course_lib.show.tables import Table, times
from course_lib.words import words


def measure_memory(
    network_or_model: Network | nn.Module, input_size: tuple | int | None = None,
    dtype: str = "float32", optimizer: str | Optimizer = "Adam", mode: str = "train", input_data=None,
) -> Memory:  # fmt: skip
    """The bytes of one real step, as predict_memory predicts them; the loss is the sum of all that the model gives.

    input_size has the batch first, or is the batch alone for a Network; input_data is a tensor, of integers, too, or a tuple or dict of
    them. What shares a storage counts once.

    >>> step = measure_memory(small_cnn(), 16)
    >>> step.training_state, step.kept, step.kept + step.input
    (430848, 486400, 683008)
    """
    with step_context(mode):
        model, args, kwargs = working_copy(network_or_model, input_size, dtype, optimizer, mode, input_data)
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
    storages = [tensor.untyped_storage() for tensor in given]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def working_copy(network_or_model, input_size, dtype: str, optimizer, mode: str, input_data=None) -> tuple[nn.Module, tuple, dict]:
    """A copy on the CPU that nobody else sees, without gradients and hooks, and the arguments of its forward."""
    one_of(MODES, "mode", mode)
    named_optimizer(optimizer)
    if isinstance(network_or_model, Network):
        model, size = build(network_or_model), network_input_size(network_or_model, input_size, input_data)
        input_size = size if input_data is None else None
    elif not isinstance(network_or_model, nn.Module):
        raise TypeError(words("measure.no_model", model=network_or_model))
    elif any(tensor.is_meta or isinstance(tensor, Uninitialized) for tensor in owned_tensors(network_or_model)):
        raise ValueError(words("measure.meta"))
    else:
        counts_of(network_or_model, input_size, input_data, train=mode == "train")  # raises where the input does not fit, by name
        model = copy_on("cpu", network_or_model)  # without the gradients of an earlier step
    model = model.to(getattr(torch, one_of(DTYPES, "dtype", dtype))).train(mode == "train")
    arguments = forward_arguments(model, input_size, input_data)
    return model, *tree_map_only(torch.Tensor, lambda given: _input_value(given, dtype), arguments)


def _input_value(given: torch.Tensor, dtype: str) -> torch.Tensor:
    """A blank as random numbers, a tensor as a copy of the dtype that is asked; integers stay."""
    if given.is_meta:
        try:
            return torch.randn(given.shape).to(getattr(torch, dtype))
        except RuntimeError as error:
            raise ValueError(words("measure.no_room", shape=times(given.shape))) from error
    return given.detach().to("cpu", getattr(torch, dtype) if given.is_floating_point() else given.dtype, copy=True)


def measure_peak(
    network_or_model: Network | nn.Module, input_size: tuple | int | None = None,
    dtype: str = "float32", optimizer: str | Optimizer = "Adam", mode: str = "train",
    foreach: bool = False, first: bool = False, accumulate: bool = False, input_data=None,
) -> int:  # fmt: skip
    """The most bytes that live at once in one real step on the CPU, as `timeline` predicts them; the loss is the sum of what it gives.

    What a kernel takes and gives back inside of one operation is not seen; nor does PyTorch's own MemTracker see it.

    >>> measure_peak(small_cnn(), 16)
    1378584
    """
    with step_context(mode):
        model, args, kwargs = working_copy(network_or_model, input_size, dtype, optimizer, mode, input_data)
        stepping = None
        if mode == "train":
            one_by_one = {"foreach": foreach} if foreach or isinstance(optimizer, str) else {}  # a class of your own may not know the word
            stepping = torch_optimizer(model, optimizer, **one_by_one)
            if not first:
                one_step(model, args, kwargs, stepping)
                stepping.zero_grad()
            if accumulate:
                loss_of(model(*args, **kwargs)).backward()
        there = [*model.parameters(), *model.buffers(), *(p.grad for p in model.parameters() if p.grad is not None)]
        with LiveStorages(*tensors([args, kwargs]), *there, *tensors(stepping.state if stepping else ())) as live:
            del there
            one_step(model, args, kwargs, stepping)
    return live.peak


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
        expected = timeline(*case, foreach=True).peak.total  # PyTorch's optimizers work on all at once there
        asked, held = cuda_peak(*case)
        rows.append([words("cuda_asked"), f"{expected:,}", "", f"{asked:,}"])
        rows.append([words("cuda_blocks"), "", "", f"{held - asked:,}"])
        at_once = f"{held:,}"
    headings = [f"<{words('part')}", words("by_hand"), words("measured"), words("cuda_peak")]
    return Table(headings, rows, [words("most_at_once"), f"{timeline(*case).peak.total:,}", f"{measure_peak(*case):,}", at_once])


CUDA_STATISTICS = "requested_bytes.all", "allocated_bytes.all"


def cuda_peak(
    network: Network, batch_size: int = 1, dtype: str = "float32", optimizer: str | Optimizer = "Adam", mode: str = "train"
) -> tuple[int, int]:
    """The most at once in a step on the CUDA device, its state in place: bytes asked of PyTorch's allocator, and bytes that it held."""
    before = [torch.cuda.memory_stats().get(f"{name}.current", 0) for name in CUDA_STATISTICS]
    with step_context(mode):
        model, args, kwargs = working_copy(network, batch_size, dtype, optimizer, mode)
        model, args = model.to("cuda"), tree_map_only(torch.Tensor, lambda tensor: tensor.to("cuda"), args)
        stepping = torch_optimizer(model, optimizer) if mode == "train" else None
        one_step(model, args, kwargs, stepping)
        model.zero_grad()
        torch.cuda.reset_peak_memory_stats()
        one_step(model, args, kwargs, stepping)
    after = [torch.cuda.memory_stats()[f"{name}.peak"] for name in CUDA_STATISTICS]
    return after[0] - before[0], after[1] - before[1]
