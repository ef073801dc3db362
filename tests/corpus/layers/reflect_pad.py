"""Padding by reflection (two on each side of the last axis), in front of a smooth nonlinearity."""

import numpy as np


def draw(rng, n=3, d=6):
    return (rng.normal(size=(n, d)),)


def forward(x):
    return np.arctan(np.pad(x, ((0, 0), (2, 2)), mode="reflect"))


def backward(dout, x):
    d = dout / (1 + np.pad(x, ((0, 0), (2, 2)), mode="reflect") ** 2)
    dx = d[:, 2:-2].copy()
    dx[:, 1] += d[:, 1]
    dx[:, 2] += d[:, 0]
    dx[:, -2] += d[:, -2]
    dx[:, -3] += d[:, -1]
    return dx


def twin(torch, x):
    return torch.atan(torch.nn.functional.pad(x, (2, 2), mode="reflect"))
