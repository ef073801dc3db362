"""A dense layer on a batch of rows: x W + b."""

import numpy as np


def draw(rng, n=6, d=4, m=3):
    return rng.normal(size=(n, d)), rng.normal(size=(d, m)), rng.normal(size=m)


def forward(x, w, b):
    return x @ w + b, (x, w)


def backward(dout, cache):
    x, w = cache
    dx = dout @ w.T
    dw = x.T @ dout
    db = np.sum(dout, axis=0)
    return dx, dw, db


def twin(torch, x, w, b):
    return torch.nn.functional.linear(x, w.T, b)
