"""A training step of any module, moment by moment: nothing is computed, nothing is allocated."""

import torch
from torch import nn
from torch.utils._pytree import tree_map_only

from course_lib.by_hand.optimizers import Optimizer
from course_lib.by_hand.step import Timeline
from course_lib.by_machine.counting import forward_arguments
from course_lib.by_machine.walk.hollow import as_hollow
from course_lib.by_machine.walk.step import Step, step_context, torch_optimizer
from course_lib.by_machine.walk.structure import copy_on, outside_state_kept


def step_of(model, args, kwargs, optimizer="Adam", mode="train", foreach=False, first=False, accumulate=False, hollow=True):
    with step_context(mode), outside_state_kept(model):
        model = copy_on("hollow" if hollow else "cpu", model).train(mode == "train")
        prepare = as_hollow if hollow else lambda t: torch.randn(t.shape).to(t.dtype) if t.is_meta else t.detach().clone()
        args, kwargs = tree_map_only(torch.Tensor, prepare, (args, kwargs))
        stepping = None
        if mode == "train":
            one_by_one = {"foreach": foreach} if foreach or isinstance(optimizer, str) else {}
            stepping = torch_optimizer(model, optimizer, **one_by_one)
        return Step(model, args, kwargs, stepping, first, accumulate, hollow).lives


def module_timeline(
    model: nn.Module, input_size=None, optimizer: str | Optimizer = "Adam", mode: str = "train",
    foreach: bool = False, first: bool = False, accumulate: bool = False, input_data=None,
) -> Timeline:  # fmt: skip
    args, kwargs = forward_arguments(model, input_size, input_data)
    return step_of(model, args, kwargs, optimizer, mode, foreach, first, accumulate).timeline()
