"""proven: one definition run on exact inputs: its value and every derivative, each to 52 digits or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, Final

import numpy as np
from flint import arb

from checks.numeric.balls.array import kept, leaves
from checks.numeric.balls.ball import Ball
from checks.numeric.balls.enclose import precision
from checks.numeric.balls.functions import number
from checks.numeric.balls.tape import Tape, sweep_back, terms

DIGITS: Final = 52  # significant ones: rounding the last leaves a relative error below 1e-50
BITS: Final = (320, 640, 1280)
SMALLEST, LARGEST = 1e-280, 1e280  # where results keep a float64 high and low part

Definition = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
"""(parameters, inputs as exact arrays) -> named values; "output" is what the cotangent pairs with."""


class RejectedError(Exception):
    """These inputs make no vector: a result is too small or too large, or not proven; others are drawn."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Proven:
    """Results of one definition.

    Attributes
    ----------
    values, gradients : mapping of name to ndarray of arb
        Named values, and ∂⟨v, output⟩/∂(each input).
    scales : mapping of name to float
        For each of them: the largest sum of absolute values of what adds up to an entry. Errors are relative to it.
    """

    values: Mapping[str, Any]
    gradients: Mapping[str, Any]
    scales: Mapping[str, float]

    def scale(self, name: str) -> float:
        """That of a gradient, or of a value that is not differentiated by."""
        found = self.scales.get(f"d {name}")
        return self.scales[name] if found is None else found


def prove(
    definition: Definition, parameters: Mapping[str, Any], inputs: Mapping[str, Any], cotangent: Any, moving: Any
) -> Proven:
    """Run a definition on exact numbers until every result has `DIGITS` proven digits.

    Parameters
    ----------
    definition : callable
        What is computed.
    parameters : mapping
        What is no tensor: names, strides, indices.
    inputs : mapping of name to ndarray of float
        Taken as the very numbers that they store.
    cotangent : ndarray
        v, shaped like the value "output".
    moving : sequence of str
        The inputs that are differentiated.

    Returns
    -------
    Proven

    Raises
    ------
    RejectedError
        Where a result is not finite, not proven, or too small or too large for float64.
    """
    for bits in BITS:
        with precision(bits):
            tape = Tape()
            at = {name: leaves(tape, x) if name in moving else np.asarray(x) for name, x in inputs.items()}
            values = {k: np.asarray(v, dtype=object) for k, v in definition(parameters, dict(at)).items()}
            weights = np.broadcast_to(np.asarray(cotangent, dtype=float), values["output"].shape).ravel().tolist()
            outputs = zip(map(number, values["output"].ravel()), weights, strict=True)
            seeds = [(node, arb(v)) for node, v in outputs if node.tape is tape]
            slopes = sweep_back(tape, seeds)
            nodes = {name: x for name, x in values.items() if name.startswith("delta")}
            gradients = {name: _read(at[name], slopes) for name in moving}
            gradients |= {name: _read(x, slopes) for name, x in nodes.items()}
            plain = {name: _balls(x) for name, x in values.items() if name not in nodes}
            if all(_enough(x) for group in (plain, gradients) for x in group.values()):
                sizes = terms(tape, seeds)
                scales = {name: _largest(x) for name, x in plain.items()}
                scales |= {
                    f"d {n}": max(_largest(g), _scale(at.get(n, nodes.get(n)), sizes)) for n, g in gradients.items()
                }
                return Proven(values=plain, gradients=gradients, scales=scales)
    raise RejectedError("the digits did not suffice")


def detached(x: Any) -> Any:
    """The same numbers without what they depend on."""
    return kept(_each(lambda e: Ball(number(e).ball), np.asarray(x, dtype=object)))


def _each(f: Any, x: Any) -> Any:
    return np.asarray(np.frompyfunc(f, 1, 1)(x), dtype=object)


def _read(numbers: Any, slopes: list[Any]) -> Any:
    def slope(x: Any) -> arb:
        node = number(x)
        found = None if node.tape is None else slopes[node.index]
        return arb(0) if found is None else found

    return _each(slope, numbers.view(np.ndarray))


def _balls(x: Any) -> Any:
    return _each(lambda e: number(e).ball, x.view(np.ndarray))


def _enough(x: Any) -> bool:
    """Whether every number has its digits; RejectedError where more bits would not help."""
    for e in x.ravel():
        if not e.is_finite():
            raise RejectedError("not finite")
        if e.is_zero():
            continue
        if e.rel_accuracy_bits() < 3.33 * DIGITS + 8:
            return False
        if not SMALLEST < abs(float(e.mid())) < LARGEST:
            raise RejectedError("out of range")
    return True


def _largest(x: Any) -> float:
    return max((abs(float(e.mid())) for e in x.ravel()), default=0.0)


def _scale(numbers: Any, sizes: list[float]) -> float:
    return max((sizes[n.index] for n in map(number, numbers.ravel()) if n.tape is not None), default=0.0)


def decimal(x: arb) -> str:
    """``x`` to `DIGITS` significant digits, within 1e-50 of itself; fewer where they are all.

    Examples
    --------
    >>> decimal(arb(1) / 8), decimal(arb(0)), decimal(arb(-250))
    ('1.25e-1', '0', '-2.5e2')
    """
    if x.is_zero():
        return "0"
    middle, radius, exponent = (int(part) for part in x.mid_rad_10exp(DIGITS))
    size, more = abs(middle), max(0, len(str(abs(middle))) - DIGITS)
    if more and (size % 10**more or radius):
        size, radius = (size + 10**more // 2) // 10**more, radius // 10**more + 2
        exponent += more
    if radius * 10**50 > size:
        raise RejectedError("not proven to 1e-50")
    digits = str(size)
    exponent += len(digits) - 1
    digits = digits.rstrip("0")
    shown = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{'-' if middle < 0 else ''}{shown}" + (f"e{exponent}" if exponent else "")


def halves(text: str) -> tuple[float, float]:
    """The float64 next to a decimal, and the float64 next to what is left.

    Examples
    --------
    >>> halves("1.1e-1")
    (0.11, -5.551115123125783e-19)
    """
    high = float(text)
    with localcontext() as context:
        context.prec = 120
        return high, float(Decimal(text) - Decimal(high)) + 0.0
