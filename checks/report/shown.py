"""What a page shows of one finding: its words, the curve, the map of its errors with its key, the wrong entries."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Final

from checks.report import plots
from checks.report.blocks import Blocks, blocks, classes
from checks.report.record import Entry, Finding

LISTED: Final = 20
"""Wrong entries that are listed below a map."""
MEASURED: Final = "Hatched: not measured one by one; right to the resolution, or in a block that “where” names."
PROVED: Final = "Every entry is proved: errors are relative to the rms of the exact tensor, the lightest are rounding."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One finding, ready for a template.

    Attributes
    ----------
    text : str
        Its words.
    curve, map : str
        Two ``svg`` elements, of our own making; empty where there is nothing to draw.
    key : list of (str, str)
        Each shade of the map and what it stands for.
    caption : str
        Of the map.
    entries : list of tuple of str
        Index, claimed, measured and bar of the first wrong entries.
    more : int
        How many there are beside these.
    """

    text: str
    curve: Any
    map: Any
    key: list[tuple[str, str]]
    caption: str
    entries: list[tuple[str, str, str, str]]
    more: int


def shown(found: Finding, words: str, salt: str, markup: Any) -> Shown:
    """What a page shows of a finding.

    Parameters
    ----------
    found : Finding
        The finding.
    words : str
        Its text.
    salt : str
        Differs between the findings of a page.
    markup : callable
        Marks text as HTML that stands as it is.

    Returns
    -------
    Shown
    """
    grid, caption = _grid(found)
    return Shown(
        text=words,
        curve=markup(plots.curve(found.verdict, f"curve {salt}")),
        map=markup(plots.heat(grid, f"map {salt}") if grid else ""),
        key=_key(grid) if grid else [],
        caption=caption,
        entries=[_row(entry) for entry in found.entries[:LISTED]],
        more=max(0, len(found.entries) - LISTED),
    )


def _grid(found: Finding) -> tuple[Blocks | None, str]:
    """The errors that are known as a grid, and its caption: of the wrong entries; of all of them where it is proved."""
    errors = found.estimate and found.estimate.errors
    if found.entries and found.shape is not None:
        shape, entries, how = found.shape, found.entries, MEASURED
    elif errors and len(errors.relative) == prod(errors.shape) > 0:
        shape, how = errors.shape, PROVED
        entries = tuple(
            Entry(index=_index(k, shape), claimed=off, measured=0.0, bar=0.0) for k, off in enumerate(errors.relative)
        )
    else:
        return None, ""
    grid = blocks(shape, entries)
    size = grid.rows[1] * grid.columns[1]
    each = f"Each block is the largest of {grid.rows[1]} × {grid.columns[1]} entries." if size > 1 else ""
    axes = f"Axes before {grid.split} run down, the others across." if len(shape) > 2 else ""
    return grid, " ".join(filter(None, [f"|claimed − measured| over {shape}.", each, axes, how]))


def _index(k: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of the k-th entry in C order."""
    index = []
    for n in reversed(shape):
        k, i = divmod(k, n)
        index.append(i)
    return tuple(reversed(index))


def _key(grid: Blocks) -> list[tuple[str, str]]:
    bounds = classes(list(grid.cells.values()))
    return [
        (plots.colour(k, len(bounds)), f"{low:.1e} to {high:.1e}" if low < high else f"{low:.1e}")
        for k, (low, high) in enumerate(bounds)
    ]


def _row(e: Entry) -> tuple[str, str, str, str]:
    return str(e.index), f"{e.claimed:.6g}", f"{e.measured:.6g}", f"{e.bar:.1g}"
