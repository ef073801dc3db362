"""Right gradients that are easily called wrong, each with the reason, and a truth of eighty digits."""

from __future__ import annotations

from corpus.nasty import cancelling, domains, kinked, precise, saturated, structured
from corpus.nasty.row import Nasty

NASTY: dict[str, Nasty] = {}
for _module in (saturated, cancelling, kinked, domains, structured, precise):
    NASTY.update(_module.ROWS)

__all__ = ["NASTY", "Nasty"]
