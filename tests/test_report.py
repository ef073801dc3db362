"""What a report looks like: as text, as JSON, on a terminal and piped; harmless whatever the names in it are."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from checks import Estimate, Outcome, audit
from checks.calls import Cost
from checks.report import json as as_json
from checks.report import labels, terminal, text
from checks.report.record import Finding, Report
from checks.verdict import Verdict

MEASURED = Estimate(value=-0.1777, interval=(-0.1777 - 3e-12, -0.1777 + 3e-12))
WRONG = Verdict(
    law="adjoint", tensor="gamma", outcome=Outcome.FAIL, claimed=-0.08885, estimate=MEASURED, resolution=1e-11,
    scale=0.2, where="at a moved point",
)  # fmt: skip
RIGHT = replace(WRONG, tensor="beta", outcome=Outcome.PASS, claimed=-0.1777)
OPEN = replace(RIGHT, tensor="x", outcome=Outcome.INCONCLUSIVE, reason="the bar is wide", remedy="run it in float64")
FOUND = Finding(
    verdict=WRONG,
    name="LayerNorm",
    location="every entry of gamma",
    diagnosis="averaged over the batch",
    reproduce="backproof audit norm.py:LayerNorm --seed 7",
)


def report(*findings: Finding, verdicts: tuple[Verdict, ...] = (RIGHT,), **changes: object) -> Report:
    everything = (*verdicts, *(f.verdict for f in findings))
    made = Report(
        name="LayerNorm",
        outcome=Outcome.of(v.outcome for v in everything),
        verdicts=everything,
        findings=findings,
        cost=Cost(forward=12, pullback=3, seconds=0.25),
        seed=7,
        dtypes=("float64",),
    )
    return replace(made, **changes)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


# --- text ---------------------------------------------------------------------------------------------------


def test_a_finding_says_what_where_why_and_how_to_see_it_again():
    assert str(report(FOUND)) == (
        'FAIL  LayerNorm   gradient of "gamma"   (law adjoint, float64)\n'
        "      claimed  -0.08885   measured  -0.1777 ± 3e-12   ratio  0.5000\n"
        "      where      every entry of gamma, at a moved point\n"
        "      looks like averaged over the batch\n"
        "      reproduce  backproof audit norm.py:LayerNorm --seed 7\n"
        "\n"
        "      right to 1e-11 of its scale: beta\n"
        "FAIL  LayerNorm: 1 passed, 1 failed (12 forward passes, 3 pullbacks, 0.25 s, seed 7)"
    )


def test_a_pass_says_what_it_could_have_seen():
    assert str(report()) == (
        "PASS  LayerNorm: 1 passed (12 forward passes, 3 pullbacks, 0.25 s, seed 7)\n"
        "      right to 1e-11 of its scale: beta\n"
        "      laws held: adjoint"
    )


def test_what_is_inconclusive_says_why_and_what_would_settle_it():
    assert str(report(Finding(verdict=OPEN, name="LayerNorm"))).startswith(
        'INCONCLUSIVE  LayerNorm   gradient of "x"   (law adjoint, float64)\n'
        "      claimed  -0.1777   measured  -0.1777 ± 3e-12\n"
        "      because    the bar is wide\n"
        "      where      at a moved point\n"
        "      to settle  run it in float64\n"
    )


def test_failures_come_first_and_the_same_seen_elsewhere_is_one_line_more():
    elsewhere = replace(FOUND, verdict=replace(WRONG, where="at your point", claimed=0.4, estimate=None))
    told = str(report(Finding(verdict=OPEN, name="LayerNorm"), FOUND, elsewhere))
    assert told.index("FAIL  LayerNorm   gradient") < told.index("INCONCLUSIVE")
    assert told.count('gradient of "gamma"') == 1
    assert "      and        at your point:" in told


def test_laws_that_hold_of_one_tensor_and_not_of_another_are_not_called_held():
    assert "laws held" not in str(report(FOUND))


def test_notes_are_told():
    assert "      note: float32 values" in str(report(notes=("float32 values",)))


def test_digits_are_as_many_as_tell_claimed_from_measured():
    close = replace(WRONG, claimed=-0.1777 * (1 + 2e-6))
    assert text.claimed_and_measured(close) == ("claimed  -0.1777003554   measured  -0.1777 ± 3e-12   ratio  1 + 2e-06")


def test_a_verdict_without_numbers_shows_none():
    assert text.claimed_and_measured(Verdict(law="shapes", tensor="x", outcome=Outcome.FAIL)) == ""


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, 1e-320, -1e308])
@pytest.mark.parametrize("bar", [0.0, 1e-12, float("inf")])
def test_any_number_can_be_told(value, bar):
    v = replace(WRONG, claimed=1.0, estimate=Estimate(value=value, interval=(value - bar, value + bar)))
    assert text.claimed_and_measured(v).startswith("claimed  1")
    assert json.loads(as_json.render(report(replace(FOUND, verdict=v))))["outcome"] == "fail"


# --- names that a terminal would obey -----------------------------------------------------------------------

HOSTILE = "w\x1b[2J\x1b]0;t\x07\r\n\u202eFAIL\u2028[red]\x9b31m"


def hostile() -> Report:
    verdict = replace(WRONG, tensor=HOSTILE, law=HOSTILE, reason=HOSTILE, remedy=HOSTILE, where=HOSTILE)
    found = Finding(
        verdict=verdict, name=HOSTILE, location=HOSTILE, diagnosis=HOSTILE, reproduce=HOSTILE, detail=HOSTILE
    )
    return report(found, replace(found, verdict=replace(verdict, where="b" + HOSTILE)), name=HOSTILE, notes=(HOSTILE,))


@pytest.mark.parametrize("show", [str, text.summary], ids=["text", "summary"])
def test_hostile_names_are_harmless_in_text(show):
    told = show(hostile())
    assert not any(c in told for c in "\x1b\x07\r\u202e\u2028\x9b")
    assert "\\x1b[2J" in told
    assert all(line.startswith(("FAIL  ", "      ", "")) for line in told.splitlines())
    assert sum(line.startswith("FAIL") for line in told.splitlines()) == (2 if show is str else 1)


def test_hostile_names_are_harmless_on_a_terminal():
    stream = Terminal()
    terminal.write(str(hostile()), stream)
    assert "\x1b[2J" not in stream.getvalue()
    assert "[red]" in stream.getvalue()


def test_hostile_names_are_harmless_in_json():
    told = as_json.render(hostile())
    assert json.loads(told)["name"] == HOSTILE
    assert "\x1b" not in told


# --- JSON ---------------------------------------------------------------------------------------------------


def test_json_is_the_same_twice_but_for_run():
    x = np.linspace(0.1, 1, 5)
    first, second = (json.loads(as_json.render(audit((np.sin, np.cos), x, seed=3))) for _ in range(2))
    assert set(first.pop("run")) == set(second.pop("run")) == {"seconds", "written", "host", "versions"}
    assert first == second
    assert "seconds" not in json.dumps(first)


def test_json_carries_everything_under_names_of_the_api():
    told = json.loads(as_json.render(report(FOUND)))
    assert told["schema"] == as_json.SCHEMA
    assert {"name", "outcome", "verdicts", "findings", "cost", "seed", "dtypes", "notes", "run"} <= set(told)
    verdict = told["findings"][0]["verdict"]
    assert verdict["outcome"] == "fail"
    assert verdict["ratio"] == pytest.approx(0.5)
    assert verdict["estimate"]["bar"] == pytest.approx(3e-12, rel=1e-3)


def test_json_has_no_numbers_that_json_lacks():
    v = replace(WRONG, claimed=float("nan"), resolution=float("inf"))
    told = json.loads(as_json.render(report(replace(FOUND, verdict=v))), parse_constant=pytest.fail)
    assert told["findings"][0]["verdict"]["claimed"] == "nan"


# --- terminals ----------------------------------------------------------------------------------------------


def test_piped_output_is_the_plain_text():
    stream = io.StringIO()
    terminal.write(str(report(FOUND)), stream)
    assert stream.getvalue() == f"{report(FOUND)}\n"


def test_a_terminal_gets_colour_and_the_same_words(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    terminal.write(str(report(FOUND)), stream)
    assert "\x1b[1;31mFAIL" in stream.getvalue()


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_is_left_out_where_it_is_not_wanted(monkeypatch, name, value):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    stream = Terminal()
    terminal.write(str(report(FOUND)), stream)
    assert "\x1b[1;31m" not in stream.getvalue()
    assert "\x1b[3" not in stream.getvalue()


def test_tables_have_the_same_cells_piped_and_on_a_terminal():
    rows = [["B1", "1,000", "pass"], ["B2", "12", "fail"]]
    piped, shown = io.StringIO(), Terminal()
    terminal.write_table(["label", "networks", "outcome"], rows, piped)
    terminal.write_table(["label", "networks", "outcome"], rows, shown)
    assert piped.getvalue() == "label  networks  outcome\nB1        1,000     pass\nB2           12     fail\n"
    assert all(cell in shown.getvalue() for row in rows for cell in row)


# --- the derivation -----------------------------------------------------------------------------------------


def equations(**counts):
    from checks.equations import EquationReport, LabelRow, RegimeRow
    from checks.equations.opinions import Opinion

    row = LabelRow(
        label="B1", statement="δ^L = …", networks=1000, probes=2000, distance=0.25, resolution=3e-7, **counts
    )
    found = Finding(verdict=replace(WRONG, law="B1", tensor="δ^2"), name="B1", reproduce="Case(…)")
    regime = RegimeRow(regime="typical", networks=1000, decided=990, inconclusive=10)
    findings = (found,) if counts.get("failed") else ()
    return EquationReport(
        rows=(replace(row, findings=findings),),
        regimes=(regime,),
        opinions=(Opinion(method="scipy's", asked=9, differs=2, worst=0.5, ours=2), Opinion(method="unasked")),
        networks=1000,
        seed=5,
        seconds=20.0,
    )


def told(report) -> str:
    stream = io.StringIO()
    labels.write(report, stream)
    return stream.getvalue()


def test_the_derivation_is_told_by_label_and_by_regime():
    lines = told(equations(inconclusive=10)).splitlines()
    assert lines[0].split() == list(labels.LABELS)
    assert lines[1].split() == ["B1", "1,000", "2,000", "pass", "1.00%", "0.25", "3.0e-07", "0", "0.00"]
    assert "typical     1,000   99.00%            10       0" in lines
    assert lines[-1] == "PASS  1 label on 1,000 random networks: 1 passed (20 s, seed 5)"


def test_second_opinions_that_were_asked_are_told():
    shown = told(equations())
    assert (
        "second opinions\n      scipy's: asked on 9 networks, differs on 2, by up to 5.0e-01 of the gradient" in shown
    )
    assert "unasked" not in shown


def test_too_many_undecided_networks_make_a_label_inconclusive():
    assert told(equations(inconclusive=11)).splitlines()[-1].startswith("INCONCLUSIVE  1 label on 1,000")


def test_a_failing_label_shows_its_equation_and_how_to_see_it_again():
    shown = told(equations(failed=1))
    assert 'FAIL  (B1)  δ^L = …   "δ^2"   (law B1)\n' in shown
    assert "      seen       Case(…)\n" in shown
    assert "      reproduce  backproof audit --labels B1 --seed 5 --examples 1000\n" in shown


def test_the_derivations_json_keeps_all_times_under_run():
    whole = json.loads(labels.render_json(equations()))
    assert whole["run"]["label_seconds"] == {"B1": 0.0}
    assert whole["rows"][0]["outcome"] == "pass"
    del whole["run"]
    assert "seconds" not in json.dumps(whole)
