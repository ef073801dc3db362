"""jvp and symmetry: forward mode is the pullback's adjoint; a gradient's own Jacobian is symmetric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from checks.calls import flat, unflat
from checks.laws.equal import HERE, MULTIPLE, passed, rounding
from checks.laws.ground import Ground, misshapen
from checks.laws.noise import last_bits, noise
from checks.laws.raised import RaisedError
from checks.numeric.estimate import Estimate
from checks.numeric.line import Line, OutOfBudgetError
from checks.numeric.windows import windows
from checks.probes import displaced, signed, size
from checks.subject import Array, named_outputs
from checks.verdict import Evidence, Outcome, Verdict, judge

TERMS: Final = 16.0
"""A sum of n products in another order moves by about √n units in the last place of its terms' rms; this many times."""


def jvp(ground: Ground) -> list[Verdict]:
    """⟨v, jvp(u)⟩ = ⟨pullback(v), u⟩, for a natural v and for one that gives every output an equal part."""
    if ground.calls.subject.jvp is None:
        return []
    u = _tangent(ground)
    out, double = _jvp(ground, "jvp(u)", u), _jvp(ground, "jvp(−2u)", {n: -2.0 * x for n, x in u.items()})
    judged = ground.cotangent != 0
    expected = flat(ground.output).shape
    if out.shape != expected or not np.isfinite(out[judged]).all():
        words = f"has {out.size} entries; the outputs have {expected[0]}"
        if out.shape == expected:
            words = f"is {out[judged][~np.isfinite(out[judged])][0]} in an output that is finite"
        return [_failed("jvp", f"jvp(u) {words}")]
    out, double = np.where(judged, out, 0), np.where(judged, double, 0) if double.shape == expected else double
    exact = TERMS * _eps(out) * np.sqrt(out.size)
    if not np.allclose(double, -2.0 * out, rtol=exact, atol=0.0) and not _reordered(ground, u, out, double):
        return [_failed("jvp", "jvp(−2u) is not −2·jvp(u): forward mode must be linear in the tangent")]
    change = np.abs(out)
    even = ground.cotangent / np.where(change > 0, change, change.max(initial=1.0) or 1.0)
    for said, v in (("v", ground.cotangent), ("even", even * change.max(initial=0.0))):
        if not v.any():
            continue
        seen = v.astype(flat(ground.output).dtype)
        gradient = ground.gradient if said == "v" else ground.pull("pullback(v), every output an equal part,", v)
        failed = _adjoint(ground, u, out, seen, gradient)
        if failed:
            return failed
    return passed("jvp")


def _reordered(ground: Ground, u: Mapping[str, Array], out: Array, double: Array) -> bool:
    """Whether jvp(−2u) differs by the order of sums alone, as on a GPU: a second call differs then as well."""
    if double.shape != out.shape or not np.isfinite(double).all():
        return False
    if not noise(ground) and np.array_equal(np.where(ground.cotangent != 0, _jvp(ground, "jvp(u) again", u), 0), out):
        return False
    change = float(np.max(np.abs(double + 2.0 * out))) / max(float(np.max(np.abs(double))), 1e-300)
    return last_bits(ground, out, change)


def _jvp(ground: Ground, said: str, u: Mapping[str, Array]) -> Array:
    try:
        return ground.calls.jvp(ground.point, u)
    except OutOfBudgetError:
        raise
    except Exception as raised:
        raise RaisedError(said, raised) from raised


def _adjoint(
    ground: Ground, u: Mapping[str, Array], out: Array, v: Array, gradient: Mapping[str, Any]
) -> list[Verdict]:
    """Where the two modes disagree the measured derivative decides; a wrong pullback is left to `adjoint`."""
    if any(misshapen(x, gradient.get(n)) for n, x in ground.point.items()):
        return []
    forward, backward = _terms(v, out), np.concatenate([_terms(gradient[n], u[n]) for n in ground.point])
    slack = _slack(forward, out) + sum(_slack(_terms(gradient[n], u[n]), np.asarray(gradient[n])) for n in u)
    claimed = float(forward.sum())
    if abs(claimed - float(backward.sum())) <= slack:
        return []

    def psi(t: float) -> float:
        values = ground.calls.forward_quietly(displaced(ground.point, u, t=t))
        return float(_terms(v, np.where(v == 0, 0, values)).sum())

    estimate: Estimate = windows(Line(psi))
    scale = float(np.linalg.norm(forward)) or float(np.linalg.norm(backward))
    verdict = judge(
        Evidence(law="jvp", tensor="", claimed=claimed, estimate=estimate, scale=scale, claim_error=slack, where=HERE),
        ground.resolution,
    )
    return [] if verdict.outcome is Outcome.PASS else [verdict]


def symmetry(ground: Ground) -> list[Verdict]:
    """⟨H u, w⟩ = ⟨H w, u⟩, where the forward says that it is a gradient and the pullback is its Hessian's product."""
    if not ground.calls.subject.symmetric:
        return []
    outputs = named_outputs(ground.output)
    if [a.shape for a in outputs.values()] != [x.shape for x in ground.point.values()]:
        given, wanted = ([a.shape for a in side.values()] for side in (outputs, ground.point))
        return [
            _failed("symmetry", f"the forward is said to be a gradient, but has outputs {given} for primals {wanted}")
        ]
    if any(misshapen(x, ground.gradient.get(n)) for n, x in ground.point.items()):
        return []
    first, second = ground.gradient, ground.pulled("pullback(w)", ground.second)
    if any(misshapen(x, second.get(n)) for n, x in ground.point.items()):
        return []
    u, w = (_named(ground, c) for c in (ground.cotangent, ground.second))
    one = np.concatenate([_terms(np.asarray(first[n]), w[n]) for n in ground.point])
    other = np.concatenate([_terms(np.asarray(second[n]), u[n]) for n in ground.point])
    bar = MULTIPLE * float(sum(np.linalg.norm(rounding(ground, n, 1)) * size(w[n]) for n in ground.point))
    bar += _slack(one, one) + _slack(other, other)
    a, b = float(one.sum()), float(other.sum())
    if abs(a - b) <= bar:
        return passed("symmetry")
    means = "what is called a gradient is the gradient of nothing, or its pullback is wrong"
    return [_failed("symmetry", f"⟨H v, w⟩ is {a:.6g} and ⟨H w, v⟩ is {b:.6g}, apart by more than {bar:.1g}; {means}")]


def _named(ground: Ground, v: Array) -> dict[str, Array]:
    """A cotangent as tangents of the primals, in their order."""
    parts = named_outputs(unflat(v, ground.output)).values()
    return dict(zip(ground.point, parts, strict=True))


def _tangent(ground: Ground) -> dict[str, Array]:
    rng = ground.rng("jvp")
    return {n: (size(x) * signed(rng, x.shape)).astype(x.dtype) for n, x in ground.point.items()}


def _terms(g: Array, u: Array) -> Array:
    if np.asarray(g).dtype.kind == "c" or np.asarray(u).dtype.kind == "c":
        return np.asarray(np.real(g) * np.real(u) + np.imag(g) * np.imag(u), dtype=np.float64).ravel()
    return (np.asarray(g, dtype=np.float64) * np.asarray(u, dtype=np.float64)).ravel()


def _slack(terms: Array, of: Array) -> float:
    """What the rounding of ``of`` costs a sum of ``terms``: each of its entries may be a sum itself."""
    return TERMS * _eps(of) * float(np.sqrt(max(terms.size, 1))) * float(np.linalg.norm(terms))


def _eps(a: Array) -> float:
    return float(np.finfo(a.dtype).eps) if a.dtype.kind in "fc" else 0.0


def _failed(law: str, reason: str) -> Verdict:
    return Verdict(law=law, tensor="", outcome=Outcome.FAIL, reason=reason, where=HERE)
