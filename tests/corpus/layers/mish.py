"""Mish: x tanh(log(1 + eˣ)), and its derivative."""

import numpy as np


def draw(rng, n=14):
    x = 2 * rng.normal(size=n)
    x[0] = 2.8
    return (x,)


def forward(x):
    return x * np.tanh(np.logaddexp(0, x))


def derivative(x):
    t = np.tanh(np.logaddexp(0, x))
    s = 0.5 * (1 + np.tanh(0.5 * x))
    return t + x * (1 - t**2) * s


def twin(torch, x):
    return torch.nn.functional.mish(x)
