"""A function that left its point alone once is looked at later: what it writes then is said all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from checks import Outcome, audit
from checks.report.record import Report
from checks.rows import MOST
from checks.subject import Subject

SHAPES = {"in a row": (6,), "large": (MOST // 100 + 7, 100)}
Write = Callable[[np.ndarray], None]


def once(x: np.ndarray) -> None:
    x[-1] += 1.0


def sign_of_zero(x: np.ndarray) -> None:
    x.reshape(-1)[0] = -0.0


def counted(shape: tuple[int, ...], function: str, nth: int, write: Write, *, kept: bool = False) -> tuple[Report, int]:
    """The report on a right function that writes into its point in one call; and how often it was called."""
    calls, mine = {"forward": 0, "pullback": 0}, list[np.ndarray]()
    x = np.random.default_rng(3).normal(size=shape)
    x.reshape(-1)[0] = 0.0

    def enter(name: str, p: Any) -> None:
        calls[name] += 1
        if kept:
            mine.append(p["x"])
        if name == function and calls[name] == nth:
            write(p["x"])

    def forward(p: Any) -> Any:
        f = np.sin(p["x"]).sum(axis=-1, keepdims=True)
        enter("forward", p)
        return f

    def pullback(p: Any, v: Any) -> Any:
        g = np.cos(p["x"]) * v
        enter("pullback", p)
        return {"x": g}

    subject = Subject(name="sines", point={"x": x}, forward=forward, pullback=pullback)
    return audit(subject, seed=5, locate=False), sum(calls.values())


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_a_right_function_is_held_once(shape: tuple[int, ...]) -> None:
    report, called = counted(shape, "nothing", 0, once)
    assert report.outcome is Outcome.PASS
    assert called == report.cost.forward + report.cost.pullback < 35


@pytest.mark.parametrize("kept", [False, True], ids=["given back", "kept"])
@pytest.mark.parametrize("write", [once, sign_of_zero])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8, 12])
def test_a_pullback_that_writes_in_one_call_alone_is_seen(
    nth: int, shape: tuple[int, ...], write: Write, kept: bool
) -> None:
    """In the first it is seen at once; in a later one all is held again, and every other verdict is what it was."""
    report, _ = counted(shape, "pullback", nth, write, kept=kept)
    assert {v.law for v in report.verdicts if v.outcome is Outcome.FAIL} == {"pure"}
    words = ("pullback wrote into the primal 'x'", "in one call something was written into the point")
    assert any(v.reason.startswith(words) for v in report.verdicts)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_a_pullback_that_writes_where_nothing_comes_in_is_named(shape: tuple[int, ...]) -> None:
    """The first upstream is an ordinary one, so that it is trusted; no later verdict is of what it left."""
    x = np.random.default_rng(4).normal(size=shape)

    def pullback(p: Any, v: Any) -> Any:
        g = np.cos(p["x"]) * v
        if not v.any():
            once(p["x"])
        return {"x": g}

    subject = Subject(
        name="sines", point={"x": x}, forward=lambda p: np.sin(p["x"]).sum(axis=-1, keepdims=True), pullback=pullback
    )
    report = audit(subject, locate=False)
    failed = [v for v in report.verdicts if v.outcome is Outcome.FAIL]
    assert [v.law for v in failed] == ["pure"]
    assert "pullback wrote into the primal 'x' that it was given" in failed[0].reason


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_what_was_written_before_another_call_raised_is_seen(shape: tuple[int, ...]) -> None:
    """A layout that is refused ends a call early: what an earlier one has written is looked at all the same."""
    x, wrote = np.random.default_rng(4).normal(size=shape), list[int]()

    def pullback(p: Any, v: Any) -> Any:
        if not p["x"].flags.writeable or not p["x"].flags.c_contiguous:
            raise ValueError("this layout is refused")
        g = np.cos(p["x"]) * v
        if not v.any() and not wrote:
            once(p["x"])
            wrote.append(1)
        return {"x": g}

    def forward(p: Any) -> Any:
        return np.sin(p["x"]).sum(axis=-1, keepdims=True)

    report = audit(Subject(name="sines", point={"x": x}, forward=forward, pullback=pullback), locate=False)
    assert [v.law for v in report.verdicts if v.outcome is Outcome.FAIL] == ["pure"]


def test_of_several_points_that_one_is_named_where_something_was_written() -> None:
    calls = []

    def pullback(p: Any, v: Any) -> Any:
        calls.append(1)
        g = np.cos(p["x"]) * v
        if len(calls) == 3:
            once(p["x"])
        return {"x": g}

    x = np.random.default_rng(3).normal(size=6)
    subject = Subject(name="sines", point={"x": x}, forward=lambda p: np.sin(p["x"]), pullback=pullback)
    report = audit(subject, profile="deep", locate=False)
    assert [(v.law, v.where) for v in report.verdicts if v.outcome is Outcome.FAIL] == [("pure", "at your point")]
