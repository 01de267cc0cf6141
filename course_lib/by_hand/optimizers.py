"""What an optimizer stores for each parameter, by shape, and what its step makes on the way."""

from collections.abc import Callable
from typing import NamedTuple

from course_lib.by_hand.layers import Shape, one_of

STEP = 4  # bytes of a float32: a count of steps, whatever the dtype


class Optimizer(NamedTuple):
    """An optimizer, and what it stores for each parameter; from `temporaries` on for `timeline`."""

    kind: str | type  # its name in torch.optim, or a class of your own
    arguments: dict[str, object]
    stores: Callable[[Shape], list[Shape]]  # by the shape of a parameter
    counters: int = 0  # float32 numbers for each parameter, such as the number of steps
    temporaries: int | None = None  # how many tensors like the parameter its step makes on the way; None: not known by hand
    leaves: int = 0  # how many of them stay until the next parameter is done
    at_once: int = 0  # how many tensors like all parameters it makes with foreach
    makes_state: str = "in the first step"  # or "before it", or "on the way", parameter by parameter

    name = property(lambda self: self.kind if isinstance(self.kind, str) else self.kind.__name__)


def copies(count: int) -> Callable[[Shape], list[Shape]]:
    """Stores tensors of the parameter's own shape: Adam two, the mean of its gradients and of their squares."""
    return lambda shape: [shape] * count


def factored(shape: Shape) -> list[Shape]:
    """Stores one number for each row and one for each column, as Adafactor does (Shazeer and Stern, 2018); a vector as it is."""
    return [(*shape[:-1], 1), (*shape[:-2], 1, shape[-1])] if len(shape) > 1 else [shape]


OPTIMIZERS = {
    "SGD": Optimizer("SGD", {}, copies(0), temporaries=0),
    "SGD momentum": Optimizer("SGD", {"momentum": 0.9}, copies(1), temporaries=0, makes_state="on the way"),
    "SGD Nesterov": Optimizer("SGD", {"momentum": 0.9, "nesterov": True}, copies(1), temporaries=1, makes_state="on the way"),
    "Adam": Optimizer("Adam", {}, copies(2), 1, temporaries=2, leaves=1, at_once=1),
    "Adam amsgrad": Optimizer("Adam", {"amsgrad": True}, copies(3), 1, temporaries=2, leaves=1, at_once=1),
    "AdamW": Optimizer("AdamW", {}, copies(2), 1, temporaries=2, leaves=1, at_once=1),
    "NAdam": Optimizer("NAdam", {}, copies(2), 2, temporaries=2, leaves=1, at_once=1),
    "RMSprop": Optimizer("RMSprop", {}, copies(1), 1, temporaries=1, leaves=1, at_once=1),
    "Adagrad": Optimizer("Adagrad", {}, copies(1), 1, temporaries=1, leaves=1, at_once=2, makes_state="before it"),
    "Adafactor": Optimizer("Adafactor", {}, factored, 1),
}
STEPS_KNOWN = tuple(name for name, one in OPTIMIZERS.items() if one.temporaries is not None)


def named_optimizer(optimizer: str | Optimizer) -> Optimizer:
    """The optimizer of this name, or the one that is given."""
    return optimizer if isinstance(optimizer, Optimizer) else OPTIMIZERS[one_of(OPTIMIZERS, "optimizer", optimizer)]
