"""Gradients, optimizer state, buffers and saved tensors as they really are, after one real step on a copy."""

import warnings

import torch
from torch import nn

from course_lib.by_hand.layers import one_of
from course_lib.by_hand.memory import DTYPES, MODES, OPTIMIZERS, Memory, predict_memory
from course_lib.by_hand.networks import Network
from course_lib.by_machine.copying import with_values
from course_lib.by_machine.counting import with_batch
from course_lib.by_machine.modules import build
from course_lib.show.tables import Table, times
from course_lib.words import words


def measure_memory(
    network_or_model: Network | nn.Module, input_size: tuple | int = 1, dtype: str = "float32", optimizer: str = "Adam", mode: str = "train"
) -> Memory:
    """The bytes of one real step, as predict_memory predicts them; input_size with the batch, or the batch alone for a Network.

    >>> from course_lib import small_cnn
    >>> step = measure_memory(small_cnn(), 16)
    >>> step.training_state, step.kept, step.kept + step.input
    (430848, 486400, 683008)
    """
    model, size = working_copy(network_or_model, input_size, dtype, optimizer, mode)
    saved, mine, state = _step(model, size, optimizer, mode)
    return Memory(
        weights=sum(p.nbytes for p in model.parameters()),
        gradients=sum(p.grad.nbytes for p in model.parameters() if p.grad is not None),
        state=sum(t.nbytes for values in state for t in values.values() if torch.is_tensor(t)),
        buffers=sum(b.nbytes for b in model.buffers()),
        kept=sum(size for place, size in saved.items() if place != mine),
        input=saved.get(mine, 0),
    )


def compare_memory(network: Network, batch_size: int = 1, dtype: str = "float32", optimizer: str = "Adam", mode: str = "train") -> Table:
    """The bytes of one step by hand, as measured, and the peak of the CUDA allocator, where there is such a device.

    >>> from course_lib import small_cnn
    >>> print(compare_memory(small_cnn(), 16).total[1:3])
    ['1,113,856', '1,113,856']
    """
    asked = network, batch_size, dtype, optimizer, mode
    by_hand, measured, peak = predict_memory(*asked), measure_memory(*asked), words("no_cuda")
    if torch.cuda.is_available():
        peak = f"{cuda_peak(*asked):,}"
    rows = [[words(part), f"{hand:,}", f"{real:,}", ""] for part, hand, real in zip(Memory._fields, by_hand, measured, strict=True)]
    headings = [f"<{words('part')}", words("by_hand"), words("measured"), words("cuda_peak")]
    return Table(headings, rows, [words("total"), f"{by_hand.total:,}", f"{measured.total:,}", peak])


def cuda_peak(
    network_or_model: Network | nn.Module, input_size: tuple | int = 1, dtype: str = "float32", optimizer: str = "Adam", mode: str = "train"
) -> int:
    """The most bytes that PyTorch's allocator held at once on the CUDA device for one step, above what it held before."""
    model, size = working_copy(network_or_model, input_size, dtype, optimizer, mode)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    _step(model.to("cuda"), size, optimizer, mode)
    return torch.cuda.max_memory_allocated() - before


def working_copy(network_or_model, input_size, dtype: str, optimizer: str, mode: str) -> tuple[nn.Module, tuple[int, ...]]:
    """A copy on the CPU that nobody else sees, without gradients and hooks, and its input_size with the batch."""
    for what, value, known in (("dtype", dtype, DTYPES), ("optimizer", optimizer, OPTIMIZERS), ("mode", mode, MODES)):
        one_of(known, what, value)
    if isinstance(network_or_model, Network):
        model = build(network_or_model)
        input_size = (input_size, *network_or_model.input_shape) if isinstance(input_size, int) else with_batch(input_size)
        if input_size[1:] != network_or_model.input_shape:
            raise ValueError(f"measure: input_size {input_size} does not fit; it takes batches of {times(network_or_model.input_shape)}")
    elif not isinstance(network_or_model, nn.Module):
        raise TypeError(f"measure: model must be a Network or a torch.nn.Module, not {network_or_model!r:.60}")
    elif any(tensor.is_meta for tensor in (*network_or_model.parameters(), *network_or_model.buffers())):
        raise ValueError("measure: the model is on the meta device, without values; build it on the CPU")
    else:
        model = with_values(network_or_model)
    model.zero_grad(set_to_none=True)  # gradients of an earlier step are not this one's
    return model.to(getattr(torch, dtype)).train(mode == "train"), with_batch(input_size)


def trained_parameters(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that are trained; an error where there are none."""
    if trained := [p for p in model.parameters() if p.requires_grad]:
        return trained
    raise ValueError("measure: nothing to train: the model has no parameters, or all are frozen")


def _step(model: nn.Module, size: tuple[int, ...], optimizer: str, mode: str) -> tuple[dict[int, int], int, list[dict]]:
    """One step: the bytes of each storage that was saved, which of them is the input, and the optimizer's state."""
    trained = trained_parameters(model) if mode == "train" else []
    like = next((t for t in (*model.parameters(), *model.buffers()) if t.is_floating_point()), torch.empty(0))
    devices = range(torch.cuda.device_count())
    with torch.random.fork_rng(devices), torch.set_grad_enabled(mode != "no_grad"):
        x, state = torch.randn(size).to(like), {}
        output, saved = forward(model, x)
        if mode == "train":
            kind, arguments, *_ = OPTIMIZERS[optimizer]
            made = getattr(torch.optim, kind)(trained, **arguments)
            output.sum().backward()
            made.step()
            state = made.state
    return saved, x.untyped_storage().data_ptr(), list(state.values())


def forward(model: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, dict[int, int]]:
    """The output, and the bytes of each storage that autograd saved, parameters and buffers not counted."""
    own = {t.untyped_storage().data_ptr() for t in (*model.parameters(), *model.buffers())}
    saved, alive = {}, []  # alive: a storage that is let go would give its place to the next

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and storage.nbytes():
            saved[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using padding='same'")  # PyTorch says that it makes the copy we count
        return model(x), saved
