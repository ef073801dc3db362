"""Hypothesis profiles, and the rule that in the gate nothing may skip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("dev", max_examples=20, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, print_blob=True)
settings.register_profile("fresh", max_examples=25, deadline=None, print_blob=True)
settings.register_profile("deep", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """With BACKPROOF_NO_SKIPS set (the gate sets it), a skip is a failure: what is missing should be there."""
    report = yield
    if os.environ.get("BACKPROOF_NO_SKIPS") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which the gate does not allow: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many random networks every equation was held of, by regime, and how many were decided at 1e-6 or finer."""
    counts = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "equations" and getattr(report, "when", "") == "call"
    ]
    if not counts:
        return
    from checks.equations.tally import by_regime

    terminalreporter.section("random networks, every equation held of each")
    terminalreporter.write_line(f"{'regime':<20}{'networks':>10}{'decided at 1e-6':>18}{'undecided':>11}{'failed':>8}")
    for row in by_regime(counts):
        share = f"{row.decided / max(row.networks, 1):.2%}"
        terminalreporter.write_line(
            f"{row.regime:<20}{row.networks:>10,}{share:>18}{row.inconclusive:>11,}{row.failed:>8,}"
        )
