"""Kullback-Leibler divergence of a diagonal normal from the standard one, as in a variational autoencoder."""

import numpy as np


def draw(rng, n=4, d=3):
    return rng.normal(size=(n, d)), rng.normal(size=(n, d))


def loss(mu, logvar):
    n = len(mu)
    value = -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum() / n
    dmu = mu / n
    dlogvar = 0.5 * (np.exp(logvar) - 1) / n
    return value, (dmu, dlogvar)


def twin(torch, mu, logvar):
    normal = torch.distributions.Normal
    q, p = normal(mu, torch.exp(0.5 * logvar)), normal(torch.zeros_like(mu), torch.ones_like(mu))
    return torch.distributions.kl_divergence(q, p).sum(dim=1).mean()
