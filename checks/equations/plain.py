"""Activations and losses once more, one number at a time, from their definitions, in decimal arithmetic of 26 digits.

Nothing here is shared with ``backprop``: no formula is rearranged for float64, none needs to be. Three functions that
`decimal` lacks (erfc, arctan, sin) come from the C library, to its last digits. Each result is (value, bar, scale): a
float64 row may be off by the bar, 16 eps times the scale |f| + Σ|x ∂f/∂x|, which says what rounding the arguments does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from typing import Final, TypeAlias

METHOD: Final = "decimal arithmetic"
CONTEXT: Final = Context(prec=26, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
EPS: Final = 2.0**-52
TINY: Final = 2.0**-1021
"""Where the true value underflows, 0 or a subnormal number is right."""
ACCURACY: Final = 16 * EPS
NUDGE: Final = Decimal("1e-12")
SMALL: Final = Decimal("1e-6")  # below it e^x - 1 and log(1 + x) are summed, as digits would cancel
ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
TWO: Final = Decimal(2)
HALF: Final = Decimal("0.5")
Number: TypeAlias = float | tuple[int, int]
Function: TypeAlias = Callable[[Decimal], Decimal]
Loss: TypeAlias = Callable[[Decimal, Decimal], Decimal]


def decimal(x: Number) -> Decimal:
    """Convert without rounding a float, and to 26 digits a fraction, (numerator, denominator)."""
    return Decimal(x[0]) / Decimal(x[1]) if isinstance(x, tuple) else Decimal(x)


def expm1(x: Decimal) -> Decimal:
    """e^x - 1."""
    return x + x * x / 2 + x**3 / 6 + x**4 / 24 + x**5 / 120 if abs(x) < SMALL else x.exp() - 1


def log1p(x: Decimal) -> Decimal:
    """log(1 + x)."""
    return x - x * x / 2 + x**3 / 3 - x**4 / 4 + x**5 / 5 if abs(x) < SMALL else (1 + x).ln()


def sigmoid(x: Decimal) -> Decimal:
    """1 / (1 + e^-x)."""
    return 1 / (1 + (-x).exp())


def tanh(x: Decimal) -> Decimal:
    """(e^2x - 1) / (e^2x + 1)."""
    rise = expm1(-2 * abs(x))
    return (-rise / (rise + 2)).copy_sign(x)


def softplus(x: Decimal) -> Decimal:
    """log(1 + e^x)."""
    return max(x, ZERO) + log1p((-abs(x)).exp())


def _erfc(x: Decimal) -> Decimal:
    near = float(x)
    density = 2 / math.sqrt(math.pi) * math.exp(-min(near * near, 745.0))
    return Decimal(math.erfc(near)) - Decimal(density) * (x - Decimal(near))


_SQRT_HALF: Final = HALF.sqrt(CONTEXT)
_GELU_RATE: Final = Decimal(2 * math.sqrt(2 / math.pi))


def _gelu_tanh(x: Decimal) -> Decimal:
    return x * sigmoid(_GELU_RATE * (x + Decimal("0.044715") * x**3))


def _elu(x: Decimal) -> Decimal:
    return x if x > 0 else expm1(x)


def _selu(x: Decimal) -> Decimal:
    scale, alpha = Decimal("1.0507009873554805"), Decimal("1.6732632423543772")
    return scale * (x if x > 0 else alpha * expm1(x))


def _clip(x: Decimal, low: int, high: int) -> Decimal:
    return min(max(x, Decimal(low)), Decimal(high))


ELEMENTWISE: Final[dict[str, Function]] = {
    "identity": lambda x: x,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": lambda x: max(x, ZERO),
    "leaky_relu": lambda x: x if x > 0 else Decimal("0.01") * x,
    "elu": _elu,
    "selu": _selu,
    "celu": _elu,
    "gelu": lambda x: x * _erfc(-x * _SQRT_HALF) / 2,
    "gelu_tanh": _gelu_tanh,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * tanh(softplus(x)),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "hardtanh": lambda x: _clip(x, -1, 1),
    "hardsigmoid": lambda x: _clip(x + 3, 0, 6) / 6,
    "hardswish": lambda x: x * _clip(x + 3, 0, 6) / 6,
    "relu6": lambda x: _clip(x, 0, 6),
    "log_sigmoid": lambda x: -softplus(-x),
    "arctan": lambda x: Decimal(math.atan(float(x))),
    "sin": lambda x: Decimal(math.sin(float(x))),
}


def activation(
    name: str, column: Sequence[Number], i: int, errors: Sequence[float] | None = None
) -> tuple[float, float, float]:
    """Entry i of σ of a column, with its bar and what that is relative to.

    Parameters
    ----------
    name : str
        The row.
    column : sequence of float or (int, int)
        What enters.
    i : int
        Which entry is wanted.
    errors : sequence of float, optional
        By how much each entry that enters may be off.

    Returns
    -------
    value, bar, scale : float

    Examples
    --------
    >>> activation("softmax", [0.0, 0.0], 0)[0], activation("relu", [-1.0, 2.0], 1)[0]
    (0.5, 2.0)
    """
    with localcontext(CONTEXT):
        if name in ELEMENTWISE:
            x, f = decimal(column[i]), ELEMENTWISE[name]
            want = f(x)
            value, bar, scale = _bar(want, [f(x * (1 + NUDGE)) - want])
            if errors is not None:
                bar += max(abs(float(f(x + s * Decimal(errors[i])) - want)) for s in (-1, 1))
            return value, bar, scale
        z = [decimal(x) for x in column]
        p, s = shares(z)
        blur = _blur(p, s)
        want = p[i] if name == "softmax" else p[i].ln()
        size = want if name == "softmax" else ONE
        weight = abs(want) + size * (abs(s[i]) + blur)
        moved = float(size) * 2 * max(errors) if errors is not None else 0.0
        return float(want), ACCURACY * float(weight) + moved + TINY, float(weight) + moved / EPS


def shares(z: Sequence[Decimal]) -> tuple[list[Decimal], list[Decimal]]:
    """Softmax of a column, and the column less its largest entry."""
    top = max(z)
    s = [x - top for x in z]
    w = [x.exp() for x in s]
    total = sum(w, ZERO)
    return [x / total for x in w], s


def _blur(p: Sequence[Decimal], s: Sequence[Decimal]) -> Decimal:
    """What rounding the entries does to log Σ exp, in units of eps, and the sum itself."""
    return sum((q * abs(x) for q, x in zip(p, s, strict=True)), Decimal(len(p)) / 8)


def _bar(want: Decimal, nudged: Sequence[Decimal]) -> tuple[float, float, float]:
    swing = sum((abs(change) for change in nudged), ZERO) / NUDGE
    weight = float(abs(want) + swing)
    return float(want), ACCURACY * weight + TINY, weight


def _log_cosh(a: Decimal, y: Decimal) -> Decimal:
    r = abs(a - y)
    if r > 1:
        return r + log1p((-2 * r).exp()) - TWO.ln()
    half = (expm1(r) - expm1(-r)) / 4  # ½ sinh r; cosh r - 1 = sinh² r / (1 + cosh r)
    return log1p(4 * half * half / (1 + (1 + 4 * half * half).sqrt()))


def _times_log(y: Decimal, x: Decimal) -> Decimal:
    return y * x.ln() if y else ZERO


def _huber(a: Decimal, y: Decimal) -> Decimal:
    r = abs(a - y)
    return r * r / 2 if r <= 1 else r - HALF


ENTRYWISE: Final[dict[str, Loss]] = {
    "squared_error": lambda a, y: (a - y) ** 2 / 2,
    "absolute_error": lambda a, y: abs(a - y),
    "huber": _huber,
    "log_cosh": _log_cosh,
    "binary_cross_entropy": lambda a, y: -_times_log(y, a) - _times_log(1 - y, 1 - a),
    "binary_cross_entropy_logits": lambda a, y: y * softplus(-a) + (1 - y) * softplus(a),
    "cross_entropy": lambda a, y: -_times_log(y, a),
    "kl_divergence": lambda a, y: _times_log(y, y / a),
    "hinge": lambda a, y: max(1 - y * a, ZERO),
    "squared_hinge": lambda a, y: max(1 - y * a, ZERO) ** 2,
    "poisson": lambda a, y: a - _times_log(y, a),
}


def loss(name: str, a: float, y: float) -> tuple[float, float, float]:
    """The term of one output, the bar of a float64 row, and what that bar is relative to.

    Examples
    --------
    >>> loss("squared_error", 3.0, 1.0)[0]
    2.0
    """
    with localcontext(CONTEXT):
        f, at, to = ENTRYWISE[name], Decimal(a), Decimal(y)
        want = f(at, to)
        return _bar(want, [f(at * (1 + NUDGE), to) - want, f(at, to * (1 + NUDGE)) - want])


def softmax_cross_entropy(logits: Sequence[float], y: Sequence[float]) -> tuple[float, float, float]:
    """-Σ y log softmax of one column, its bar, and what that is relative to."""
    with localcontext(CONTEXT):
        z, targets = [Decimal(x) for x in logits], [Decimal(t) for t in y]
        p, s = shares(z)
        blur = _blur(p, s)
        terms = [t * q.ln() for t, q in zip(targets, p, strict=True)]
        weight = sum((abs(t) * (abs(x) + blur) + abs(u) for t, x, u in zip(targets, s, terms, strict=True)), ZERO)
        return float(-sum(terms, ZERO)), ACCURACY * float(weight) + TINY, float(weight)


def columns(column: Sequence[float]) -> tuple[list[Decimal], list[Decimal]]:
    """`shares` of a column of floats."""
    with localcontext(CONTEXT):
        return shares([Decimal(x) for x in column])


def pullback(
    name: str, column: tuple[list[Decimal], list[Decimal]], v: Sequence[float], j: int
) -> tuple[float, float, float]:
    """Entry j of J_σᵀ v of softmax or log_softmax, by summing over column j of the Jacobian; its bar, and its scale.

    Examples
    --------
    >>> pullback("softmax", columns([0.0, 0.0]), [1.0, 0.0], 1)[0]
    -0.25
    """
    with localcontext(CONTEXT):
        p, s = column
        u = [Decimal(x) for x in v]
        q, blur = p[j], 1 + abs(s[j]) + _blur(p, s)
        if name == "softmax":
            terms = [r * ((i == j) - q) * t for i, (r, t) in enumerate(zip(p, u, strict=True))]
            weight = q * (abs(u[j]) + sum((r * abs(t) for r, t in zip(p, u, strict=True)), ZERO)) * blur
        else:
            terms = [((i == j) - q) * t for i, t in enumerate(u)]
            weight = abs(u[j]) + q * sum(map(abs, u), ZERO) * blur
        return float(sum(terms, ZERO)), ACCURACY * float(weight) + TINY, float(weight)


def cross_entropy_delta(
    column: tuple[list[Decimal], list[Decimal]], y: Sequence[float], j: int
) -> tuple[float, float, float]:
    """Entry j of p (1ᵀy) - y of one column, its bar, and its scale."""
    with localcontext(CONTEXT):
        p, s = column
        targets = [Decimal(t) for t in y]
        total = sum(targets, ZERO)
        weight = p[j] * total * (1 + abs(s[j]) + _blur(p, s)) + abs(targets[j])
        return float(p[j] * total - targets[j]), ACCURACY * float(weight) + TINY, float(weight)
