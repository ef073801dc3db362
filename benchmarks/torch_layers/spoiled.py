"""Spoiled: layers whose gradient is wrong, all of it by a factor or one entry by its sign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor, nn

FACTOR: Final = 1.001
DRAW: Final = 7
"""Seed of what the layers draw: that of the audit, so that the entry that is flipped is none that is dropped."""


class Scaled(torch.autograd.Function):
    """The same value; a gradient `FACTOR` times what it should be."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """The value."""
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        """The gradient, multiplied."""
        return FACTOR * g


class Flipped(torch.autograd.Function):
    """The same value; the sign of one entry of the gradient is flipped."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, at: int) -> Tensor:
        """The value."""
        ctx.at = at
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        """The gradient, one entry of it negative."""
        g = g.clone(memory_format=torch.contiguous_format)
        g.view(-1)[ctx.at] *= -1
        return g, None


class Spoiled(nn.Module):
    """A layer whose gradient is wrong: all of it, or one entry."""

    def __init__(self, layer: nn.Module, place: tuple[str, int] | None) -> None:
        super().__init__()
        self.layer, self.place = layer, place

    def forward(self, *inputs: Any) -> Any:
        """What the layer returns."""
        if self.place is None:
            return _each(self.layer(*inputs), Scaled.apply)
        name, at = self.place
        if name == "":
            return self.layer(Flipped.apply(inputs[0], at), *inputs[1:])
        parameter = dict(self.layer.named_parameters())[name]
        return torch.func.functional_call(self.layer, {name: Flipped.apply(parameter, at)}, inputs)


def _each(value: Any, f: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return f(value) if value.requires_grad else value
    if isinstance(value, tuple):
        parts = [_each(part, f) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


def largest(module: nn.Module, inputs: list[Any]) -> tuple[str, int]:
    """The entry of the largest gradient: of the first input, or of the first parameter."""
    torch.manual_seed(DRAW)
    if inputs[0].is_floating_point():
        name, leaf = "", inputs[0].clone().requires_grad_()
        returned = module(leaf.clone(), *inputs[1:])
    else:
        name, leaf = next(iter(module.named_parameters()))
        returned = module(*inputs)
    outs: list[Tensor] = []
    _each(returned, lambda o: outs.append(o) or o)
    torch.manual_seed(1)
    (g,) = torch.autograd.grad(outs, leaf, [torch.randn_like(o) for o in outs])
    return name, int((g.to_dense() if g.is_sparse else g).abs().argmax())
