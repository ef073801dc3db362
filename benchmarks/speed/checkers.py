"""Checkers: each takes a function with a claimed gradient and says whether it objects; forward passes are counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from benchmarks.speed.functions import Function, Spoil
from checks.auditing import audit
from checks.verdict import Outcome

GENEROUS: Final = 10.0
"""A checker that returns a distance objects where it is this many times that of the right gradient."""


@dataclass(frozen=True)
class Run:
    """One check: seconds, forward passes, and whether the claim was objected to (or how far off it was)."""

    seconds: float
    forwards: int
    objects: bool
    distance: float = 0.0


class Counting:
    """The function with its forward passes counted."""

    def __init__(self, function: Function) -> None:
        self.function, self.count = function, 0

    def body(self, *tensors: torch.Tensor) -> torch.Tensor:
        """The function on tensors."""
        self.count += 1
        return self.function.body(*tensors)

    def psi(self, flat: np.ndarray) -> float:
        """The function as a number, paired with its cotangent."""
        self.count += 1
        return float(np.sum(self.function.cotangent * self.function.forward(unflat(flat, self.function))))


def unflat(flat: np.ndarray, function: Function) -> dict[str, np.ndarray]:
    """A vector as the function's point."""
    made, at = {}, 0
    for name, x in function.point.items():
        made[name] = flat[at : at + x.size].reshape(x.shape)
        at += x.size
    return made


def joined(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """A point, or its gradient, as one vector."""
    return np.concatenate([np.ravel(a) for a in arrays.values()])


def _ours(laws: list[str] | None) -> Callable[[Function, Spoil | None, int], Run]:
    def check(function: Function, spoil: Spoil | None, seed: int) -> Run:
        subject = function.subject(spoil)
        start = time.perf_counter()
        report = audit(subject, seed=seed, laws=laws)
        return Run(time.perf_counter() - start, report.cost.forward, report.outcome is Outcome.FAIL)

    return check


def _gradcheck(*, fast: bool) -> Callable[[Function, Spoil | None, int], Run]:
    def check(function: Function, spoil: Spoil | None, seed: int) -> Run:
        torch.manual_seed(seed)
        counting, inputs = Counting(function), function.tensors()
        asked = function.asked(counting.body, spoil)
        start = time.perf_counter()
        fine = torch.autograd.gradcheck(asked, inputs, fast_mode=fast, raise_exception=False)
        return Run(time.perf_counter() - start, counting.count, not fine)

    return check


def _jax(function: Function, spoil: Spoil | None, seed: int) -> Run:
    """`check_vjp`, which `check_grads` is made of, on the same function and claim; its directions are its own."""
    from jax.test_util import check_vjp

    count = 0

    def f(*arrays: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        named = zip(function.point, arrays, strict=True)
        return function.forward({name: np.asarray(a, dtype=np.float64) for name, a in named})

    def with_pullback(*arrays: np.ndarray) -> Any:
        point = dict(zip(function.point, arrays, strict=True))

        def vjp(v: np.ndarray) -> tuple[np.ndarray, ...]:
            made = function.pullback(point, np.asarray(v, dtype=np.float64))
            return tuple((spoil(made) if spoil else made).values())

        return f(*arrays), vjp

    start = time.perf_counter()
    try:
        check_vjp(f, with_pullback, tuple(function.point.values()))
    except AssertionError:
        return Run(time.perf_counter() - start, count, True)
    return Run(time.perf_counter() - start, count, False)


def _claim(function: Function, spoil: Spoil | None) -> np.ndarray:
    found = function.pullback(function.point, function.cotangent)
    return joined(spoil(found) if spoil else found)


def _scipy(function: Function, spoil: Spoil | None, seed: int) -> Run:
    from scipy.optimize import check_grad

    counting, x = Counting(function), joined(function.point)
    start = time.perf_counter()
    distance = float(check_grad(counting.psi, lambda _: _claim(function, spoil), x))
    return Run(time.perf_counter() - start, counting.count, False, distance)


def _numdifftools(function: Function, spoil: Spoil | None, seed: int) -> Run:
    """Its gradient knows nothing of the claim: it is worked out once a function, and the time is that of the first."""
    import numdifftools

    if function not in _DERIVED:
        counting, x = Counting(function), joined(function.point)
        start = time.perf_counter()
        found = np.asarray(numdifftools.Gradient(counting.psi)(x))
        _DERIVED[function] = found, time.perf_counter() - start, counting.count
    found, seconds, count = _DERIVED[function]
    return Run(seconds, count, False, float(np.linalg.norm(found - _claim(function, spoil))))


_DERIVED: dict[Function, tuple[np.ndarray, float, int]] = {}

Check = Callable[[Function, Spoil | None, int], Run]

CHECKERS: Final[Mapping[str, Check]] = {
    "adjoint law": _ours(["adjoint"]),
    "all laws": _ours(None),
    "gradcheck, fast": _gradcheck(fast=True),
    "gradcheck, slow": _gradcheck(fast=False),
    "jax check_grads": _jax,
    "scipy check_grad": _scipy,
    "numdifftools": _numdifftools,
}

PASSES: Final[Mapping[str, Callable[[int, int], float]]] = {
    "gradcheck, slow": lambda entries, outputs: 2 * entries + outputs,
    "scipy check_grad": lambda entries, outputs: entries,
    "numdifftools": lambda entries, outputs: 30 * entries,
}
"""About how many passes a checker takes, by entries and outputs; the others take as many whatever their numbers."""
