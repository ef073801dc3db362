"""The example reports of docs/reports: ``python -m benchmarks.example_reports`` renders them from the committed runs.

With ``--audit`` the layers of docs/reports/layers.py are audited anew first. Times, hosts and versions are blanked; the
last digits of what is measured are those of the machine that audited.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from checks import audit
from checks.load import load
from checks.report import formats, ndjson
from checks.report.record import Report

FOLDER = Path(__file__).parents[1] / "docs" / "reports"
LAYERS = "docs/reports/layers.py"
RUNS: dict[str, dict[str, dict[str, int]]] = {
    "right": {"dense": {}, "linear": {}, "sine": {}},
    "wrong": {"averaged": {}, "patched": {}, "transposed": {}, "sine": {}},
    "inconclusive": {"on_a_kink": {}, "unseeded": {}, "dense": {"budget": 9}},
}
"""Run -> what it audits -> with which options."""
FORMS = {"html": "html", "markdown": "md", "json": "json", "junit": "xml"}


def audited(run: str) -> Iterator[Report]:
    for name, options in RUNS[run].items():
        report = audit(load(f"{FOLDER / 'layers.py'}:{name}"), **options)
        words = "".join(f" --{option} {value}" for option, value in options.items())
        again = f"backproof audit {LAYERS}:{name} --seed {report.seed}{words}"
        findings = tuple(replace(found, name=name, reproduce=again) for found in report.findings)
        cost = replace(report.cost, seconds=0.0)
        yield replace(report, name=name, findings=findings, cost=cost, run={"seconds": 0.0})


def rendered(run: str) -> dict[str, str]:
    """What each file of a run holds."""
    reports, _ = ndjson.read((FOLDER / f"{run}.ndjson").read_text(encoding="utf-8"))
    return {f"{run}.{ending}": formats.rendered(form, reports) for form, ending in FORMS.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audit", action="store_true", help="audit the layers anew first")
    again = parser.parse_args().audit
    for run in RUNS:
        if again:
            formats.put(FOLDER / f"{run}.ndjson", ndjson.render(audited(run)))
        for name, told in rendered(run).items():
            formats.put(FOLDER / name, told)


if __name__ == "__main__":
    main()
