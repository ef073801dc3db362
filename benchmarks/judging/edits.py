"""Edits: mistakes that can be put into any right pullback, and how large an error each one makes there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks.judging.claim import Array, Claim, Named, pick
from checks.probes import moved, signed, size
from checks.subject import named_outputs

Change = Callable[[Array], Array]
DRAWS: Final = 6  # cotangents, each with a moved point of its own, over which an error is the smallest
PHANTOM: Final = 1e-3  # a slope planted where the true gradient is zero changes the outputs by this share of their size


class Mistake(NamedTuple):
    """An edit that found something to spoil.

    Attributes
    ----------
    edit, tensor : str
        Which mistake, in the gradient of what.
    error : float
        ‖wrong − right‖ / ‖right‖ on that tensor, the smallest over cotangents, the larger of the claim's own point and
        moved ones (on an exact kink: moved ones); infinite where the right gradient is zero.
    pullback : callable
        The wrong pullback.
    """

    edit: str
    tensor: str
    error: float
    pullback: Callable[..., Named]


def _factor(c: float) -> Any:
    return lambda rng, g: lambda a: c * a


def _at(rng: np.random.Generator, g: Array, change: Callable[[Any], Any]) -> Change | None:
    """Change one entry that is not zero."""
    entries = np.flatnonzero(g)
    if not entries.size or g.size < 2:
        return None
    where = np.unravel_index(int(pick(rng, entries)), g.shape)

    def spoil(a: Array) -> Array:
        a = np.array(a)
        a[where] = change(a[where])
        return a

    return spoil


def _transposed(rng: np.random.Generator, g: Array) -> Change | None:
    return (lambda a: a.T.copy()) if g.ndim == 2 and g.shape[0] == g.shape[1] > 1 else None


def _misread(rng: np.random.Generator, g: Array) -> Change | None:
    """The transposed memory under the right shape."""
    return (lambda a: a.T.reshape(a.shape)) if g.ndim == 2 and min(g.shape) > 1 else None


def _along(change: Callable[[Array, int], Array]) -> Any:
    def edit(rng: np.random.Generator, g: Array) -> Change | None:
        long = [axis for axis in range(g.ndim) if g.shape[axis] > 1]
        if not long:
            return None
        axis = pick(rng, long)
        return lambda a: change(a, axis)

    return edit


def _row_zeroed(rng: np.random.Generator, g: Array) -> Change | None:
    if g.ndim == 0 or g.shape[0] < 2:
        return None
    row = int(rng.integers(g.shape[0]))

    def spoil(a: Array) -> Array:
        a = np.array(a)
        a[row] = 0
        return a

    return spoil


def _swapped(rng: np.random.Generator, g: Array) -> Change | None:
    if g.size < 2:
        return None
    i, j = (np.unravel_index(int(k), g.shape) for k in rng.choice(g.size, 2, replace=False))

    def spoil(a: Array) -> Array:
        a = np.array(a)
        a[i], a[j] = a[j], a[i]
        return a

    return spoil


def _shifted(share: float) -> Any:
    """A constant added to every entry: ``share`` of the gradient's rms at the claim's own point."""

    def edit(rng: np.random.Generator, g: Array) -> Change | None:
        c = share * size(g) if g.any() else 0.0
        return (lambda a: a + np.asarray(c, dtype=a.dtype)) if c else None

    return edit


def _jittered(share: float) -> Any:
    """Every entry off by its own relative error."""

    def edit(rng: np.random.Generator, g: Array) -> Change | None:
        off = 1 + share * signed(rng, g.shape)
        return lambda a: (a * off).astype(a.dtype)

    return edit


def _averaged(rng: np.random.Generator, g: Array) -> Change | None:
    """A mean over a batch for the sum over it."""
    n = int(rng.integers(2, 33))
    return lambda a: a / n


EDITS: Final[Mapping[str, Any]] = {
    "× (1 + 1e-6)": _factor(1 + 1e-6),
    "× (1 + 1e-5)": _factor(1 + 1e-5),
    "× (1 + 1e-4)": _factor(1 + 1e-4),
    "× 1.001": _factor(1.001),
    "× 1.0005": _factor(1.0005),
    "× 2": _factor(2.0),
    "× 1/2": _factor(0.5),
    "× −1": _factor(-1.0),
    "× 0": _factor(0.0),
    "one entry negated": lambda rng, g: _at(rng, g, lambda e: -e),
    "one entry zeroed": lambda rng, g: _at(rng, g, lambda e: 0 * e),
    "one entry × 1.01": lambda rng, g: _at(rng, g, lambda e: 1.01 * e),
    "two entries swapped": _swapped,
    "transposed": _transposed,
    "misread as its transpose": _misread,
    "axis reversed": _along(lambda a, axis: np.flip(a, axis)),
    "rolled by one": _along(lambda a, axis: np.roll(a, 1, axis)),
    "averaged along an axis": _along(lambda a, axis: np.broadcast_to(a.mean(axis, keepdims=True), a.shape).copy()),
    "first row only": _row_zeroed,
    "mean for sum": _averaged,
    "absolute value": lambda rng, g: np.abs,
    "constant added (1e-3)": _shifted(1e-3),
    "constant added (1e-5)": _shifted(1e-5),
    "each entry off by 1e-4": _jittered(1e-4),
    "each entry off by 1e-5": _jittered(1e-5),
}
"""Of one tensor. Each row: (rng, that tensor's gradient) -> what is done to the gradient, or None if it cannot be."""

PAIRED: Final = "two tensors swapped"
PLANTED: Final = "slope where there is none"


def spoil(claim: Claim, rng: np.random.Generator, *, least: float = 1e-8) -> Mistake | None:
    """Put one mistake, drawn from ``rng``, into ``claim``; None where a few draws find none that changes anything.

    Parameters
    ----------
    claim : Claim
        A right gradient.
    rng : numpy.random.Generator
        Draws the mistake.
    least : float
        Mistakes with a smaller error are drawn again.
    """
    rng, cotangents = rng.spawn(2)
    right = _Right(claim, cotangents)
    for _ in range(20):
        edit = pick(rng, [*EDITS, PAIRED, PLANTED])
        found = _draw(edit, claim, right, rng)
        if found is not None and found.error >= least:
            return found
    return None


class Witness:
    """A wrong pullback that remembers how large an error it made wherever it was asked.

    Parameters
    ----------
    claim : Claim
        The right one.
    mistake : Mistake
        What was put into it.
    """

    def __init__(self, claim: Claim, mistake: Mistake) -> None:
        self.claim, self.mistake = claim, mistake
        self.error = 0.0

    def __call__(self, p: Mapping[str, Array], v: Any) -> Named:
        """Return the wrong gradient; on an exact kink, what happens at the claim's own point does not count."""
        wrong = self.mistake.pullback(p, v)
        own = all(np.array_equal(p[name], x) for name, x in self.claim.draft.point.items())
        dense = all(np.all(a) for a in (v.values() if isinstance(v, dict) else [v]))
        if dense and not (own and self.claim.kind == "kink"):
            tensor = self.mistake.tensor
            self.error = max(self.error, _relative(wrong[tensor], self.claim.draft.pullback(p, v)[tensor]))
        return wrong


class _Right:
    """Right gradients of a claim at two points, for a few cotangents each."""

    def __init__(self, claim: Claim, rng: np.random.Generator) -> None:
        draft = claim.draft
        self.on_kink = claim.kind == "kink"
        self.output = draft.forward(draft.point)
        self.sizes = {name: size(x) for name, x in draft.point.items()}
        cotangents = [self._cotangent(rng) for _ in range(DRAWS)]
        self.here = [draft.pullback(draft.point, v) for v in cotangents]
        self.there: list[Named] = []
        with np.errstate(all="ignore"):
            try:
                self.there = [draft.pullback(moved(rng, draft.point, self.sizes), v) for v in cotangents]
            except (ArithmeticError, ValueError, np.linalg.LinAlgError):
                self.there = []
        if any(not np.isfinite(g).all() for there in self.there for g in there.values()):
            self.there = []

    def _cotangent(self, rng: np.random.Generator) -> Any:
        made = {name: signed(rng, a.shape).astype(a.dtype) for name, a in named_outputs(self.output).items()}
        return made if isinstance(self.output, dict) else made[""]

    def error(self, tensor: str, wrong: Callable[[Named], Named]) -> float:
        """Relative error of ``wrong`` on ``tensor``."""
        places = [self.there] if self.on_kink else [self.here, self.there]
        return max(min((_relative(wrong(g)[tensor], g[tensor]) for g in place), default=0.0) for place in places)


def _relative(wrong: Array, right: Array) -> float:
    wrong, right = np.asarray(wrong) + 0.0, np.asarray(right) + 0.0
    unit = float(np.max(np.abs(right), initial=0.0))
    if unit == 0.0:
        return float("inf") if np.any(wrong) else 0.0
    return float(np.linalg.norm((wrong - right) / unit) / np.linalg.norm(right / unit))


def _draw(edit: str, claim: Claim, right: _Right, rng: np.random.Generator) -> Mistake | None:
    draft = claim.draft
    names = [name for name in draft.point if name not in draft.zero and draft.point[name].size]
    if edit == PLANTED:
        return _planted(claim, right, rng)
    if edit == PAIRED:
        return _paired(claim, right, rng, names)
    if not names:
        return None
    tensor = pick(rng, names)
    change = EDITS[edit](rng, np.asarray(right.here[0][tensor]))
    if change is None:
        return None
    return _mistake(edit, tensor, claim, right, lambda g: g | {tensor: change(np.asarray(g[tensor]))})


def _paired(claim: Claim, right: _Right, rng: np.random.Generator, names: list[str]) -> Mistake | None:
    point = claim.draft.point
    pairs = [(a, b) for a in names for b in names if a < b and point[a].shape == point[b].shape]
    if not pairs:
        return None
    a, b = pick(rng, pairs)
    return _mistake(PAIRED, a, claim, right, lambda g: g | {a: g[b], b: g[a]})


def _planted(claim: Claim, right: _Right, rng: np.random.Generator) -> Mistake | None:
    if not claim.draft.zero:
        return None
    tensor = pick(rng, claim.draft.zero)
    x = claim.draft.point[tensor]
    level = sum(float(np.sum(np.abs(a))) for a in named_outputs(right.output).values())
    c = PHANTOM * max(level, 1e-300) / (right.sizes[tensor] * np.sqrt(x.size))
    plant = c * signed(rng, x.shape)
    made = _mistake(PLANTED, tensor, claim, right, lambda g: g | {tensor: g[tensor] + plant})
    return made._replace(error=float("inf")) if made else None


def _mistake(edit: str, tensor: str, claim: Claim, right: _Right, wrong: Callable[[Named], Named]) -> Mistake | None:
    error = right.error(tensor, wrong)
    pullback = claim.draft.pullback
    return Mistake(edit, tensor, error, lambda p, v: wrong(dict(pullback(p, v)))) if error > 0 else None
