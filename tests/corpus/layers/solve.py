"""Linear systems A x = b, through the solution."""

import numpy as np


def draw(rng, n=4, k=2):
    return rng.normal(size=(n, n)) + 3 * np.eye(n), rng.normal(size=(n, k))


def forward(a, b):
    x = np.linalg.solve(a, b)
    return x, (a, x)


def backward(dout, cache):
    a, x = cache
    db = np.linalg.solve(a.T, dout)
    da = -db @ x.T
    return da, db


def twin(torch, a, b):
    return torch.linalg.solve(a, b)
