"""Linear algebra on exact numbers: textbook pullbacks are proved, wrong ones failed; and what is not provable."""

from __future__ import annotations

import numpy as np
import pytest

from checks import Outcome, Subject, audit

pytest.importorskip("flint", reason="python-flint is not installed: it is what proves")

A = np.random.default_rng(1).normal(size=(2, 3, 3)) + 2 * np.eye(3)
B = np.random.default_rng(2).normal(size=(2, 3, 2))
SYMMETRIC = A[0] @ A[0].T + np.eye(3)


def turned(x):
    return np.swapaxes(x, -1, -2)


def solve_pullback(v, a, b):
    w = np.linalg.solve(turned(a), v)
    return -w @ turned(np.linalg.solve(a, b)), w


def vector_pullback(v, a, b):
    w = np.linalg.solve(a.T, v)
    return -np.outer(w, np.linalg.solve(a, b)), w


def inverse_pullback(v, a):
    back = turned(np.linalg.inv(a))
    return -back @ v @ back


def scaled_inverse(v, a):
    return np.asarray(v)[..., None, None] * turned(np.linalg.inv(a))


def cholesky_pullback(v, a):
    """Murray 2016, by the lower triangle, which is the one that NumPy reads."""
    L = np.linalg.cholesky(a)
    inner, back = np.tril(L.T @ v), np.linalg.inv(L)
    inner[np.diag_indices(len(a))] /= 2
    made = back.T @ inner @ back
    made = np.tril(made + made.T)
    made[np.diag_indices(len(a))] /= 2
    return made


def claim(forward, pullback, point):
    def by_name(p, v):
        found = pullback(v, *p.values())
        return dict(zip(p, found if isinstance(found, tuple) else (found,), strict=True))

    point = {name: x.copy() for name, x in zip("ab", point, strict=False)}
    return Subject(name="linear", point=point, forward=lambda p: forward(*p.values()), pullback=by_name)


PROVABLE = {
    "solve": (np.linalg.solve, solve_pullback, (A, B)),
    "solve a vector": (np.linalg.solve, vector_pullback, (A[0], B[0, :, 0])),
    "inv": (np.linalg.inv, inverse_pullback, (A,)),
    "det": (np.linalg.det, lambda v, a: scaled_inverse(v * np.linalg.det(a), a), (A,)),
    "slogdet": (lambda a: np.linalg.slogdet(a).logabsdet, scaled_inverse, (A,)),
    "slogdet, negative": (lambda a: np.linalg.slogdet(a)[1], scaled_inverse, (A[0][[1, 0, 2]],)),
    "cholesky": (np.linalg.cholesky, cholesky_pullback, (SYMMETRIC,)),
    "norm": (np.linalg.norm, lambda v, a: v * a / np.linalg.norm(a), (A[0],)),
}


@pytest.mark.parametrize("name", PROVABLE)
def test_what_linear_algebra_gives_is_proved_and_a_wrong_pullback_fails(name):
    forward, pullback, point = PROVABLE[name]
    report = audit(claim(forward, pullback, point), proof=True, laws=["adjoint"])
    assert report.outcome is Outcome.PASS
    assert all(v.estimate.proved for v in report.verdicts)
    assert max(max(v.estimate.errors.relative) for v in report.verdicts) < 1e-13

    def slightly(v, *point):
        found = pullback(v, *point)
        first = found[0] if isinstance(found, tuple) else found
        first[np.unravel_index(np.abs(first).argmax(), first.shape)] *= 1 + 1e-9
        return found

    report = audit(claim(forward, slightly, point), resolution=1e-11, laws=["adjoint"])
    assert report.outcome is Outcome.FAIL
    assert "proved: 1 of " in report.findings[0].verdict.reason


def singular_pullback(v, a):
    u, _, w = np.linalg.svd(a)
    return u * v @ w


def eigen_pullback(v, a):
    _, q = np.linalg.eigh((a + a.T) / 2)
    return q * v @ q.T


@pytest.mark.parametrize(
    ("name", "forward", "pullback"),
    [
        ("svd", lambda a: np.linalg.svd(a, compute_uv=False), singular_pullback),
        ("eigvalsh", lambda a: np.linalg.eigvalsh((a + a.T) / 2), eigen_pullback),
    ],
)
def test_iterations_in_floats_are_said_not_to_be_provable(name, forward, pullback):
    report = audit(claim(forward, pullback, (A[0],)), proof=True, laws=["adjoint"])
    assert report.outcome is Outcome.PASS
    assert not any(v.estimate.proved for v in report.verdicts)
    assert f"not provable here: np.linalg.{name} computes in floats alone" in str(report)


def test_a_singular_matrix_and_a_shape_that_does_not_fit_prove_nothing():
    from checks.numeric.balls import linear
    from checks.numeric.balls.enclose import enclose
    from checks.numeric.balls.tape import NotProvableError

    x = np.ones((2, 2))
    with pytest.raises(NotProvableError, match="the digits did not suffice"):
        enclose(lambda p: np.linalg.inv(p["x"]).ravel(), {"x": x}, {"x": x}, np.ones(4), np.ones(4))
    with pytest.raises(np.linalg.LinAlgError, match=r"expected square matrices; the shape is \(2, 3\)"):
        linear.det(np.ones((2, 3)))
