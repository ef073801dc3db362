"""Depth to space: channels laid out as pixels, twice as high and wide."""

import numpy as np

R = 2


def draw(rng, n=2, c=2, h=2, w=3):
    return (rng.normal(size=(n, c * R * R, h, w)),)


def forward(x):
    n, c, h, w = x.shape
    split = x.reshape(n, c // R**2, R, R, h, w)
    return np.tanh(split.transpose(0, 1, 4, 2, 5, 3).reshape(n, c // R**2, h * R, w * R))


def backward(dout, x):
    n, c, h, w = x.shape
    d = dout * (1 - forward(x) ** 2)
    split = d.reshape(n, c // R**2, h, R, w, R)
    dx = split.transpose(0, 1, 3, 5, 2, 4).reshape(x.shape)
    return dx


def twin(torch, x):
    return torch.tanh(torch.nn.functional.pixel_shuffle(x, R))
