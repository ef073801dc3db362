"""Huber loss with threshold 1: quadratic near, linear far; and its derivative, handed the same inputs."""

import numpy as np

DELTA = 1.0


def draw(rng, n=12):
    y = rng.normal(size=n)
    far = np.resize([0.3, 2.0, -0.4, -1.7], n) * rng.uniform(0.8, 1.2, n)
    return y, y + far


OPTIONS = {"wrt": "yhat"}


def forward(y, yhat):
    r = yhat - y
    return np.where(np.abs(r) <= DELTA, 0.5 * r**2, DELTA * (np.abs(r) - 0.5 * DELTA)).sum()


def backward(dout, y, yhat):
    r = yhat - y
    inside = np.abs(r) <= DELTA
    dr = dout * np.where(inside, r, DELTA * np.sign(r))
    return (dr,)


def twin(torch, y, yhat):
    return torch.nn.functional.huber_loss(yhat, y, reduction="sum", delta=DELTA)
