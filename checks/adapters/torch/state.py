"""State: what a call may change outside its arguments, and that is put back behind it, whatever it raised."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
    """Gradients on, the default dtype float64 for a ``wide`` call; modes and ``kept`` put back behind it."""
    torch = sys.modules["torch"]
    default = torch.get_default_dtype()
    try:
        if wide:
            torch.set_default_dtype(torch.float64)
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(default)
        kept.put_back()


@contextmanager
def borrowed(leaves: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> Iterator[None]:
    """Other numbers in ``leaves``, and their own again behind it: the memory that they had is not written into."""
    own = {name: leaves[name].data for name in values}
    try:
        for name, value in values.items():
            leaves[name].data = value
        yield
    finally:
        for name, value in own.items():
            leaves[name].data = value
