"""Two branches, chosen by a mask entry by entry: np.where."""

import numpy as np


def draw(rng, n=4, d=3):
    return rng.uniform(0.5, 2.0, size=(n, d)), rng.normal(size=(n, d)), rng.random((n, d)) < 0.5


def forward(x, y, mask):
    return np.where(mask, np.log(x), np.sin(y)), (x, y, mask)


def backward(dout, cache):
    x, y, mask = cache
    dx = np.where(mask, dout / x, 0.0)
    dy = np.where(mask, 0.0, dout * np.cos(y))
    return dx, dy


def twin(torch, x, y, mask):
    return torch.where(mask, torch.log(x), torch.sin(y))
