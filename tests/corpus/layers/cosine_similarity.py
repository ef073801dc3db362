"""Cosine similarity of paired rows, as in contrastive learning."""

import numpy as np

EPS = 1e-3


def draw(rng, n=4, d=5):
    return rng.normal(size=(n, d)), rng.normal(size=(n, d))


def forward(a, b):
    na, nb = np.sqrt((a * a).sum(axis=1) + EPS), np.sqrt((b * b).sum(axis=1) + EPS)
    cos = (a * b).sum(axis=1) / (na * nb)
    return cos, (a, b, na[:, None], nb[:, None], cos[:, None])


def backward(dout, cache):
    a, b, na, nb, cos = cache
    d = dout[:, None]
    da = d * (b / (na * nb) - cos * a / na**2)
    db = d * (a / (na * nb) - cos * b / nb**2)
    return da, db


def twin(torch, a, b):
    na, nb = ((torch.linalg.norm(x, dim=1) ** 2 + EPS) ** 0.5 for x in (a, b))
    return torch.einsum("nd,nd->n", a, b) / na / nb
