"""Run: a callee at a point of NumPy arrays: outputs, pullback, forward mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.adapters.frameworks.dtypes import CARRIED
from checks.adapters.frameworks.nested import as_output, outputs, replaced
from checks.adapters.tensorflow.arrays import (
    array_of,
    is_floating,
    is_tensor,
    name_of,
    tensor_of,
    tensorflow,
    widened,
)
from checks.adapters.tensorflow.callee import Callee
from checks.adapters.tensorflow.standing import standing
from checks.subject import Array, Output, Point

Ran = tuple[Callable[[], dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """A callee with its arguments.

    Attributes
    ----------
    callee : Callee
        What is called.
    args, names : sequence
        The arguments, and what they are called.
    primals : dict of str to str
        What is differentiated, by name, with its dtype: leaves of the arguments, and variables that the callee holds.
    plain : callable or None
        The function without its custom gradient, where it has one.
    kept : tuple of str or None
        The outputs that are looked at; None for all that are floating.
    """

    callee: Callee
    args: Sequence[Any]
    names: Sequence[str]
    primals: Mapping[str, str]
    plain: Callable[..., Any] | None = None
    kept: tuple[str, ...] | None = None

    def is_wide(self, point: Point) -> bool:
        """Whether ``point`` is in a wider dtype than the primals are."""
        return any(np.asarray(point[n]).dtype != CARRIED[d] for n, d in self.primals.items())

    @contextmanager
    def ready(self, point: Point, call: Callable[..., Any]) -> Iterator[Ran]:
        """A function that gives the outputs at ``point``, and what they are computed from: tensors and variables."""
        wide = self.is_wide(point)
        tensors = {n: tensor_of(point[n], d) for n, d in self.primals.items()}
        with standing(self.callee, tensors, wide=wide) as held:
            sources = {n: held.get(n, t) for n, t in tensors.items()}

            def called() -> dict[str, Any]:
                return self._named(call(*self._filled(tensors, wide)))

            yield called, sources

    def _filled(self, given: Mapping[str, Any], wide: bool) -> list[Any]:
        def fill(name: str, leaf: Any) -> Any:
            return given[name] if name in given else (widened(leaf) if wide else leaf)

        return [replaced(a, is_floating, fill, n) for a, n in zip(self.args, self.names, strict=True)]

    def _named(self, returned: Any) -> dict[str, Any]:
        found: dict[str, Any] = outputs(returned, lambda x: is_tensor(x) and is_floating(x))
        return found if self.kept is None else {n: found[n] for n in self.kept}

    def forward(self, point: Point) -> Output:
        """The outputs at ``point``."""
        with self.ready(point, self.callee.call) as (called, _):
            return as_output({n: array_of(t) for n, t in called().items()})

    def pullback(self, point: Point, cotangent: Any) -> dict[str, Array]:
        """tape.gradient; TensorFlow means 0 by None. Its convention for complex numbers is that of our arrays."""
        upstream = cotangent if isinstance(cotangent, Mapping) else {"": cotangent}
        with self.ready(point, self.callee.call) as (called, sources):
            with tensorflow().GradientTape() as tape:
                for source in sources.values():
                    tape.watch(source)
                outs = called()
            found = tape.gradient(
                list(outs.values()),
                list(sources.values()),
                output_gradients=[tensor_of(upstream[n], name_of(t)) for n, t in outs.items()],
                unconnected_gradients="zero",
            )
            return {n: array_of(g) for n, g in zip(sources, found, strict=True)}

    def jvp(self, point: Point, tangent: Point) -> Output:
        """tf.autodiff.ForwardAccumulator of the function as it is."""
        return self._pushed(self.callee.call, point, tangent)

    def second(self, point: Point, tangent: Point) -> Output:
        """The same of the function without its custom gradient, in double precision."""
        wide = {n: x.astype(np.result_type(x.dtype, np.float64)) for n, x in point.items()}
        return self._pushed(self.plain or self.callee.call, wide, tangent)

    def _pushed(self, call: Callable[..., Any], point: Point, tangent: Point) -> Output:
        with self.ready(point, call) as (called, sources):
            tf = tensorflow()
            along = [tf.cast(np.asarray(tangent[n]), s.dtype) for n, s in sources.items()]
            with tf.autodiff.ForwardAccumulator(list(sources.values()), along) as forward:
                outs = called()
            return as_output({n: array_of(forward.jvp(t, unconnected_gradients="zero")) for n, t in outs.items()})
