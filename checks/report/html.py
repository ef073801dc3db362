"""HTML of a run: one page that needs nothing else; its templates, style and script are in ``pages``."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from checks.errors import MisuseError
from checks.report import several, text
from checks.report.compare import Change
from checks.report.json import run_of
from checks.report.record import Report
from checks.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from jinja2 import Environment

NAMED: Final = 3
"""Findings that a row of the table names, and machines that the page does."""


def needed() -> None:
    """Raise unless the packages of the extra ``html`` are installed."""
    lacking = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if lacking:
        names = " and ".join(lacking)
        raise MisuseError(f'HTML needs {names}, not installed here; install with: pip install "backproof[html]"')


def render(reports: Sequence[Report], changes: Iterable[Change] | None = None) -> str:
    """One page of a run.

    Parameters
    ----------
    reports : sequence of Report
        In any order; failures stand first.
    changes : iterable of Change, optional
        What is different from another run: a table of its own.

    Returns
    -------
    str
        HTML that loads nothing, and runs no script but its own, which its policy names by digest.

    Raises
    ------
    MisuseError
        If the extra ``html`` is not installed.
    """
    reports = several.ordered(reports)
    told = [(f"a{k}", report) for k, report in enumerate(reports) if report.outcome is not Outcome.PASS]
    anchors = {id(report): anchor for anchor, report in told}
    return page(
        "run",
        outcome=several.outcome(reports),
        title=several.summary(reports),
        meta=_meta(reports),
        changes=None if changes is None else [list(map(text.named, change.words())) for change in changes],
        order=several.FIRST,
        count={o: sum(r.outcome is o for r in reports) for o in several.FIRST},
        rows=[_row(report, anchors.get(id(report), "")) for report in reports],
        told=[_told(report, anchor) for anchor, report in told],
    )


def page(name: str, **values: Any) -> str:
    """The page of a template of ``pages``, with the style and the script that all of them share."""
    needed()
    templates = _environment()
    style, script = (_source(templates, f"page.{kind}") for kind in ("css", "js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    common = {"symbols": several.SYMBOLS, "style": _markup(style), "script": _markup(script), "digest": digest}
    return templates.get_template(f"{name}.html.j2").render(**common, **values)


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("checks.report", "pages")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )


def _source(templates: Environment, name: str) -> str:
    loader = templates.loader
    return loader.get_source(templates, name)[0] if loader else ""


def _markup(ours: str) -> Any:
    """Text that is ours, and stands in the page as it is."""
    from markupsafe import Markup

    return Markup(ours)  # noqa: S704 - files of this package, figures that hold numbers alone


def _meta(reports: Sequence[Report]) -> list[str]:
    """When they were written, the first and the last; where and with what, a line for each that is told apart."""
    runs = [run_of(report) for report in reports]
    times = sorted(str(run["written"]) for run in runs if "written" in run)
    places = dict.fromkeys(
        " · ".join(filter(None, map(_listed, (run.get("host"), run.get("versions"))))) for run in runs
    )
    lines = [" to ".join(dict.fromkeys([times[0], times[-1]])) if times else "", *places]
    return [text.plain(line) for line in lines if line][: 1 + NAMED]


def _listed(found: object) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items()) if isinstance(found, dict) else ""


def _row(report: Report, anchor: str) -> dict[str, Any]:
    c = report.cost
    return {
        "outcome": report.outcome,
        "anchor": anchor,
        "name": text.named(report.name),
        "what": _what(report),
        "resolution": _short(several.resolution(report)),
        "forward": f"{c.forward:,}",
        "pullback": f"{c.pullback:,}",
        "seconds": f"{c.seconds:.2g}",
        "seed": report.seed,
    }


def _what(report: Report) -> str:
    """What did not pass, in few words."""
    heads = [f"{f.law} of {f.verdict.tensor}" if f.verdict.tensor else f.law for f in text.heads(report)]
    more = f" and {len(heads) - NAMED} more" if len(heads) > NAMED else ""
    return ", ".join(map(text.named, heads[:NAMED])) + more


def _short(resolution: float | None) -> str:
    return "" if resolution is None else f"{resolution:.1g}"


def _told(report: Report, anchor: str) -> dict[str, Any]:
    from checks.report.shown import shown

    return {
        "outcome": report.outcome,
        "anchor": anchor,
        "name": text.named(report.name),
        "findings": [
            shown(f, words, f"{anchor}.{k}", _markup)
            for k, (f, words) in enumerate(zip(text.heads(report), text.told(report), strict=True))
        ],
        "laws": _laws(report.verdicts),
        "right": [line for line in text.passed(report) if line.startswith("right to")],
        "spent": text.spent(report),
        "dtypes": ", ".join(map(text.named, report.dtypes)),
        "notes": list(map(text.plain, report.notes)),
    }


def _laws(verdicts: Iterable[Verdict]) -> list[tuple[Outcome, str]]:
    """The laws of each outcome, and of what they did not pass."""
    laws: dict[str, list[Verdict]] = {}
    for v in verdicts:
        laws.setdefault(v.law, []).append(v)
    found: dict[Outcome, list[str]] = {o: [] for o in several.FIRST}
    for law, held in laws.items():
        outcome = Outcome.of(v.outcome for v in held)
        of = dict.fromkeys(text.named(v.tensor) for v in held if v.tensor and v.outcome is outcome is not Outcome.PASS)
        found[outcome].append(f"{text.named(law)} ({', '.join(of)})" if of else text.named(law))
    return [(outcome, ", ".join(words)) for outcome, words in found.items() if words]
