"""What lives at once in a real step: every storage from the operation that makes it to the moment when nobody holds it."""

import weakref

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from course_lib.by_hand.layers import one_of
from course_lib.by_hand.memory import MODES, OPTIMIZERS
from course_lib.by_hand.networks import Network
from course_lib.by_machine.measuring import trained_parameters, working_copy
from course_lib.by_machine.walk import tensors


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
    network_or_model: Network | nn.Module, input_size: tuple | int = 1,
    dtype: str = "float32", optimizer: str = "Adam", mode: str = "train",
    foreach: bool = False, first: bool = False, accumulate: bool = False,
) -> int:  # fmt: skip
    """The most bytes that live at once in one real step on the CPU, loss = model(x).sum(), as `timeline` predicts them.

    What a kernel takes and gives back inside of one operation is not seen; nor does PyTorch's own MemTracker see it.

    >>> from course_lib import small_cnn
    >>> measure_peak(small_cnn(), 16)
    1378584
    """
    for what, value, known in (("optimizer", optimizer, OPTIMIZERS), ("mode", mode, MODES)):
        one_of(known, what, value)
    model, size = working_copy(network_or_model, input_size, dtype, optimizer, mode)
    with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(mode != "no_grad"):
        x = torch.randn(size).to(getattr(torch, dtype))
        if mode != "train":
            with Living(x, *model.parameters(), *model.buffers()) as living:
                model(x)
            return living.peak
        kind, arguments, *_ = OPTIMIZERS[optimizer]
        made = getattr(torch.optim, kind)(trained_parameters(model), foreach=foreach, **arguments)
        if not first:
            model(x).sum().backward()
            made.step()
            made.zero_grad()
        if accumulate:
            model(x).sum().backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        state = [t for values in made.state.values() for t in values.values() if torch.is_tensor(t)]
        with Living(x, *model.parameters(), *model.buffers(), *gradients, *state) as living:
            del gradients, state
            loss = model(x).sum()
            loss.backward()
            made.step()
    return living.peak
