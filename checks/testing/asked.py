"""Asked: audits inside a test, with the seed and the profile of the run."""

from __future__ import annotations

from typing import Any

import pytest

from checks.auditing import audit
from checks.errors import MisuseError
from checks.report.record import Report
from checks.testing.judged import judged
from checks.testing.run import asking, current


def audited(target: Any, *args: Any, **options: Any) -> Report:
    """Audit ``target`` as `checks.audit` does, and fail the test unless everything passes."""
    __tracebackhide__ = True
    run = current()
    try:
        report = audit(target, *args, **asking(run, options, run.item.nodeid if run.item else ""))
    except MisuseError as misuse:
        pytest.fail(f"the target cannot be audited: {misuse}", pytrace=False)
    return judged(report, "", run, made=True, target=report.name)
