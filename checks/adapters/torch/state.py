"""State: what a call may change outside its arguments, and that is put back behind it, whatever it raised."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


class Kept:
    """Modules as they were found: buffers, gradients, what requires grad, training or evaluation.

    Parameters
    ----------
    modules : iterable of nn.Module
        Theirs and their submodules' state is remembered.
    tensors : iterable of Tensor
        Other leaves whose gradient is remembered.
    """

    def __init__(self, modules: Iterable[Module], tensors: Iterable[Tensor] = ()) -> None:
        every = list(dict.fromkeys(inner for m in modules for inner in m.modules()))
        self.modes = [(m, m.training) for m in every]
        self.buffers = [
            (m, name, buffer, buffer.detach().clone())
            for m in every
            for name, buffer in m.named_buffers(recurse=False)
            if buffer.device.type != "meta"
        ]
        parameters = [p for m in every for p in m.parameters(recurse=False)]
        self.leaves = [(p, p.requires_grad, p.grad) for p in dict.fromkeys([*parameters, *tensors])]

    def put_back(self) -> None:
        """Put all of it back."""
        torch = sys.modules["torch"]
        with torch.no_grad():
            for module, name, buffer, value in self.buffers:
                module._buffers[name] = buffer
                buffer.copy_(value)  # a write through .data leaves no trace to go by
        for leaf, requires_grad, gradient in self.leaves:
            if leaf.grad is not gradient:
                leaf.grad = gradient
            if leaf.is_leaf and leaf.requires_grad is not requires_grad:
                leaf.requires_grad_(requires_grad)
        for module, training in self.modes:
            if module.training is not training:
                module.training = training


@contextmanager
def standing(kept: Kept, *, wide: bool) -> Iterator[None]:
    """Gradients on, no TF32, the default dtype float64 for a ``wide`` call; modes and ``kept`` put back behind it."""
    torch = sys.modules["torch"]
    default = torch.get_default_dtype()
    try:
        if wide:
            torch.set_default_dtype(torch.float64)
        with torch.inference_mode(False), torch.enable_grad(), without_tf32():
            yield
    finally:
        torch.set_default_dtype(default)
        kept.put_back()


@contextmanager
def without_tf32() -> Iterator[None]:
    """float32 on a GPU with all of its bits: what cuDNN (by default) and cuBLAS round off is no mistake."""
    torch = sys.modules["torch"]
    switches = list(_switches(torch)) if torch.cuda.is_initialized() else []
    written: list[tuple[Callable[[Any], Any], Any]] = []
    try:
        for read, write, off in switches:
            was = read()
            with suppress(RuntimeError):  # torch's own tests freeze such flags: then it stays as it is
                write(off)
                written.append((write, was))
        yield
    finally:
        for write, was in written:
            write(was)


def _switches(torch: Any) -> Iterator[tuple[Callable[[], Any], Callable[[Any], Any], Any]]:
    """How each is read, how it is written, and off: the older ones, or where newer ones were used those."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    every = (
        (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest", (matmul,)),
        (lambda: cudnn.allow_tf32, lambda value: setattr(cudnn, "allow_tf32", value), False, ("conv", "rnn")),
    )
    for read, write, off, parts in every:
        try:
            read()
        except RuntimeError:  # one of the newer ones says something else
            yield from (_precision(getattr(cudnn, part) if isinstance(part, str) else part) for part in parts)
        else:
            yield read, write, off


def _precision(place: Any) -> tuple[Callable[[], Any], Callable[[Any], Any], Any]:
    return lambda: place.fp32_precision, lambda value: setattr(place, "fp32_precision", value), "ieee"


@contextmanager
def borrowed(leaves: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> Iterator[None]:
    """Other numbers in ``leaves``, and their own again behind it: the memory that they had is not written into."""
    own = {name: leaves[name].data for name in values}
    try:
        for name, value in values.items():
            leaves[name].data = value
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "RNN module weights are not part of")  # cuDNN's: these lie as ours do
            yield
    finally:
        for name, value in own.items():
            leaves[name].data = value
