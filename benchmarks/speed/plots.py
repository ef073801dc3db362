"""Plots of the tables, as small SVG files that the same numbers always make alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.speed.checkers import CHECKERS
from benchmarks.speed.measuring import Row

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
MARKERS: Final = "os^dv*x"


def figure(width: float = 7.0, height: float = 3.4) -> tuple[Any, Any, Any]:
    """matplotlib's pyplot without a display, and a figure with its axes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "backproof", "font.size": 9})
    drawn, axes = plt.subplots(figsize=(width, height))
    return plt, drawn, axes


def save(plt: Any, drawn: Any, name: str) -> None:
    """Write a figure into docs/ without a date."""
    drawn.tight_layout()
    drawn.savefig(DOCS / f"{name}.svg", metadata={"Date": None, "Creator": None})
    plt.close(drawn)


def draw(rows: Sequence[Row]) -> None:
    """Time and forward passes of every checker on the tanh networks, by their size."""
    networks = [r for r in rows if r.function.name.endswith("tanh, batch 16")]
    for name, said, value in (
        ("speed-time", "time, in forward-and-backwards", lambda r, n: r.timed[n].seconds / r.once),
        ("speed-passes", "forward passes", lambda r, n: r.timed[n].forwards),
    ):
        plt, drawn, axes = figure()
        for marker, checker in zip(MARKERS, CHECKERS, strict=True):
            points = [(r.function.entries, value(r, checker)) for r in networks if checker in r.timed]
            axes.loglog(*zip(*points, strict=True), marker=marker, markersize=4, label=checker)
        axes.set_xlabel("numbers that are differentiated (tanh networks, batch 16)")
        axes.set_ylabel(said)
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1))
        save(plt, drawn, name)
