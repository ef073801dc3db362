"""A bilinear layer: one matrix for each output."""

import numpy as np


def draw(rng, n=4, a=3, b=3, m=3):
    return {"w": rng.normal(size=(m, a, b)), "bias": rng.normal(size=m)}, (
        rng.normal(size=(n, a)),
        rng.normal(size=(n, b)),
    )


class Layer:
    def __init__(self, w, bias):
        self.params = {"w": w, "bias": bias}
        self.grads = {}

    def forward(self, x, y):
        self.x, self.y = x, y
        return np.einsum("na,mab,nb->nm", x, self.params["w"], y) + self.params["bias"]

    def backward(self, dout):
        w = self.params["w"]
        self.grads["w"] = np.einsum("nm,na,nb->mab", dout, self.x, self.y)
        self.grads["bias"] = dout.sum(axis=0)
        dx = np.einsum("nm,mab,nb->na", dout, w, self.y)
        dy = np.einsum("nm,mab,na->nb", dout, w, self.x)
        return dx, dy


def twin(torch, x, y, w, bias):
    return torch.nn.functional.bilinear(x, y, w, bias)
