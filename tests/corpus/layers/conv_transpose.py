"""Transposed convolution in one dimension with stride two."""

import numpy as np

STRIDE = 2


def draw(rng, n=2, c=2, t=4):
    return rng.normal(size=(n, c, t)), rng.normal(size=(c, 3, 3)), rng.normal(size=3)


def forward(x, w, b):
    time, taps = x.shape[2], w.shape[2]
    out = np.zeros((len(x), w.shape[1], (time - 1) * STRIDE + taps)) + b[:, None]
    for t in range(time):
        out[:, :, t * STRIDE : t * STRIDE + taps] += np.einsum("nc,cfk->nfk", x[:, :, t], w)
    return out, (x, w)


def backward(dout, cache):
    x, w = cache
    taps = w.shape[2]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for t in range(x.shape[2]):
        d = dout[:, :, t * STRIDE : t * STRIDE + taps]
        dx[:, :, t] = np.einsum("nfk,cfk->nc", d, w)
        dw += np.einsum("nfk,nc->cfk", d, x[:, :, t])
    db = dout.sum(axis=(0, 2))
    return dx, dw, db


def twin(torch, x, w, b):
    return torch.nn.functional.conv_transpose1d(x, w, b, stride=STRIDE)
