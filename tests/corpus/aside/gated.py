"""Gated layers: highway, a gated unit of two products, experts."""

from __future__ import annotations

from typing import Any, Final

LAYERS: Final[dict[str, tuple[str, tuple[Any, ...]]]] = {
    "highway": (
        """def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def draw(rng):
    n = rng.normal
    return n(size=(5, 4)), n(size=(4, 4)), n(size=(4, 4)), n(size=4), n(size=4)

def forward(x, wh, wt, bh, bt):
    h = np.tanh(x @ wh + bh)
    t = sigmoid(x @ wt + bt)
    return t * h + (1 - t) * x, (x, wh, wt, h, t)

def backward(dout, cache):
    x, wh, wt, h, t = cache
    dh = dout * t
    dt = dout * (h - x)
    dzh = dh * (1 - h ** 2)
    dzt = dt * t * (1 - t)
    dx = dout * (1 - t) + dzh @ wh.T + dzt @ wt.T
    return dx, x.T @ dzh, x.T @ dzt, dzh.sum(axis=0), dzt.sum(axis=0)
""",
        (
            (
                ("activation's derivative missing",),
                "tanh missing",
                "dzh = dh * (1 - h ** 2)",
                "dzh = dh",
            ),
            (
                ("activation's derivative missing",),
                "sigmoid missing",
                "dzt = dt * t * (1 - t)",
                "dzt = dt",
            ),
            (
                ("σ′(a) for σ′(z)",),
                "tanh' at tanh",
                "(1 - h ** 2)",
                "(1 - np.tanh(h) ** 2)",
            ),
            (
                ("σ′(a) for σ′(z)",),
                "sigmoid' at sigmoid",
                "dt * t * (1 - t)",
                "dt * sigmoid(t) * (1 - sigmoid(t))",
            ),
            (
                ("weights transposed",),
                "wt instead of its transpose",
                "dzt @ wt.T",
                "dzt @ wt",
            ),
            (
                ("constant factor",),
                "minus lost in the gate",
                "dt = dout * (h - x)",
                "dt = dout * (x - h)",
            ),
            (
                ("skip connection",),
                "carry forgotten",
                "dx = dout * (1 - t) + dzh",
                "dx = dzh",
            ),
            (
                (),
                "gate's own value for its complement",
                "dout * (1 - t) + dzh",
                "dout * t + dzh",
            ),
            (
                (),
                "no input in the gate",
                "dt = dout * (h - x)",
                "dt = dout * h",
            ),
        ),
    ),
    "swiglu": (
        """def draw(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=(3, 5)), rng.normal(size=(3, 5)), rng.normal(size=(5, 3))

def forward(x, w1, w2, w3):
    a, b = x @ w1, x @ w2
    s = 1 / (1 + np.exp(-a))
    g = a * s
    return (g * b) @ w3, (x, w1, w2, w3, a, b, s, g)

def backward(dout, cache):
    x, w1, w2, w3, a, b, s, g = cache
    dm = dout @ w3.T
    dw3 = (g * b).T @ dout
    dg = dm * b
    db = dm * g
    da = dg * (s + a * s * (1 - s))
    return da @ w1.T + db @ w2.T, x.T @ da, x.T @ db, dw3
""",
        (
            (
                ("activation's derivative missing",),
                "silu's slope missing",
                "da = dg * (s + a * s * (1 - s))",
                "da = dg",
            ),
            (
                ("activation's derivative missing",),
                "only the sigmoid's slope missing",
                "a * s * (1 - s)",
                "a * s",
            ),
            (
                ("updated weights",),
                "w3 stepped first",
                "dm = dout @ w3.T\n    dw3 = (g * b).T @ dout",
                "dw3 = (g * b).T @ dout\n    dm = dout @ (w3 - 0.05 * dw3).T",
            ),
            (
                ("half precision inside",),
                "half copy of the gate",
                "dg = dm * b",
                "dg = dm * b.astype(np.float16)",
            ),
            (
                ("transpose",),
                "w3's gradient in the wrong order",
                "dw3 = (g * b).T @ dout",
                "dw3 = (dout.T @ (g * b)).reshape(w3.shape)",
            ),
        ),
    ),
    "moe": (
        """def draw(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3, 2))

def forward(x, g, w):
    z = x @ g
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = np.tanh(np.einsum("ni,eio->neo", x, w))
    return np.einsum("ne,neo->no", p, y), (x, g, w, p, y)

def backward(dout, cache):
    x, g, w, p, y = cache
    dp = np.einsum("no,neo->ne", dout, y)
    dy = p[:, :, None] * dout[:, None]
    dz = p * (dp - (p * dp).sum(axis=1, keepdims=True))
    dm = dy * (1 - y ** 2)
    dx = dz @ g.T + np.einsum("neo,eio->ni", dm, w)
    return dx, x.T @ dz, np.einsum("neo,ni->eio", dm, x)
""",
        (
            (
                ("softmax as a diagonal",),
                "gate's softmax as a diagonal",
                "dz = p * (dp - (p * dp).sum(axis=1, keepdims=True))",
                "dz = p * (1 - p) * dp",
            ),
            (
                ("activation's derivative missing",),
                "experts' tanh missing",
                "dm = dy * (1 - y ** 2)",
                "dm = dy",
            ),
            (
                ("σ′(a) for σ′(z)",),
                "experts' tanh at its value",
                "(1 - y ** 2)",
                "(1 - np.tanh(y) ** 2)",
            ),
            (
                ("weights transposed",),
                "gate for its transpose",
                "dz @ g.T",
                "dz @ g",
            ),
            (
                ("shifted by one",),
                "experts one off",
                '"neo,ni->eio", dm, x)',
                '"neo,ni->eio", np.roll(dm, 1, axis=1), x)',
            ),
            (
                ("one example missing", "one index missing"),
                "the last expert stands still",
                "dm = dy * (1 - y ** 2)",
                "dm = dy * (1 - y ** 2) * np.array([1, 1, 0])[:, None]",
            ),
            (
                (),
                "inner sum over experts left out of the input",
                'dz @ g.T + np.einsum("neo,eio->ni", dm, w)',
                "dz @ g.T",
            ),
            (
                (),
                "a wrong power",
                "(1 - y ** 2)",
                "(1 - y ** 3)",
            ),
        ),
    ),
}
