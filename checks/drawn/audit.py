"""audit_drawn: many shapes, one report; where something fails, that of the smallest case that does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from checks.calls import Budget, Cost
from checks.drawn.around import around
from checks.drawn.designed import broadcast, descended, empty
from checks.drawn.hold import Held
from checks.drawn.make import named, parameters
from checks.drawn.notation import signature
from checks.drawn.plan import Case, plan, read, written
from checks.drawn.suspect import suspect
from checks.drawn.values import ORDINARY
from checks.errors import MisuseError
from checks.laws.fold import base
from checks.report.record import Finding, Report
from checks.verdict import Outcome, Verdict

FEW: Final = 0.1
"""The share of ordinary cases that may stay undecided beside others that pass."""


def audit_drawn(
    target: Any,
    *more: Any,
    shapes: str,
    seed: int = 0,
    budget: int | str | None = None,
    sizes: Mapping[str, Any] | None = None,
    values: Mapping[str, str] | None = None,
    loops: int = 0,
    dtype: str = "float64",
    examples: int = 40,
    cases: Iterable[str] = (),
    case: str | None = None,
    explain: bool = False,
    remember: str = "",
    names: Sequence[str] | None = None,
    resolution: float | None = None,
    laws: Sequence[str] | None = None,
    profile: str = "default",
    locate: bool = True,
    proof: bool | None = None,
    line: str = "",
    **options: Any,
) -> Report:
    """Audit a target on drawn shapes; the parameters are those of `checks.audit`, and these.

    Parameters
    ----------
    target : object
        As `checks.audit` takes it, without its inputs; a class or function whose parameters are named like dimensions
        is given their sizes.
    *more
        Inputs behind those that are drawn.
    shapes : str
        NumPy's gufunc notation, ``"(n,i),(o,i),(o)->(n,o)"``; see `checks.drawn.notation`.
    seed : int
        What is drawn; a case has a seed of its own, for its numbers.
    sizes : mapping, optional
        Dimension -> a size, or the sizes that it may have. Without it 1 to 8; and 0, in a case for each dimension.
    values : mapping, optional
        Input -> a kind of `checks.drawn.values`; what is not named is drawn from several.
    loops : int
        How many loop dimensions there may be in front of all inputs, broadcast against each other as NumPy does.
    dtype : str
        Of the inputs.
    examples : int
        How many cases are drawn.
    cases : iterable of str
        Cases that are tried before any is drawn, as reports print them.
    case : str, optional
        This case alone.
    explain : bool
        Whether Hypothesis says which choices do not matter.
    remember : str
        Under which key Hypothesis' database keeps what failed; empty for none.
    line : str
        The call as its caller wrote it; findings say it with the case.

    Returns
    -------
    Report
        Where nothing fails, each verdict is the coarsest of all cases; a gradient that is undecided on more than a
        tenth of the ordinary ones is inconclusive, on fewer a note. Where something fails, the report of the smallest
        case, its findings with the case and with what matters.

    Raises
    ------
    MisuseError
        As `checks.audit`, and for shapes, sizes, values or cases that make no sense.
    """
    started = time.perf_counter()
    line = line or f"checks.audit(…, shapes={shapes!r})"
    form = signature(shapes)
    from checks.search import StoppedError, smallest  # Hypothesis is loaded when it is needed

    called = tuple(names) if names is not None else named(target, len(form.inputs))
    made = plan(shapes, called, sizes=sizes, values=values, loops=loops, dtype=dtype)
    for name in form.made:
        if name not in (parameters(target) or ()):
            raise MisuseError(
                f"shapes is {shapes!r}: the output has {name}, which no input has; expected a target that takes it "
                f"as a parameter, such as lambda {name}: Layer({name})"
            )
    if isinstance(examples, bool) or not isinstance(examples, int) or examples < 1:
        raise MisuseError(f"examples is {examples!r}; expected how many cases are drawn, from 1 on")
    bound = Budget.of(budget)
    asked = {"budget": bound.passes, "resolution": resolution, "laws": laws, "profile": profile, "proof": proof}
    if names is not None or more:
        options["names"] = (*called, *(f"more{k}" for k in range(len(more))))
    held = Held(target=target, more=more, made=made, audits=asked, options=options)
    if case is not None:
        chosen = read(case, made)
        report = held.located(chosen, locate=locate)
        if report is None:
            raise MisuseError(
                f"case {case!r}: the forward is not defined there: an axis is empty, or memory is strange"
            )
        return _at(report, written(chosen, made.rows), "", line)
    given = [read(one, made) for one in ([cases] if isinstance(cases, str) else cases)]
    shrinking: list[Callable[[Case], bool]] = []

    def fails(chosen: Case) -> bool:
        over = bound.seconds is not None and time.perf_counter() - started > bound.seconds
        if shrinking:
            return not over and shrinking[0](chosen)
        if over and held.reports:
            raise StoppedError
        report = held.report(chosen)
        first = next((f for f in report.findings if f.verdict.outcome is Outcome.FAIL), None) if report else None
        if first is not None:
            shrinking.append(_the_same(held, chosen, first))
        return first is not None

    empties = empty(made) if laws is None or "shapes" in laws else ()
    failing: Case | None = None
    free: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    try:
        failing = next((one for one in given if fails(one)), None)
        if failing is None and (first := next((one for one in broadcast(made) if fails(one)), None)) is not None:
            least = descended(made, first, fails)
            failing = least if _failed(held.report(least)) else first
        if failing is None:
            search = partial(smallest, made.rows, fails, examples=examples, start=seed, key=remember, explain=explain)
            found = search()
            if found and not _failed(held.report(found.chosen)):  # it only looked wrong: then each is judged
                shrinking[:] = [lambda chosen: _failed(held.report(chosen))]
                found = search()
            failing, free = (found.chosen, found.free) if found else (None, ())
        failing = failing or next((one for one in empties if fails(one)), None)
    except StoppedError:
        late = (f"stopped when the budget of {budget} was spent",)
    if failing is None:
        report = merged(held, seed)
        report = replace(report, notes=(*report.notes, *late))
    else:
        where = around(made, failing, fails)
        if free:
            where += f"; Hypothesis: whatever {', '.join(free)}"
        report = _at(held.located(failing, locate=locate), written(failing, made.rows), where, line)
    return replace(report, cost=_cost(held, time.perf_counter() - started), seed=seed)


def _failed(report: Report | None) -> bool:
    return report is not None and report.outcome is Outcome.FAIL


def _the_same(held: Held, chosen: Case, finding: Finding) -> Callable[[Case], bool]:
    """Whether another case fails as this one did: what is shrunk is one mistake, not whatever fails on the way."""
    law, tensor = finding.law, base(finding.verdict.tensor)
    if law == "adjoint" and suspect(held.subject(chosen), tensor, chosen["seed"])[0]:
        return lambda other: held.looks_wrong(other, tensor)
    return lambda other: held.fails(other, law, tensor)


def _at(report: Report | None, case: str, where: str, line: str) -> Report:
    assert report is not None  # noqa: S101 - it is the report of a case that was audited
    again = line if " case=" in line else f"{line[:-1]}, case={case!r})"
    found = tuple(_beside(f, case, where, again) for f in report.findings)
    return replace(report, findings=found)


def _beside(finding: Finding, case: str, where: str, again: str) -> Finding:
    location = ", ".join(filter(None, (finding.location, where)))
    return replace(finding, case=case, location=location, reproduce=again)


def _cost(held: Held, seconds: float) -> Cost:
    costs = [*held.spent, *(report.cost for report in held.reports.values() if report is not None)]
    return Cost(forward=sum(c.forward for c in costs), pullback=sum(c.pullback for c in costs), seconds=seconds)


def merged(held: Held, seed: int) -> Report:
    """One report of all cases, none of which fails."""
    defined = {case: report for case, report in held.reports.items() if report is not None}
    reports = {case: report for case, report in defined.items() if f"values={ORDINARY}" in case} or defined
    if not reports:
        raise MisuseError("no case is one at which the forward is defined; give sizes= or values= that it takes")
    passed: dict[tuple[str, str], Verdict] = {}
    undecided: dict[tuple[str, str], list[tuple[str, Verdict]]] = {}
    counts: dict[tuple[str, str], int] = {}
    for case, report in reports.items():
        for v in report.verdicts:
            key = (v.law, v.tensor)
            counts[key] = counts.get(key, 0) + 1
            if v.outcome is Outcome.INCONCLUSIVE:
                undecided.setdefault(key, []).append((case, v))
            elif v.outcome is Outcome.PASS and (key not in passed or _coarser(v, passed[key])):
                passed[key] = replace(v, where="", reason="")
    findings, notes = [], [_tried(held, len(defined), len(reports))]
    for key, open_ in undecided.items():
        case, v = open_[0]
        share = len(open_) / counts[key]
        if key in passed and share <= FEW:
            what = " ".join(filter(None, key))
            notes.append(f"{what}: undecided on {len(open_)} of {counts[key]} ordinary cases ({case})")
            continue
        passed.pop(key, None)
        where = f"on {len(open_)} of {counts[key]} ordinary cases"
        findings.append(Finding(verdict=v, name=next(iter(reports.values())).name, case=case, location=where))
    first = next(iter(reports.values()))
    verdicts = (*(f.verdict for f in findings), *passed.values())
    return Report(
        name=first.name,
        outcome=Outcome.of(v.outcome for v in verdicts),
        verdicts=verdicts,
        findings=tuple(findings),
        cost=first.cost,
        seed=seed,
        dtypes=first.dtypes,
        notes=(*notes, *dict.fromkeys(n for r in reports.values() for n in r.notes)),
    )


def _coarser(one: Verdict, other: Verdict) -> bool:
    return (one.resolution or 0.0) > (other.resolution or 0.0)


def _tried(held: Held, defined: int, ordinary: int) -> str:
    left = len(held.reports) - defined
    beside = f"; {left} more left out, where the forward is not defined" if left else ""
    return f"{defined} cases of drawn shapes, {ordinary} of them ordinary, the others kinks and ties on purpose{beside}"
