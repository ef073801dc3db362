"""The functions that the vectors are of, as mathematics writes them: in pieces, with exact constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, Final

import numpy as np
from flint import arb
from scipy import special

from checks.numeric.balls.array import kept
from checks.numeric.balls.ball import Ball, ball

Function = Callable[..., Any]
NEAR: Final = 2.0**-30  # a number that is not drawn to be at a joint keeps this far from it

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # of selu: read as binary64


@dataclass(frozen=True, slots=True)
class Row:
    """A function of one number, piece by piece.

    Attributes
    ----------
    formula : str
        In words that any language can read.
    pieces : tuple of (float, callable)
        (where the piece ends, what it is), from left to right; the last ends at infinity.
    bends : tuple of float
        Which of the ends are kinks: the slopes to both sides differ.
    """

    formula: str
    pieces: tuple[tuple[float, Function], ...]
    bends: tuple[float, ...] = ()

    @property
    def ends(self) -> tuple[float, ...]:
        """Where pieces meet."""
        return tuple(end for end, _ in self.pieces[:-1])

    def __call__(self, x: Any, *more: Any, side: int = -1) -> Any:
        """The function of each number of ``x``; exactly where pieces meet, that of the left or right one."""
        made = np.frompyfunc(lambda e, *rest: self._one(e, side, *rest), 1 + len(more), 1)(x, *more)
        return kept(np.asarray(made, dtype=object))

    def _one(self, x: Any, side: int, *more: Any) -> Any:
        middle = ball(x).ball.mid()  # type: ignore[union-attr]  # definitions are given numbers
        for end, piece in self.pieces[:-1]:
            if middle < end or (middle == end and side < 0):
                return piece(x, *more)
        return self.pieces[-1][1](x, *more)


def _smooth(formula: str, f: Function) -> Row:
    return Row(formula, ((inf, f),))


def _constant(c: float) -> Function:
    return lambda x, *_: x * 0 + c


def _root(x: Any) -> Ball:
    return Ball(arb(x).sqrt())


def _gelu_tanh(z: Any) -> Any:
    return 0.5 * z * (1 + np.tanh(Ball((2 / arb.pi()).sqrt()) * (z + 0.044715 * z**3)))


def _silu(z: Any) -> Any:
    return z * special.expit(z)


def _relu_like(left: Function, formula: str) -> Row:
    return Row(formula, ((0.0, left), (inf, lambda z: z)), bends=(0.0,))


# fmt: off
ACTIVATIONS: Final[dict[str, Row]] = {
    "identity":    _smooth("z", lambda z: z + 0),
    "sigmoid":     _smooth("1 / (1 + exp(-z))", special.expit),
    "tanh":        _smooth("tanh(z)", np.tanh),
    "relu":        _relu_like(_constant(0), "max(z, 0)"),
    "leaky_relu":  _relu_like(lambda z: 0.01 * z, "z for z > 0, else 0.01 z (0.01 read as binary64)"),
    "elu":         Row("z for z > 0, else exp(z) - 1", ((0.0, np.expm1), (inf, lambda z: z))),
    "selu":        Row("1.0507009873554805 (z for z > 0, else 1.6732632423543772 (exp(z) - 1)), constants binary64",
                       ((0.0, lambda z: Ball(arb(SCALE) * ALPHA) * np.expm1(z)), (inf, lambda z: SCALE * z)), (0.0,)),
    "celu":        Row("z for z > 0, else exp(z) - 1 (celu with alpha 1)", ((0.0, np.expm1), (inf, lambda z: z))),
    "gelu":        _smooth("z Phi(z), Phi the normal distribution function", lambda z: z * special.ndtr(z)),
    "gelu_tanh":   _smooth("z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))) (0.044715 read as binary64)", _gelu_tanh),
    "silu":        _smooth("z / (1 + exp(-z))", _silu),
    "mish":        _smooth("z tanh(log(1 + exp(z)))", lambda z: z * np.tanh(np.logaddexp(z, 0))),
    "softplus":    _smooth("log(1 + exp(z))", lambda z: np.logaddexp(z, 0)),
    "softsign":    Row("z / (1 + |z|)", ((0.0, lambda z: z / (1 - z)), (inf, lambda z: z / (1 + z)))),
    "hardtanh":    Row("min(max(z, -1), 1)",
                       ((-1.0, _constant(-1)), (1.0, lambda z: z), (inf, _constant(1))), (-1.0, 1.0)),
    "hardsigmoid": Row("min(max(z + 3, 0), 6) / 6",
                       ((-3.0, _constant(0)), (3.0, lambda z: (z + 3) / 6), (inf, _constant(1))), (-3.0, 3.0)),
    "hardswish":   Row("z min(max(z + 3, 0), 6) / 6",
                       ((-3.0, _constant(0)), (3.0, lambda z: z * (z + 3) / 6), (inf, lambda z: z)), (-3.0, 3.0)),
    "relu6":       Row("min(max(z, 0), 6)",
                       ((0.0, _constant(0)), (6.0, lambda z: z), (inf, _constant(6))), (0.0, 6.0)),
    "log_sigmoid": _smooth("-log(1 + exp(-z))", lambda z: -np.logaddexp(-z, 0)),
    "arctan":      _smooth("arctan(z)", np.arctan),
    "sin":         _smooth("sin(z)", np.sin),
}
# fmt: on
"""Activations of one number. Those of a column are below."""


def softmax(z: Any) -> Any:
    """exp(z_i) / sum_k exp(z_k), for each column (axis -2)."""
    w = np.exp(z)
    return w / w.sum(axis=-2, keepdims=True)


def log_softmax(z: Any) -> Any:
    """z_i - log sum_k exp(z_k), for each column."""
    return z - np.log(np.exp(z).sum(axis=-2, keepdims=True))


COLUMNWISE: Final[dict[str, tuple[str, Function]]] = {
    "softmax": ("exp(z_i) / sum_k exp(z_k) down each column", softmax),
    "log_softmax": ("z_i - log sum_k exp(z_k) down each column", log_softmax),
}


def activate(name: str, z: Any, side: int = -1) -> Any:
    """An activation by name."""
    return COLUMNWISE[name][1](z) if name in COLUMNWISE else ACTIVATIONS[name](z, side=side)


def _xlog(y: Any, x: Any) -> Any:
    """y log x, 0 where y is."""
    return np.frompyfunc(lambda t, e: 0 if t == 0 else t * np.log(e), 2, 1)(y, x)


def _kl(a: Any, y: Any) -> Any:
    return np.frompyfunc(lambda t, e: 0 if t == 0 else t * np.log(t / e), 2, 1)(y, a)


@dataclass(frozen=True, slots=True)
class Cost:
    """A loss: contributions to C, one for each entry of a.

    Attributes
    ----------
    formula : str
        Of one entry, from a and y.
    terms : callable
        (a, y, side) -> contributions.
    domain, targets : str
        What a and y are: "real", "positive", "probability", "distribution", "sign", "count".
    row : Row or None
        Of the residual a - y or the margin y a, where it has pieces.
    margin : bool
        Which of the two.
    """

    formula: str
    terms: Function
    domain: str = "real"
    targets: str = "real"
    row: Row | None = None
    margin: bool = False


def _pieces(row: Row, formula: str, *, margin: bool = False) -> Cost:
    def terms(a: Any, y: Any, side: int = -1) -> Any:
        return row(a * y if margin else a - y, side=side)

    return Cost(formula, terms, targets="sign" if margin else "real", row=row, margin=margin)


_ABSOLUTE: Final = Row("|r|", ((0.0, lambda r: -r), (inf, lambda r: r)), (0.0,))
_HUBER: Final = Row("", ((-1.0, lambda r: -r - 0.5), (1.0, lambda r: r * r / 2), (inf, lambda r: r - 0.5)))
_HINGE: Final = Row("", ((1.0, lambda m: 1 - m), (inf, _constant(0))), (1.0,))
_SQUARED_HINGE: Final = Row("", ((1.0, lambda m: (1 - m) ** 2), (inf, _constant(0))))

# fmt: off
LOSSES: Final[dict[str, Cost]] = {
    "squared_error":  Cost("(a - y)^2 / 2", lambda a, y, side: (a - y) ** 2 / 2),
    "absolute_error": _pieces(_ABSOLUTE, "|a - y|"),
    "huber":          _pieces(_HUBER, "r^2/2 for |r| <= 1, else |r| - 1/2; r = a - y"),
    "log_cosh":       Cost("log cosh(a - y)", lambda a, y, side: np.log(np.cosh(a - y))),
    "binary_cross_entropy": Cost("-y log a - (1 - y) log(1 - a)",
                                 lambda a, y, side: -_xlog(y, a) - _xlog(1 - y, 1 - a), "probability", "probability"),
    "binary_cross_entropy_logits": Cost("log(1 + exp(a)) - y a",
                                        lambda a, y, side: np.logaddexp(a, 0) - y * a, targets="probability"),
    "cross_entropy":  Cost("-y log a", lambda a, y, side: -_xlog(y, a), "distribution", "distribution"),
    "softmax_cross_entropy": Cost("-y log softmax(a), softmax down each column",
                                  lambda a, y, side: -y * log_softmax(a), targets="distribution"),
    "kl_divergence":  Cost("y log(y / a), 0 where y is 0",
                           lambda a, y, side: _kl(a, y), "distribution", "distribution"),
    "hinge":          _pieces(_HINGE, "max(1 - y a, 0)", margin=True),
    "squared_hinge":  _pieces(_SQUARED_HINGE, "max(1 - y a, 0)^2", margin=True),
    "poisson":        Cost("a - y log a", lambda a, y, side: a - _xlog(y, a), "positive", "count"),
}
# fmt: on


def total(loss: str, reduction: str, a: Any, y: Any, side: int = -1) -> Any:
    """C: the contributions added, over the number of columns if the reduction is "mean"."""
    whole = LOSSES[loss].terms(a, y, side).sum()
    return whole / a.shape[-1] if reduction == "mean" else whole + 0
