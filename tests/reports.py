"""Reports to render: a right one, wrong ones, undecided ones, and one whose every word is hostile."""

from __future__ import annotations

from dataclasses import replace

from checks import Estimate, Outcome
from checks.calls import Cost
from checks.report.record import Entry, Finding, Report
from checks.verdict import Verdict

MEASURED = Estimate(value=-0.1777, interval=(-0.1777 - 3e-12, -0.1777 + 3e-12))
CURVE = tuple((10.0**-k, -0.1777 + 10.0 ** (-2 * k) + 1e-16 * 10**k) for k in range(12, -1, -1))
WRONG = Verdict(
    law="adjoint", tensor="gamma", outcome=Outcome.FAIL, claimed=-0.08885, estimate=MEASURED, resolution=1e-11,
    scale=0.2, where="at a moved point", curve=CURVE,
)  # fmt: skip
RIGHT = replace(WRONG, tensor="beta", outcome=Outcome.PASS, claimed=-0.1777, curve=())
OPEN = replace(RIGHT, tensor="x", outcome=Outcome.INCONCLUSIVE, reason="the bar is wide", remedy="run it in float64")
FOUND = Finding(
    verdict=WRONG,
    name="LayerNorm",
    location="every entry of gamma",
    diagnosis="averaged over the batch",
    entries=(Entry(index=(2, 5), claimed=1.0, measured=3.0, bar=1e-9),),
    shape=(4, 8),
    reproduce="backproof audit norm.py:LayerNorm --seed 7",
)

HOSTILE = (
    "w<script>alert(1)</script>\x1b[31m\x1b]0;t\x07\r\nFAIL|`x` \"'&]]>\u202egpj\u2028\u2029\x9b31m\x00\ufffe\ud800 "
    "{{7*7}} [a](http://b) ![i](c) <img src=x onerror=alert(2)> ``` \n# h\n" + "n" * 10_000
)
"""A layer's name that every format has a reason to stumble over."""


def report(*findings: Finding, verdicts: tuple[Verdict, ...] = (RIGHT,), **changes: object) -> Report:
    """A report of ``verdicts`` and of those of ``findings``."""
    everything = (*verdicts, *(f.verdict for f in findings))
    made = Report(
        name="LayerNorm",
        outcome=Outcome.of(v.outcome for v in everything),
        verdicts=everything,
        findings=findings,
        cost=Cost(forward=12, pullback=3, seconds=0.25),
        seed=7,
        dtypes=("float64",),
    )
    return replace(made, **changes)


def hostile() -> Report:
    """A report in which every word that comes from outside is `HOSTILE`."""
    words = {"law": HOSTILE, "tensor": HOSTILE, "reason": HOSTILE, "remedy": HOSTILE, "where": HOSTILE}
    found = Finding(
        verdict=replace(WRONG, **words), name=HOSTILE, location=HOSTILE, diagnosis=HOSTILE, case=HOSTILE,
        reproduce=HOSTILE, detail=HOSTILE, entries=FOUND.entries, shape=FOUND.shape,
    )  # fmt: skip
    passed = replace(RIGHT, **words, cause=HOSTILE)
    return report(found, verdicts=(passed,), name=HOSTILE, dtypes=(HOSTILE,), notes=(HOSTILE,))


def examples() -> dict[str, Report]:
    """One report of each kind."""
    undecided = Finding(verdict=OPEN, name="Conv")
    lawless = Verdict(law="shapes", tensor="b", outcome=Outcome.FAIL, reason="shape (3,), expected (4,)")
    unmeasured = replace(
        WRONG, claimed=float("nan"), estimate=replace(MEASURED, interval=(-float("inf"), float("inf")))
    )
    return {
        "right": report(name="Right", notes=("float32 values",)),
        "wrong": report(FOUND, Finding(verdict=lawless, name="LayerNorm")),
        "open": report(undecided, name="Conv"),
        "unmeasured": report(Finding(verdict=unmeasured, name="Odd"), name="Odd"),
        "hostile": hostile(),
    }
