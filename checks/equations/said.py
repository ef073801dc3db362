"""Said: what the code says of one network, each thing computed once, when asked for; and where it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Self

import numpy as np

from checks.equations.cases import Point
from checks.equations.flat import Layout, flat, layout, size
from checks.equations.implementation import BACKPROP, Implementation
from checks.equations.regimes import Array, Generator
from checks.probes import MOVED

ON_KINK: Final = 1e-13
"""A z this close to a kink, relative to the layer's largest, is on it as far as its digits say."""


@dataclass(frozen=True, slots=True)
class Site:
    """One entry of a layer: row j (and column k where it is a weight), example n."""

    l: int
    j: int
    n: int = 0
    k: int = 0


class Said:
    """One network under one implementation.

    Parameters
    ----------
    point : Point
        The network's numbers.
    implementation : Implementation
        The code that is looked at.
    again : int
        Distinguishes the draws of directions at a moved point from those at the first.

    Attributes
    ----------
    pristine : Point
        The point as it was given, whatever the code does to the arrays it is handed: what measurements start from.
    passes : int
        Forward passes spent.
    shared : dict
        What properties find out and leave to each other.
    """

    def __init__(self, point: Point, implementation: Implementation = BACKPROP, again: int = 0) -> None:
        self.point = point
        self.implementation = implementation
        self.case = point.case
        self.again = again
        self.L = len(point.W) - 1
        self.layers = range(1, self.L + 1)
        self.rng: Generator = np.random.default_rng([point.case.seed, 1 + again])
        self.passes = 0
        self.shared: dict[Any, Any] = {}
        self.pristine = Point(
            case=point.case,
            W=(None, *[w.copy() for w in point.W[1:]]),
            b=(None, *[b.copy() for b in point.b[1:]]),
            x=point.x.copy(),
            y=point.y.copy(),
        )

    # what the code says

    @cached_property
    def rows(self) -> tuple[Any, ...]:
        """The activations of the layers, padded at 0."""
        return (None, *(self.implementation.activations[name] for name in self.case.activations))

    @cached_property
    def loss(self) -> Any:
        """The row of the loss."""
        return self.implementation.losses[self.case.loss]

    @cached_property
    def network(self) -> Any:
        """The network, around the very arrays of the point."""
        return self.implementation.network(self.point.W, self.point.b, self.rows)

    @cached_property
    def trace(self) -> Any:
        """What forward returns."""
        self.passes += 1
        return self.implementation.forward(self.network, self.point.x)

    def cost(self, reduction: str) -> float:
        """C under a reduction."""
        if ("C", reduction) not in self.shared:
            C = self.implementation.cost(self.loss, self.trace.A[-1], self.point.y, reduction)
            self.shared["C", reduction] = float(C)
        return float(self.shared["C", reduction])

    @cached_property
    def dC_da(self) -> Any:
        """∂C/∂a^L as the loss claims it."""
        return self.implementation.cost_gradient(self.loss, self.trace.A[-1], self.point.y, self.case.reduction)

    @cached_property
    def gradients(self) -> Any:
        """What backward returns."""
        found = self.implementation.backward(self.network, self.trace, self.dC_da)
        if not found.W[0] is found.b[0] is found.deltas[0] is None:
            raise ValueError("the gradients of layer 0 are not None, where there are none")
        return found

    def above(self, l: int) -> Array:
        """∂C/∂a^l as the layers above claim it."""
        if l == self.L:
            return np.asarray(self.dC_da)
        return np.asarray(self.pristine.W[l + 1].T @ self.gradients.deltas[l + 1])

    # all parameters end to end: W^1, …, W^L, b^1, …, b^L

    @cached_property
    def places(self) -> Layout:
        """Where each W and b lies."""
        return layout([*self.pristine.W[1:], *self.pristine.b[1:]])

    @cached_property
    def parameters(self) -> Array:
        """W and b."""
        return flat([*self.pristine.W[1:], *self.pristine.b[1:]])

    @cached_property
    def slopes(self) -> Array:
        """∂C/∂W and ∂C/∂b as claimed."""
        return flat([*self.gradients.W[1:], *self.gradients.b[1:]], self.places)

    def only(self, name: str, together: Array) -> Array:
        """The part of W, or of b, in what lies end to end."""
        weights = self.places.ends[self.L - 1]
        return together[:weights] if name == "W" else together[weights:]

    # where it is looked at

    @cached_property
    def columnwise(self) -> tuple[int, ...]:
        """The layers whose activation mixes the entries of a column."""
        return tuple(l for l in self.layers if self.rows[l].slope is None)

    def entry(self, l: int) -> Site:
        """Draw an entry of layer l."""
        rows, columns = self.trace.Z[l].shape
        return Site(l, self.less_than(rows), self.less_than(columns))

    def less_than(self, n: int) -> int:
        """Draw a whole number from 0 to n - 1."""
        return int(self.rng.random() * n)

    def one_of(self, layers: Sequence[int]) -> int:
        """Draw one of some layers."""
        return layers[self.less_than(len(layers))]

    def layer(self) -> int:
        """Draw a layer."""
        return 1 + self.less_than(self.L)

    @cached_property
    def output(self) -> Site:
        """An entry of the last layer."""
        return self.entry(self.L)

    @cached_property
    def below(self) -> Site | None:
        """An entry of an elementwise layer below the last, under another such layer if there is one."""
        layers = [l for l in range(1, self.L) if l not in self.columnwise]
        best = [l for l in layers if l + 1 not in self.columnwise]
        return self.entry(self.one_of(best or layers)) if layers else None

    @cached_property
    def mixed(self) -> Site | None:
        """An entry of a columnwise layer below the last, or of any layer below the last."""
        layers = [l for l in self.columnwise if l < self.L] or list(range(1, self.L))
        return self.entry(self.one_of(layers)) if layers else None

    @cached_property
    def weight(self) -> Site:
        """A weight, and with it the bias of its row."""
        l = self.layer()
        rows, columns = self.point.W[l].shape
        return Site(l, self.less_than(rows), k=self.less_than(columns))

    # kinks

    @cached_property
    def on_kink(self) -> bool:
        """Whether some z, or an argument of the loss, lies where the slope jumps."""
        for l in self.layers:
            if self.rows[l].kinks and _touches(self.trace.Z[l], self.rows[l].kinks):
                return True
        if not self.loss.kinks:
            return False
        a, y = self.trace.A[-1], self.point.y
        return _touches(a * y if self.loss.variable == "margin" else a - y, self.loss.kinks)

    @cached_property
    def moved(self) -> Self:
        """The same network a little away from here, off every kink."""
        rng, p = np.random.default_rng([self.case.seed, 99]), self.pristine

        def shift(array: Any) -> Any:
            return array if array is None else array + MOVED * size(array) * rng.standard_normal(array.shape)

        point = replace(p, W=tuple(map(shift, p.W)), b=tuple(map(shift, p.b)), x=shift(p.x))
        return type(self)(point, self.implementation, again=1)


def _touches(values: Array, kinks: tuple[float, ...]) -> bool:
    near = ON_KINK * max(float(np.abs(values).max()), 1e-300)
    return any(float(np.abs(values - kink).min()) <= near for kink in kinks)
