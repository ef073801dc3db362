"""Rows scaled to unit length, with an epsilon that keeps zero rows finite."""

import numpy as np

EPS = 1e-2


def draw(rng, n=4, d=4):
    return (rng.normal(size=(n, d)),)


def forward(x):
    length = np.sqrt((x * x).sum(axis=1, keepdims=True) + EPS)
    return x / length, (x, length)


def backward(dout, cache):
    x, length = cache
    along = (dout * x).sum(axis=1, keepdims=True)
    dx = dout / length - x * along / length**3
    return dx


def twin(torch, x):
    return x / torch.sqrt(torch.linalg.vector_norm(x, dim=1, keepdim=True) ** 2 + EPS)
