"""Standing: every law held at one point, and at points of other regimes; what raises there is a failed law as well."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from checks.calls import Calls, flat, quietly, unflat
from checks.errors import InvalidSubject
from checks.explaining import Stand, called
from checks.laws import LAWS, Ground, RaisedError, cotangent, in_words
from checks.laws.fold import FOLDS
from checks.laws.points import POINTS, in_regime
from checks.numeric.line import OutOfBudgetError
from checks.verdict import Outcome, Verdict


def stand(calls: Calls, rng: Any, rows: list[str], resolution: float | None, verdicts: list[Verdict]) -> list[Stand]:
    """`_hold_all` on trust; where a function has written into a point after all, once more without."""
    known, calls.betrayed = dict(calls.writes), False
    for calls.trusts in (True, False):
        verdicts.clear()
        stands = _hold_all(calls, rng, rows, resolution, verdicts)
        if calls.trusted_rightly():
            break
        calls.writes = dict(known)  # what was seen then may be what another call had written
    calls.trusts = False
    return stands


def _hold_all(
    calls: Calls, rng: Any, rows: list[str], resolution: float | None, verdicts: list[Verdict]
) -> list[Stand]:
    """Evaluate at the caller's point once, then hold every law; what raises there is a failed law of its own.

    The ground that the laws stood on comes back, for what failed to be explained from it; none where there was none.
    """
    point = calls.point
    try:
        output = calls.forward(point)
    except OutOfBudgetError as spent:
        verdicts.append(undecided("forward", str(spent)))
        return []
    except Exception as raised:
        verdicts.append(_raised("forward", f"forward raised {in_words(raised)}", raised))
        return []
    v = cotangent(rng("cotangent"), output, calls.subject.bits)
    if not v.any():
        verdicts.append(undecided("forward", "forward has no finite output at this point"))
        return []
    calls.lenient = not np.isfinite(flat(output)).all()
    gradient = None
    try:
        if rows != ["adjoint"] or calls.subject.declared:  # that law alone asks of its own
            gradient = calls.pullback(point, unflat(v, output))
    except Exception as raised:
        verdicts.append(_raised("pullback", f"pullback raised {in_words(raised)}", raised))
        return []
    ground = Ground(calls=calls, output=output, cotangent=v, claim=gradient, rng=rng, resolution=resolution, laws=rows)
    drawn_anew = False
    with quietly():
        for name in rows:
            if drawn_anew and name in FOLDS["deterministic"]:
                verdicts.append(undecided(name, "not held: the forward is not one function", "see deterministic"))
                continue
            try:
                found = LAWS[name].run(ground)
            except OutOfBudgetError as spent:
                verdicts.append(undecided(name, str(spent), "allow a larger budget"))
            except RaisedError as raised:
                if raised.said == "pullback":  # there is no claim at all
                    verdicts.append(_raised("pullback", str(raised), raised.raised))
                    return []
                verdicts.append(_raised(name, str(raised), raised.raised))
            else:
                verdicts += found
                ground.memo["failed"] = ground.memo.get("failed") or any(v.outcome is Outcome.FAIL for v in found)
                drawn_anew = drawn_anew or (name == "deterministic" and found[-1].outcome is Outcome.INCONCLUSIVE)
    return [Stand("", point, ground)]


def deepen(calls: Calls, rng: Any, rows: list[str], resolution: float | None, verdicts: list[Verdict]) -> list[Stand]:
    """The same at points of other regimes, as far as the forward is defined; what is undecided there is left out."""
    subject, stands = calls.subject, list[Stand]()
    for name in POINTS:
        found: list[Verdict] = []
        try:
            calls.subject = replace(subject, point=in_regime(name, rng(name), subject.point))
            with quietly():
                stood = stand(calls, partial(_named, rng, name), rows, resolution, found)
        except InvalidSubject:  # a primal overflowed on the way there
            continue
        finally:
            calls.subject = subject
        verdicts += [
            replace(v, where=called(v.where, name))
            for v in found
            if v.outcome is not Outcome.INCONCLUSIVE and v.law != "forward"
        ]
        if any(v.outcome is Outcome.FAIL for v in found):
            stands += [replace(stand, regime=name) for stand in stood]
    return stands


def _named(rng: Any, regime: str, purpose: str) -> np.random.Generator:
    made: np.random.Generator = rng(f"{purpose}, {regime}")
    return made


def _raised(law: str, words: str, raised: Exception) -> Verdict:
    """A failed law, but where memory ran out: that says nothing of the gradient."""
    if isinstance(raised, MemoryError):
        return undecided(law, words, "allow more memory, or a smaller case")
    return Verdict(law=law, tensor="", outcome=Outcome.FAIL, reason=words, where="at your point")


def undecided(law: str, reason: str, remedy: str = "") -> Verdict:
    """The verdict of a law that could not be held at all."""
    outcome = Outcome.INCONCLUSIVE
    return Verdict(law=law, tensor="", outcome=outcome, reason=reason, remedy=remedy, where="at your point")
