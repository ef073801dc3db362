"""Binary cross-entropy from logits, with a weight for positive examples."""

import numpy as np


def draw(rng, n=12):
    z = 2 * rng.normal(size=n)
    z[0], z[1] = 3.5, -3.2
    return z, rng.integers(2, size=n)


POSITIVE = 3.0


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def loss(z, y):
    weight = np.where(y == 1, POSITIVE, 1.0)
    value = (weight * (np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))).sum()
    grad = weight * (sigmoid(z) - y)
    return value, grad


def twin(torch, z, y):
    weight = torch.tensor(POSITIVE, dtype=torch.float64)
    return torch.nn.functional.binary_cross_entropy_with_logits(z, y.double(), pos_weight=weight, reduction="sum")
