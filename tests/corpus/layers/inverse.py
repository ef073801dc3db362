"""Matrix inverse."""

import numpy as np


def draw(rng, n=3):
    return (rng.normal(size=(n, n)) + 2 * np.eye(n),)


def forward(a):
    return np.linalg.inv(a)


def backward(dout, a):
    inv = np.linalg.inv(a)
    da = -inv.T @ dout @ inv.T
    return da


def twin(torch, a):
    return torch.linalg.inv(a)
