"""layout: the memory layout of point and cotangent does not change the pullback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from checks.drawing import copied, leading
from checks.laws.equal import hold, passed
from checks.laws.ground import Ground
from checks.laws.raised import RaisedError
from checks.subject import Array
from checks.verdict import Verdict

Empty = Callable[..., Array]
"""Gives an array as `numpy.empty` does."""


def fortran(x: Array, empty: Empty = np.empty) -> Array:
    """A read-only copy with the first axis running fastest, in memory that ``empty`` gives.

    Examples
    --------
    >>> a = fortran(np.ones((2, 3)))
    >>> a.flags.f_contiguous, a.flags.writeable
    (True, False)
    """
    return _locked(copied(x, empty(x.shape[::-1], x.dtype).T))


def strided(x: Array, empty: Empty = np.empty) -> Array:
    """A copy whose entries lie apart, with gaps of NaN, and backwards along the first axis; memory as in `fortran`.

    Of one axis there is a gap behind every entry, of several behind every column.

    Examples
    --------
    >>> strided(np.array([1.0, 2.0])), strided(np.ones(3)).strides, strided(np.ones((3, 2))).strides
    (array([1., 2.]), (-16,), (-8, 32))
    """
    if np.ndim(x) == 0:
        return np.array(x)
    if sum(n > 1 for n in x.shape) > 1:
        columns = empty((*x.shape[:0:-1], len(x) + 1), x.dtype)
        columns[..., -1] = np.nan
        return copied(x[::-1], columns[..., :-1].T)[::-1]
    wide = empty((*x.shape, 2), x.dtype)
    for rows in leading(x):
        wide[rows, ..., 1] = np.nan
        wide[rows, ..., 0] = x[::-1][rows]
    return wide[::-1, ..., 0]


def one_value(x: Array) -> Array:
    """A read-only view of one number in the shape of ``x``, every stride 0; ``x`` itself where it holds several.

    Examples
    --------
    >>> one_value(np.full((2, 3), 5.0)).strides, one_value(np.arange(2.0)).strides
    ((0, 0), (8,))
    """
    constant = x.size > 0 and bool(x.flat[0] == x.flat[-1]) and bool((x == x.flat[0]).all())
    if constant and x.flat[0] == 0 and x.dtype.kind == "f":  # −0 is another number than 0
        constant = bool((np.signbit(x) == np.signbit(x.flat[0])).all())
    return np.broadcast_to(np.array(x.flat[0], dtype=x.dtype), x.shape) if constant else x


def _locked(x: Array) -> Array:
    x.flags.writeable = False
    return x


FORTRAN: Final = "with arrays in Fortran order and read-only"
STRIDED: Final = "with arrays strided and backwards in memory"
BROADCAST: Final = "with a cotangent broadcast from one number"
ADDS_UP: Final = "additivity holds with arrays in Fortran order and with a cotangent broadcast from one number"
REFUSED: Final = "refused layouts"
NEAR: Final = 0.125  # exact in every dtype beside the bits that a cotangent leaves free
MEANS: Final = "it reads memory, not indices"


class Layout(NamedTuple):
    """One way for arrays to lie in memory: the name of the cotangent that is asked with it, and what copies it so."""

    cotangent: str
    form: Callable[[Array, Empty], Array]


LAYOUTS: Final[Mapping[str, Layout]] = {
    FORTRAN: Layout("c − v", fortran),
    STRIDED: Layout("v", strided),
    BROADCAST: Layout("c", lambda x, empty: one_value(x)),
}


def cotangent(ground: Ground, name: str) -> Array:
    """One of v, c and c − v, flat: c is one number, `NEAR` the first of v, and 0 where an output is not finite.

    So that c − v has small entries and large ones, whatever v is: a threshold relative to the largest shows.
    """
    v = ground.cotangent
    if name == "v":
        return v
    even = np.where(v == 0, 0.0, v[v != 0][0] + NEAR)
    return even if name == "c" else even - v


def asked_in(
    ground: Ground, said: str, enough: Callable[[Mapping[str, Any]], bool] | None = None
) -> Mapping[str, Any] | None:
    """The pullback with arrays in one of the `LAYOUTS`, asked once; None where that is refused aloud.

    Nothing is kept of one that is ``enough``, which asks for no other, unless a law has failed.
    """
    name, form = LAYOUTS[said]

    def go() -> Mapping[str, Any] | None:
        words, v = f"{said}, pullback({name})", cotangent(ground, name)
        how: dict[str, Any] = {"form": lambda x: form(x, ground.calls.room.empty)}
        try:
            held = enough is not None and ground.holds(words, v, enough, **how)
            kept: Mapping[str, Any] | None = ground.memo.pop(words, {} if held else None)
            return ground.pull(words, v, **how) if kept is None else kept
        except RaisedError as raised:
            ground.memo.setdefault(REFUSED, {})[said] = str(raised)
            return None

    found: Mapping[str, Any] | None = ground.once(said, go)
    return found


def layout(ground: Ground) -> list[Verdict]:
    """Fortran order, strides, stride 0, read-only: within rounding the same; refusing one aloud is no fault.

    With two of them `additivity` asks already; if that holds they are not asked again.
    """
    for said, (name, _) in LAYOUTS.items():
        if said != STRIDED and ground.memo.get(ADDS_UP):
            continue
        got = asked_in(ground, said)
        if got is None:
            continue
        plain = ground.wellformed if name == "v" else ground.pulled(f"pullback({name})", cotangent(ground, name))
        want = {n: np.asarray(plain[n]) for n in ground.wellformed if plain.get(n) is not None}
        failed = hold(ground, "layout", f"{said} the pullback is another one", got, want, means=MEANS)
        if failed:
            return failed
        ground.forget(said)
    return passed("layout", "; ".join(ground.memo.get(REFUSED, {}).values()))
