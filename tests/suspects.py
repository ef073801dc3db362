"""One layer or more for every row of SUSPECTS, with that mistake in it, and mistakes that no row knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from checks import Subject
from checks.subject import Point

Make = Callable[[np.random.Generator], Subject]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def identity(z: Any) -> Any:
    return z


def affine(rng: np.random.Generator, act: Any, pullback: Any, n: int = 6, d: int = 4, m: int = 3) -> Subject:
    point = {"x": rng.normal(size=(n, d)), "w": rng.normal(size=(d, m)), "b": rng.normal(size=m)}
    return Subject(name="affine", point=point, forward=lambda p: act(p["x"] @ p["w"] + p["b"]), pullback=pullback)


def through(delta: Any) -> Any:
    """The pullback of an affine layer whose delta is ``delta(z, v)``."""

    def pullback(p: Point, v: Any) -> dict[str, Any]:
        dz = delta(p["x"] @ p["w"] + p["b"], v)
        return {"x": dz @ p["w"].T, "w": p["x"].T @ dz, "b": dz.sum(axis=0)}

    return pullback


def deltas(act: Any, delta: Any) -> Make:
    return lambda rng: affine(rng, act, through(delta))


def grads(**changed: Any) -> Make:
    """An affine layer some of whose gradients are made by ``changed``: name -> function of (point, v, right)."""

    def pullback(p: Point, v: Any) -> dict[str, Any]:
        right = {"x": v @ p["w"].T, "w": p["x"].T @ v, "b": v.sum(axis=0)}
        return right | {name: make(p, v, right) for name, make in changed.items()}

    return lambda rng: affine(rng, identity, pullback)


def one(shape: tuple[int, ...], forward: Any, gradient: Any) -> Make:
    """A function of one array."""
    return lambda rng: Subject(
        name="one", point={"x": rng.normal(size=shape)}, forward=lambda p: forward(p["x"]),
        pullback=lambda p, v: {"x": gradient(p["x"], v)},
    )  # fmt: skip


def square_matrix(wrong: Any) -> Make:
    def make(rng: np.random.Generator) -> Subject:
        point = {"x": rng.normal(size=(5, 4)), "w": rng.normal(size=(4, 4))}
        return Subject(name="square", point=point, forward=lambda p: p["x"] @ p["w"], pullback=wrong)

    return make


def product(gradients: Any) -> Make:
    def make(rng: np.random.Generator) -> Subject:
        point = {"a": rng.normal(size=(4, 3)), "c": rng.normal(size=(4, 3))}
        return Subject(name="product", point=point, forward=lambda p: np.sin(p["a"]) * p["c"], pullback=gradients)

    return make


TOKENS = np.array([0, 2, 2, 1, 0])


def written_over(p: Point, v: Any) -> dict[str, Any]:
    g = np.zeros_like(p["x"])
    g[TOKENS] = v
    return {"x": g}


def centred(x: Any) -> Any:
    away = x - x.mean(axis=1, keepdims=True)
    return away / np.sqrt((away * away).mean(axis=1, keepdims=True) + 1e-5)


def fixed_statistics(x: Any, v: Any) -> Any:
    away = x - x.mean(axis=1, keepdims=True)
    return v / np.sqrt((away * away).mean(axis=1, keepdims=True) + 1e-5)


def stepped(p: Point, v: Any) -> dict[str, Any]:
    dw = p["x"].T @ v
    return {"x": v @ (p["w"] - 0.05 * dw).T, "w": dw, "b": v.sum(axis=0)}


def masked(rng: np.random.Generator) -> Subject:
    kept = rng.random((5, 4)) < 0.6
    kept[0, :2] = [True, False]
    return one((5, 4), lambda x: x**3 * kept, lambda x, v: 3 * x**2 * v)(rng)


def uncleared(rng: np.random.Generator) -> Subject:
    buffer = np.zeros((4, 3))

    def pullback(p: Point, v: Any) -> dict[str, Any]:
        buffer[...] += 2 * p["x"] * v
        return {"x": buffer.copy()}

    return Subject(
        name="buffer", point={"x": rng.normal(size=(4, 3))}, forward=lambda p: p["x"] ** 2, pullback=pullback
    )


def halved(v: Any) -> Any:
    return v.astype(np.float16).astype(float)


PLANTED: dict[str, list[Make]] = {
    "zero": [grads(w=lambda p, v, g: 0 * g["w"])],
    "constant factor": [
        grads(b=lambda p, v, g: g["b"] / 6),
        grads(w=lambda p, v, g: -g["w"]),
        grads(x=lambda p, v, g: 2 * g["x"]),
        grads(x=lambda p, v, g: 0.7 * g["x"]),
        one((4, 3), lambda x: np.mean(x**2), lambda x, v: 2 * x * v / 4),
    ],
    "transpose": [
        square_matrix(lambda p, v: {"x": v @ p["w"].T, "w": v.T @ p["x"]}),
        grads(w=lambda p, v, g: g["w"].T.reshape(4, 3)),
    ],
    "axis reversed": [one((5, 4), lambda x: np.flip(x, 0) ** 2, lambda x, v: 2 * np.flip(x, 0) * v)],
    "shifted by one": [one((5, 4), np.sin, lambda x, v: np.roll(v * np.cos(x), 1, 1))],
    "gradients exchanged": [
        product(lambda p, v: {"c": v * p["c"] * np.cos(p["a"]), "a": v * np.sin(p["a"])}),
    ],
    "running sum": [one((5, 4), lambda x: np.cumsum(x, 1), lambda x, v: np.cumsum(v, 1))],
    "term added": [
        grads(w=lambda p, v, g: g["w"] + 0.01 * p["w"]),
        grads(b=lambda p, v, g: g["b"] + np.array([0.0, 0.1, 0.0])),
    ],
    "skip connection": [one((5, 4), lambda x: x + np.tanh(x), lambda x, v: v * (1 - np.tanh(x) ** 2))],
    "wrong branch at a kink": [
        one((5, 4), lambda x: np.where(x > 0, x, 0.1 * x), lambda x, v: v),
        one((5, 4), lambda x: np.maximum(x, 0), lambda x, v: v * (x < 0)),
    ],
    "statistics taken as fixed": [one((5, 4), centred, fixed_statistics)],
    "upstream ignored": [deltas(identity, lambda z, v: np.ones_like(v))],
    "upstream clipped": [
        deltas(identity, lambda z, v: np.clip(v, -1, 1)),
        deltas(identity, lambda z, v: np.clip(v, -9, 9)),
    ],
    "upstream squared": [deltas(identity, lambda z, v: v * v), deltas(identity, lambda z, v: v * abs(v))],
    "upstream's sign lost": [deltas(identity, lambda z, v: abs(v)), deltas(identity, lambda z, v: np.sign(v))],
    "small upstreams dropped": [deltas(identity, lambda z, v: np.where(abs(v) < 1e-6, 0, v))],
    "upstream normalised": [deltas(identity, lambda z, v: v / (np.linalg.norm(v) or 1))],
    "upstream reordered": [one((5, 4), lambda x: np.roll(x, 1, 0) ** 2, lambda x, v: 2 * v * x)],
    "one example only": [
        grads(b=lambda p, v, g: v[0]),
        deltas(identity, lambda z, v: v * (np.arange(6) == 0)[:, None]),
    ],
    "one example missing": [deltas(identity, lambda z, v: v * (np.arange(6) != 5)[:, None])],
    "one index only": [deltas(np.tanh, lambda z, v: v * (1 - np.tanh(z) ** 2) * (np.arange(3) == 2))],
    "one index missing": [deltas(np.tanh, lambda z, v: v * (1 - np.tanh(z) ** 2) * (np.arange(3) != 0))],
    "sum over a broadcast axis missing": [grads(b=lambda p, v, g: v)],
    "another shape": [grads(b=lambda p, v, g: g["b"][:, None])],
    "overwritten": [
        lambda rng: Subject(name="embedding", point={"x": rng.normal(size=(4, 3))}, forward=lambda p: p["x"][TOKENS],
            pullback=written_over)],
    "previous gradient added": [uncleared],
    "nonlinear in the upstream": [deltas(np.tanh, lambda z, v: np.clip(v, -0.7, 0.7) * (1 - np.tanh(z) ** 2))],
    "mask missing": [masked],
    "activation's derivative missing": [
        deltas(np.tanh, lambda z, v: v),
        deltas(sigmoid, lambda z, v: v),
        deltas(lambda z: np.maximum(z, 0), lambda z, v: v),
        one((5, 4), lambda x: np.clip(x, -0.5, 0.5), lambda x, v: v),
    ],
    "σ′(a) for σ′(z)": [
        deltas(sigmoid, lambda z, v: v * sigmoid(sigmoid(z)) * (1 - sigmoid(sigmoid(z)))),
        deltas(np.tanh, lambda z, v: v * (1 - z * z)),
    ],
    "softmax as a diagonal": [deltas(softmax, lambda z, v: v * softmax(z) * (1 - softmax(z)))],
    "updated weights": [lambda rng: affine(rng, identity, stepped)],
    "weights transposed": [square_matrix(lambda p, v: {"x": v @ p["w"], "w": p["x"].T @ v})],
    "half precision inside": [
        deltas(np.tanh, lambda z, v: halved(v * (1 - np.tanh(z) ** 2))),
        grads(w=lambda p, v, g: halved(p["x"]).T @ v),
    ],
}  # fmt: skip


def scaled_entry_by_entry(rng: np.random.Generator) -> Subject:
    factors = 1 + 0.3 * rng.normal(size=(4, 3))
    return grads(w=lambda p, v, g: g["w"] * factors)(rng)


def reordered(rng: np.random.Generator) -> Subject:
    order = rng.permutation(12)
    while np.array_equal(order % 4, np.arange(12) % 4):
        order = rng.permutation(12)
    return grads(w=lambda p, v, g: g["w"].ravel()[order].reshape(4, 3))(rng)


UNKNOWN: dict[str, Make] = {
    "another power": deltas(np.tanh, lambda z, v: v * (1 - np.tanh(z) ** 3)),
    "each entry by a factor of its own": scaled_entry_by_entry,
    "a permutation": reordered,
    "the derivative of something else": deltas(np.tanh, lambda z, v: v * np.exp(-z * z)),
    "a layer's softmax with too little of the mean": deltas(
        softmax, lambda z, v: softmax(z) * (v - 0.9 * (v * softmax(z)).sum(axis=1, keepdims=True))
    ),
    "squared weights": grads(x=lambda p, v, g: v @ (p["w"] ** 2).T),
    "one entry a little off": grads(w=lambda p, v, g: g["w"] * (1 + 1e-3 * np.eye(4, 3))),
}
