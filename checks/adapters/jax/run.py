"""Run: a function of pytrees at a point of NumPy arrays: outputs, pullback, forward mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.adapters.frameworks.dtypes import CARRIED
from checks.adapters.frameworks.nested import as_output
from checks.adapters.jax.arrays import array_of, is_floating, jax, named_leaves, precision, rebuilt
from checks.subject import Array, Output, Point


@dataclass(frozen=True)
class Run:
    """A function with its arguments.

    Attributes
    ----------
    call : callable
        The function of all arguments.
    leaves : dict of str to object
        Every leaf of the arguments, by name.
    structure : object
        The arguments' pytree.
    primals : tuple of str
        The leaves that are differentiated.
    plain : callable or None
        The function without its custom rule, where it has one.
    kept : tuple of str or None
        The outputs that are looked at; None for all that are floating.
    """

    call: Callable[..., Any]
    leaves: Mapping[str, Any]
    structure: Any
    primals: tuple[str, ...]
    plain: Callable[..., Any] | None = None
    kept: tuple[str, ...] | None = None

    def point(self) -> dict[str, Array]:
        """The primals as the arguments have them, in the dtype in which JAX takes them."""
        return {n: array_of(jax().numpy.asarray(self.leaves[n])) for n in self.primals}

    def is_wide(self, point: Point) -> bool:
        """Whether ``point`` is in a wider dtype than the arguments: then all is computed in double precision."""
        return any(np.asarray(point[n]).dtype != CARRIED[self.dtype(n)] for n in self.primals)

    def dtype(self, name: str) -> str:
        """The dtype in which JAX takes a leaf."""
        return str(jax().numpy.asarray(self.leaves[name]).dtype)

    def function(self, call: Callable[..., Any], *, wide: bool) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """The primals alone -> floating outputs by name; the other arguments are filled in."""

        def of(given: dict[str, Any]) -> dict[str, Any]:
            every = [given[n] if n in given else (_widened(leaf) if wide else leaf) for n, leaf in self.leaves.items()]
            returned = call(*rebuilt(self.structure, every))
            bare = is_leaf(returned)
            several = isinstance(returned, list | tuple) and not hasattr(returned, "_fields")
            named = {"": returned} if bare else named_leaves(returned, "output" if several else "")[0]
            named = {n.replace("output.", "output ", 1) if several else n: a for n, a in named.items()}
            found = {n: a for n, a in named.items() if is_floating(a)}
            return found if self.kept is None else {n: found[n] for n in self.kept}

        return of

    def taken(self, point: Point, *, wide: bool) -> dict[str, Any]:
        """The point as JAX's arrays: of the arguments' own dtypes, or wide."""
        asarray = jax().numpy.asarray
        return {n: asarray(point[n], dtype=None if wide else self.dtype(n)) for n in self.primals}

    def forward(self, point: Point) -> Output:
        """The outputs at ``point``."""
        wide = self.is_wide(point)
        with precision(wide=wide):
            return _output(self.function(self.call, wide=wide)(self.taken(point, wide=wide)))

    def pullback(self, point: Point, cotangent: Any) -> dict[str, Array]:
        """jax.vjp; a complex gradient is turned from JAX's convention ∂/∂Re − i ∂/∂Im into ∂/∂Re + i ∂/∂Im."""
        wide = self.is_wide(point)
        with precision(wide=wide):
            outputs, vjp = jax().vjp(self.function(self.call, wide=wide), self.taken(point, wide=wide))
            upstream = cotangent if isinstance(cotangent, Mapping) else {"": cotangent}
            v = {n: jax().numpy.asarray(np.conj(upstream[n]), dtype=a.dtype) for n, a in outputs.items()}
            return {n: np.conj(array_of(g)) for n, g in vjp(v)[0].items()}

    def jvp(self, point: Point, tangent: Point) -> Output:
        """jax.jvp of the function as it is."""
        return self._pushed(self.call, point, tangent, wide=self.is_wide(point))

    def second(self, point: Point, tangent: Point) -> Output:
        """jax.jvp of the function without its custom rule, in double precision."""
        return self._pushed(self.plain or self.call, point, tangent, wide=True)

    def _pushed(self, call: Callable[..., Any], point: Point, tangent: Point, *, wide: bool) -> Output:
        with precision(wide=wide):
            asarray = jax().numpy.asarray
            x = self.taken(point, wide=wide)
            u = {n: asarray(tangent[n], dtype=a.dtype) for n, a in x.items()}
            return _output(jax().jvp(self.function(call, wide=wide), (x,), (u,))[1])


def is_leaf(value: Any) -> bool:
    """Whether a function returned this bare."""
    return bool(jax().tree_util.all_leaves([value]))


def _output(named: Mapping[str, Any]) -> Output:
    return as_output({n: array_of(a) for n, a in named.items()})


def _widened(leaf: Any) -> Any:
    if not is_floating(leaf):
        return leaf
    values = array_of(leaf)
    return jax().numpy.asarray(values.astype(np.result_type(values.dtype, np.float64)))
