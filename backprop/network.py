"""A network as a frozen record: W, b and σ of the layers 1 to L, padded at 0 so that W^1 in the text is ``W[1]`` here.

Every shape is checked in this file, once, so that the equations in `forward`, `backward` and `descend` stand alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from backprop.activations import ACTIVATIONS, Activation
from backprop.notation import NUMPY, Elementary

if TYPE_CHECKING:
    from backprop.backward import Gradients
    from backprop.forward import Trace

Layers: TypeAlias = tuple[Any, ...]
"""One item a layer, item 0 for the input: ``None`` where layer 0 has nothing (hence the ``Any``)."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Parameters and activations of the layers 1 to L.

    Parameters
    ----------
    W : tuple
        ``(None, W^1, …, W^L)``, ``W[l]`` of shape (d_l, d_{l-1}), or (…, d_l, d_{l-1}): leading axes are independent
        copies of the network, evaluated in one call.
    b : tuple
        ``(None, b^1, …, b^L)``, ``b[l]`` of shape (…, d_l, 1), or (…, d_l, n) for a bias of each example's own.
    sigma : tuple
        ``(None, σ^1, …, σ^L)``, rows of `ACTIVATIONS` or rows of your own.
    e : Elementary, optional
        The elementary functions that the rows are evaluated with.

    Raises
    ------
    TypeError
        If a parameter is no array, or one of integers: what gradient descent moves is no integer.
    ValueError
        If the layers do not fit; the message names both shapes and the equation.

    References
    ----------
    docs/derivation.md, (F1) and (F2).

    Examples
    --------
    >>> network = Network(W=(None, np.ones((3, 2))), b=(None, np.zeros((3, 1))), sigma=(None, ACTIVATIONS["tanh"]))
    >>> network.depth, network.sizes
    (1, (2, 3))
    """

    W: Layers
    b: Layers
    sigma: Layers
    e: Elementary = NUMPY

    def __post_init__(self) -> None:
        layers = (self.W, self.b, self.sigma)
        alike = len(self.W) == len(self.b) == len(self.sigma) >= 2
        if not alike or not self.W[0] is self.b[0] is self.sigma[0] is None:
            raise ValueError(
                "a network is W, b and σ of the layers 1 to L, L ≥ 1, each behind a None for layer 0, "
                f"as in W=(None, W1, W2): got {len(self.W)}, {len(self.b)} and {len(self.sigma)} items"
            )
        for l, (W, b, sigma) in enumerate(zip(*layers, strict=True)):
            if l == 0:
                continue
            if not isinstance(sigma, Activation):
                raise TypeError(f"sigma[{l}] must be an Activation, as in ACTIVATIONS['tanh'], got {_kind(sigma)}")
            _check_parameter("W", l, W)
            _check_parameter("b", l, b)
            if b.shape[-2] != W.shape[-2]:
                raise ValueError(f"(F1) z = W a + b: W[{l}] is {W.shape} but b[{l}] is {b.shape}")
            if l > 1 and W.shape[-1] != self.W[l - 1].shape[-2]:
                below = self.W[l - 1].shape
                raise ValueError(
                    f"(F1) z = W a + b: W[{l}] is {W.shape} but a^{l - 1} has {below[-2]} rows: W[{l - 1}] is {below}"
                )

    @property
    def depth(self) -> int:
        """L, the number of layers that have parameters; the input, layer 0, is not counted."""
        return len(self.W) - 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """The widths (d_0, …, d_L)."""
        return (self.W[1].shape[-1], *(W.shape[-2] for W in self.W[1:]))

    def check_input(self, x: Any) -> None:
        """Refuse an input that (F1) would not accept, or would broadcast into something else.

        Parameters
        ----------
        x : ndarray of shape (…, d_0, n)
            Anything else is an error: it is `Any` because it has not been checked yet.

        Raises
        ------
        TypeError
            If x is no array.
        ValueError
            If its shape does not fit; the message names both shapes and the equation.
        """
        if not isinstance(x, np.ndarray):
            raise TypeError(f"x must be an array of shape (d_0, n), one column an example, got {_kind(x)}")
        if x.ndim < 2 or x.shape[-2] != self.W[1].shape[-1]:
            raise ValueError(f"(N1) Z = W A + b 1ᵀ: W[1] is {self.W[1].shape} but x is {x.shape}, not (d_0, n)")
        for l, b in enumerate(self.b[1:], start=1):
            if b.shape[-1] != 1 and b.shape[-1] != x.shape[-1]:
                raise ValueError(f"(N1) Z = W A + b 1ᵀ: b[{l}] is {b.shape} but x is {x.shape}: columns are examples")

    def check_trace(self, trace: Trace, dC_da: Any) -> None:
        """Refuse a trace that is not this network's, or a cotangent that is not shaped like its output.

        Parameters
        ----------
        trace : Trace
            What `forward` returned for this network.
        dC_da : ndarray of shape (d_L, n)
            ∂C/∂a^L.

        Raises
        ------
        ValueError
            If the shapes do not fit, or there are leading axes: the backward equations are those of one network.
        """
        if not len(trace.Z) == len(trace.A) == len(self.W):
            raise ValueError(f"(B2) needs the z^l of {self.depth} layers, the trace has {len(trace.Z) - 1}")
        for l, (W, b) in enumerate(zip(self.W[1:], self.b[1:], strict=True), start=1):
            if W.ndim != 2 or b.ndim != 2 or b.shape[1] != 1:
                raise ValueError(
                    f"(B3) and (B4) are of one network, W[{l}] (o, i) and b[{l}] (o, 1): got {W.shape} and {b.shape}"
                )
            Z, A = trace.Z[l], trace.A[l - 1]
            if Z.ndim != 2 or A.ndim != 2 or Z.shape != (W.shape[0], A.shape[1]) or A.shape[0] != W.shape[1]:
                raise ValueError(
                    f"(B3) ∂C/∂W = δ aᵀ: W[{l}] is {W.shape} but the trace has z^{l} {Z.shape} and a^{l - 1} {A.shape}"
                )
        if not isinstance(dC_da, np.ndarray) or dC_da.shape != trace.Z[-1].shape:
            raise ValueError(
                f"(B1) δ^L = ∂C/∂a^L ⊙ σ′(z^L): ∂C/∂a^L is {getattr(dC_da, 'shape', _kind(dC_da))} "
                f"but z^L is {trace.Z[-1].shape}"
            )

    def check_gradients(self, gradients: Gradients) -> None:
        """Refuse gradients that are not shaped like the parameters: broadcasting would update with something else.

        Parameters
        ----------
        gradients : Gradients
            What `backward` returned for this network.

        Raises
        ------
        ValueError
            If the shapes differ; the message names both and the equation.
        """
        for label, name, old, slope in (("U1", "W", self.W, gradients.W), ("U2", "b", self.b, gradients.b)):
            if len(slope) != len(old):
                raise ValueError(f"({label}) needs ∂C/∂{name} of {self.depth} layers, got {len(slope) - 1}")
            for l in range(1, len(old)):
                if slope[l].shape != old[l].shape:
                    raise ValueError(
                        f"({label}) {name} := {name} - α ∂C/∂{name}: {name}[{l}] is {old[l].shape} "
                        f"but its gradient is {slope[l].shape}"
                    )


def initialise(
    rng: np.random.Generator,
    sizes: Sequence[int],
    activations: str | Activation | Sequence[str | Activation],
    *,
    dtype: Any = np.float64,
    table: Mapping[str, Activation] = ACTIVATIONS,
) -> Network:
    """Draw a network: weights and biases normal with variance 1/d_{l-1}, so that z keeps the scale of a.

    Biases are drawn too: a bias of 0 would hide every mistake that is made with it.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of randomness.
    sizes : sequence of int
        The widths (d_0, …, d_L), L ≥ 1, each at least 1.
    activations : str, Activation, or a sequence of L of them
        One for all layers, or one a layer, from layer 1 to layer L.
    dtype : numpy dtype, optional
        Of the parameters; they are drawn in float64 and rounded.
    table : mapping of str to Activation, optional
        Where names are looked up.

    Returns
    -------
    Network
        With ``W[l]`` of shape (d_l, d_{l-1}) and ``b[l]`` of shape (d_l, 1).

    Raises
    ------
    ValueError
        If there are fewer than two sizes, a size below 1, or as many activations as do not fit.
    KeyError
        If an activation's name is not in the table.

    References
    ----------
    docs/derivation.md, (F1) and (F2).

    Examples
    --------
    >>> initialise(np.random.default_rng(0), (4, 5, 3), ("relu", "softmax")).sizes
    (4, 5, 3)
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes are the widths (d_0, …, d_L), L ≥ 1, each at least 1: got {tuple(sizes)}")
    rows = (len(sizes) - 1) * (activations,) if isinstance(activations, str | Activation) else tuple(activations)
    if len(rows) != len(sizes) - 1:
        raise ValueError(f"sizes {tuple(sizes)} make {len(sizes) - 1} layers, got {len(rows)} activations")
    for row in rows:
        if isinstance(row, str) and row not in table:
            raise KeyError(f"no activation is called {row!r}; there are: {', '.join(table)}")
    W: list[Any] = [None]
    b: list[Any] = [None]
    for i, o in pairwise(sizes):
        W.append((rng.standard_normal((o, i)) / np.sqrt(i)).astype(dtype))
        b.append((rng.standard_normal((o, 1)) / np.sqrt(i)).astype(dtype))
    sigma = (None, *(table[row] if isinstance(row, str) else row for row in rows))
    return Network(tuple(W), tuple(b), sigma)


def _check_parameter(name: str, l: int, array: Any) -> None:
    if not isinstance(array, np.ndarray) or array.dtype.kind in "biu":
        raise TypeError(f"{name}[{l}] must be an array of real or complex numbers, got {_kind(array)}")
    if array.ndim < 2:
        raise ValueError(f"(F1) z = W a + b: {name}[{l}] must have two axes or more, got {array.shape}")


def _kind(thing: object) -> str:
    return f"{type(thing).__name__} of {thing.dtype}" if isinstance(thing, np.ndarray) else type(thing).__name__
