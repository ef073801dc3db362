"""proved: every entry of what backward says of a network, beside enclosures of what the forward pass does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from checks.equations.cases import Point
from checks.equations.implementation import BACKPROP, Implementation
from checks.numeric.balls.enclose import Enclosure, enclose, precision
from checks.probes import rms

SAYS: Final = {
    "z": ("D1", "D2", "B1", "B2", "E1", "E2", "E4", "S1", "S2"),
    "W": ("B3", "G1", "N2"),
    "b": ("B4", "G2", "N3"),
}
"""The kinds of derivatives, and the labels whose left sides they are."""
WIDE: Final = 1e-20
"""Relative to the rms: an enclosure wider than this is at a kink."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """The claims of one kind in one layer beside the exact derivatives.

    Attributes
    ----------
    kind : str
        "W", "b" or "z".
    layer : int
        l.
    error : float
        The largest |claimed − exact|, relative to the rms of the exact derivatives; absolute where these are 0.
    ulps : float
        The largest in units in the last place of its own exact value.
    entries : int
        How many were proved.
    """

    kind: str
    layer: int
    error: float
    ulps: float
    entries: int

    @property
    def labels(self) -> tuple[str, ...]:
        """The equations that say what these are."""
        return SAYS[self.kind]


def prove_network(point: Point, implementation: Implementation = BACKPROP) -> list[Proved]:
    """Prove ∂C/∂W, ∂C/∂b and δ of every layer, entry by entry.

    The forward pass runs on exact numbers with a bias of each example's own, whose derivatives are δ; those of one bias
    for all are their sums.

    Parameters
    ----------
    point : Point
        The numbers of a network.
    implementation : Implementation
        Whose forward and backward.

    Returns
    -------
    list of Proved
        Three for each layer, but those that a kink keeps open.

    Raises
    ------
    checks.numeric.balls.tape.NotProvableError
        At ties and kinks, and where float64 itself over- or underflows.
    """
    case, layers = point.case, range(1, len(point.W))
    rows = (None, *(implementation.activations[name] for name in case.activations))
    loss = implementation.losses[case.loss]
    network = implementation.network(point.W, point.b, rows)
    trace = implementation.forward(network, point.x)
    dC_da = implementation.cost_gradient(loss, trace.A[-1], point.y, case.reduction)
    found = implementation.backward(network, trace, dC_da)
    at = {f"W{l}": point.W[l] for l in layers}
    at |= {f"z{l}": np.repeat(point.b[l], case.batch, axis=1) for l in layers}
    claims = {f"W{l}": found.W[l] for l in layers} | {f"z{l}": found.deltas[l] for l in layers}

    def forward(given: Any) -> Any:
        W, b = ((None, *(given[f"{kind}{l}"] for l in layers)) for kind in "Wz")
        a = implementation.forward(implementation.network(W, b, rows), point.x).A[-1]
        return np.array([implementation.cost(loss, a, point.y, case.reduction)])

    value = np.array([implementation.cost(loss, trace.A[-1], point.y, case.reduction)])
    proof = enclose(forward, at, claims, np.ones(1), value)
    made = []
    for l in layers:
        with precision(proof.bits):
            sums = proof.slopes[f"z{l}"].sum(axis=1, keepdims=True)
        for kind, slopes, claim in (
            ("W", proof.slopes[f"W{l}"], found.W[l]),
            ("b", sums, found.b[l]),
            ("z", proof.slopes[f"z{l}"], found.deltas[l]),
        ):
            made.append(_beside(kind, l, slopes, np.asarray(claim), proof))
    return [proved for proved in made if proved]


def _beside(kind: str, l: int, slopes: Any, claim: Any, proof: Enclosure) -> Proved | None:
    with precision(proof.bits):
        exact = np.array([float(s.mid()) for s in slopes.ravel()])
        gaps = (abs(s - c) for s, c in zip(slopes.ravel(), claim.ravel().tolist(), strict=True))
        error, radius = np.array([(float(gap.mid()), float(gap.rad())) for gap in gaps]).T
    if radius.max() > WIDE * (rms(exact) or 1.0):
        return None
    with np.errstate(all="ignore"):
        ulps = float((error / np.spacing(np.abs(exact))).max())
    return Proved(kind=kind, layer=l, error=float(error.max()) / (rms(exact) or 1.0), ulps=ulps, entries=exact.size)
