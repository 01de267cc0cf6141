"""Short questions to PyTorch and to the tools; the claims in lessons/ put them."""

import contextlib
import io
import math
import subprocess
import sys
import timeit
from itertools import pairwise

import torch
import torchinfo
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_lib.by_hand.layers import Layer, LazyLinear
from course_lib.by_hand.networks import Network, vgg16_32
from course_lib.by_machine.modules import build
from course_lib.words import words


def params(network_or_model: Network | nn.Module) -> int:
    """The values in `.parameters()`."""
    model = build(network_or_model, "meta") if isinstance(network_or_model, Network) else network_or_model
    return sum(p.numel() for p in model.parameters())


def macs(network: Network) -> int:
    """MACs of one forward pass: half of what FlopCounterMode says."""
    with FlopCounterMode(display=False) as counter:
        build(network, "meta")(torch.empty(1, *network.input_shape, device="meta"))
    return counter.get_total_flops() // 2


def imagenet_vgg16() -> Network:
    """VGG16 as it was made: for 224×224 pictures and 1,000 classes."""
    return vgg16_32(batch_norm=False, image=224).replace(fc1=LazyLinear(4096), fc2=LazyLinear(4096), fc3=LazyLinear(1000))


def torchinfo_says(network: Network, batch_size: int) -> tuple[float, ...]:
    """torchinfo's last lines: mult-adds in millions, then input, forward/backward, parameters and total in MB."""
    summary = torchinfo.summary(build(network, "meta"), (batch_size, *network.input_shape), verbose=0, device="meta")
    sizes = summary.total_input, summary.total_output_bytes, summary.total_param_bytes
    return tuple(round(n / 1e6, 2) for n in (summary.total_mult_adds, *sizes, sum(sizes)))


def raises(code: str) -> str:
    """The kind of error that some code ends with; nothing where it runs."""
    try:
        exec(code, {"torch": torch, "nn": nn})
    except Exception as error:
        return type(error).__name__
    return ""


class ArticleVGG(nn.Module):
    """Article A2's network: each block registered twice, flattened by view(-1, 512)."""

    def __init__(self) -> None:
        super().__init__()
        model = build(vgg16_32())
        ends = [0, *(i for i, (name, _) in enumerate(model.named_children(), 1) if name.startswith("pool"))]
        for i, (start, end) in enumerate(pairwise(ends), 1):
            setattr(self, f"layer{i}", model[start:end])
        self.conv, self.fc = nn.Sequential(*self.children()), model[ends[-1] + 1 :]

    def forward(self, x):
        return self.fc(self.conv(x).view(-1, 512))


def tinytorch_says(model: nn.Sequential, *shape: int) -> int:
    """FLOPs as the profiler of the course TinyTorch counted a Sequential before it followed the map: of the shape with the batch a layer
    changes the last number alone, to the second of its weight's; whatever has no weight takes one operation for each value of it.

    >>> tinytorch_says(nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU()), 1, 3, 5, 5)
    3447
    """
    total = 0
    for layer in model:
        if isinstance(layer, nn.Conv2d):
            height, width = (size - kernel + 1 for size, kernel in zip(shape[-2:], layer.kernel_size, strict=True))
            total, shape = total + 2 * layer.weight.numel() * height * width, (*shape[:-1], layer.in_channels)
        elif isinstance(layer, nn.Linear):
            total, shape = total + 2 * shape[-1] * layer.out_features, (*shape[:-1], layer.out_features)
        elif not isinstance(layer, nn.Flatten):
            total += math.prod(shape)
    return total


def torchsummary_says(model: nn.Module, *shape: int) -> int:
    """torchsummary's total of parameters."""
    from torchsummary import summary

    with contextlib.redirect_stdout(io.StringIO()) as said:
        summary(model, shape, device="cpu")
    return int(said.getvalue().partition("Total params: ")[2].split()[0].replace(",", ""))


def torchstat_says(before: str = "") -> str:
    """The last line that torchstat prints of VGG16-32, in a process of its own, since it patches Conv2d's class."""
    same = f"import sys\nsys.path[:] = {sys.path}\n{before}\n"  # what is found here is found there
    code = "from torchstat import stat\nfrom course_lib import build, vgg16_32\nstat(build(vgg16_32()), (3, 32, 32))"
    ended = subprocess.run([sys.executable, "-c", same + code], capture_output=True, text=True)
    if "ModuleNotFoundError" in ended.stderr:
        raise ModuleNotFoundError(words("model.no_torchstat"))
    return (ended.stderr if ended.returncode else ended.stdout).strip().splitlines()[-1]


def milliseconds(layer: Layer, *shape: int) -> float:
    """The best of nine forward passes on one thread: several wait for each other where others use the machine, too."""
    from torch.utils.benchmark import set_torch_threads  # takes 0.3 s to import, and nothing else needs it

    module, x = build(Network(shape, layer=layer)), torch.zeros(1, *shape)
    with set_torch_threads(1), torch.no_grad():
        return 1000 * min(timeit.repeat(lambda: module(x), number=1, repeat=9))
