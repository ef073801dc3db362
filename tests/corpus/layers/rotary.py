"""Rotary position embedding: pairs of features turned by an angle that grows with the position."""

import numpy as np


def draw(rng, n=2, t=4, d=4):
    return (rng.normal(size=(n, t, d)),)


def angles(t, d):
    return np.arange(t)[:, None] / 100.0 ** (np.arange(d // 2) / (d // 2))


def forward(x):
    half = x.shape[2] // 2
    turn = angles(*x.shape[1:])
    a, b = x[:, :, :half], x[:, :, half:]
    return np.concatenate([a * np.cos(turn) - b * np.sin(turn), a * np.sin(turn) + b * np.cos(turn)], axis=2)


def backward(dout, x):
    half = x.shape[2] // 2
    turn = angles(*x.shape[1:])
    da, db = dout[:, :, :half], dout[:, :, half:]
    dx = np.concatenate([da * np.cos(turn) + db * np.sin(turn), db * np.cos(turn) - da * np.sin(turn)], axis=2)
    return dx


def twin(torch, x):
    half = x.shape[2] // 2
    z = torch.complex(x[..., :half], x[..., half:])
    turned = z * torch.exp(1j * torch.tensor(angles(*x.shape[1:])))
    return torch.cat([turned.real, turned.imag], dim=2)
