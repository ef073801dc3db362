"""Values clipped to learnt bounds: inside the value learns, outside the bound does."""

import numpy as np


def draw(rng, n=4, d=5):
    x = np.resize([-2.0, -0.3, 0.4, 1.9, 0.1], (n, d)) * rng.uniform(0.9, 1.1, size=(n, d))
    return x, rng.uniform(-1.2, -0.8, d), rng.uniform(0.8, 1.2, d)


def forward(x, low, high):
    return np.minimum(np.maximum(x, low), high)


def backward(dout, x, low, high):
    under, over = x < low, x > high
    dx = dout * ~(under | over)
    dlow = (dout * under).sum(axis=0)
    dhigh = (dout * over).sum(axis=0)
    return dx, dlow, dhigh


def twin(torch, x, low, high):
    return torch.clamp(x, low, high)
