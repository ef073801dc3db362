"""Nearest-neighbour upsampling by two: the way up in a decoder."""

import numpy as np


def draw(rng, n=2, h=3, w=2):
    return (rng.normal(size=(n, 2, h, w)),)


def forward(x):
    return np.repeat(np.repeat(x, 2, axis=2), 2, axis=3)


def backward(dout, x):
    n, c, h, w = x.shape
    blocks = dout.reshape(n, c, h, 2, w, 2)
    dx = blocks.sum(axis=(3, 5))
    return dx


def twin(torch, x):
    return torch.nn.functional.interpolate(x, scale_factor=2, mode="nearest")
