"""GELU by its tanh approximation, and its derivative, handed the input again."""

import numpy as np

ROOT, CUBIC = np.sqrt(2 / np.pi), 0.044715


def draw(rng, n=4, d=4):
    return (1.5 * rng.normal(size=(n, d)),)


def forward(x):
    return 0.5 * x * (1 + np.tanh(ROOT * (x + CUBIC * x**3)))


def backward(dout, x):
    inner = np.tanh(ROOT * (x + CUBIC * x**3))
    slope = 0.5 * (1 + inner) + 0.5 * x * (1 - inner**2) * ROOT * (1 + 3 * CUBIC * x**2)
    dx = dout * slope
    return dx


def twin(torch, x):
    return torch.nn.functional.gelu(x, approximate="tanh")
