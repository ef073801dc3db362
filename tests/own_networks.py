"""Three networks as people write them, each with three bugs that can be planted; and how each is asked."""

from __future__ import annotations

import math

import numpy as np

from checks.equations import Own

SLOPES = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "identity": (lambda z: z, np.ones_like),
}


class Columns:
    """Functions over lists, examples in columns, everything kept: the derivation's own style."""

    def __init__(self, W, b, activations, loss, bug=""):
        self.W, self.b, self.sigma, self.bug = W, b, activations, bug

    def forward(self, x):
        Z, A = [], [x]
        for W, b, name in zip(self.W, self.b, self.sigma, strict=True):
            Z.append(W @ A[-1] + b[:, None])
            A.append(SLOPES[name][0](Z[-1]))
        return Z, A

    def deltas(self, x, y):
        Z, A = self.forward(x)
        slopes = [SLOPES[name][1](z) for z, name in zip(Z, self.sigma, strict=True)]
        last = A[-1] - y
        found = [last if self.bug == "B1" else last * slopes[-1]]
        for l in range(len(self.W) - 1, 0, -1):
            above = self.W[l].T @ found[0]
            found.insert(0, above * (slopes[-1][:1] if self.bug == "B2" else slopes[l - 1]))
        return found

    def gradients(self, x, y):
        _, A = self.forward(x)
        deltas = self.deltas(x, y)
        below = A[1:] if self.bug == "B3" and len({a.shape for a in A}) == 1 else A
        return [d @ a.T for d, a in zip(deltas, below, strict=False)], [d.sum(axis=1) for d in deltas]

    def cost(self, x, y):
        return 0.5 * ((self.forward(x)[1][-1] - y) ** 2).sum()


class Layer:
    """A layer object, examples in rows, weights in by out; gradients beside parameters."""

    def __init__(self, w, b, name):
        self.w, self.b, self.act = w, b, name

    def forward(self, x):
        self.x, self.z = x, x @ self.w + self.b
        if self.act == "softmax":
            e = np.exp(self.z - self.z.max(axis=1, keepdims=True))
            self.a = e / e.sum(axis=1, keepdims=True)
        else:
            self.a = SLOPES[self.act][0](self.z)
        return self.a

    def backward(self, dout, bug):
        if self.act == "softmax":
            dot = (dout * self.a).sum(axis=1, keepdims=True)
            self.d = self.a * dout if bug == "S" else self.a * (dout - dot)
        else:
            self.d = dout * SLOPES[self.act][1](self.z)
        self.dw = self.x.T @ self.d
        self.db = self.d.mean(axis=0) if bug == "N3" else self.d.sum(axis=0)
        return self.d @ self.w.T


class Layers:
    """A model of layer objects with a mean loss."""

    def __init__(self, W, b, activations, loss, bug=""):
        self.layers = [Layer(w, v, name) for w, v, name in zip(W, b, activations, strict=True)]
        self.bug = bug

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, x, y):
        d = (self.forward(x) - y) / len(x)
        for layer in reversed(self.layers):
            d = layer.backward(d, self.bug)

    def fit(self, x, y, rate):
        d = (self.forward(x) - y) / len(x)
        for layer in reversed(self.layers):
            if self.bug == "U3":  # the step is taken before the error has gone through
                layer.backward(d, "")
                layer.w = layer.w - rate * layer.dw
                d = layer.d @ layer.w.T
            else:
                d = layer.backward(d, self.bug)
        for layer in self.layers:
            if self.bug != "U3":
                layer.w = layer.w - rate * layer.dw
            layer.b = layer.b - rate * layer.db


class Neurons:
    """Loops over numbers, no array in sight; one call trains, and nothing is shown but the outputs and the weights."""

    def __init__(self, W, b, activations, loss, bug=""):
        self.w, self.b = [m.tolist() for m in W], [v.tolist() for v in b]
        self.names, self.bug = activations, bug

    def run(self, example):
        zs, outs = [], [list(example)]
        for w, b, name in zip(self.w, self.b, self.names, strict=True):
            biases = [0.0] * len(b) if self.bug == "F1" and len(zs) else b
            sums = [sum(wi * a for wi, a in zip(row, outs[-1], strict=True)) for row in w]
            zs.append([z + bi for z, bi in zip(sums, biases, strict=True)])
            squash = (lambda z: 1 / (1 + math.exp(-z / 2))) if self.bug == "F2" else lambda z: 1 / (1 + math.exp(-z))
            outs.append([{"sigmoid": squash, "identity": lambda z: z}[name](z) for z in zs[-1]])
        return zs, outs

    def train(self, examples, targets, rate):
        steps_w = [[[0.0] * len(row) for row in w] for w in self.w]
        steps_b = [[0.0] * len(b) for b in self.b]
        for x, y in zip(examples, targets, strict=True):
            _, outs = self.run(x)
            error = [o - t for o, t in zip(outs[-1], y, strict=True)]
            for l in reversed(range(len(self.w))):
                out = outs[l + 1]
                d = [e * (o * (1 - o) if self.names[l] == "sigmoid" else 1.0) for e, o in zip(error, out, strict=True)]
                for j, dj in enumerate(d):
                    steps_b[l][j] += dj
                    for k, a in enumerate(outs[l]):
                        steps_w[l][j][k] += dj * a
                columns = range(len(outs[l]))
                rows = self.w[l]
                error = [
                    sum((abs(rows[j][k]) if self.bug == "B2" else rows[j][k]) * dj for j, dj in enumerate(d))
                    for k in columns
                ]
        for w, s in zip(self.w, steps_w, strict=True):
            for row, step in zip(w, s, strict=True):
                row[:] = [a - rate * g for a, g in zip(row, step, strict=True)]
        for b, s in zip(self.b, steps_b, strict=True):
            b[:] = [a - rate * g for a, g in zip(b, s, strict=True)]
        return self.w, self.b


def columns(bug=""):
    return Own(
        name="columns",
        make=lambda *parts: Columns(*parts, bug=bug),
        forward=lambda net, x: net.forward(x),
        deltas=lambda net, x, y: net.deltas(x, y),
        gradients=lambda net, x, y: net.gradients(x, y),
        cost=lambda net, x, y: net.cost(x, y),
        losses=("squared_error",),
    )


def layers(bug=""):
    def forward(net, x):
        net.forward(x)
        return [layer.z for layer in net.layers], [layer.a for layer in net.layers]

    def deltas(net, x, y):
        net.backward(x, y)
        return [layer.d for layer in net.layers]

    def gradients(net, x, y):
        net.backward(x, y)
        return [layer.dw for layer in net.layers], [layer.db for layer in net.layers]

    def update(net, x, y, rate):
        net.fit(x, y, rate)
        return [layer.w for layer in net.layers], [layer.b for layer in net.layers]

    return Own(
        name="layers",
        make=lambda *parts: Layers(*parts, bug=bug),
        forward=forward,
        deltas=deltas,
        gradients=gradients,
        update=update,
        activations=("tanh", "sigmoid", "softmax"),
        reduction="mean",
        examples="rows",
        weights="in by out",
    )


def neurons(bug=""):
    def forward(net, x):
        ran = [net.run(example) for example in x.tolist()]
        depth = range(len(net.w))
        return [[zs[l] for zs, _ in ran] for l in depth], [[outs[l + 1] for _, outs in ran] for l in depth]

    return Own(
        name="neurons",
        make=lambda *parts: Neurons(*parts, bug=bug),
        forward=forward,
        update=lambda net, x, y, rate: net.train(x.tolist(), y.tolist(), rate),
        activations=("sigmoid", "identity"),
        examples="rows",
    )


NETWORKS = {
    "columns": (columns, {"B1": "B1", "B2": "B2", "B3": "B3"}),
    "layers": (layers, {"S": "S1", "N3": "N3", "U3": "U3"}),
    "neurons": (neurons, {"F1": "F1", "F2": "F2", "B2": "B2"}),
}
"""Network -> how it is made with a bug, and which equation each of its bugs breaks."""
