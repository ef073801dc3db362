"""Three layers on a batch of columns, as in the derivation, with squared error: loss and gradients."""

import numpy as np


def draw(rng, n=5):
    widths = [3, 4, 4, 2]
    params = {}
    for i in range(1, 4):
        params[f"W{i}"] = rng.normal(size=(widths[i], widths[i - 1]))
        params[f"b{i}"] = rng.normal(size=(widths[i], 1))
    return params, (rng.normal(size=(3, n)), rng.normal(size=(2, n)))


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


class Net:
    def __init__(self, **params):
        self.params = params

    def loss(self, X, Y):
        p, grads = self.params, {}
        n = X.shape[1]
        Z1 = p["W1"] @ X + p["b1"]
        A1 = np.tanh(Z1)
        Z2 = p["W2"] @ A1 + p["b2"]
        A2 = sigmoid(Z2)
        A3 = p["W3"] @ A2 + p["b3"]
        cost = 0.5 * np.sum((A3 - Y) ** 2) / n

        delta = (A3 - Y) / n
        grads["W3"] = delta @ A2.T
        grads["b3"] = delta.sum(axis=1, keepdims=True)
        delta = (p["W3"].T @ delta) * A2 * (1 - A2)
        grads["W2"] = delta @ A1.T
        grads["b2"] = delta.sum(axis=1, keepdims=True)
        delta = (p["W2"].T @ delta) * (1 - A1**2)
        grads["W1"] = delta @ X.T
        grads["b1"] = delta.sum(axis=1, keepdims=True)
        return cost, grads


def twin(torch, X, Y, W1, b1, W2, b2, W3, b3):
    A2 = torch.sigmoid(W2 @ torch.tanh(W1 @ X + b1) + b2)
    return 0.5 * torch.nn.functional.mse_loss(W3 @ A2 + b3, Y, reduction="sum") / X.shape[1]
