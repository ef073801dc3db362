"""What is computed by a procedure: tables, solvers that stop, networks that sort, dynamic programmes, frozen draws."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp, softmax

from benchmarks.judging.claim import Draft, pick


def table_lookup(rng: np.random.Generator) -> Draft:
    """Piecewise linear interpolation, in the places and in the table."""
    k, n = int(rng.integers(3, 20)), int(rng.integers(1, 12))
    knots = np.sort(rng.uniform(-2, 2, k)) if rng.random() < 0.5 else np.linspace(-2, 2, k)

    def where(x):
        i = np.clip(np.searchsorted(knots, x) - 1, 0, k - 2)
        return i, (x - knots[i]) / (knots[i + 1] - knots[i])

    def pullback(p, v):
        i, s = where(p["x"])
        inside = (p["x"] >= knots[0]) & (p["x"] <= knots[-1])
        y = np.zeros(k)
        np.add.at(y, i, v * np.where(inside, 1 - s, s < 0))
        np.add.at(y, i + 1, v * np.where(inside, s, s > 1))
        return {"x": v * inside * np.diff(p["y"])[i] / np.diff(knots)[i], "y": y}

    return Draft(
        point={"x": rng.uniform(-2.5, 2.5, n), "y": rng.normal(size=k)},
        forward=lambda p: np.interp(p["x"], knots, p["y"]),
        pullback=pullback,
    )


def grid_sample(rng: np.random.Generator) -> Draft:
    """Bilinear sampling of an image at given places."""
    h, w, n = (int(k) for k in rng.integers(3, 9, 3))

    def corners(p):
        i, j = np.floor(p["at"]).astype(int).T
        i, j = np.clip(i, 0, h - 2), np.clip(j, 0, w - 2)
        return i, j, p["at"][:, 0] - i, p["at"][:, 1] - j

    def forward(p):
        i, j, a, b = corners(p)
        m = p["image"]
        top, low = (1 - b) * m[i, j] + b * m[i, j + 1], (1 - b) * m[i + 1, j] + b * m[i + 1, j + 1]
        return (1 - a) * top + a * low

    def pullback(p, v):
        i, j, a, b = corners(p)
        m, g = p["image"], np.zeros((h, w))
        for di, wa in ((0, 1 - a), (1, a)):
            for dj, wb in ((0, 1 - b), (1, b)):
                np.add.at(g, (i + di, j + dj), v * wa * wb)
        by_a = (1 - b) * (m[i + 1, j] - m[i, j]) + b * (m[i + 1, j + 1] - m[i, j + 1])
        by_b = (1 - a) * (m[i, j + 1] - m[i, j]) + a * (m[i + 1, j + 1] - m[i + 1, j])
        return {"image": g, "at": np.stack([v * by_a, v * by_b], axis=1)}

    at = np.stack([rng.uniform(0, h - 1, n), rng.uniform(0, w - 1, n)], axis=1)
    return Draft(point={"image": rng.normal(size=(h, w)), "at": at}, forward=forward, pullback=pullback)


def newton_root(rng: np.random.Generator) -> Draft:
    """Solve y + y³ = x to a tolerance; the gradient is implicit."""
    tolerance = 10.0 ** rng.uniform(-12, -5)

    def solve(x):
        y = np.zeros_like(x)
        for _ in range(100):
            step = (y + y**3 - x) / (1 + 3 * y * y)
            y = y - step
            if np.abs(step).max() < tolerance:
                break
        return y

    return Draft(
        point={"x": rng.normal(size=int(rng.integers(1, 10))) * 2},
        forward=lambda p: solve(p["x"]),
        pullback=lambda p, v: {"x": v / (1 + 3 * solve(p["x"]) ** 2)},
    )


def bisected_root(rng: np.random.Generator) -> Draft:
    """The same by halving a bracket that does not move: the roots lie on its grid."""
    halvings, n = int(rng.integers(10, 50)), int(rng.integers(1, 5))

    def solve(x):
        low, high = np.full_like(x, -8.0), np.full_like(x, 8.0)
        for _ in range(halvings):
            y = (low + high) / 2
            below = y + y**3 < x
            low, high = np.where(below, y, low), np.where(below, high, y)
        return (low + high) / 2

    return Draft(
        point={"x": rng.normal(size=n) * 2},
        forward=lambda p: solve(p["x"]),
        pullback=lambda p, v: {"x": v / (1 + 3 * solve(p["x"]) ** 2)},
    )


def stopped_iteration(rng: np.random.Generator) -> Draft:
    """x ← tanh(Wx + b) until it moves by less than a tolerance; the gradient is implicit."""
    n, tolerance = int(rng.integers(2, 8)), 10.0 ** rng.uniform(-13, -6)
    w = rng.normal(size=(n, n))

    def solve(p):
        x = np.zeros(n)
        for _ in range(500):
            new = np.tanh(p["w"] @ x + p["b"])
            if np.abs(new - x).max() < tolerance:
                return new
            x = new
        return x

    def pullback(p, v):
        x = solve(p)
        s = 1 - x * x
        u = s * np.linalg.solve(np.eye(n) - (s[:, None] * p["w"]).T, v)
        return {"w": np.outer(u, x), "b": u}

    return Draft(point={"w": 0.5 * w / np.linalg.norm(w, 2), "b": rng.normal(size=n)}, forward=solve, pullback=pullback)


def conjugate_gradients(rng: np.random.Generator) -> Draft:
    """Solve A x = b iteratively to a tolerance, in b."""
    n, tolerance = int(rng.integers(2, 20)), 10.0 ** rng.uniform(-12, -6)
    m = rng.normal(size=(n, n))
    a = m @ m.T / n + np.eye(n)

    def solve(b):
        x, r = np.zeros(n), b.copy()
        d, rr = r.copy(), float(r @ r)
        stop = tolerance**2 * rr
        for _ in range(10 * n):
            if rr <= stop:
                break
            ad = a @ d
            alpha = rr / (d @ ad)
            x, r = x + alpha * d, r - alpha * ad
            new = float(r @ r)
            d, rr = r + new / rr * d, new
        return x

    return Draft(
        point={"b": rng.normal(size=n)},
        forward=lambda p: solve(p["b"]),
        pullback=lambda p, v: {"b": np.linalg.solve(a, v)},
    )


def sorting_network(rng: np.random.Generator) -> Draft:
    """Odd-even transposition sort by minima and maxima, weighed."""
    n = int(rng.integers(2, 12))

    def forward(p):
        x = p["x"].copy()
        for k in range(n):
            a, b = x[k % 2 : n - 1 : 2].copy(), x[k % 2 + 1 :: 2].copy()
            x[k % 2 : n - 1 : 2], x[k % 2 + 1 :: 2] = np.minimum(a, b), np.maximum(a, b)
        return x * np.arange(1, n + 1)

    def pullback(p, v):
        g = np.empty(n)
        g[np.argsort(p["x"])] = v * np.arange(1, n + 1)
        return {"x": g}

    return Draft(point={"x": rng.normal(size=n)}, forward=forward, pullback=pullback)


def quantiles(rng: np.random.Generator) -> Draft:
    """Quantiles between the order statistics."""
    n, q = int(rng.integers(2, 30)), rng.random(int(rng.integers(1, 5)))

    def pullback(p, v):
        order, at = np.argsort(p["x"]), q * (n - 1)
        i = np.minimum(at.astype(int), n - 2)
        g = np.zeros(n)
        np.add.at(g, order[i], v * (1 - (at - i)))
        np.add.at(g, order[i + 1], v * (at - i))
        return {"x": g}

    return Draft(point={"x": rng.normal(size=n)}, forward=lambda p: np.quantile(p["x"], q), pullback=pullback)


def time_warping(rng: np.random.Generator) -> Draft:
    """Cost of the cheapest alignment of two series: minima along a path."""
    n, m = (int(k) for k in rng.integers(2, 9, 2))

    def costs(p):
        c = (p["a"][:, None] - p["b"][None, :]) ** 2
        d = np.full((n + 1, m + 1), np.inf)
        d[0, 0] = 0
        for i in range(n):
            for j in range(m):
                d[i + 1, j + 1] = c[i, j] + min(d[i, j], d[i, j + 1], d[i + 1, j])
        return d

    def pullback(p, v):
        d, (i, j) = costs(p), (n, m)
        a, b = np.zeros(n), np.zeros(m)
        while i > 0 and j > 0:
            slope = 2 * v * (p["a"][i - 1] - p["b"][j - 1])
            a[i - 1] += slope
            b[j - 1] -= slope
            i, j = min([(i - 1, j - 1), (i - 1, j), (i, j - 1)], key=lambda ij: d[ij])
        return {"a": a, "b": b}

    return Draft(
        point={"a": rng.normal(size=n), "b": rng.normal(size=m)}, forward=lambda p: costs(p)[n, m], pullback=pullback
    )


def hidden_markov(rng: np.random.Generator) -> Draft:
    """log-likelihood of a chain by the forward algorithm in logarithms; gradients by forward and backward sums."""
    k, steps = int(rng.integers(2, 6)), int(rng.integers(2, 30))

    def alphas(p):
        a = [p["emit"][0]]
        for t in range(1, steps):
            a.append(logsumexp(a[-1][:, None] + p["move"], axis=0) + p["emit"][t])
        return a

    def pullback(p, v):
        a = alphas(p)
        back = [softmax(a[-1])]
        move = np.zeros((k, k))
        for t in range(steps - 1, 0, -1):
            share = softmax(a[t - 1][:, None] + p["move"], axis=0) * back[0]
            move += share
            back.insert(0, share.sum(1))
        return {"emit": v * np.array(back), "move": v * move}

    return Draft(
        point={"emit": rng.normal(size=(steps, k)) * 2, "move": rng.normal(size=(k, k))},
        forward=lambda p: logsumexp(alphas(p)[-1]),
        pullback=pullback,
    )


def frozen_draw(rng: np.random.Generator) -> Draft:
    """Reparametrised samples and a dropout mask from a generator seeded anew in every call."""
    n, seed = int(rng.integers(1, 12)), int(rng.integers(2**31))

    def draws():
        inner = np.random.default_rng(seed)
        return inner.normal(size=(8, n)), inner.random((8, n)) < 0.7

    def pullback(p, v):
        e, keep = draws()
        d = v * keep * np.cos(p["mean"] + np.exp(p["log_std"]) * e) / 8
        return {"mean": d.sum(0), "log_std": (d * e).sum(0) * np.exp(p["log_std"])}

    def forward(p):
        e, keep = draws()
        return (keep * np.sin(p["mean"] + np.exp(p["log_std"]) * e)).sum() / 8

    return Draft(
        point={"mean": rng.normal(size=n), "log_std": rng.normal(size=n) - 1}, forward=forward, pullback=pullback
    )


def series(rng: np.random.Generator) -> Draft:
    """A power series summed until its terms no longer matter."""
    tolerance = 10.0 ** rng.uniform(-17, -8)

    def forward(p):
        term = total = np.ones_like(p["x"])
        for k in range(1, 200):
            term = term * p["x"] / k
            total = total + term
            if np.abs(term).max() < tolerance * np.abs(total).max():
                break
        return total

    return Draft(
        point={"x": rng.normal(size=int(rng.integers(1, 8)))},
        forward=forward,
        pullback=lambda p, v: {"x": v * np.exp(p["x"])},
    )


def branching(rng: np.random.Generator) -> Draft:
    """Code that takes one of two ways, by a sum, and leaves a parameter of the other untouched."""
    n = int(rng.integers(1, 10))
    f, slope = pick(rng, [(np.sin, np.cos), (np.exp, np.exp)])

    def pullback(p, v):
        way = "a" if p["x"].sum() > 0 else "b"
        g = {name: np.zeros(n) for name in ("a", "b")}
        g[way] = v * f(p["x"])
        return g | {"x": v * slope(p["x"]) * p[way]}

    return Draft(
        point={"x": rng.normal(size=n), "a": rng.normal(size=n), "b": rng.normal(size=n)},
        forward=lambda p: f(p["x"]) * (p["a"] if p["x"].sum() > 0 else p["b"]),
        pullback=pullback,
    )
