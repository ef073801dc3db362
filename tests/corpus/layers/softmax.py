"""Softmax over the last axis, with a temperature that is learnt."""

import numpy as np


def draw(rng, n=4, d=5):
    return rng.normal(size=(n, d)), np.array(0.7 + 0.6 * rng.random())


def forward(x, temperature):
    z = x / temperature
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    s = e / e.sum(axis=-1, keepdims=True)
    return s, (s, x, temperature)


def backward(dout, cache):
    s, x, temperature = cache
    dz = s * (dout - (dout * s).sum(axis=-1, keepdims=True))
    return dz / temperature, -(dz * x).sum() / temperature**2


def twin(torch, x, temperature):
    return torch.softmax(x / temperature, dim=-1)
