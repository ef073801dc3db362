"""The example reports are what the committed runs render to, and the runs are what the layers come to."""

from __future__ import annotations

import re

import pytest

from benchmarks.example_reports import FOLDER, FORMS, RUNS, audited, rendered
from checks.report import ndjson
from checks.report.record import Report

README = (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("run", RUNS)
def test_the_reports_are_the_runs_rendered(run):
    matplotlib = pytest.importorskip("matplotlib", reason="the page needs the extra html")
    same_plots = f"matplotlib {matplotlib.__version__});" in README.replace("\n", " ")
    for name, told in rendered(run).items():
        committed = (FOLDER / name).read_text(encoding="utf-8")
        if name.endswith(".html") and not same_plots:  # another version draws a little differently
            told, committed = (re.sub(r"(?s)<svg.*?</svg>", "", page) for page in (told, committed))
        assert told.rstrip("\n") == committed.rstrip("\n"), f"{name}: python -m benchmarks.example_reports"


@pytest.mark.parametrize("run", RUNS)
def test_the_runs_are_what_the_layers_come_to(run):
    committed, notes = ndjson.read((FOLDER / f"{run}.ndjson").read_text(encoding="utf-8"))
    assert notes == []
    assert [told(report) for report in committed] == [told(report) for report in audited(run)]
    expected = {"right": "pass", "wrong": "fail", "inconclusive": "inconclusive"}[run]
    assert committed[0].outcome.value == expected


def told(report: Report) -> tuple[object, ...]:
    """What no machine rounds differently."""
    return report.name, report.outcome, report.seed, {(f.law, f.verdict.tensor) for f in report.findings}


def test_times_hosts_and_versions_are_blank():
    for run in RUNS:
        for report in ndjson.read((FOLDER / f"{run}.ndjson").read_text(encoding="utf-8"))[0]:
            assert report.run == {"seconds": 0.0}


def test_every_file_is_linked():
    linked = set(re.findall(r"\]\(([\w.]+)\)", README))
    made = {f"{run}.{ending}" for run in RUNS for ending in (*FORMS.values(), "ndjson")}
    assert linked == made | {"layers.py"}
    assert made | {"layers.py", "README.md"} == {path.name for path in FOLDER.iterdir() if path.is_file()}
