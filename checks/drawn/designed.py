"""Designed: cases that are tried whatever is drawn: what chance would come to too seldom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from checks.drawn.plan import ABSENT, Case, Plan


def broadcast(made: Plan) -> Iterator[Case]:
    """Each input that may be of length 1 along a dimension, or lack it, alone in that; sizes 3 and 2 in turn."""
    sizes = {name: _near(made, name, 3 - k % 2) for k, name in enumerate(made.sizes)}
    plain = {**{name: row[0] for name, row in made.rows.items()}, **sizes}
    for name in made.spread:
        yield from ({**plain, name: one} for one in made.rows[name][1:])
    optional = (name for name in made.sizes if ABSENT in made.rows[name][1:])
    yield from ({**plain, name: ABSENT} for name in optional)


def empty(made: Plan) -> Iterator[Case]:
    """Each dimension in turn of size 0, the others of size 2 where they may be."""
    plain = {name: row[0] for name, row in made.rows.items()} | {name: _near(made, name, 2) for name in made.sizes}
    yield from ({**plain, name: 0} for name in made.empties)


def _near(made: Plan, name: str, wanted: int) -> Any:
    row = made.rows[name]
    return wanted if wanted in row else row[0]


def descended(made: Plan, case: Case, fails: Callable[[Case], bool]) -> Case:
    """The same failure at the simplest choices that can be reached by changing one at a time.

    Examples
    --------
    >>> from checks.drawn.plan import plan, read
    >>> made = plan("(n,m)", ["x"])
    >>> least = descended(made, read("n=5,m=4,seed=3", made), lambda case: case["n"] > 2)
    >>> least["n"], least["m"], least["seed"]
    (3, 1, 0)
    """
    least, before = dict(case), None
    while least != before:
        before = dict(least)
        for name, row in made.rows.items():
            simpler = list(dict.fromkeys(row))
            for one in simpler[: simpler.index(least[name])]:
                if fails({**least, name: one}):
                    least[name] = one
                    break
    return least
