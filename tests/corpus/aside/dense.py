"""Nets of dense layers: two activations, normed weights, steps of an equation, counts."""

from __future__ import annotations

from typing import Any, Final

LAYERS: Final[dict[str, tuple[str, tuple[Any, ...]]]] = {
    "elu_mlp": (
        """def draw(rng):
    return rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 2))

def forward(x, w1, w2, w3):
    z1 = x @ w1
    a1 = np.where(z1 > 0, z1, np.exp(np.minimum(z1, 0)) - 1)
    z2 = a1 @ w2
    a2 = np.where(z2 > 0, z2, 0.1 * z2)
    return a2 @ w3, (x, w1, w2, w3, z1, a1, z2, a2)

def backward(dout, cache):
    x, w1, w2, w3, z1, a1, z2, a2 = cache
    dw3 = a2.T @ dout
    da2 = dout @ w3.T
    dz2 = np.where(z2 > 0, da2, 0.1 * da2)
    dw2 = a1.T @ dz2
    da1 = dz2 @ w2.T
    dz1 = da1 * np.where(z1 > 0, 1.0, a1 + 1)
    dw1 = x.T @ dz1
    return dz1 @ w1.T, dw1, dw2, dw3
""",
        (
            (
                ("activation's derivative missing",),
                "elu's slope missing",
                "dz1 = da1 * np.where(z1 > 0, 1.0, a1 + 1)",
                "dz1 = da1",
            ),
            (
                ("activation's derivative missing",),
                "leaky relu's slope missing",
                "dz2 = np.where(z2 > 0, da2, 0.1 * da2)",
                "dz2 = da2",
            ),
            (
                ("wrong branch at a kink",),
                "leaky relu's sides exchanged",
                "np.where(z2 > 0, da2, 0.1 * da2)",
                "np.where(z2 > 0, 0.1 * da2, da2)",
            ),
            (
                ("wrong branch at a kink",),
                "elu's sides exchanged",
                "np.where(z1 > 0, 1.0, a1 + 1)",
                "np.where(z1 < 0, 1.0, a1 + 1)",
            ),
            (
                ("weights transposed",),
                "w2 for its transpose",
                "da1 = dz2 @ w2.T",
                "da1 = dz2 @ w2",
            ),
            (
                (),
                "elu off by one",
                "a1 + 1)",
                "a1 + 1.1)",
            ),
            (
                (),
                "threshold moved",
                "dz2 = np.where(z2 > 0,",
                "dz2 = np.where(z2 > 0.5,",
            ),
            (
                (),
                "wrong operand",
                "dw2 = a1.T @ dz2",
                "dw2 = z1.T @ dz2",
            ),
        ),
    ),
    "weight_norm": (
        """def draw(rng):
    return rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)

def forward(x, v, g):
    length = np.sqrt((v ** 2).sum(axis=0))
    w = g * v / length
    return x @ w, (x, v, g, length, w)

def backward(dout, cache):
    x, v, g, length, w = cache
    dw = x.T @ dout
    dg = (dw * v).sum(axis=0) / length
    dv = g / length * (dw - v * (dw * v).sum(axis=0) / length ** 2)
    return dout @ w.T, dv, dg
""",
        (
            (
                ("statistics taken as fixed",),
                "length taken for a constant",
                "(dw - v * (dw * v).sum(axis=0) / length ** 2)",
                "dw",
            ),
            (
                ("constant factor",),
                "gain averaged",
                "dg = (dw * v).sum(axis=0)",
                "dg = (dw * v).mean(axis=0)",
            ),
            (
                ("upstream squared",),
                "upstream twice in the gain",
                "dg = (dw * v).sum(axis=0) / length",
                "dg = ((x.T @ (dout * dout)) * v).sum(axis=0) / length",
            ),
        ),
    ),
    "euler_ode": (
        """def draw(rng):
    return {"w": rng.normal(size=(3, 3)), "b": rng.normal(size=3)}, (rng.normal(size=(4, 3)),)

class Layer:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.hs = [x]
        for _ in range(3):
            x = x + 0.2 * np.tanh(x @ self.w + self.b)
            self.hs.append(x)
        return x

    def backward(self, dout):
        self.dw, self.db = np.zeros_like(self.w), np.zeros_like(self.b)
        for h in self.hs[-2::-1]:
            t = np.tanh(h @ self.w + self.b)
            dz = 0.2 * dout * (1 - t ** 2)
            self.dw += h.T @ dz
            self.db += dz.sum(axis=0)
            dout = dout + dz @ self.w.T
        return dout
""",
        (
            (
                ("activation's derivative missing",),
                "tanh missing",
                "dz = 0.2 * dout * (1 - t ** 2)",
                "dz = 0.2 * dout",
            ),
            (
                ("σ′(a) for σ′(z)",),
                "tanh' at tanh",
                "(1 - t ** 2)",
                "(1 - np.tanh(t) ** 2)",
            ),
            (
                ("weights transposed",),
                "w for its transpose",
                "dz @ self.w.T",
                "dz @ self.w",
            ),
            (
                ("overwritten",),
                "last step's weights alone",
                "self.dw += h.T @ dz",
                "self.dw = h.T @ dz",
            ),
            (
                ("overwritten",),
                "last step's bias alone",
                "self.db += dz.sum(axis=0)",
                "self.db = dz.sum(axis=0)",
            ),
            (
                ("skip connection", "overwritten"),
                "the skip forgotten",
                "dout = dout + dz @ self.w.T",
                "dout = dz @ self.w.T",
            ),
        ),
    ),
    "poisson_net": (
        """def draw(rng):
    n = rng.normal
    params = {"w1": n(size=(3, 4)), "b1": n(size=4), "w2": 0.3 * n(size=(4, 2)), "b2": n(size=2)}
    return params, (n(size=(5, 3)), rng.integers(0, 4, size=(5, 2)).astype(float))

class Net:
    def __init__(self, **params):
        self.params = params

    def loss(self, X, Y):
        p, grads = self.params, {}
        z = X @ p["w1"] + p["b1"]
        h = np.logaddexp(0, z)
        u = h @ p["w2"] + p["b2"]
        rate = np.exp(u)
        value = (rate - Y * u).sum() / len(X)
        du = (rate - Y) / len(X)
        grads["w2"] = h.T @ du
        grads["b2"] = du.sum(axis=0)
        dh = du @ p["w2"].T
        dz = dh / (1 + np.exp(-z))
        grads["w1"] = X.T @ dz
        grads["b1"] = dz.sum(axis=0)
        return value, grads
""",
        (
            (
                ("activation's derivative missing",),
                "softplus missing",
                "dz = dh / (1 + np.exp(-z))",
                "dz = dh",
            ),
            (
                ("σ′(a) for σ′(z)",),
                "softplus' at its value",
                "dz = dh / (1 + np.exp(-z))",
                "dz = dh / (1 + np.exp(-h))",
            ),
            (
                ("updated weights",),
                "w2 stepped first",
                'dh = du @ p["w2"].T',
                'dh = du @ (p["w2"] - 0.1 * grads["w2"]).T',
            ),
            (
                ("half precision inside",),
                "half hidden values",
                'grads["w2"] = h.T @ du',
                'grads["w2"] = h.astype(np.float16).T @ du',
            ),
            (
                ("constant factor",),
                "not averaged",
                "du = (rate - Y) / len(X)",
                "du = rate - Y",
            ),
        ),
    ),
}
