"""Wrong gradients that pass other checkers are caught by the law that exists for them; right ones pass."""

from __future__ import annotations

import numpy as np
import pytest
from counterexamples import RIGHT, WRONG

from checks import Outcome, Subject, audit


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradient_is_caught_by_its_law(name: str, seed: int) -> None:
    report = audit(WRONG[name].make(), seed=seed)
    expected = Outcome.INCONCLUSIVE if WRONG[name].law == "claimed" else Outcome.FAIL
    assert report.outcome is expected, str(report)
    assert {f.law for f in report.findings} == {WRONG[name].law}, str(report)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", RIGHT)
def test_right_gradient_passes(name: str, seed: int) -> None:
    report = audit(RIGHT[name](), seed=seed)
    assert report.outcome is Outcome.PASS, str(report)


def said(subject: Subject, law: str) -> str:
    """What the report says of a law's findings, with what stands under it."""
    found = [f for f in audit(subject).findings if f.law == law]
    return " ".join(f"{f.verdict.reason} {f.detail}" for f in found)


def test_messages_name_what_happened_to_the_upstream() -> None:
    assert "pullback(−2·v) is not −2·pullback(v)" in said(WRONG["upstream squared"].make(), "homogeneity")
    assert "as in v²" in said(WRONG["upstream squared"].make(), "homogeneity")
    assert "sign is lost" in said(WRONG["upstream's absolute value"].make(), "homogeneity")
    assert "afterwards 0" in said(WRONG["upstream zeroed in place"].make(), "pure")
    assert "pullback wrote into the cotangent" in said(WRONG["upstream doubled in place"].make(), "pure")


def test_a_leak_that_breaks_many_laws_is_said_once() -> None:
    total = {"x": np.zeros(6)}

    def pullback(p: dict[str, np.ndarray], v: np.ndarray) -> dict[str, np.ndarray]:
        total["x"] += np.cos(p["x"]) * v
        return total

    subject = Subject(name="leak", point={"x": np.arange(6.0)}, forward=lambda p: np.sin(p["x"]), pullback=pullback)
    report = audit(subject)
    assert [f.law for f in report.findings] == ["repeatable"]
    assert "+= into a buffer that nobody clears" in report.findings[0].verdict.reason
    for law in ("zero", "homogeneity", "additivity", "fresh", "adjoint"):
        assert law in report.findings[0].detail
    assert {v.cause for v in report.verdicts if v.law in ("zero", "adjoint")} == {"repeatable"}


def test_upstream_ignored_is_one_finding() -> None:
    report = audit(
        Subject(
            name="ones",
            point={"x": np.arange(6.0)},
            forward=lambda p: np.sin(p["x"]),
            pullback=lambda p, v: {"x": np.cos(p["x"])},
        )
    )
    assert [f.law for f in report.findings] == ["zero"]
    assert "homogeneity" in report.findings[0].detail


def test_cached_forward_of_another_call_is_named() -> None:
    cache: dict[str, np.ndarray] = {}

    def forward(p: dict[str, np.ndarray]) -> np.ndarray:
        cache["x"] = p["x"]
        return np.sin(p["x"])

    subject = Subject(
        name="cached",
        point={"x": np.arange(1.0, 6.0)},
        forward=forward,
        pullback=lambda p, v: {"x": np.cos(cache["x"]) * v},
    )
    report = audit(subject)
    assert [f.law for f in report.findings] == ["fresh"]
    assert "uses what the last call left behind" in report.findings[0].verdict.reason


@pytest.mark.parametrize("where", ["forward", "pullback", "zero"])
def test_what_raises_at_the_callers_point_is_a_failure_with_words_and_place(where: str) -> None:
    def forward(p: dict[str, np.ndarray]) -> np.ndarray:
        if where == "forward":
            raise NameError("name 'xs' is not defined")
        return np.sin(p["x"])

    def pullback(p: dict[str, np.ndarray], v: np.ndarray) -> dict[str, np.ndarray]:
        if where == "pullback" or (where == "zero" and not v.any()):
            raise NameError("name 'xs' is not defined")
        return {"x": np.cos(p["x"]) * v}

    report = audit(Subject(name="raises", point={"x": np.ones(2)}, forward=forward, pullback=pullback))
    assert report.outcome is Outcome.FAIL
    assert [f.law for f in report.findings] == [where]
    reason = report.findings[0].verdict.reason
    assert "NameError: name 'xs' is not defined" in reason
    assert "test_law_counterexamples.py:" in reason


def test_pullback_that_returns_no_mapping_is_told_what_is_expected() -> None:
    report = audit(
        Subject(name="bare", point={"x": np.ones(2)}, forward=lambda p: p["x"], pullback=lambda p, v: v)  # type: ignore[arg-type,return-value]  # the mistake
    )
    assert "it returned ndarray; expected a mapping of primal to gradient, such as {'x': …}" in str(report)


def test_a_backward_that_loses_digits_with_the_size_of_the_cotangent_is_right_and_one_that_bends_is_not() -> None:
    """As that of a matrix exponential, which works on a matrix that holds the cotangent: 1e-9 is lost at 2^20."""

    def outcome(bend: float) -> Outcome:
        def pullback(p: dict[str, np.ndarray], v: np.ndarray) -> dict[str, np.ndarray]:
            size = float(np.abs(v).max())
            lost = np.float64(0.1) * size**2  # digits go as something of this size is added and taken away
            return {"x": ((np.cos(p["x"]) * v + lost) - lost) * (1 + bend * size)}

        subject = Subject(name="sin", point={"x": np.arange(6.0)}, forward=lambda p: np.sin(p["x"]), pullback=pullback)
        return audit(subject, laws=["homogeneity"]).outcome

    assert outcome(0.0) is Outcome.PASS
    assert outcome(1e-11) is Outcome.FAIL
