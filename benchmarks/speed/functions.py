"""Functions that every checker is given, written once in torch; their gradients are torch's own unless spoilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import torch

from checks.subject import Array, Subject

WIDTHS: Final[Mapping[str, list[int]]] = {
    "1e2": [5, 8, 6],
    "1e3": [16, 32, 16],
    "1e4": [32, 96, 64, 10],
    "1e5": [64, 256, 256, 64, 10],
    "1e6": [256, 768, 768, 256, 10],
    "1e7": [784, 2600, 2600, 400, 10],
    "1e8": [4096, 11000, 4800, 500, 10],
}
"""Widths of the layers, by about how many parameters they come to."""

ACTIVATIONS: Final = {"tanh": torch.tanh, "relu": torch.relu}
HERE: Final = ("one entry", "one tensor", "everything")
SIZES: Final = tuple(10.0**-d for d in range(1, 7))

Spoil = Callable[[dict[str, Array]], dict[str, Array]]


@dataclass(frozen=True, eq=False)
class Function:
    """One function with its point.

    Attributes
    ----------
    name : str
        What tables call it.
    point : mapping of name to ndarray
        Float64 primals.
    body : callable
        Tensors in the order of the point -> a tensor.
    """

    name: str
    point: Mapping[str, Array]
    body: Callable[..., torch.Tensor]

    @property
    def entries(self) -> int:
        """How many numbers are differentiated."""
        return sum(x.size for x in self.point.values())

    @property
    def outputs(self) -> int:
        """How many numbers come out."""
        return int(self.forward(self.point).size)

    @cached_property
    def cotangent(self) -> Array:
        """A fixed cotangent, for checkers that take scalar functions."""
        return np.random.default_rng(1).normal(size=self.forward(self.point).shape)

    def forward(self, p: Mapping[str, Array]) -> Array:
        """The value on arrays, in the order of the point."""
        made: Array = self.body(*map(torch.from_numpy, p.values())).numpy()
        return made

    def pullback(self, p: Mapping[str, Array], v: Array) -> dict[str, Array]:
        """The right gradient on arrays."""
        tensors = [torch.from_numpy(x).requires_grad_() for x in p.values()]
        found = torch.autograd.grad(self.body(*tensors), tensors, torch.from_numpy(np.asarray(v)))
        return {name: g.numpy() for name, g in zip(self.point, found, strict=True)}

    def subject(self, spoil: Spoil | None = None) -> Subject:
        """The function as an audit takes it."""
        pullback = (lambda p, v: spoil(self.pullback(p, v))) if spoil else self.pullback
        return Subject(name=self.name, point=self.point, forward=self.forward, pullback=pullback)

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """The point as torch's checker takes it."""
        return tuple(torch.from_numpy(x.copy()).requires_grad_() for x in self.point.values())

    def asked(self, body: Callable[..., torch.Tensor], spoil: Spoil | None) -> Callable[..., torch.Tensor]:
        """The function as torch's checker takes it: ``body``, with a spoilt backward where that is asked."""
        return with_backward(self, body, spoil) if spoil else body


def with_backward(
    function: Function, body: Callable[..., torch.Tensor], spoil: Spoil | None = None
) -> Callable[..., torch.Tensor]:
    """A function of tensors whose backward is the pullback of ``function``, spoilt or not."""

    class Claimed(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *tensors: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(*tensors)
            return body(*tensors)

        @staticmethod
        def backward(ctx: Any, v: torch.Tensor) -> Any:
            point = {n: t.detach().numpy() for n, t in zip(function.point, ctx.saved_tensors, strict=True)}
            with torch.enable_grad():  # which is off within a backward
                found = function.pullback(point, v.detach().numpy())
            made = spoil(found) if spoil else found
            return tuple(torch.from_numpy(made[name]) for name in function.point)

    return Claimed.apply


def spoilt(function: Function, where: str, by: float) -> Spoil:
    """A planted mistake: one entry of usual size, its tensor, or everything, too large by the share ``by``."""
    right = function.pullback(function.point, function.cotangent)
    tensor = max(right, key=lambda n: right[n].size)
    g = np.abs(right[tensor])
    at = np.unravel_index(int(np.argmin(np.abs(g - np.sqrt(np.mean(g * g))))), g.shape)

    def spoil(found: dict[str, Array]) -> dict[str, Array]:
        made = {name: np.array(g) for name, g in found.items()}
        if where == "one entry":
            made[tensor][at] *= 1 + by
        for name in made if where == "everything" else [tensor] if where == "one tensor" else []:
            made[name] *= 1 + by
        return made

    return spoil


def network(size: str, activation: str = "tanh", batch: int = 16) -> Function:
    """A dense network, every weight, every bias and the input differentiated."""
    rng, widths, sigma = np.random.default_rng(len(size) + batch), WIDTHS[size], ACTIVATIONS[activation]
    depth = len(widths) - 1
    point = {"x": rng.normal(size=(batch, widths[0]))}
    for l in range(depth):
        point[f"w{l + 1}"] = rng.normal(size=(widths[l], widths[l + 1])) * 1.4 / np.sqrt(widths[l])
        point[f"b{l + 1}"] = 0.1 * rng.normal(size=widths[l + 1])

    def body(x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        for l in range(depth):
            x = torch.addmm(parameters[2 * l + 1], x, parameters[2 * l])
            x = sigma(x) if l + 1 < depth else x
        return x

    return Function(f"network {size}, {activation}, batch {batch}", point, body)


def convolution() -> Function:
    """A 3 × 3 convolution of 3 to 4 channels on an image of 8 × 8."""
    rng = np.random.default_rng(2)
    point = {"x": rng.normal(size=(1, 3, 8, 8)), "w": rng.normal(size=(4, 3, 3, 3)) / 5, "b": rng.normal(size=4)}
    return Function("convolution", point, lambda x, w, b: torch.nn.functional.conv2d(x, w, b, padding=1))


def attention() -> Function:
    """Softmax attention of 16 queries over 16 keys, 8 wide."""
    rng = np.random.default_rng(3)
    point = {name: rng.normal(size=(16, 8)) for name in ("q", "k", "v")}
    return Function("attention", point, lambda q, k, v: torch.softmax(q @ k.T / 8**0.5, dim=1) @ v)


def layer_norm() -> Function:
    """Layer normalisation of 8 rows of 32."""
    rng = np.random.default_rng(4)
    point = {"x": rng.normal(size=(8, 32)), "gain": rng.normal(size=32), "bias": rng.normal(size=32)}
    return Function("layer norm", point, lambda x, gain, bias: torch.nn.functional.layer_norm(x, (32,), gain, bias))


def elementwise() -> Function:
    """x·tanh(x) of a million values."""
    point = {"x": np.random.default_rng(5).normal(size=1_000_000)}
    return Function("elementwise, 1e6 values", point, lambda x: x * torch.tanh(x))


def many_outputs() -> Function:
    """20 numbers to 5,000 outputs."""
    rng = np.random.default_rng(6)
    a = torch.from_numpy(rng.normal(size=(20, 5_000)))
    return Function("5,000 outputs", {"x": rng.normal(size=20)}, lambda x: torch.sin(x @ a))
