"""Records: what a test found, as JSON text on its item, so that it reaches the controller and JUnit files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from checks.report.record import Report
    from checks.testing.run import Run

KEY: Final = "backproof"
"""The user property that holds a record."""


def remember(report: Report, law: str, run: Run, *, made: bool, target: str) -> None:
    """Put a record of ``report`` on the item that runs, with a few properties that a person can read in JUnit files."""
    if run.item is None:
        return
    resolution = max((v.resolution for v in report.verdicts if v.resolution is not None), default=None)
    cost = report.cost
    record: dict[str, Any] = {
        "target": target,
        "law": law,
        "outcome": report.outcome.value,
        "resolution": resolution,
        "seed": report.seed,
        "forward": cost.forward if made else 0,
        "pullback": cost.pullback if made else 0,
        "seconds": cost.seconds if made else 0.0,
        "reason": "; ".join(dict.fromkeys(f.verdict.reason for f in report.findings if f.verdict.reason)),
    }
    readable = {"target": target, "law": law, "outcome": record["outcome"], "seed": record["seed"]}
    if resolution is not None:
        readable["resolution"] = f"{resolution:.1g}"
    if run.files:
        from checks.report.json import document

        record["report"] = document(report)
    run.item.user_properties += [(f"gradient_{name}", str(value)) for name, value in readable.items() if value != ""]
    run.item.user_properties.append((KEY, json.dumps(record)))


def records(user_properties: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """The records among an item's properties."""
    for name, value in user_properties:
        if name == KEY:
            yield json.loads(value)
