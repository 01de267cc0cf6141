"""Gradients, optimizer state, buffers and saved tensors as they really are, after one real step on a copy."""

from __future__ import annotations

import copy
import warnings

import torch
from torch import nn

from course_lib.by_hand.layers import one_of
from course_lib.by_hand.memory import DTYPES, MODES, OPTIMIZERS, Memory
from course_lib.by_hand.networks import Network
from course_lib.by_machine.counting import build, with_batch


def measure_memory(
    network_or_model: Network | nn.Module, input_size: tuple | int = 1, dtype: str = "float32", optimizer: str = "Adam", mode: str = "train"
) -> Memory:
    """The bytes of one real step, as predict_memory predicts them; input_size with the batch, or the batch alone for a Network.

    >>> from course_lib import small_cnn
    >>> step = measure_memory(small_cnn(), 16)
    >>> step.training_state, step.kept, step.kept + step.input
    (430848, 486400, 683008)
    """
    for what, value, known in (("dtype", dtype, DTYPES), ("optimizer", optimizer, OPTIMIZERS), ("mode", mode, MODES)):
        one_of(*known)(what, value)
    if isinstance(network_or_model, Network):
        input_size = (input_size, *network_or_model.input_shape) if isinstance(input_size, int) else input_size
        model = build(network_or_model)
    else:
        model = copy.deepcopy(network_or_model)
        model.zero_grad(set_to_none=True)  # gradients of an earlier step are not this one's
        for part in model.modules():  # a user's hooks must not see this run
            part._forward_hooks.clear(), part._forward_pre_hooks.clear()
    model = model.to(getattr(torch, dtype)).train(mode == "train")
    with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(mode != "no_grad"):
        x = torch.randn(with_batch(input_size), dtype=getattr(torch, dtype))
        output, saved = forward(model, x)
        if mode == "train":
            trained = [p for p in model.parameters() if p.requires_grad]
            if not trained:
                raise ValueError("measure: nothing to train: the model has no parameters, or all are frozen")
            kind, arguments, *_ = OPTIMIZERS[optimizer]
            made = getattr(torch.optim, kind)(trained, **arguments)
            output.sum().backward()
            made.step()
    state = made.state.values() if mode == "train" else ()
    mine = x.untyped_storage().data_ptr()
    return Memory(
        weights=sum(p.nbytes for p in model.parameters()),
        gradients=sum(p.grad.nbytes for p in model.parameters() if p.grad is not None),
        state=sum(t.nbytes for values in state for t in values.values() if torch.is_tensor(t)),
        buffers=sum(b.nbytes for b in model.buffers()),
        kept=sum(size for place, size in saved.items() if place != mine),
        input=saved.get(mine, 0),
    )


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
