"""hold: one equation of one network, judged; the fast way when it simply passes, the careful way when it does not."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from checks.equations.held import Held
from checks.equations.record import OnKinkError, Record
from checks.equations.table import Equation
from checks.numeric.windows import windows
from checks.verdict import DESIRED, Outcome, Verdict

ELSEWHERE: Final = "at a moved point"


class Result(NamedTuple):
    """What one equation came to on one network.

    Attributes
    ----------
    label : str
        Which equation.
    outcome : Outcome or None
        None where the network has nothing that the equation speaks of.
    distance : float
        The largest, in error bars.
    resolution : float
        The coarsest, relative to each tensor's own scale.
    probes : int
        How many numbers were compared.
    findings : tuple of Verdict
        What did not pass.
    raised : bool
        Whether the code raised instead of giving numbers.
    where : str
        "at a moved point" where the given one is on a kink.
    """

    label: str
    outcome: Outcome | None
    distance: float = 0.0
    resolution: float = 0.0
    probes: int = 0
    findings: tuple[Verdict, ...] = ()
    raised: bool = False
    where: str = ""

    def __str__(self) -> str:
        lines = [
            f"({self.label}) {'does not apply' if self.outcome is None else self.outcome.value} {self.where}".rstrip()
        ]
        for v in self.findings:
            seen = (
                "" if v.estimate is None else f": claimed {v.claimed:.10g}, measured {v.estimate} ({v.estimate.method})"
            )
            ratio = "" if v.ratio is None else f", ratio {v.ratio:.6g}"
            lines.append(f"  {v.outcome.value}  {v.tensor}{seen}{ratio}  {v.reason}".rstrip())
        return "\n".join(lines)


def hold(equation: Equation, record: Record) -> Result:
    """Hold one equation of one network.

    Parameters
    ----------
    equation : Equation
        A row of `EQUATIONS`.
    record : Record
        The network.

    Returns
    -------
    Result
        FAIL if any comparison fails, and fails again where it can be asked again: more closely, along the same line by
        other means, in extended precision, and, on a kink, at a moved point.
    """
    with np.errstate(all="ignore"):  # what over- or underflows on the way is in the bars
        return hold_quietly(equation, record)


def hold_quietly(equation: Equation, record: Record) -> Result:
    """`hold`, where NumPy's warnings are off already."""
    try:
        held = equation.holds(record)
        if held is None:
            return Result(equation.label, None)
        distance, resolution = held.margins()
        if distance <= 1 and resolution <= DESIRED:
            return Result(equation.label, Outcome.PASS, distance, resolution, held.probes)
        verdicts = held.verdicts(equation.label)
        if equation.measured and Outcome.FAIL in {v.outcome for v in verdicts}:
            record.look_closer()
            held = equation.holds(record) or held
            distance, resolution = held.margins()
            verdicts = _confirmed(record, held, held.verdicts(equation.label))
            if Outcome.FAIL in {v.outcome for v in verdicts} and _only_rounding(equation, record):
                verdicts = [_rounded(v) for v in verdicts]
    except OnKinkError:
        return hold_quietly(equation, record.moved)._replace(where=ELSEWHERE)
    except Exception as error:  # whatever the code under test raises is a finding about it
        return Result(equation.label, Outcome.FAIL, float("inf"), findings=(_raised(equation, error),), raised=True)
    findings = tuple(v for v in verdicts if v.outcome is not Outcome.PASS)
    outcome = Outcome.of(v.outcome for v in verdicts)
    return Result(equation.label, outcome, distance, resolution, len(verdicts), findings)


def _confirmed(record: Record, held: Held, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Let least squares on many scales confirm the fail of a direction; where they side with the claim, all is open."""
    found = list(verdicts)
    for s, verdict in enumerate(found):
        move = held.moves[s] if held.moves else None
        if verdict.outcome is not Outcome.FAIL or move is None or verdict.claimed is None:
            continue
        low, high = windows(record.line(move)).interval
        if low <= verdict.claimed <= high and not low <= float(np.ravel(held.measured)[s]) <= high:
            reason = f"two oracles disagree: windows say {low:.6g} to {high:.6g}"
            found[s] = replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=reason)
    return found


def _only_rounding(equation: Equation, record: Record) -> bool:
    """Whether the same code agrees where it calculates in extended precision: then float64's digits are what fails."""
    try:
        held = equation.holds(record.in_extended_precision())
    except Exception:  # a row that takes no long double leaves the fail as it is
        return False
    return held is not None and Outcome.FAIL not in {v.outcome for v in held.verdicts(equation.label)}


def _rounded(verdict: Verdict) -> Verdict:
    if verdict.outcome is not Outcome.FAIL:
        return verdict
    reason = "float64's rounding: in extended precision the same code agrees"
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=reason)


def _raised(equation: Equation, error: Exception) -> Verdict:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return Verdict(
        law=equation.label,
        tensor="",
        outcome=Outcome.FAIL,
        reason=f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})",
    )
