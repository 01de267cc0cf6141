"""What is to be said of a model though its forward runs, and what equal answers would hide."""

from collections import Counter

from torch import nn

from course_lib.by_machine.counting import Counts, counts_of
from course_lib.by_machine.misfit import Misfit
from course_lib.by_machine.rows import CountedRow
from course_lib.by_machine.walk.forward import tensors
from course_lib.words import words


def model_caveats(model: nn.Module, counts: Counts, input_size=None, input_data=None) -> list[str]:
    """Sentences on a model that was counted with these inputs.

    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(6, 2))
    >>> model_caveats(model, counts_of(model, (1, 3, 8, 8)), (1, 3, 8, 8))
    ['1: applied at 24 places per image; forgot flatten?']
    """
    walk, rows = counts
    outputs = tensors(walk.output)
    sentences = []
    if not outputs:
        sentences.append(words("returns_none" if walk.output is None else "returns_no_tensor"))
    if unregistered := [path for part, path in walk.names.items() if part in walk.unregistered]:
        sentences.append(words("unregistered", names=", ".join(unregistered)))
    if walk.hooked:
        sentences.append(words("hooks_not_run", names=", ".join(walk.hooked)))
    sentences += [f"{c.row.name}: {caveat}" for c in rows for caveat in c.caveats]
    if unused := [c.row.name for c in rows if c.idle == "never_used"]:
        sentences.append(f"{', '.join(unused)}: {words('never_used')}.")
    batch = input_size[0] if input_size is not None else None
    if isinstance(batch, int) and outputs and outputs[0].dim() and outputs[0].shape[0] != batch:
        sentences.append(words("batch_changed", before=batch, after=outputs[0].shape[0]))
    sentences += [words("run_for_real")] * walk.real
    return sentences + _of_one_mode_only(rows, model, input_size, input_data)


def _of_one_mode_only(rows: list[CountedRow], model: nn.Module, input_size, input_data) -> list[str]:
    """Which rows stand in only one of the two modes, if they own or multiply something, or give another size."""
    try:
        trained = counts_of(model, input_size, input_data, train=True).rows
    except Misfit:  # a batch norm on a single value, say: nothing to be compared
        return []
    modes = [_working(trained), _working(rows)]
    alone = {"only_train_rows": modes[0] - modes[1], "only_eval_rows": modes[1] - modes[0]}
    return [words(key, names=", ".join(dict.fromkeys(name for name, *_ in found))) for key, found in alone.items() if found]


def _working(rows: list[CountedRow]) -> Counter:
    return Counter((c.row.name, c.row.output_shape, c.macs) for c in rows if (c.macs or c.used) and not c.idle)
