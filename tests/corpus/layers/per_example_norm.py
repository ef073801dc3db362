"""A layer with examples apart, with its forward mode: x W scaled to unit mean square per example."""

import numpy as np

from checks import Subject


def draw(rng, n=4, d=3, m=3):
    return rng.normal(size=(n, d)), rng.normal(size=(d, m))


def scaled(z):
    return z / np.sqrt((z * z).mean(axis=1, keepdims=True) + 1e-3)


def turned(z, u):
    ms = (z * z).mean(axis=1, keepdims=True) + 1e-3
    return u / np.sqrt(ms) - z * (z * u).mean(axis=1, keepdims=True) / ms**1.5


def subject(x, w):
    def pullback(p, v):
        dz = turned(p["x"] @ p["w"], v)
        return {"x": dz @ p["w"].T, "w": p["x"].T @ dz}

    def jvp(p, u):
        dz = u["x"] @ p["w"] + p["x"] @ u["w"]
        return turned(p["x"] @ p["w"], dz)

    return Subject(
        name="per_example_norm",
        point={"x": x, "w": w},
        forward=lambda p: scaled(p["x"] @ p["w"]),
        pullback=pullback,
        jvp=jvp,
        batch_axis=0,
        parameters=("w",),
    )


def twin(torch, x, w):
    z = x @ w
    return torch.nn.functional.rms_norm(z, (z.shape[1],), eps=1e-3)
