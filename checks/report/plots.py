"""Plots of a finding: the difference against the step, and a map of the wrong entries; drawn by matplotlib."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Final

from checks.report.blocks import Blocks, classes, shade
from checks.report.svg import BAND, CLAIM, DIM, INK, SEEN, STYLE, inline
from checks.verdict import Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHADES: Final = ("#fde737", "#bcae6c", "#7f7c75", "#44546a", "#00224e")
"""Cividis, light for small: told apart without colour vision and in grey."""
PAPER: Final = "#f0f0f0"
"""Behind what was not measured one by one; light in dark mode too, so that dark is large everywhere."""
WIDTH, HEIGHT = 360, 220
SIDE: Final = 256
"""Pixels of a map's longer side."""


def curve(verdict: Verdict, salt: str) -> str:
    """(ψ(t) − ψ(−t)) / 2t against the step t, with the measured value, its bar, and the claim.

    Parameters
    ----------
    verdict : Verdict
        With its ``curve``.
    salt : str
        As for `checks.report.svg.inline`.

    Returns
    -------
    str
        An ``svg`` element; empty where there is nothing to draw.
    """
    e, claimed = verdict.estimate, verdict.claimed
    points = [(t, slope) for t, slope in verdict.curve if 0 < t < float("inf") and isfinite(slope)]
    if e is None or claimed is None or len(points) < 2 or not all(map(isfinite, (*e.interval, e.value, claimed))):
        return ""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    power = _power(max(abs(e.interval[0]), abs(e.interval[1]), abs(claimed)))
    low, high, claim, value = (v / 10.0**power for v in (*e.interval, claimed, e.value))
    bottom, top = min(low, claim), max(high, claim)
    room = 0.4 * (top - bottom) or 0.1 * abs(top) or 1.0
    bottom, top = bottom - room, top + room
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72)
        axes = figure.add_axes((0.17, 0.21, 0.77, 0.74))
        axes.axhspan(low, high, color=BAND, linewidth=0)
        axes.axhline(value, color=SEEN, linewidth=1.2)
        axes.axhline(claim, color=CLAIM, linewidth=1.6, linestyle=(0, (6, 3)))
        _points(axes, [(t, slope / 10.0**power) for t, slope in points], bottom, top)
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda t, _: f"{t:.0e}")
        axes.set_ylim(bottom, top)
        axes.set_xlabel("step t", labelpad=2)
        axes.set_ylabel("difference" + (f" / 1e{power}" if power else ""))
        left = min(t for t, _ in points)
        for words, y, colour in (("claimed", claim, CLAIM), ("measured", value, SEEN)):
            above = y == max(claim, value)
            axes.annotate(
                words,
                (left, y),
                xytext=(0, 4 if above else -4),
                textcoords="offset points",
                va="bottom" if above else "top",
                color=colour,
                fontweight="bold",
            )
        label = f"Difference against the step: claimed {claimed:.5g}, measured {e.value:.5g} ± {e.bar:.1g}"
        return inline(figure, label, salt)


def _power(largest: float) -> int:
    """The power of ten that numbers are divided by, so that no axis is asked for what it cannot show."""
    k = max(floor(log10(largest)), -300) if largest > 0 else 0
    return k if not -4 <= k <= 5 else 0


def _points(axes: Axes, points: list[tuple[float, float]], bottom: float, top: float) -> None:
    """The differences; those beyond the axis as arrowheads at its edge."""
    inside = [(t, y) for t, y in points if bottom <= y <= top]
    axes.plot(*_columns(inside), color=INK, marker="o", markersize=3.5, linestyle="none", gid="points")
    edge = 0.02 * (top - bottom)
    for beyond, y, marker in (
        ([t for t, y in points if y > top], top - edge, "^"),
        ([t for t, y in points if y < bottom], bottom + edge, "v"),
    ):
        axes.plot(beyond, [y] * len(beyond), color=DIM, marker=marker, markersize=4.5, linestyle="none")
    steps = [t for t, _ in points]
    axes.set_xlim(min(steps) / 2, max(steps) * 2)


def _columns(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [t for t, _ in points], [y for _, y in points]


def heat(found: Blocks, salt: str) -> str:
    """The map of |claimed − measured|: a shade a block, hatched where nothing was measured one by one.

    Parameters
    ----------
    found : Blocks
        What was measured.
    salt : str
        As for `checks.report.svg.inline`.

    Returns
    -------
    str
        An ``svg`` element; blocks of one shade are one path of class ``cells``, the plate behind them ``plate``.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows, columns = found.shape
    tall, wide = (max(4, min(24, SIDE // n)) for n in (rows, columns))
    left, top, right, bottom = 46, 8, 12, 40
    w, h = left + columns * wide + right, top + rows * tall + bottom
    with rc_context(STYLE):
        figure = Figure(figsize=(w / 72, h / 72), dpi=72)
        axes = figure.add_axes((left / w, bottom / h, columns * wide / w, rows * tall / h))
        axes.patch.set_gid("plate")
        axes.set_facecolor(PAPER)
        axes.patch.set_hatch("////")
        axes.set_xlim(0, columns)
        axes.set_ylim(rows, 0)
        _cells(axes, found, tall)
        axes.set_xticks(*_ticks(columns, found.columns))
        axes.set_yticks(*_ticks(rows, found.rows))
        axes.set_xlabel("column")
        axes.set_ylabel("row")
        label = f"Map of {len(found.cells)} wrong of {rows} × {columns} blocks"
        return inline(figure, label, salt, wide=False)


def _cells(axes: Axes, found: Blocks, tall: int) -> None:
    """Blocks of one shade as one path of strokes, as thick as a row: a fraction of the text that rectangles take."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    bounds = classes(list(found.cells.values()))
    by_shade: dict[int, list[tuple[int, int]]] = {}
    for place, value in sorted(found.cells.items()):
        by_shade.setdefault(shade(value, bounds), []).append(place)
    for k, places in by_shade.items():
        strokes = [(x, r + 0.5) for r, first, last in _runs(places) for x in (first, last + 1)]
        path = Path(strokes, [Path.MOVETO, Path.LINETO] * (len(strokes) // 2))
        path.should_simplify = False
        patch = PathPatch(
            path, fill=False, edgecolor=colour(k, len(bounds)), linewidth=tall, capstyle="butt", gid="cells"
        )
        patch.set_antialiased(False)
        axes.add_artist(patch)


def colour(k: int, count: int) -> str:
    """The colour of shade ``k`` of ``count``: the darkest is the largest."""
    return SHADES[len(SHADES) - count + k]


def _runs(places: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(row, first column, last column) of blocks side by side, of sorted places."""
    runs: list[tuple[int, int, int]] = []
    for r, c in places:
        if runs and runs[-1][0] == r and runs[-1][2] == c - 1:
            runs[-1] = (r, runs[-1][1], c)
        else:
            runs.append((r, c, c))
    return runs


def _ticks(blocks: int, entries: tuple[int, int]) -> tuple[list[float], list[str]]:
    """Ticks in the middle of the first and the last block, with the index of their first and last entry."""
    count, _ = entries
    return ([0.5], ["0"]) if blocks == 1 else ([0.5, blocks - 0.5], ["0", f"{count - 1:,}"])
