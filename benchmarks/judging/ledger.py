"""Ledger: audits as lines of JSON, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.judging import FAMILIES, draw
from benchmarks.judging.edits import Witness, spoil
from checks.auditing import audit
from checks.report.record import Report
from checks.subject import Subject
from checks.verdict import Outcome

Task = tuple[str, int, int, bool, str]  # family, number, base seed, wrong, laws (joined by spaces; empty for all)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One audit.

    Attributes
    ----------
    family, number, base, wrong : what `benchmarks.judging.draw` makes the claim from, and whether it was spoilt.
    laws : str
        The laws that were held, joined by spaces; empty for all of them.
    kind, half : of the family.
    edit, tensor, error : the mistake, and the largest error of it among the pullbacks that the audit asked for;
        empty, empty and 0 for a right claim.
    outcome : str
        "pass", "fail", "inconclusive"; "error" if the audit itself raised.
    resolution : float
        The coarsest that a passed verdict on ``tensor`` states; 0 if there is none.
    forward, pullback, seconds : what it cost.
    reason : str
        The first finding.
    """

    family: str
    number: int
    base: int
    wrong: bool
    laws: str
    kind: str
    half: str
    edit: str
    tensor: str
    error: float
    outcome: str
    resolution: float
    forward: int
    pullback: int
    seconds: float
    reason: str

    @property
    def task(self) -> Task:
        """What makes this line again."""
        return self.family, self.number, self.base, self.wrong, self.laws


def tasks(cases: int, families: Sequence[str], *, base: int, wrong: bool, laws: Sequence[str] = ()) -> list[Task]:
    """Return ``cases`` claims, family by family in turn; each right, and, if ``wrong``, each spoilt as well."""
    chosen = [(families[i % len(families)], i // len(families)) for i in range(cases)]
    return [
        (f, n, base, spoilt, " ".join(laws)) for f, n in chosen for spoilt in ((False, True) if wrong else (False,))
    ]


def run_one(task: Task) -> Line | None:
    """Draw and audit one claim; None where no mistake fits it."""
    family, number, base, wrong, laws = task
    claim = draw(family, number, base)
    mistake = None
    if wrong:
        mistake = spoil(claim, np.random.default_rng([claim.seed, 1]))
        if mistake is None:
            return None
    witness = Witness(claim, mistake) if mistake else None
    subject = claim.subject(witness)
    start = time.perf_counter()
    report, raised = _audited(subject, claim.seed, laws)
    tensor = mistake.tensor if mistake else ""
    return Line(
        family=family,
        number=number,
        base=base,
        wrong=wrong,
        laws=laws,
        kind=claim.kind,
        half=claim.half,
        edit=mistake.edit if mistake else "",
        tensor=tensor,
        error=mistake.error if mistake and np.isinf(mistake.error) else witness.error if witness else 0.0,
        outcome=report.outcome.value if report else "error",
        resolution=stated_resolution(report, tensor) if report else 0.0,
        forward=report.cost.forward if report else 0,
        pullback=report.cost.pullback if report else 0,
        seconds=time.perf_counter() - start,
        reason=raised or _first_finding(report),
    )


def _audited(subject: Subject, seed: int, laws: str) -> tuple[Report | None, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # an audit may not let a warning of its own probes out
        try:
            return audit(subject, seed=seed, laws=laws.split() or None, locate=False), ""
        except Exception as raised:
            return None, f"{type(raised).__name__}: {raised}"


def stated_resolution(report: Report, tensor: str) -> float:
    """Return the coarsest resolution that the passed verdicts on ``tensor`` state, 0 if there is none."""
    mine = (v for v in report.verdicts if v.tensor == tensor or v.tensor.startswith(f"{tensor} ("))
    return max((v.resolution for v in mine if v.resolution is not None and v.outcome is Outcome.PASS), default=0.0)


def _first_finding(report: Report | None) -> str:
    if report is None or not report.findings:
        return ""
    worst = min(report.findings, key=lambda f: f.verdict.outcome is not report.outcome).verdict
    return f"{worst.law} {worst.tensor} {worst.where}: {worst.reason or f'{worst.claimed} against {worst.estimate}'}"


def read(path: Path | None) -> dict[Task, Line | None]:
    """Return what a ledger holds; a last line cut short is left out."""
    found: dict[Task, Line | None] = {}
    if path is None or not path.exists():
        return found
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(text)
        except json.JSONDecodeError:  # an empty line, or one cut short
            continue
        if "none" in row:
            found[tuple(row["none"])] = None
        else:
            line = Line(**row)
            found[line.task] = line
    return found


def run(todo: Sequence[Task], path: Path | None, *, jobs: int = 1) -> Iterator[tuple[Task, Line | None]]:
    """Run what ``path`` does not hold yet, add it there, and yield everything that is asked for."""
    have = read(path)
    yield from ((task, have[task]) for task in todo if task in have)
    rest = [task for task in todo if task not in have]
    if not rest:
        return
    sink = path.open("a", encoding="utf-8") if path else None
    try:
        if sink and have:
            sink.write("\n")  # the last line may have been cut short
        for task, line in zip(rest, _map(rest, jobs), strict=True):
            if sink:
                sink.write(json.dumps(asdict(line) if line else {"none": task}, ensure_ascii=False) + "\n")
                sink.flush()
            yield task, line
    finally:
        if sink:
            sink.close()


def _map(rest: Sequence[Task], jobs: int) -> Iterator[Line | None]:
    if jobs == 1:
        with threadpool_limits(1):
            yield from map(run_one, rest)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        yield from pool.map(run_one, rest, chunksize=16)


def _one_thread() -> None:
    threadpool_limits(1)


def families_of(half: str, kinds: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the families asked for, in the order of the table."""
    unknown = [name for name in names if name not in FAMILIES]
    if unknown:
        raise SystemExit(f"there is no family {unknown[0]!r}; the families are {', '.join(FAMILIES)}")
    return [
        name
        for name, row in FAMILIES.items()
        if half in ("both", row.half) and (not kinds or row.kind in kinds) and (not names or name in names)
    ]
