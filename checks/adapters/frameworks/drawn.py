"""Drawn: what draws random numbers may draw others in float64; then no float64 run stands in for the own one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from checks import randomness
from checks.calls import flat, quietly
from checks.errors import InvalidSubject
from checks.subject import Output, Point, Subject

STAND_IN: Final = 0.05  # a float64 run that draws at random stands in for the own one if outputs are this close


def held_to_its_draw(subject: Subject, is_wide: Callable[[Point], bool]) -> Subject:
    """Without a float64 run, where that one draws other random numbers than the own dtype does."""
    wide = {n: x.astype(np.result_type(x.dtype, np.float64)) for n, x in subject.point.items()}
    if not is_wide(wide):
        return subject
    states = randomness.read()
    try:
        with quietly():
            own = flat(subject.forward(subject.point))
            randomness.restore(states)
            there = flat(subject.forward(wide))
    except Exception:  # what cannot run in float64 is measured in its own dtype anyway
        return subject
    finally:
        randomness.restore(states)
    if own.shape == there.shape and np.linalg.norm(own - there) <= STAND_IN * np.linalg.norm(own):
        return subject

    def forward(point: Point) -> Output:
        if is_wide(point):
            raise InvalidSubject("in float64 it draws other random numbers; it is measured in its own dtype")
        return subject.forward(point)

    return replace(subject, forward=forward)
