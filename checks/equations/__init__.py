"""The bridge: every labelled equation of the derivation held of random networks, ours or anybody's."""

from checks.equations.cases import Case, Point, build, draw
from checks.equations.hold import Result, hold
from checks.equations.implementation import BACKPROP, Implementation, implementation
from checks.equations.own import Own
from checks.equations.record import Record
from checks.equations.run import EquationReport, audit_equations
from checks.equations.table import EQUATIONS, Equation
from checks.equations.tally import LabelRow, RegimeRow, Tally

__all__ = [
    "BACKPROP",
    "EQUATIONS",
    "Case",
    "Equation",
    "EquationReport",
    "Implementation",
    "LabelRow",
    "Own",
    "Point",
    "Record",
    "RegimeRow",
    "Result",
    "Tally",
    "audit_equations",
    "build",
    "draw",
    "hold",
    "implementation",
]
