"""enclose: the derivative of ψ = ⟨v, f⟩ by every entry of the point, as balls narrow beside the last digit claimed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from flint import arb, ctx

from checks.numeric.balls.array import leaves
from checks.numeric.balls.ball import Ball, ball
from checks.numeric.balls.namespace import known_to_scipy
from checks.numeric.balls.tape import NotProvableError, Tape, UndecidedError, rounding, sweep_back, terms
from checks.numeric.line import OutOfBudgetError
from checks.subject import Array, Point

BITS: Final = (128, 256, 512, 1024, 2048, 4096)  # the precisions that are tried
FAR_BELOW: Final = 2.0**-20  # radius of an enclosure beside the last digit of the claim
SAME_ULPS: Final = 16  # the float forward may be off by this many ulps of every number that it passes through
LARGEST: Final = 100_000  # entries of a point beyond which no exact pass is tried


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Enclosure:
    """What an exact forward pass proves.

    Attributes
    ----------
    slopes : mapping of name to ndarray of arb
        ∂ψ/∂(each entry), shaped like the primal.
    terms : mapping of name to ndarray of float
        Σ|terms| that each of them is the sum of, as a sweep back adds them up.
    bits : int
        The precision that sufficed.
    passes : int
        Exact forward passes, one a precision.
    """

    slopes: Mapping[str, Array]
    terms: Mapping[str, Array]
    bits: int
    passes: int


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Within, flint computes with this many bits."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def enclose(
    forward: Callable[[Point], Array],
    point: Point,
    claims: Mapping[str, Array],
    cotangent: Array,
    output: Array,
    *,
    seconds: float = float("inf"),
) -> Enclosure:
    """Run the caller's forward on exact numbers, with more and more digits until every entry is known far enough.

    One pass over the tape encloses every entry at once: the product of the same local derivatives that a dual number
    carries forward, taken from the other end.

    Parameters
    ----------
    forward : callable
        point -> all outputs as one flat array.
    point : mapping of name to ndarray of float
        The primals; taken as the very numbers that they store.
    claims : mapping of name to ndarray
        The claimed ∂ψ/∂(primal): an enclosure is narrow when it is far below the last digit of its entry here.
    cotangent, output : ndarray of shape (m,)
        v, and what ``forward`` gives on floats. Outputs with v = 0 are left out.
    seconds : float
        Wall time that may be spent.

    Returns
    -------
    Enclosure

    Raises
    ------
    NotProvableError
        Where the code leaves the exact path, a comparison stays undecided, the digits do not suffice, the time is up,
        or the exact value is not the one that the floats give, up to their rounding. It says nothing about the claim.

    References
    ----------
    F. Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic", IEEE Trans. Comput. (2017).

    Examples
    --------
    >>> x = {"x": np.array([2.0])}
    >>> found = enclose(lambda p: p["x"] ** 2, x, x, np.ones(1), np.array([4.0]))
    >>> found.slopes["x"][0] == 4
    True
    """
    if any(x.dtype.kind == "c" for x in (*point.values(), cotangent, output)):
        raise NotProvableError("complex numbers")
    if (n := sum(x.size for x in point.values())) > LARGEST:
        raise NotProvableError(f"{n:,} entries are more than the {LARGEST:,} that exact numbers are made of")
    deadline = time.perf_counter() + seconds
    open_end = NotProvableError(f"the digits did not suffice, {BITS[-1]} bits to a number")
    for passes, bits in enumerate(BITS, start=1):
        with precision(bits):
            tape = Tape(deadline)
            at = {name: leaves(tape, x) for name, x in point.items()}
            given = dict(at)
            try:
                values = _forward(forward, given, tape)
            except UndecidedError as undecided:
                open_end = NotProvableError(f"a comparison stays undecided, as at a tie or a kink: {undecided}")
                continue
            numbers = _numbers(tape, values, cotangent, output)
            seeds = [(number, arb(v)) for number, v, _ in numbers if number.tape is not None]
            slopes = _slopes(tape, numbers, seeds, float(np.finfo(output.dtype).eps))
            if slopes is None:
                continue
            found = {name: _read(leaf, slopes, arb(0)) for name, leaf in at.items()}
        if tape.kinks or all(map(_narrow, (found[name] for name in claims), claims.values())):
            sizes = terms(tape, seeds)
            added = {name: _read(leaf, sizes, 0.0).astype(np.float64) for name, leaf in at.items()}
            return Enclosure(slopes=found, terms=added, bits=bits, passes=passes)
    raise open_end


def _forward(forward: Callable[[Point], Array], given: dict[str, Any], tape: Tape) -> Array:
    """Outputs on exact numbers; whatever the code raises means that it does not take them."""
    try:
        with known_to_scipy():
            values = np.ravel(forward(given))
    except (UndecidedError, NotProvableError, OutOfBudgetError):
        raise
    except Exception as raised:
        raise NotProvableError(tape.left or f"it raised {type(raised).__name__}: {raised}") from raised
    if tape.unsure:
        raise UndecidedError(tape.unsure)
    if tape.left:
        raise NotProvableError(tape.left)
    if tape.ties:
        raise NotProvableError("equal numbers are compared, so that another branch begins right here")
    return values


def _numbers(tape: Tape, values: Array, cotangent: Array, output: Array) -> list[tuple[Ball, float, float]]:
    """The outputs that count, with their weights in ψ and with what the floats gave."""
    if values.dtype != object or values.shape != output.shape:
        raise NotProvableError(f"the forward left the exact path: it returned {values.dtype} of shape {values.shape}")
    found = []
    for value, v, seen in zip(values, cotangent.tolist(), output.tolist(), strict=True):
        if v:
            number = ball(value)
            if number is None or (number.tape is not None and number.tape is not tape):
                raise NotProvableError("the forward left the exact path: it kept numbers from one call to the next")
            found.append((number, v, seen))
    if all(number.tape is None for number, _, _ in found):
        raise NotProvableError("the forward left the exact path: no output depends on the point")
    return found


def _slopes(
    tape: Tape, numbers: list[tuple[Ball, float, float]], seeds: list[tuple[Ball, arb]], eps: float
) -> list[Any] | None:
    """∂ψ/∂(every number on the tape), once the exact ψ is seen to be that of the floats; None if more digits must tell.

    The floats may be off by what rounding every number on the tape can do: the slopes know how much that is.
    """
    exact, size = arb(0), 0.0
    for number, v, seen in numbers:
        exact += v * (number.ball - seen)
        size += abs(v * seen)
    slopes = sweep_back(tape, seeds)
    allowed = SAME_ULPS * eps * (size + rounding(tape, slopes)) + float(np.finfo(np.float64).tiny)
    if not exact.is_finite() or float(exact.rad()) > allowed:
        return None
    off = float(abs(exact.mid()))
    if not off <= allowed:
        raise NotProvableError(f"the exact value is {off:.2g} off the one in floats, more than rounding explains")
    return slopes


def _read(leaf: Any, found: list[Any], otherwise: Any) -> Array:
    """What was found for every entry of a primal."""
    made = np.empty(leaf.shape, dtype=object)
    flat = made.reshape(-1)
    for k, node in enumerate(leaf.ravel()):
        flat[k] = otherwise if found[node.index] is None else found[node.index]
    return made


def _narrow(slopes: Array, claims: Array) -> bool:
    """Whether every enclosure is far below the last digit of its claim, or of itself where the claim is 0."""
    last = np.spacing(np.abs(claims.astype(np.float64))).ravel().tolist()
    return all(
        x.is_finite() and (float(x.rad()) <= FAR_BELOW * ulp or x.rel_accuracy_bits() > 73)
        for x, ulp in zip(slopes.ravel(), last, strict=True)
    )
