"""Record: what the code says of one network beside its derivatives, measured by the forward pass alone, all at a time.

Whole tensors are asked along a random direction each, first by the five-point stencil on real numbers. What that leaves
open and every single entry is asked by the complex step, whose imaginary parts show the derivatives inside the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, Final

import numpy as np

from checks.equations.flat import Layout, flat, layout, rms, size
from checks.equations.held import Held
from checks.equations.moves import LOST, ULPS, Move, Slopes, evaluate, slopes
from checks.equations.regimes import Array
from checks.equations.said import Said, Site
from checks.numeric import quick
from checks.numeric.line import Line
from checks.probes import MAGNITUDE_RMS, signed
from checks.verdict import DESIRED

SAFETY: Final = 8.0
"""Spreads under rounding that the bar of a complex step is made of."""
FINEST: Final = 1e-9
"""Of the scale: the finest disagreement that a complex step is asked to speak of."""
ASKED: Final = 0.99 * DESIRED
"""Resolution asked of the stencil: a little is left for what a property adds to the bar."""
FIRST: Final = 2
CLOSER: Final = 15
"""Jittered copies of each direction: at first, and before anything fails."""
METHOD: Final = "complex step"
KINDS: Final = "Wbz"
STENCIL: Final = quick.STEP * quick.AT


class OnKinkError(Exception):
    """Complex steps take the piece that the point is on; on a kink they measure a convention. Another point must do."""


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """A random direction for each tensor, and all of them end to end: claim and scale, and what the stencil says."""

    moves: list[Move]
    along: Array
    claims: Array
    scales: Array
    value: Array
    bar: Array
    agrees: Any


class Record(Said):
    """One network under one implementation, with all that the properties share."""

    jitters = FIRST

    def look_closer(self) -> None:
        """Measure the same directions again, with so many jittered copies that their spread cannot be small by luck."""
        self.jitters = CLOSER
        for name in ("_steps", "joint"):
            self.__dict__.pop(name, None)

    def in_extended_precision(self) -> Record:
        """The same network, looked at alike, with what the code says worked out in long double and rounded once.

        What a formula gets wrong it gets wrong there as well; what float64 lost to rounding is back.
        """
        finer = type(self)(self.point, self.implementation, self.again)
        finer.jitters = self.jitters
        wide = [_cast(group, np.longdouble) for group in (self.pristine.W, self.pristine.b)]
        x, y = (array.astype(np.longdouble) for array in (self.pristine.x, self.pristine.y))
        network = self.implementation.network(*wide, self.rows)
        trace = self.implementation.forward(network, x)
        dC_da = self.implementation.cost_gradient(self.loss, trace.A[-1], y, self.case.reduction)
        gradients = self.implementation.backward(network, trace, dC_da)
        finer.trace = replace(trace, Z=_cast(trace.Z, np.float64), A=_cast(trace.A, np.float64))
        finer.dC_da = dC_da.astype(np.float64)
        deltas = _cast(gradients.deltas, np.float64)
        W, b = _cast(gradients.W, np.float64), _cast(gradients.b, np.float64)
        finer.gradients = replace(gradients, W=W, b=b, deltas=deltas)
        return finer

    # W^1, …, W^L, b^1, …, b^L, z^1, …, z^L end to end

    @cached_property
    def _tensors(self) -> Layout:
        return layout([*self.pristine.W[1:], *self.pristine.b[1:], *self.trace.Z[1:]])

    @cached_property
    def sizes(self) -> Array:
        """Root mean square of each W, b and z."""
        return rms(np.concatenate([self.parameters, flat(self.trace.Z[1:])]), self._tensors)

    @cached_property
    def _claimed(self) -> Array:
        return np.concatenate([self.slopes, flat(self.gradients.deltas[1:], layout(self.trace.Z[1:]))])

    @cached_property
    def steepness(self) -> Array:
        """Root mean square of each ∂C/∂W, ∂C/∂b and δ, as claimed."""
        return rms(self._claimed, self._tensors)

    def place(self, kind: str, l: int) -> int:
        """Where in such a list the tensor of layer l is."""
        return KINDS.index(kind) * self.L + l - 1

    @cached_property
    def _joint(self) -> Joint:
        steps = np.where(self.sizes == 0, 1.0, self.sizes)
        # drawn layer by layer, laid kind by kind
        by_layer = layout([group[l] for l in self.layers for group in (self.pristine.W, self.pristine.b, self.trace.Z)])
        drawn = by_layer.split(signed(self.rng, (by_layer.total,)))
        along = flat([*drawn[::3], *drawn[1::3], *drawn[2::3]]) * self._tensors.spread(steps)
        parts = iter(self._tensors.split(along))
        moves = [Move(kind, l, next(parts)) for kind in KINDS for l in self.layers]
        claims = self._tensors.sums(self._claimed * along)
        scales = self.steepness * np.sqrt(self._tensors.counts) * steps * MAGNITUDE_RMS
        value, bar, agrees = np.full(len(moves), np.nan), np.full(len(moves), np.inf), np.zeros(len(moves), dtype=bool)
        # one digit of C over the step is as fine as the stencil can get
        hopeful = np.flatnonzero(math.ulp(self.cost(self.case.reduction)) / quick.STEP < ASKED * scales)
        if hopeful.size:
            some = [moves[s] for s in hopeful]
            self.passes += 4 * len(some)
            values = evaluate(self.implementation, self.pristine, some, STENCIL).C
            found = quick.agree(values, claims[hopeful], scales[hopeful], resolution=ASKED)
            value[hopeful], bar[hopeful], agrees[hopeful] = found.value, found.bar, found.agrees
        return Joint(moves, along, claims, scales, value, bar, agrees)

    @cached_property
    def _entry_moves(self) -> dict[str, Move]:
        moves = {"output z": self._at("z", self.output), "output a": self._at("a", self.output)}
        if self.below:
            moves["below z"], moves["below a"] = self._at("z", self.below), self._through_weights(self.below)
        if self.mixed:
            moves["mixed z"] = self._at("z", self.mixed)
        w = self.weight
        moves["weight"] = _single(self.pristine.W[w.l], (w.j, w.k), "W", w.l)
        moves["bias"] = _single(self.pristine.b[w.l], (w.j, 0), "b", w.l)
        return moves

    def _at(self, kind: str, site: Site) -> Move:
        tensor = (self.trace.Z if kind == "z" else self.trace.A)[site.l]
        return _single(tensor, (site.j, site.n), kind, site.l)

    def _through_weights(self, site: Site) -> Move:
        """a_j^l moves: z^{l+1} moves along column j of W^{l+1}."""
        along = np.zeros(self.trace.Z[site.l + 1].shape)
        along[:, site.n] = self.pristine.W[site.l + 1][:, site.j] * self.step_in_a(site.l)
        return Move("z", site.l + 1, along)

    def step_in_a(self, l: int) -> float:
        """How far t = 1 goes in a^l."""
        if ("a", l) not in self.shared:
            self.shared["a", l] = size(self.trace.A[l])
        return float(self.shared["a", l])

    def steep(self, kind: str, l: int) -> float:
        """Root mean square of ∂C/∂W^l, ∂C/∂b^l or δ^l, as claimed."""
        return float(self.steepness[self.place(kind, l)])

    @cached_property
    def _steps(self) -> Slopes:
        """Complex steps along every single entry, and then along the joint directions that the stencil left open."""
        if self.on_kink and not self.again:  # a kink that moving does not leave is one in nothing that moves
            raise OnKinkError
        joint = self._joint
        moves = [*self._entry_moves.values(), *(joint.moves[s] for s in np.flatnonzero(~joint.agrees))]
        self.passes += (1 + self.jitters) * len(moves)
        weights, gains = self.weights, [self.above(l) for l in self.layers]
        return slopes(self.implementation, self.pristine, moves, self.rng, weights, gains, self.jitters)

    @cached_property
    def weights(self) -> tuple[Any, ...]:
        """Σ|terms| of every z; None for layer 0."""
        W, b, A = self.pristine.W, self.pristine.b, self.trace.A
        return (None, *(np.abs(W[l]) @ np.abs(A[l - 1]) + np.abs(b[l]) for l in self.layers))

    @cached_property
    def joint(self) -> Held:
        """∂C along every joint direction, claimed beside measured: all W, then all b, then all z."""
        j = self._joint
        value, bar, scale = j.value, j.bar, j.scales
        left = np.flatnonzero(~j.agrees)
        if left.size:
            value, bar, scale = value.copy(), bar.copy(), scale.copy()
            value[left] = self._steps.C[-left.size :]
            bar[left], scale[left] = bars(self._steps.spread[-left.size :], scale[left])
        return Held(_names(self.L), j.claims, value, bar, scale, "five-point stencil, complex step", j.moves)

    @property
    def along(self) -> Array:
        """The joint directions end to end."""
        return self._joint.along

    def line(self, move: Move) -> Line:
        """ψ along one direction, for a closer look."""

        def psi(t: Array) -> Array:
            self.passes += len(t)
            return np.asarray(evaluate(self.implementation, self.pristine, [move], t).C).reshape(-1)

        return Line(psi, vectorised=True)

    def move(self, name: str) -> Move:
        """The single-entry direction of that name."""
        return self._entry_moves[name]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: s for s, name in enumerate(self._entry_moves)}

    def dC(self, name: str) -> tuple[float, float]:
        """∂C along a single-entry direction, per unit of t, and its spread."""
        s = self._index[name]
        return float(self._steps.C[s]), float(self._steps.spread[s])

    def d(self, tensor: str, name: str, l: int, n: int | None = None) -> tuple[Array, Array]:
        """∂z^l or ∂a^l (column n of it, or all) along a single-entry direction, per unit of t, and its spread."""
        return self._steps.inside(tensor, l, self._index[name], n)


@cache
def _names(L: int) -> tuple[str, ...]:
    return tuple(f"{'δ' if kind == 'z' else kind}^{l}" for kind in KINDS for l in range(1, L + 1))


def _cast(group: tuple[Any, ...], dtype: Any) -> tuple[Any, ...]:
    return tuple(None if array is None else array.astype(dtype) for array in group)


def bars(spread: Any, scale: Any) -> tuple[Any, Any]:
    """Error bar of a complex step, and what it is relative to.

    That is the scale of the claim; but where the claim is all rounding, nothing is left of its scale, and what counts
    is the size of the terms that have cancelled: spread / ULPS, as each of them was changed by ULPS.
    """
    noise = SAFETY * (spread + LOST)
    if isinstance(noise, float):
        return noise + FINEST * scale, (spread + LOST) / ULPS if scale <= noise else scale
    return noise + FINEST * scale, np.where(scale <= noise, (spread + LOST) / ULPS, scale)


def _single(tensor: Array, index: tuple[int, int], kind: str, l: int) -> Move:
    along = np.zeros(tensor.shape)
    along[index] = size(tensor)
    return Move(kind, l, along)
