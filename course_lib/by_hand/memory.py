"""Bytes: weights, gradients, optimizer state, buffers, and what backward keeps; predicted from sizes alone. What an optimizer stores for
each parameter, by shape, and what its step makes on the way."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from course_lib.by_hand.layers.base import Forward, Layer, Shape, one_of, whole
from course_lib.by_hand.ledger import Work
from course_lib.by_hand.networks import Network
from course_lib.words import plainly, words

DTYPES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}  # bytes a value
INDEX = COUNTER = 8  # bytes of an int64: a max pool's index, BatchNorm's count of batches
MODES = ("train", "eval", "no_grad")
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


class Kept(NamedTuple):
    """What one layer makes autograd keep for backward: a word for each tensor, and the bytes that nobody kept before."""

    name: str
    what: tuple[str, ...]
    work: Work
    bytes = property(lambda self: self.work.value)


class Memory(NamedTuple):
    """The bytes of a training step, or of a forward pass; `kept` is without the input, `input` is 0 where nobody keeps it."""

    weights: int
    gradients: int
    state: int
    buffers: int
    kept: int
    input: int
    total = property(lambda self: sum(self))
    training_state = property(lambda self: sum(self[:4]), doc="What does not depend on the batch: all but `kept` and `input`.")


def trained_shapes(network: Network) -> list[tuple[str, Shape]]:
    """The parameters that are trained: the layer's name and the parameter's shape."""
    trained = [(name, layer) for name, layer in network.layers.items() if name not in network.frozen_names]
    return [(name, shape) for name, layer in trained for shape in layer.parameter_shapes]


def predict_memory(
    network: Network, batch_size: int = 1, dtype: str = "float32", optimizer: str | Optimizer = "Adam", mode: str = "train"
) -> Memory:
    """Bytes of one step: parameters and input of one dtype, without the loss; treated in lessons 5 and 6.

    mode "train" is a whole step; "eval" a forward pass in eval mode with autograd on, "no_grad" one without it.

    >>> step = predict_memory(small_cnn(), batch_size=16)
    >>> step.training_state, step.kept, step.kept + step.input
    (430848, 486400, 683008)
    """
    stored = named_optimizer(optimizer)
    if not isinstance(network, Network):
        given = "memory.function" if callable(network) and not hasattr(network, "forward") else "memory.no_network"
        raise plainly(TypeError(words(given, kind=type(network).__name__)))
    rows, size, ledger = keeps(network, batch_size, dtype, mode), DTYPES[dtype], network.ledger()
    trained = [shape for _, shape in trained_shapes(network)] if mode == "train" else []
    if mode == "train" and not trained:
        raise plainly(ValueError(words("memory.nothing_trained")))
    counters = sum(1 for row in ledger if row.buffers)
    return Memory(
        weights=size * ledger.params,
        gradients=size * sum(map(math.prod, trained)),
        state=sum(size * sum(map(math.prod, stored.stores(shape))) + STEP * stored.counters for shape in trained),
        buffers=size * (ledger.buffers - counters) + COUNTER * counters,
        kept=sum(row.bytes for row in rows[1:]),
        input=rows[0].bytes,
    )


def keeps(network: Network, batch_size: int = 1, dtype: str = "float32", mode: str = "train") -> list[Kept]:
    """What each layer's backward needs: the network's input, then a row for each layer; a tensor that several need counts once.

    >>> [row.bytes for row in keeps(small_cnn(), 16) if row.bytes]
    [196608, 250880, 92160, 46080, 76800, 12288, 8192]
    """
    rows, held = [("input", [], [])], set()
    for one in passes(network, batch_size, dtype, mode):
        rows.append((one.name, [], []))
        for saved in one.needs if one.after.live else ():
            rows[-1][1].append(saved.what)
            if saved.storage not in held:
                held.add(saved.storage)
                rows[0 if saved.storage == 0 else -1][2].append(saved.term)
    return [Kept(name, tuple(what), Work(terms)) for name, what, terms in rows]


class Need(NamedTuple):
    """A tensor that a backward needs: a word, where it lies, and its bytes as factors."""

    what: str
    storage: object
    term: tuple[int, ...]
    bytes = property(lambda self: math.prod(self.term))


class Map(NamedTuple):
    """What is handed from layer to layer."""

    shape: Shape  # without the batch
    storage: int  # in which it lies: the number of the layer that makes it; 0 is the network's input
    live: bool = False  # whether autograd follows it
    is_view: bool = False


class Pass(NamedTuple):
    """One layer in one pass: the map before it and behind it, and what its backward needs, if there is one."""

    name: str
    layer: Layer
    forward: Forward
    before: Map
    after: Map
    needs: tuple[Need, ...]
    stays = property(lambda self: self.before.storage == self.after.storage)


def passes(network: Network, batch_size: int = 1, dtype: str = "float32", mode: str = "train") -> Iterator[Pass]:
    """The layers of one pass, in order."""
    batch_size, size = whole("memory: batch_size", batch_size), DTYPES[one_of(DTYPES, "dtype", dtype)]
    before, training = Map(network.input_shape, 0), one_of(MODES, "mode", mode) == "train"
    for number, (name, layer) in enumerate(network.layers.items(), 1):
        _refuse_one_value(name, layer, before.shape, batch_size, training)
        owner = name not in network.frozen_names and layer.params > 0
        shape, stays = layer.output_shape(before.shape), layer.stays(training)
        is_view = layer.gives_view(shape) or (stays and (before.is_view or shape != before.shape))
        after = Map(shape, before.storage if stays else number, (before.live or owner) and mode != "no_grad", is_view)
        forward = Forward(before.shape, shape, training, owner, before.live)
        lies = {"input": before.storage, "output": after.storage}
        saves = layer.saves(forward)
        terms = [(batch_size,) * saved.batched + saved.shape + (INDEX if saved.index else size,) for saved in saves]
        needs = tuple(Need(saved.what, lies.get(saved.what, (name, saved.what)), term) for saved, term in zip(saves, terms, strict=True))
        yield Pass(name, layer, forward, before, after, needs)
        before = after


def _refuse_one_value(name: str, layer: Layer, shape: Shape, batch_size: int, training: bool) -> None:
    if batch_size * (layer.values_per_mean(shape, training) or 2) == 1:
        what_fits = "memory.one_value_or_eval" if layer.values_per_mean(shape, False) is None else "memory.one_value"
        raise plainly(ValueError(words(what_fits, name=name, kind=layer.kind)))
