"""A score: the gradient of a scalar potential, with its pullback; a gradient's Jacobian is symmetric."""

import numpy as np

from checks import Subject


def draw(rng, d=4):
    a = rng.normal(size=(d, d))
    return rng.normal(size=d), a + a.T


def subject(x, coupling):
    scale = np.ones(len(x))

    def forward(p):
        return scale * (coupling @ np.tanh(p["x"])) * (1 - np.tanh(p["x"]) ** 2)

    def pullback(p, v):
        t = np.tanh(p["x"])
        s = 1 - t**2
        inner = coupling @ t
        return {"x": s * (coupling @ (scale * s * v)) - 2 * t * s * scale * inner * v}

    return Subject(name="score_field", point={"x": x}, forward=forward, pullback=pullback, symmetric=True)


def twin(torch, x, coupling):
    potential = 0.5 * torch.tanh(x) @ coupling @ torch.tanh(x)
    return torch.autograd.grad(potential, x, create_graph=True)[0]
