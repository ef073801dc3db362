"""Two-dimensional convolution with stride, padding and dilation, as loops over output positions."""

import numpy as np

STRIDE, PAD, DILATION = 2, 1, 2


def draw(rng, n=2, h=7, w=8):
    return rng.normal(size=(n, 2, h, w)), rng.normal(size=(3, 2, 3, 2)), rng.normal(size=3)


def taken(i, j, kh, kw):
    """Where the window of output (i, j) lies in the padded input."""
    top, left = i * STRIDE, j * STRIDE
    return slice(top, top + (kh - 1) * DILATION + 1, DILATION), slice(left, left + (kw - 1) * DILATION + 1, DILATION)


def forward(x, w, b):
    (n, _, height, width), (f, _, kh, kw) = x.shape, w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (PAD, PAD), (PAD, PAD)))
    oh = (height + 2 * PAD - DILATION * (kh - 1) - 1) // STRIDE + 1
    ow = (width + 2 * PAD - DILATION * (kw - 1) - 1) // STRIDE + 1
    out = np.zeros((n, f, oh, ow), dtype=x.dtype)
    for i in range(oh):
        for j in range(ow):
            r, c = taken(i, j, kh, kw)
            out[:, :, i, j] = np.tensordot(xp[:, :, r, c], w, axes=((1, 2, 3), (1, 2, 3))) + b
    return out, (x, w, xp)


def backward(dout, cache):
    x, w, xp = cache
    kh, kw = w.shape[2:]
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            r, c = taken(i, j, kh, kw)
            d = dout[:, :, i, j]
            dxp[:, :, r, c] += np.tensordot(d, w, axes=(1, 0))
            dw += np.tensordot(d, xp[:, :, r, c], axes=(0, 0))
    dx = dxp[:, :, PAD : PAD + x.shape[2], PAD : PAD + x.shape[3]]
    db = dout.sum(axis=(0, 2, 3))
    return dx, dw, db


def twin(torch, x, w, b):
    return torch.nn.functional.conv2d(x, w, b, stride=STRIDE, padding=PAD, dilation=DILATION)
