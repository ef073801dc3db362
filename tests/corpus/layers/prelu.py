"""Leaky relu with a learnt slope per channel of a picture."""

import numpy as np


def draw(rng, n=2, c=3, h=2, w=3):
    return rng.normal(size=(n, c, h, w)), rng.uniform(0.1, 0.4, size=c)


def forward(x, slope):
    return np.where(x > 0, x, slope[:, None, None] * x), (x, slope)


def backward(dout, cache):
    x, slope = cache
    dx = np.where(x > 0, dout, slope[:, None, None] * dout)
    dslope = (dout * np.minimum(x, 0)).sum(axis=(0, 2, 3))
    return dx, dslope


def twin(torch, x, slope):
    return torch.nn.functional.prelu(x, slope)
