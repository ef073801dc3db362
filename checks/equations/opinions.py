"""Second opinions: what scipy's own checkers say of the same gradients, how often they differ, and who is right.

A forward difference at scipy's step has no error bar, so that a difference counts from 1e-5 of the gradient on, beyond
what the method cannot see of the loss's own digits. Who is right is then what (B3) and (B4) came to on that network:
a gradient that agrees with what they measured to 1e-6 is not 1e-5 off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from checks.equations.record import Record
from checks.equations.regimes import Array
from checks.numeric.second_opinion import STEP, Distance, check_grad_all, check_grad_random, differentiate
from checks.probes import signed

FEW: Final = 50
"""Parameters up to which every entry is asked for."""
SELDOM: Final = 50
"""One network in this many is shown to scipy.differentiate as well."""
DIFFERS: Final = 1e-5
BLURS: Final = 4.0
"""Times what the method says itself that it cannot see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One method over all networks.

    Attributes
    ----------
    method : str
        Its name.
    asked, differs : int
        Networks it was asked about, and those on which it differs from the claimed gradient.
    worst : float
        By how much at most, relative to the gradient.
    ours, theirs, neither : int
        Of those that differ: where the measurement sides with the claim, where not, and where it cannot say.
    """

    method: str
    asked: int = 0
    differs: int = 0
    worst: float = 0.0
    ours: int = 0
    theirs: int = 0
    neither: int = 0

    def __str__(self) -> str:
        if not self.differs:
            return f"{self.method}: asked on {self.asked:,} networks, never differs by more than {DIFFERS:.0e}"
        return (
            f"{self.method}: asked on {self.asked:,} networks, differs on {self.differs:,}, by up to {self.worst:.1e} "
            f"of the gradient; the claim is right on {self.ours:,}, the method on {self.theirs:,}, open on "
            f"{self.neither:,}"
        )


class Parameters:
    """All parameters of one network as one vector, and C and its claimed gradient as functions of that vector."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._known: dict[bytes, float] = {}
        self.places = record.places
        self.at = record.parameters + 0.0  # no -0.0, which scipy's x + 0 v may turn into a 0.0 that is not known
        self.gradient = record.slopes

    def losses(self, thetas: Array) -> Array:
        """C at each row, all in one forward pass."""
        r, parts = self.record, self.places.split(thetas)
        network = r.implementation.network((None, *parts[: r.L]), (None, *parts[r.L :]), r.rows)
        r.passes += len(thetas)
        a = r.implementation.forward(network, r.pristine.x).A[-1]
        return np.asarray(r.implementation.cost(r.loss, a, r.pristine.y, r.case.reduction))

    def foresee(self, along: Array, every_entry: bool) -> None:
        """Evaluate at once what check_grad will ask for one at a time."""
        ahead = self.at + STEP * np.eye(len(self.at)) if every_entry else self.at[None][:0]
        thetas = np.concatenate([self.at[None], (self.at + STEP * along)[None], ahead])
        self._known.update(zip(map(bytes, thetas), self.losses(thetas).tolist(), strict=True))

    def loss(self, theta: Array) -> float:
        """C at other parameters."""
        known = self._known.get(theta.tobytes())
        return float(self.losses(theta[None])[0]) if known is None else known

    def slope(self, theta: Array) -> Array:
        """The claimed gradient, which is asked for at the point alone."""
        return self.gradient


def ask(record: Record, opinions: dict[str, Opinion], right: bool | None, *, seldom: bool) -> None:
    """Ask every method about one network and count what it says.

    Parameters
    ----------
    record : Record
        The network.
    opinions : dict of str to Opinion
        What is counted so far; updated.
    right : bool or None
        Whether the claimed gradients agree with what was measured here to 1e-6; None where that was not decided, as on
        a kink.
    seldom : bool
        Whether this network is one of the few that scipy.differentiate sees.
    """
    with np.errstate(all="ignore"):
        for method, by in _asked(record, seldom):
            row, differs = opinions.get(method) or Opinion(method=method), by > DIFFERS
            opinions[method] = Opinion(
                method=method,
                asked=row.asked + 1,
                differs=row.differs + differs,
                worst=max(row.worst, by) if differs else row.worst,
                ours=row.ours + (differs and right is True),
                theirs=row.theirs + (differs and right is False),
                neither=row.neither + (differs and right is None),
            )


def _asked(record: Record, seldom: bool) -> Iterator[tuple[str, float]]:
    """Each method, and by how much of the gradient it differs beyond what it cannot see."""
    p, rng = Parameters(record), record.rng
    few, start = len(p.at) <= FEW, rng.bit_generator.state
    p.foresee(rng.standard_normal(p.at.shape), few)  # what scipy will draw from there
    rng.bit_generator.state = start
    found = [check_grad_random(p.loss, p.slope, p.at, rng)]
    if few:
        found.append(check_grad_all(p.loss, p.slope, p.at))
    for one in found:
        yield one.method, _excess(one)
    if seldom:
        sizes = record.sizes[: 2 * record.L]
        by = signed(rng, p.at.shape) * p.places.spread(np.where(sizes > 0, sizes, 1.0))
        estimate = differentiate(lambda t: p.losses(p.at + t[:, None] * by), vectorised=True)
        claim, scale = float(p.gradient @ by), float(np.linalg.norm(p.gradient * by))
        gap = max(abs(claim - estimate.value) - estimate.bar, 0.0)
        yield estimate.method, gap / scale if scale else 0.0


def _excess(found: Distance) -> float:
    if found.size == 0 or not found.value > DIFFERS * found.size + BLURS * found.blur:
        return 0.0 if np.isfinite(found.value) else float("inf")
    return found.relative
