"""Root-mean-square normalisation that returns its backward."""

import numpy as np

EPS = 1e-6


def draw(rng, n=4, d=6):
    return rng.normal(size=(n, d)), rng.normal(1.0, 0.3, size=d)


def layer(x, g):
    ms = (x * x).mean(axis=-1, keepdims=True) + EPS
    r = 1 / np.sqrt(ms)

    def backward(dout):
        dg = (dout * x * r).sum(axis=0)
        scaled = dout * g
        dot = (scaled * x).mean(axis=-1, keepdims=True)
        dx = r * scaled - r**3 * x * dot
        return dx, dg

    return x * r * g, backward


def twin(torch, x, g):
    return torch.nn.functional.rms_norm(x, x.shape[-1:], g, EPS)
