"""Ten layers, each with another mistake in its backward: what docs/guide.md shows the reports of.

Run ``backproof audit examples/ten_mistakes.py:averaged`` and so on.
"""

import numpy as np

import checks

rng = np.random.default_rng(0)
x, w, b = rng.normal(size=(6, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
square, table, wide = rng.normal(size=(4, 4)), rng.normal(size=(5, 3)), rng.normal(size=(30, 400))
tokens = np.array([1, 3, 3, 0, 1])


def affine(x, w, b):
    """The forward of several."""
    return x @ w + b, (x, w, b)


def averaged(dout, cache):
    """The bias' gradient is a mean where it should be a sum."""
    x, w, _ = cache
    return dout @ w.T, x.T @ dout, dout.mean(axis=0)


def first_alone(dout, cache):
    """The weights' gradient sees the first example alone."""
    x, w, _ = cache
    return dout @ w.T, np.outer(x[0], dout[0]), dout.sum(axis=0)


def linear(x, w):
    """A matrix product."""
    return x @ w, (x, w)


def transposed(dout, cache):
    """A square weight hides that its gradient is transposed."""
    x, w = cache
    return dout @ w.T, dout.T @ x


def squash(x):
    """tanh of a sum along rows, and of its neighbour."""
    return np.tanh(x + np.roll(x, 1, axis=1))


def underived(dout, x):
    """The derivative of tanh is forgotten."""
    return dout + np.roll(dout, -1, axis=1)


def film(x, scale):
    """sin(x)·scale, elementwise."""
    return np.sin(x) * scale, (x, scale)


def exchanged(dout, cache):
    """Gradients are returned in the other order."""
    x, scale = cache
    return dout * np.sin(x), dout * scale * np.cos(x)


def softmax(z):
    """Rows of probabilities."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def diagonal(dout, z):
    """The diagonal of the softmax's Jacobian is taken for all of it."""
    y = softmax(z)
    return dout * y * (1 - y)


def look_up(table):
    """Rows of a table, some of them twice."""
    return table[tokens]


def overwritten(dout, table):
    """Where a token repeats, the last one overwrites the others."""
    dtable = np.zeros_like(table)
    dtable[tokens] = dout
    return dtable


def leaky(x):
    """Slope 1 on the right, 0.1 on the left."""
    return np.where(x > 0, x, 0.1 * x)


def one_sided(dout, x):
    """The left side has the right one's slope."""
    return dout


def normalised(x):
    """Each row with mean 0 and variance 1."""
    away = x - x.mean(axis=1, keepdims=True)
    return away / np.sqrt((away**2).mean(axis=1, keepdims=True) + 1e-5)


def constants(dout, x):
    """Mean and variance are taken for constants."""
    return dout / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)


def slipped(point, dout):
    """One entry of 12,000 has its sign wrong."""
    dw = dout[:, None] * np.cos(point["w"])
    dw[12, 200] *= -1
    return {"w": dw}


mean_for_sum = (affine, averaged, x, w, b)
one_example = (affine, first_alone, x, w, b)
square_weight = (linear, transposed, x, square)
no_derivative = (squash, underived, x)
other_order = (film, exchanged, x, x[::-1] + 2)
softmax_diagonal = (softmax, diagonal, x)
repeated_tokens = (look_up, overwritten, table)
wrong_branch = (leaky, one_sided, x)
fixed_statistics = (normalised, constants, x)
one_entry = checks.Subject(
    name="one_entry", point={"w": wide}, forward=lambda point: np.sin(point["w"]).sum(axis=1), pullback=slipped
)
