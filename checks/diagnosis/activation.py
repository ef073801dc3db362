"""Repairs of a last activation: cotangents whose own pullback would be right, by what the outputs say of σ′."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np

from checks.diagnosis.scene import Scene
from checks.diagnosis.suspect import Repairs
from checks.subject import Array


class Sigma(NamedTuple):
    """An activation as its outputs show it: where they may lie, σ′ in terms of them, σ′ as a function of its input."""

    fits: Callable[[Array], bool]
    slope: Callable[[Array], Array]
    at: Callable[[Array], Array] | None = None
    inverse: Callable[[Array], Array] | None = None


def _sigmoid(z: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))


SIGMAS: Final = {
    "tanh": Sigma(lambda y: np.abs(y).max() < 1, lambda y: 1 - y * y, lambda z: 1 - np.tanh(z) ** 2, np.arctanh),
    "the sigmoid": Sigma(
        lambda y: y.min() > 0 and y.max() < 1,
        lambda y: y * (1 - y),
        lambda z: _sigmoid(z) * _sigmoid(-z),
        lambda y: np.log(y) - np.log1p(-y),
    ),
    "relu": Sigma(
        lambda y: y.min() == 0 < y.max(), lambda y: np.where(y > 0, 1.0, 0.0), lambda z: np.where(z > 0, 1.0, 0.0)
    ),
    "exp": Sigma(lambda y: y.min() > 0, lambda y: y, np.exp, np.log),
    "softplus": Sigma(lambda y: y.min() > 0, lambda y: -np.expm1(-y), _sigmoid, lambda y: y + np.log(-np.expm1(-y))),
    "elu": Sigma(
        lambda y: -1 < y.min() < 0 < y.max(),
        lambda y: np.where(y > 0, 1.0, y + 1),
        lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0))),
    ),
    "a clip": Sigma(
        lambda y: y.size > 3 and ((y == y.min()).sum() > 1 or (y == y.max()).sum() > 1),
        lambda y: np.where((y > y.min()) & (y < y.max()), 1.0, 0.0),
    ),
}
"""What a last activation may be."""


def derivative_missing(scene: Scene) -> Repairs:
    """The pullback of σ′ ⊙ v: right where the claim leaves σ′ out."""
    for name, y, sigma in _seen(scene):
        if not _masked(scene, sigma.slope(y)):
            yield f"the derivative of {name} is missing", sigma.slope(y) * scene.place.cotangent
        with np.errstate(all="ignore"):
            once = scene.place.cotangent / sigma.slope(y)
        if np.isfinite(once).all():
            yield f"the derivative of {name} is there twice", once


def mask_missing(scene: Scene) -> Repairs:
    """The pullback of v where the output is not 0: right where a mask of the forward is forgotten."""
    y, v = scene.place.output, scene.place.cotangent
    if scene.output is not None and (y == 0).any() and y.any() and not _masked(scene, y):
        yield "a mask is missing: where the output is 0 something passes", np.where(y == 0, 0.0, v)


def _masked(scene: Scene, slope: Array) -> bool:
    """Whether some of what a slope of 0 should hold back is held back already: its mask is another one, not missing."""
    return scene.g.size == slope.size and not scene.g.ravel()[slope == 0].all()


def derivative_of_output(scene: Scene) -> Repairs:
    """The pullback of v ⊙ σ′(z)/σ′(a): right where the claim has σ′ at the output; and where the reverse was meant."""
    for name, y, sigma in _seen(scene):
        with np.errstate(all="ignore"):
            v = scene.place.cotangent
            wrong = None if sigma.at is None else v * sigma.slope(y) / sigma.at(y)
            reverse = None if sigma.inverse is None else v * sigma.slope(y) / sigma.slope(sigma.inverse(y))
        if wrong is not None and np.isfinite(wrong).all():
            yield f"σ′(a) for σ′(z): the derivative of {name} is taken at its output", wrong
        if reverse is not None and np.isfinite(reverse).all():
            yield f"σ′(z) for σ′(a): the derivative of {name} in terms of its output is given its input", reverse


def softmax_diagonal(scene: Scene) -> Repairs:
    """The pullback of what J_softmax v is, over the diagonal alone: right where that is all of the claim's Jacobian."""
    y, v = scene.output, scene.upstream
    if y is None or v is None:
        return
    for axis, n in enumerate(y.shape):
        if n > 1 and y.min() > 0 and np.allclose(y.sum(axis=axis), 1.0, rtol=0, atol=1e-12):
            whole = y * (v - (v * y).sum(axis=axis, keepdims=True))
            yield "the softmax's Jacobian as a diagonal: y(1 − y)", (whole / (y * (1 - y))).ravel()
            if scene.g.shape == y.shape and np.allclose(scene.g, y * v, rtol=1e-9, atol=0):
                yield "the softmax's Jacobian as a diagonal: y", (whole / y).ravel()
            yield "the softmax's Jacobian is missing", whole.ravel()


def _seen(scene: Scene) -> Iterator[tuple[str, Array, Sigma]]:
    y = scene.place.output
    if scene.output is None or y.size < 2:
        return
    for name, sigma in SIGMAS.items():
        if sigma.fits(y):
            yield name, y, sigma
