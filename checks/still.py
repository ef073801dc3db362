"""Still: a forward that does not move along a direction, and how steep a slope its rounding could hide there.

Outputs that keep every bit out to some |t| are flat, or frozen on the grid that their arithmetic moves on. A slope that
a grid hides climbs by less than one of its steps within the plateau. How large a step is, the first change beyond the
plateau shows, closed in on: nothing for a dead ReLU, one step for values that are rounded, whatever they are multiplied
with afterwards. Where other directions move the outputs, their second difference shows it as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.bent import bent
from checks.numeric.bits import COARSER, significand_bits
from checks.numeric.estimate import Estimate
from checks.numeric.line import Line, OutOfBudgetError
from checks.numeric.plateau import first_step
from checks.ray import Place, Ray, norm, outputs_or_nan
from checks.verdict import DESIRED

FLAT: Final = (1e-3, 1e-4, 1e-5)  # how far a forward is asked to stay bit for bit flat, the furthest first
NEARER: Final = 1e-6  # and where many entries move, one of which may bring a dead unit to life
SOME: Final = 256  # of so many entries 1e-4 of their size moves some past the middle between two half-precision numbers
FURTHER: Final = 8.0  # beyond the plateau it is looked for a change at these ratios
WHOLE: Final = 0.95  # the furthest that outputs are looked at: a 100 % change of every entry, or nearly
FROZEN: Final = 1e-3  # a flat forward's bar beside the slope that its outputs have further out
TRIES: Final = 12  # passes spent on closing in on the first change
MANY: Final = 4  # an output that moves by fewer steps of its grid than this may be frozen on it
STAIR: Final = 1 / 16  # no arithmetic rounds this coarsely: a first change of this share of the outputs is a step


class Still(NamedTuple):
    """A forward that does not move: slope 0 within a bar; and whether that is structure, not its rounding."""

    estimate: Estimate
    sure: bool


def reaches(entries: int) -> tuple[float, ...]:
    """How far a forward is asked to stay flat where so many entries move, the furthest first."""
    many = (entries >= SOME) + (entries >= SOME**2)
    return (*FLAT, NEARER)[many : many + 3]


def flat_estimate(place: Place, asked: Ray, entries: int = 1) -> Still | None:
    """The answer where every judged output keeps every bit out to some ±t: slope 0, within what a grid could hide.

    On one side, where nothing hides there: a slope on the other side alone is a kink's, and 0 is between its two.
    The more entries move, the likelier it is that a dead unit comes alive, and that one is moved past the middle
    between two coarse numbers: many need not stay flat as far.
    """
    asked_at, far = reaches(entries), min(FLAT[0], SOME * FLAT[1] / entries)
    judged = place.cotangent != 0
    still, v = place.output[judged], np.abs(place.cotangent[judged])
    change = _weighed(place, asked)
    reach = next((t for t in asked_at if not change(t).any()), None)
    if reach is None:
        return None
    ulps = 2.0 ** (53 - significand_bits(np.real(still).astype(np.float64))) * float(v @ np.spacing(np.abs(still)))
    grain = max(_grain(place), ulps)
    if reach >= far and abs(asked.claimed) <= grain / reach <= FROZEN * asked.scales.min():
        return Still(_flat(grain / reach, reach, f"0 ≤ t ≤ {reach:g}"), sure=True)
    reach = next((t for t in asked_at if t <= reach and not change(t).any() and not change(-t).any()), None)
    if reach is None:
        return None
    step = _first_change(asked, change, reach)
    if step is None:  # it moves nowhere: what is the step of the grid where something else moves?
        there = place.first[0] if place.first else asked
        step = None if grain < np.inf or there is asked else _first_change(there, _weighed(place, there), FLAT[-1])
        grain = max(grain if grain < np.inf else step.most if step else 0.0, ulps)
        return Still(_flat(grain / WHOLE, WHOLE), sure=True)
    if np.isnan(step.steepest):
        return Still(_flat(max(grain if grain < np.inf else 0.0, ulps) / reach, reach), sure=True)
    if step.total >= STAIR * max(float(v[step.moves] @ np.abs(still[step.moves])), abs(asked.claimed)):
        step = step._replace(most=0.0)
    bar = max(ulps, step.most) / reach
    return Still(_flat(bar, reach), sure=bar <= FROZEN * step.steepest)


class _Step(NamedTuple):
    """The first change beyond a plateau: which outputs move, their sum, the most that all could, the slope beyond."""

    moves: NDArray[np.bool_]
    total: float
    most: float
    steepest: float


def _weighed(place: Place, asked: Ray) -> Callable[[float], NDArray[np.float64]]:
    """t -> |v|·|f(x + t u) − f(x)| of every judged output."""
    judged = place.cotangent != 0
    still, v = place.output[judged], np.abs(place.cotangent[judged])

    def change(t: float) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            return np.asarray(v * np.abs(outputs_or_nan(asked, t)[judged] - still))

    return change


def _first_change(asked: Ray, change: Callable[[float], NDArray[np.float64]], reach: float) -> _Step | None:
    """Close in on where the outputs first move beyond ``reach``; None where they never do.

    Where the domain ends there, nothing does, and how steep they are is not a number.
    """
    line = Line(lambda t: norm(change(t)))
    ts = [t for t in asked.kept if abs(t) > reach]  # further out they have moved, if they were asked
    t = reach
    while t < WHOLE and not np.nan_to_num(line(ts)).any():
        t = min(FURTHER * t, WHOLE)
        ts += [t, -t]
    if np.isnan(line(ts)).all():
        return _Step(np.zeros(1, dtype=np.bool_), 0.0, 0.0, np.nan)
    furthest = change(ts[int(np.nanargmax(line(ts)))])
    all_of_them, steepest = np.count_nonzero(furthest), float(np.nanmax(line(ts) / np.abs(ts)))
    slope = min(FROZEN * steepest, DESIRED * float(asked.scales.min()))  # a steeper one is not hidden in the plateau
    size, at = first_step(line, np.array(ts), reach, TRIES, enough=slope * reach / (int(all_of_them) or 1))
    if not size:
        return None
    first = change(at)
    return _Step(first > 0, float(first.sum()), float(first.max()) * all_of_them, steepest)


def _grain(place: Place) -> float:
    """Σ|v| times the outputs' second differences along the first direction; infinite where they do not move.

    The step of a grid, if they move on one, and hardly more than rounding where they are smooth. A few that a kink
    bends count as they would go on without, if they move far more than they bend: on a grid most bend, or hardly move.
    """
    if not place.first:
        return np.inf
    judged, asked = place.cotangent != 0, place.first[0]
    try:
        step, plus, minus = asked.shortest()
    except OutOfBudgetError:
        raise
    except Exception:  # the first direction left the domain
        return np.inf
    v, here, plus, minus = place.cotangent[judged], place.output[judged], plus[judged], minus[judged]
    with np.errstate(all="ignore"):
        second = v * ((plus - here) + (minus - here))
        grain = float(np.abs(second).sum())
        bends = bent(place, asked, step) if 0 < grain < np.inf else None
        if bends and 2 * np.count_nonzero(bends.which) <= v.size:
            _, low, high, _ = v * bends.changes
            if norm((high - low)[bends.which]) > MANY * norm(second[bends.which]):
                grain = float(np.abs(high + low).sum())
    return grain if np.isfinite(grain) and not np.array_equal(plus, minus) else np.inf


def _flat(bar: float, reach: float, where: str = "") -> Estimate:
    words = f"bit for bit flat for {where or f'|t| ≤ {reach:g}'}"
    return Estimate(value=0.0, interval=(-bar, bar), rounding=bar, step=reach, method="flat", flags=(words,))


def frozen(place: Place, asked: Ray, h: float, bits: int) -> float:
    """What outputs of few bits hide from a window of size h, in units of ψ: half a step of each that hardly moves.

    Those that move by many steps show their rounding as noise; those that do not, nothing at all. In float64 a step is
    the least change that an output was seen to make, where that is clearly coarser than its last place.
    """
    judged = place.cotangent != 0
    v, still = np.abs(place.cotangent[judged]), np.real(place.output[judged]).astype(np.float64)
    ts = [t for t in asked.kept if 0 < abs(t) <= h]
    if not ts:
        return 0.0
    with np.errstate(all="ignore"):
        changes = np.array([np.abs(np.real(asked.outputs(t)[judged]) - still) for t in ts])
        changes[~np.isfinite(changes)] = 0.0
        steps, many = 2.0 ** (53 - bits) * np.spacing(np.abs(still)), MANY
        if bits == 53:
            least = np.where(changes > 0, changes, np.inf).min(axis=0)
            steps, many = np.where((least >= COARSER * steps) & (least < np.inf), least, 0.0), COARSER
    return float(np.sum((v * steps)[changes.max(axis=0) < many * steps])) / 2


def change_along(place: Place, asked: Ray, rounding: float) -> float:
    """Norm of the judged outputs' change per unit of t, at the reach that shows it best; 0 where rounding hides it.

    A 100 % change is looked at only where the shorter reaches show nothing.
    """
    judged = place.cotangent != 0
    still = place.output[judged]
    steepest = 0.0
    for reach in (*FLAT, WHOLE):
        if reach == WHOLE and steepest:
            break
        for t in (reach, -reach):
            with np.errstate(all="ignore"):
                change = norm(place.cotangent[judged] * (outputs_or_nan(asked, t)[judged] - still))
            if rounding < change < np.inf:
                steepest = max(steepest, change / reach)
    return steepest
