"""log Σ exp over the last axis, stable, with the shift taken out again."""

import numpy as np


def draw(rng, n=4, d=5):
    x = rng.normal(size=(n, d))
    x[0, 0] = x[0].max() - 9
    return (x,)


def forward(x):
    top = x.max(axis=-1)
    return top + np.log(np.exp(x - top[:, None]).sum(axis=-1))


def backward(dout, x):
    lse = forward(x)
    dx = dout[:, None] * np.exp(x - lse[:, None])
    return dx


def twin(torch, x):
    return torch.logsumexp(x, dim=-1)
