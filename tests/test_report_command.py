"""``backproof report`` and ``backproof audit --report``: files in every form, merged, compared, and nothing lost."""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from reports import FOUND, RIGHT, WRONG, examples, report

from checks import Outcome
from checks.cli import main
from checks.report import formats, labels, markdown, ndjson, terminal
from checks.report import json as as_json

RIGHT_ONE, WRONG_ONE, OPEN_ONE = (examples()[name] for name in ("right", "wrong", "open"))
TARGET = "numpy:sin,cos"
STOPPED = """\
import numpy as np
calls = []
def forward(x):
    calls.append(1)
    if len(calls) > 9:
        raise KeyboardInterrupt
    return np.sin(x)
stopped = (forward, lambda x: np.cos(x), np.ones(2))
x = np.array([0.3, 1.1])
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("targets.py").write_text(STOPPED)
    Path("old.ndjson").write_text(ndjson.render([RIGHT_ONE, OPEN_ONE]), encoding="utf-8")
    Path("new.ndjson").write_text(ndjson.render([WRONG_ONE, OPEN_ONE]), encoding="utf-8")
    yield tmp_path
    sys.modules.pop("targets", None)


def audit(*words: str) -> int:
    return main(["audit", TARGET, "--inputs", "targets.py:x", *words])


# --- reports of an audit ------------------------------------------------------------------------------------


def test_an_audit_writes_every_form_beside_its_text(capsys):
    pytest.importorskip("matplotlib", reason="the page needs the extra html")
    wanted = {name: f"r.{name}" for name in formats.FORMATS}
    assert audit(*(word for name, path in wanted.items() for word in ("--report", f"{name}:{path}"))) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("PASS  sin: ")
    told = {name: Path(path).read_text(encoding="utf-8") for name, path in wanted.items()}
    assert told["text"] == printed
    assert as_json.read(told["json"]).outcome is Outcome.PASS
    assert ndjson.read(told["ndjson"])[0] == [as_json.read(told["json"])]
    assert told["markdown"].startswith("## ✓ PASS  sin: ")
    assert ET.fromstring(told["junit"]).get("failures") == "0"  # noqa: S314 - our own
    assert told["html"].startswith("<!DOCTYPE html>")


def test_a_ledger_grows_and_a_torn_line_in_it_stays_alone():
    assert audit("--report", "ndjson:run.ndjson") == audit("--report", "ndjson:run.ndjson", "--seed", "1") == 0
    with Path("run.ndjson").open("a") as file:
        file.write('{"torn": ')
    assert audit("--report", "ndjson:run.ndjson", "--seed", "2") == 0
    reports, notes = ndjson.read(Path("run.ndjson").read_text())
    assert [r.seed for r in reports] == [0, 1, 2]
    assert notes == ["line 3 is torn after 9 characters: left out"]


@pytest.mark.parametrize("words", ["pdf:x", "html", "html:", ":x"])
def test_what_is_no_format_and_path_is_said(capsys, words):
    with pytest.raises(SystemExit) as stop:
        audit("--report", words)
    assert stop.value.code == 2
    assert (
        f"'{words}' is not of the form FORMAT:PATH, with FORMAT one of text, markdown, html" in capsys.readouterr().err
    )


def test_a_file_that_cannot_be_written_loses_nothing(capsys):
    Path("taken").mkdir()
    words = ("--report", "json:nowhere/r.json", "--report", "junit:taken", "--report", "markdown:r.md")
    assert audit(*words) == 2
    captured = capsys.readouterr()
    assert captured.out.startswith("PASS  sin: ")
    assert captured.err.splitlines() == [
        "backproof: cannot write nowhere/r.json: No such file or directory; expected a file in a folder that can be "
        "written",
        "backproof: cannot write taken: Is a directory; expected a file in a folder that can be written",
    ]
    assert Path("r.md").exists()


def test_what_is_not_installed_is_said_before_the_audit(capsys, monkeypatch):
    pytest.importorskip("jinja2", reason="the module of the page is asked")
    monkeypatch.setattr("checks.report.html.find_spec", lambda name: None)
    assert audit("--report", "html:r.html") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        'HTML needs jinja2 and matplotlib, not installed here; install with: pip install "backproof[html]"'
        in captured.err
    )


def test_an_interrupted_audit_writes_what_it_has_and_is_no_pass(capsys):
    assert main(["audit", "targets.py:stopped", "--report", "json:r.json", "--report", "junit:r.xml"]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "backproof: interrupted; what was finished is above"
    made = as_json.read(Path("r.json").read_text())
    assert made.outcome is Outcome.INCONCLUSIVE
    assert made.findings[-1].verdict.reason == "the audit was interrupted; not every law was held"
    assert any(v.outcome is Outcome.PASS for v in made.verdicts)
    assert 'name="interrupted"' in Path("r.xml").read_text()


# --- the job summary ----------------------------------------------------------------------------------------


def test_the_job_summary_is_written_where_it_is_asked_for(monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    assert audit() == 0
    assert main(["report", "new.ndjson", "--against", "old.ndjson"]) == 1
    told = Path("summary.md").read_text(encoding="utf-8")
    assert told.startswith("## ✓ PASS  sin: ")
    assert "## ✗ FAIL  2 audits: 1 failed, 1 inconclusive" in told
    assert "| gone |" in told


def test_job_summaries_of_one_step_stay_below_the_cap_together(monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    many = [report(replace(FOUND, detail="x" * 3000), name=f"layer {k}") for k in range(200)]
    for _ in range(5):
        formats.job_summary(lambda room: markdown.render(many, cap=room))
    assert markdown.CAP - 5_000 < Path("summary.md").stat().st_size <= markdown.CAP


def test_a_job_summary_that_cannot_be_written_loses_nothing(monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "nowhere/summary.md")
    assert audit() == 2
    captured = capsys.readouterr()
    assert captured.out.startswith("PASS  sin: ")
    assert "cannot write nowhere/summary.md: No such file or directory" in captured.err


# --- backproof report ---------------------------------------------------------------------------------------


def test_runs_are_rendered_later_and_merged(capsys):
    assert main(["report", "new.ndjson", "old.ndjson"]) == 1
    told = capsys.readouterr().out
    assert told.splitlines()[-1].startswith("FAIL  3 audits: 1 passed, 1 failed, 1 inconclusive (")  # Conv counts once
    assert main(["report", "old.ndjson", "--junit", "--markdown", "m.md"]) == 3
    assert capsys.readouterr().out.startswith("<?xml version='1.0' encoding='utf-8'?>\n<testsuites")
    assert Path("m.md").read_text(encoding="utf-8").startswith("## ? INCONCLUSIVE  2 audits")


def test_one_report_reads_as_it_was_told_at_first(capsys):
    Path("one.json").write_text(as_json.render(WRONG_ONE), encoding="utf-8")
    assert main(["report", "one.json"]) == 1
    assert capsys.readouterr().out == f"{WRONG_ONE}\n"
    assert main(["report", "one.json", "--json"]) == 1
    assert capsys.readouterr().out == Path("one.json").read_text(encoding="utf-8") + "\n"


def test_a_run_from_standard_input(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(ndjson.render([RIGHT_ONE])))
    assert main(["report", "-"]) == 0
    assert capsys.readouterr().out.startswith("PASS  Right")


def test_the_page_of_a_run(capsys):
    pytest.importorskip("matplotlib", reason="the page needs the extra html")
    assert main(["report", "new.ndjson", "--html", "out.html"]) == 1
    assert "</html>" in Path("out.html").read_text(encoding="utf-8")
    assert capsys.readouterr().out == ""


def against(before, after, capsys) -> tuple[int, str]:
    Path("a.ndjson").write_text(ndjson.render(before), encoding="utf-8")
    Path("b.ndjson").write_text(ndjson.render(after), encoding="utf-8")
    code = main(["report", "b.ndjson", "--against", "a.ndjson"])
    return code, capsys.readouterr().out


def test_two_runs_are_compared_and_only_what_changed_counts(capsys):
    fails = report(verdicts=(replace(RIGHT, outcome=Outcome.FAIL),))
    passes = report(verdicts=(RIGHT,))
    coarse = report(verdicts=(replace(RIGHT, resolution=1e-3),))
    code, told = against([passes], [fails], capsys)
    assert (code, told.splitlines()[1].split()[:2]) == (1, ["newly", "failing"])
    code, told = against([fails], [fails], capsys)
    assert (code, told.splitlines()[0]) == (0, "nothing changed")
    code, told = against([fails], [passes], capsys)
    assert (code, told.splitlines()[1].split()[:2]) == (0, ["newly", "fixed"])
    code, told = against([passes], [coarse], capsys)
    assert (code, told.splitlines()[1].split()[:2]) == (3, ["resolution", "lost"])
    code, told = against([passes], [passes, replace(fails, name="B")], capsys)
    assert (code, told.splitlines()[1].split()[:2]) == (1, ["new", "B"])
    code, told = against([passes, replace(fails, name="B")], [passes], capsys)
    assert (code, told.splitlines()[1].split()[:2]) == (0, ["gone", "B"])


@pytest.mark.parametrize("form", ["junit", "ndjson"])
def test_forms_without_a_place_for_changes_refuse_and_nothing_is_lost(capsys, form):
    assert main(["report", "new.ndjson", "--against", "old.ndjson", f"--{form}", "x"]) == 2
    captured = capsys.readouterr()
    assert captured.out.startswith("change ")
    assert f"{form} has no place for what changed since another run; expected one of text, markdown" in captured.err


def test_a_torn_run_is_told_with_a_note(capsys):
    whole = Path("new.ndjson").read_bytes()
    Path("new.ndjson").write_bytes(whole[:-40])
    assert main(["report", "new.ndjson"]) == 1
    assert re.search(
        r"^backproof: new\.ndjson: line 2 is torn after [\d,]+ characters: left out$", capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.ndjson"], "cannot read nowhere.ndjson: No such file or directory; expected a file of reports"),
        (["targets.py"], "targets.py: no report in it (line 1 is torn"),
        (["old.ndjson", "--against", "targets.py"], "targets.py: no report in it"),
        ([], "no RUN is given; expected a file of reports, as in: backproof report run.ndjson --html out.html"),
        (["--markdown", "old.ndjson"], "no RUN is given (--markdown took the file behind it: write it after RUN)"),
        (["new.ndjson", "--json", "nowhere/x"], "cannot write nowhere/x: No such file or directory; expected a file"),
    ],
)
def test_what_is_wrong_is_said(capsys, words, message):
    assert main(["report", *words]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"backproof: {message}")
    assert (captured.out != "") == ("nowhere/x" in words)  # what cannot be written is printed


# --- the derivation -----------------------------------------------------------------------------------------


def test_the_derivation_is_written_in_the_forms_it_has(capsys, monkeypatch):
    pytest.importorskip("matplotlib", reason="the page needs the extra html")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    words = [word for form in labels.FORMATS for word in ("--report", f"{form}:d.{form}")]
    assert main(["audit", "--labels", "B1,B3", "--examples", "5", *words]) == 0
    printed = capsys.readouterr().out
    told = {form: Path(f"d.{form}").read_text(encoding="utf-8") for form in labels.FORMATS}
    assert told["text"] == printed
    assert told["markdown"] == Path("summary.md").read_text(encoding="utf-8")
    assert told["markdown"].startswith("## ✓ PASS  2 labels on 5 random networks: 2 passed (")
    assert re.search(r"^\| B3 \| 5 \|", told["markdown"], re.M)
    assert '<td>B3</td><td class="number">5</td>' in told["html"]
    assert [row["label"] for row in json.loads(told["json"])["rows"]] == ["B1", "B3"]


@pytest.mark.parametrize("form", ["junit", "ndjson"])
def test_the_derivation_refuses_the_forms_it_has_not(capsys, form):
    assert main(["audit", "--labels", "B1", "--examples", "5", "--report", f"{form}:x"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        f"the audit of the derivation is not written as {form}; expected one of text, markdown, html, json"
        in captured.err
    )


# --- terminals of every width -------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(write, *words, width: int, monkeypatch) -> list[str]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    stream = Terminal()
    write(*words, stream)
    return re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue()).splitlines()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_report_fits_its_terminal_and_keeps_every_word(monkeypatch, width):
    why = "agrees, but errors below 0.3 of the scale would not be seen (asked: 0.1), so that nothing can be said"
    told = str(report(replace(FOUND, verdict=replace(WRONG, reason=why, tensor="layers.11.weight"))))
    lines = on_a_terminal(terminal.write, told, width=width, monkeypatch=monkeypatch)
    commands = [line for line in lines if "reproduce" in line]
    assert commands == ["      reproduce  backproof audit norm.py:LayerNorm --seed 7"]
    assert max(len(line) for line in lines if line not in commands) <= width
    assert " ".join(lines).split() == told.split()
    under = lines[lines.index(next(line for line in lines if "because" in line)) + 1]
    assert width == 200 or under.startswith(" " * 17)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_fits_its_terminal_and_keeps_every_cell(monkeypatch, width):
    rows = [["B1", "1,000", "2,000", "inconclusive", "1.00%", "0.25", "3.0e-07", "12,345", "12.34"]]
    lines = on_a_terminal(terminal.write_table, labels.LABELS, rows, width=width, monkeypatch=monkeypatch)
    assert max(map(len, lines)) <= width
    assert all(cell in " ".join(lines) for cell in rows[0])
    assert len(lines) == {40: 5, 80: 2, 200: 2}[width]


def test_a_very_long_name_is_shown_by_its_ends(monkeypatch):
    told = str(report(FOUND, name="a" * 10_000 + "b"))
    assert "aaa… (9,841 more) …aaa" in told
    assert len(told) < 1500
