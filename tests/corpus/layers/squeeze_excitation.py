"""Squeeze and excitation: channels of a picture weighed by a gate that sees their means."""

import numpy as np


def draw(rng, n=2, c=3, h=2, w=3):
    return rng.normal(size=(n, c, h, w)), rng.normal(size=(c, c))


def forward(x, w):
    pooled = x.mean(axis=(2, 3))
    gate = 0.5 * (1 + np.tanh(0.5 * (pooled @ w)))
    return x * gate[:, :, None, None], (x, w, pooled, gate)


def backward(dout, cache):
    x, w, pooled, gate = cache
    dgate = (dout * x).sum(axis=(2, 3))
    dz = dgate * gate * (1 - gate)
    dw = pooled.T @ dz
    dpooled = dz @ w.T
    pixels = x.shape[2] * x.shape[3]
    dx = dout * gate[:, :, None, None] + dpooled[:, :, None, None] / pixels
    return dx, dw


def twin(torch, x, w):
    return x * torch.sigmoid(torch.nn.functional.adaptive_avg_pool2d(x, 1)[:, :, 0, 0] @ w)[:, :, None, None]
