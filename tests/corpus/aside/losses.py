"""Losses of embeddings: pairs that are alike or not, words beside each other."""

from __future__ import annotations

from typing import Any, Final

LAYERS: Final[dict[str, tuple[str, tuple[Any, ...]]]] = {
    "contrastive": (
        """def draw(rng):
    return rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.normal(size=(3, 3)), 1.0 * (rng.random(6) < 0.5)

def loss(a, b, w, same):
    fa, fb = np.tanh(a @ w), np.tanh(b @ w)
    d = fa - fb
    dist = np.sqrt((d ** 2).sum(axis=1) + 1e-9)
    short = np.maximum(2.0 - dist, 0)
    n = len(a)
    value = (same * dist ** 2 + (1 - same) * short ** 2).sum() / n
    ddist = (2 * same * dist - 2 * (1 - same) * short) / n
    dd = d * (ddist / dist)[:, None]
    dza = dd * (1 - fa ** 2)
    dzb = -dd * (1 - fb ** 2)
    return value, (dza @ w.T, dzb @ w.T, a.T @ dza + b.T @ dzb)
""",
        (
            (
                ("activation's derivative missing",),
                "tanh missing on one side",
                "dza = dd * (1 - fa ** 2)",
                "dza = dd",
            ),
            (
                ("σ′(a) for σ′(z)",),
                "tanh' at tanh",
                "dza = dd * (1 - fa ** 2)",
                "dza = dd * (1 - np.tanh(fa) ** 2)",
            ),
            (
                ("weights transposed",),
                "w for its transpose",
                "dzb @ w.T",
                "dzb @ w",
            ),
            (
                ("constant factor",),
                "minus of the second lost",
                "dzb = -dd",
                "dzb = dd",
            ),
            (
                ("constant factor",),
                "not averaged",
                "short) / n\n    dd",
                "short)\n    dd",
            ),
            (
                ("wrong branch at a kink",),
                "pushed when far, not when near",
                "- 2 * (1 - same) * short) / n",
                "- 2 * (1 - same) * np.minimum(2.0 - dist, 0)) / n",
            ),
        ),
    ),
    "skipgram": (
        """def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def draw(rng):
    chosen = [np.array(a) for a in ([0, 2, 2, 5], [1, 3, 6, 3], [4, 4, 0, 1])]
    return rng.normal(size=(7, 3)), rng.normal(size=(7, 3)), *chosen

def loss(emb, ctx, centre, good, bad):
    e, g, b = emb[centre], ctx[good], ctx[bad]
    sg, sb = sigmoid((e * g).sum(axis=1)), sigmoid(-(e * b).sum(axis=1))
    value = -(np.log(sg) + np.log(sb)).sum()
    dg, db = sg - 1, 1 - sb
    de = dg[:, None] * g + db[:, None] * b
    demb, dctx = np.zeros_like(emb), np.zeros_like(ctx)
    np.add.at(demb, centre, de)
    np.add.at(dctx, good, dg[:, None] * e)
    np.add.at(dctx, bad, db[:, None] * e)
    return value, (demb, dctx)
""",
        (
            (
                ("overwritten",),
                "repeats count once",
                "np.add.at(demb, centre, de)",
                "demb[centre] += de",
            ),
            (
                ("overwritten",),
                "contexts overwritten",
                "np.add.at(dctx, good, dg[:, None] * e)",
                "dctx[good] = dg[:, None] * e",
            ),
            (
                ("constant factor",),
                "sign of the bad ones",
                "db[:, None] * e)",
                "-db[:, None] * e)",
            ),
            (
                ("shifted by one",),
                "rows one too far",
                "np.add.at(demb, centre, de)",
                "np.add.at(demb, (centre + 1) % 7, de)",
            ),
        ),
    ),
}
