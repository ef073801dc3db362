"""Mean and unbiased standard deviation of each column: two outputs."""

import numpy as np


def draw(rng, n=6, d=3):
    return (rng.normal(size=(n, d)),)


def forward(x):
    mean = x.mean(axis=0)
    sd = np.sqrt(((x - mean) ** 2).sum(axis=0) / (len(x) - 1))
    return mean, sd, (x, mean, sd)


def backward(dmean, dsd, cache):
    x, mean, sd = cache
    n = len(x)
    dx = dmean / n + dsd * (x - mean) / (sd * (n - 1))
    return dx


def twin(torch, x):
    sd, mean = torch.std_mean(x, dim=0)
    return mean, sd
