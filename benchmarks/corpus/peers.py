"""The checkers that people use, each with its defaults, on a wrapped layer: and whether it passes.

PyTorch's and JAX's checkers run themselves, around a `torch.autograd.Function` and a `jax.custom_vjp` with
`jax.pure_callback`; scipy's runs on a random weighing of the outputs; chainer's rule is written down from its
documentation. A checker that raises does not pass.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from benchmarks.corpus.wrapped import Wrapped


def torch_passes(case: Wrapped, rng: np.random.Generator, *, fast: bool) -> bool:
    """Whether `torch.autograd.gradcheck` passes it, with eps=1e-6, atol=1e-5, rtol=1e-3."""
    import torch

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            outputs, ctx.left = case.forward([a.detach().numpy() for a in inputs])
            made = tuple(torch.as_tensor(np.array(a)) for a in outputs)
            return made if len(made) > 1 else made[0]

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> Any:
            found = case.backward([v.numpy() for v in cotangents], ctx.left)
            return tuple(None if g is None else torch.as_tensor(np.array(g)) for g in found)

    torch.manual_seed(int(rng.integers(2**31)))
    inputs = tuple(torch.tensor(x, requires_grad=True) for x in case.point)
    return bool(torch.autograd.gradcheck(Function.apply, inputs, fast_mode=fast, raise_exception=False))


def jax_passes(case: Wrapped, rng: np.random.Generator) -> bool:
    """Whether `jax.test_util.check_grads` passes it in reverse mode, order 1, with its default steps and tolerances."""
    import jax

    with jax.enable_x64(True):
        return _jax_passes(jax, case, rng)


def _jax_passes(jax: Any, case: Wrapped, rng: np.random.Generator) -> bool:
    from jax.test_util import check_grads

    outputs, _ = case.forward([np.array(x) for x in case.point])
    shapes = [jax.ShapeDtypeStruct(np.shape(a), np.asarray(a).dtype) for a in outputs]
    inputs = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in case.point]

    def run(*arrays: Any) -> Any:
        return [np.asarray(a) for a in case.forward([np.array(x) for x in arrays])[0]]

    def pull(arrays: Any, cotangents: Any) -> Any:
        _, left = case.forward([np.array(x) for x in arrays])
        found = case.backward([np.asarray(v) for v in cotangents], left)
        return [np.zeros(x.shape, x.dtype) if g is None else np.asarray(g) for g, x in zip(found, inputs, strict=True)]

    f = jax.custom_vjp(lambda *arrays: jax.pure_callback(run, shapes, *arrays))
    f.defvjp(
        lambda *arrays: (f(*arrays), arrays),
        lambda arrays, cotangents: tuple(jax.pure_callback(pull, inputs, arrays, cotangents)),
    )
    np.random.seed(int(rng.integers(2**31)))  # noqa: NPY002 - where JAX draws its direction
    check_grads(f, tuple(case.point), order=1, modes=["rev"])
    return True


def _packed(case: Wrapped) -> tuple[Any, Callable[[Any], list[Any]]]:
    cuts = np.cumsum([x.size for x in case.point])[:-1]

    def split(theta: Any) -> list[Any]:
        parts = np.split(theta, cuts)
        return [a.reshape(x.shape).astype(x.dtype) for a, x in zip(parts, case.point, strict=True)]

    return np.concatenate([x.ravel().astype(float) for x in case.point]), split


def scipy_passes(case: Wrapped, rng: np.random.Generator) -> bool:
    """Whether `scipy.optimize.check_grad` says less than 1e-6 of the gradient of randomly weighed outputs."""
    from scipy.optimize import check_grad

    theta, split = _packed(case)
    outputs, _ = case.forward(split(theta))
    weights = [rng.standard_normal(np.shape(a)) for a in outputs]

    def value(theta: Any) -> float:
        return float(sum(np.sum(w * a) for w, a in zip(weights, case.forward(split(theta))[0], strict=True)))

    def gradient(theta: Any) -> Any:
        _, left = case.forward(split(theta))
        found = case.backward([w.copy() for w in weights], left)
        return np.concatenate([np.ravel(g) for g in found])

    return bool(check_grad(value, gradient, theta, seed=int(rng.integers(2**31))) < 1e-6)


def chainer_passes(case: Wrapped, rng: np.random.Generator, *, eps: float = 1e-3) -> bool:
    """Whether `chainer.gradient_check.check_backward`'s rule passes it: atol=1e-5, rtol=1e-4.

    The rule: one random direction of unit length over all inputs together, a central difference of the outputs
    weighed by random cotangents, against the product of the gradients with the direction.
    """
    outputs, left = case.forward([np.array(x) for x in case.point])
    v = [rng.standard_normal(np.shape(a)).astype(np.asarray(a).dtype) for a in outputs]
    found = case.backward([a.copy() for a in v], left)
    u = [rng.standard_normal(x.shape) for x in case.point]
    length = np.sqrt(sum(float((a * a).sum()) for a in u))
    u = [a / length for a in u]
    if any(np.shape(g) != x.shape for g, x in zip(found, case.point, strict=True)):
        return False

    def along(t: float) -> float:
        moved = [(x + t * a).astype(x.dtype) for x, a in zip(case.point, u, strict=True)]
        return float(sum(np.sum(w * a) for w, a in zip(v, case.forward(moved)[0], strict=True)))

    measured = (along(eps) - along(-eps)) / (2 * eps)
    claimed = float(sum(np.sum(g * a) for g, a in zip(found, u, strict=True)))
    return bool(np.isclose(claimed, measured, rtol=1e-4, atol=1e-5))


PEERS: Final[Mapping[str, Callable[[Wrapped, np.random.Generator], bool]]] = {
    "torch gradcheck, slow": lambda case, rng: torch_passes(case, rng, fast=False),
    "torch gradcheck, fast": lambda case, rng: torch_passes(case, rng, fast=True),
    "jax check_grads": jax_passes,
    "scipy check_grad < 1e-6": scipy_passes,
    "chainer's rule": chainer_passes,
}


def passes(name: str, case: Wrapped, rng: np.random.Generator) -> bool:
    """Whether a peer passes a case; raising is not passing."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return PEERS[name](case, rng)
        except Exception:
            return False
