"""Laws on gradients too large to be kept in rows: compared block by block, and before the next call not copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from checks import Outcome, audit
from checks.rows import MOST
from checks.subject import Subject

SHAPE = (MOST // 1000 + 9, 1000)
X = np.random.default_rng(0).normal(size=SHAPE)


def forward(p: Any) -> np.ndarray:
    return np.asarray(np.tanh(p["x"]).sum(axis=1))


def right(x: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.asarray(v[:, None] / np.cosh(x) ** 2)


def subject(backward: Callable[[np.ndarray, np.ndarray], np.ndarray], point: np.ndarray = X) -> Subject:
    """Its pullback returns the same array each time, written anew: what was not copied by then is lost."""
    buffer = np.empty(SHAPE)

    def pullback(p: Any, v: Any) -> Any:
        buffer[...] = backward(p["x"], v)
        return {"x": buffer}

    return Subject(name="large", point={"x": point}, forward=forward, pullback=pullback)


def normalised(x: np.ndarray, v: np.ndarray) -> np.ndarray:
    return right(x, v) * (1 + 1e-9 * np.abs(v).max() / (np.abs(v).sum() or 1.0))


def clipped(x: np.ndarray, v: np.ndarray) -> np.ndarray:
    return right(x, np.clip(v, -1e3, 1e3))


def offset(x: np.ndarray, v: np.ndarray) -> np.ndarray:
    g = right(x, v)
    g[-1, -1] += 1e-300
    return g


def adding() -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    total = np.zeros(SHAPE)

    def backward(x: np.ndarray, v: np.ndarray) -> np.ndarray:
        total[...] += right(x, v)
        return total

    return backward


def stale() -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    seen: list[np.ndarray] = []

    def backward(x: np.ndarray, v: np.ndarray) -> np.ndarray:
        seen.append(np.array(x))
        return right(seen[-2] if len(seen) > 1 and not np.array_equal(seen[-2], x) else x, v)

    return backward


def single(x: np.ndarray, v: np.ndarray) -> np.ndarray:
    return right(x.astype(np.float32), v.astype(np.float32)).astype(np.float64)


def in_rows(x: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Reads memory where it should read indices: right in C order alone."""
    return right(x if x.flags.c_contiguous else np.ascontiguousarray(x.T).reshape(x.shape), v)


def test_right_gradients_pass_all_laws() -> None:
    report = audit(subject(right))
    assert report.outcome is Outcome.PASS, str(report)
    assert report.cost.pullback == 12


@pytest.mark.parametrize(
    ("backward", "law"),
    [
        (offset, "zero"),
        (clipped, "homogeneity"),
        (normalised, "additivity"),
        (adding(), "repeatable"),
        (stale(), "fresh"),
        (single, "precision"),
        (in_rows, "layout"),
    ],
    ids=lambda x: getattr(x, "__name__", x),
)
def test_each_law_sees_its_mistake(backward: Any, law: str) -> None:
    report = audit(subject(backward), locate=False)
    failed = {v.law for v in report.verdicts if v.outcome is Outcome.FAIL}
    assert law in failed, str(report)
    assert any(v.law == law and not v.cause for v in report.verdicts if v.outcome is Outcome.FAIL), str(report)


def test_an_array_of_one_number_is_asked_with_stride_0_and_others_as_they_are() -> None:
    def backward(x: np.ndarray, v: np.ndarray) -> np.ndarray:
        return right(x * 2 if 0 in x.strides or 0 in v.strides else x, v)

    for point in (X, np.full(SHAPE, 0.5)):
        report = audit(subject(backward, point), laws=["layout"])
        assert report.outcome is Outcome.FAIL
