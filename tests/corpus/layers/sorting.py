"""Sorting along the last axis, each rank with a weight of its own."""

import numpy as np


def draw(rng, n=3, d=5):
    return rng.normal(size=(n, d)), rng.normal(size=d)


def forward(x, w):
    order = np.argsort(x, axis=1)
    ranked = np.take_along_axis(x, order, axis=1)
    return ranked * w, (ranked, order, w)


def backward(dout, cache):
    ranked, order, w = cache
    dx = np.empty_like(ranked)
    np.put_along_axis(dx, order, dout * w, axis=1)
    dw = (dout * ranked).sum(axis=0)
    return dx, dw


def twin(torch, x, w):
    return torch.sort(x, dim=1).values * w
