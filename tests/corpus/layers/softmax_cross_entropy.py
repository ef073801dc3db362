"""Softmax with cross-entropy from logits and labels, averaged over the batch: loss and gradient of the logits."""

import numpy as np


def draw(rng, n=5, classes=4):
    return rng.normal(size=(n, classes)), rng.integers(classes, size=n)


def loss(logits, labels):
    n = len(labels)
    z = logits - logits.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    value = -logp[np.arange(n), labels].mean()
    grad = np.exp(logp)
    grad[np.arange(n), labels] -= 1
    grad /= n
    return value, grad


def twin(torch, logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels)
