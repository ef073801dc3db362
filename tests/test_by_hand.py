"""The networks of the speed benchmark by hand are those that torch differentiates, and what is planted is planted."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: the benchmark's other checkers are its own")

from benchmarks.speed.by_hand import by_hand
from benchmarks.speed.checkers import CHECKERS
from benchmarks.speed.functions import network, spoilt


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_they_are_the_same_functions_at_the_same_points(activation: str) -> None:
    ours, torchs = by_hand("1e2", activation), network("1e2", activation)
    value = ours.forward(ours.point)
    assert value.T.ravel().tolist() == pytest.approx(torchs.forward(torchs.point).ravel().tolist(), rel=1e-13)
    gradient = ours.pullback(ours.point, torchs.cotangent.T.copy())
    for name, g in torchs.pullback(torchs.point, torchs.cotangent).items():
        assert gradient[name].T.reshape(g.shape) == pytest.approx(g, rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("checker", ["adjoint law", "gradcheck, fast", "jax check_grads"])
def test_every_checker_is_given_the_backward_by_hand(checker: str) -> None:
    if checker.startswith("jax"):
        pytest.importorskip("jax", reason="jax is not installed: its check is one of the peers")
    function = by_hand("1e2", "tanh")
    right, wrong = (CHECKERS[checker](function, spoil, 3) for spoil in (None, spoilt(function, "everything", 0.5)))
    assert (right.objects, wrong.objects) == (False, True)
    assert right.forwards > 3
