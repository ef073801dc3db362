"""Rounding to a grid whose backward lets the error through on purpose, inside a range."""

import numpy as np


def draw(rng, n=4, d=4):
    return (np.resize([0.3, -0.8, 1.6, -2.3], (n, d)) * rng.uniform(0.9, 1.1, size=(n, d)),)


def forward(x):
    return np.round(4 * x) / 4


def backward(dout, x):
    inside = np.abs(x) <= 1.0
    dx = dout * inside
    return dx


def wanted(dout, x):
    return (dout * np.minimum(np.abs(x) <= 1.0, 1.0),)


OPTIONS = {"declared": wanted}


def twin(torch, x):
    bounded = torch.clamp(x, -1.0, 1.0)
    return bounded + (torch.round(4 * x) / 4 - bounded).detach()
