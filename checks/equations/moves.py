"""Displaced copies of a network, evaluated in one forward pass: a stencil on real numbers, a step on complex ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from checks.equations.cases import Point
from checks.equations.flat import flat, layout
from checks.equations.implementation import Implementation
from checks.equations.regimes import Array, Generator

STEP: Final = 2.0**-80
"""h of the complex step: its square is far beneath the last digit, itself it is far above underflow."""
LOST: Final = 2.0**-1040 / STEP
"""What underflow may take of a derivative anywhere on its way."""
EPS: Final = 2.0**-52
ULPS: Final = 16 * EPS
"""The copies that show how well conditioned a derivative is differ from the point by this much in every number."""


class Move(NamedTuple):
    """One direction: along W^l, along b^l, along z^l of each example, or along a^L.

    Parameters
    ----------
    kind : str
        "W", "b", "z" or "a" (a^L alone; a^l below it is the z of the layer above, through its weights).
    l : int
        The layer.
    along : ndarray
        The displacement for t = 1: (d_l, d_{l-1}), (d_l, 1), (d_l, n) or (d_L, n).
    """

    kind: str
    l: int
    along: Array


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """What the displaced copies gave, first axis the move, second the displacement.

    Attributes
    ----------
    C : ndarray of shape (k, m)
        The loss.
    Z, A : tuple of ndarray
        z^l and a^l of shape (k, m, d_l, n) for each layer; without the axes k, or k and m, where none differs in them.
    """

    C: Any
    Z: tuple[Any, ...]
    A: tuple[Any, ...]


def evaluate(
    implementation: Implementation,
    point: Point,
    moves: Sequence[Move],
    t: Any,
    jitter: Generator | None = None,
    weights: Sequence[Any] = (),
) -> Copies:
    """Run forward and loss once on every move displaced by every t.

    Jittered copies stand for what rounding may do anywhere: every weight, input and target is changed by up to `ULPS`,
    relative, and every z of every example by as much of the sum of absolute values that it is the sum of.

    Parameters
    ----------
    implementation : Implementation
        Whose forward and cost.
    point : Point
        Where.
    moves : sequence of Move
        k directions.
    t : ndarray of shape (m,)
        Displacements, real or complex.
    jitter : numpy.random.Generator, optional
        If given, every copy but the first of each move is jittered.
    weights : sequence of ndarray
        For jittered copies: |W^l| |a^{l-1}| + |b^l| of every layer, padded at 0.

    Returns
    -------
    Copies
    """
    k, m, case = len(moves), len(t), point.case
    x, y, *W = at = [point.x, point.y, *point.W[1:]]
    b = list(point.b[1:])
    if jitter is not None:
        x, y, *W = _jittered(at, at, m, jitter)
        b = _jittered(b, weights[1:], m, jitter)
    mine: dict[tuple[str, int], list[tuple[int, Array]]] = {}
    for s, move in enumerate(moves):
        mine.setdefault(("b" if move.kind == "z" else move.kind, move.l), []).append((s, move.along))
    W, b = (
        [_displaced(array, mine.get((name, l), ()), k, t) for l, array in enumerate(arrays, start=1)]
        for name, arrays in (("W", W), ("b", b))
    )
    sigma = (None, *[implementation.activations[name] for name in case.activations])
    trace = implementation.forward(implementation.network((None, *W), (None, *b), sigma), x)
    out = _displaced(trace.A[-1], mine.get(("a", len(sigma) - 1), ()), k, t)
    C = implementation.cost(implementation.losses[case.loss], out, y, case.reduction)
    return Copies(C, trace.Z, trace.A)


def _displaced(base: Array, mine: Sequence[tuple[int, Array]], k: int, t: Any) -> Any:
    """k copies for every t, each of those that move displaced along its own direction; the base itself if none does."""
    if not mine:
        return base
    rows, columns = base.shape[-2:]
    columns = max([columns, *[along.shape[1] for _, along in mine]])
    copies = np.empty((k, len(t), rows, columns), dtype=t.dtype)
    copies[...] = base
    by = t[:, None, None]
    for s, along in mine:
        copies[s] += by * along
    return copies


def _jittered(arrays: Sequence[Array], sizes: Sequence[Array], m: int, rng: Generator) -> list[Any]:
    """m copies of each array, the first as it is, the others changed by up to `ULPS` times a size."""
    places = layout(sizes)
    change = rng.uniform(-ULPS, ULPS, size=(m, places.total))
    change[0] = 0.0
    change *= flat(sizes)
    return [array + part for array, part in zip(arrays, places.split(change), strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Derivatives along k directions by complex steps, each with its spread: how far it moves under rounding.

    Attributes
    ----------
    C, spread : ndarray of shape (k,)
        ∂C, per unit of t, and the largest change of it when every number changes in its last digits, with what
        underflow may take and two ulps of each product with ∂C/∂a^L that it is the sum of.
    copies : Copies
        The displaced copies.
    known : dict
        What `inside` was asked.
    """

    C: Any
    spread: Any
    copies: Copies
    known: dict[tuple[Any, ...], tuple[Array, Array]] = field(default_factory=dict)

    def inside(self, tensor: str, l: int, s: int, n: int | None) -> tuple[Array, Array]:
        """Derivatives of column n, or all, of "Z" or "A" of a layer along direction s, and their spread."""
        asked = tensor, l, s, n
        if asked not in self.known:
            layer = getattr(self.copies, tensor)[l]
            copies = layer[s] if layer.ndim == 4 else layer
            self.known[asked] = _slope_and_spread(copies if n is None else copies[..., n])
        return self.known[asked]


def slopes(
    implementation: Implementation,
    point: Point,
    moves: Sequence[Move],
    rng: Generator,
    weights: Sequence[Any],
    gains: Sequence[Any],
    jitters: int,
) -> Slopes:
    """Take a complex step along every move.

    Parameters
    ----------
    implementation, point, moves, weights
        As for `evaluate`.
    rng : numpy.random.Generator
        Draws the jitter.
    gains : sequence of ndarray
        ∂C/∂a^l of the layers 1 to L, as claimed: what an error in a^l becomes in C.
    jitters : int
        Jittered copies of each direction.

    Returns
    -------
    Slopes
    """
    t = np.full(1 + jitters, STEP * 1j)
    found = evaluate(implementation, point, moves, t, rng, weights)
    C, spread = _slope_and_spread(found.C.T)
    out = np.abs(found.A[-1][:, 0].imag / STEP)
    for s, move in enumerate(moves):
        if move.kind == "a":
            out[s] += np.abs(move.along)
    lost = LOST * (1 + float(np.abs(flat(gains)).sum()))
    spread = spread + 2 * EPS * (out * np.abs(gains[-1])).sum(axis=(1, 2)) + lost
    return Slopes(C, spread, found)


def _slope_and_spread(values: Any) -> tuple[Any, Any]:
    """Of values whose first axis is the copies, the first of them without jitter."""
    derivatives = values.imag / STEP
    return derivatives[0], np.abs(derivatives[1:] - derivatives[0]).max(axis=0) + LOST
