"""Words for places: "the whole tensor", "row 17", "the diagonal", "entries where x < 0", "W[12, 200]"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from checks.locate.region import Mask, Region
from checks.locate.search import Predicate
from checks.subject import Array

WHOLE: Final = "the whole tensor"
NAMED: Final = 3  # entries named in a sentence; the others are counted
TELLING: Final = 8  # a property describes wrong entries only in a tensor of this many
ENOUGH: Final = 2  # and where this many have it, and as many have it not


def predicates(name: str, x: Array, g: Array, others: Mapping[str, Array]) -> list[Predicate]:
    """Properties that wrong entries may share, the plainest first.

    Parameters
    ----------
    name : str
        Of the primal.
    x, g : ndarray
        The primal and its claimed gradient.
    others : mapping of words to ndarray
        Arrays of the same shape that entries may be told apart by: "the upstream", "the output".
    """
    made: list[Predicate] = []
    if x.ndim == 2 and min(x.shape) > 1:
        i, j = np.ogrid[: x.shape[0], : x.shape[1]]
        made += [
            ("the diagonal", partial(np.equal, i, j)),
            ("entries off the diagonal", partial(np.not_equal, i, j)),
            ("entries above the diagonal", partial(np.less, i, j)),
            ("entries below the diagonal", partial(np.greater, i, j)),
        ]
    if x.dtype.kind == "f" and g.dtype.kind == "f":
        for words, array in {name: x, **others}.items():
            made += [(f"entries where {words} {sign} 0", partial(test, array, 0)) for sign, test in SIGNS]
        made += [
            ("entries claimed zero", partial(np.equal, g, 0)),
            ("entries not claimed zero", partial(np.not_equal, g, 0)),
        ]
    return made


SIGNS: Final = (("<", np.less), (">", np.greater), ("=", np.equal), ("≤", np.less_equal), ("≥", np.greater_equal))


def of_mask(name: str, wrong: Mask, named: Sequence[Predicate]) -> str:
    """Words for exactly the entries that are ``wrong``.

    Examples
    --------
    >>> wrong = np.zeros((4, 5), dtype=bool)
    >>> wrong[2:, :] = True
    >>> of_mask("W", wrong, [])
    'rows 2-3'
    >>> wrong[2:, :] = [1, 0, 0, 0, 1]
    >>> of_mask("W", wrong, [])
    '4 entries: W[2, 0], W[2, 4], W[3, 0] and 1 more'
    """
    if wrong.all():
        return WHOLE
    for axis in range(wrong.ndim) if wrong.ndim > 1 else ():
        others = tuple(a for a in range(wrong.ndim) if a != axis)
        some, every = wrong.any(axis=others), wrong.all(axis=others)
        if np.array_equal(some, every) and wrong.size > wrong.shape[axis]:
            return slabs(name, np.flatnonzero(some).tolist(), axis, wrong.ndim)
    if wrong.size >= TELLING and min(wrong.sum(), (~wrong).sum()) >= ENOUGH:
        for words, mask in named:
            if np.array_equal(mask(), wrong):
                return words
    return cells(name, [tuple(int(i) for i in at) for at in np.argwhere(wrong)])


def slabs(name: str, indices: Sequence[int], axis: int, ndim: int) -> str:
    """Words for whole rows, columns, or slabs along ``axis``.

    Examples
    --------
    >>> slabs("W", [17], 0, 2), slabs("W", [0, 1, 2, 3], 1, 2), slabs("W", [0, 2], 1, 4)
    ('row 17', 'columns 0-3', 'W[:, 0, :, :], W[:, 2, :, :]')
    """
    runs = _runs(indices)
    if ndim == 2:
        noun = ("row", "column")[axis] + ("" if len(indices) == 1 else "s")
        return f"{noun} {_listed([str(a) if a == b else f'{a}-{b}' for a, b in runs])}"
    spans = [str(a) if a == b else f"{a}:{b + 1}" for a, b in runs]
    return _listed([_indexed(name, [s if k == axis else ":" for k in range(ndim)]) for s in spans])


def cells(name: str, indices: Sequence[tuple[int, ...]]) -> str:
    """Words for single entries, as NumPy indexes them.

    Examples
    --------
    >>> cells("W", [(12, 200)]), cells("loss", [()])
    ('W[12, 200]', 'loss')
    """
    shown = [_indexed(name, map(str, index)) for index in indices]
    return shown[0] if len(shown) == 1 else f"{len(shown)} entries: {_listed(shown)}"


def of_region(name: str, region: Region, shape: tuple[int, ...]) -> str:
    """Words for all entries of a box.

    Examples
    --------
    >>> of_region("W", Region(((3, 4), (0, 9))), (5, 9)), of_region("W", Region(((0, 2), (1, 4))), (5, 9))
    ('row 3', 'W[0:2, 1:4]')
    """
    cut = [a for a, (start, stop) in enumerate(region.box) if (start, stop) != (0, shape[a])]
    if not cut:
        return WHOLE
    if len(cut) == 1 and len(shape) > 1:
        return slabs(name, range(*region.box[cut[0]]), cut[0], len(shape))
    spans = [str(a) if b == a + 1 else (":" if k not in cut else f"{a}:{b}") for k, (a, b) in enumerate(region.box)]
    return _indexed(name, spans)


def _indexed(name: str, parts: Iterable[str]) -> str:
    inside = ", ".join(parts)
    return f"{name}[{inside}]" if inside else name


def _runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of neighbouring indices, first and last of each."""
    runs: list[tuple[int, int]] = []
    for i in indices:
        if runs and runs[-1][1] == i - 1:
            runs[-1] = (runs[-1][0], i)
        else:
            runs.append((i, i))
    return runs


def _listed(words: Sequence[str]) -> str:
    more = len(words) - NAMED
    return ", ".join(words[:NAMED]) + (f" and {more} more" if more > 0 else "")
