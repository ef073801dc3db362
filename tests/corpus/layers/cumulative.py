"""Running sums and running products along the last axis, weighted into one output."""

import numpy as np


def draw(rng, n=3, d=5):
    return rng.uniform(0.5, 1.5, size=(n, d)), rng.uniform(0.5, 1.5, size=(n, d))


def forward(x, y):
    s, p = np.cumsum(x, axis=1), np.cumprod(y, axis=1)
    return s * p, (s, p, y)


def backward(dout, cache):
    s, p, y = cache
    ds, dp = dout * p, dout * s
    dx = np.cumsum(ds[:, ::-1], axis=1)[:, ::-1]
    dy = np.cumsum((dp * p)[:, ::-1], axis=1)[:, ::-1] / y
    return dx, dy


def twin(torch, x, y):
    return torch.cumsum(x, dim=1) * torch.cumprod(y, dim=1)
