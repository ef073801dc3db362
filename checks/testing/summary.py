"""Summary: what the tests of gradients came to, for the end of a run. Loads nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = ("target", "laws", "pass", "fail", "inconclusive", "expected", "right to", "forwards", "pullbacks", "seconds")


def lines(found: Iterable[tuple[Mapping[str, Any], bool]]) -> list[str]:
    """The section at the end.

    Parameters
    ----------
    found : iterable of (record, expected)
        Records as `checks.testing.records` makes them, and whether the test was expected to fail, and did.

    Returns
    -------
    list of str
        A row for each target: how many laws were held and what came of them, the coarsest resolution, the cost; then
        which targets took longest, and what stays undecided.
    """
    targets: dict[str, list[tuple[Mapping[str, Any], bool]]] = {}
    for record, expected in found:
        targets.setdefault(record["target"], []).append((record, expected))
    rows = [COLUMNS, *(_row(name, held) for name, held in targets.items())]
    widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))]
    told = ["  ".join(f"{cell:{'>' if k else '<'}{widths[k]}}" for k, cell in enumerate(row)).rstrip() for row in rows]
    seconds = {name: sum(record["seconds"] for record, _ in held) for name, held in targets.items()}
    slowest = sorted(seconds, key=lambda name: -seconds[name])[:3]
    if len(targets) > 1:
        told.append(f"slowest: {', '.join(f'{name} {seconds[name]:.2g} s' for name in slowest)}")
    for name, held in targets.items():
        told += [
            f"INCONCLUSIVE  {name}  {record['law']}: {record['reason']}".rstrip(" :")
            for record, _ in held
            if record["outcome"] == "inconclusive"
        ]
    return told


def _row(name: str, held: list[tuple[Mapping[str, Any], bool]]) -> tuple[str, ...]:
    count = dict.fromkeys(("pass", "fail", "inconclusive", "expected"), 0)
    for record, expected in held:
        count["expected" if expected else record["outcome"]] += 1
    seen = [record["resolution"] for record, _ in held if record["resolution"] is not None]
    cost = [sum(record[key] for record, _ in held) for key in ("forward", "pullback")]
    seconds = sum(record["seconds"] for record, _ in held)
    coarsest = f"{max(seen):.1g}" if seen else ""
    return (
        name,
        str(len(held)),
        *(str(n) if n else "" for n in count.values()),
        coarsest,
        *(f"{n:,}" for n in cost),
        f"{seconds:.2g}",
    )
