"""parametrize_with_equations: one test for every equation that somebody's network can be held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import pytest

from checks.equations.local import LOCAL
from checks.equations.localised import held, spoken_to
from checks.equations.own import Own
from checks.errors import MisuseError
from checks.report.record import Report
from checks.testing.judged import WrongGradientFailed, judged
from checks.testing.run import Run, current
from checks.verdict import Outcome

ARGUMENT: Final = "equation_check"


@dataclass(frozen=True)
class EquationCheck:
    """What the test function is given: called, it holds one equation and fails the test unless it holds.

    Attributes
    ----------
    own : Own
        The network.
    label : str
        The equation.
    spoken : tuple of str
        The equations that the network can be held to.
    reports : dict
        What was held already, shared by the checks of a network.
    """

    own: Own
    label: str
    spoken: tuple[str, ...] = field(repr=False)
    reports: dict[Any, Report] = field(repr=False)
    argument: ClassVar[str] = ARGUMENT

    def __call__(self) -> Report:
        """Hold the equation; one that follows from another which does not hold is not asked, and the test skipped."""
        run = current()
        broken = self._broken(self.label, run)
        if broken:
            run.asked = True
            pytest.skip(f"({self.label}) follows from ({broken}), which does not hold")
        report, made = self._report(self.label, run)
        return judged(report, self.label, run, made=made, target=self.own.name)

    def _report(self, label: str, run: Run) -> tuple[Report, bool]:
        key = (label, run.seed, run.profile)
        made = key not in self.reports
        if made:
            self.reports[key] = held(self.own, label, networks=run.asks.networks, seed=run.seed)
        return self.reports[key], made

    def _broken(self, label: str, run: Run) -> str:
        """The first equation that ``label`` follows from and that does not hold; empty where there is none."""
        for before in LOCAL[label].after:
            if before in self.spoken:
                found = self._broken(before, run) or before * (self._report(before, run)[0].outcome is Outcome.FAIL)
                if found:
                    return found
        return ""


def parametrize_with_equations(
    adapter: Own, *, expected_failures: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a test for every equation of a network, of ``def test_equations(equation_check): equation_check()``.

    Parameters
    ----------
    adapter : checks.equations.Own
        The network, and how it is asked for what it has of: z and a, δ, gradients, a step, the loss.
    expected_failures : mapping of str to str, optional
        Label to the reason: a strict xfail.

    Returns
    -------
    callable
        A decorator. Items are ``test_equations[NAME-B2]``, one for each label of docs/derivation.md that the network
        can be held to. Each equation is held by itself, from the quantities that stand in it as the network has them:
        the one that fails is the one that the code breaks, and those that follow from it are skipped.

    Raises
    ------
    MisuseError
        If the adapter is none, or an expected failure names a label that it cannot be held to.

    References
    ----------
    docs/derivation.md; docs/testing.md.
    """
    if not isinstance(adapter, Own):
        raise MisuseError(f"the adapter is {adapter!r}; expected checks.equations.Own(name=…, make=…, gradients=…, …)")
    labels, expected = spoken_to(adapter), dict(expected_failures or {})
    unknown = [label for label in expected if label not in labels]
    if unknown:
        raise MisuseError(f"expected_failures names {unknown[0]!r}; {adapter.name} can be held to {', '.join(labels)}")
    reports: dict[Any, Report] = {}
    parameters = []
    for label in labels:
        why = expected.get(label)
        marks = [] if why is None else [pytest.mark.xfail(strict=True, reason=why, raises=WrongGradientFailed)]
        check = EquationCheck(adapter, label, tuple(labels), reports)
        parameters.append(pytest.param(check, id=f"{adapter.name}-{label}", marks=marks))
    return pytest.mark.parametrize(ARGUMENT, parameters)
