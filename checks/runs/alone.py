"""Alone: one case in a process of its own, so that however it ends is known and nothing else ends with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from checks.report.record import Report
from checks.runs import limits
from checks.runs.suite import Case
from checks.runs.work import Asked, audited, line_of, out_of_time, unaudited
from checks.verdict import Outcome

KILLED = {"SIGKILL", "SIGTERM"}
"""Signals that come from outside: from the system when memory runs out, or from somebody."""


def alone(asked: Mapping[str, Any], cases: list[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """As `checks.runs.work.chunk`, but each case in a process of its own; what ends it is told as what it is."""
    wanted = Asked(**asked)
    return [_one(wanted, Case(**case)) for case in cases]


def _one(asked: Asked, case: Case) -> tuple[str, float]:
    started = time.perf_counter()
    packages = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [packages, os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "line")
        task = json.dumps({"asked": asdict(asked), "case": asdict(case), "result": str(result)})
        try:
            done = subprocess.run(
                [sys.executable, "-m", "checks.runs.alone"],
                input=task,
                text=True,
                errors="replace",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=asked.timeout,
                env={**os.environ, "PYTHONPATH": path},
            )
        except subprocess.TimeoutExpired:
            return _told(asked, case, out_of_time(asked, case), started)
        if result.exists():
            return result.read_text(encoding="utf-8"), time.perf_counter() - started
    outcome, words = _ending(done.returncode)
    report = unaudited(case, outcome, f"it ended the process that audited it: {words}")
    return _told(asked, case, report, started)


def _ending(code: int) -> tuple[Outcome, str]:
    if code >= 0:
        return Outcome.FAIL, f"exit code {code}"
    name = signal.Signals(-code).name
    outside = name in KILLED
    words = f"{name} (from outside, as when memory runs out)" if outside else name
    return (Outcome.INCONCLUSIVE if outside else Outcome.FAIL), words


def _told(asked: Asked, case: Case, report: Report, started: float) -> tuple[str, float]:
    seconds = time.perf_counter() - started
    return line_of(asked.place, case, replace(report, cost=replace(report.cost, seconds=seconds))), seconds


def main() -> None:
    """Audit the case that standard input describes; its line goes into the file that it names, whole or not at all."""
    task = json.load(sys.stdin)
    asked = Asked(**task["asked"])
    limits.memory(asked.memory)
    line = audited(asked, Case(**task["case"]))
    result = Path(task["result"])
    part = result.with_suffix(".part")
    part.write_text(line, encoding="utf-8")
    part.rename(result)


if __name__ == "__main__":
    main()
