"""Depthwise convolution of pictures, same size, each channel with a kernel of its own."""

import numpy as np


def draw(rng, n=2, h=4, w=3):
    return rng.normal(size=(n, 2, h, w)), rng.normal(size=(2, 3, 3))


def windows(x):
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))


def forward(x, k):
    return np.einsum("nchwij,cij->nchw", windows(x), k)


def backward(dout, x, k):
    dk = np.einsum("nchw,nchwij->cij", dout, windows(x))
    dx = np.einsum("nchwij,cij->nchw", windows(dout), k[:, ::-1, ::-1])
    return dx, dk


def twin(torch, x, k):
    return torch.nn.functional.conv2d(x, k[:, None], padding=1, groups=2)
