"""How many directional derivatives it takes to find 1, 3 or 10 wrong entries among n, and whether all are found.

    python -m benchmarks.locate            the whole table, about three minutes
    python -m benchmarks.locate --quick    a part of it, ten seconds; writes nothing

A gradient of shape (a, b), a·b = n, has its signs flipped in k entries at random, or one constant added to each, or k
entries exchanged in pairs. "search": answers are computed from what was planted, with the bar that the forward passes
below were seen to reach or a wider one: this counts. "forward": the same search on a real forward in float64, by
`checks.locate.locate`: this shows that counts are not made of the answers, and what a derivative costs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from benchmarks.tables import progress, table, write
from checks.calls import Budget, Calls
from checks.locate import locate
from checks.locate.asking import Answer
from checks.locate.region import Region
from checks.locate.search import search
from checks.ray import Place, norm
from checks.subject import Subject
from checks.units import units

SHAPES: Final = {10**3: (25, 40), 10**4: (100, 100), 10**5: (250, 400), 10**6: (1000, 1000), 10**7: (2500, 4000)}
KINDS: Final = ("sign flips", "equal constants", "swaps")
WRONG: Final = (1, 3, 10)
BOUNDS: Final = {10**5: (20, 52, 150), 10**7: (26, 75, 220)}
WORST: Final = 1.3  # times the bound, at most
BAR: Final = 1e-6  # of answers that are computed, relative to a planted error of 1
SEEDS: Final = 50

Planted = dict[tuple[int, ...], float]


@dataclass(frozen=True)
class Run:
    """One search: how much it asked, and whether it found what was planted and nothing else."""

    asked: int
    passes: int
    exact: bool


class Exact:
    """Answers computed from the planted errors."""

    def __init__(self, planted: Planted, rng: np.random.Generator) -> None:
        self.planted, self.rng, self.asked = planted, rng, 0
        self.renew()

    def renew(self) -> None:
        """Draw another direction."""
        signs = self.rng.choice([-1.0, 1.0], len(self.planted))
        self.u = dict(zip(self.planted, signs * self.rng.uniform(0.5, 1.5, len(self.planted)), strict=True))

    def length(self, index: tuple[int, ...]) -> float:
        """How far one entry moves along the present direction."""
        return self.u.get(index, 1.0)

    def ask(self, region: Region, ramp: int | None = None) -> Answer:
        """The answer along the present direction."""
        self.asked += 1
        error = 0.0
        for index, wrong in self.planted.items():
            inside = all(start <= i < stop for i, (start, stop) in zip(index, region.box, strict=True))
            if inside and (region.mask is None or region.mask[index]):
                weight = 1.0 if ramp is None else 1 + (index[ramp] - region.box[ramp][0]) / region.lengths[ramp]
                error += wrong * self.u[index] * weight
        return Answer(claimed=error, measured=0.0, bar=BAR)


def plant(rng: np.random.Generator, g: Any, shape: tuple[int, ...], kind: str, k: int) -> Planted:
    """Errors by index; of k = 1 a swap takes two entries, of k = 3 four."""
    count = k + k % 2 if kind == "swaps" else k
    places = rng.choice(int(np.prod(shape)), count, replace=False)
    cells = [tuple(int(i) for i in np.unravel_index(place, shape)) for place in places]
    values = [float(g[c]) if g is not None else float(rng.uniform(1, 2)) for c in cells]
    if kind == "sign flips":
        return {c: -2 * v for c, v in zip(cells, values, strict=True)}
    if kind == "equal constants":
        return dict.fromkeys(cells, 0.5)
    pairs = zip(cells[::2], cells[1::2], values[::2], values[1::2], strict=True)
    return {c: d for a, b, x, y in pairs for c, d in ((a, y - x), (b, x - y))}


def by_answers(n: int, kind: str, k: int, seed: int) -> Run:
    rng = np.random.default_rng([seed, n, k])
    planted = plant(rng, None, SHAPES[n], kind, k)
    ask = Exact(planted, rng)
    found = search(ask, Region.of(SHAPES[n]), SHAPES[n], rng)
    return Run(ask.asked, 0, found.complete and not found.blocks and set(found.cells) == set(planted))


def by_forward(n: int, kind: str, k: int, seed: int) -> Run:
    """On f(w)_i = Σ_j w_ij (c_ij + w_ij / 2): smooth, quiet, cheap."""
    rng, shape = np.random.default_rng([seed, n, k]), SHAPES[n]
    w, c, v = rng.uniform(1, 2, shape), rng.uniform(1, 2, shape), rng.uniform(1, 2, shape[0])

    def forward(p: Any) -> Any:
        return np.einsum("ij,ij->i", p["w"], c + p["w"] / 2)

    g = (c + w) * v[:, None]
    planted = plant(rng, g, shape, kind, k)
    for index, wrong in planted.items():
        g[index] += wrong
    point = {"w": w}
    subject = Subject(name="sums", point=point, forward=forward, pullback=lambda p, v: {"w": (c + p["w"]) * v[:, None]})
    calls, f = Calls(subject, Budget()), forward(point)
    eps = float(np.finfo(float).eps)
    place = Place(
        calls=calls, point=point, gradient={"w": g}, cotangent=v, output=f, value=norm(v * f), rng=rng,
        resolution=None, where="at your point", eps=eps, smallest=2e-13,
    )  # fmt: skip
    found = locate(place, units({"w": g}, point), rng)
    true = {index: g[index] - wrong for index, wrong in planted.items()}
    exact = {e.index for e in found.entries} == set(true)
    exact = exact and all(abs(e.measured - true[e.index]) <= e.bar for e in found.entries)
    return Run(found.asked, calls.forwards, exact)


def counts(sizes: Sequence[int], seeds: int) -> tuple[str, bool]:
    """The table by size and kind, median / worst for each k; and whether all is found within the bounds."""
    rows, good, done = [], True, 0
    for n in sizes:
        for kind in KINDS:
            cells = []
            for which, k in enumerate(WRONG):
                runs = [by_answers(n, kind, k, seed) for seed in range(seeds)]
                asked = [run.asked for run in runs]
                cells.append(f"{np.median(asked):g} / {max(asked)}")
                bound = BOUNDS[n][which] if n in BOUNDS and kind != "swaps" else np.inf
                exact = all(run.exact for run in runs)
                good = good and exact and np.median(asked) <= bound and max(asked) <= WORST * bound
                done += 1
                progress(done, len(sizes) * len(KINDS) * len(WRONG), f"{n:.0e} {kind}")
            rows.append([f"{n:,}", kind, *cells])
    head = ["entries", "kind", *(f"{k} wrong" for k in WRONG)]
    return table(head, rows), good


def costs(sizes: Sequence[int], seeds: dict[int, int]) -> tuple[str, bool]:
    """The same search on real forward passes."""
    rows, good = [], True
    for n in sizes:
        start, runs = time.perf_counter(), list[Run]()
        for kind in KINDS:
            runs += [by_forward(n, kind, k, seed) for k in WRONG for seed in range(seeds[n])]
        exact, each = sum(run.exact for run in runs), (time.perf_counter() - start) / len(runs)
        passes = sum(run.passes for run in runs) / sum(run.asked for run in runs)
        rows.append([f"{n:,}", len(runs), exact, f"{passes:.2f}", f"{each:.2g} s"])
        good = good and exact == len(runs)
        progress(len(rows), len(sizes), f"forward {n:.0e}")
    return table(["entries", "searches", "exact", "forward passes a derivative", "time a search"], rows), good


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer seeds and sizes; print only")
    options = parser.parse_args(arguments)
    sizes = [10**3, 10**5, 10**7] if options.quick else list(SHAPES)
    found, counted = counts(sizes, 5 if options.quick else SEEDS)
    real = {10**3: 2, 10**4: 1} if options.quick else {10**3: 20, 10**4: 20, 10**5: 5, 10**6: 1}
    spent, costed = costs(list(real), real)
    text = f"""\
Directional derivatives, median / worst of {5 if options.quick else SEEDS} seeds (swaps take 2, 4 and 10 entries):

{found}

All were found exactly, and nothing else: {"yes" if counted else "NO"}. On real forward passes:

{spent}"""
    print(text)
    if not options.quick:
        write("locate", f"`python -m benchmarks.locate`\n\n{text}")
    return 0 if counted and costed else 1


if __name__ == "__main__":
    raise SystemExit(main())
