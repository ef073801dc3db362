"""Maxout: the largest of three linear pieces."""

import numpy as np


def draw(rng, n=5, d=3, m=2):
    return rng.normal(size=(n, d)), rng.normal(size=(3, d, m)), rng.normal(size=(3, m))


def forward(x, w, b):
    z = np.einsum("nd,kdm->knm", x, w) + b[:, None]
    best = z.argmax(axis=0)
    return z.max(axis=0), (x, w, best)


def backward(dout, cache):
    x, w, best = cache
    chosen = (np.arange(3)[:, None, None] == best) * dout
    dx = np.einsum("knm,kdm->nd", chosen, w)
    dw = np.einsum("knm,nd->kdm", chosen, x)
    db = chosen.sum(axis=1)
    return dx, dw, db


def twin(torch, x, w, b):
    return torch.amax(x @ w + b[:, None], dim=0)
