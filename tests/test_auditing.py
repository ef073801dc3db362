"""audit and check: what they refuse, what they raise, and that equal seeds say equal things in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks import InconclusiveGradient, InvalidSubject, MisuseError, Outcome, Subject, WrongGradient, audit, check
from checks.laws import LAWS

ROOT = Path(__file__).parents[1]
X = np.array([0.4, -1.1, 0.9])


def wave(factor: float = 1.0, **more: Any) -> Subject:
    return Subject(
        name="wave",
        point={"x": X},
        forward=lambda p: np.sin(p["x"]),
        pullback=lambda p, v: {"x": factor * v * np.cos(p["x"])},
        **more,
    )


# --- misuse -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resolution", [0, 1, -1e-6, 2.0, np.nan, np.inf, "1e-6", [1e-6]])
def test_a_resolution_is_a_number_between_0_and_1(resolution: Any) -> None:
    with pytest.raises(MisuseError, match=r"resolution is .*; expected a number between 0 and 1, such as 1e-6"):
        audit(wave(), resolution=resolution)


@pytest.mark.parametrize("seed", [-1, 1.0, True, "0", None, np.nan])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(MisuseError, match=r"seed is .*; expected a whole number from 0 on"):
        audit(wave(), seed=seed)


def test_any_whole_number_is_a_seed() -> None:
    for seed in (0, 2**31, 2**200, np.int64(7), np.uint8(3)):
        report = audit(wave(), seed=seed)
        assert report.outcome is Outcome.PASS
        assert report.seed == seed


def test_a_budget_that_is_none_is_refused_before_anything_is_called() -> None:
    def forward(p: Any) -> np.ndarray:
        pytest.fail("called")

    with pytest.raises(MisuseError, match="budget is 0"):
        audit(Subject(name="f", point={"x": X}, forward=forward, pullback=forward), budget=0)


def test_unknown_and_empty_laws_are_misuse_that_names_those_there_are() -> None:
    with pytest.raises(MisuseError, match=r"there is no law 'adjunct'; the laws are .*adjoint"):
        audit(wave(), laws=["adjoint", "adjunct"])
    with pytest.raises(MisuseError, match=r"laws is empty; name at least one of .*adjoint"):
        audit(wave(), laws=[])


def test_laws_are_held_in_the_order_of_the_table_and_one_may_be_a_string() -> None:
    held = list(dict.fromkeys(v.law for v in audit(wave(), laws=["adjoint", "shapes"]).verdicts))
    assert held == ["shapes", "adjoint"]
    assert {v.law for v in audit(wave(), laws="adjoint").verdicts} == {"adjoint"}
    everything = {v.law for v in audit(wave()).verdicts}
    assert {"adjoint", "shapes", "pure", "deterministic"} <= everything <= set(LAWS)


@pytest.mark.parametrize("x", [np.array([1, 2]), np.array([1.0, np.nan]), np.array([np.inf])])
def test_a_point_that_has_no_derivative_is_invalid(x: np.ndarray) -> None:
    with pytest.raises(InvalidSubject):
        Subject(name="f", point={"x": x}, forward=lambda p: p["x"], pullback=lambda p, v: {"x": v})


# --- what it says -------------------------------------------------------------------------------------------


def test_check_raises_what_the_report_says() -> None:
    assert check(wave()).outcome is Outcome.PASS
    with pytest.raises(WrongGradient) as wrong:
        check(wave(1.01))
    assert wrong.value.report.outcome is Outcome.FAIL
    with pytest.raises(InconclusiveGradient) as undecided:
        check(wave(), budget=4)
    assert undecided.value.report.outcome is Outcome.INCONCLUSIVE


def test_audit_raises_for_no_gradient_however_bad() -> None:
    def raising(*_: Any) -> Any:
        raise ZeroDivisionError("no")

    def broken(**role: Any) -> Subject:
        roles = {"forward": lambda p: np.sin(p["x"]), "pullback": lambda p, v: {"x": v * np.cos(p["x"])}}
        return Subject(name="broken", point={"x": X}, **(roles | role))

    for subject in (
        broken(forward=raising),
        broken(pullback=raising),
        broken(pullback=lambda p, v: {}),
        broken(pullback=lambda p, v: {"x": None}),
        broken(pullback=lambda p, v: {"x": np.full(3, np.nan)}),
        broken(pullback=lambda p, v: {"x": v[:2]}),
        broken(pullback=lambda p, v: {"x": np.array(["a", "b", "c"])}),
        broken(pullback=lambda p, v: v),
        broken(forward=lambda p: None),
    ):
        assert audit(subject).outcome is Outcome.FAIL


def test_what_raises_at_the_callers_point_is_said_with_its_words() -> None:
    def raising(p: Any) -> np.ndarray:
        raise ZeroDivisionError("by nothing")

    report = audit(Subject(name="f", point={"x": X}, forward=raising, pullback=lambda p, v: {"x": v}))
    (finding,) = report.findings
    assert "forward raised ZeroDivisionError: by nothing" in finding.verdict.reason


def test_a_pullback_that_breaks_at_the_second_cotangent_is_failed() -> None:
    first: list[np.ndarray] = []

    def pullback(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
        first.append(v)
        if not np.array_equal(v, first[0]):
            raise ValueError
        return {"x": v * np.cos(p["x"])}

    subject = Subject(name="f", point={"x": X}, forward=lambda p: np.sin(p["x"]), pullback=pullback)
    report = audit(subject, laws=["adjoint"])
    assert report.outcome is Outcome.FAIL
    assert "with a second cotangent the pullback raised" in report.findings[0].verdict.reason


def test_a_forward_without_a_finite_output_is_undecided() -> None:
    subject = Subject(
        name="f", point={"x": X}, forward=lambda p: p["x"] * np.nan, pullback=lambda p, v: {"x": v * np.nan}
    )
    report = audit(subject)
    assert report.outcome is Outcome.INCONCLUSIVE
    assert report.findings[0].verdict.reason == "forward has no finite output at this point"


def test_a_forward_that_is_drawn_anew_is_undecided_and_its_values_are_not_judged() -> None:
    rng = np.random.default_rng(0)
    subject = Subject(
        name="f", point={"x": X}, forward=lambda p: p["x"] * rng.normal(size=3), pullback=lambda p, v: {"x": v}
    )
    report = audit(subject)
    assert report.outcome is Outcome.INCONCLUSIVE
    assert {v.reason for v in report.verdicts if v.law == "adjoint"} == {"not held: the forward is not one function"}


@pytest.mark.parametrize("budget", [1, 2, 3, 5, 8])
def test_a_budget_bounds_all_laws_together(budget: int) -> None:
    report = audit(wave(), budget=budget)
    assert report.cost.forward <= budget
    assert report.outcome is Outcome.INCONCLUSIVE
    spent = [v for v in report.verdicts if v.outcome is Outcome.INCONCLUSIVE]
    assert all("budget" in v.reason and "larger budget" in v.remedy for v in spent)
    wrong = audit(wave(2.0), budget=budget)
    assert wrong.outcome is not Outcome.PASS


def test_a_budget_in_seconds_that_is_spent_at_once_says_so() -> None:
    report = audit(wave(), budget="0s")
    assert report.outcome is Outcome.INCONCLUSIVE
    assert "the budget of 0 seconds is spent" in report.findings[0].verdict.reason
    assert report.cost.forward == 0


def test_a_wrong_tensor_found_before_the_budget_ran_out_is_still_failed() -> None:
    assert audit(wave(2.0), budget=150).outcome is Outcome.FAIL


def test_ctrl_c_hands_over_what_was_held_until_then() -> None:
    held: list[int] = []

    def forward(p: Any) -> np.ndarray:
        held.append(1)
        if len(held) == 8:
            raise KeyboardInterrupt
        return np.sin(p["x"])

    subject = Subject(name="f", point={"x": X}, forward=forward, pullback=lambda p, v: {"x": v * np.cos(p["x"])})
    with pytest.raises(KeyboardInterrupt) as stopped:
        audit(subject, seed=3)
    report = stopped.value.report
    assert (report.name, report.seed, report.cost.forward) == ("f", 3, 8)
    assert {v.law for v in report.verdicts} >= {"shapes"}
    (last,) = [v for v in report.verdicts if v.outcome is not Outcome.PASS]
    assert (last.law, last.outcome) == ("interrupted", Outcome.INCONCLUSIVE)


# --- the same again -----------------------------------------------------------------------------------------

TARGET = """\
import numpy as np
from checks import Subject

rng = np.random.default_rng(0)
point = {"x": rng.normal(size=(4, 3)), "w": rng.normal(size=(3, 2)), "b": np.zeros(2)}

def forward(p):
    return {"z": np.maximum(p["x"] @ p["w"] + p["b"], 0)}

def pullback(factor):
    def pull(p, v):
        d = v["z"] * (p["x"] @ p["w"] + p["b"] > 0)
        return {"x": d @ p["w"].T, "w": factor * p["x"].T @ d, "b": d.sum(0)}
    return pull

right = Subject(name="right", point=point, forward=forward, pullback=pullback(1.0))
wrong = Subject(name="wrong", point=point, forward=forward, pullback=pullback(1.001))
kinked = Subject(name="kinked", point={**point, "w": 0 * point["w"]}, forward=forward, pullback=pullback(1.0))
"""


@pytest.mark.parametrize(("name", "code"), [("right", 0), ("wrong", 1), ("kinked", None)])
@pytest.mark.slow
def test_an_audit_in_another_process_gives_the_same_json_byte_for_byte_apart_from_run(
    name: str, code: int | None, tmp_path: Path
) -> None:
    (tmp_path / "target.py").write_text(TARGET)
    said = []
    for salt in ("1", "2"):
        done = subprocess.run(  # noqa: S603 - this project's own command
            [sys.executable, "-m", "checks", "audit", f"target.py:{name}", "--json", "--seed", "11"],
            capture_output=True, text=True, cwd=tmp_path, timeout=120, encoding="utf-8",
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": salt, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert code is None or done.returncode == code, done.stderr
        said.append(done.stdout)
    first, second = map(json.loads, said)
    for parsed in (first, second):
        run = parsed.pop("run")
        assert {"seconds", "python", "numpy"} & set(json.dumps(run).replace('"', " ").replace(":", " ").split())
    assert json.dumps(first) == json.dumps(second)  # the order of the keys too

    def without_run(text: str) -> list[str]:
        lines = text.splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith('  "run"'))
        end = next(i for i in range(start, len(lines)) if lines[i].startswith("  }"))
        return lines[:start] + lines[end + 1 :]

    assert without_run(said[0]) == without_run(said[1])


def test_seeds_differ_and_equal_ones_repeat() -> None:
    def claims(seed: int) -> list[float | None]:
        return [v.claimed for v in audit(wave(), seed=seed, laws=["adjoint"]).verdicts]

    assert claims(5) == claims(5)
    assert claims(5) != claims(6)


def test_what_ran_before_changes_nothing() -> None:
    """Neither another audit nor the global random state."""
    before = repr(audit(wave(1.01), seed=2).verdicts)
    audit(wave(), seed=9)
    np.random.seed(99)  # noqa: NPY002 - the global state is the point
    assert repr(audit(wave(1.01), seed=2).verdicts) == before
