"""LAWS: what must hold of a gradient; one row each, cheapest first, and last what every call left behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from checks.laws.adjoint import adjoint
from checks.laws.batch import batch
from checks.laws.claimed import claimed
from checks.laws.declared import declared
from checks.laws.ground import Ground, Law, cotangent
from checks.laws.layout import layout
from checks.laws.linear import additivity, homogeneity, zero
from checks.laws.modes import jvp, symmetry
from checks.laws.precision import precision
from checks.laws.purity import pure
from checks.laws.raised import RaisedError, in_words
from checks.laws.shapes import shapes
from checks.laws.state import accumulation, deterministic, fresh, repeatable

__all__ = ["LAWS", "Ground", "Law", "RaisedError", "cotangent", "in_words"]


LAWS: Final[Mapping[str, Law]] = {
    "shapes": Law(
        sentence="one gradient for each primal, of its shape, finite where the forward is",
        exists_for="missing, extra or None gradients, shapes that only broadcast, NaN",
        forwards=0,
        pullbacks=0,
        run=shapes,
    ),
    "claimed": Law(
        sentence="every parameter found in the object is claimed, or left out for a reason",
        exists_for="a wrong weight gradient that nobody looked at",
        forwards=0,
        pullbacks=0,
        run=claimed,
    ),
    "deterministic": Law(
        sentence="forward twice at one point gives the same outputs",
        exists_for="unseeded dropout and sampling, named instead of called wrong",
        forwards=1,
        pullbacks=0,
        run=deterministic,
    ),
    "repeatable": Law(
        sentence="the same pullback twice gives the same gradient, but for the order of a sum",
        exists_for="stale accumulation (+=), caches that a first call uses up, draws in the backward",
        forwards=0,
        pullbacks=1,
        run=repeatable,
    ),
    "zero": Law(
        sentence="pullback(0) = 0, exactly",
        exists_for="constants, regularisers and noise added in the backward",
        forwards=0,
        pullbacks=1,
        run=zero,
    ),
    "homogeneity": Law(
        sentence="pullback(c·v) = c·pullback(v) for c = −2^20, −2^−60, bit for bit but for over- and underflow",
        exists_for="|v|, v², clipped or ignored upstreams, thresholds",
        forwards=0,
        pullbacks=2,
        run=homogeneity,
    ),
    "additivity": Law(
        sentence="pullback(c) = pullback(v) + pullback(c − v), c one number, within the rounding of pullback(3v)",
        exists_for="upstreams normalised by their own size, entries that act on each other",
        forwards=0,
        pullbacks=2,
        run=additivity,
    ),
    "precision": Law(
        sentence="where dtypes say float64 the pullback is no coarser than the forward",
        exists_for="float32 inside float64 code",
        forwards=1,
        pullbacks=1,
        run=precision,
    ),
    "fresh": Law(
        sentence="a forward and a pullback elsewhere change nothing here; a second object gives the same",
        exists_for="a backward that uses the cache of another call, state that leaks",
        forwards=1,
        pullbacks=2,
        run=fresh,
    ),
    "layout": Law(
        sentence="Fortran order, strides, stride 0 and read-only memory give the same, or are refused aloud",
        exists_for="kernels that read memory instead of indices",
        forwards=0,
        pullbacks=5,
        run=layout,
    ),
    "declared": Law(
        sentence="a pullback that is wrong on purpose is the one that was declared",
        exists_for="straight-through, reversal and stop-gradient that do something else",
        forwards=0,
        pullbacks=2,
        run=declared,
        needs="declared",
    ),
    "jvp": Law(
        sentence="⟨v, jvp(u)⟩ = ⟨pullback(v), u⟩; where they differ, the measured derivative decides",
        exists_for="wrong forward modes",
        forwards=2,
        pullbacks=1,
        run=jvp,
        needs="jvp",
    ),
    "symmetry": Law(
        sentence="the Jacobian of a gradient is symmetric: ⟨H v, w⟩ = ⟨H w, v⟩",
        exists_for="double backwards, and gradients that are the gradient of nothing",
        forwards=0,
        pullbacks=2,
        run=symmetry,
        needs="symmetric",
    ),
    "batch": Law(
        sentence="where outputs are one per example, two halves of the batch add up to the whole",
        exists_for="examples that act on each other, means for sums",
        forwards=0,
        pullbacks=2,
        run=batch,
        needs="batch_axis",
    ),
    "accumulation": Law(
        sentence="a claim that adds into a buffer adds to what was there",
        exists_for="overwriting for adding, a backward that uses the cache of another call",
        forwards=2,
        pullbacks=5,
        run=accumulation,
        needs="accumulates, fresh",
    ),
    "adjoint": Law(
        sentence="⟨v, J u⟩ = ⟨Jᵀv, u⟩, the left side measured",
        exists_for="wrong values of any kind",
        forwards=6,
        pullbacks=2,
        run=adjoint,
    ),
    "pure": Law(
        sentence="point, tangent and cotangent are the same after every call, in every bit that has a value",
        exists_for="a backward that writes into the upstream, a forward that writes into its input",
        forwards=0,
        pullbacks=0,
        run=pure,
    ),
}
