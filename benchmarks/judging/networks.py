"""Dense networks: smooth and bent, shallow and deep, with 10 to 4,000 units, and what is built of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from benchmarks.judging.claim import Draft, Named, pick

SMOOTH = {
    #            σ(z)                              σ′(z)
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (special.expit, lambda z: special.expit(z) * special.expit(-z)),
    "softplus": (lambda z: np.logaddexp(0, z), special.expit),
    "sine": (np.sin, np.cos),
    "swish": (lambda z: z * special.expit(z), lambda z: special.expit(z) * (1 + z * special.expit(-z))),
    "gelu": (
        lambda z: z * special.ndtr(z),
        lambda z: special.ndtr(z) + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
    ),
}
BENT = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "leaky relu": (lambda z: np.where(z > 0, z, 0.1 * z), lambda z: np.where(z > 0, 1, 0.1).astype(z.dtype)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))), lambda z: np.exp(np.minimum(z, 0))),
    "hard tanh": (lambda z: np.clip(z, -1, 1), lambda z: (np.abs(z) < 1).astype(z.dtype)),
}


def weights(rng: np.random.Generator, widths: list[int], *, bias: float = 0.0, gain: float = 1.4) -> Named:
    """Random weights of a usual size; biases of rms ``bias``, 0 as people initialise them."""
    named: Named = {}
    for l in range(1, len(widths)):
        named[f"w{l}"] = rng.normal(size=(widths[l - 1], widths[l])) * gain / np.sqrt(widths[l - 1])
        named[f"b{l}"] = bias * rng.normal(size=widths[l])
    return named


def network(point: Named, row: Any, *, loss: Any = None) -> Draft:
    """The network whose weights are w1, b1, w2, … of ``point``, with input "x"; linear last layer, then ``loss``."""
    activation, slope = row
    depth = sum(name.startswith("w") for name in point)

    def run(p):
        a, z = [p["x"]], [None]
        for l in range(1, depth + 1):
            z.append(a[-1] @ p[f"w{l}"] + p[f"b{l}"])
            a.append(activation(z[-1]) if l < depth else z[-1])
        return a, z

    def forward(p):
        a, _ = run(p)
        return loss[0](a[-1]) if loss else a[-1]

    def pullback(p, v):
        a, z = run(p)
        delta = loss[1](a[-1], v) if loss else v
        g = {}
        for l in range(depth, 0, -1):
            g[f"w{l}"], g[f"b{l}"] = a[l - 1].T @ delta, delta.sum(0)
            delta = delta @ p[f"w{l}"].T
            if l > 1:
                delta = delta * slope(z[l - 1])
        return {"x": delta} | g

    return Draft(point=point, forward=forward, pullback=pullback)


def cross_entropy(labels: np.ndarray) -> Any:
    """Mean softmax cross-entropy over a batch, and its pullback."""
    n = len(labels)

    def probabilities(z):
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def value(z):
        m = z.max(1, keepdims=True)
        return ((m + np.log(np.exp(z - m).sum(1, keepdims=True)))[:, 0] - z[np.arange(n), labels]).mean()

    def back(z, v):
        d = probabilities(z)
        d[np.arange(n), labels] -= 1
        return d * (v / n)

    return value, back


def squares(target: np.ndarray) -> Any:
    """Mean squared error, and its pullback."""
    return (lambda y: ((y - target) ** 2).mean(), lambda y, v: v * 2 * (y - target) / target.size)


def _widths(rng: np.random.Generator, hidden: int, low: int, high: int) -> list[int]:
    return [int(rng.integers(2, 20)), *(int(rng.integers(low, high)) for _ in range(hidden)), int(rng.integers(1, 10))]


def smooth_network(rng: np.random.Generator) -> Draft:
    widths = _widths(rng, int(rng.integers(1, 4)), 3, 40)
    point = {"x": rng.normal(size=(int(rng.integers(1, 20)), widths[0]))} | weights(rng, widths, bias=0.1)
    return network(point, SMOOTH[pick(rng, SMOOTH)])


def fresh_network(rng: np.random.Generator) -> Draft:
    """As initialised: biases zero."""
    widths = _widths(rng, int(rng.integers(1, 4)), 3, 40)
    point = {"x": rng.normal(size=(int(rng.integers(1, 20)), widths[0]))} | weights(rng, widths)
    return network(point, pick(rng, list(SMOOTH.values()) + list(BENT.values())))


def deep_network(rng: np.random.Generator) -> Draft:
    widths = _widths(rng, int(rng.integers(5, 8)), 4, 20)
    point = {"x": rng.normal(size=(int(rng.integers(1, 8)), widths[0]))} | weights(rng, widths, bias=0.1)
    return network(point, SMOOTH[pick(rng, SMOOTH)])


def classifier(rng: np.random.Generator) -> Draft:
    widths = [*_widths(rng, int(rng.integers(1, 3)), 5, 40)[:-1], int(rng.integers(2, 10))]
    n = int(rng.integers(2, 40))
    point = {"x": rng.normal(size=(n, widths[0]))} | weights(rng, widths)
    return network(point, SMOOTH[pick(rng, SMOOTH)], loss=cross_entropy(rng.integers(widths[-1], size=n)))


def regressor(rng: np.random.Generator) -> Draft:
    widths = _widths(rng, 2, 5, 40)
    n = int(rng.integers(2, 40))
    point = {"x": rng.normal(size=(n, widths[0]))} | weights(rng, widths, bias=0.1)
    row = pick(rng, list(SMOOTH.values()) + list(BENT.values()))
    return network(point, row, loss=squares(rng.normal(size=(n, widths[-1]))))


def bent_network(rng: np.random.Generator) -> Draft:
    widths = _widths(rng, int(rng.integers(1, 4)), 5, 60)
    point = {"x": rng.normal(size=(int(rng.integers(1, 20)), widths[0]))}
    return network(point | weights(rng, widths, bias=0.1), BENT[pick(rng, BENT)])


def wide_relu_network(rng: np.random.Generator) -> Draft:
    """300 to 4,000 units in one hidden layer: a kink at every scale of distance."""
    widths = [int(rng.integers(2, 12)), int(10 ** rng.uniform(2.5, 3.6)), int(rng.integers(1, 4))]
    point = {"x": rng.normal(size=(int(rng.integers(1, 9)), widths[0]))}
    return network(point | weights(rng, widths, bias=pick(rng, [0, 0.1])), BENT["relu"])


def broad_relu_network(rng: np.random.Generator) -> Draft:
    """1e4 to 3e5 weights: of a large batch some outputs have a kink nearby; of a small one whole units are dead."""
    hidden = [int(rng.integers(*some)) for some in ((60, 400), (60, 400), (30, 100))]
    widths = [int(rng.integers(30, 100)), *hidden, 10]
    point = {"x": rng.normal(size=(int(2 ** rng.integers(2, 8)), widths[0]))}
    return network(point | weights(rng, widths, bias=pick(rng, [0, 0.1])), BENT["relu"])


def deep_relu_network(rng: np.random.Generator) -> Draft:
    widths = _widths(rng, int(rng.integers(3, 8)), 10, 120)
    point = {"x": rng.normal(size=(int(rng.integers(1, 9)), widths[0]))}
    return network(point | weights(rng, widths, bias=pick(rng, [0, 0.1])), BENT["relu"])


def relu_classifier(rng: np.random.Generator) -> Draft:
    widths = [int(rng.integers(5, 30)), int(rng.integers(20, 200)), int(rng.integers(20, 100)), 10]
    n = int(rng.integers(4, 64))
    point = {"x": rng.normal(size=(n, widths[0]))} | weights(rng, widths)
    return network(point, BENT["relu"], loss=cross_entropy(rng.integers(10, size=n)))


def sparse_input_network(rng: np.random.Generator) -> Draft:
    """Inputs one-hot or mostly exact zeros, as after an encoding or in pictures."""
    widths = _widths(rng, 2, 5, 40)
    n = int(rng.integers(1, 20))
    x = (
        np.eye(widths[0])[rng.integers(widths[0], size=n)]
        if rng.random() < 0.5
        else rng.normal(size=(n, widths[0])) * (rng.random((n, widths[0])) < 0.2)
    )
    return network({"x": x} | weights(rng, widths), pick(rng, [SMOOTH["tanh"], BENT["relu"]]))


def zero_weights(rng: np.random.Generator) -> Draft:
    """The last layer starts at zero, so that nothing below it has a gradient yet."""
    widths = _widths(rng, 2, 5, 30)
    point = {"x": rng.normal(size=(int(rng.integers(1, 20)), widths[0]))} | weights(rng, widths, bias=0.1)
    point["w3"] = np.zeros_like(point["w3"])
    return network(point, SMOOTH[pick(rng, SMOOTH)])


def residual_blocks(rng: np.random.Generator) -> Draft:
    d, depth, n = int(rng.integers(2, 20)), int(rng.integers(1, 8)), int(rng.integers(1, 10))

    def states(p):
        x = [p["x"]]
        for l in range(depth):
            x.append(x[-1] + np.tanh(x[-1] @ p[f"w{l}"]))
        return x

    def pullback(p, v):
        x, g = states(p), {}
        for l in reversed(range(depth)):
            dz = v * (1 - (x[l + 1] - x[l]) ** 2)
            g[f"w{l}"] = x[l].T @ dz
            v = v + dz @ p[f"w{l}"].T
        return {"x": v} | g

    point = {"x": rng.normal(size=(n, d))} | {f"w{l}": rng.normal(size=(d, d)) / np.sqrt(d) for l in range(depth)}
    return Draft(point=point, forward=lambda p: states(p)[-1], pullback=pullback)


def tied_autoencoder(rng: np.random.Generator) -> Draft:
    """One matrix used twice: its gradient is a sum of two parts."""
    n, d, m = int(rng.integers(1, 20)), int(rng.integers(3, 20)), int(rng.integers(2, 10))

    def pullback(p, v):
        h = np.tanh(p["x"] @ p["w"])
        dz = (v @ p["w"]) * (1 - h * h)
        return {"w": p["x"].T @ dz + v.T @ h, "x": dz @ p["w"].T}

    return Draft(
        point={"x": rng.normal(size=(n, d)), "w": rng.normal(size=(d, m)) / np.sqrt(d)},
        forward=lambda p: np.tanh(p["x"] @ p["w"]) @ p["w"].T,
        pullback=pullback,
    )


def packed_network(rng: np.random.Generator) -> Draft:
    """All weights in one flat vector, as optimisers take them."""
    widths = _widths(rng, 1, 3, 20)
    n = int(rng.integers(2, 30))
    x = rng.normal(size=(n, widths[0]))
    named = weights(rng, widths, bias=0.1)
    inner = network({"x": x} | named, SMOOTH["tanh"], loss=squares(rng.normal(size=(n, widths[-1]))))

    def unpack(theta):
        out, start = {"x": x}, 0
        for name, a in named.items():
            out[name] = theta[start : start + a.size].reshape(a.shape)
            start += a.size
        return out

    def pullback(p, v):
        g = inner.pullback(unpack(p["theta"]), v)
        return {"theta": np.concatenate([g[name].ravel() for name in named])}

    return Draft(
        point={"theta": np.concatenate([a.ravel() for a in named.values()])},
        forward=lambda p: inner.forward(unpack(p["theta"])),
        pullback=pullback,
    )
