"""PyTorch, held to the reference vectors: its own activations, losses and layers.

backproof vectors verify --using examples/vectors/torch_adapter.py:adapter
"""

import math

import torch
import torch.nn.functional as F  # noqa: N812 - the name that PyTorch's users know

ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "celu": F.celu,
    "gelu": F.gelu,
    "gelu_tanh": lambda z: F.gelu(z, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),  # F.softplus is z from 20 on
    "softsign": F.softsign,
    "hardtanh": F.hardtanh,
    "hardsigmoid": lambda z: F.hardtanh(z + 3, 0, 6) / 6,  # F.hardsigmoid's own slope is 1/6 in float32: 3e-8 off
    "hardswish": F.hardswish,
    "relu6": F.relu6,
    "log_sigmoid": F.logsigmoid,
    "arctan": torch.arctan,
    "sin": torch.sin,
    "softmax": lambda z: F.softmax(z, dim=0),
    "log_softmax": lambda z: F.log_softmax(z, dim=0),
}
LOSSES = {
    "squared_error": lambda a, y: F.mse_loss(a, y, reduction="sum") / 2,
    "absolute_error": lambda a, y: F.l1_loss(a, y, reduction="sum"),
    "huber": lambda a, y: F.huber_loss(a, y, reduction="sum"),
    "log_cosh": lambda a, y: _log_cosh((a - y).abs()).sum(),
    "binary_cross_entropy": lambda a, y: F.binary_cross_entropy(a, y, reduction="sum"),
    "binary_cross_entropy_logits": lambda a, y: F.binary_cross_entropy_with_logits(a, y, reduction="sum"),
    "cross_entropy": lambda a, y: -torch.xlogy(y, a).sum(),
    "softmax_cross_entropy": lambda a, y: F.cross_entropy(a.T, y.T, reduction="sum"),
    "kl_divergence": lambda a, y: F.kl_div(a.log(), y, reduction="sum"),
    "hinge": lambda a, y: F.relu(1 - y * a).sum(),
    "squared_hinge": lambda a, y: (F.relu(1 - y * a) ** 2).sum(),
    "poisson": lambda a, y: F.poisson_nll_loss(a, y, log_input=False, eps=0, reduction="sum"),
}


def _log_cosh(s):
    near = 2 * torch.sinh(torch.where(s < 1, s, 0) / 2) ** 2
    return torch.where(s < 1, torch.log1p(near), s + torch.log1p(torch.exp(-2 * s)) - math.log(2))


def total(name, reduction, a, y):
    """C."""
    whole = LOSSES[name](a, y)
    return whole / a.shape[-1] if reduction == "mean" else whole


def network(p, t):
    """C; every z and a is kept, and z keeps its gradient."""
    a, seen = t["x"], {}
    for l, name in enumerate(p["activations"], start=1):
        z = t[f"W{l}"] @ a + t[f"b{l}"]
        z.retain_grad()
        a = ACTIVATIONS[name](z)
        seen |= {f"z{l}": z, f"a{l}": a}
    return total(p["loss"], p["reduction"], a, t["y"]), seen


def cell(kind, t):
    """PyTorch's own cells, with our names of their weights; U h has no bias of its own."""
    h, c, none = t["h"][None], t.get("c"), torch.zeros_like(t["b"])
    for x in t["x"]:
        weights = (x[None], t["W"], t["U"], t["b"], none)
        if kind == "lstm":
            h, c = torch.lstm_cell(weights[0], [h, c[None] if c.ndim == 1 else c], *weights[1:])
        else:
            h = (torch.gru_cell if kind == "gru" else torch.rnn_tanh_cell)(weights[0], h, *weights[1:])
    return h[0]


LAYERS = {
    "convolution": lambda p, t: F.conv2d(t["x"][None], t["w"], t["b"], p["stride"], p["padding"])[0],
    "max_pooling": lambda p, t: F.max_pool2d(t["x"][None], p["size"], p["stride"])[0],
    "mean_pooling": lambda p, t: F.avg_pool2d(t["x"][None], p["size"], p["stride"])[0],
    "layer_norm": lambda p, t: F.layer_norm(t["x"], t["x"].shape[1:], t["gamma"], t["beta"], p["eps"]),
    "batch_norm": lambda p, t: F.batch_norm(t["x"], None, None, t["gamma"], t["beta"], True, 0.1, p["eps"]),
    "rms_norm": lambda p, t: F.rms_norm(t["x"], t["x"].shape[1:], t["gamma"], p["eps"]),
    "attention": lambda p, t: F.scaled_dot_product_attention(
        t["q"][None, None], t["k"][None, None], t["v"][None, None], is_causal=p["causal"]
    )[0, 0],
    "embedding": lambda p, t: F.embedding(torch.tensor(p["indices"]), t["table"]),
    "recurrent_tanh": lambda p, t: cell("tanh", t),
    "recurrent_lstm": lambda p, t: cell("lstm", t),
    "recurrent_gru": lambda p, t: cell("gru", t),
}


def adapter(operation, parameters, inputs, cotangent):
    """(values, gradients) by torch.autograd, in float64."""
    t = {name: torch.from_numpy(x).requires_grad_(name != "y") for name, x in inputs.items()}
    seen = {}
    if operation == "activation":
        output = ACTIVATIONS[parameters["name"]](t["z"])
    elif operation == "loss":
        output = total(parameters["name"], parameters["reduction"], t["a"], t["y"])
    elif operation == "network":
        output, seen = network(parameters, t)
    else:
        output = LAYERS[operation](parameters, t)
    output.backward(torch.from_numpy(cotangent).reshape(output.shape))
    gradients = {k: x.grad.numpy() for k, x in t.items() if x.grad is not None}
    gradients |= {f"delta{k[1:]}": z.grad.numpy() for k, z in seen.items() if k[0] == "z"}
    values = {k: x.detach().numpy() for k, x in {"output": output, **seen}.items()}
    if "step" in parameters:
        values |= {f"{k}_new": x - parameters["step"] * gradients[k] for k, x in inputs.items() if k[0] in "Wb"}
    return values, gradients
