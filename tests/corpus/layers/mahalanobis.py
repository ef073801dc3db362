"""Gaussian log density with a precision matrix, summed over rows: value and gradients."""

import numpy as np


def draw(rng, n=4, d=3):
    root = rng.normal(size=(d, d))
    return rng.normal(size=(n, d)), rng.normal(size=d), root @ root.T + np.eye(d)


def loss(x, mean, precision):
    r = x - mean
    value = 0.5 * np.einsum("ni,ij,nj->", r, precision, r) - 0.5 * len(x) * np.linalg.slogdet(precision)[1]
    dx = 0.5 * r @ (precision + precision.T)
    dmean = -dx.sum(axis=0)
    dprecision = 0.5 * r.T @ r - 0.5 * len(x) * np.linalg.inv(precision).T
    return value, (dx, dmean, dprecision)


def twin(torch, x, mean, precision):
    r = x - mean
    return 0.5 * ((r @ precision) * r).sum() - 0.5 * len(x) * torch.logdet(precision)
