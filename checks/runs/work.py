"""Work: audits of a suite's cases in this process; what goes in and what comes out is plain data."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Final

from checks.auditing import audit
from checks.calls import Cost
from checks.errors import MisuseError
from checks.laws import in_words
from checks.report import json
from checks.report.record import Finding, Report
from checks.runs import limits
from checks.runs.suite import Case, Suite, read
from checks.verdict import Outcome, Verdict

LAW: Final = "run"
"""What a verdict is called that says why a case could not be audited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What every audit of a run is asked, and what it may use.

    Attributes
    ----------
    place : str
        The suite, as `checks.runs.suite.Suite` has it.
    options : mapping
        Keywords of `checks.audit`.
    timeout : float or None
        Seconds after which a case is given up.
    memory : int or None
        Bytes of data that a process may hold.
    """

    place: str
    options: Mapping[str, Any]
    timeout: float | None = None
    memory: int | None = None


def chunk(asked: Mapping[str, Any], cases: Sequence[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """Audit ``cases`` one after the other: for each its line of the ledger, and the seconds it took.

    A case that outlives its time ends the process, from a thread that needs no lock of Python's: whoever gave out the
    chunk finds out which case it was by running each of them alone.
    """
    wanted = Asked(**asked)
    limits.memory(wanted.memory)
    found = []
    for case in cases:
        started = time.perf_counter()
        with limits.or_exit(wanted.timeout):
            line = audited(wanted, Case(**case))
        found.append((line, time.perf_counter() - started))
    return found


def audited(asked: Asked, case: Case) -> str:
    """Audit one case: its line of the ledger. Whatever goes wrong before there is a gradient is in the line, too."""
    started = time.perf_counter()
    try:
        with redirect_stdout(sys.stderr):
            target, options = _suite(asked.place).target(case)
            report = audit(target, seed=case.seed, **{**asked.options, **options})
    except MisuseError as misuse:
        report = unaudited(case, Outcome.INCONCLUSIVE, f"it cannot be audited as given: {misuse}")
    except MemoryError:
        report = unaudited(case, Outcome.INCONCLUSIVE, "building it ran out of memory", "allow more with --memory")
    except limits.TimeUp:
        report = out_of_time(asked, case)
    except Exception as raised:
        report = unaudited(case, Outcome.FAIL, f"building it raised {in_words(raised)}")
    cost = replace(report.cost, seconds=time.perf_counter() - started)
    return line_of(asked.place, case, replace(report, name=case.name, cost=cost))


def line_of(place: str, case: Case, report: Report) -> str:
    """The line of the ledger: the report with the case's key, and in each finding how to see it again."""
    again = f"backproof run {shlex.quote(place)} --only {shlex.quote(case.name)} --seeds {case.seed} --ledger -"
    findings = tuple(replace(f, name=case.name, reproduce=again) for f in report.findings)
    whole = json.document(replace(report, findings=findings))
    return json.dumped({**whole, "key": case.key, "case": asdict(case)}, indent=None)


def out_of_time(asked: Asked, case: Case) -> Report:
    """The report of a case that took longer than it may."""
    reason = f"it did not end within {asked.timeout:g} seconds and was stopped"
    return unaudited(case, Outcome.INCONCLUSIVE, reason, "allow more with --timeout")


def unaudited(case: Case, outcome: Outcome, reason: str, remedy: str = "") -> Report:
    """The report of a case that came to no verdict on its gradient."""
    verdict = Verdict(law=LAW, tensor="", outcome=outcome, reason=reason, remedy=remedy)
    finding = Finding(verdict=verdict, name=case.name)
    cost = Cost()
    return Report(name=case.name, outcome=outcome, verdicts=(verdict,), findings=(finding,), cost=cost, seed=case.seed)


@lru_cache(maxsize=4)
def _suite(place: str) -> Suite:
    """The suite, loaded once a process."""
    return read(place)
