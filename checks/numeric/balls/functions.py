"""Elementary and special functions of exact numbers: one row a function, its ball and the ball of its slope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flint import acb, arb

from checks.numeric.balls.ball import ZERO_BALL, Ball, ball, larger, one, order, smaller, stepped, two

Rule = Callable[..., Any]
Real = Any  # a Ball: NumPy's and the tables' operators are not typed


def _arcs(x: arb) -> arb:
    return (1 - x * x).rsqrt()


def _bell(x: arb) -> arb:
    """2/√π e^(-x²), the slope of erf."""
    return 2 * (-x * x).exp() / arb.const_sqrt_pi()


# fmt: off
PRIMITIVES: Final[dict[str, tuple[Callable[[arb], arb], Callable[[arb, arb], arb]]]] = {
    # f(x), then f′ from x and y = f(x)
    "exp":      (arb.exp,             lambda x, y: y),
    "expm1":    (arb.expm1,           lambda x, y: x.exp()),
    "log":      (arb.log,             lambda x, y: 1 / x),
    "log1p":    (arb.log1p,           lambda x, y: 1 / (1 + x)),
    "sqrt":     (arb.sqrt,            lambda x, y: 1 / (2 * y)),
    "cbrt":     (lambda x: x.root(3) if x >= 0 else -(-x).root(3), lambda x, y: 1 / (3 * y * y)),
    "sin":      (arb.sin,             lambda x, y: x.cos()),
    "cos":      (arb.cos,             lambda x, y: -x.sin()),
    "tan":      (arb.tan,             lambda x, y: 1 + y * y),
    "arcsin":   (arb.asin,            lambda x, y: _arcs(x)),
    "arccos":   (arb.acos,            lambda x, y: -_arcs(x)),
    "arctan":   (arb.atan,            lambda x, y: 1 / (1 + x * x)),
    "sinh":     (arb.sinh,            lambda x, y: x.cosh()),
    "cosh":     (arb.cosh,            lambda x, y: x.sinh()),
    "tanh":     (arb.tanh,            lambda x, y: x.sech() ** 2),
    "arcsinh":  (arb.asinh,           lambda x, y: (1 + x * x).rsqrt()),
    "arccosh":  (arb.acosh,           lambda x, y: (x * x - 1).rsqrt()),
    "arctanh":  (arb.atanh,           lambda x, y: 1 / (1 - x * x)),
    "erf":      (arb.erf,             lambda x, y: _bell(x)),
    "erfc":     (arb.erfc,            lambda x, y: -_bell(x)),
    "erfinv":   (arb.erfinv,          lambda x, y: 1 / _bell(y)),
    "erfcinv":  (arb.erfcinv,         lambda x, y: -1 / _bell(y)),
    "dawsn":    (lambda x: arb.const_sqrt_pi() / 2 * (-x * x).exp() * x.erfi(), lambda x, y: 1 - 2 * x * y),
    "gamma":    (arb.gamma,           lambda x, y: y * x.digamma()),
    "rgamma":   (arb.rgamma,          lambda x, y: -y * x.digamma()),
    "gammaln":  (lambda x: abs(x.gamma()).log() if x < 0 else x.lgamma(), lambda x, y: x.digamma()),
    "digamma":  (arb.digamma,         lambda x, y: _trigamma(x)),
    "j0":       (lambda x: x.bessel_j(0), lambda x, y: -x.bessel_j(1)),
    "j1":       (lambda x: x.bessel_j(1), lambda x, y: x.bessel_j(0) - y / x),
    "i0":       (lambda x: x.bessel_i(0), lambda x, y: x.bessel_i(1)),
    "i1":       (lambda x: x.bessel_i(1), lambda x, y: x.bessel_i(0) - y / x),
    "expi":     (arb.ei,              lambda x, y: x.exp() / x),
    "lambertw": (arb.lambertw,        lambda x, y: y / (x * (1 + y)) if not x.contains(0) else 1 / (y.exp() * (1 + y))),
}
# fmt: on


def _trigamma(x: arb) -> arb:
    return acb(x).polygamma(1).real


def _primitive(value: Callable[[arb], arb], slope: Callable[[arb, arb], arb]) -> Rule:
    def rule(x: Any) -> Ball:
        at = number(x)
        y = value(at.ball)
        return Ball(y) if at.tape is None else one(y, at, slope(at.ball, y))

    return rule


def number(x: Any) -> Ball:
    """``x`` as an exact number, or a TypeError that names what it is."""
    found = ball(x)
    if found is None:
        raise TypeError(f"{type(x).__name__} is no real number")
    return found


ONES: Final[dict[str, Rule]] = {name: _primitive(*row) for name, row in PRIMITIVES.items()}
"""Functions of one number."""

_exp, _log, _log1p, _expm1, _erfc = (ONES[name] for name in ("exp", "log", "log1p", "expm1", "erfc"))


def _positive(x: Ball) -> bool:
    """Which of two formulas for one analytic function to take: by the middle of the ball, whatever the rest is."""
    return bool(x.ball.mid() > 0)


def expit(x: Any) -> Real:
    """1 / (1 + e^-x)."""
    at = number(x)
    if _positive(at):
        return 1 / (1 + _exp(-at))
    e = _exp(at)
    return e / (1 + e)


def softplus(x: Any) -> Real:
    """log(1 + e^x)."""
    at = number(x)
    return at + _log1p(_exp(-at)) if _positive(at) else _log1p(_exp(at))


def logaddexp(x: Any, y: Any) -> Real:
    """log(e^x + e^y); an infinite x or y is nothing beside the other."""
    a, b = number(x), number(y)
    for this, other in ((a, b), (b, a)):
        if this.ball == arb.neg_inf():
            return other
    return b + softplus(a - b)


def _ndtr(x: Any) -> Real:
    return _erfc(-number(x) / ball(arb(2).sqrt())) / 2


def _square(x: Any) -> Ball:
    at = number(x)
    return one(at.ball * at.ball, at, 2 * at.ball)


def _xlogy(x: Any, y: Any) -> Real:
    a = number(x)
    return ZERO_BALL if a.tape is None and a.ball.is_zero() else a * _log(y)


def _xlog1py(x: Any, y: Any) -> Real:
    a = number(x)
    return ZERO_BALL if a.tape is None and a.ball.is_zero() else a * _log1p(y)


def _kl(x: Any, y: Any) -> Real:
    a, b = number(x), number(y)
    return b if a.tape is None and a.ball.is_zero() else a * _log(a / b) - a + b


def _sign(x: Any) -> Ball:
    return Ball(arb(order(number(x), ZERO_BALL)))


def _arctan2(y: Any, x: Any) -> Real:
    a, b = number(y), number(x)
    square = a.ball * a.ball + b.ball * b.ball
    return two(arb.atan2(a.ball, b.ball), a, b.ball / square, b, -a.ball / square)


def _hypot(x: Any, y: Any) -> Real:
    return ONES["sqrt"](_square(x) + _square(y))


def _heaviside(x: Any, at_zero: Any) -> Any:
    which = order(number(x), ZERO_BALL)
    return at_zero if which == 0 else int(which > 0)


def clip(x: Any, low: Any, high: Any) -> Ball:
    """Hold x between ``low`` and ``high``, as far as each is given."""
    at = number(x)
    if low is not None:
        at = larger(at, number(low))
    return at if high is None else smaller(at, number(high))


def _logit(x: Any) -> Real:
    at = number(x)
    return _log(at) - _log1p(-at)


ONES.update(
    expit=expit,
    softplus=softplus,
    logit=_logit,
    log_expit=lambda x: -softplus(-number(x)),
    ndtr=_ndtr,
    log_ndtr=lambda x: _log(_ndtr(x)),
    ndtri=lambda x: -ONES["erfcinv"](2 * number(x)) * ball(arb(2).sqrt()),
    erfcx=lambda x: _exp(_square(x)) * _erfc(x),
    exprel=lambda x: _expm1(x) / number(x),
    entr=lambda x: -_xlogy(x, x),
    square=_square,
    absolute=lambda x: abs(number(x)),
    fabs=lambda x: abs(number(x)),
    sign=_sign,
    reciprocal=lambda x: 1 / number(x),
    exp2=lambda x: 2 ** number(x),
    exp10=lambda x: 10 ** number(x),
    log2=lambda x: _log(x) / ball(arb(2).log()),
    log10=lambda x: _log(x) / ball(arb(10).log()),
    deg2rad=lambda x: number(x) * Ball(arb.pi() / 180),
    rad2deg=lambda x: number(x) * Ball(180 / arb.pi()),
    i0e=lambda x: _exp(-abs(number(x))) * ONES["i0"](x),
    i1e=lambda x: _exp(-abs(number(x))) * ONES["i1"](x),
    floor=lambda x: stepped(number(x), arb.floor),
    ceil=lambda x: stepped(number(x), arb.ceil),
    rint=lambda x: stepped(number(x) + 0.5, arb.floor),
    trunc=lambda x: stepped(number(x), arb.floor if number(x) > 0 else arb.ceil),
)
ONES.update(radians=ONES["deg2rad"], degrees=ONES["rad2deg"], psi=ONES["digamma"])

SEVERAL: Final[dict[str, tuple[int, Rule]]] = {
    "maximum": (2, lambda x, y: larger(number(x), number(y))),
    "minimum": (2, lambda x, y: smaller(number(x), number(y))),
    "logaddexp": (2, logaddexp),
    "logaddexp2": (2, lambda x, y: ONES["log2"](2 ** number(x) + 2 ** number(y))),
    "hypot": (2, _hypot),
    "arctan2": (2, _arctan2),
    "copysign": (2, lambda x, y: abs(number(x)) * _sign(y)),
    "heaviside": (2, _heaviside),
    "clip": (3, clip),
    "xlogy": (2, _xlogy),
    "xlog1py": (2, _xlog1py),
    "rel_entr": (2, lambda x, y: _xlogy(x, number(x) / y)),
    "kl_div": (2, _kl),
    "beta": (2, lambda x, y: _exp(_betaln(x, y))),
    "betaln": (2, lambda x, y: _betaln(x, y)),
    "power": (2, lambda x, y: number(x) ** y),
}
"""Functions of several numbers, with how many they take."""
SEVERAL.update(fmax=SEVERAL["maximum"], fmin=SEVERAL["minimum"], float_power=SEVERAL["power"])


def _betaln(x: Any, y: Any) -> Real:
    a, b, ln = number(x), number(y), ONES["gammaln"]
    return ln(a) + ln(b) - ln(a + b)


ASKED: Final[dict[str, Rule]] = {
    "isfinite": lambda x: bool(number(x).ball.is_finite()),
    "isnan": lambda x: bool(number(x).ball.is_nan()),
    "isinf": lambda x: not number(x).ball.is_finite() and not number(x).ball.is_nan(),
    "signbit": lambda x: number(x) < 0,
    "isreal": lambda x: True,
}
"""Questions with a bool for an answer."""

for _name, _rule in ONES.items():  # NumPy asks the elements of a plain object array for these
    if not hasattr(Ball, _name):
        setattr(Ball, _name, lambda self, _rule=_rule: _rule(self))
