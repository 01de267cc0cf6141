"""Tensors that have everything but memory: plain tensors on the CPU, so that PyTorch chooses as it does for real, and computes nothing.

A hollow tensor's storage has its size in bytes, and all of them lie at one address, where zeros can be read and nothing is written: who
prints one does no harm. What is small keeps its values: integers and booleans, such as masks, positions and lengths,
and single numbers.
"""

import mmap
import sys

import torch

NOT_RESERVED = 0x4000 if sys.platform == "linux" else 0  # MAP_NORESERVE, which Python's mmap has no name for before 3.13


try:  # addresses at which zeros can be read, and written by mistake: no session ends by that
    ZEROS = torch.frombuffer(mmap.mmap(-1, 2**44, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NOT_RESERVED), dtype=torch.uint8)
except (AttributeError, OSError, OverflowError, ValueError):  # the system gives none so: no addresses
    ZEROS = torch.empty(0, dtype=torch.uint8)


def hollow_storage(size: int) -> torch.UntypedStorage:
    """A storage of so many bytes, without memory."""
    return torch._C._construct_storage_from_data_pointer(ZEROS.data_ptr(), torch.device("cpu"), size)


def hollow(size, stride, dtype: torch.dtype) -> torch.Tensor:
    """A tensor of these sizes without memory."""
    made = torch.empty(0, dtype=dtype, device="cpu")
    last = sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if all(size) else -1
    return made.set_(hollow_storage((last + 1) * made.element_size()), 0, size, stride)


def is_hollow(tensor: torch.Tensor) -> bool:
    """Whether it has values in principle, and no memory for them."""
    has_place = tensor.layout is torch.strided and not tensor.is_meta and tensor.numel() > 0
    return has_place and tensor.data_ptr() - tensor.storage_offset() * tensor.element_size() == ZEROS.data_ptr()


def keeps_values(tensor: torch.Tensor) -> bool:
    """Whether a tensor's values are kept: whole numbers, truth values, a single number."""
    return tensor.numel() <= 1 or not (tensor.is_floating_point() or tensor.is_complex())


def as_hollow(tensor: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
    """The same of this dtype, with values where they are kept, and hollow elsewhere."""
    dtype = dtype or tensor.dtype
    if keeps_values(tensor) and not tensor.is_meta and not is_hollow(tensor):
        return tensor.detach().to("cpu", dtype, copy=True)
    return hollow(tensor.size(), tensor.stride(), dtype)
