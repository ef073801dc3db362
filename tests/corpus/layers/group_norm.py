"""Group normalisation of pictures: channels in two groups."""

import numpy as np

GROUPS, EPS = 2, 1e-3


def draw(rng, n=2, h=3, w=2):
    return rng.normal(size=(n, 4, h, w)), rng.normal(1.0, 0.4, size=4), rng.normal(size=4)


def forward(x, gamma, beta):
    grouped = x.reshape(len(x), GROUPS, -1)
    centred = grouped - grouped.mean(axis=2, keepdims=True)
    sd = np.sqrt((centred**2).mean(axis=2, keepdims=True) + EPS)
    hat = (centred / sd).reshape(x.shape)
    return hat * gamma[:, None, None] + beta[:, None, None], (hat, sd, gamma)


def backward(dout, cache):
    hat, sd, gamma = cache
    dgamma = (dout * hat).sum(axis=(0, 2, 3))
    dbeta = dout.sum(axis=(0, 2, 3))
    dhat = (dout * gamma[:, None, None]).reshape(len(hat), GROUPS, -1)
    h = hat.reshape(dhat.shape)
    m = dhat.shape[2]
    dx = (dhat - dhat.sum(axis=2, keepdims=True) / m - h * (dhat * h).sum(axis=2, keepdims=True) / m) / sd
    return dx.reshape(hat.shape), dgamma, dbeta


def twin(torch, x, gamma, beta):
    return torch.nn.functional.group_norm(x, GROUPS, gamma, beta, EPS)
