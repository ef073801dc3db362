"""Stacked: several displacements in one forward, where the subject says that it takes independent copies.

A forward that says so and does not do so is found out: the copy that does not move must give the outputs that are
known, and the last one, in the first stacks, what it gives alone. Then, or where a stack raises, each goes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from checks.calls import Calls
from checks.displaced import Displaced
from checks.numeric.line import OutOfBudgetError
from checks.subject import Array, Point
from checks.tangents import Tangent

MOST: Final = 1 << 22  # entries of a stack
CHECKED: Final = 2  # stacks whose last copy is also evaluated alone
ULPS: Final = 64  # a stack may sum in another order: so many ulps of the largest output are no difference

Direction = Mapping[str, Tangent | Array]


def ahead(
    calls: Calls, point: Point, direction: Direction, kept: dict[Any, Array]
) -> Callable[[list[float]], None] | None:
    """A function that puts the outputs at several t into ``kept``, by one forward; None where there is none to be had.

    Parameters
    ----------
    calls : Calls
        The subject's functions.
    point, direction : mapping
        x and u.
    kept : dict
        t -> outputs, flat; that at 0 is there.
    """
    subject = calls.subject
    if not subject.vectorised or subject.reference is not None:
        return None
    entries = sum(x.size for x in subject.point.values())

    def evaluate(ts: list[float]) -> None:
        wanted = [t for t in ts if t and t not in kept]
        if len(wanted) < 2 or calls.frozen or calls.one_by_one or (len(wanted) + 1) * entries > MOST:
            return
        points = [point, *(Displaced(point, direction, t) for t in wanted)]
        try:
            still, *found = calls.forward_stacked(points)
        except OutOfBudgetError:
            raise
        except Exception as raised:  # not vectorised after all; or one copy has left the domain
            calls.one_by_one = f"a stack of copies raised {type(raised).__name__}"
            return
        same = _like(still, kept[0.0])
        if same and calls.stacks <= CHECKED:
            same = _like(found[-1], calls.forward_quietly(points[-1]))
        if same:
            kept.update(zip(wanted, found, strict=True))
        else:
            calls.one_by_one = "copies in a stack do not give what they give alone"

    return evaluate


def _like(a: Array, b: Array) -> bool:
    """Whether two outputs are the same but for the order of sums."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    largest = float(np.max(np.abs(b), initial=0.0))
    slack = ULPS * float(np.finfo(b.dtype).eps) * largest if b.dtype.kind in "fc" else 0.0
    return bool(np.allclose(a, b, rtol=0.0, atol=slack, equal_nan=True))
