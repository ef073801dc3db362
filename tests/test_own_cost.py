"""Our own cost of a small layer: function calls are counted, which no load of the machine changes."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from checks import Subject, audit
from checks.verdict import Outcome

ALL_LAWS, ADJOINT = 6_600, 3_300  # calls an audit, of Python and of C; about 0.4 µs each on a quiet core


def layer() -> Subject:
    """A dense layer of 10 parameters."""
    rng = np.random.default_rng(0)

    def forward(p: Any) -> Any:
        return np.tanh(p["x"] @ p["w"] + p["b"])

    def pullback(p: Any, v: Any) -> Any:
        delta = v * (1 - forward(p) ** 2)
        return {"x": delta @ p["w"].T, "w": p["x"].T @ delta, "b": delta.sum(axis=0)}

    point = {"x": rng.normal(size=(6, 4)), "w": rng.normal(size=(4, 2)), "b": rng.normal(size=2)}
    return Subject(name="dense", point=point, forward=forward, pullback=pullback)


def calls_of(laws: list[str] | None) -> int:
    subject, seen = layer(), 0
    audit(subject, laws=laws)  # what is loaded and remembered on the way is no cost of an audit

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        report = audit(subject, laws=laws, seed=1)
    finally:
        sys.setprofile(before)
    assert report.outcome is Outcome.PASS
    return seen


def test_an_audit_of_a_small_layer_makes_few_calls_of_its_own() -> None:
    assert calls_of(None) <= ALL_LAWS
    assert calls_of(["adjoint"]) <= ADJOINT


def test_a_right_claim_costs_12_forward_passes_and_2_pullbacks_at_most_whatever_its_size() -> None:
    for n, most in (
        (4, 10),
        (400, 10),
        (40_000, 12),
        (400_000, 12),
    ):  # many outputs are looked at twice more, or asked again
        x = np.random.default_rng(n).normal(size=n)
        subject = Subject(
            name="sine",
            point={"x": x},
            forward=lambda p: np.sin(p["x"]),
            pullback=lambda p, v: {"x": v * np.cos(p["x"])},
        )
        cost = audit(subject, laws=["adjoint"]).cost
        assert cost.forward <= most
        assert cost.pullback == 2
