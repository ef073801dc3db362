"""VALUES: what the entries of an input are made of, a row a kind; every number comes from the given generator."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from checks.errors import MisuseError
from checks.probes import signed

Generator = np.random.Generator
Shape = tuple[int, ...]
Kind = Callable[[Generator, Shape], Any]


def _simple(rng: Generator, shape: Shape) -> Any:
    # odd quarters: where functions jump (0, 1/2, 1) none of them lies
    return rng.choice(np.array([-1.75, -1.25, -0.75, 0.75, 1.25, 1.75]), size=shape)


def _distributions(rng: Generator, shape: Shape) -> Any:
    drawn = rng.exponential(size=shape) + 0.01
    return drawn / drawn.sum(axis=-1, keepdims=True) if shape else np.ones(())


def _one_hot(rng: Generator, shape: Shape) -> Any:
    _some_axes("one-hot", shape, 1)
    hot = rng.integers(max(shape[-1], 1), size=shape[:-1])
    return (np.arange(shape[-1]) == hot[..., None]).astype(float)


def _permutations(rng: Generator, shape: Shape) -> Any:
    _some_axes("permutations", shape, 1)
    return np.argsort(rng.random(shape), axis=-1)


def _spd(rng: Generator, shape: Shape) -> Any:
    _some_axes("spd", shape, 2)
    if shape[-1] != shape[-2]:
        raise MisuseError(f"values 'spd' are square; the shape is {shape}: give the last two dimensions one name")
    a = rng.standard_normal(shape)
    return a @ np.swapaxes(a, -1, -2) / max(shape[-1], 1) + np.eye(shape[-1])


def _some_axes(kind: str, shape: Shape, least: int) -> None:
    if len(shape) < least:
        raise MisuseError(f"values {kind!r} need {least} or more dimensions; the shape is {shape}")


VALUES: Final[Mapping[str, Kind]] = {
    "simple": _simple,
    "reals": lambda rng, shape: rng.standard_normal(shape),
    "positive": lambda rng, shape: rng.exponential(size=shape) + 0.1,
    "probabilities": lambda rng, shape: rng.uniform(0.02, 0.98, size=shape),
    "distributions": _distributions,
    "one-hot": _one_hot,
    "signs": lambda rng, shape: rng.choice(np.array([-1.0, 1.0]), size=shape),
    "booleans": lambda rng, shape: rng.random(shape) < 0.5,
    "permutations": _permutations,
    "increasing": lambda rng, shape: np.sort(rng.standard_normal(shape), axis=-1) if shape else np.zeros(()),
    "spd": _spd,
    "ties": lambda rng, shape: np.round(rng.standard_normal(shape)) + 0.375,
    "zeros": lambda rng, shape: np.where(rng.random(shape) < 0.5, rng.standard_normal(shape), 0.0),
    "near kinks": lambda rng, shape: signed(rng, shape) * 1e-7,
}
"""Kind -> what draws it; ``one-hot``, ``distributions``, ``permutations``, ``increasing`` along the last axis."""

BELOW: Final = re.compile(r"integers below ([A-Za-z_]\w*|\d+)")
"""One kind more, with a dimension or a number."""

ORDINARY: Final = "reals"
"""The variant at which a gradient that stays undecided counts as such; the others are kinks and ties on purpose."""

VARIANTS: Final = ("simple", ORDINARY, ORDINARY, "ties", ORDINARY, ORDINARY, "zeros", ORDINARY, ORDINARY, "near kinks")
"""What a case draws the inputs of, of which nothing is said; the simplest first, most of them ordinary."""


def drawn(kind: str, rng: Generator, shape: Shape, sizes: Mapping[str, int | None]) -> Any:
    """Entries of one kind.

    Parameters
    ----------
    kind : str
        A row of `VALUES`, or ``"integers below k"`` with a dimension or a number.
    rng : numpy.random.Generator
        The only source of randomness.
    shape : tuple of int
        The shape.
    sizes : mapping of str to int
        The dimensions.

    Returns
    -------
    ndarray of the shape
        Of float64; integers and booleans where the kind says so.

    Raises
    ------
    MisuseError
        For a kind that there is not, or that has no values of this shape.

    Examples
    --------
    >>> drawn("integers below k", np.random.default_rng(0), (4,), {"k": 3}).tolist()
    [2, 1, 1, 0]
    """
    if kind in VALUES:
        return np.asarray(VALUES[kind](rng, shape))
    match = BELOW.fullmatch(kind)
    if match is None:
        raise MisuseError(f"there is no kind of values {kind!r}; expected one of {', '.join(VALUES)}, integers below k")
    word = match[1]
    if not word.isdigit() and word not in sizes:
        raise MisuseError(f"values {kind!r}: there is no dimension {word}; the dimensions are {', '.join(sizes)}")
    most = int(word) if word.isdigit() else sizes[word] or 0
    return rng.integers(max(most, 1), size=shape)
