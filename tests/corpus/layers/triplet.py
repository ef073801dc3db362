"""Triplet loss on squared distances with margin: loss and gradients of anchor, positive and negative."""

import numpy as np

MARGIN = 2.0


def draw(rng, n=5, d=3):
    anchor, positive, negative = rng.normal(size=(3, n, d))
    negative[0] *= 9
    return anchor, positive, negative


def loss(anchor, positive, negative):
    n = len(anchor)
    near, away = anchor - positive, anchor - negative
    short = (near**2).sum(axis=1) - (away**2).sum(axis=1) + MARGIN
    on = (short > 0)[:, None] / n
    da = 2 * (negative - positive) * on
    dp = -2 * near * on
    dn = 2 * away * on
    return np.maximum(short, 0).sum() / n, (da, dp, dn)


def twin(torch, anchor, positive, negative):
    near, away = ((torch.linalg.norm(anchor - x, dim=1)) ** 2 for x in (positive, negative))
    return torch.relu(near - away + MARGIN).mean()
