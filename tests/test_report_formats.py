"""Every form of a report: what it shows, that it is read back the same, that no name in it does any harm."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from reports import FOUND, HOSTILE, OPEN, RIGHT, WRONG, examples, hostile, report

from checks import MisuseError, Outcome, audit
from checks.numeric.line import Line
from checks.report import documents, junit, markdown, ndjson, notebook, several, text, together
from checks.report import json as as_json
from checks.report.compare import FAILING, FIXED, GONE, LOST, NEW, State, compare
from checks.report.record import Finding, Report
from checks.verdict import Verdict

RIGHT_ONE, WRONG_ONE, OPEN_ONE = (examples()[name] for name in ("right", "wrong", "open"))
OBEYED = "\x1b\x07\r\x00\x9b\u202e\u2028\u2029\ufffe\ud800"
"""What terminals obey, what turns the writing round, what XML forbids."""


# --- read back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", examples())
def test_json_is_read_back_as_the_same_report(name):
    made = examples()[name]
    told = as_json.render(made)
    again = as_json.read(told)
    assert as_json.render(again) == told
    assert str(again) == str(made)
    for render in (markdown.render, junit.render, together.render):
        assert render([again]) == render([made])
    assert notebook.render(again) == notebook.render(made)
    assert again.cost == made.cost
    if name != "unmeasured":  # nan is not equal to itself
        assert again == made


def test_a_real_audit_is_read_back_as_it_was():
    made = audit((lambda x, w: x @ w, lambda v, x, w: (v @ w.T, 2 * x.T @ v)), np.ones((2, 3)), np.ones((3, 2)))
    again = as_json.read(as_json.render(made))
    assert again == made
    assert again.findings[0].verdict.curve
    assert str(again) == str(made)


def test_a_report_read_back_keeps_where_and_when_it_ran():
    whole = as_json.document(WRONG_ONE) | {"run": {"seconds": 0.5, "host": {"system": "Plan 9"}}}
    again = as_json.read(json.dumps(whole))
    assert again.run == whole["run"]
    assert json.loads(as_json.render(again))["run"] == whole["run"]
    assert again.cost.seconds == 0.5


def test_numbers_of_numpy_are_numbers():
    made = report(replace(FOUND, verdict=replace(WRONG, claimed=np.float32(0.5))), seed=np.int64(3))
    told = json.loads(as_json.render(made))
    assert told["seed"] == 3
    assert told["findings"][0]["verdict"]["claimed"] == 0.5


def test_keys_of_a_later_version_are_left_alone():
    whole = as_json.document(WRONG_ONE)
    whole["colour"] = whole["findings"][0]["colour"] = "red"
    assert as_json.read(json.dumps(whole)) == WRONG_ONE


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda w: w.pop("verdicts"), "report is {.*expected an object with 'verdicts', as backproof writes it"),
        (lambda w: w.update(schema=2), "schema is 2; expected 1; a newer backproof reads newer ones"),
        (lambda w: w.update(outcome="maybe"), r"report\.outcome is 'maybe'; expected one of pass, fail, inconclusive"),
        (lambda w: w.update(seed="7"), r"report\.seed is '7'; expected a whole number"),
        (lambda w: w.update(seed=True), r"report\.seed is True; expected a whole number"),
        (lambda w: w.update(run=[]), r"run is \[\]; expected an object"),
        (
            lambda w: w["findings"][0].update(entries=[3]),
            r"report\.findings\[0\]\.entries\[0\] is 3; expected an object",
        ),
        (
            lambda w: w["verdicts"][0].update(claimed="x"),
            r"claimed is 'x'; expected a number, or one of nan, inf, -inf",
        ),
        (lambda w: w["verdicts"][0].update(claimed=10**400), r"expected a number"),
        (lambda w: w["verdicts"][0]["estimate"].update(interval=[1]), r"interval is \[1\]; expected a list of 2"),
        (lambda w: w.update(rows=[]), "this is an audit of the derivation, by label; expected a report of one target"),
    ],
)
def test_what_is_no_report_is_said_with_its_place(spoil, message):
    whole = as_json.document(WRONG_ONE)
    spoil(whole)
    with pytest.raises(MisuseError, match=message):
        as_json.read(json.dumps(whole))


@pytest.mark.parametrize("told", ["", "{", "[" * 100_000, "[]", "3", '{"schema": NaN}'])
def test_what_is_no_json_is_said(told):
    with pytest.raises(MisuseError, match=r"expected a report"):
        as_json.read(told)


# --- NDJSON -------------------------------------------------------------------------------------------------


def test_a_run_is_a_line_a_report_and_read_back():
    made = list(examples().values())[:3]
    told = ndjson.render(made)
    assert told.count("\n") == len(told.splitlines()) == 3
    assert ndjson.read(told) == (made, [])
    assert [as_json.read(line) for line in told.splitlines()] == made


@pytest.mark.parametrize("cut", [1, 500])
def test_a_torn_line_is_left_out_with_a_note(cut):
    told = ndjson.render([RIGHT_ONE, WRONG_ONE])
    reports, notes = ndjson.read(told[: -1 - cut])
    assert reports == [RIGHT_ONE]
    assert re.fullmatch(r"line 2 is torn after [\d,]+ characters: left out", notes[0])
    reports, _ = ndjson.read(told[: -1 - cut] + "\n" + ndjson.render([OPEN_ONE]))
    assert reports == [RIGHT_ONE, OPEN_ONE]


def test_separators_within_words_end_no_line():
    told = ndjson.render([report(name="a\u2028b\x85c")]).replace("\\u2028", "\u2028").replace("\\u0085", "\x85")
    assert len(told.splitlines()) == 3
    assert [r.name for r in ndjson.read(told * 2)[0]] == ["a\u2028b\x85c"] * 2


def test_a_line_that_is_no_report_is_an_error():
    with pytest.raises(MisuseError, match=r"line 2: the document is \{'a': 1\}; expected a report"):
        ndjson.read(ndjson.render([RIGHT_ONE]) + '{"a": 1}\n' + ndjson.render([RIGHT_ONE]))
    with pytest.raises(MisuseError, match="no report in it"):
        ndjson.read("\n")


@pytest.mark.parametrize("reports", [[RIGHT_ONE], [RIGHT_ONE, WRONG_ONE]], ids=["report", "run"])
def test_runs_are_read_from_json_as_well(reports):
    assert ndjson.read(documents.render(reports)) == (reports, [])


# --- several ------------------------------------------------------------------------------------------------


def test_merging_leaves_out_what_is_the_same_but_for_when_it_ran():
    again = as_json.read(as_json.render(WRONG_ONE))
    slower = replace(again, run={"seconds": 9.0}, cost=replace(again.cost, seconds=9.0))
    assert several.merged([[RIGHT_ONE, WRONG_ONE], [slower, replace(RIGHT_ONE, seed=8)]]) == [
        RIGHT_ONE, WRONG_ONE, replace(RIGHT_ONE, seed=8),
    ]  # fmt: skip


def test_several_are_told_failures_first_and_summed_up():
    told = together.render([RIGHT_ONE, OPEN_ONE, WRONG_ONE])
    assert told.index("FAIL  LayerNorm   gradient") < told.index("INCONCLUSIVE  Conv ") < told.index("PASS  Right")
    assert told.splitlines()[-1] == (
        "FAIL  3 audits: 1 passed, 1 failed, 1 inconclusive (36 forward passes, 9 pullbacks, 0.75 s)"
    )
    assert together.render([RIGHT_ONE]) == str(RIGHT_ONE)


# --- comparing ----------------------------------------------------------------------------------------------


def state(outcome: Outcome, resolution: float | None = 1e-9, tensor: str = "w", name: str = "A") -> Report:
    v = replace(RIGHT, outcome=outcome, resolution=resolution, tensor=tensor)
    return report(verdicts=(v,), name=name)


PASS, FAIL, UNDECIDED = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (state(PASS), state(FAIL), [FAILING]),
        (state(UNDECIDED), state(FAIL), [FAILING]),
        (state(FAIL), state(PASS), [FIXED]),
        (state(PASS), state(UNDECIDED), [LOST]),
        (state(FAIL), state(UNDECIDED), [LOST]),
        (state(UNDECIDED), state(PASS), ["newly decided"]),
        (state(PASS, 1e-9), state(PASS, 2e-8), [LOST]),
        (state(PASS, 1e-9), state(PASS, 9e-9), []),
        (state(PASS, 1e-8), state(PASS, 1e-12), []),
        (state(PASS, None), state(PASS, 1e-2), []),
        (state(PASS, name="B"), state(PASS), [NEW, GONE]),
        (state(PASS, tensor="b"), state(PASS), [NEW, GONE]),
        (state(PASS), state(PASS, tensor="w (entries claimed zero)"), []),
    ],
)
def test_what_changed_has_a_word(before, after, kinds):
    assert [change.kind for change in compare([before], [after])] == kinds


def test_a_change_says_of_what_and_from_what_to_what():
    (change,) = compare([state(PASS)], [state(FAIL)])
    assert change.words() == (FAILING, "A", "adjoint", "w", "pass, right to 1e-09", "fail")
    (gone,) = compare([state(PASS), state(PASS, name="B")], [state(PASS)])
    assert (gone.kind, gone.name, gone.law, gone.before, gone.after) == (GONE, "B", "", State(PASS), None)


def test_changes_are_told_before_all_else():
    changes = compare([state(PASS)], [state(FAIL)])
    assert together.render([WRONG_ONE], changes).startswith("change         audit      law  of")
    assert together.render([WRONG_ONE], []).startswith("nothing changed\n\n")
    assert "| ✗ | newly failing | A | adjoint | w | pass, right to 1e-09 | fail |" in markdown.render(
        [WRONG_ONE], changes
    )
    assert "\nNothing changed.\n" in markdown.render([WRONG_ONE], [])
    assert json.loads(documents.render([WRONG_ONE], changes))["changes"][0]["after"]["outcome"] == "fail"


# --- Markdown -----------------------------------------------------------------------------------------------


def test_markdown_has_failures_first_and_their_text():
    told = markdown.render([RIGHT_ONE, OPEN_ONE, WRONG_ONE])
    assert told.startswith("## ✗ FAIL  3 audits: 1 passed, 1 failed, 1 inconclusive (")
    rows = [line.split(" | ")[1] for line in told.splitlines() if line.startswith("| ") and "---" not in line]
    assert rows == ["audit", "LayerNorm", "Conv", "Right"]
    assert told.index("### ✗ LayerNorm") < told.index("### ? Conv")
    assert "### ✓" not in told
    assert f"```text\n{text.render(WRONG_ONE)}\n```" in told


def test_markdown_stays_below_its_cap_and_says_what_it_left_out():
    found = replace(FOUND, detail="\n".join("é" * 90 for _ in range(100)))
    many = [report(replace(found, name=f"layer {k}"), name=f"layer {k}", seed=k) for k in range(2000)]
    told = markdown.render([*(replace(RIGHT_ONE, seed=k) for k in range(9000)), *many])
    assert 600_000 < len(told.encode()) <= markdown.CAP
    assert re.search(r"^[\d,]+ more audits are left out: this document ends at 900,000 bytes\.$", told, re.M)
    assert re.search(r"^[\d,]+ more findings are left out", told, re.M)
    assert "### ✗ layer 0\n" in told
    assert "| ✗ | layer 1999 |" in told
    assert told.count("```") % 2 == 0


def test_a_fence_is_longer_than_any_in_what_it_holds():
    assert markdown.fenced("a\n`````\nb").startswith("``````text\n")


# --- JUnit --------------------------------------------------------------------------------------------------


def test_junit_has_a_suite_an_audit_and_a_case_a_law():
    root = ET.fromstring(junit.render([WRONG_ONE, OPEN_ONE, RIGHT_ONE]))  # noqa: S314 - our own
    assert [suite.get("name") for suite in root] == ["LayerNorm", "Conv", "Right"]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "2", "1")
    cases = {case.get("name"): case for case in root[0].findall("testcase")}
    assert set(cases) == {"adjoint", "shapes"}
    failure = cases["adjoint"].find("failure")
    assert failure is not None
    assert failure.get("message") == "gamma: claimed  -0.08885   measured  -0.1777 ± 3e-12   ratio  0.5000"
    assert "reproduce  backproof audit norm.py:LayerNorm --seed 7" in (failure.text or "")
    named = {p.get("name"): p.get("value") for p in root[0].findall("properties/property")}
    assert named == {
        "outcome": "fail", "seed": "7", "dtypes": "float64", "forward passes": "12", "pullbacks": "3",
    }  # fmt: skip
    measured = {p.get("name"): p.get("value") for p in cases["adjoint"].findall("properties/property")}
    assert float(measured["1.claimed"] or "") == WRONG.claimed
    assert root[1][1].find("error") is not None


def test_a_law_that_follows_from_another_says_so_in_junit():
    follows = replace(WRONG, cause="homogeneity")
    told = junit.render([report(verdicts=(follows,))])
    assert 'message="gamma: follows from homogeneity: claimed ' in told


# --- notebooks ----------------------------------------------------------------------------------------------


def test_a_notebook_shows_the_text_under_the_outcome():
    told = WRONG_ONE._repr_html_()
    assert html.escape(str(WRONG_ONE)) in told
    assert "✗ FAIL  LayerNorm: 1 passed, 2 failed" in told


# --- hostile names ------------------------------------------------------------------------------------------


def all_formats(one: Report) -> dict[str, str]:
    changes = compare([one], [replace(one, name=f"b{one.name}")])
    return {
        "text": together.render([one, one], changes),
        "markdown": markdown.render([one], changes),
        "json": documents.render([one], changes),
        "ndjson": ndjson.render([one]),
        "junit": junit.render([one]),
        "notebook": notebook.render(one),
    }


@pytest.mark.parametrize("name", ["text", "markdown", "json", "ndjson", "junit", "notebook"])
def test_nothing_that_a_terminal_obeys_is_in_any_format(name):
    told = all_formats(hostile())[name]
    assert not [c for c in OBEYED if c in told]
    told.encode()  # no lone surrogate


def test_hostile_names_add_no_line_and_no_outcome_to_text():
    told = all_formats(hostile())["text"]
    assert sum(line.startswith("FAIL  ") for line in told.splitlines()) == 5  # a finding and a summary each; all
    assert not [line for line in told.splitlines() if line.startswith(("#", "|", "nnn"))]
    assert max(len(part) for part in re.findall(r"audit|n+", text.summary(hostile()))) <= text.LONG


def test_hostile_names_are_words_in_markdown():
    told = all_formats(hostile())["markdown"]
    prose = re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", told)
    assert "```" not in prose.replace("\\`", "")
    assert not re.search(r"<(?!!--)\w|(?<!\\)[`*_\[\]~$]", prose.replace("| --- ", ""))
    assert "http://" not in prose
    for block in re.findall(r"(?ms)^\|.*?\n\n", told):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.strip().splitlines()}
        assert len(cells) == 1
    assert [line for line in prose.splitlines() if line.startswith("#")] == [
        line for line in prose.splitlines() if line.startswith(("## ✗ FAIL", "### ✗ w&lt;script"))
    ]


def test_hostile_names_are_the_same_names_again_from_json():
    assert as_json.read(as_json.render(hostile())).name == HOSTILE
    assert len(ndjson.render([hostile()]).splitlines()) == 1
    assert ndjson.read(ndjson.render([hostile()])) == ([hostile()], [])


def test_hostile_names_are_words_in_xml():
    told = all_formats(hostile())["junit"]
    root = ET.fromstring(told)  # noqa: S314 - our own
    assert "<script" not in told
    assert "]]>" not in told
    assert {element.tag for element in root.iter()} == {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure",
    }  # fmt: skip
    assert "<script>" in (root[0].get("name") or "")


def test_hostile_names_are_words_in_a_notebook():
    told = all_formats(hostile())["notebook"]
    assert set(re.findall(r"<(\w+)", told)) == {"div", "strong", "pre"}
    assert not re.search(r"<[^>]*\son", told)


# --- what a measurement has paid for ------------------------------------------------------------------------


def test_what_does_not_pass_keeps_the_differences_that_were_measured_and_asks_nothing_more(monkeypatch):
    x = np.array([0.3, 1.1, 2.0])
    wrong = audit((np.sin, lambda x: 1.01 * np.cos(x)), x, laws="adjoint")
    for v in wrong.verdicts:
        assert v.outcome is Outcome.FAIL
        assert len(v.curve) > 10
        steps = [t for t, _ in v.curve]
        assert steps == sorted(steps)
        middle = [slope for t, slope in v.curve if 1e-6 < t < 1e-4]
        assert middle
        assert np.allclose(middle, v.estimate.value, rtol=1e-6)
    right = audit((np.sin, np.cos), x, laws="adjoint")
    assert not any(v.curve for v in right.verdicts)
    monkeypatch.setattr(Line, "differences", lambda self: ())
    assert audit((np.sin, lambda x: 1.01 * np.cos(x)), x, laws="adjoint").cost.forward == wrong.cost.forward


def test_verdicts_of_laws_without_numbers_have_no_curve():
    assert Verdict(law="shapes", tensor="x", outcome=Outcome.FAIL).curve == ()
    assert Finding(verdict=OPEN, name="x").verdict.curve == ()
