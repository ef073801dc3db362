"""layout: the memory layout of point and cotangent does not change the pullback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from checks.laws.equal import hold, passed
from checks.laws.ground import Ground
from checks.laws.raised import RaisedError
from checks.subject import Array
from checks.verdict import Verdict


def fortran(x: Array) -> Array:
    """A read-only copy with the first axis running fastest.

    Examples
    --------
    >>> a = fortran(np.ones((2, 3)))
    >>> a.flags.f_contiguous, a.flags.writeable
    (True, False)
    """
    return _locked(np.array(x, order="F"))


def strided(x: Array) -> Array:
    """A copy whose entries lie apart, and backwards along the first axis.

    Examples
    --------
    >>> strided(np.array([1.0, 2.0])), strided(np.ones(3)).strides
    (array([1., 2.]), (-16,))
    """
    if np.ndim(x) == 0:
        return np.array(x)
    wide = np.full((*x.shape[:-1], 2 * x.shape[-1]), np.nan, dtype=x.dtype)
    view = wide[..., ::2][::-1]
    view[...] = x
    return view


def one_value(x: Array) -> Array:
    """A read-only view of one number in the shape of ``x``, every stride 0, where ``x`` holds one number only.

    Examples
    --------
    >>> one_value(np.full((2, 3), 5.0)).strides, one_value(np.arange(2.0)).strides
    ((0, 0), (8,))
    """
    constant = x.size > 0 and bool((x == x.flat[0]).all())
    if constant and x.flat[0] == 0 and x.dtype.kind == "f":  # −0 is another number than 0
        constant = bool((np.signbit(x) == np.signbit(x.flat[0])).all())
    return np.broadcast_to(np.array(x.flat[0], dtype=x.dtype), x.shape) if constant else np.array(x)


def _locked(x: Array) -> Array:
    x.flags.writeable = False
    return x


LAYOUTS: Final[tuple[tuple[str, Callable[[Array], Array]], ...]] = (
    ("in Fortran order and read-only", fortran),
    ("strided and backwards in memory", strided),
)


def layout(ground: Ground) -> list[Verdict]:
    """Fortran order, strides, stride 0, read-only: within rounding the same; refusing one aloud is no fault."""
    refused = []
    for said, form in LAYOUTS:
        try:
            got = ground.pull(f"with arrays {said}, pullback(v)", ground.cotangent, form=form)
        except RaisedError as raised:
            refused.append(str(raised))
            continue
        words = f"with arrays {said} the pullback is another one"
        failed = hold(ground, "layout", words, got, ground.wellformed, means="it reads memory, not indices")
        if failed:
            return failed
    v = np.where(ground.cotangent == 0, 0.0, 1.0)
    plain = ground.pulled("pullback(1)", v)
    try:
        got = ground.pull("with a cotangent broadcast from one number, pullback(1)", v, form=one_value)
    except RaisedError as raised:
        refused.append(str(raised))
        got = plain
    words = "with a cotangent broadcast from one number (stride 0) the pullback is another one"
    want = {name: plain[name] for name in ground.wellformed if plain.get(name) is not None}
    failed = hold(ground, "layout", words, got, want, means="it reads memory, not indices")
    if not failed:
        ground.forget("pullback(1)")
    return failed or passed("layout", "; ".join(refused))
