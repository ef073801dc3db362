"""Proof: a claim beside the enclosure of every one of its entries, judged unit by unit."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from checks.numeric.balls import available
from checks.numeric.estimate import Errors, Estimate
from checks.numeric.jump import JUMPS
from checks.numeric.line import OutOfBudgetError
from checks.probes import MAGNITUDE_RMS, rms
from checks.quickly import DOUBLE, goal_of
from checks.ray import CLAIM_ULPS, VALUE_ULPS, Place
from checks.subject import Array
from checks.units import Unit
from checks.verdict import COARSEST, Outcome, Verdict

METHOD: Final = "ball arithmetic"
SECONDS: Final = {True: 60.0, None: 2.0}  # wall time of a proof at one place: asked for, or on the judge's own account
FINEST_SEEN: Final = 1e-10  # a demand below this is finer than differences of float64 values can be trusted to see
AS_LARGE: Final = 4  # times the proved error: along a direction, entries' errors may add up to that, seldom to more
TO_SETTLE: Final = "prove it, where the forward is plain NumPy: pip install backproof[exact]"


class Entries(NamedTuple):
    """A tensor's enclosures as floats: the middles, how far the claim is off, the radii, and Σ|terms| of each."""

    exact: Array
    error: Array
    radius: Array
    terms: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of asking for a proof at one place.

    Attributes
    ----------
    tensors : mapping of name to Entries
        The claims that were proved right or wrong; empty where nothing could be proved.
    reason : str
        Why not, in words; empty where the budget of passes is spent, which is said already.
    passes : int
        Exact forward passes.
    """

    tensors: Mapping[str, Entries]
    reason: str = ""
    passes: int = 0


def fine(place: Place) -> bool:
    """Whether the demand is about rounding itself, so that no allowance for it is made."""
    return place.resolution is not None and place.resolution < CLAIM_ULPS * place.eps


def comes_first(place: Place) -> bool:
    """Whether a proof is asked before anything is measured."""
    return place.calls.proof is not False and available() and (place.resolution or 1.0) < FINEST_SEEN


def prove(place: Place) -> Proof:
    """Enclose every entry of the gradient that is claimed at ``place``; a reason where that cannot be.

    The sweep back over what the caller's own forward did on exact numbers gives all entries at once.
    """
    if not available():
        return Proof(tensors={}, reason="python-flint is not installed")
    from checks.numeric.balls.enclose import enclose
    from checks.numeric.balls.tape import NotProvableError

    calls = place.calls
    seconds = SECONDS[place.calls.proof or None]
    if calls.budget.seconds is not None:
        seconds = min(seconds, calls.budget.seconds - (time.perf_counter() - calls.started))
    try:
        found = enclose(
            calls.forward_exactly,
            place.point,
            place.gradient,
            place.cotangent,
            place.output,
            seconds=seconds,
        )
    except NotProvableError as why:
        return Proof(tensors={}, reason=str(why))
    except OutOfBudgetError:
        return Proof(tensors={})
    tensors = {name: _entries(found.slopes[name], claim, found.terms[name]) for name, claim in place.gradient.items()}
    return Proof(tensors=tensors, passes=found.passes)


def _entries(slopes: Array, claim: Array, terms: Array) -> Entries:
    made = np.empty((3, claim.size))
    for k, (slope, claimed) in enumerate(zip(slopes.ravel(), claim.ravel().tolist(), strict=True)):
        middle = slope.mid()
        made[:, k] = float(middle), float(abs(middle - claimed)), float(slope.rad())
    exact, error, radius = made.reshape(3, *claim.shape)
    return Entries(exact, error, radius, terms)


def judged(place: Place, proof: Proof, unit: Unit, goal: float) -> Verdict | None:
    """The verdict of a proof on one unit; None where an enclosure is too wide to tell, as at a kink.

    A demand is held to the letter: every entry within resolution × the rms of its unit, or, where it is finer than the
    rounding of an honest backward, within resolution × itself. Beyond what was demanded, what rounding may cost is
    neither passed nor failed; where nothing was demanded it is allowed.
    """
    tensor, claim = proof.tensors[unit.tensor], np.asarray(place.gradient[unit.tensor])
    chosen = np.ones(claim.shape, dtype=bool) if unit.mask is None else unit.mask
    exact, error, radius, terms = (part[chosen] for part in tensor)
    typical = rms(exact)
    strict = fine(place)
    scales = np.abs(exact) if strict else np.full(exact.shape, typical)
    slack = 0.0 if strict else _rounding(place, unit, exact.size)
    coarse = place.eps > DOUBLE and typical > 0
    granted = min(slack, COARSEST * typical) if coarse else slack  # what is off by more may be noise, or wrong
    allowed = goal * scales + (granted if place.resolution is None else 0.0)
    with np.errstate(all="ignore"):
        worst = int(np.argmax(np.where(scales > 0, error / scales, np.where(error > 0, np.inf, 0.0))))
    if not (radius <= allowed).all():
        return None
    failed = error - radius > goal * scales + (0.0 if strict else slack + _cancelled(place, terms))
    right = bool((error + radius <= allowed).all())
    outcome = Outcome.PASS if right else Outcome.FAIL if failed.any() else Outcome.INCONCLUSIVE
    errors = _errors(tensor, claim, np.flatnonzero(chosen)[failed] if outcome is Outcome.FAIL else ())
    index = tuple(np.argwhere(chosen)[worst].tolist())
    value, wide = float(exact[worst]), float(radius[worst]) + float(np.spacing(abs(exact[worst])))
    return Verdict(
        law="adjoint",
        tensor=unit.label,
        outcome=outcome,
        claimed=float(claim[index]),
        estimate=Estimate(
            value=value,
            interval=(value - wide, value + wide),
            rounding=wide,
            passes=proof.passes,
            method=METHOD,
            proved=True,
            errors=errors,
        ),
        resolution=float(error[worst] / typical) if typical else 0.0,
        scale=float(typical),
        reason=_reason(outcome, unit.tensor, chosen, errors, int(failed.sum()), goal),
        remedy="demand no more than float64 holds" if outcome is Outcome.INCONCLUSIVE else "",
        where=place.where,
    )


def _reason(outcome: Outcome, name: str, chosen: Array, errors: Errors, wrong: int, goal: float) -> str:
    """What is proved, in words: the worst entry beside the tensor, and the worst beside itself."""
    n = int(np.count_nonzero(chosen))
    relative, where = _worst(name, chosen, errors.shape, errors.relative)
    ulps, place = _worst(name, chosen, errors.shape, errors.ulps)
    off = f"{relative:.2g} of the rms ({where}) and {ulps:.{'2g' if ulps >= 100 else '2f'}} ulp of itself ({place})"
    if outcome is Outcome.PASS:
        return f"proved: each of {n:,} entries is right, the worst to {off}" if n > 1 else f"proved: right to {off}"
    if outcome is Outcome.FAIL:
        return f"proved: {wrong:,} of {n:,} entries are off by more than {goal:.1g}; the worst by {off}"
    return f"proved: off by {off}, which is more than asked ({goal:.1g}) and no more than rounding may cost"


def _worst(name: str, chosen: Array, shape: tuple[int, ...], errors: Sequence[float]) -> tuple[float, str]:
    k = int(np.argmax(np.where(chosen.ravel(), errors, -1.0)))
    index = ", ".join(str(int(i)) for i in np.unravel_index(k, shape)) if shape else ""
    return errors[k], f"{name}[{index}]" if index else name


def _rounding(place: Place, unit: Unit, n: int) -> float:
    """What an honest computation of one entry may lose, in units of the claim."""
    typical = unit.rounded / (unit.size * MAGNITUDE_RMS * np.sqrt(n))
    return float(place.eps * (VALUE_ULPS * place.value / unit.size + CLAIM_ULPS * typical))


def _cancelled(place: Place, terms: Array) -> Array:
    """What a sweep back may lose where its terms cancel, as in softmax − 1, and below the normal numbers."""
    lost = CLAIM_ULPS * (place.eps * terms + float(np.finfo(np.float64).smallest_subnormal))
    return np.asarray(np.where(np.isfinite(lost), lost, 0.0))


def _errors(tensor: Entries, claim: Array, wrong: Iterable[int]) -> Errors:
    with np.errstate(all="ignore"):
        ulps = tensor.error / np.spacing(np.abs(tensor.exact.astype(claim.dtype))).astype(np.float64)
        relative = tensor.error / (rms(tensor.exact) or 1.0)
    return Errors(
        shape=claim.shape,
        ulps=tuple(ulps.ravel().tolist()),
        relative=tuple(relative.ravel().tolist()),
        exact=tuple(tensor.exact.ravel().tolist()),
        wrong=tuple(map(int, wrong)),
    )


def settled(place: Place, units: Sequence[Unit], verdicts: Sequence[Verdict | None]) -> list[Verdict | None]:
    """What proofs say of the units that are open, or of all where a proof is asked for.

    Parameters
    ----------
    place : Place
        Where.
    units : sequence of Unit
        What gets a verdict of its own.
    verdicts : sequence of Verdict or None
        What was measured; None where nothing was.

    Returns
    -------
    list of Verdict or None
        The proved verdicts where there are any; else what was measured, with the reason why nothing could be proved.
    """
    if place.calls.proof is False or not (place.calls.proof or any(map(_open, verdicts))):
        return list(verdicts)
    wanted = [bool(place.calls.proof) or _open(v) for v in verdicts]
    if not available():
        return [_with_remedy(v) if v and wants else v for v, wants in zip(verdicts, wanted, strict=True)]
    proof = prove(place)
    if not (proof.tensors or proof.reason):
        return list(verdicts)
    made: list[Verdict | None] = []
    for unit, verdict, wants in zip(units, verdicts, wanted, strict=True):
        goal = goal_of(place, small=unit.small)
        found = judged(place, proof, unit, goal) if wants and unit.tensor in proof.tensors else None
        why = proof.reason or "its enclosure stays wide, as at a kink"
        if found:
            made.append(_beside(verdict, found))
        else:
            made.append(_unproved(verdict, why) if verdict and wants else verdict)
    return made


def _open(verdict: Verdict | None) -> bool:
    return verdict is None or verdict.outcome is Outcome.INCONCLUSIVE or _stands_still(verdict)


def _stands_still(verdict: Verdict) -> bool:
    """Whether a fail rests on values that do not move: cancellation can make them stand still."""
    return verdict.outcome is Outcome.FAIL and verdict.estimate is not None and verdict.estimate.method == "flat"


def _beside(measured: Verdict | None, found: Verdict) -> Verdict:
    """The proof, unless values that move say otherwise: a claim that they fail is not passed for what is exact.

    Nor is it for being off by less than was asked, where the error that is proved is as large as what was seen: a
    demand is no tolerance. Nor is one failed that jumps leave open: between them, what is exact is not the function's.
    """
    if measured and found.outcome is Outcome.FAIL and measured.reason.startswith(JUMPS):
        return measured
    if not measured or measured.outcome is not Outcome.FAIL or found.outcome is Outcome.FAIL or _stands_still(measured):
        return found
    if _explains(found, measured):
        return replace(measured, reason="; ".join(filter(None, (measured.reason, found.reason))))
    reason = f"{found.reason}; but the values in floats move otherwise: {measured.estimate} ({measured.where})"
    return replace(measured, outcome=Outcome.INCONCLUSIVE, reason=reason, remedy="judge another point")


def _with_remedy(verdict: Verdict) -> Verdict:
    return replace(verdict, remedy="; or ".join(filter(None, (verdict.remedy, TO_SETTLE))))


def _unproved(verdict: Verdict, why: str) -> Verdict:
    return replace(verdict, reason="; ".join(filter(None, (verdict.reason, f"not provable here: {why}"))))


def _explains(found: Verdict, measured: Verdict) -> bool:
    """Whether a claim that is off by what is proved, relative to its scale, may disagree by as much as was measured."""
    claimed, seen, scale, off = measured.claimed, measured.estimate, measured.scale, found.resolution
    if claimed is None or seen is None or scale is None or off is None:
        return False
    return abs(claimed - seen.value) <= AS_LARGE * off * scale
