"""Stacked: several t in one forward give the same verdicts for fewer calls; who only says so is found out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from checks import Report, Subject, audit
from checks.verdict import Outcome

RNG = np.random.default_rng(0)
POINT = {"x": RNG.normal(size=(5, 3)), "w": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4)}


def honest(p: Any) -> np.ndarray:
    """A dense layer that keeps leading axes."""
    return np.tanh(p["x"] @ p["w"] + p["b"][..., None, :])


def pullback(p: Any, v: np.ndarray, factor: float = 1.0) -> dict[str, np.ndarray]:
    d = v * (1 - honest(p) ** 2)
    return {"x": d @ p["w"].T, "w": factor * p["x"].T @ d, "b": d.sum(axis=0)}


def judged(forward: Callable[[Any], Any], *, vectorised: bool = True, factor: float = 1.0, **options: Any) -> Report:
    subject = Subject(
        name="layer",
        point=POINT,
        forward=forward,
        pullback=lambda p, v: pullback(p, v, factor),
        vectorised=vectorised,
    )
    return audit(subject, laws=["adjoint"], **options)


@pytest.mark.parametrize("seed", range(3))
def test_right_and_wrong_claims_are_judged_alike_for_fewer_forward_passes(seed: int) -> None:
    for factor, outcome, share in ((1.0, Outcome.PASS, 0.9), (1 + 1e-4, Outcome.FAIL, 0.4), (-1.0, Outcome.FAIL, 0.4)):
        many = judged(honest, factor=factor, seed=seed)
        one = judged(honest, factor=factor, seed=seed, vectorised=False)
        assert many.outcome is one.outcome is outcome
        assert [(v.tensor, v.outcome) for v in many.verdicts] == [(v.tensor, v.outcome) for v in one.verdicts]
        assert many.cost.forward <= share * one.cost.forward
        assert not many.notes
        for a, b in zip(many.verdicts, one.verdicts, strict=True):
            assert a.claimed == b.claimed
            assert a.estimate is not None
            assert b.estimate is not None
            assert abs(a.estimate.value - b.estimate.value) <= a.estimate.bar + b.estimate.bar


def of_the_first(name: str) -> Callable[[Any], Any]:
    """Takes one primal from the first copy only."""

    def forward(p: Any) -> np.ndarray:
        stacked = p["x"].ndim == 3
        return honest({**p, name: p[name][:1]} if stacked else p)

    return forward


LIARS = {
    "weights of the first copy": of_the_first("w"),
    "bias of the first copy": of_the_first("b"),
    "no axis kept": lambda p: honest(p)[0] if p["x"].ndim == 3 else honest(p),
    "raises": lambda p: honest(p) if p["x"].ndim == 2 else 1 / 0,
    "copies turned round": lambda p: honest(p)[::-1] if p["x"].ndim == 3 else honest(p),
    "float32 for many": lambda p: honest(p).astype(np.float32) if p["x"].ndim == 3 else honest(p),
}


@pytest.mark.parametrize("liar", list(LIARS))
def test_who_says_it_and_does_not_is_evaluated_one_by_one(liar: str) -> None:
    for factor, outcome in ((1.0, Outcome.PASS), (1.01, Outcome.FAIL)):
        report = judged(LIARS[liar], factor=factor)
        assert report.outcome is outcome
        assert "one by one" in report.notes[-1]


def test_a_copy_outside_the_domain_leaves_the_others_to_be_asked_alone() -> None:
    x = np.array([1e-9, 1.0])

    def forward(p: Any) -> np.ndarray:
        assert (p["x"] > 0).all()
        return np.sqrt(p["x"])

    subject = Subject(
        name="sqrt",
        point={"x": x},
        forward=forward,
        pullback=lambda p, v: {"x": v / 2 / np.sqrt(p["x"])},
        vectorised=True,
    )
    assert audit(subject, laws=["adjoint"]).outcome is not Outcome.FAIL


def test_mappings_of_outputs_are_stacked_as_well() -> None:
    subject = Subject(
        name="two",
        point={"x": RNG.normal(size=6)},
        forward=lambda p: {"sin": np.sin(p["x"]), "sum": p["x"].sum(axis=-1)},
        pullback=lambda p, v: {"x": v["sin"] * np.cos(p["x"]) + v["sum"]},
        vectorised=True,
    )
    report = audit(subject, laws=["adjoint"])
    assert report.outcome is Outcome.PASS
    assert report.cost.forward < 10
    assert not report.notes


def test_large_points_are_not_stacked() -> None:
    sizes = []

    def forward(p: Any) -> np.ndarray:
        sizes.append(p["x"].ndim)
        return p["x"][..., :3] * 2

    def back(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
        g = np.zeros_like(p["x"])
        g[:3] = 2 * v
        return {"x": g}

    x = np.random.default_rng(0).normal(size=1_000_000)
    assert audit(
        Subject(name="f", point={"x": x}, forward=forward, pullback=back, vectorised=True), laws=["adjoint"]
    ).outcome is Outcome.PASS  # fmt: skip
    assert set(sizes) == {1}
