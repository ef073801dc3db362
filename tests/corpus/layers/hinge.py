"""Multiclass hinge loss of a linear classifier with an L2 penalty: loss and gradient of the weights."""

import numpy as np

PENALTY = 0.1


def draw(rng, n=6, d=4, classes=3):
    return rng.normal(size=(d, classes)), rng.normal(size=(n, d)), rng.integers(classes, size=n)


def loss(w, x, y):
    n = len(y)
    scores = x @ w
    margins = scores - scores[np.arange(n), y][:, None] + 1
    margins[np.arange(n), y] = 0
    value = np.maximum(margins, 0).sum() / n + PENALTY * (w * w).sum()
    over = (margins > 0).astype(float)
    over[np.arange(n), y] = -over.sum(axis=1)
    grad = x.T @ over / n + 2 * PENALTY * w
    return value, grad


def twin(torch, w, x, y):
    d = x.shape[1]
    fit = torch.nn.functional.multi_margin_loss(x @ w, y, reduction="sum") * w.shape[1]
    return fit / len(x) + PENALTY * torch.linalg.norm(w) ** 2 + 0 * d
