"""parametrize_with_gradient_checks: one test for every law of every target, each audit made once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

import pytest

from checks.auditing import audit
from checks.errors import MisuseError
from checks.laws import LAWS
from checks.report.record import Finding, Report
from checks.subject import Subject
from checks.testing.entries import Entry, entries
from checks.testing.judged import WrongGradientFailed, judged
from checks.testing.run import Run, asking, current
from checks.verdict import Outcome, Verdict

ARGUMENT: Final = "gradient_check"
GROUND: Final = ("forward", "pullback")
"""What verdicts call a forward or pullback that raised: then no law could be held, and every test says so."""


@dataclass(eq=False, kw_only=True)
class Audited:
    """A target whose audit is made once and dealt out to the tests of its laws.

    Attributes
    ----------
    entry : Entry
        The target.
    options : mapping
        What `checks.audit` is given beside.
    items : tuple of str
        The laws that have a test of their own.
    selected : set of str
        The laws whose tests run: only these are paid for. Empty where nobody said so.
    """

    entry: Entry
    options: Mapping[str, Any]
    items: tuple[str, ...]
    selected: set[str] = field(default_factory=set)
    reports: dict[Any, Report] = field(default_factory=dict)

    def report(self, law: str, run: Run) -> tuple[Report, bool]:
        """The part of the audit that is about ``law``, and whether it was made for this call."""
        together = {law} if "budget" in self.options else self.selected | {law}
        laws = [name for name in LAWS if name in together or ("adjoint" in together and name not in self.items)]
        report, made = self._made(laws, run)
        while "shapes" in self.options and law not in (failing := _failing(report)) and failing.intersection(laws):
            laws = [name for name in laws if name not in failing]  # the smallest case was that of the laws that fail
            report, anew = self._made(laws, run)
            made = made or anew
        found = {v.law for v in report.verdicts if not v.cause}
        others = tuple(name for name in found if name not in self.items) if law == "adjoint" else ()
        return part(report, (law, *others, *GROUND)), made

    def _made(self, laws: list[str], run: Run) -> tuple[Report, bool]:
        key = (*laws, run.seed, run.profile)
        made = key not in self.reports
        if made:
            self.reports[key] = self.audit(run, laws=laws)
        return self.reports[key], made

    def audit(self, run: Run, **given: Any) -> Report:
        """Audit the target as the run asks, or as ``given`` says."""
        options = {**asking(run, self.options, self.entry.id), "name": self.entry.id, **given}
        return audit(self.entry.target, *self.entry.args, **options)


def _failing(report: Report) -> set[str]:
    return {v.law for v in report.verdicts if v.outcome is Outcome.FAIL}


@dataclass(frozen=True)
class GradientCheck:
    """What the test function is given: called, it audits and fails the test unless the law holds.

    Attributes
    ----------
    audited : Audited
        The target.
    law : str
        The law.
    """

    audited: Audited
    law: str
    argument: ClassVar[str] = ARGUMENT

    def __call__(self) -> Report:
        """Hold the law; the report is returned where it passes."""
        run = current()
        try:
            report, made = self.audited.report(self.law, run)
        except MisuseError as misuse:
            pytest.fail(f"{self.audited.entry.id} cannot be audited: {misuse}", pytrace=False)
        return judged(report, self.law, run, made=made, target=self.audited.entry.id)


def part(report: Report, laws: Iterable[str]) -> Report:
    """What a report says of some laws alone; what was folded under another law stands for itself there."""
    verdicts = tuple(v for v in report.verdicts if v.law in laws)
    findings = [f for f in report.findings if f.law in laws]
    told = {(f.law, f.verdict.tensor) for f in findings}
    for v in verdicts:
        if v.cause and v.cause not in laws and v.outcome is not Outcome.PASS and (v.law, v.tensor) not in told:
            told.add((v.law, v.tensor))
            findings.append(_follows(v, report))
    return replace(report, verdicts=verdicts, findings=tuple(findings), outcome=Outcome.of(v.outcome for v in verdicts))


def _follows(verdict: Verdict, report: Report) -> Finding:
    root = next((f for f in report.findings if f.law == verdict.cause), None)
    reproduce = root.reproduce if root else ""
    return Finding(
        verdict=verdict, name=report.name, detail=f"follows from law {verdict.cause}, which fails", reproduce=reproduce
    )


def parametrize_with_gradient_checks(
    targets: Iterable[Any] | Mapping[str, Any],
    *,
    expected_failures: Mapping[str, str] | None = None,
    laws: Iterable[str] | None = None,
    **options: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a test for every law of every target, of ``def test_gradients(gradient_check): gradient_check()``.

    Parameters
    ----------
    targets : iterable, or mapping of id to target
        What `checks.audit` takes; one with its inputs is a tuple, ``(forward, backward, x, w)`` or ``(make_layer, x)``,
        or a ``pytest.param`` with ``id=`` and ``marks=``.
    expected_failures : mapping of str to str, optional
        Law, or ``"ID-law"`` for one target alone, to the reason: a strict xfail, so that a mended gradient is noticed.
    laws : iterable of str, optional
        Only these. Without it: all that any gradient can be held to, and those that a Subject declares or ``options``
        speak of; a law that turns out to apply beside is part of the test of ``adjoint``.
    **options
        What `checks.audit` takes beside: ``shapes=``, ``resolution=``, ``wrt=``, ….

    Returns
    -------
    callable
        A decorator. Items are ``test_gradients[ID-law]``; they carry the marker ``gradients``.

    Raises
    ------
    MisuseError
        For an empty list, an unknown law, an expected failure of nothing.

    References
    ----------
    docs/testing.md.

    Examples
    --------
    >>> import numpy as np
    >>> @parametrize_with_gradient_checks([(np.sin, np.cos, np.ones(2))], laws=["shapes", "adjoint"])
    ... def test_gradients(gradient_check):
    ...     gradient_check()
    >>> [p.id for p in test_gradients.pytestmark[0].args[1]]
    ['sin-shapes', 'sin-adjoint']
    """
    found = entries(targets)
    expected = dict(expected_failures or {})
    asked = None if laws is None else [laws] if isinstance(laws, str) else list(laws)
    _known(asked or (), expected, found)
    parameters = []
    for entry in found:
        own = {law: expected[key] for law in LAWS for key in (law, f"{entry.id}-{law}") if key in expected}
        chosen = asked if asked is not None else [*_laws(entry, options), *own]
        items = tuple(law for law in LAWS if law in chosen)
        audited = Audited(entry=entry, options=options, items=items)
        for law in items:
            marks = list(entry.marks)
            if law in own:
                marks.append(pytest.mark.xfail(strict=True, reason=own[law], raises=WrongGradientFailed))
            parameters.append(pytest.param(GradientCheck(audited, law), id=f"{entry.id}-{law}", marks=marks))
    return pytest.mark.parametrize(ARGUMENT, parameters)


def _laws(entry: Entry, options: Mapping[str, Any]) -> list[str]:
    """The laws that the target is sure to be held to."""
    subject = entry.target if isinstance(entry.target, Subject) else None
    declares = {
        name for row in LAWS.values() for name in row.needs.split(", ") if name and getattr(subject, name, None)
    }
    return [n for n, row in LAWS.items() if all(w in declares or options.get(w) for w in row.needs.split(", ") if w)]


def _known(asked: Iterable[str], expected: Iterable[str], found: list[Entry]) -> None:
    for law in asked:
        if law not in LAWS:
            raise MisuseError(f"there is no law {law!r}; the laws are {', '.join(LAWS)}")
    ids = [entry.id for entry in found]
    for key in expected:
        if key not in LAWS and not any(key == f"{one}-{law}" for one in ids for law in LAWS):
            raise MisuseError(
                f"expected_failures names {key!r}; expected a law ({', '.join(LAWS)}), or ID-law with one of the ids "
                f"{', '.join(map(repr, ids))}"
            )
