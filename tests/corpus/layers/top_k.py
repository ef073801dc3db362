"""The k largest of each row, largest first."""

import numpy as np

K = 3


def draw(rng, n=3, d=6):
    return (rng.normal(size=(n, d)),)


def forward(x):
    at = np.argsort(-x, axis=1)[:, :K]
    return np.take_along_axis(x, at, axis=1), (at, x)


def backward(dout, cache):
    at, x = cache
    rows = np.arange(len(at))[:, None]
    dx = np.zeros_like(x)
    dx[rows, at] = dout
    return dx


def twin(torch, x):
    return torch.topk(x, K, dim=1).values
