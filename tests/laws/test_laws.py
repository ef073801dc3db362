"""The table, its costs, and the parts that every law uses."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks import MisuseError, Outcome, Subject, audit
from checks.laws import LAWS
from checks.laws.fold import EVERYWHERE, FOLDS, folded, grouped
from checks.laws.table import spent, table
from checks.verdict import Verdict


@pytest.mark.parametrize("name", [n for n, law in LAWS.items() if not law.needs])
def test_row_says_what_its_law_costs_alone(name: str) -> None:
    forwards, pullbacks = spent([name])
    assert (forwards, pullbacks) == (LAWS[name].forwards, LAWS[name].pullbacks)


def test_all_laws_together_stay_under_fifteen() -> None:
    forwards, pullbacks = spent(list(LAWS))
    assert forwards + 1 <= 11
    assert pullbacks + 1 <= 14


def test_additivity_holds_two_layouts_and_where_one_is_wrong_it_is_layout_that_says_so() -> None:
    """Upstreams in other orders are read as they lie in memory: additivity is asked again, without them."""

    def pullback(p: Any, v: Any) -> Any:
        flat = v.T.reshape(v.shape) if v.flags.f_contiguous and not v.flags.c_contiguous else v
        return {"x": 2 * p["x"] * flat}

    subject = Subject(name="square", point={"x": np.arange(1.0, 7.0).reshape(2, 3)}, forward=lambda p: p["x"] ** 2,
                      pullback=pullback)  # fmt: skip
    report = audit(subject, laws=["additivity", "layout"])
    assert {v.law for v in report.verdicts if v.outcome is Outcome.FAIL} == {"layout"}
    right = audit(declaring(), laws=["additivity", "layout"])
    assert (right.outcome, right.cost.pullback) == (Outcome.PASS, 1 + 2 + 1)


@pytest.mark.parametrize("n", [3, 50_000], ids=["few", "many"])
@pytest.mark.parametrize(
    "spoilt", [lambda g: None, lambda g: g.reshape(-1), lambda g: g.T], ids=["None", "flat", "turned"]
)
def test_a_gradient_without_its_shape_in_another_layout_is_seen_whatever_it_adds_up_to(spoilt: Any, n: int) -> None:
    x = np.random.default_rng(0).normal(size=(2, n))

    def pullback(p: Any, v: np.ndarray) -> dict[str, Any]:
        g = v[:, None] * np.cos(p["x"])
        return {"x": g if p["x"].flags.writeable else spoilt(g)}

    subject = Subject(name="f", point={"x": x}, forward=lambda p: np.sin(p["x"]).sum(axis=1), pullback=pullback)
    report = audit(subject, laws=["additivity", "layout"], locate=False)
    assert {f.verdict.law for f in report.findings} == {"layout"}
    assert report.outcome is Outcome.FAIL


def test_what_is_declared_may_share_the_buffer_of_the_pullback() -> None:
    """It is asked for before a gradient is compared that nobody has copied."""
    x, y, buffer = np.random.default_rng(0).normal(size=50_000), np.ones(3, dtype=np.float32), np.empty(50_000)

    def pullback(p: Any, v: np.ndarray) -> dict[str, Any]:
        np.multiply(1 - np.tanh(p["x"]) ** 2, v, out=buffer)
        return {"x": buffer, "y": np.full(3, v.sum(), dtype=np.float32)}

    subject = Subject(
        name="f",
        point={"x": x, "y": y},
        forward=lambda p: np.tanh(p["x"]) + p["y"].sum(),
        pullback=pullback,
        declared=lambda p, v: {"y": pullback(p, v)["y"]},
    )
    report = audit(subject, laws=["additivity", "layout"])
    assert report.outcome is Outcome.PASS, str(report)
    assert report.cost.pullback == audit(replace(subject, declared=None), laws=["additivity", "layout"]).cost.pullback


def test_homogeneity_asks_for_smaller_factors_where_something_is_off_alone() -> None:
    subject = declaring()
    assert audit(subject, laws=["homogeneity"]).cost.pullback == 1 + 2
    clipped = replace(subject, pullback=lambda p, v: {"x": 2 * p["x"] * np.clip(v, -100, 100)})
    (failed,) = [v for v in audit(clipped, laws=["homogeneity"], locate=False).verdicts if v.outcome is Outcome.FAIL]
    assert "pullback(2^20·v) is not" in failed.reason


def declaring(**options: object) -> Subject:
    return Subject(
        name="square",
        point={"x": np.linspace(1, 2, 6)},
        forward=lambda p: p["x"] ** 2,
        pullback=lambda p, v: {"x": 2 * p["x"] * v},
        **options,  # type: ignore[arg-type]  # what a law needs
    )


NEEDS = {
    "declared": {"declared": lambda p, v: {"x": 2 * p["x"] * v}},
    "jvp": {"jvp": lambda p, u: 2 * p["x"] * u["x"]},
    "symmetry": {"symmetric": True},
    "batch": {"batch_axis": 0},
}


@pytest.mark.parametrize("name", NEEDS)
def test_law_that_needs_a_declaration_costs_what_its_row_says(name: str) -> None:
    report = audit(declaring(**NEEDS[name]), laws=[name])
    assert report.outcome is Outcome.PASS
    assert (report.cost.forward - 1, report.cost.pullback - 1) == (LAWS[name].forwards, LAWS[name].pullbacks)


@pytest.mark.parametrize("name", [n for n, law in LAWS.items() if law.needs])
def test_law_that_needs_a_declaration_is_not_held_without_it(name: str) -> None:
    report = audit(declaring(), laws=[name])
    assert report.verdicts == ()


def test_accumulation_costs_what_its_row_says() -> None:
    def make() -> Subject:
        total = {"x": np.zeros(6)}

        def pullback(p: object, v: np.ndarray) -> dict[str, np.ndarray]:
            total["x"] = total["x"] + 2 * v
            return dict(total)

        return Subject(
            name="buffer",
            point={"x": np.ones(6)},
            forward=lambda p: 2 * p["x"],
            pullback=pullback,
            fresh=make,
            accumulates=True,
        )

    report = audit(make(), laws=["accumulation"])
    assert report.outcome is Outcome.PASS
    assert report.cost.pullback - 1 == LAWS["accumulation"].pullbacks
    assert audit(make()).outcome is Outcome.PASS


def test_table_is_printed_by_one_command() -> None:
    run = subprocess.run([sys.executable, "-m", "checks.laws"], capture_output=True, check=True, encoding="utf-8")
    assert run.stdout.strip() == table()
    assert all(f"| {name} |" in run.stdout for name in LAWS)


def test_documented_table_is_the_printed_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "laws.md").read_text(encoding="utf-8")
    between = page.split("<!-- cost table: python -m checks.laws -->")[1].split("<!-- end of the cost table -->")[0]
    assert between.strip() == table()


def test_every_row_says_what_it_is_for() -> None:
    assert all(law.sentence and law.exists_for for law in LAWS.values())


def test_laws_are_chosen_by_name() -> None:
    report = audit(declaring(), laws=["zero", "pure"])
    assert [v.law for v in report.verdicts] == ["zero", "pure"]
    with pytest.raises(MisuseError, match="there is no law 'linearity'; the laws are shapes, claimed"):
        audit(declaring(), laws=["linearity"])


def test_what_folds_are_laws_and_no_law_folds_itself() -> None:
    for law, effects in FOLDS.items():
        assert law in LAWS
        assert set(effects) <= set(LAWS)
        assert law not in effects
    assert set(EVERYWHERE) <= set(FOLDS)


def test_folding_loses_no_verdict_and_every_failure_stands_somewhere() -> None:
    rng = np.random.default_rng(0)
    names, outcomes = list(LAWS), list(Outcome)
    for _ in range(500):
        found = [
            Verdict(law=names[i], tensor=rng.choice(["", "w", "b", "w (entries claimed zero)"]), outcome=outcomes[j])
            for i, j in zip(rng.integers(0, len(names), 12), rng.integers(0, 3, 12), strict=True)
        ]
        groups = grouped(folded(found))
        said = [v for head, rest in groups for v in (head, *rest)]
        assert len(said) == sum(v.outcome is not Outcome.PASS for v in found)
        assert all(not head.cause for head, _ in groups)


def test_a_wrong_value_of_another_gradient_is_not_folded() -> None:
    found = [
        Verdict(law="zero", tensor="w", outcome=Outcome.FAIL),
        Verdict(law="adjoint", tensor="b", outcome=Outcome.FAIL),
    ]
    assert [v.cause for v in folded(found)] == ["", ""]


def test_an_audit_within_a_budget_says_what_was_not_held() -> None:
    report = audit(declaring(), budget=2)
    assert report.outcome is Outcome.INCONCLUSIVE
    assert any("budget of 2 forward passes is spent" in v.reason for v in report.verdicts)
    assert report.cost.forward == 2


def test_left_out_for_a_reason_is_a_note() -> None:
    report = audit(declaring(unclaimed={"w": "frozen"}))
    assert report.outcome is Outcome.PASS
    assert "not audited: 'w' (frozen)" in report.notes


def test_refused_layout_is_a_note() -> None:
    def pullback(p: object, v: np.ndarray) -> dict[str, np.ndarray]:
        if v.strides[0] != v.itemsize:
            raise ValueError("ndarray is not C-contiguous")
        return {"x": 3 * v}

    report = audit(Subject(name="typed", point={"x": np.ones(4)}, forward=lambda p: 3 * p["x"], pullback=pullback))
    assert report.outcome is Outcome.PASS
    assert any("strided and backwards in memory" in note and "not C-contiguous" in note for note in report.notes)


def test_batch_that_cannot_be_halved_is_said() -> None:
    report = audit(
        Subject(
            name="one",
            point={"x": np.ones((1, 2))},
            forward=lambda p: 2 * p["x"],
            pullback=lambda p, v: {"x": 2 * v},
            batch_axis=0,
        )
    )
    assert report.outcome is Outcome.INCONCLUSIVE
    assert "the outputs have 1 examples along axis 0" in report.findings[0].verdict.reason


def test_float32_inside_a_float64_forward_is_a_note_with_the_bits() -> None:
    def single(x: np.ndarray) -> np.ndarray:
        return np.sin(x.astype(np.float32)).astype(np.float64)

    report = audit(
        Subject(
            name="sin",
            point={"x": np.linspace(0.1, 1, 12)},
            forward=lambda p: single(p["x"]),
            pullback=lambda p, v: {"x": np.cos(p["x"]) * v},
        ),
        laws=["precision"],
    )
    assert report.outcome is Outcome.PASS
    assert report.notes == ("forward says float64, its values carry 24 bits, as float32 does",)


def test_what_no_other_law_asks_for_is_let_go_once_its_law_holds() -> None:
    x = np.random.default_rng(0).normal(size=200_000)
    subject = Subject(
        name="sine",
        point={"x": x},
        forward=lambda p: np.array([np.sin(p["x"]).sum()]),
        pullback=lambda p, v: {"x": v * np.cos(p["x"])},
    )
    tracemalloc.start()
    try:
        audit(subject, laws=[name for name in LAWS if name != "adjoint"])
        most = tracemalloc.get_traced_memory()[1] / x.nbytes
    finally:
        tracemalloc.stop()
    assert most < 14  # of the seventeen gradients that they ask for; 19 where all are kept
