"""Around: which choice matters, found by changing one at a time about the smallest case that fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from checks.drawn.plan import ABSENT, Case, Plan

LARGEST: Final = 6
"""Sizes 1 to this are tried."""

RULES: Final[Sequence[tuple[str, Callable[[int], bool]]]] = (
    ("for every {name} above 1", lambda n: n > 1),
    ("for every odd {name}", lambda n: n % 2 == 1),
    ("for every even {name}", lambda n: n % 2 == 0),
    ("for every odd {name} above 1", lambda n: n % 2 == 1 and n > 1),
    ("only for {name} = 1", lambda n: n == 1),
    ("for every {name} above 2", lambda n: n > 2),
    ("for every {name} above 3", lambda n: n > 3),
)
"""In words, and for which sizes: the first that fits exactly what failed is said."""


def around(made: Plan, smallest: Case, fails: Callable[[dict[str, Any]], bool]) -> str:
    """Say which dimensions matter.

    Parameters
    ----------
    made : Plan
        What cases are chosen from.
    smallest : mapping
        The smallest case that fails.
    fails : callable
        Case -> whether it fails in the same way.

    Returns
    -------
    str
        ``for every n above 1, whatever i and o (sizes 1 to 6, one changed at a time: 16 cases)``.
    """
    tried = 0
    said: list[str] = []
    whatever: list[str] = []
    seen: dict[str, dict[int, bool]] = {}
    for name in made.sizes:
        if smallest[name] == ABSENT:
            continue
        sizes = [n for n in made.rows[name] if isinstance(n, int) and 0 < n <= LARGEST]
        row = {n: fails({**smallest, name: n}) for n in sorted({*sizes, smallest[name]})}
        tried += len(row)
        seen[name] = row
    for name, row in seen.items():
        if len(row) < 2:
            continue
        if all(row.values()):
            whatever.append(name)
        else:
            said.append(_related(name, seen, smallest) or _words(name, row))
    for name in ("values", "layout", *made.spread):
        others = [one for one in dict.fromkeys(made.rows[name]) if one != smallest[name]]
        failed = [one for one in others if fails({**smallest, name: one})]
        tried += len(others)
        if 2 * len(failed) < len(others):
            said.append(_only(name, [smallest[name], *failed]))
    words = list(dict.fromkeys(said))
    if whatever:
        words.append(f"whatever {_and(whatever)}")
    return f"{', '.join(words)} (one choice changed at a time, sizes up to {LARGEST}: {tried} cases)" if words else ""


def _related(name: str, seen: Mapping[str, Mapping[int, bool]], smallest: Case) -> str:
    """Two dimensions of which only matters whether they are equal."""
    for other in seen:
        if other == name or smallest[other] not in seen[name] or smallest[name] not in seen[other]:
            continue
        for word, equal in (("differ", False), ("are equal", True)):
            mine = all(failed == ((n == smallest[other]) is equal) for n, failed in seen[name].items())
            theirs = all(failed == ((n == smallest[name]) is equal) for n, failed in seen[other].items())
            if mine and theirs:
                return f"where {' and '.join(sorted((name, other)))} {word}"
    return ""


def _words(name: str, row: Mapping[int, bool]) -> str:
    for words, holds in RULES:
        if all(failed == holds(n) for n, failed in row.items()):
            return words.format(name=name)
    return f"for {name} = {', '.join(str(n) for n, failed in row.items() if failed)}"


def _only(name: str, chosen: Sequence[Any]) -> str:
    """What only matters for some choices: values, a layout, an input that is broadcast."""
    argument, dot, axis = name.partition(".")
    if not dot:
        return f"with {name} {' or '.join(chosen)}"
    lengths = {"full": f"{argument} not of length 1", 1: f"{argument} of length 1", ABSENT: f"{argument} missing"}
    return f"with {' or '.join(lengths[one] for one in chosen)} along {axis}"


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
