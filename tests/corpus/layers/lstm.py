"""Long short-term memory with the four gates in one matrix (input, forget, candidate, output)."""

import numpy as np


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def draw(rng, t=4, n=2):
    w, u, b = 0.5 * rng.normal(size=(2, 12)), 0.5 * rng.normal(size=(3, 12)), rng.normal(size=12)
    return {"w": w, "u": u, "b": b}, (rng.normal(size=(t, n, 2)),)


class Layer:
    def __init__(self, w, u, b):
        self.params = {"w": w, "u": u, "b": b}
        self.grads = {}

    def forward(self, x):
        p, size = self.params, len(self.params["u"])
        h, c = np.zeros((x.shape[1], size)), np.zeros((x.shape[1], size))
        self.tape, out = [], []
        for xt in x:
            z = xt @ p["w"] + h @ p["u"] + p["b"]
            i, f, o = sigmoid(z[:, :size]), sigmoid(z[:, size : 2 * size]), sigmoid(z[:, 3 * size :])
            g = np.tanh(z[:, 2 * size : 3 * size])
            before, c = c, f * c + i * g
            self.tape.append((xt, h, before, c, i, f, g, o))
            h = o * np.tanh(c)
            out.append(h)
        return np.stack(out)

    def backward(self, dout):
        p = self.params
        self.grads = {name: np.zeros_like(a) for name, a in p.items()}
        dh, dc = np.zeros_like(dout[0]), np.zeros_like(dout[0])
        dx = []
        for dh_out, (xt, h, before, c, i, f, g, o) in zip(dout[::-1], self.tape[::-1], strict=True):
            dh = dh + dh_out
            do = dh * np.tanh(c)
            dc = dc + dh * o * (1 - np.tanh(c) ** 2)
            di, df, dg = dc * g, dc * before, dc * i
            dc = dc * f
            dz = np.hstack([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)])
            self.grads["w"] += xt.T @ dz
            self.grads["u"] += h.T @ dz
            self.grads["b"] += dz.sum(axis=0)
            dh = dz @ p["u"].T
            dx.append(dz @ p["w"].T)
        return np.stack(dx[::-1])


def twin(torch, x, w, u, b):
    cell = torch.nn.LSTM(2, 3).double()
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return torch.func.functional_call(cell, dict(zip(names, (w.T, u.T, b, 0 * b), strict=True)), (x,))[0]
