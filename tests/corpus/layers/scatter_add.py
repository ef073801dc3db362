"""Messages added up at the nodes of a graph, and divided by the degree."""

import numpy as np


def draw(rng, edges=7, nodes=4):
    to = rng.integers(nodes, size=edges) if edges > nodes else np.arange(edges)
    to[:2] = to[:2] if edges <= nodes else 0
    return rng.normal(size=(edges, 3)), rng.normal(size=(nodes, 3)), to


def forward(messages, x, to):
    degree = np.maximum(np.bincount(to, minlength=len(x)), 1)[:, None]
    total = np.zeros_like(x)
    np.add.at(total, to, messages)
    return np.tanh(x + total / degree), (x, to, degree, total)


def backward(dout, cache):
    x, to, degree, total = cache
    dz = dout * (1 - np.tanh(x + total / degree) ** 2)
    dmessages = (dz / degree)[to]
    return dmessages, dz


def twin(torch, messages, x, to):
    total = torch.zeros_like(x).index_add(0, to, messages)
    degree = torch.bincount(to, minlength=len(x)).clamp(min=1)
    return torch.tanh(x + total / degree[:, None])
