"""Vector, Group: what a file of vectors is made of, before it is JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from checks.vectors.proven import Proven

VALID, ACCEPTABLE, INVALID = "valid", "acceptable", "invalid"
APART: Final = 1e-3  # a wrong answer is off by at least this, relative to its scale


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Vector:
    """One case.

    Attributes
    ----------
    comment : str
        What it is, in words.
    flags : tuple of str
        Keys of the notes.
    result : str
        "valid", "acceptable" (at a kink or a tie: any of the alternatives), "invalid" (the gradients are wrong).
    parameters : mapping
        What is no tensor.
    inputs : mapping of name to ndarray
        Exact in binary32.
    cotangent : ndarray
        v, shaped like the output.
    proven : Proven
        The right answer; for "invalid" what scales are taken from.
    others : sequence of mapping of name to ndarray
        For "acceptable": the gradients of the other alternatives. For "invalid": the wrong ones (or values), alone.
    """

    comment: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, Any]
    cotangent: Any
    proven: Proven
    flags: tuple[str, ...] = ()
    result: str = VALID
    others: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Group:
    """Vectors of one operation.

    Attributes
    ----------
    name : str
        "activation tanh": what ids begin with.
    operation : str
        What an adapter is asked for: "activation", "loss", "network", or the name of a layer.
    formula : str
        What it computes.
    make : callable
        () -> its vectors.
    label : str
        The equation of docs/derivation.md that it is of, if any.
    """

    name: str
    operation: str
    formula: str
    make: Callable[[], Sequence[Vector]]
    label: str = ""
