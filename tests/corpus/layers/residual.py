"""A residual block that returns its backward: x + relu(x W) V."""

import numpy as np


def draw(rng, n=4, d=3, k=6):
    return rng.normal(size=(n, d)), rng.normal(size=(d, k)), rng.normal(size=(k, d))


def layer(x, w, v):
    z = x @ w
    a = np.maximum(z, 0)

    def backward(dout):
        dz = (dout @ v.T) * (z > 0)
        dx = dout + dz @ w.T
        return dx, x.T @ dz, a.T @ dout

    return x + a @ v, backward


def twin(torch, x, w, v):
    return x + torch.relu(x @ w) @ v
