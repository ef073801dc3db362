"""Report: everything an audit found, as one frozen record; renderers make text of it, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from checks.calls import Cost
from checks.numeric.estimate import Estimate
from checks.verdict import Outcome, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a gradient that is not what was measured.

    Attributes
    ----------
    index : tuple of int
        Where it stands in its tensor, as NumPy indexes.
    claimed, measured, bar : float
        The claimed entry, the measured one, and the half-width of its interval, in units of the cotangent's output per
        unit of the primal.
    """

    index: tuple[int, ...]
    claimed: float
    measured: float
    bar: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that did not pass, with all that helps to mend it.

    Attributes
    ----------
    verdict : Verdict
        The verdict that did not pass.
    name : str
        The subject's name.
    location : str
        Which entries are wrong, in words; empty where it is not known.
    diagnosis : str
        Which mistake explains it, in words; empty where none is known.
    suspects : tuple of str
        The same as names of rows of `checks.diagnosis.SUSPECTS`, for programs.
    entries : tuple of Entry
        Wrong entries that were found and measured one by one; not all of them where ``location`` names blocks.
    shape : tuple of int or None
        The shape of the tensor that the entries stand in; None where there are none.
    case : str
        The smallest case that shows it, where shapes were drawn.
    reproduce : str
        A command line, or a line of Python, that shows the same again.
    detail : str
        More that was seen: an exception's words and place, both shapes.
    """

    verdict: Verdict
    name: str
    location: str = ""
    diagnosis: str = ""
    suspects: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    shape: tuple[int, ...] | None = None
    case: str = ""
    reproduce: str = ""
    detail: str = ""

    @property
    def law(self) -> str:
        """The law that did not hold."""
        return self.verdict.law

    @property
    def claimed(self) -> float | None:
        """The claimed value; None where the law is not about numbers."""
        return self.verdict.claimed

    @property
    def estimate(self) -> Estimate | None:
        """The measured one."""
        return self.verdict.estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `checks.audit` returns.

    Attributes
    ----------
    name : str
        The subject's name.
    outcome : Outcome
        FAIL if any verdict fails, else INCONCLUSIVE if any is, else PASS.
    verdicts : tuple of Verdict
        Every one.
    findings : tuple of Finding
        Those that did not pass.
    cost : Cost
        What it took.
    seed : int
        The seed that repeats it.
    dtypes : tuple of str
        The dtypes of the primals.
    notes : tuple of str
        What is worth knowing and is no finding.
    run : mapping or None
        When, where and with which versions it ran, for a report that was read back from a file; None else.
    """

    name: str
    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    cost: Cost
    seed: int
    dtypes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    run: Mapping[str, Any] | None = field(default=None, compare=False)

    def __str__(self) -> str:
        from checks.report.text import render

        return render(self)

    def _repr_html_(self) -> str:
        from checks.report.notebook import render

        return render(self)
