"""Layer normalisation over the last axis as a class with params and grads that add up."""

import numpy as np

EPS = 1e-5


def draw(rng, n=4, t=3, d=5):
    params = {"gamma": rng.normal(1.0, 0.5, size=d), "beta": rng.normal(size=d)}
    return params, (rng.normal(size=(n, t, d)),)


class Layer:
    def __init__(self, gamma, beta):
        self.params = {"gamma": gamma, "beta": beta}
        self.grads = {"gamma": np.zeros_like(gamma), "beta": np.zeros_like(beta)}

    def forward(self, x):
        centred = x - x.mean(axis=-1, keepdims=True)
        self.rstd = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPS)
        self.hat = centred * self.rstd
        return self.params["gamma"] * self.hat + self.params["beta"]

    def backward(self, dout):
        axes = tuple(range(dout.ndim - 1))
        self.grads["gamma"] += (dout * self.hat).sum(axis=axes)
        self.grads["beta"] += dout.sum(axis=axes)
        dhat = dout * self.params["gamma"]
        inner = dhat - dhat.mean(axis=-1, keepdims=True)
        inner = inner - self.hat * (dhat * self.hat).mean(axis=-1, keepdims=True)
        return self.rstd * inner


def twin(torch, x, gamma, beta):
    return torch.nn.functional.layer_norm(x, x.shape[-1:], gamma, beta, EPS)
