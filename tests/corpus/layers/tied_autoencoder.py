"""An autoencoder whose decoder is its encoder's transpose: one weight, used twice."""

import numpy as np


def draw(rng, n=5, d=4, k=3):
    return {"W": rng.normal(size=(d, k)), "b": rng.normal(size=k), "c": rng.normal(size=d)}, (rng.normal(size=(n, d)),)


class Layer:
    def __init__(self, W, b, c):
        self.W, self.b, self.c = W, b, c

    def forward(self, x):
        self.x = x
        self.code = np.tanh(x @ self.W + self.b)
        return self.code @ self.W.T + self.c

    def backward(self, dout):
        dcode = dout @ self.W
        dz = dcode * (1 - self.code**2)
        decoder = dout.T @ self.code
        encoder = self.x.T @ dz
        self.dW = encoder + decoder
        self.db = dz.sum(axis=0)
        self.dc = dout.sum(axis=0)
        return dz @ self.W.T


def twin(torch, x, W, b, c):
    return torch.tanh(x @ W + b) @ W.T + c
