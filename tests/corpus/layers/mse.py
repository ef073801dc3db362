"""Mean squared error and its derivative with respect to the prediction."""

import numpy as np


def draw(rng, n=5, d=3):
    return rng.normal(size=(n, d)), rng.normal(size=(n, d))


OPTIONS = {"wrt": "yhat"}


def forward(y, yhat):
    return np.mean((yhat - y) ** 2)


def derivative(y, yhat):
    return 2 * (yhat - y) / y.size


def twin(torch, y, yhat):
    return torch.nn.functional.mse_loss(yhat, y)
