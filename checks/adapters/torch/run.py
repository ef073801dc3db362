"""Run: a callee at a point of NumPy arrays: outputs, pullback, forward mode."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from checks.adapters.frameworks.nested import as_output, outputs, replaced
from checks.adapters.torch.arrays import CARRIED, array_of, is_floating, is_tensor, tensor_of, widened, written_back
from checks.adapters.torch.callee import Callee
from checks.adapters.torch.state import borrowed, standing
from checks.subject import Array, Output, Point

if TYPE_CHECKING:
    from torch import Tensor

Wrap = Callable[[dict[str, "Tensor"], dict[str, "Tensor"]], dict[str, "Tensor"]]


class DisconnectedError(RuntimeError):
    """No output requires grad."""


@dataclass(frozen=True)
class Run:
    """A callee with its arguments.

    Attributes
    ----------
    callee : Callee
        What is called.
    args, names : sequence
        The arguments, and what they are called.
    primals : dict of str to Tensor
        What is differentiated, by name: leaves of the arguments, and of what the callee holds.
    kept : tuple of str or None
        The outputs that are looked at; None for all that are floating.
    in_place : bool
        The function writes into its inputs, on purpose: it is given copies, which are no leaves.
    drawn : bool
        It draws random numbers: torch lays a draw out as the input lies in memory, so that this is held fixed as well.
    wrap : callable, optional
        (primals' tensors, outputs) -> other outputs, for derivatives of higher order.
    """

    callee: Callee
    args: Sequence[Any]
    names: Sequence[str]
    primals: Mapping[str, Tensor]
    kept: tuple[str, ...] | None = None
    in_place: bool = False
    drawn: bool = False
    wrap: Wrap | None = None

    @cached_property
    def wide(self) -> Callee:
        """The callee for double precision."""
        return self.callee.wide()

    def callee_at(self, point: Point) -> tuple[Callee, bool]:
        """The callee for the dtypes of ``point``, and whether it is the wide one."""
        wide = any(np.asarray(point[n]).dtype != CARRIED[str(t.dtype)] for n, t in self.primals.items())
        return (self.wide if wide else self.callee), wide

    @contextmanager
    def ran(self, point: Point) -> Iterator[tuple[dict[str, Tensor], dict[str, Tensor]]]:
        """Outputs and the leaves that they were computed from; inside, gradients can be taken."""
        callee, wide = self.callee_at(point)
        arrays = {n: np.asarray(point[n]) for n in self.primals}
        with ExitStack() as stack:
            stack.enter_context(standing(callee.kept, wide=wide))
            tensors = {n: tensor_of(a, self.primals[n]) for n, a in arrays.items()}
            tensors = {n: t.contiguous() if self.drawn or n in callee.held else t for n, t in tensors.items()}
            held = {n: t for n, t in tensors.items() if n in callee.held}  # parameters are contiguous
            stack.enter_context(borrowed(callee.held, held))
            leaves = {n: callee.held[n] if n in held else t.requires_grad_() for n, t in tensors.items()}
            given = {n: t.clone() if self.in_place else t for n, t in leaves.items() if n not in held}
            found = self._named(callee.call(*self._filled(given, wide)))
            yield (self.wrap(leaves, found) if self.wrap else found), leaves
            for n, t in leaves.items():
                written_back(t, arrays[n])

    def _filled(self, given: Mapping[str, Tensor], wide: bool) -> list[Any]:
        def fill(name: str, leaf: Tensor) -> Tensor:
            if name in given:
                return given[name]
            return (widened(leaf) if wide else leaf).detach().clone()

        return [replaced(a, is_tensor, fill, n) for a, n in zip(self.args, self.names, strict=True)]

    def _named(self, returned: Any) -> dict[str, Tensor]:
        found: dict[str, Tensor] = outputs(returned, is_floating)
        if self.kept is None:
            return found
        missing = [n for n in self.kept if n not in found]
        if missing:
            raise ValueError(f"a call returned the outputs {list(found)}; an earlier one {list(self.kept)}")
        return {n: found[n] for n in self.kept}

    def forward(self, point: Point) -> Output:
        """The outputs at ``point``."""
        with self.ran(point) as (outs, _):
            return as_output({n: array_of(t) for n, t in outs.items()})

    def pullback(self, point: Point, cotangent: Any) -> dict[str, Array]:
        """torch.autograd.grad of the outputs; what they do not depend on has the gradient 0, as torch means by None.

        Raises
        ------
        DisconnectedError
            If no output requires grad.
        """
        torch = sys.modules["torch"]
        upstream = cotangent if isinstance(cotangent, Mapping) else {"": cotangent}
        with self.ran(point) as (outs, leaves):
            vs = {n: tensor_of(np.asarray(upstream[n]), t) for n, t in outs.items()}
            live = [n for n, t in outs.items() if t.requires_grad]
            if not live:
                raise DisconnectedError(
                    "no output requires grad: the graph was cut on the way (detach(), .data, .numpy(), no_grad())"
                )
            found = torch.autograd.grad(
                [outs[n] for n in live], list(leaves.values()), [vs[n] for n in live], allow_unused=True
            )
            for n, v in vs.items():
                written_back(v, np.asarray(upstream[n]))
            got = dict(zip(leaves, found, strict=True))
            return {n: np.zeros_like(point[n]) if g is None else array_of(g) for n, g in got.items()}

    def jvp(self, point: Point, tangent: Point) -> Output:
        """Forward mode, by dual numbers."""
        torch = sys.modules["torch"]
        dual = torch.autograd.forward_ad
        with standing(self.callee.kept, wide=False), dual.dual_level():
            duals = {
                n: dual.make_dual(tensor_of(np.asarray(point[n]), t), tensor_of(np.asarray(tangent[n]), t))
                for n, t in self.primals.items()
            }
            held = {n: duals.pop(n) for n in list(duals) if n in self.callee.held}
            given = {n: t.clone() if self.in_place else t for n, t in duals.items()}
            args = tuple(self._filled(given, False))
            returned = torch.func.functional_call(self.callee.call, held, args) if held else self.callee.call(*args)
            parts = {n: (t, dual.unpack_dual(t).tangent) for n, t in self._named(returned).items()}
            return as_output({n: array_of(torch.zeros_like(t) if u is None else u) for n, (t, u) in parts.items()})
