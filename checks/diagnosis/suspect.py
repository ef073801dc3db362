"""Suspect: one row of the table of mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from checks.diagnosis.inside import Inside, Repair
from checks.diagnosis.scene import Scene
from checks.subject import Array

Repairs = Iterator[tuple[str, Array]]
"""(what the claim looks like, an array that shows it), for each way in which the mistake can be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A mistake, and what it means for the claim.

    One of the functions says how it is tested; each yields the words for the report with an array. Without one it is
    read off a law that does not hold (`checks.diagnosis.laws`, `checks.diagnosis.misshapen`).

    Attributes
    ----------
    repair : str
        What mends it, in words.
    fitted : int
        How many numbers are fitted in each scene: so many of its measurements tell nothing.
    values : callable, optional
        Repaired gradients of the tensor. Tested by ⟨repaired, u⟩ = measured, for every measured u.
    upstream : callable, optional
        Cotangents that the claim may be the pullback of, instead of v. Tested by claim = ⟨cotangent, J u⟩, where J u
        is read off outputs that were kept.
    pulled : callable, optional
        Cotangents whose own pullback would be right: what it gives is tested as a repaired gradient.
    asks : callable, optional
        Repaired gradients as of ``values``, for which pullbacks are asked.
    itself : callable, optional
        The claim, where what is wrong with it shows in itself: nothing is left to be tested.
    inside : callable, optional
        Repairs of one step of the pullback, of which each is done and tested as a repaired gradient.
    """

    repair: str
    fitted: int = 0
    values: Callable[[Scene], Repairs] | None = field(default=None, repr=False)
    upstream: Callable[[Scene], Repairs] | None = field(default=None, repr=False)
    pulled: Callable[[Scene], Repairs] | None = field(default=None, repr=False)
    asks: Callable[[Scene], Repairs] | None = field(default=None, repr=False)
    itself: Callable[[Scene], Repairs] | None = field(default=None, repr=False)
    inside: Callable[[Inside], Iterator[Repair]] | None = field(default=None, repr=False)
