"""SiLU (swish) with a learnt slope for each feature, as a class."""

import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def draw(rng, n=5, d=3):
    return {"beta": rng.uniform(0.5, 2, size=d)}, (rng.normal(size=(n, d)),)


class Layer:
    def __init__(self, beta):
        self.params, self.grads = {"beta": beta}, {"beta": np.zeros_like(beta)}

    def forward(self, x):
        self.x = x
        self.s = sigmoid(self.params["beta"] * x)
        return x * self.s

    def backward(self, dout):
        x, s, beta = self.x, self.s, self.params["beta"]
        self.grads["beta"] += (dout * x**2 * s * (1 - s)).sum(axis=0)
        return dout * (s + beta * x * s * (1 - s))


def twin(torch, x, beta):
    return torch.nn.functional.silu(beta * x) / beta
