"""Suspect: whether a gradient of which a larger case was judged wrong looks wrong here too; a few forward passes."""

from __future__ import annotations

from typing import Final

import numpy as np

from checks.calls import Budget, Calls, flat, unflat
from checks.laws import cotangent
from checks.probes import displaced, generator, moved, rms, signed, size
from checks.subject import Subject

STEP: Final = 2.0**-10
"""In sizes of the tensor; the five-point rule leaves out its fourth power."""
WEIGHTS: Final = {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12}
CLEARLY: Final = 1e-5
"""How far claim and difference are apart, in sizes of the claim, before it is called wrong."""
DIRECTIONS: Final = 2


def suspect(subject: Subject, tensor: str, seed: int) -> tuple[bool, Calls]:
    """Whether the gradient of ``tensor`` is clearly not a central difference, along each of two directions.

    Parameters
    ----------
    subject : Subject
        A case.
    tensor : str
        A primal.
    seed : int
        Decides the directions.

    Returns
    -------
    (bool, Calls)
        No verdict: what is reported in the end is audited in full. And what was spent.
    """
    calls = Calls(subject, Budget())
    rng = generator(seed, "suspect", tensor)
    try:
        point = moved(rng, subject.point, {name: size(x) for name, x in subject.point.items()})
        out = subject.forward(dict(point))
        v = cotangent(rng, out)
        g = np.asarray(calls.pullback(point, unflat(v, out))[tensor])
    except Exception:  # whatever it is, the audit says it
        return True, calls
    if tensor not in point or g.shape != point[tensor].shape or not np.isfinite(g).all():
        return True, calls
    width = size(point[tensor])
    for _ in range(DIRECTIONS):
        u = {tensor: signed(rng, g.shape)}
        values = {k: calls.forward_quietly(displaced(point, u, {tensor: width}, k * STEP)) for k in WEIGHTS}
        slope = sum(w * float(flat(v) @ values[k]) for k, w in WEIGHTS.items()) / STEP
        claim = float((g * u[tensor]).sum() * width)
        scale = max(rms(g) * np.sqrt(g.size) * width, abs(slope), np.finfo(float).tiny)
        if not abs(claim - slope) > CLEARLY * scale:
            return False, calls
    return True, calls
