"""A gated recurrent unit (one step): new state from input and old state."""

import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def draw(rng, n=3, d=2, k=4):
    weights = [0.6 * rng.normal(size=(d + k, k)) for _ in range(3)]
    return (rng.normal(size=(n, d)), rng.normal(size=(n, k)), *weights)


def forward(x, h, wz, wr, wn):
    xh = np.hstack([x, h])
    z, r = sigmoid(xh @ wz), sigmoid(xh @ wr)
    xrh = np.hstack([x, r * h])
    n = np.tanh(xrh @ wn)
    return (1 - z) * n + z * h, (x, h, wz, wr, wn, xh, xrh, z, r, n)


def backward(dout, cache):
    x, h, wz, wr, wn, xh, xrh, z, r, n = cache
    d = x.shape[1]
    dn = dout * (1 - z) * (1 - n**2)
    dxrh = dn @ wn.T
    drh = dxrh[:, d:]
    dz = dout * (h - n) * z * (1 - z)
    dr = drh * h * r * (1 - r)
    dxh = dz @ wz.T + dr @ wr.T
    dx = dxrh[:, :d] + dxh[:, :d]
    dh = dout * z + drh * r + dxh[:, d:]
    return dx, dh, xh.T @ dz, xh.T @ dr, xrh.T @ dn


def twin(torch, x, h, wz, wr, wn):
    xh = torch.cat([x, h], dim=1)
    z = torch.sigmoid(xh @ wz)
    n = torch.tanh(torch.cat([x, torch.sigmoid(xh @ wr) * h], dim=1) @ wn)
    return torch.lerp(n, h, z)
