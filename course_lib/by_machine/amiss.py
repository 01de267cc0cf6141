"""What is amiss with a model though its forward runs, and what equal answers would hide."""

from collections import Counter

from torch import nn

from course_lib.by_machine.counting import Heard, listen
from course_lib.by_machine.misfit import Misfit
from course_lib.by_machine.rows import Counted
from course_lib.by_machine.walk import tensors
from course_lib.words import words


def what_is_amiss(model: nn.Module, listened: Heard, input_size=None, input_data=None) -> list[str]:
    """Sentences on a model that was listened to with these inputs.

    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(6, 2))
    >>> what_is_amiss(model, listen(model, (1, 3, 8, 8)), (1, 3, 8, 8))
    ['1: applied at 24 places per image; forgot flatten?']
    """
    (heard, rows), said = listened, []
    outputs = tensors(heard.output)
    if not outputs:
        said.append(words("returns_none" if heard.output is None else "returns_no_tensor"))
    if names := [path for part, path in heard.names.items() if part in heard.unregistered]:
        said.append(words("unregistered", names=", ".join(names)))
    if heard.hooked:
        said.append(words("hooks_not_run", names=", ".join(heard.hooked)))
    said += [f"{c.row.name}: {what}" for c in rows for what in c.amiss if what != words("not_registered")]
    if names := [c.row.name for c in rows if c.row.note == words("never_used")]:
        said.append(f"{', '.join(names)}: {words('never_used')}.")
    said += _batch_changed(outputs, input_size)
    said += [words("run_for_real")] * heard.real
    return said + _in_training(rows, model, input_size, input_data)


def _batch_changed(outputs: list, input_size) -> list[str]:
    before = input_size[0] if input_size is not None and isinstance(input_size[0], int) else None
    after = outputs[0].shape[0] if outputs and outputs[0].dim() else before
    return [words("batch_changed", before=before, after=after)] * (before not in (None, after))


def _in_training(rows: list[Counted], model: nn.Module, input_size, input_data) -> list[str]:
    """Which rows stand in only one of the two modes, if they own or multiply something, or give another size."""
    try:
        trained = listen(model, input_size, input_data, train=True).rows
    except Misfit:  # a batch norm on a single value, say: nothing to be compared
        return []
    idle = {words("never_used"), words("only_in_training"), words("only_in_eval")}
    modes = [
        Counter((c.row.name, c.row.output_shape, c.macs) for c in mode if (c.macs or c.used) and c.row.note not in idle)
        for mode in (trained, rows)
    ]
    alone = {"only_train_rows": modes[0] - modes[1], "only_eval_rows": modes[1] - modes[0]}
    return [words(key, names=", ".join(dict.fromkeys(name for name, *_ in found))) for key, found in alone.items() if found]
