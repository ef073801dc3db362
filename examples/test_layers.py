"""The three-line test, on a right layer and on one that averages over the batch: ``pytest examples/test_layers.py``."""

from __future__ import annotations

from typing import Any

import numpy as np

import checks


class Dense:
    """x W + b."""

    def __init__(self, i: int, o: int) -> None:
        self.W, self.b = np.random.randn(i, o), np.zeros(o)  # noqa: NPY002 - as layers do

    def forward(self, x: Any) -> Any:
        """Keep x for the way back."""
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout: Any) -> Any:
        """Leave dW and db beside W and b."""
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Averaged(Dense):
    """The same, with a mean where the sum over the batch belongs."""

    def backward(self, dout: Any) -> Any:
        """Average what should be summed."""
        dx = super().backward(dout)
        self.db = dout.sum(axis=0) / max(len(dout), 1)
        return dx


@checks.parametrize_with_gradient_checks([Dense, Averaged], shapes="(n,i)->(n,o)")
def test_gradients(gradient_check: Any) -> None:
    """One test for each layer and law."""
    gradient_check()
