"""By hand: the same networks in NumPy, their backward that of `backprop`: what an audit is made for.

torch's checker takes such a function as torch's documentation has it: as a torch.autograd.Function around both passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from backprop import ACTIVATIONS, Activation, Network, backward, forward
from benchmarks.speed.functions import Function, Spoil, network, with_backward
from checks.subject import Array


@dataclass(frozen=True, eq=False)
class ByHand(Function):
    """A network of `backprop`, its weights, biases and input differentiated; columns are examples."""

    sigma: tuple[Activation | None, ...] = field(kw_only=True)

    def network(self, p: Mapping[str, Array]) -> Network:
        """The network with the parameters of a point."""
        layers = range(1, len(self.sigma))
        return Network((None, *(p[f"w{l}"] for l in layers)), (None, *(p[f"b{l}"] for l in layers)), self.sigma)

    def forward(self, p: Mapping[str, Array]) -> Array:
        """The value on arrays."""
        made: Array = forward(self.network(p), p["x"]).A[-1]
        return made

    def pullback(self, p: Mapping[str, Array], v: Array) -> dict[str, Array]:
        """Its gradient by the derivation's equations, and ∂C/∂x = (W^1)ᵀ δ^1."""
        made = self.network(p)
        found = backward(made, forward(made, p["x"]), v)
        gradient = {"x": made.W[1].T @ found.deltas[1]}
        for l in range(1, len(self.sigma)):
            gradient |= {f"w{l}": found.W[l], f"b{l}": found.b[l]}
        return gradient

    def asked(self, body: Callable[..., torch.Tensor], spoil: Spoil | None) -> Callable[..., torch.Tensor]:
        """The function as torch's checker takes it: its backward is never torch's own."""
        return with_backward(self, body, spoil)


def by_hand(size: str, activation: str, batch: int = 16) -> ByHand:
    """The network of `functions.network`, at the same point, in NumPy."""
    point = network(size, activation, batch).point
    column = {n: np.ascontiguousarray(x.T) if x.ndim == 2 else x[:, None].copy() for n, x in point.items()}
    depth = sum(n.startswith("w") for n in column)
    sigma = (None, *[ACTIVATIONS[activation]] * (depth - 1), ACTIVATIONS["identity"])

    def body(*tensors: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(made.forward({n: t.detach().numpy() for n, t in zip(column, tensors, strict=True)}))

    made = ByHand(f"network {size}, {activation}, by hand", column, body, sigma=sigma)
    return made
