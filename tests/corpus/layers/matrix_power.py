"""Three steps of a linear recurrence: A³ x."""

import numpy as np


def draw(rng, d=3):
    return {"A": rng.normal(size=(d, d)) / np.sqrt(d)}, (rng.normal(size=d),)


class Layer:
    def __init__(self, A):
        self.A = A

    def forward(self, x):
        self.states = [x]
        for _ in range(3):
            self.states.append(self.A @ self.states[-1])
        return self.states[-1]

    def backward(self, dout):
        self.dA = np.zeros_like(self.A)
        for state in self.states[-2::-1]:
            self.dA += np.outer(dout, state)
            dout = self.A.T @ dout
        return dout


def twin(torch, x, A):
    return torch.linalg.matrix_power(A, 3) @ x
