"""Logistic regression with an L2 penalty on the weights but not on the bias, packed in one vector."""

import numpy as np

PENALTY = 0.05


def draw(rng, n=8, d=4):
    return rng.normal(size=d + 1), rng.normal(size=(n, d)), rng.integers(2, size=n)


def loss(theta, x, y):
    w, b = theta[:-1], theta[-1]
    z = x @ w + b
    value = np.logaddexp(0, z).sum() - (y * z).sum() + 0.5 * PENALTY * (w @ w)
    r = 0.5 * (1 + np.tanh(0.5 * z)) - y
    grad = np.append(x.T @ r + PENALTY * w, r.sum())
    return value, grad


def twin(torch, theta, x, y):
    z = x @ theta[:-1] + theta[-1]
    fit = torch.nn.functional.binary_cross_entropy_with_logits(z, y.double(), reduction="sum")
    return fit + 0.5 * PENALTY * torch.dot(theta[:-1], theta[:-1])
