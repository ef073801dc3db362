"""Judged: what comes of a report in a test, and what the run remembers of it."""

from __future__ import annotations

import shlex
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from _pytest.outcomes import Failed

from checks.report import text as text_of
from checks.report.record import Report
from checks.testing.records import remember
from checks.testing.run import InconclusiveWarning, Run
from checks.verdict import Outcome


class WrongGradientFailed(Failed):
    """A test whose gradient is wrong: the one failure that an expected failure expects."""

    __module__ = "builtins"  # as pytest's own, so that a summary shows no more than the name


def judged(report: Report, law: str, run: Run, *, made: bool, target: str) -> Report:
    """Remember a report, and fail, skip with a warning, or return it.

    Parameters
    ----------
    report : Report
        What was found.
    law : str
        The law that it is about; "" for all of them.
    run : Run
        Says what comes of what is inconclusive.
    made : bool
        Whether the audit was made for this test, and its cost is this test's.
    target : str
        What the summary calls it.

    Returns
    -------
    Report
        As given, where it passes.
    """
    __tracebackhide__ = True
    run.asked = True
    if run.item is not None:
        report = replace(
            report, findings=tuple(replace(f, reproduce=_again(run, run.item, f.case)) for f in report.findings)
        )
    remember(report, law, run, made=made, target=target)
    text = str(report)
    if not report.verdicts:
        pytest.skip(f"law {law} does not apply to {target}: nothing was judged")
    if report.outcome is Outcome.FAIL:
        raise WrongGradientFailed(text, pytrace=False)
    if report.outcome is Outcome.INCONCLUSIVE:
        if run.inconclusive == "error" or not _warned(text_of.summary(report)):
            pytest.fail(text, pytrace=False)
        pytest.skip(text)
    return report


def _warned(words: str) -> bool:
    """Warn; False where warnings are errors."""
    try:
        warnings.warn(words, InconclusiveWarning, stacklevel=4)
    except InconclusiveWarning:
        return False
    return True


def _again(run: Run, item: Any, case: str) -> str:
    """The command that repeats the audit of the test that runs: ours where the target has a name, else pytest's."""
    check: Any = getattr(getattr(item, "callspec", None), "params", {}).get("gradient_check")
    if check is None:
        words = ["pytest", item.nodeid, "--gradient-profile", run.profile, "--gradient-seed", str(run.seed)]
        return shlex.join(words)
    path = _near(Path(item.path), Path(item.config.invocation_params.dir))
    names = [node.name for node in item.listchain() if isinstance(node, pytest.Class)] + [item.originalname]
    words = ["backproof", "audit", f"{path}:{'.'.join(names)}[{check.audited.entry.id}]"]
    words += ["--case", case] if case else ["--seed", str(run.seed)]
    return shlex.join([*words, *(("--profile", run.asks.audit) if run.asks.audit != "default" else ())])


def _near(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
