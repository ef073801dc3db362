"""Right gradients that a careless checker calls wrong: each must pass, most without a note."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from checks import Subject

RIGHT: dict[str, Callable[[np.random.Generator], Subject]] = {}


def right(make: Callable[[np.random.Generator], Subject]) -> Callable[[np.random.Generator], Subject]:
    RIGHT[make.__name__] = make
    return make


def subject(name: str, point: Any, forward: Any, pullback: Any, **options: Any) -> Subject:
    return Subject(name=name, point=point, forward=forward, pullback=pullback, **options)


@right
def relu_at_zero(rng: Any) -> Subject:
    x = rng.standard_normal(20) * (rng.random(20) < 0.5)
    return subject("relu", {"x": x}, lambda p: np.maximum(p["x"], 0), lambda p, v: {"x": v * (p["x"] > 0)})


@right
def zeros_of_both_signs(rng: Any) -> Subject:
    """A bias that starts as zeros, some of them −0: no broadcast of one number holds it."""
    b = rng.standard_normal(6) * 0.0
    w = rng.standard_normal((4, 6))
    return subject("bias", {"b": b}, lambda p: np.tanh(w + p["b"]), lambda p, v: {"b": _tanh_slope(w + p["b"], v)})


def _tanh_slope(z: Any, v: Any) -> Any:
    return (v * (1 - np.tanh(z) ** 2)).sum(axis=0)


def _first_largest(p: Any, v: Any) -> Any:
    return {"x": v[:, None] * (np.arange(4) == p["x"].argmax(axis=1)[:, None])}


@right
def max_pool_with_ties(rng: Any) -> Subject:
    x = rng.integers(0, 3, (6, 4)).astype(float)
    return subject("max", {"x": x}, lambda p: p["x"].max(axis=1), _first_largest)


def dense(dtype: Any, rng: Any, n: int = 7) -> Subject:
    x, w, b = (rng.standard_normal(s).astype(dtype) for s in ((n, 5), (5, 4), (4,)))

    def forward(p: Any) -> Any:
        return np.tanh(p["x"] @ p["w"] + p["b"])

    def pullback(p: Any, v: Any) -> Any:
        d = v * (1 - forward(p) ** 2)
        return {"x": d @ p["w"].T, "w": p["x"].T @ d, "b": d.sum(axis=0)}

    return subject(f"dense {np.dtype(dtype)}", {"x": x, "w": w, "b": b}, forward, pullback)


@right
def dense_float64(rng: Any) -> Subject:
    return dense(np.float64, rng)


@right
def dense_float32(rng: Any) -> Subject:
    return dense(np.float32, rng)


@right
def dense_float16(rng: Any) -> Subject:
    return dense(np.float16, rng)


@right
def dense_one_example(rng: Any) -> Subject:
    return dense(np.float64, rng, n=1)


@right
def dense_many_examples_float32(rng: Any) -> Subject:
    return dense(np.float32, rng, n=2000)


@right
def sum_of_many_float32(rng: Any) -> Subject:
    x = rng.standard_normal((3000, 1)).astype(np.float32)
    return subject(
        "bias",
        {"b": np.ones(1, np.float32)},
        lambda p: np.tanh(x * p["b"]),
        lambda p, v: {"b": (v * (1 - np.tanh(x * p["b"]) ** 2) * x).sum(axis=0)},
    )


@right
def log_that_is_nan_for_some(rng: Any) -> Subject:
    x = np.concatenate([-rng.random(2) - 0.1, rng.random(5) + 0.1])

    def forward(p: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.log(p["x"])

    return subject("log", {"x": x}, forward, lambda p, v: {"x": v / p["x"]})


@right
def root_that_is_nan_for_some(rng: Any) -> Subject:
    x = np.concatenate([-rng.random(2) - 0.1, rng.random(5) + 0.1])

    def root(a: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.sqrt(a)

    return subject("root", {"x": x}, lambda p: root(p["x"]), lambda p, v: {"x": v * 0.5 / root(p["x"])})


@right
def log_next_to_its_edge(rng: Any) -> Subject:
    x = np.array([1e-9, 1e-3, 1.0])
    return subject("log", {"x": x}, lambda p: np.log(p["x"]), lambda p, v: {"x": v / p["x"]})


@right
def raises_outside_its_domain(rng: Any) -> Subject:
    def forward(p: Any) -> Any:
        if not (p["x"] > 0).all():
            raise ValueError("x must be positive")
        return np.log(p["x"])

    return subject("log", {"x": rng.random(5) + 1e-4}, forward, lambda p, v: {"x": v / p["x"]})


def _shuffled_sum(a: Any, order: np.random.Generator) -> Any:
    total = np.zeros(a.shape[1:], dtype=a.dtype)
    for i in order.permutation(len(a)):
        total += a[i]
    return total


def _atomic(rng: Any, dtype: Any, noisy_forward: bool) -> Subject:
    order = np.random.default_rng(int(rng.integers(1000)))
    x = rng.standard_normal((40, 5)).astype(dtype)

    def forward(p: Any) -> Any:
        terms = x[:, :, None] * p["w"]
        return np.tanh(_shuffled_sum(terms, order) if noisy_forward else terms.sum(axis=0))

    def pullback(p: Any, v: Any) -> Any:
        d = v * (1 - np.tanh((x[:, :, None] * p["w"]).sum(axis=0)) ** 2)
        return {"w": _shuffled_sum(x[:, :, None] * d, order)}

    w = 0.1 * rng.standard_normal((5, 4))
    return subject("atomics", {"w": w.astype(dtype)}, forward, pullback)


@right
def atomics_in_the_backward(rng: Any) -> Subject:
    return _atomic(rng, np.float64, noisy_forward=False)


@right
def atomics_in_both(rng: Any) -> Subject:
    return _atomic(rng, np.float64, noisy_forward=True)


@right
def atomics_in_float32(rng: Any) -> Subject:
    return _atomic(rng, np.float32, noisy_forward=True)


@right
def dropout_with_a_seed(rng: Any) -> Subject:
    def mask() -> Any:
        return (np.random.default_rng(3).random(30) < 0.7) / 0.7

    return subject("dropout", {"x": rng.standard_normal(30)}, lambda p: mask() * p["x"], lambda p, v: {"x": mask() * v})


def batch_norm(rng: Any) -> Subject:
    running = {"mean": np.zeros(3), "var": np.ones(3)}

    def normalised(p: Any) -> Any:
        mean, var = p["x"].mean(axis=0), p["x"].var(axis=0)
        running["mean"] = 0.9 * running["mean"] + 0.1 * mean
        running["var"] = 0.9 * running["var"] + 0.1 * var
        return (p["x"] - mean) / np.sqrt(var + 1e-5), 1 / np.sqrt(var + 1e-5)

    def pullback(p: Any, v: Any) -> Any:
        hat, inverse = normalised(p)
        d = v * p["gamma"]
        x = inverse * (d - d.mean(axis=0) - hat * (d * hat).mean(axis=0))
        return {"x": x, "gamma": (v * hat).sum(axis=0), "beta": v.sum(axis=0)}

    point = {"x": rng.standard_normal((8, 3)), "gamma": rng.standard_normal(3), "beta": rng.standard_normal(3)}
    return subject("batch norm", point, lambda p: p["gamma"] * normalised(p)[0] + p["beta"], pullback)


@right
def batch_norm_in_training(rng: Any) -> Subject:
    return batch_norm(rng)


@right
def layer_that_caches(rng: Any) -> Subject:
    cache: dict[str, Any] = {}

    def forward(p: Any) -> Any:
        cache["a"] = np.tanh(p["x"] @ p["w"])
        return cache["a"]

    def pullback(p: Any, v: Any) -> Any:
        forward(p)
        d = v * (1 - cache["a"] ** 2)
        return {"x": d @ p["w"].T, "w": p["x"].T @ d}

    return subject("cache", {"x": rng.standard_normal((6, 3)), "w": rng.standard_normal((3, 2))}, forward, pullback)


@right
def layer_that_returns_its_buffer(rng: Any) -> Subject:
    out, grad = np.zeros((6, 2)), np.zeros((6, 3))

    def forward(p: Any) -> Any:
        return np.matmul(p["x"], p["w"], out=out)

    def pullback(p: Any, v: Any) -> Any:
        return {"x": np.matmul(v, p["w"].T, out=grad), "w": p["x"].T @ v}

    return subject("buffers", {"x": rng.standard_normal((6, 3)), "w": rng.standard_normal((3, 2))}, forward, pullback)


@right
def gradients_in_small_integers(rng: Any) -> Subject:
    c = np.arange(-4.0, 5.0)
    return subject("linear", {"x": rng.standard_normal(9)}, lambda p: c * p["x"], lambda p, v: {"x": c * v})


@right
def scalar_loss(rng: Any) -> Subject:
    return subject(
        "square", {"x": rng.standard_normal(50)}, lambda p: (p["x"] ** 2).sum(), lambda p, v: {"x": 2 * v * p["x"]}
    )


@right
def softmax(rng: Any) -> Subject:
    def forward(p: Any) -> Any:
        e = np.exp(p["x"] - p["x"].max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def pullback(p: Any, v: Any) -> Any:
        s = forward(p)
        return {"x": s * (v - (s * v).sum(axis=1, keepdims=True))}

    return subject("softmax", {"x": 5 * rng.standard_normal((6, 9))}, forward, pullback, batch_axis=0)


@right
def normalised_twice(rng: Any) -> Subject:
    """A backward that goes by logarithms: right to rounding, not exact for powers of two."""
    return subject(
        "exp",
        {"x": rng.standard_normal(20)},
        lambda p: np.exp(p["x"]),
        lambda p, v: {"x": np.sign(v) * np.exp(p["x"] + np.log(np.maximum(np.abs(v), 1e-300)))},
    )


@right
def determinant(rng: Any) -> Subject:
    a = rng.standard_normal((4, 4)) + 4 * np.eye(4)
    return subject(
        "log det",
        {"a": a},
        lambda p: np.linalg.slogdet(p["a"])[1],
        lambda p, v: {"a": v * np.linalg.inv(p["a"]).T},
    )


@right
def solve(rng: Any) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        back = np.linalg.solve(p["a"].T, v)
        return {"a": -np.outer(back, np.linalg.solve(p["a"], p["b"])), "b": back}

    point = {"a": rng.standard_normal((5, 5)) + 5 * np.eye(5), "b": rng.standard_normal(5)}
    return subject("solve", point, lambda p: np.linalg.solve(p["a"], p["b"]), pullback)


@right
def large_offset(rng: Any) -> Subject:
    return subject(
        "offset", {"x": rng.standard_normal(5)}, lambda p: p["x"] ** 2 + 1e10, lambda p, v: {"x": 2 * p["x"] * v}
    )


@right
def tiny_scale(rng: Any) -> Subject:
    return subject(
        "tiny",
        {"x": rng.standard_normal(5)},
        lambda p: 1e-12 * p["x"] ** 3,
        lambda p, v: {"x": 3e-12 * p["x"] ** 2 * v},
    )


@right
def underflowing_float32(rng: Any) -> Subject:
    x = np.linspace(-80, 1, 12).astype(np.float32)
    return subject("exp", {"x": x}, lambda p: np.exp(p["x"]), lambda p, v: {"x": np.exp(p["x"]) * v})


@right
def empty_tensor_beside_others(rng: Any) -> Subject:
    return subject(
        "empty",
        {"x": rng.standard_normal(4), "e": np.zeros((0, 3))},
        lambda p: p["x"] ** 2 + p["e"].sum(),
        lambda p, v: {"x": 2 * p["x"] * v, "e": np.zeros((0, 3))},
    )


@right
def complex_linear(rng: Any) -> Subject:
    c = rng.standard_normal(6) + 1j * rng.standard_normal(6)
    z = rng.standard_normal(6) + 1j * rng.standard_normal(6)
    return subject("complex", {"z": z}, lambda p: c * p["z"], lambda p, v: {"z": np.conj(c) * v})


@right
def several_outputs(rng: Any) -> Subject:
    return subject(
        "two heads",
        {"x": rng.standard_normal((4, 3))},
        lambda p: {"sum": p["x"].sum(axis=1), "square": p["x"] ** 2},
        lambda p, v: {"x": v["sum"][:, None] + 2 * p["x"] * v["square"]},
    )


@right
def refuses_other_layouts(rng: Any) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        if not v.flags.c_contiguous or not v.flags.writeable:
            raise ValueError("ndarray is not C-contiguous")
        return {"x": np.cos(p["x"]) * v}

    return subject("typed buffers", {"x": rng.standard_normal((3, 4))}, lambda p: np.sin(p["x"]), pullback)
