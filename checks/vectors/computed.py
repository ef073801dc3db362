"""What the custom layers compute, on exact numbers, and the same with the mistakes that take a part for a constant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from flint import arb
from scipy import special

from checks.numeric.balls.array import kept
from checks.numeric.balls.ball import Ball, ball
from checks.vectors.functions import softmax
from checks.vectors.proven import Definition, detached

EPS: Final = 2.0**-16  # added to variances


def convolve(p: Mapping[str, Any], t: Mapping[str, Any]) -> dict[str, Any]:
    """Correlation, as deep learning calls it."""
    x, w, s, pad = t["x"], t["w"], p["stride"], p["padding"]
    x = kept(np.pad(x, ((0, 0), (pad, pad), (pad, pad))))
    height, width = ((n - k) // s + 1 for n, k in zip(x.shape[1:], w.shape[2:], strict=True))
    out = np.empty((w.shape[0], height, width), dtype=object)
    for o, i, j in np.ndindex(out.shape):
        patch = x[:, i * s : i * s + w.shape[2], j * s : j * s + w.shape[3]]
        out[o, i, j] = (patch * w[o]).sum() + t["b"][o]
    return {"output": out}


def _windows(x: Any, k: int, s: int) -> Iterator[tuple[tuple[int, ...], Any]]:
    for c in range(x.shape[0]):
        for i in range((x.shape[1] - k) // s + 1):
            for j in range((x.shape[2] - k) // s + 1):
                yield (c, i, j), x[c, i * s : i * s + k, j * s : j * s + k]


def _pooled(p: Mapping[str, Any], x: Any, of: Callable[[Any], Any]) -> dict[str, Any]:
    found = {index: of(window) for index, window in _windows(x, p["size"], p["stride"])}
    out = np.empty(tuple(1 + max(axis) for axis in zip(*found, strict=True)), dtype=object)
    for index, value in found.items():
        out[index] = value
    return {"output": out}


def max_pool(p: Mapping[str, Any], t: Mapping[str, Any], winner: int = 0) -> dict[str, Any]:
    """The largest of each window; of those that tie the one numbered ``winner``."""

    def largest(window: Any) -> Any:
        flat = list(window.ravel())
        top = max(float(ball(e).ball.mid()) for e in flat)  # type: ignore[union-attr]  # numbers
        tied = [e for e in flat if float(ball(e).ball.mid()) == top]  # type: ignore[union-attr]
        return tied[min(winner, len(tied) - 1)] + 0

    return _pooled(p, t["x"], largest)


def mean_pool(p: Mapping[str, Any], t: Mapping[str, Any]) -> dict[str, Any]:
    """The mean of each window."""
    return _pooled(p, t["x"], lambda window: window.sum() / window.size)


def normalised(axis: int, *, centred: bool = True, constant: bool = False) -> Definition:
    """Layer, batch or root-mean-square normalisation; ``constant``: its moments taken for constants, which is wrong."""

    def layer(p: Mapping[str, Any], t: Mapping[str, Any]) -> dict[str, Any]:
        x = t["x"]
        seen = detached(x) if constant else x
        centre = seen.mean(axis=axis, keepdims=True) if centred else 0
        variance = ((seen - centre) ** 2).mean(axis=axis, keepdims=True)
        out = (x - centre) / np.sqrt(variance + EPS) * t["gamma"]
        return {"output": out + t["beta"] if centred else out}

    return layer


def attention(p: Mapping[str, Any], t: Mapping[str, Any], constant: bool = False) -> dict[str, Any]:
    """One head; ``constant``: its weights taken for constants, which is wrong."""
    scores = np.matmul(t["q"], t["k"].T) / Ball(arb(t["q"].shape[1]).sqrt())
    if p["causal"]:
        later = np.arange(scores.shape[1])[None, :] > np.arange(scores.shape[0])[:, None]
        scores = np.where(later, -np.inf, scores)
    weights = softmax(kept(scores.T)).T
    return {"output": np.matmul(detached(weights) if constant else weights, t["v"])}


def embedding(p: Mapping[str, Any], t: Mapping[str, Any], last_only: bool = False) -> dict[str, Any]:
    """Rows by index; ``last_only``: of repeated ones only the last counts, which is wrong."""
    rows, indices = t["table"], p["indices"]
    if not last_only:
        return {"output": rows[indices] * 1}
    fixed = detached(rows)
    seen = [rows[i] if i not in indices[k + 1 :] else fixed[i] for k, i in enumerate(indices)]
    return {"output": kept(np.stack(seen)) * 1}


def simple_cell(t: Mapping[str, Any], x: Any, h: Any, c: Any) -> tuple[Any, Any]:
    """One step of tanh."""
    return np.tanh(np.matmul(t["W"], x) + np.matmul(t["U"], h) + t["b"]), c


def lstm_cell(t: Mapping[str, Any], x: Any, h: Any, c: Any) -> tuple[Any, Any]:
    """One step of long short-term memory: i, f, g, o."""
    z, d = np.matmul(t["W"], x) + np.matmul(t["U"], h) + t["b"], len(h)
    i, f, g, o = (z[k * d : (k + 1) * d] for k in range(4))
    c = special.expit(f) * c + special.expit(i) * np.tanh(g)
    return special.expit(o) * np.tanh(c), c


def gru_cell(t: Mapping[str, Any], x: Any, h: Any, c: Any) -> tuple[Any, Any]:
    """One step of a gated recurrent unit: r, z, n."""
    d = len(h)
    a, u = np.matmul(t["W"], x) + t["b"], np.matmul(t["U"], h)
    r, z = special.expit(a[:d] + u[:d]), special.expit(a[d : 2 * d] + u[d : 2 * d])
    n = np.tanh(a[2 * d :] + r * u[2 * d :])
    return (1 - z) * n + z * h, c


def unrolled(cell: Callable[..., tuple[Any, Any]], *, last_only: bool = False) -> Definition:
    """The last h; ``last_only``: what came before the last step taken for a constant, which is wrong."""

    def layer(p: Mapping[str, Any], t: Mapping[str, Any]) -> dict[str, Any]:
        h, c = t["h"], t.get("c")
        for k, x in enumerate(t["x"]):
            if last_only and k == len(t["x"]) - 1:
                h, c = detached(h), None if c is None else detached(c)
            h, c = cell(t, x, h, c)
        return {"output": h}

    return layer
