"""Callee: what is called, with the leaves it holds; of a module a copy, in its own dtype or in double precision."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.adapters.torch.arrays import widened
from checks.adapters.torch.held import held_by, is_function_class, is_module
from checks.adapters.torch.state import Kept

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


@dataclass(frozen=True)
class Callee:
    """What is called.

    Attributes
    ----------
    call : callable
        The function, or a copy of the module.
    held : dict of str to Tensor
        The leaves it holds, by name: a module's parameters, or tensors and parameters that a function closes over.
    kept : Kept
        What each call puts back.
    wide : callable
        () -> the same for double precision.
    """

    call: Callable[..., Any]
    held: dict[str, Tensor]
    kept: Kept
    wide: Callable[[], Callee]

    @property
    def is_module(self) -> bool:
        """Whether a module is called."""
        return is_module(self.call)


def callee_of(target: Any) -> Callee:
    """The callee of a module, an autograd.Function class, or any function of tensors."""
    if is_module(target):
        return _of_module(target)
    call = target.apply if is_function_class(target) else target
    tensors, modules = held_by(call)
    made = Callee(call, tensors, Kept(modules, tensors.values()), lambda: made)
    return made


def _of_module(module: Module) -> Callee:
    try:
        copied = copied_as_is(module)
    except Exception:  # what cannot be copied is called itself, and put back behind each call
        tensors = dict(module.named_parameters())
        made = Callee(module, tensors, Kept([module]), lambda: made)
        return made
    held = dict(copied.named_parameters())

    def wide() -> Callee:
        double = copied_as_is(module)._apply(widened)
        return Callee(double, dict(double.named_parameters()), Kept([double]), wide)

    return Callee(copied, held, Kept([copied]), wide)


def copied_as_is(module: Module) -> Module:
    """A copy without gradients; parameters that a first forward makes are made by whoever calls it."""
    torch = sys.modules["torch"]
    with torch.inference_mode(False), torch.no_grad():
        copied = copy.deepcopy(module)
    for p in copied.parameters():
        p.grad = None
    return copied
