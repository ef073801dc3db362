"""Layers that mix: attention pooling, graphs, distances, local windows."""

from __future__ import annotations

from typing import Any, Final

LAYERS: Final[dict[str, tuple[str, tuple[Any, ...]]]] = {
    "additive_attention": (
        """def draw(rng):
    return rng.normal(size=(3, 4, 5)), rng.normal(size=(5, 5)), rng.normal(size=5)

def forward(x, w, u):
    t = np.tanh(x @ w)
    e = t @ u
    p = np.exp(e - e.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return np.einsum("nt,ntd->nd", p, x), (x, w, u, t, p)

def backward(dout, cache):
    x, w, u, t, p = cache
    dp = np.einsum("nd,ntd->nt", dout, x)
    dx = p[:, :, None] * dout[:, None, :]
    de = p * (dp - (p * dp).sum(axis=1, keepdims=True))
    du = np.einsum("nt,ntd->d", de, t)
    dt = de[:, :, None] * u
    dz = dt * (1 - t ** 2)
    dx = dx + dz @ w.T
    return dx, np.einsum("nti,ntj->ij", x, dz), du
""",
        (
            (
                ("softmax as a diagonal",),
                "softmax as y(1-y)",
                "de = p * (dp - (p * dp).sum(axis=1, keepdims=True))",
                "de = dp * p * (1 - p)",
            ),
            (
                ("softmax as a diagonal",),
                "softmax as y",
                "de = p * (dp - (p * dp).sum(axis=1, keepdims=True))",
                "de = dp * p",
            ),
            (
                ("softmax as a diagonal",),
                "softmax missing",
                "de = p * (dp - (p * dp).sum(axis=1, keepdims=True))",
                "de = dp",
            ),
            (
                ("activation's derivative missing",),
                "tanh missing",
                "dz = dt * (1 - t ** 2)",
                "dz = dt",
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
                "dx + dz @ w.T",
                "dx + dz @ w",
            ),
            (
                ("axis reversed",),
                "u's gradient reversed",
                '"nt,ntd->d", de, t)',
                '"nt,ntd->d", de, t)[::-1]',
            ),
            (
                (),
                "sum over the wrong axis",
                "(p * dp).sum(axis=1, keepdims=True)",
                "(p * dp).sum(axis=0, keepdims=True)",
            ),
            (
                (),
                "no max, wrong values",
                "dt = de[:, :, None] * u",
                "dt = de[:, :, None] * np.abs(u)",
            ),
        ),
    ),
    "graph_conv": (
        """def draw(rng):
    a = (rng.random((6, 6)) < 0.5) * rng.random((6, 6)) + np.eye(6)
    return a / a.sum(axis=1, keepdims=True), rng.normal(size=(6, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 3))

def forward(a, x, w, v):
    z = a @ x @ w
    h = np.maximum(z, 0)
    return a @ h @ v, (a, x, w, v, z, h)

def backward(dout, cache):
    a, x, w, v, z, h = cache
    dah = dout @ v.T
    dv = (a @ h).T @ dout
    dh = a.T @ dah
    dz = dh * (z > 0)
    dw = (a @ x).T @ dz
    dax = dz @ w.T
    dx = a.T @ dax
    da = dah @ h.T + dax @ x.T
    return da, dx, dw, dv
""",
        (
            (
                ("activation's derivative missing",),
                "relu missing",
                "dz = dh * (z > 0)",
                "dz = dh",
            ),
            (
                ("wrong branch at a kink",),
                "relu the other way",
                "dz = dh * (z > 0)",
                "dz = dh * (z < 0)",
            ),
            (
                ("weights transposed",),
                "neighbours not transposed",
                "dh = a.T @ dah",
                "dh = a @ dah",
            ),
            (
                ("weights transposed",),
                "neighbours not transposed below",
                "dx = a.T @ dax",
                "dx = a @ dax",
            ),
            (
                ("updated weights",),
                "v stepped first",
                "dah = dout @ v.T\n    dv = (a @ h).T @ dout",
                "dv = (a @ h).T @ dout\n    v = v - 0.1 * dv\n    dah = dout @ v.T",
            ),
            (
                ("axis reversed",),
                "v's rows reversed",
                "dv = (a @ h).T @ dout",
                "dv = ((a @ h).T @ dout)[::-1]",
            ),
            (
                ("half precision inside",),
                "half aggregate",
                "dw = (a @ x).T @ dz",
                "dw = (a @ x).astype(np.float16).T @ dz",
            ),
        ),
    ),
    "rbf_net": (
        """def draw(rng):
    return rng.normal(size=(5, 2)), rng.normal(size=(4, 2)), rng.normal(size=(4, 2)), 0.5 + rng.random(4)

def forward(x, c, w, s):
    d = x[:, None, :] - c[None]
    q = (d ** 2).sum(axis=2)
    r = np.exp(-s * q)
    return r @ w, (d, q, r, w, s)

def backward(dout, cache):
    d, q, r, w, s = cache
    dr = dout @ w.T
    dw = r.T @ dout
    dm = dr * r
    ds = -(dm * q).sum(axis=0)
    dq = -dm * s
    dd = 2 * d * dq[:, :, None]
    return dd.sum(axis=1), -dd.sum(axis=0), dw, ds
""",
        (
            (
                ("activation's derivative missing",),
                "exp's slope missing",
                "dm = dr * r",
                "dm = dr",
            ),
            (
                ("σ′(a) for σ′(z)",),
                "exp at its value",
                "dm = dr * r",
                "dm = dr * np.exp(r)",
            ),
            (
                ("constant factor",),
                "two of the square lost",
                "dd = 2 * d *",
                "dd = d *",
            ),
            (
                ("constant factor",),
                "minus of the exponent lost",
                "dq = -dm * s",
                "dq = dm * s",
            ),
            (
                ("one example only", "one index only"),
                "centres from the first example",
                "-dd.sum(axis=0)",
                "-dd[0]",
            ),
            (
                (),
                "q instead of its root",
                "ds = -(dm * q).sum(axis=0)",
                "ds = -(dm * np.sqrt(q)).sum(axis=0)",
            ),
            (
                (),
                "width forgotten",
                "dq = -dm * s",
                "dq = -dm",
            ),
        ),
    ),
    "local1d": (
        """def draw(rng):
    return rng.normal(size=(3, 7)), rng.normal(size=(5, 3))

def forward(x, w):
    out = np.stack([x[:, i:i + 3] @ w[i] for i in range(5)], axis=1)
    return np.maximum(out, 0.2 * out), (x, w, out)

def backward(dout, cache):
    x, w, out = cache
    dz = dout * np.where(out > 0, 1.0, 0.2)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(5):
        dx[:, i:i + 3] += dz[:, i, None] * w[i]
        dw[i] = dz[:, i] @ x[:, i:i + 3]
    return dx, dw
""",
        (
            (
                ("activation's derivative missing",),
                "leaky slope missing",
                "dz = dout * np.where(out > 0, 1.0, 0.2)",
                "dz = dout",
            ),
            (
                ("wrong branch at a kink",),
                "leaky slope on the other side",
                "np.where(out > 0, 1.0, 0.2)",
                "np.where(out > 0, 0.2, 1.0)",
            ),
            (
                ("overwritten",),
                "windows overwrite",
                "dx[:, i:i + 3] += dz[:, i, None] * w[i]",
                "dx[:, i:i + 3] = dz[:, i, None] * w[i]",
            ),
            (
                ("axis reversed",),
                "taps reversed",
                "dw[i] = dz[:, i] @ x[:, i:i + 3]",
                "dw[i] = (dz[:, i] @ x[:, i:i + 3])[::-1]",
            ),
            (
                ("axis reversed",),
                "taps reversed on the way down",
                "dz[:, i, None] * w[i]",
                "dz[:, i, None] * w[i][::-1]",
            ),
        ),
    ),
}
