"""reconcile: what each counting tool answers, what its rule gives on our rows, and why the two differ where they do.

Each tool runs in a process of its own, on a copy: several patch classes, change the model's mode, or leave hooks behind.
"""

import contextlib
import importlib.metadata
import io
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cloudpickle
import torch
from torch import nn

from course_lib.by_hand.conventions import CONVENTIONS, Use
from course_lib.by_hand.networks import Network
from course_lib.by_machine.copying import unwrapped
from course_lib.by_machine.counting import Heard, listen, with_batch
from course_lib.by_machine.modules import build
from course_lib.show.tables import Cell, Shown, Table
from course_lib.words import words

SECONDS = 60  # that one tool may take


def _torch(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from torch.profiler import profile
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(x)
    with profile(with_flops=True) as profiler:
        model(x)
    return {"FlopCounterMode": counter.get_total_flops(), "torch.profiler": sum(event.flops for event in profiler.key_averages())}


def _torchinfo(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    import torchinfo

    return {"torchinfo": torchinfo.summary(model, input_data=x, verbose=0, device="cpu").total_mult_adds}


def _torchsummary(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from course_lib.by_machine.asking import torchsummary_says

    return {"torchsummary": torchsummary_says(model, *x.shape[1:])}


def _torchstat(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from torchstat.model_hook import ModelHook  # its report needs a pandas before 2; its counts do not

    leaves = ModelHook(model, tuple(x.shape[1:])).retrieve_leaf_modules().values()
    return {"torchstat Flops": sum(int(leaf.Flops) for leaf in leaves), "torchstat MAdd": sum(int(leaf.MAdd) for leaf in leaves)}


def _ultralytics(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    return {"ultralytics-thop": _thop(model, x)["thop"]}


def _thop(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from thop import profile

    return {"thop": int(profile(model, inputs=(x,), verbose=False)[0])}


def _ptflops(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from ptflops import get_model_complexity_info

    size, said = tuple(x.shape[1:]), {}
    for name, backend in (("ptflops (aten)", "aten"), ("ptflops", "pytorch")):
        how = {"as_strings": False, "print_per_layer_stat": False, "backend": backend}
        said[name] = get_model_complexity_info(model, size, input_constructor=lambda _: x[:1], **how)[0]  # its own input is not set
    return said


def _fvcore(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from fvcore.nn import FlopCountAnalysis

    return {"fvcore": int(FlopCountAnalysis(model, x).total())}


def _calflops(model: nn.Module, x: torch.Tensor) -> dict[str, int]:
    from calflops import calculate_flops

    flops, macs, _ = calculate_flops(model, input_shape=tuple(x.shape), output_as_string=False, print_results=False)
    return {"calflops": macs, "calflops FLOPs": flops}


class Tool(NamedTuple):
    """A distribution, the names of its answers in CONVENTIONS, and how it is asked."""

    distribution: str
    answers: tuple[str, ...]
    ask: Callable[[nn.Module, torch.Tensor], dict[str, int]]


TOOLS = [
    Tool("torch", ("FlopCounterMode", "torch.profiler"), _torch),
    Tool("torchinfo", ("torchinfo",), _torchinfo),
    Tool("torchsummary", ("torchsummary",), _torchsummary),
    Tool("torchstat", ("torchstat Flops", "torchstat MAdd"), _torchstat),
    Tool("ultralytics-thop", ("ultralytics-thop",), _ultralytics),
    Tool("thop", ("thop",), _thop),
    Tool("ptflops", ("ptflops", "ptflops (aten)"), _ptflops),
    Tool("fvcore", ("fvcore",), _fvcore),
    Tool("calflops", ("calflops", "calflops FLOPs"), _calflops),
]


class Answer(NamedTuple):
    """One tool's answer beside the sum of its rule over our rows; `why` names the difference, or says why there is no answer."""

    tool: str
    version: str
    unit: str
    answer: int | None
    by_rule: int
    why: str = ""

    @property
    def remainder(self) -> int:
        return 0 if self.answer is None else self.answer - self.by_rule


class Reconciliation(Shown, tuple):
    """The answers of all tools; by name as reconciliation["torchinfo"]."""

    def __getitem__(self, key):
        return next(answer for answer in self if answer.tool == key) if isinstance(key, str) else super().__getitem__(key)

    def bundle(self) -> dict[str, str]:
        return reconciliation_table(self).bundle()


def reconcile(model: Network | nn.Module, input_size=None, tools: list[Tool] | None = None) -> Reconciliation:
    """What each counting tool answers for a model, what its rule gives on our rows, and why the two differ.

    input_size has the batch; a Network brings its own. Each tool runs for real, in a process of its own, on a copy in eval mode.
    """
    if isinstance(model, Network):
        input_size = (1, *model.input_shape) if input_size is None else input_size
        model = build(model)
    size, model = with_batch(input_size), unwrapped(model)
    batched = listen(model, size)
    heard = {False: batched, True: batched if size[0] == 1 else listen(model, (1, *size[1:]))}
    with ThreadPoolExecutor(max_workers=max(2, (os.cpu_count() or 2) // 2)) as pool:
        said = list(pool.map(lambda tool: _asked(tool, model, size), TOOLS if tools is None else tools))
    return Reconciliation(
        _answer(tool, name, found, model, heard[CONVENTIONS[name].per_image])
        for tool, found in zip(TOOLS if tools is None else tools, said, strict=True)
        for name in tool.answers
    )


def _uses(model: nn.Module, heard: Heard) -> list[Use]:
    """For each row: in how many places its module is registered, and which of its calls it is."""
    paths, calls, uses = Counter(part for _, part in model.named_modules(remove_duplicate=False)), Counter(), []
    registered = {path: paths[part] for path, part in model.named_modules(remove_duplicate=False)}
    for row in heard.ledger:
        calls[row.name] += 1
        uses.append(Use(registered.get(row.name, 1), 1 if row.is_function else calls[row.name]))
    return uses


def _answer(tool: Tool, name: str, said: dict | str, model: nn.Module, heard: Heard) -> Answer:
    convention, ledger = CONVENTIONS[name], heard.ledger
    version = "" if isinstance(said, str) and said.startswith("pip") else importlib.metadata.version(tool.distribution).partition("+")[0]
    if isinstance(said, str) or said.get(name) is None:
        why = said if isinstance(said, str) else words("no_answer")
        return Answer(name, version, convention.unit, None, convention.total(ledger), why)
    counted = [convention.counted(row, use) for row, use in zip(ledger, _uses(model, heard), strict=True)]
    answer, faults = said[name], list(dict.fromkeys(fault for _, fault in counted if fault))
    if answer == convention.total(ledger):
        why = ""
    elif answer == sum(value for value, _ in counted):
        why = "; ".join(words(f"fault.{fault.key}") + f" ({fault.issue})" * bool(fault.issue) for fault in faults)
    else:
        why = words("not_explained")
    return Answer(name, version, convention.unit, answer, convention.total(ledger), why)


def _asked(tool: Tool, model: nn.Module, size: tuple[int, ...]) -> dict[str, int] | str:
    """A tool's answers by name, from a process of its own; or why there are none, in words."""
    try:
        importlib.metadata.version(tool.distribution)
    except importlib.metadata.PackageNotFoundError:
        return f"pip install {tool.distribution}"
    code = f"import sys\nsys.path[:] = {sys.path!r}\nfrom course_lib.by_machine.tools import answer_on_stdin\nanswer_on_stdin()"
    try:
        letter = cloudpickle.dumps((tool.ask, model, size))
        ended = subprocess.run([sys.executable, "-c", code], input=letter, capture_output=True, timeout=SECONDS)
        return json.loads(ended.stdout.decode().splitlines()[-1])
    except subprocess.TimeoutExpired:
        return words("too_slow", seconds=SECONDS)
    except (ValueError, IndexError):  # it died before it could say anything
        return words("tool_died", code=ended.returncode)
    except Exception as error:  # a model that cannot be sent
        return f"{type(error).__name__}: {error}"[:120]


def answer_on_stdin() -> None:
    """In the worker: ask the tool that comes on stdin about the model that comes with it; one line of JSON is the answer."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            ask, model, size = cloudpickle.loads(sys.stdin.buffer.read())
            if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
                model = model.to_empty(device="cpu")
            dtype = next((p.dtype for p in model.parameters()), None)
            with torch.no_grad():
                said = ask(model.eval(), torch.zeros(size, dtype=dtype))
        except BaseException as error:  # whatever a tool ends with is its answer
            said = " ".join(f"{type(error).__name__}: {error}".split())[:120]
    print(json.dumps(said))


def reconciliation_table(answers: Reconciliation) -> Table:
    """Tool, its answer, the sum of its rule over our rows, the remainder, and why."""
    rows = []
    for a in answers:
        answer = "" if a.answer is None else f"{a.answer:,}"
        remainder = "" if a.answer is None else f"{a.remainder:+,}".replace("-", "−") if a.remainder else "0 ✓"
        tone = "quiet" if a.answer is None else "good" if not a.remainder else "up"
        rule = words(f"rule.{a.tool.replace('.', '_')}")
        rows.append([Cell(a.tool, "name"), a.version, answer, a.unit, rule, f"{a.by_rule:,}", Cell(remainder, tone), Cell(a.why, tone)])
    headings = [f"<{words('tool')}", words("version"), words("answer"), f"<{words('unit')}", f"<{words('its_rule')}"]
    return Table([*headings, words("by_rule"), words("remainder"), f"<{words('note')}"], rows)
