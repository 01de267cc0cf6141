"""What lives at once in a real step: every storage from the operation that makes it to the moment when nobody holds it."""

import weakref

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from course_lib.by_hand.memory import Memory, predict_memory
from course_lib.by_hand.networks import Network
from course_lib.by_hand.optimizers import Optimizer
from course_lib.by_hand.step import timeline
from course_lib.by_machine.measuring import loss_of, measure_memory, running, torch_optimizer, working_copy
from course_lib.by_machine.walk import tensors
from course_lib.show.tables import Table
from course_lib.words import words


class Living(TorchDispatchMode):
    """Counts the bytes of all storages that live: those that are given, and those that an operation makes; `peak` is the most."""

    def __init__(self, *given: torch.Tensor) -> None:
        super().__init__()
        self.sizes, self.now, self.peak = {}, 0, 0
        self.hold(given)

    def hold(self, made) -> None:
        for tensor in tensors(made):
            storage = tensor.untyped_storage()
            if storage._cdata not in self.sizes:
                self.sizes[storage._cdata] = storage.nbytes()
                self.now += storage.nbytes()
                weakref.finalize(storage, self.let_go, storage._cdata)
        self.peak = max(self.peak, self.now)

    def let_go(self, place: int) -> None:
        self.now -= self.sizes.pop(place, 0)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.hold(result)
        return result


def measure_peak(
    network_or_model: Network | nn.Module, input_size: tuple | int | None = None,
    dtype: str = "float32", optimizer: str | Optimizer = "Adam", mode: str = "train",
    foreach: bool = False, first: bool = False, accumulate: bool = False, input_data=None,
) -> int:  # fmt: skip
    """The most bytes that live at once in one real step on the CPU, as `timeline` predicts them; the loss is the sum of what it gives.

    What a kernel takes and gives back inside of one operation is not seen; nor does PyTorch's own MemTracker see it.

    >>> from course_lib import small_cnn
    >>> measure_peak(small_cnn(), 16)
    1378584
    """
    model, args, kwargs = working_copy(network_or_model, input_size, dtype, optimizer, mode, input_data)
    with running(mode):
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
        with Living(*tensors([args, kwargs]), *there, *tensors(list(stepping.state.values()) if stepping else [])) as living:
            del there
            one_step(model, args, kwargs, stepping)
    return living.peak


def one_step(model: nn.Module, args: tuple, kwargs: dict, optimizer: torch.optim.Optimizer | None) -> None:
    """Forward, loss, backward and the optimizer's work, with the gradients that are there; without an optimizer a forward alone."""
    if optimizer is None:
        model(*args, **kwargs)
        return
    loss = loss_of(model(*args, **kwargs))
    loss.backward()
    optimizer.step()


def compare_memory(
    network: Network, batch_size: int = 1, dtype: str = "float32", optimizer: str | Optimizer = "Adam", mode: str = "train"
) -> Table:
    """The parts of one step by hand and as measured, and the most at once; on a CUDA device, where there is one, what PyTorch asks the
    allocator for, and what that rounds up to blocks of 512 bytes.

    >>> from course_lib import small_cnn
    >>> compare_memory(small_cnn(), 16).total[1:3]
    ['1,378,584', '1,378,584']
    """
    case = network, batch_size, dtype, optimizer, mode
    by_hand, measured = predict_memory(*case), measure_memory(*case)
    rows = [[words(part), f"{hand:,}", f"{real:,}", ""] for part, hand, real in zip(Memory._fields, by_hand, measured, strict=True)]
    rows.append([words("parts_sum"), f"{by_hand.total:,}", f"{measured.total:,}", ""])
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
    model, args, kwargs = working_copy(network, batch_size, dtype, optimizer, mode)
    with running(mode):
        model, args = model.to("cuda"), tree_map_only(torch.Tensor, lambda tensor: tensor.to("cuda"), args)
        stepping = torch_optimizer(model, optimizer) if mode == "train" else None
        one_step(model, args, kwargs, stepping)
        model.zero_grad()
        torch.cuda.reset_peak_memory_stats()
        one_step(model, args, kwargs, stepping)
    after = [torch.cuda.memory_stats()[f"{name}.peak"] for name in CUDA_STATISTICS]
    return after[0] - before[0], after[1] - before[1]
