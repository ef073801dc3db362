"""Repairs that pullbacks show: a nonlinear use of the upstream undone, weights updated too early, coarse floats."""

from __future__ import annotations

from typing import Final

import numpy as np

from checks.diagnosis.scene import Scene
from checks.diagnosis.suspect import Repairs
from checks.numeric.bits import significand_bits
from checks.probes import size
from checks.ray import norm
from checks.subject import Array

SMALL: Final = 2.0**-20  # upstreams so small that no bound meant for others reaches them
ROUNDS: Final = 3  # of a search for the learning rate
EARLY: Final = 1e-2  # its first guess, relative to the weights
COARSE: Final = {11: ("half precision inside", 2.0**-20), 24: ("single precision inside", 2.0**-33)}
"""Significand bits -> its name, and a relative change of the upstream that it does not see."""
MOST: Final = 0.9  # of the entries
ROUNDED: Final = 2.0**-6  # errors above this share of Σ|g u| are no rounding


def undone(scene: Scene) -> Repairs:
    """Where the pullback is not linear: what small upstreams give, and differences that undo v² and |v|."""
    v = scene.place.cotangent
    if not scene.broken & {"homogeneity", "additivity"} or v.dtype.kind != "f":
        return
    plus, minus, twice = np.maximum(v, 0), np.maximum(-v, 0), scene.pull("pullback(−2·v)", -2.0 * v)
    ways = {
        "the upstream is clipped": (None, ((SMALL * v, 1 / SMALL),)),
        "the upstream is squared": (4.0, ((np.sqrt(plus), 1.0), (np.sqrt(minus), -1.0))),
        "the upstream counts twice, as in v·|v|": (-4.0, ((np.sqrt(plus) - np.sqrt(minus), 1.0),)),
        "the absolute value of the upstream is used": (2.0, ((plus, 1.0), (minus, -1.0))),
    }
    for words, (factor, parts) in ways.items():
        if twice is None or (factor is not None and not np.allclose(twice, factor * scene.g, rtol=1e-9, atol=0)):
            continue
        pulled = [(scene.pull(f"{words}, part {k}", w), times) for k, (w, times) in enumerate(parts)]
        if all(g is not None for g, _ in pulled):
            yield words, np.asarray(sum(times * g for g, times in pulled if g is not None))


def constant(scene: Scene) -> Repairs:
    """The claim without what the pullback of zeros is."""
    if "zero" in scene.broken and (extra := scene.pull("pullback(0)", 0 * scene.place.cotangent)) is not None:
        yield "a term is added that does not depend on the upstream", scene.g - extra


def updated(scene: Scene) -> Repairs:
    """The claim with another tensor moved back along its own gradient, by a learning rate that is fitted."""
    for name, other in scene.place.gradient.items():
        w, step = np.asarray(scene.place.point[name]), np.asarray(other)
        if name == scene.tensor or name in scene.failed or not step.any() or step.dtype.kind != "f":
            continue
        lr = EARLY * size(w) / size(step)
        repaired: Array | None = None
        for _ in range(ROUNDS):
            moved = scene.pull(f"{name} moved by {lr!r}", scene.place.cotangent, {name: w + lr * step})
            if moved is None or not (moved - scene.g).any():
                break
            rate = scene.fit(scene.g, (moved - scene.g) / lr)
            if rate is None or rate == 0:
                break
            repaired, done = scene.g + rate * (moved - scene.g) / lr, abs(rate / lr - 1) < 1e-9
            if done or scene.explains(repaired):
                break
            lr = rate
        if repaired is not None and lr > 0:
            yield f"computed from weights that are already updated: {name!r} has moved along its own gradient", repaired


def weights_transposed(scene: Scene) -> Repairs:
    """The claim with another tensor transposed: right where it uses w for wᵀ."""
    for name, x in scene.place.point.items():
        if name != scene.tensor and x.ndim == 2 and x.shape[0] == x.shape[1] > 1:
            words = f"{name!r} is transposed in it, or ought to be"
            g = scene.pull(words, scene.place.cotangent, {name: x.T})
            if g is not None:
                yield words, g


def coarse(scene: Scene) -> Repairs:
    """The claim itself, where it is rounded: its values are on a coarser grid, or it is blind to small changes."""
    g = scene.g
    errors = norm(np.array([s.along(g) - s.measured for s in scene.sights]))
    worst = errors / (norm(np.array([max(s.size, s.reach) for s in scene.sights])) or 1.0)
    if g.dtype != np.float64 or not g.any() or worst > ROUNDED:
        return
    bits = significand_bits(g.ravel())
    if bits in COARSE:
        yield f"{COARSE[bits][0]}: the values carry {bits} bits", g
        return
    for bits, (words, change) in COARSE.items():
        if worst <= 2.0 ** (2 - bits) and (_blind(scene, g, change, bits, "v") or _blind(scene, g, change, bits, "x")):
            yield f"{words}: a change by {change:.0e} is not seen", g
            return


def _blind(scene: Scene, g: Array, change: float, bits: int, what: str) -> bool:
    """Whether the pullback does not see a small change of the upstream, or of the point; one of a last bit it sees."""
    seen = []
    for by in (change, 2.0 ** (1 - bits)):
        v, point = scene.place.cotangent, None
        if what == "v":
            v = (1 + by) * v
        else:
            point = {n: (1 + by) * np.asarray(x) for n, x in scene.place.point.items()}
        there = scene.pull(f"{what} changed by {by:.0e}", v, point)
        if there is None:
            return False
        seen.append(float(np.mean(there == g)))
    return seen[0] > MOST and seen[1] < 1 - MOST
