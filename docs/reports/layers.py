"""The layers of the example reports: right ones, wrong ones, and ones that cannot be decided.

Each name is a target, as in ``backproof audit docs/reports/layers.py:transposed``.
"""

import numpy as np

rng = np.random.default_rng(2)
x, w, b = rng.normal(size=(5, 24)), 0.2 * rng.normal(size=(24, 12)), rng.normal(size=12)
square = 0.3 * rng.normal(size=(24, 24))


def dense_forward(x, w, b):
    """tanh(x w + b), x of shape (n, d), w of shape (d, m), b of shape (m,)."""
    y = np.tanh(x @ w + b)
    return y, (x, w, y)


def dense_backward(dout, cache):
    """Its gradients."""
    x, w, y = cache
    dz = dout * (1 - y * y)
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)


def averaged_backward(dout, cache):
    """The bias gradient is averaged over the batch, where it should be summed."""
    dx, dw, db = dense_backward(dout, cache)
    return dx, dw, db / len(dout)


def patched_backward(dout, cache):
    """Six entries of the weight gradient are half of what they should be."""
    dx, dw, db = dense_backward(dout, cache)
    dw[3, 7] *= 0.5
    dw[15, 1:6] *= 0.5
    return dx, dw, db


def linear_forward(x, w):
    """x w with a square w, so that a transposed gradient fits."""
    return x @ w, (x, w)


def linear_backward(dout, cache):
    """Its gradients."""
    x, w = cache
    return dout @ w.T, x.T @ dout


def transposed_backward(dout, cache):
    """The weight gradient is the transpose of what it should be."""
    dx, dw = linear_backward(dout, cache)
    return dx, dw.T


def relu(x):
    """max(x, 0), elementwise."""
    return np.maximum(x, 0)


def relu_slope(x):
    """Its derivative, with σ′(0) = 2, which no convention takes."""
    return np.where(x > 0, 1.0, np.where(x == 0, 2.0, 0.0))


jitter = np.random.default_rng(1)


def noisy(x):
    """A forward that draws anew at every call."""
    return np.sin(x) + 0.2 * jitter.normal(size=x.shape)


dense = (dense_forward, dense_backward, x, w, b)
linear = (linear_forward, linear_backward, x, square)
sine = (np.sin, np.cos, x)

averaged = (dense_forward, averaged_backward, x, w, b)
patched = (dense_forward, patched_backward, x, w, b)
transposed = (linear_forward, transposed_backward, x, square)

on_a_kink = (relu, relu_slope, np.array([-1.0, 0.0, 2.0]))
unseeded = (noisy, np.cos, x)
