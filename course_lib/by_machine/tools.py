"""The counting tools, each asked in a process of its own, on a copy: several patch classes, change the mode, or leave hooks behind."""

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

import cloudpickle
import torch
from torch import nn

from course_lib.by_machine.evidence import torchsummary_says
from course_lib.words import words

SECONDS = 60  # that one tool may take


def torch_answer(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from torch.profiler import profile
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(x)
    with profile(with_flops=True) as profiler:
        model(x)
    return {"FlopCounterMode": counter.get_total_flops(), "torch.profiler": sum(event.flops for event in profiler.key_averages())}


def torchinfo_answer(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    import torchinfo

    return {"torchinfo": torchinfo.summary(model, input_data=x, verbose=0, device="cpu").total_mult_adds}


def torchsummary_answer(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    return {"torchsummary": torchsummary_says(model, *x.shape[1:])}


def torchstat_answer(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from torchstat.model_hook import ModelHook  # its report needs a pandas before 2; its counts do not

    leaves = ModelHook(model, tuple(x.shape[1:])).retrieve_leaf_modules().values()
    return {"torchstat Flops": sum(int(leaf.Flops) for leaf in leaves), "torchstat MAdd": sum(int(leaf.MAdd) for leaf in leaves)}


def thop_answer(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from thop import profile  # of either distribution: they are never installed together

    return dict.fromkeys(("thop", "ultralytics-thop"), int(profile(model, inputs=(x,), verbose=False)[0]))


def ptflops_answer(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from ptflops import get_model_complexity_info

    how = {"as_strings": False, "print_per_layer_stat": False, "input_constructor": lambda _: x[:1]}  # its own is not set
    backends = {"ptflops (aten)": "aten", "ptflops": "pytorch"}
    return {name: get_model_complexity_info(model, tuple(x.shape[1:]), backend=backend, **how)[0] for name, backend in backends.items()}


def fvcore_answer(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from fvcore.nn import FlopCountAnalysis

    return {"fvcore": int(FlopCountAnalysis(model, x).total())}


def calflops_answer(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from calflops import calculate_flops

    flops, macs, _ = calculate_flops(model, input_shape=tuple(x.shape), output_as_string=False, print_results=False)
    return {"calflops": macs, "calflops FLOPs": flops}


def torchlens_answer(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    import torchlens

    macs = torchlens.trace(model, x).total_macs_forward  # None, where it has no rule for an operation
    return {} if macs is None else {"torchlens": int(macs)}


class Tool(NamedTuple):
    """A counting tool, and how it is asked."""

    distribution: str
    answers: tuple[str, ...]  # their names in CONVENTIONS
    ask: Callable[[nn.Module, torch.Tensor], dict[str, int]]
    version: str = ""  # whose rule is known
    rival: str = ""  # another distribution, whose modules have the same names


TOOLS = [
    Tool("torch", ("FlopCounterMode", "torch.profiler"), torch_answer, "2.13.0"),
    Tool("torchinfo", ("torchinfo",), torchinfo_answer, "1.8.0"),
    Tool("torchsummary", ("torchsummary",), torchsummary_answer, "1.5.1"),
    Tool("torchstat", ("torchstat Flops", "torchstat MAdd"), torchstat_answer, "0.0.7"),
    Tool("ultralytics-thop", ("ultralytics-thop",), thop_answer, "2.2.3"),
    Tool("thop", ("thop",), thop_answer, "0.1.1.post2209072238", rival="ultralytics-thop"),
    Tool("ptflops", ("ptflops", "ptflops (aten)"), ptflops_answer, "0.7.5"),
    Tool("fvcore", ("fvcore",), fvcore_answer, "0.1.5.post20221221"),
    Tool("calflops", ("calflops", "calflops FLOPs"), calflops_answer, "0.3.2"),
    Tool("torchlens", ("torchlens",), torchlens_answer, "2.36.1"),
]


def answers_of(tools: list[Tool], model: nn.Module, size: tuple[int, ...]) -> list[dict[str, int] | str]:
    """Each tool's answers by name; or why there are none, in words."""
    answers = {tool: f"pip install {tool.distribution}" for tool in tools if not installed_version(tool.distribution)}
    answers |= {tool: words("rival", other=tool.rival) for tool in tools if tool.rival and installed_version(tool.rival)}
    left = [tool for tool in tools if tool not in answers]
    groups = [left] if hasattr(os, "fork") else [[tool] for tool in left]  # one start of PyTorch for all, where it can be forked
    for group in filter(None, groups):
        answers |= zip(group, _worker(group, model, size), strict=True)
    return [answers[tool] for tool in tools]


def installed_version(distribution: str) -> str:
    """The version that is installed, without what says for which device; nothing where none is."""
    return next((found.version.partition("+")[0] for found in importlib.metadata.distributions(name=distribution)), "")


def _worker(tools: list[Tool], model: nn.Module, size: tuple[int, ...]) -> list[dict[str, int] | str]:
    code = f"import sys\nsys.path[:] = {sys.path!r}\nfrom course_lib.by_machine.tools import answer_on_stdin\nanswer_on_stdin()"
    try:
        letter = cloudpickle.dumps(([tool.ask for tool in tools], model, size, SECONDS))
        ended = subprocess.run([sys.executable, "-c", code], input=letter, capture_output=True, timeout=SECONDS * len(tools) + 30)
    except Exception as error:  # a model that cannot be sent, or takes too long
        slow = isinstance(error, subprocess.TimeoutExpired)
        return [words("too_slow", seconds=SECONDS) if slow else _error_summary(error)] * len(tools)
    try:
        return json.loads(ended.stdout.decode().splitlines()[-1])
    except (ValueError, IndexError):  # it died before it could say anything
        return [words("tool_died", code=ended.returncode)] * len(tools)


def answer_on_stdin() -> None:
    """In the worker: ask the tools that come on stdin about the model that comes with them, each in a fork; one line of JSON."""
    asks, model, size, seconds = cloudpickle.loads(sys.stdin.buffer.read())
    answers, at_once = [], os.cpu_count() or 2
    while part := asks[len(answers) : len(answers) + at_once]:
        answers += _forked(part, model, size, seconds) if hasattr(os, "fork") else [_tool_answer(ask, model, size) for ask in part]
    print(f"\n{json.dumps(answers)}")  # behind what a tool has printed


def _forked(asks: list[Callable], model: nn.Module, size: tuple[int, ...], seconds: float) -> list[dict[str, int] | str]:
    children, answers = [], []
    for ask in asks:
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            signal.setitimer(signal.ITIMER_REAL, seconds)  # which ends it
            torch.set_num_threads(1)  # more would wait for threads that a fork has not
            os.write(writing, json.dumps(_tool_answer(ask, model, size)).encode())
            os._exit(0)
        os.close(writing)
        children.append((child, os.fdopen(reading)))
    for child, reading in children:
        text, code = reading.read(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        killed = words("too_slow", seconds=seconds) if code == -signal.SIGALRM else words("tool_died", code=code)
        answers.append(json.loads(text) if text else killed)
    return answers


def _tool_answer(ask: Callable, model: nn.Module, size: tuple[int, ...]) -> dict[str, int] | str:
    try:
        if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
            model = model.to_empty(device="cpu")
        dtype = next((p.dtype for p in model.parameters()), None)
        return ask(model.eval(), torch.zeros(size, dtype=dtype))
    except BaseException as error:  # whatever a tool ends with is its answer
        return _error_summary(error)


def _error_summary(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120].rstrip(": ")
