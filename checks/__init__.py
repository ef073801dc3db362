"""Audit gradients: measure what a backward pass claims, and say pass, fail or inconclusive.

The names below load on first use, so that importing this package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checks.adapters.marked import chain, value_and_grad, value_and_jacobian
    from checks.auditing import audit, check
    from checks.errors import InconclusiveGradient, InvalidSubject, MisuseError, UnknownTarget, WrongGradient
    from checks.numeric.derivative import derivative
    from checks.numeric.estimate import Estimate
    from checks.report.record import Report
    from checks.subject import Subject
    from checks.testing.equations import parametrize_with_equations
    from checks.testing.gradients import parametrize_with_gradient_checks
    from checks.verdict import Outcome

_HOME = {
    "Estimate": "checks.numeric.estimate",
    "InconclusiveGradient": "checks.errors",
    "InvalidSubject": "checks.errors",
    "MisuseError": "checks.errors",
    "Outcome": "checks.verdict",
    "Report": "checks.report.record",
    "Subject": "checks.subject",
    "UnknownTarget": "checks.errors",
    "WrongGradient": "checks.errors",
    "audit": "checks.auditing",
    "chain": "checks.adapters.marked",
    "check": "checks.auditing",
    "derivative": "checks.numeric.derivative",
    "parametrize_with_equations": "checks.testing.equations",
    "parametrize_with_gradient_checks": "checks.testing.gradients",
    "value_and_grad": "checks.adapters.marked",
    "value_and_jacobian": "checks.adapters.marked",
}

__all__ = [
    "Estimate",
    "InconclusiveGradient",
    "InvalidSubject",
    "MisuseError",
    "Outcome",
    "Report",
    "Subject",
    "UnknownTarget",
    "WrongGradient",
    "audit",
    "chain",
    "check",
    "derivative",
    "parametrize_with_equations",
    "parametrize_with_gradient_checks",
    "value_and_grad",
    "value_and_jacobian",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
