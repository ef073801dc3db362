"""Hold: one case audited, as far as the target is defined there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from checks.adapters import adapt
from checks.auditing import audit
from checks.calls import Cost, quietly
from checks.drawn.make import at_sizes, inputs, laid, outputs
from checks.drawn.plan import Case, Plan, written
from checks.drawn.suspect import suspect
from checks.laws.fold import base
from checks.report.record import Finding, Report
from checks.subject import Subject, named_outputs
from checks.verdict import Outcome, Verdict


@dataclass(eq=False, kw_only=True)
class Held:
    """A target on all the cases that were tried: each is audited once.

    Attributes
    ----------
    target : object
        What `checks.audit` takes, or a constructor that takes sizes.
    more : tuple
        Inputs behind those that are drawn.
    made : Plan
        What cases are chosen from.
    audits : mapping
        What `checks.audit` is asked of each.
    options : mapping
        What the adapter takes.
    reports : dict
        Case as text -> its report; None where the target is not defined.
    looks : dict
        Case as text -> whether it looked wrong where it was not judged.
    spent : list of Cost
        What looking cost.
    """

    target: Any
    more: tuple[Any, ...]
    made: Plan
    audits: Mapping[str, Any]
    options: Mapping[str, Any]
    reports: dict[str, Report | None] = field(default_factory=dict)
    looks: dict[str, bool] = field(default_factory=dict)
    spent: list[Cost] = field(default_factory=list)

    def report(self, case: Case) -> Report | None:
        """The report of a case; None where an axis is empty or memory strange, and the forward will have none of it."""
        text = written(case, self.made.rows)
        if text not in self.reports:
            with quietly():
                self.reports[text] = self._report(case)
        return self.reports[text]

    def _report(self, case: Case, *, locate: bool = False) -> Report | None:
        subject = laid(self.subject(case), case["layout"])
        strange = case["layout"] != "C" or any(case[name] == 0 for name in self.made.sizes)
        try:
            out = subject.forward({name: np.array(x) for name, x in subject.point.items()})
        except Exception:
            return None if strange else audit(subject, seed=case["seed"], locate=locate, **self.audits)
        values = named_outputs(out)
        wrong = self._misshapen(values, case)
        if wrong:
            return _said(subject, case, wrong)
        if any(x.size == 0 for x in subject.point.values()) or not sum(a.size for a in values.values()):
            return _empty(subject, out, case, [a for a in values.values() if a.dtype.kind in "fc"])
        return audit(subject, seed=case["seed"], locate=locate, **self.audits)

    def located(self, case: Case, *, locate: bool) -> Report | None:
        """The report of a case that is shown: with which entries are wrong, and why."""
        with quietly():
            return self._report(case, locate=locate)

    def looks_wrong(self, case: Case, tensor: str) -> bool:
        """Whether the gradient of ``tensor`` looks wrong at a case that need not be judged; cheap."""
        text = written(case, self.made.rows)
        if text in self.reports:
            return self.fails(case, "adjoint", tensor)
        if text not in self.looks:
            try:
                subject = laid(self.subject(case), case["layout"])
                if not all(x.size for x in subject.point.values()):
                    return self.fails(case, "adjoint", tensor)
                self.looks[text], calls = suspect(subject, tensor, case["seed"])
                self.spent.append(calls.cost)
            except Exception:  # the audit says what it is
                return self.fails(case, "adjoint", tensor)
        return self.looks[text]

    def fails(self, case: Case, law: str, tensor: str) -> bool:
        """Whether a law fails at a case, of a gradient where the law is about one."""
        report = self.report(case)
        failed = [f for f in report.findings if f.verdict.outcome is Outcome.FAIL] if report else []
        return any(f.law == law and (base(f.verdict.tensor) == tensor or law != "adjoint") for f in failed)

    def subject(self, case: Case) -> Subject:
        """The target, adapted at a case."""
        target = at_sizes(self.target, self.made, case)
        return adapt(target, *inputs(self.made, case), *self.more, **self.options)

    def _misshapen(self, values: Mapping[str, Any], case: Case) -> str:
        wanted = outputs(self.made, case)
        if wanted is None:
            return ""
        shapes = [a.shape for a in values.values()]
        if shapes == wanted:
            return ""
        return f"the forward gives shapes {', '.join(map(str, shapes))} where {', '.join(map(str, wanted))} is declared"


def _said(subject: Subject, case: Case, words: str, tensor: str = "", outcome: Outcome = Outcome.FAIL) -> Report:
    verdict = Verdict(law="shapes", tensor=tensor, outcome=outcome, reason=words, where="at your point")
    return Report(
        name=subject.name,
        outcome=outcome,
        verdicts=(verdict,),
        findings=(Finding(verdict=verdict, name=subject.name),) if outcome is not Outcome.PASS else (),
        cost=Cost(forward=1, pullback=1),
        seed=case["seed"],
        dtypes=tuple(dict.fromkeys(str(x.dtype) for x in subject.point.values())),
    )


def _empty(subject: Subject, out: Any, case: Case, values: list[Any]) -> Report | None:
    """Where an axis is empty: gradients of the right shapes, zero where no output is left to depend on anything."""
    if not all(np.isfinite(a).all() for a in values):  # a mean over nothing
        return None
    ones = {name: np.ones_like(a) for name, a in named_outputs(out).items()}
    try:
        gradient = subject.pullback(dict(subject.point), ones if isinstance(out, Mapping) else ones[""])
    except Exception as raised:
        return _said(subject, case, f"on an empty axis the pullback raised {type(raised).__name__}: {raised}")
    for name, x in subject.point.items():
        g = gradient.get(name)
        if g is None or np.shape(g) != x.shape:
            seen = "None" if g is None else f"of shape {np.shape(g)}"
            return _said(subject, case, f"on an empty axis the gradient is {seen}; the primal has {x.shape}", name)
        if not np.isfinite(g).all():
            return _said(subject, case, "on an empty axis the gradient is not finite, where the forward is", name)
        if not any(a.size for a in values) and np.any(g):
            return _said(subject, case, "no output is left to depend on it, and the gradient is not zero", name)
    return replace(_said(subject, case, "", outcome=Outcome.PASS), notes=())
