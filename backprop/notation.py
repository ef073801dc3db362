"""The legend: symbols, index ranges, shapes, and the elementary functions that activations and losses are made of.

========  =============  ============================================================================================
symbol    shape          meaning
========  =============  ============================================================================================
L                        number of layers that have parameters; the input is layer 0 and is not counted
l                        a layer, 1 ≤ l ≤ L unless said otherwise
i, j, k                  neurons, 1 ≤ i ≤ d_l; which layer, each equation says
n                        number of examples in a batch; examples are columns
d_l                      width of layer l
x = a^0   (d_0, n)       the input
W^l       (d_l, d_{l-1}) weights: entry (i, j) leads from neuron j of layer l-1 to neuron i of layer l
b^l       (d_l, 1)       bias, the same for every example
z^l       (d_l, n)       what enters the activation
a^l       (d_l, n)       what leaves it
σ^l, σ′                  activation of layer l and its derivative; J_σ its Jacobian where it is columnwise
y         (d_L, n)       target
C                        the loss, a scalar
δ^l       (d_l, n)       ∂C/∂z^l
p         (d_l, n)       softmax(z)
v         (d_l, n)       what is pulled back through an activation: ∂C/∂a^l
α                        step of the descent
⊙                        product entry by entry
1ᵀ                       sum over a column
========  =============  ============================================================================================

Features lie on axis -2, examples on axis -1; axes in front of them, if any, are independent copies. In code, lists are
padded at 0, so that W^1 in the text is ``W[1]``.

Where functions are put together from pieces, NUMPY chooses the piece by one rule, Re z > 0. A complex z whose imaginary
part is a derivative (the complex step) therefore takes the piece that the real z takes, and every row takes complex128.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from scipy import special

Array: TypeAlias = Any
"""An ndarray of any number type, objects among them. (Typed as such, its arithmetic would still be typed Any.)"""

_Function: TypeAlias = Callable[[Array], Array]
_Choice: TypeAlias = Callable[[Array, float], Array]


@dataclass(frozen=True, slots=True)
class Elementary:
    """The functions of one number type; whoever brings another type (symbols, balls) brings one of these.

    Each takes an array and returns one of the same shape and type. Besides them, rows use only ``+ - * /``, squares and
    ``sum``, and constants that are Python numbers.

    Parameters
    ----------
    exp, expm1, log, log1p, tanh, arctan, sin, cos : callable
        As their names say, entry by entry.
    erfc : callable
        The complementary error function 2/√π ∫_z^∞ exp(-t²) dt.
    abs : callable
        z where z > 0, else -z. Of a complex z this is ±z, which has a derivative, not the modulus.
    maximum, minimum : callable
        Of an array and a number.
    step : callable
        1 where z > 0, else 0.
    absent : callable
        1 where y = 0, else 0.
    top : callable
        The largest entry of each column, of shape (…, 1, n). In exact arithmetic any entry will do.
    peak : callable
        1 at one entry of each column that equals `top`, else 0.

    Examples
    --------
    >>> NUMPY.step(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 1.])
    >>> NUMPY.abs(np.array([-2 + 1e-30j]))
    array([2.-1.e-30j])
    """

    exp: _Function
    expm1: _Function
    log: _Function
    log1p: _Function
    tanh: _Function
    arctan: _Function
    sin: _Function
    cos: _Function
    erfc: _Function
    abs: _Function
    maximum: _Choice
    minimum: _Choice
    step: _Function
    absent: _Function
    top: _Function
    peak: _Function


def _erfc(z: Array) -> Array:
    try:
        return special.erfc(z)
    except TypeError as error:
        raise TypeError(
            f"no erfc for {z.dtype}: scipy.special has it for float32, float64 and complex128. The row gelu needs it, "
            "gelu_tanh does not; for other number types give an Elementary with an erfc of its own"
        ) from error


def _log1p(z: Array) -> Array:
    # NumPy's own forms log|1 + z| of a complex z, and loses the real part of a small one
    return np.log1p(z) if z.dtype.kind != "c" else special.log1p(z)


def _abs(z: Array) -> Array:
    return np.abs(z) if z.dtype.kind != "c" else np.where(z.real > 0, z, -z)


def _maximum(z: Array, bound: float) -> Array:
    return np.maximum(z, bound) if z.dtype.kind != "c" else np.where((z - bound).real > 0, z, z.dtype.type(bound))


def _minimum(z: Array, bound: float) -> Array:
    return np.minimum(z, bound) if z.dtype.kind != "c" else np.where((z - bound).real > 0, z.dtype.type(bound), z)


def _step(z: Array) -> Array:
    return (z.real > 0).astype(z.dtype)


def _absent(y: Array) -> Array:
    return (y == 0).astype(y.dtype)


def _top(z: Array) -> Array:
    return np.maximum.reduce(z, axis=-2, keepdims=True)


def _peak(z: Array) -> Array:
    rows = np.arange(z.shape[-2])[:, None]
    return (z.argmax(axis=-2, keepdims=True) == rows).astype(z.dtype)


NUMPY: Final = Elementary(
    exp=np.exp,
    expm1=np.expm1,
    log=np.log,
    log1p=_log1p,
    tanh=np.tanh,
    arctan=np.arctan,
    sin=np.sin,
    cos=np.cos,
    erfc=_erfc,
    abs=_abs,
    maximum=_maximum,
    minimum=_minimum,
    step=_step,
    absent=_absent,
    top=_top,
    peak=_peak,
)
"""For float32, float64, longdouble (no erfc) and complex128; results keep the type of the argument."""
