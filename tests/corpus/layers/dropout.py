"""Inverted dropout with a mask that is handed in, behind a square root."""

import numpy as np

KEEP = 0.7


def draw(rng, n=4, d=6):
    return rng.uniform(0.5, 2.0, size=(n, d)), rng.random((n, d)) < KEEP


def forward(x, mask):
    root = np.sqrt(x)
    return root * mask / KEEP, (root, mask)


def backward(dout, cache):
    root, mask = cache
    droot = dout * mask / KEEP
    dx = droot / (2 * root)
    return dx


def twin(torch, x, mask):
    return torch.where(mask, torch.sqrt(x) / KEEP, 0.0)
