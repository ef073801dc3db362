"""Ball: one exact number of a forward pass, with what it was made of."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import numpy as np
from flint import arb

from checks.numeric.balls.tape import LeftError, Tape, UndecidedError

ONE: Final = arb(1)
ZERO: Final = arb(0)
EITHER: Final = arb(0.5, 0.5)  # [0, 1]: at an exact tie, any share of either side
BOTH_SIGNS: Final = arb(0, 1)  # [-1, 1]: the slopes of |x| at 0


class Ball:
    """A real number known to lie in ``ball``; a constant has no tape.

    Comparisons are decided or raise `UndecidedError`: no branch is ever taken by chance. A conversion to float raises
    `LeftError` and is remembered on the tape.
    """

    __slots__ = ("ball", "index", "parents", "partials", "tape")

    def __init__(
        self,
        ball: arb,
        tape: Tape | None = None,
        parents: tuple[Ball, ...] | list[Ball] = (),
        partials: tuple[arb, ...] | list[arb] = (),
    ) -> None:
        self.ball = ball
        self.parents = parents
        self.partials = partials
        self.tape = tape
        self.index = -1 if tape is None else tape.put(self)

    @property
    def real(self) -> Ball:
        """Itself, as NumPy asks it of objects."""
        return self

    @property
    def imag(self) -> int:
        """0."""
        return 0

    def conjugate(self) -> Ball:
        """Itself."""
        return self

    conj = conjugate

    def __copy__(self) -> Ball:
        return self

    def __deepcopy__(self, _: Any) -> Ball:
        return self

    def __repr__(self) -> str:
        return f"Ball({self.ball.str(10)})"

    def _leave(self, how: str) -> LeftError:
        if self.tape is not None:
            self.tape.left = self.tape.left or how
        return LeftError(f"an exact number is no float ({how})")

    def __float__(self) -> float:
        raise self._leave("a cast to float, such as math.exp or an array of floats that is written into")

    def __int__(self) -> int:
        raise self._leave("a cast to int")

    def __index__(self) -> int:
        raise self._leave("a cast to int")

    def __complex__(self) -> complex:
        raise self._leave("a cast to complex")

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return self != 0

    def __hash__(self) -> int:
        return id(self)

    def __pos__(self) -> Ball:
        return self

    def __neg__(self) -> Ball:
        return one(-self.ball, self, -ONE)

    def __add__(self, other: Any) -> Ball:
        o = ball(other)
        return NotImplemented if o is None else two(self.ball + o.ball, self, ONE, o, ONE)

    def __sub__(self, other: Any) -> Ball:
        o = ball(other)
        return NotImplemented if o is None else two(self.ball - o.ball, self, ONE, o, -ONE)

    def __rsub__(self, other: Any) -> Ball:
        o = ball(other)
        return NotImplemented if o is None else two(o.ball - self.ball, o, ONE, self, -ONE)

    def __mul__(self, other: Any) -> Ball:
        o = ball(other)
        return NotImplemented if o is None else two(self.ball * o.ball, self, o.ball, o, self.ball)

    def __truediv__(self, other: Any) -> Ball:
        o = ball(other)
        return NotImplemented if o is None else divided(self, o)

    def __rtruediv__(self, other: Any) -> Ball:
        o = ball(other)
        return NotImplemented if o is None else divided(o, self)

    def __pow__(self, other: Any) -> Ball:
        o = ball(other)
        return NotImplemented if o is None else power(self, o)

    def __rpow__(self, other: Any) -> Ball:
        o = ball(other)
        return NotImplemented if o is None else power(o, self)

    def __floordiv__(self, other: Any) -> Ball:
        o = ball(other)
        return NotImplemented if o is None else stepped(divided(self, o), arb.floor)

    def __mod__(self, other: Any) -> Ball:
        o = ball(other)
        return NotImplemented if o is None else self - stepped(divided(self, o), arb.floor) * o

    __radd__ = __add__
    __rmul__ = __mul__

    def __abs__(self) -> Ball:
        sign = order(self, ZERO_BALL, smooth=True)
        return one(abs(self.ball), self, arb(sign) if sign else BOTH_SIGNS)

    def __lt__(self, other: Any) -> bool:
        o = ball(other)
        return NotImplemented if o is None else order(self, o) < 0

    def __le__(self, other: Any) -> bool:
        o = ball(other)
        return NotImplemented if o is None else order(self, o) <= 0

    def __gt__(self, other: Any) -> bool:
        o = ball(other)
        return NotImplemented if o is None else order(self, o) > 0

    def __ge__(self, other: Any) -> bool:
        o = ball(other)
        return NotImplemented if o is None else order(self, o) >= 0

    def __eq__(self, other: object) -> bool:
        o = ball(other)
        return NotImplemented if o is None else order(self, o) == 0

    def __ne__(self, other: object) -> bool:
        o = ball(other)
        return NotImplemented if o is None else order(self, o) != 0


def ball(x: Any) -> Ball | None:
    """``x`` as a number of the exact path: a float is the very number that it stores; None for what is no number."""
    if type(x) is Ball:
        return x
    if isinstance(x, float | int):  # np.float64 and bool among them
        return Ball(arb(x))
    if isinstance(x, np.floating | np.integer | np.bool_):
        return Ball(arb(float(x) if isinstance(x, np.floating) else int(x)))
    if isinstance(x, complex | np.complexfloating) and x.imag == 0:
        return Ball(arb(float(x.real)))
    if isinstance(x, Fraction):
        return Ball(arb(x.numerator) / x.denominator)
    if isinstance(x, arb):
        return Ball(x)
    return None


ZERO_BALL: Final = Ball(ZERO)


def one(value: arb, x: Ball, partial: arb) -> Ball:
    """The result of a function of one number."""
    return Ball(value) if x.tape is None else Ball(value, x.tape, (x,), (partial,))


def two(value: arb, x: Ball, by_x: arb, y: Ball, by_y: arb) -> Ball:
    """The result of a function of two numbers."""
    if y.tape is None:
        return one(value, x, by_x)
    if x.tape is None:
        return one(value, y, by_y)
    return Ball(value, x.tape, (x, y), (by_x, by_y))


def divided(x: Ball, y: Ball) -> Ball:
    """Quotient."""
    value = x.ball / y.ball
    return two(value, x, 1 / y.ball, y, -value / y.ball)


def _whole_power(x: arb, n: int) -> arb:
    """x**n by products: arb's own power knows nothing of a ball that contains 0."""
    if n < 0:
        return 1 / _whole_power(x, -n)
    made = ONE
    for bit in bin(n)[2:]:
        made = made * made
        if bit == "1":
            made = made * x
    return made


def power(x: Ball, y: Ball) -> Ball:
    """x**y; a whole y takes any x."""
    if y.tape is None:
        whole = y.ball.unique_fmpz() if y.ball.is_exact() else None
        if whole is not None:
            n = int(whole)
            return one(_whole_power(x.ball, n), x, n * _whole_power(x.ball, n - 1) if n else ZERO)
        if y.ball == 0.5:
            root = x.ball.sqrt()
            return one(root, x, 1 / (2 * root))
        return one(x.ball**y.ball, x, y.ball * x.ball ** (y.ball - 1))
    value, log = x.ball**y.ball, x.ball.log()
    return two(value, x, y.ball * x.ball ** (y.ball - 1), y, value * log)


def order(x: Ball, y: Ball, *, smooth: bool = False) -> int:
    """-1, 0 or 1 as x is below, equal to or above y, proven; with ``smooth`` the caller sees to an exact tie."""
    tape = x.tape or y.tape
    if x is y or x.ball == y.ball:
        if x is not y and tape is not None:
            tape.kinks += smooth
            tape.ties += not smooth
        return 0
    if x.ball < y.ball:
        return -1
    if x.ball > y.ball:
        return 1
    raise undecided(x, y)


def undecided(x: Ball, y: Any) -> UndecidedError:
    """The error, remembered on the tape."""
    words = f"{x!r} beside {y!r}"
    tape = x.tape or getattr(y, "tape", None)
    if tape is not None:
        tape.unsure = words
    return UndecidedError(words)


def larger(x: Ball, y: Ball) -> Ball:
    """Take the larger; at an exact tie either, with a share of both slopes."""
    which = order(x, y, smooth=True)
    if which:
        return x if which > 0 else y
    return x if x is y else two(x.ball, x, EITHER, y, EITHER)


def smaller(x: Ball, y: Ball) -> Ball:
    """Take the smaller."""
    return -larger(-x, -y)


def stepped(x: Ball, rule: Any) -> Ball:
    """A function with whole values, such as floor; a jump exactly at x is a tie."""
    value = rule(x.ball)
    if value.unique_fmpz() is None:
        raise undecided(x, "a whole number")
    if x.tape is not None and x.ball == value:
        x.tape.ties += 1
    return Ball(value)
