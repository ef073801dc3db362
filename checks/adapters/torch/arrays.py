"""Arrays: torch's tensors as NumPy's arrays and back, sharing memory where that is safe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from checks.adapters.frameworks import dtypes
from checks.errors import InvalidSubject
from checks.subject import Array

if TYPE_CHECKING:
    from torch import Tensor, dtype

CARRIED: Final = {f"torch.{name}": carrier for name, carrier in dtypes.CARRIED.items()}
"""The array dtype that carries each tensor dtype."""
BITS: Final = {f"torch.{name}": bits for name, bits in dtypes.BITS.items()}
"""Significand bits, where the carrier has more."""


def is_tensor(value: Any) -> bool:
    """Whether ``value`` is a tensor of a torch that somebody has imported."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


def is_floating(value: Any) -> bool:
    """Whether ``value`` is a tensor of real or complex floating-point numbers."""
    return is_tensor(value) and bool(value.is_floating_point() or value.is_complex())


def refuse(name: str, tensor: Tensor) -> None:
    """Refuse a tensor that cannot be moved and measured.

    Raises
    ------
    InvalidSubject
        With what to give instead.
    """
    if tensor.device.type == "meta":
        given, instead = "is on the device meta and holds no numbers", "one on cpu or an accelerator"
    elif str(tensor.layout) != "torch.strided" or tensor.is_nested:
        given, instead = f"has the layout {tensor.layout}", "a dense one (x.to_dense()), and make it sparse inside"
    elif tensor.is_quantized or (is_floating(tensor) and str(tensor.dtype) not in CARRIED):
        given, instead = f"has dtype {tensor.dtype}", f"one of {dtypes.known()}"
    else:
        return
    raise InvalidSubject(f"the tensor {name!r} {given}; expected {instead}")


def array_of(tensor: Tensor) -> Array:
    """The numbers of ``tensor``, without its graph, in its carrier's dtype; memory is shared where it can be."""
    t = tensor.detach()
    t = t if str(t.layout) == "torch.strided" else t.to_dense()
    t = t.resolve_conj().resolve_neg().cpu()
    return np.asarray((t.float() if str(t.dtype) in BITS else t).numpy())


def tensor_of(array: Array, like: Tensor) -> Tensor:
    """A tensor of the numbers of ``array``, on the device of ``like`` and in its dtype; wider where the array is.

    Memory is shared where that is safe: not where the array is read-only, runs backwards, or has another dtype. The
    order of the axes in memory, gaps and strides of 0 are kept.
    """
    torch = sys.modules["torch"]
    if array.dtype.kind == "O":
        raise TypeError("torch does not compute with exact numbers")
    t = _shared(np.asarray(array), torch)
    return _lying_as(t, t.to(device=like.device, dtype=dtype_of(array, like)))


def dtype_of(array: Array, like: Tensor) -> dtype:
    """The dtype of ``like`` where ``array`` is its carrier, else the array's own: it is wider, or as complex."""
    torch = sys.modules["torch"]
    carrier = CARRIED[str(like.dtype)]
    return like.dtype if array.dtype == carrier else getattr(torch, str(array.dtype))


def _shared(a: Array, torch: Any) -> Any:
    if any(s < 0 for s in a.strides):
        t = torch.empty_strided(a.shape, [abs(s) // a.itemsize for s in a.strides], dtype=getattr(torch, str(a.dtype)))
        return t.copy_(torch.from_numpy(np.ascontiguousarray(a)).reshape(a.shape))
    if a.flags.writeable:
        return torch.from_numpy(a)
    once = tuple(slice(0, 1) if s == 0 else slice(None) for s in a.strides)
    return torch.from_numpy(np.array(a[once], order="K")).expand(a.shape)


def _lying_as(t: Tensor, moved: Tensor) -> Tensor:
    """``moved`` in memory as ``t`` lies: another device or dtype closes gaps and writes strides of 0 out."""
    if moved.stride() == t.stride() or t.numel() == 0:
        return moved
    once = moved[tuple(slice(0, 1) if s == 0 else slice(None) for s in t.stride())]
    memory = once.new_full((1 + sum((n - 1) * s for n, s in zip(once.shape, t.stride(), strict=True)),), float("nan"))
    return memory.as_strided(once.shape, t.stride()).copy_(once).expand(t.shape)


def written_back(tensor: Tensor, array: Array) -> None:
    """Put what a call wrote into ``tensor`` into the array that it was made of, where they do not share memory."""
    if not array.flags.writeable:
        return
    if tensor.device.type != "cpu" and tensor.detach().equal(tensor_of(array, tensor)):
        return  # there it is compared faster than it is moved here
    now = array_of(tensor)
    if np.may_share_memory(now, array) or now.shape != array.shape:
        return
    if not np.array_equal(now, array_of(tensor_of(array, tensor)), equal_nan=True):
        array[...] = now


def widened(tensor: Tensor) -> Tensor:
    """``tensor`` in double precision; what is not floating as it is."""
    torch = sys.modules["torch"]
    if not is_floating(tensor):
        return tensor
    return tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)
