"""Counterexamples: wrong gradients that torch's gradcheck lets through, and right ones that it calls wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from checks.adapters.torch import gradcheck


class Case(NamedTuple):
    """A function, its inputs, and the options of torch's gradcheck."""

    function: Callable[..., Any]
    inputs: Callable[[], Tensor]
    options: dict[str, Any] = {}  # noqa: RUF012 - never written into


def inputs(*shape: int, scale: float = 1.0) -> Tensor:
    """Normal numbers that require grad."""
    values = scale * np.random.default_rng(len(shape)).normal(size=shape)
    return torch.from_numpy(values).requires_grad_()


def claim(forward: Callable[[Tensor], Tensor], backward: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Any]:
    """A function with this forward and this backward(x, g)."""

    class Claim(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            return backward(ctx.saved_tensors[0], g)

    return Claim.apply


def flipped(x: Tensor, g: Tensor) -> Tensor:
    """The gradient of a sine, the sign of one entry flipped."""
    found = g * x.cos()
    found.view(-1)[7] *= -1
    return found


def zeroing(x: Tensor, g: Tensor) -> Tensor:
    """The gradient of 2x; what came from above is zeroed."""
    found = 2 * g
    g.zero_()
    return found


class Wrong(torch.nn.Module):
    """The weight's gradient is doubled; it is closed over by whoever calls the module."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """x times the weight."""
        return x * claim(lambda w: w.clone(), lambda w, g: 2 * g)(self.weight)


WRONG: Final = {
    "one sign of 1,000 sines flipped, fast mode": Case(
        claim(torch.sin, flipped), lambda: inputs(1000), {"fast_mode": True}
    ),
    "the upstream squared": Case(claim(lambda x: 2 * x, lambda x, g: 2 * g**2), lambda: inputs(4)),
    "the upstream without its sign": Case(claim(lambda x: 2 * x, lambda x, g: 2 * g.abs()), lambda: inputs(4)),
    "the upstream clipped to ±1": Case(claim(lambda x: 2 * x, lambda x, g: 2 * g.clip(-1, 1)), lambda: inputs(4)),
    "the upstream zeroed in place": Case(claim(lambda x: 2 * x, zeroing), lambda: inputs(4)),
    "a factor of 1.0005": Case(claim(torch.sin, lambda x, g: 1.0005 * g * x.cos()), lambda: inputs(4)),
    "a wrong sign at the scale 1e-6": Case(claim(lambda x: 1e-6 * x, lambda x, g: -1e-6 * g), lambda: inputs(4)),
    "a doubled gradient of a weight that is closed over": Case(lambda x, m=Wrong(): m(x), lambda: inputs(3)),  # noqa: B008 - one module
}
"""Wrong gradients that torch's gradcheck lets through."""

SLOW: Final = {
    "all zero for 100,000 sines, fast mode": Case(
        claim(torch.sin, lambda x, g: 0 * g), lambda: inputs(100_000), {"fast_mode": True}
    ),
}
"""One more, which takes a while."""

RIGHT: Final = {
    "relu at 0": Case(torch.relu, lambda: torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64).requires_grad_()),
    "3x at 1e8": Case(lambda x: 3 * x, lambda: inputs(4, scale=1e8)),
    "x² + 1e10": Case(lambda x: x**2 + 1e10, lambda: inputs(4)),
    "tanh in float32": Case(torch.tanh, lambda: inputs(4, 3).detach().float().requires_grad_()),
    "tanh in bfloat16": Case(torch.tanh, lambda: inputs(4, 3).detach().bfloat16().requires_grad_()),
    "log at 1e-7": Case(torch.log, lambda: torch.tensor([1e-7, 1e-3], dtype=torch.float64).requires_grad_()),
    "dropout": Case(torch.nn.Dropout(0.5), lambda: inputs(8)),
}
"""Right gradients that it calls wrong."""


def verdicts(case: Case) -> tuple[bool, bool]:
    """What torch's gradcheck and the drop-in say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's of inputs in low precision
        torchs = torch.autograd.gradcheck(case.function, case.inputs(), raise_exception=False, **case.options)
        ours = gradcheck(case.function, case.inputs(), raise_exception=False, **case.options)
    return torchs, ours
