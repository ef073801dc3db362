"""Verdict: a claim beside its measurement, and the one rule that says pass, fail or inconclusive."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import isfinite
from typing import Final, NamedTuple

from checks.numeric.estimate import Estimate

GREY: Final = 2.0  # outside the interval but within GREY × its half-width is neither agreement nor disagreement
DESIRED: Final = 1e-6  # the resolution aimed at when none is asked for
COARSEST: Final = 0.1  # the coarsest resolution accepted when none is asked for


class Outcome(Enum):
    """The three outcomes of conformance testing."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @staticmethod
    def of(outcomes: object) -> Outcome:
        """FAIL if any fails, else INCONCLUSIVE if any is, else PASS.

        Examples
        --------
        >>> Outcome.of([Outcome.PASS, Outcome.INCONCLUSIVE])
        <Outcome.INCONCLUSIVE: 'inconclusive'>
        """
        seen = [*outcomes]  # type: ignore[misc]  # any iterable of outcomes; not a set: hashing one is Python's
        return next((o for o in (Outcome.FAIL, Outcome.INCONCLUSIVE) if o in seen), Outcome.PASS)


class Evidence(NamedTuple):
    """A claim beside a measurement, ready to be judged.

    Attributes
    ----------
    law, tensor : str
        What is held, and of what.
    claimed : float
        The claimed directional derivative, or whatever the law compares.
    estimate : Estimate or None
        The measurement; None where the law is not about numbers.
    scale : float
        Root mean square of the claim over directions: what relative errors are relative to. Never |claim| of one.
    claim_error : float
        What an honest computation of the claim may lose to rounding, in units of the claim.
    where : str
        "at your point", "at a moved point".
    """

    law: str
    tensor: str
    claimed: float
    estimate: Estimate
    scale: float
    claim_error: float = 0.0
    where: str = "at your point"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One outcome with everything that led to it.

    Attributes
    ----------
    law, tensor : str
        What was held, and of what.
    outcome : Outcome
        Pass, fail or inconclusive.
    claimed : float or None
        The claimed value; None where the law is not about numbers.
    estimate : Estimate or None
        The measured one.
    resolution : float or None
        Smallest relative error that this measurement could have seen.
    scale : float or None
        What ``resolution`` is relative to.
    reason, remedy : str
        In words: why, and what would settle it.
    where : str
        At which point.
    cause : str
        The broken law that this one follows from; empty where it stands for itself.
    curve : tuple of (float, float)
        Where it does not pass: (t, (ψ(t) − ψ(−t)) / 2t) at the steps t that the measurement paid for, smallest first.
    """

    law: str
    tensor: str
    outcome: Outcome
    claimed: float | None = None
    estimate: Estimate | None = None
    resolution: float | None = None
    scale: float | None = None
    reason: str = ""
    remedy: str = ""
    where: str = ""
    cause: str = ""
    curve: tuple[tuple[float, float], ...] = ()

    @property
    def ratio(self) -> float | None:
        """Claimed over measured, where the measured value is clear of zero; else None."""
        if self.claimed is None or self.estimate is None or abs(self.estimate.value) <= self.estimate.bar:
            return None
        return self.claimed / self.estimate.value

    @property
    def distance(self) -> float | None:
        """|claimed − measured| in error bars; None where nothing was measured."""
        if self.claimed is None or self.estimate is None:
            return None
        gap = abs(self.claimed - self.estimate.value)
        return gap / self.estimate.bar if self.estimate.bar else (float("inf") if gap else 0.0)


def judge(evidence: Evidence, resolution: float | None = None) -> Verdict:
    """Judge one piece of evidence.

    Parameters
    ----------
    evidence : Evidence
        A claim beside its measurement.
    resolution : float, optional
        A demand: a bar above resolution × scale is inconclusive. None accepts bars up to `COARSEST` × scale.

    Returns
    -------
    Verdict
        PASS when the claim is inside the interval and the bar is fine enough, FAIL when it is outside by more than
        `GREY` half-widths away from a kink, else INCONCLUSIVE with the reason.

    Examples
    --------
    >>> e = Estimate(value=1.0, interval=(0.99, 1.01))
    >>> judge(Evidence(law="adjoint", tensor="w", claimed=2.0, estimate=e, scale=1.0)).outcome
    <Outcome.FAIL: 'fail'>
    """
    e, claimed = evidence.estimate, evidence.claimed
    low, high = e.interval
    slack, bar = evidence.claim_error, e.bar
    reached = (bar + slack) / evidence.scale if evidence.scale > 0 else (0.0 if bar == 0 else float("inf"))
    demanded = COARSEST if resolution is None else resolution
    inside = low - slack <= claimed <= high + slack
    margin = (GREY - 1) * (bar + slack)
    if not isfinite(claimed):
        outcome, reason, remedy = Outcome.FAIL, f"the claim is {claimed}", ""
    elif not (isfinite(low) and isfinite(high)):
        outcome, reason, remedy = Outcome.INCONCLUSIVE, "the derivative could not be measured here", _remedy(e)
    elif inside and e.kink is not None and _slopes_are_sharp(e, slack, demanded * evidence.scale):
        outcome, reason, remedy = Outcome.PASS, f"at a kink: between the slopes {e}", ""
    elif inside and reached <= demanded:
        outcome, reason, remedy = Outcome.PASS, "", ""
    elif inside:
        outcome, remedy = Outcome.INCONCLUSIVE, _remedy(e)
        reason = f"agrees, but errors below {reached:.1g} of the scale would not be seen (asked: {demanded:.1g})"
    elif e.kink is not None:
        outcome, remedy = Outcome.INCONCLUSIVE, "judge at a point off the kink; this one has no single derivative"
        reason = f"at a kink with slopes {e}; the claim is outside them, as a convention such as σ′(0) = 0 can put it"
    elif low - slack - margin <= claimed <= high + slack + margin:
        outcome, reason, remedy = Outcome.INCONCLUSIVE, "just outside the error bar", _remedy(e)
    else:
        outcome, reason, remedy = Outcome.FAIL, "", ""
    return Verdict(
        law=evidence.law,
        tensor=evidence.tensor,
        outcome=outcome,
        claimed=claimed,
        estimate=e,
        resolution=reached,
        scale=evidence.scale,
        reason=reason,
        remedy=remedy,
        where=evidence.where,
    )


def _slopes_are_sharp(e: Estimate, slack: float, allowed: float) -> bool:
    """Whether the bars of the two slopes at a kink are small beside the scale, or beside the slopes themselves."""
    if e.kink is None:
        return False
    left, right = e.kink
    steepest = max(abs(left), abs(right))
    return e.bar - abs(right - left) / 2 + slack <= max(allowed, COARSEST * steepest)


def _remedy(e: Estimate) -> str:
    if e.bits < 53:
        return f"run the forward in float64: its values carry {e.bits} bits"
    if e.noise > max(e.rounding, e.truncation):
        return "make the forward quieter (fixed seed, tighter inner tolerances), or judge another point"
    return "judge another point, where the function changes more, or allow a larger budget"
