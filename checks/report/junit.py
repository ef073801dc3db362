"""JUnit XML: a suite for each audit, a test case for each law of it, what was measured as properties."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from checks.report import several, text
from checks.report.record import Finding, Report
from checks.verdict import Outcome, Verdict

TAGS: Final = {Outcome.FAIL: "failure", Outcome.INCONCLUSIVE: "error"}
"""JUnit knows no third outcome; ``skipped`` would be green, and what is undecided is never a pass."""


def render(reports: Sequence[Report]) -> str:
    """JUnit XML of one run.

    Parameters
    ----------
    reports : sequence of Report
        Suites stand in their order.

    Returns
    -------
    str
        Every character of it is legal in XML 1.0: others are spelled out.
    """
    root = ET.Element("testsuites", name="backproof")
    for report in reports:
        root.append(_suite(report))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", f"{several.cost(reports).seconds:.6f}")
    ET.indent(root)
    return f"<?xml version='1.0' encoding='utf-8'?>\n{ET.tostring(root, encoding='unicode')}\n"


def _suite(report: Report) -> ET.Element:
    laws: dict[str, list[Verdict]] = {}
    for v in report.verdicts:
        laws.setdefault(v.law, []).append(v)
    suite = ET.Element("testsuite", name=text.named(report.name))
    cost = report.cost
    told = {"outcome": report.outcome.value, "seed": report.seed, "dtypes": ", ".join(report.dtypes)}
    told |= {"forward passes": cost.forward, "pullbacks": cost.pullback}
    _properties(suite, [*told.items(), *(("note", note) for note in report.notes)])
    for law, verdicts in laws.items():
        suite.append(_case(report, law, verdicts))
    suite.set("tests", str(len(laws)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", "0")
    suite.set("time", f"{cost.seconds:.6f}")
    return suite


def _case(report: Report, law: str, verdicts: list[Verdict]) -> ET.Element:
    case = ET.Element("testcase", classname=text.named(report.name), name=text.plain(law))
    telling = [v for v in verdicts if v.estimate is not None or v.outcome is not Outcome.PASS]
    _properties(case, [pair for k, v in enumerate(telling) for pair in _measured(k, v)])
    outcome = Outcome.of(v.outcome for v in verdicts)
    if outcome is Outcome.PASS:
        return case
    worst = [v for v in verdicts if v.outcome is outcome]
    own = [f for f in report.findings if any(f.verdict is v for v in worst)] or [
        Finding(verdict=v, name=report.name) for v in worst
    ]
    first = own[0].verdict
    message = text.claimed_and_measured(first) or text.plain(first.reason)
    if first.cause:
        message = f"follows from {text.plain(first.cause)}: {message}"
    of = f"{text.named(first.tensor)}: " if first.tensor else ""
    told = ET.SubElement(case, TAGS[outcome], type=outcome.value, message=f"{of}{message}")
    told.text = "\n\n".join(text.finding(f, report.dtypes) for f in own)
    return case


def _measured(k: int, v: Verdict) -> Iterable[tuple[str, object]]:
    """What is known of one verdict, as properties; they are numbered, as JUnit has no nested ones."""
    known = {
        "tensor": v.tensor,
        "where": v.where,
        "outcome": v.outcome.value,
        "claimed": v.claimed,
        "measured": v.estimate and v.estimate.value,
        "bar": v.estimate and v.estimate.bar,
        "resolution": v.resolution,
    }
    return ((f"{k}.{name}", value) for name, value in known.items() if value not in (None, ""))


def _properties(parent: ET.Element, pairs: Iterable[tuple[str, object]]) -> None:
    properties = ET.Element("properties")
    for name, value in pairs:
        ET.SubElement(properties, "property", name=name, value=text.plain(value))
    if len(properties):
        parent.append(properties)
