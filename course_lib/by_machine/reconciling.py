"""reconcile: what each counting tool answers, what its rule gives on our rows, and why the two differ where they do."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from course_lib.by_hand.conventions import CONVENTIONS, Use
from course_lib.by_hand.layers import one_of
from course_lib.by_hand.networks import Network
from course_lib.by_machine.counting import Counts, batched_size, counts_of, network_input_size
from course_lib.by_machine.modules import build
from course_lib.by_machine.tools import TOOLS, Tool, answers_of, installed_version
from course_lib.by_machine.walk.structure import unwrapped
from course_lib.show.tables import Cell, Shown, Table
from course_lib.words import words

KEEPS = nn.TransformerEncoderLayer, nn.TransformerDecoderLayer  # their activation is a function in an attribute


class ToolAnswer(NamedTuple):
    """One tool's answer beside the sum of its rule over our rows; `why` names the difference, or says why there is no answer."""

    tool: str
    version: str
    unit: str
    answer: int | None
    by_rule: int
    why: str = ""

    remainder = property(lambda self: 0 if self.answer is None else self.answer - self.by_rule)


class Reconciliation(Shown, tuple):
    """The answers of all tools; by name as reconciliation["torchinfo"]."""

    def __getitem__(self, key):
        named = {answer.tool: answer for answer in self}
        return named[one_of(named, "reconciliation", key)] if isinstance(key, str) else super().__getitem__(key)

    def table(self) -> Table:
        """Tool, its answer, the sum of its rule over our rows, the remainder, and why."""
        rows = []
        for a in self:
            answer = "" if a.answer is None else f"{a.answer:,}"
            remainder = "" if a.answer is None else f"{a.remainder:+,}".replace("-", "−") if a.remainder else "0 ✓"
            tone = "quiet" if a.answer is None else "good" if not a.remainder else "up"
            rule = words(f"rule.{a.tool.replace('.', '_')}")
            cells = [Cell(a.tool, "name"), a.version, answer, words(f"counted.{a.unit}"), rule, f"{a.by_rule:,}"]
            rows.append([*cells, Cell(remainder, tone), Cell(a.why, tone)])
        headings = [f"<{words('tool')}", words("version"), words("answer"), f"<{words('unit')}", f"<{words('its_rule')}"]
        return Table([*headings, words("by_rule"), words("remainder"), f"<{words('note')}"], rows)


def reconcile(model: Network | nn.Module, input_size=None, tools: Sequence[str | Tool] | None = None) -> Reconciliation:
    """What each counting tool answers for a model, what its rule gives on our rows, and why the two differ.

    input_size has the batch; a Network brings its own. Each tool runs for real, in a process of its own, on a copy in eval mode.
    `tools` are names of distributions, such as ["torch", "torchinfo"]; without it all that are known are asked.
    """
    if isinstance(model, Network):
        input_size, model = network_input_size(model, input_size), build(model)
    size, model = batched_size(input_size), unwrapped(model)
    batched = counts_of(model, size)
    counts = {False: batched, True: batched if size[0] == 1 else counts_of(model, (1, *size[1:]))}
    known = {tool.distribution: tool for tool in TOOLS}
    names = [tools] if isinstance(tools, str) else tools or TOOLS
    tools = [tool if isinstance(tool, Tool) else known[one_of(known, "reconcile: tools", tool)] for tool in names]
    return Reconciliation(
        _reconciled(tool, name, answers, model, counts[CONVENTIONS[name].per_image])
        for tool, answers in zip(tools, answers_of(tools, model, size), strict=True)
        for name in tool.answers
    )


def _uses(model: nn.Module, counts: Counts) -> list[Use]:
    modules = dict(model.named_modules(remove_duplicate=False))
    places, calls, uses = Counter(modules.values()), Counter(), []
    ops = {place.path: Counter(op.name for op in place.ops) for place in counts.walk.places if not place.function}
    for row in counts.ledger:
        calls[row.name] += 1
        module, around, ran = modules.get(row.name), modules.get(row.name.rpartition(".")[0]), ops.get(row.name, {})
        how = {"kept": row.is_function and isinstance(around, KEEPS)}
        if isinstance(module, nn.MultiheadAttention):  # with one input, a product makes queries, keys and values, and one the output
            how |= {"heads": module.num_heads, "elsewhere": ran.get("addmm", 0) + ran.get("mm", 0) > 2}
            how["at_once"] = "_scaled_dot_product_flash_attention_for_cpu" in ran
        uses.append(Use(places[module] or 1, 1 if row.is_function else calls[row.name], **how))
    return uses


def _reconciled(tool: Tool, name: str, answers: dict | str, model: nn.Module, counts: Counts) -> ToolAnswer:
    convention, ledger = CONVENTIONS[name], counts.ledger
    version, by_rule = installed_version(tool.distribution), convention.total(ledger)
    answer = None if isinstance(answers, str) else answers.get(name)
    counted = [convention.counted(row, use) for row, use in zip(ledger, _uses(model, counts), strict=True)]
    faults = dict.fromkeys(fault for _, fault in counted if fault)
    if answer is None:
        why = answers if isinstance(answers, str) else words("no_answer")
    elif answer == by_rule:
        why = ""
    elif answer == sum(value for value, _ in counted):
        why = "; ".join(words(f"fault.{fault.key}") + f" ({fault.issue})" * bool(fault.issue) for fault in faults)
    else:
        why = words("not_explained") if version == tool.version else words("other_version", version=tool.version)
    return ToolAnswer(name, version, convention.unit, answer, by_rule, why)
