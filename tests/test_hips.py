"""HIPS autograd: primitives and functions written with autograd.numpy, right and wrong."""

from __future__ import annotations

import numpy as np
import pytest

from checks import Outcome, audit
from checks.adapters import FRAMEWORKS, adapt
from checks.adapters.row import Seen

autograd = pytest.importorskip("autograd", reason="autograd is not installed: it is what is audited here")
anp = pytest.importorskip("autograd.numpy", reason="autograd is not installed: it is what is audited here")
extend = pytest.importorskip("autograd.extend", reason="autograd is not installed: it is what is audited here")
RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2))


def square(factor=1.0):
    @extend.primitive
    def square(x):
        return x * x

    extend.defvjp(square, lambda ans, x: lambda v: factor * 2 * x * v)
    return square


def layer(params, x):
    h = anp.tanh(anp.dot(x, params["w"]) + params["b"])
    return {"h": h, "sum": anp.sum(h)}


@pytest.mark.parametrize("target", [anp.tanh, square(), lambda x: anp.sum(x), lambda x: square()(x)])
def test_each_target_is_read_as_a_function_of_autograd(target):
    seen = Seen(target, (X,))
    assert [name for name, r in FRAMEWORKS.items() if not r.missing(seen)] == ["autograd function"]


def test_a_function_of_numpy_alone_is_none_of_autograds():
    assert not [name for name, r in FRAMEWORKS.items() if not r.missing(Seen(lambda x: np.tanh(x), (X,)))]


def test_a_primitive_passes_and_a_spoiled_one_fails_with_its_ratio():
    assert audit(square(), X).outcome is Outcome.PASS
    report = audit(square(1.01), X)
    assert report.outcome is Outcome.FAIL
    assert all(abs(f.verdict.ratio - 1.01) < 1e-6 for f in report.findings if f.verdict.ratio)


def test_nested_arguments_several_outputs_and_forward_mode():
    report = audit(layer, {"w": W, "b": np.ones(2)}, X)
    assert report.outcome is Outcome.PASS, str(report)
    assert [v.tensor for v in report.verdicts if v.law == "shapes"] == ["params.w", "params.b", "x"]
    assert "jvp" in {v.law for v in report.verdicts}
    only = adapt(layer, {"w": W, "b": np.ones(2)}, X, wrt="x")
    assert list(only.point) == ["x"]


def test_complex_numbers_in_autograds_convention():
    z = RNG.normal(size=3) + 1j * RNG.normal(size=3)
    assert audit(lambda z: anp.real(z * anp.conj(z)) + anp.imag(z * z), z).outcome is Outcome.PASS

    @extend.primitive
    def twice(z):
        return z * z

    extend.defvjp(twice, lambda ans, z: lambda v: 2 * np.conj(z) * v)  # PyTorch's convention, not autograd's
    assert audit(twice, z).outcome is Outcome.FAIL


def test_what_raises_is_a_finding():
    def broken(x):
        raise ValueError(f"no such layer as {anp.pi}")

    report = audit(broken, X)
    assert report.outcome is Outcome.FAIL
    assert "no such layer" in str(report)
