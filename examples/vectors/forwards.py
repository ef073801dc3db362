"""Every operation of the vectors as an ordinary forward pass, for any namespace that is written like NumPy.

A framework that differentiates such code needs no more: `jax_adapter.py` and `autograd_adapter.py` hand over theirs.
"""

import math

import numpy as np


def sigmoid(xp, z):
    """1 / (1 + e^-z), which overflows nowhere."""
    return 0.5 * (1 + xp.tanh(0.5 * z))


def softplus(xp, z):
    """log(1 + e^z)."""
    return xp.logaddexp(z, 0.0)


def softmax(xp, z, axis):
    """Exponentials over their sum."""
    w = xp.exp(z - xp.max(z, axis=axis, keepdims=True))
    return w / xp.sum(w, axis=axis, keepdims=True)


def log_softmax(xp, z, axis):
    """Logarithm of softmax."""
    s = z - xp.max(z, axis=axis, keepdims=True)
    return s - xp.log(xp.sum(xp.exp(s), axis=axis, keepdims=True))


def below(xp, z):
    """z where it is not positive, else 0."""
    return xp.where(z > 0, 0.0, z)


def inside(xp, z, low, high):
    """z held between two numbers."""
    return xp.where(z <= low, low, xp.where(z > high, high, z))


RATE = math.sqrt(2 / math.pi)
ACTIVATIONS = {
    "identity": lambda xp, e, z: z,
    "sigmoid": lambda xp, e, z: sigmoid(xp, z),
    "tanh": lambda xp, e, z: xp.tanh(z),
    "relu": lambda xp, e, z: xp.where(z > 0, z, 0.0),
    "leaky_relu": lambda xp, e, z: xp.where(z > 0, z, 0.01 * z),
    "elu": lambda xp, e, z: xp.where(z > 0, z, xp.expm1(below(xp, z))),
    "selu": lambda xp, e, z: 1.0507009873554805 * xp.where(z > 0, z, 1.6732632423543772 * xp.expm1(below(xp, z))),
    "celu": lambda xp, e, z: xp.where(z > 0, z, xp.expm1(below(xp, z))),
    "gelu": lambda xp, e, z: 0.5 * z * (1 + e(z / math.sqrt(2))),
    "gelu_tanh": lambda xp, e, z: _gelu_tanh(xp, z),
    "silu": lambda xp, e, z: z * sigmoid(xp, z),
    "mish": lambda xp, e, z: z * xp.tanh(softplus(xp, z)),
    "softplus": lambda xp, e, z: softplus(xp, z),
    "softsign": lambda xp, e, z: z / (1 + xp.where(z > 0, z, -z)),
    "hardtanh": lambda xp, e, z: inside(xp, z, -1.0, 1.0),
    "hardsigmoid": lambda xp, e, z: inside(xp, z + 3, 0.0, 6.0) / 6,
    "hardswish": lambda xp, e, z: z * inside(xp, z + 3, 0.0, 6.0) / 6,
    "relu6": lambda xp, e, z: inside(xp, z, 0.0, 6.0),
    "log_sigmoid": lambda xp, e, z: -softplus(xp, -z),
    "arctan": lambda xp, e, z: xp.arctan(z),
    "sin": lambda xp, e, z: xp.sin(z),
    "softmax": lambda xp, e, z: softmax(xp, z, 0),
    "log_softmax": lambda xp, e, z: log_softmax(xp, z, 0),
}


def _gelu_tanh(xp, z):
    t = inside(xp, z, -100.0, 100.0)
    return 0.5 * z * (1 + xp.tanh(RATE * (t + 0.044715 * t**3)))


def _times_log(xp, y, x):
    return xp.where(y == 0, 0.0, y * xp.log(xp.where(y == 0, 1.0, x)))


def _huber(xp, r):
    c = inside(xp, r, -1.0, 1.0)
    return c * (r - 0.5 * c)


def _log_cosh(xp, r):
    s = xp.where(r > 0, r, -r)
    small = xp.where(s < 1, s, 0.0)  # near 0 the logarithm would lose what the square holds
    return xp.where(s < 1, xp.log1p(2 * xp.sinh(small / 2) ** 2), s + xp.log1p(xp.exp(-2 * s)) - math.log(2))


LOSSES = {
    "squared_error": lambda xp, a, y: 0.5 * (a - y) ** 2,
    "absolute_error": lambda xp, a, y: xp.where(a > y, a - y, y - a),
    "huber": lambda xp, a, y: _huber(xp, a - y),
    "log_cosh": lambda xp, a, y: _log_cosh(xp, a - y),
    "binary_cross_entropy": lambda xp, a, y: -_times_log(xp, y, a) - _times_log(xp, 1 - y, 1 - a),
    "binary_cross_entropy_logits": lambda xp, a, y: (1 - y) * softplus(xp, a) + y * softplus(xp, -a),
    "cross_entropy": lambda xp, a, y: -_times_log(xp, y, a),
    "softmax_cross_entropy": lambda xp, a, y: -y * log_softmax(xp, a, 0),
    "kl_divergence": lambda xp, a, y: _times_log(xp, y, y / a),
    "hinge": lambda xp, a, y: xp.where(y * a < 1, 1 - y * a, 0.0),
    "squared_hinge": lambda xp, a, y: xp.where(y * a < 1, 1 - y * a, 0.0) ** 2,
    "poisson": lambda xp, a, y: a - _times_log(xp, y, a),
}


def total(xp, name, reduction, a, y):
    """C."""
    whole = xp.sum(LOSSES[name](xp, a, y))
    return whole / a.shape[-1] if reduction == "mean" else whole


def network(xp, erf, p, t):
    """C, and every z and a; "delta" of a layer is an offset of its z, so that its gradient is delta."""
    a, inside_it = t["x"], {}
    for l, name in enumerate(p["activations"], start=1):
        z = xp.matmul(t[f"W{l}"], a) + t[f"b{l}"] + t[f"delta{l}"]
        a = ACTIVATIONS[name](xp, erf, z)
        inside_it |= {f"z{l}": z, f"a{l}": a}
    return total(xp, p["loss"], p["reduction"], a, t["y"]), inside_it


def convolution(xp, p, t):
    """Correlation, as deep learning calls it."""
    x, w, s, pad = t["x"], t["w"], p["stride"], p["padding"]
    x = xp.pad(x, ((0, 0), (pad, pad), (pad, pad)), mode="constant")
    height, width = ((n - k) // s + 1 for n, k in zip(x.shape[1:], w.shape[2:], strict=True))
    cells = [
        xp.sum(w * x[None, :, i * s : i * s + w.shape[2], j * s : j * s + w.shape[3]], axis=(1, 2, 3)) + t["b"]
        for i in range(height)
        for j in range(width)
    ]
    return xp.reshape(xp.stack(cells, axis=1), (w.shape[0], height, width))


def pooling(xp, p, t, of):
    """``of`` each window."""
    x, k, s = t["x"], p["size"], p["stride"]
    height, width = ((n - k) // s + 1 for n in x.shape[1:])
    cells = [of(x[:, i * s : i * s + k, j * s : j * s + k], axis=(1, 2)) for i in range(height) for j in range(width)]
    return xp.reshape(xp.stack(cells, axis=1), (x.shape[0], height, width))


def normalised(xp, p, t, axis, *, centred=True):
    """Layer, batch and root-mean-square normalisation."""
    x = t["x"]
    centre = xp.mean(x, axis=axis, keepdims=True) if centred else 0.0
    variance = xp.mean((x - centre) ** 2, axis=axis, keepdims=True)
    out = (x - centre) / xp.sqrt(variance + p["eps"]) * t["gamma"]
    return out + t["beta"] if centred else out


def attention(xp, p, t):
    """One head."""
    scores = xp.matmul(t["q"], t["k"].T) / math.sqrt(t["q"].shape[1])
    if p["causal"]:
        scores = scores + np.where(np.triu(np.ones(scores.shape), 1) > 0, -1e30, 0.0)
    return xp.matmul(softmax(xp, scores, 1), t["v"])


def recurrent(xp, t, cell):
    """The last h."""
    h, c = t["h"], t.get("c")
    for x in t["x"]:
        h, c = cell(xp, t, x, h, c)
    return h


def simple(xp, t, x, h, c):
    """tanh cell."""
    return xp.tanh(xp.matmul(t["W"], x) + xp.matmul(t["U"], h) + t["b"]), c


def lstm(xp, t, x, h, c):
    """Long short-term memory: i, f, g, o."""
    i, f, g, o = xp.split(xp.matmul(t["W"], x) + xp.matmul(t["U"], h) + t["b"], 4)
    c = sigmoid(xp, f) * c + sigmoid(xp, i) * xp.tanh(g)
    return sigmoid(xp, o) * xp.tanh(c), c


def gru(xp, t, x, h, c):
    """Gated recurrent unit: r, z, n."""
    (ar, az, an), (ur, uz, un) = (xp.split(v, 3) for v in (xp.matmul(t["W"], x) + t["b"], xp.matmul(t["U"], h)))
    z = sigmoid(xp, az + uz)
    return (1 - z) * xp.tanh(an + sigmoid(xp, ar + ur) * un) + z * h, c


LAYERS = {
    "convolution": convolution,
    "max_pooling": lambda xp, p, t: pooling(xp, p, t, xp.max),
    "mean_pooling": lambda xp, p, t: pooling(xp, p, t, xp.mean),
    "layer_norm": lambda xp, p, t: normalised(xp, p, t, 1),
    "batch_norm": lambda xp, p, t: normalised(xp, p, t, 0),
    "rms_norm": lambda xp, p, t: normalised(xp, p, t, 1, centred=False),
    "attention": attention,
    "embedding": lambda xp, p, t: t["table"][np.array(p["indices"])],
    "recurrent_tanh": lambda xp, p, t: recurrent(xp, t, simple),
    "recurrent_lstm": lambda xp, p, t: recurrent(xp, t, lstm),
    "recurrent_gru": lambda xp, p, t: recurrent(xp, t, gru),
}


def run(xp, erf, operation, p, t):
    """(output, other values) of any operation."""
    if operation == "activation":
        return ACTIVATIONS[p["name"]](xp, erf, t["z"]), {}
    if operation == "loss":
        return total(xp, p["name"], p["reduction"], t["a"], t["y"]), {}
    if operation == "network":
        return network(xp, erf, p, t)
    return LAYERS[operation](xp, p, t), {}


def answer(xp, erf, vjp, operation, p, inputs, cotangent):
    """What `verify` asks of an adapter, by a framework's own vector-Jacobian product.

    ``vjp(f, t, v)`` gives f(t), the other values, and the gradients of <v, f(t)> by name.
    """
    t = dict(inputs)
    if operation == "network":
        for l in range(1, len(p["activations"]) + 1):
            t[f"delta{l}"] = np.zeros((t[f"W{l}"].shape[0], t["x"].shape[1]))
    output, more, gradients = vjp(lambda moving: run(xp, erf, operation, p, moving), t, cotangent)
    values = {"output": output, **more}
    if "step" in p:
        values |= {f"{k}_new": x - p["step"] * gradients[k] for k, x in inputs.items() if k[0] in "Wb"}
    return {k: np.asarray(x) for k, x in values.items()}, {k: np.asarray(g) for k, g in gradients.items()}
