"""audit(target): adapt, then laws × probes -> verdicts -> findings -> Report."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np

from checks import randomness
from checks.adapters import adapt
from checks.calls import Budget, Calls
from checks.errors import InconclusiveGradient, MisuseError, WrongGradient
from checks.explaining import explained
from checks.laws import LAWS
from checks.laws.fold import also, folded, grouped
from checks.numeric.balls import available
from checks.numeric.bits import NAMES
from checks.probes import generators
from checks.report.record import Finding, Report
from checks.reproducing import as_written
from checks.standing import deepen, stand, undecided
from checks.subject import Subject
from checks.verdict import Outcome, Verdict

PROFILES: Final = ("default", "deep")


def audit(
    target: Any,
    *args: Any,
    seed: int = 0,
    resolution: float | None = None,
    budget: int | str | None = None,
    laws: Iterable[str] | None = None,
    profile: str = "default",
    locate: bool = True,
    proof: bool | None = None,
    shapes: str | None = None,
    **adapter_options: Any,
) -> Report:
    """Audit the gradient that ``target`` claims.

    Parameters
    ----------
    target : Subject or anything an adapter accepts
        A Subject, a function returning one, a (forward, backward) pair, ….
    *args
        The inputs that the target is audited at.
    seed : int
        With the subject's name, shapes and dtypes it decides every random number.
    resolution : float, optional
        Smallest relative error that must be seen: a demand. None aims at 1e-6 and accepts what the forward's own noise
        allows, down to 0.1; every verdict states what was reached.
    budget : int or str, optional
        Forward passes (200), or seconds ("30s"); what is undecided then is inconclusive.
    laws : iterable of str, optional
        Names of rows of the law table; None means all.
    profile : str
        "deep" holds the laws at points of other regimes as well (zeros, ties, near kinks, saturated, tiny, huge), as
        far as the forward is defined there; what stays undecided at those is left out.
    locate : bool
        Where the values of a gradient are wrong: find out which, and which known mistake explains it, by up to
        `checks.explaining.SHARE` times the forward passes spent until then. Nothing is spent where nothing fails.
    proof : bool, optional
        Whether ball arithmetic proves the derivative of every entry (extra ``exact``): True asks it of every tensor,
        None of those that measuring leaves open, or where ``resolution`` is finer than differences can see; False of
        none. It takes a forward in plain NumPy; where the code leaves exact numbers, verdicts say so.
    shapes : str, optional
        Draw the inputs, of these shapes in NumPy's gufunc notation: ``"(n,i),(o,i),(o)->(n,o)"``. A failure shrinks to
        the smallest case. With it come ``sizes=``, ``values=``, ``loops=``, ``examples=``, ``cases=`` and ``case=``:
        `checks.drawn.audit.audit_drawn`.
    **adapter_options
        What the adapter takes; an unknown option is an error.

    Returns
    -------
    Report
        Never raises on a bad gradient.

    Raises
    ------
    MisuseError
        If the audit was asked for something it cannot do: an unknown target, option or law, a point that is not
        floating or not finite, a resolution or budget that is not positive.

    References
    ----------
    docs/architecture.md.

    Examples
    --------
    >>> import numpy as np
    >>> report = audit((np.sin, np.cos), np.array([0.5, 1.0]))
    >>> report.outcome
    <Outcome.PASS: 'pass'>
    """
    if shapes is not None:
        from checks.drawn.audit import audit_drawn  # it stands above, and audits every case with this function

        asked: dict[str, Any] = {"resolution": resolution, "budget": budget, "laws": laws, "profile": profile}
        asked |= {"locate": locate, "proof": proof, "line": as_written(sys._getframe(1), seed)}
        return audit_drawn(target, *args, shapes=shapes, seed=seed, **asked, **adapter_options)
    rows = _selected(laws)
    bound = Budget.of(budget)
    if resolution is not None and not (isinstance(resolution, int | float) and 0 < resolution < 1):
        raise MisuseError(f"resolution is {resolution!r}; expected a number between 0 and 1, such as 1e-6, or None")
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise MisuseError(f"seed is {seed!r}; expected a whole number from 0 on, as a report prints it")
    if profile not in PROFILES:
        raise MisuseError(f"profile is {profile!r}; expected one of {', '.join(map(repr, PROFILES))}")
    if proof and not available():
        raise MisuseError("proof=True needs python-flint, which is not installed: pip install backproof[exact]")
    subject = adapt(target, *args, **adapter_options)
    calls = Calls(subject, bound)
    calls.proof, calls.compares = proof, "pure" in rows
    forms = [(name, x.shape, _called(x.dtype)) for name, x in subject.point.items()]
    rng = generators(seed, subject.name, forms)
    held: list[Verdict] = []
    try:
        with warnings.catch_warnings(), np.errstate():  # the filters and error states are left as they were
            stands = stand(calls, rng, rows, resolution, held)
            if profile == "deep":
                stands += deepen(calls, rng, rows, resolution, held)
            report = _report(calls, held, seed)
            if report.findings:
                with np.errstate(all="ignore"):
                    report = replace(report, findings=explained(report, calls, stands, rng, locate=locate))
    except KeyboardInterrupt as stopped:  # what was held until then goes along, so that it can be shown
        held.append(undecided("interrupted", "the audit was interrupted; not every law was held", "run it to its end"))
        stopped.report = _report(calls, held, seed)  # type: ignore[attr-defined]  # an attribute of our own
        raise
    finally:
        randomness.restore(calls.states)
    if not report.findings:
        return report
    again = as_written(sys._getframe(1), seed)
    findings = tuple(replace(f, reproduce=f.reproduce or again) for f in report.findings)
    return replace(report, findings=findings, cost=calls.cost)


def _report(calls: Calls, held: list[Verdict], seed: int) -> Report:
    name, verdicts = calls.subject.name, folded(held)
    alone = [f"said to be vectorised, evaluated one by one: {calls.one_by_one}"] if calls.one_by_one else []
    return Report(
        name=name,
        outcome=Outcome.of(v.outcome for v in verdicts),
        verdicts=tuple(verdicts),
        findings=tuple(Finding(verdict=v, name=name, detail=also(v, rest)) for v, rest in grouped(verdicts)),
        cost=calls.cost,
        seed=seed,
        dtypes=tuple(dict.fromkeys(_dtypes(calls.subject))),
        notes=(*(v.reason for v in verdicts if v.outcome is Outcome.PASS and v.reason and v.estimate is None), *alone),
    )


def _dtypes(subject: Subject) -> list[str]:
    return [_called(x.dtype) for x in subject.point.values()] if subject.bits is None else [NAMES[subject.bits]]


@cache
def _called(dtype: np.dtype[Any]) -> str:
    """A dtype's name, which NumPy puts together anew each time."""
    return str(dtype)


def check(target: Any, *args: Any, **options: Any) -> Report:
    """Audit, and raise unless everything passes; the parameters are those of `audit`.

    Raises
    ------
    WrongGradient
        If a verdict fails.
    InconclusiveGradient
        If none fails and one is inconclusive.
    """
    report = audit(target, *args, **options)
    again = as_written(sys._getframe(1), report.seed) if report.findings else ""
    report = replace(report, findings=tuple(replace(f, reproduce=f.reproduce or again) for f in report.findings))
    if report.outcome is Outcome.FAIL:
        raise WrongGradient(report)
    if report.outcome is Outcome.INCONCLUSIVE:
        raise InconclusiveGradient(report)
    return report


def _selected(laws: Iterable[str] | None) -> list[str]:
    if laws is None:
        return list(LAWS)
    asked = [laws] if isinstance(laws, str) else list(laws)
    for name in asked:
        if name not in LAWS:
            raise MisuseError(f"there is no law {name!r}; the laws are {', '.join(LAWS)}")
    if not asked:
        raise MisuseError(f"laws is empty; name at least one of {', '.join(LAWS)}, or leave it out for all")
    return [name for name in LAWS if name in asked]
