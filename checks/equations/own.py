"""Own: somebody's own network, as far as it can be looked into, and what it says of one case in our notation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from backprop import ACTIVATIONS, LOSSES, REDUCTIONS
from checks.equations.cases import Point
from checks.equations.implementation import BACKPROP
from checks.errors import MisuseError

Tensors = tuple[Any, ...]
"""(None, of layer 1, …, of layer L), columns examples, as the derivation has them."""

EXAMPLES: Final = ("columns", "rows")
RESOLUTION: Final = {8: 1e-6, 4: 1e-3}
"""By the bytes of a number."""
COARSE: Final = 0.05
WEIGHTS: Final = ("out by in", "in by out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A network that is not ours, and how to ask it.

    Parameters
    ----------
    name : str
        What reports call it.
    make : callable
        (W, b, activations, loss) -> the network: lists of weights and of biases of shape (d_l,), a name for each layer,
        the name of the loss. It gets copies.
    forward : callable, optional
        (net, x) -> (Z, A): what enters and what leaves the activation of each layer, two lists.
    deltas : callable, optional
        (net, x, y) -> the δ of each layer. Without it they are taken to be what ``gradients`` says of each b for one
        example alone.
    gradients : callable, optional
        (net, x, y) -> (dW, db), two lists.
    update : callable, optional
        (net, x, y, rate) -> (W, b) after one step. Without ``gradients`` they are read from the step.
    cost : callable, optional
        (net, x, y) -> C.
    activations, losses : sequence of str
        Those of `backprop.ACTIVATIONS` and `backprop.LOSSES` that it has.
    reduction : str
        "sum" or "mean", over the examples.
    examples : str
        "columns" or "rows": how examples lie in x, y, z, a and δ.
    weights : str
        "out by in" or "in by out": the shape of W.

    Raises
    ------
    MisuseError
        If it can be asked nothing, or names an activation, loss, reduction or order that there is not.

    References
    ----------
    docs/derivation.md.
    """

    name: str
    make: Callable[..., Any]
    forward: Callable[..., Any] | None = None
    deltas: Callable[..., Any] | None = None
    gradients: Callable[..., Any] | None = None
    update: Callable[..., Any] | None = None
    cost: Callable[..., Any] | None = None
    activations: Sequence[str] = ("identity", "tanh", "sigmoid")
    losses: Sequence[str] = ("squared_error",)
    reduction: str = "sum"
    examples: str = "columns"
    weights: str = "out by in"

    def __post_init__(self) -> None:
        if not any((self.forward, self.deltas, self.gradients, self.update, self.cost)):
            raise MisuseError(f"{self.name} can be asked nothing; give one of forward, deltas, gradients, update, cost")
        for word, given, known in (
            ("activations", self.activations, ACTIVATIONS),
            ("losses", self.losses, LOSSES),
            ("reduction", (self.reduction,), REDUCTIONS),
            ("examples", (self.examples,), EXAMPLES),
            ("weights", (self.weights,), WEIGHTS),
        ):
            for one in given:
                if one not in known:
                    raise MisuseError(f"{self.name}: {word} names {one!r}; expected one of {', '.join(known)}")


class Asked:
    """What a network says of one case; each of its functions is called on a network of its own, once.

    Attributes
    ----------
    own : Own
        The network.
    point : Point
        The case with its numbers.
    """

    def __init__(self, own: Own, point: Point) -> None:
        self.own, self.point, self.case = own, point, point.case
        self.L = len(point.W) - 1
        self.layers = range(1, self.L + 1)
        self.calls = 0
        self.bytes = 8

    def _net(self) -> Any:
        turned = [w.T if self.own.weights == "in by out" else w for w in self.point.W[1:]]
        W, b = [np.array(w, order="C") for w in turned], [np.array(b[:, 0]) for b in self.point.b[1:]]
        self.calls += 1
        return self.own.make(W, b, list(self.case.activations), self.case.loss)

    def _outward(self, array: Any) -> Any:
        return np.array(array.T if self.own.examples == "rows" else array, order="C")

    def _columns(self, word: str, given: Any, like: Tensors) -> Tensors:
        """A list of arrays of theirs, one a layer, in our order."""
        arrays = list(given)
        if len(arrays) != self.L:
            raise ValueError(f"{word} has {len(arrays)} items for {self.L} layers")
        found = [self._floating(a) for a in arrays]
        found = [a.T if self.own.examples == "rows" and a.ndim == 2 else a for a in found]
        return self._shaped(word, found, like)

    def _floating(self, array: Any) -> Any:
        given = np.asarray(array)
        self.bytes = min(self.bytes, given.dtype.itemsize) if given.dtype.kind == "f" else self.bytes
        return given.astype(float)

    @property
    def resolution(self) -> float:
        """The smallest error, relative to the terms that an equation adds up, that counts as one."""
        return RESOLUTION.get(self.bytes, COARSE)

    def _shaped(self, word: str, found: Sequence[Any], like: Tensors) -> Tensors:
        for l, array in enumerate(found, start=1):
            turned = array.ndim == 2 and like[l].shape[1] > 1 and array.shape != like[l].shape
            if array.size != like[l].size or turned:
                raise ValueError(f"{word} of layer {l} has shape {array.shape}; expected {like[l].shape} in our order")
        return (None, *(a.reshape(like[l].shape) for l, a in enumerate(found, start=1)))

    @cached_property
    def ours(self) -> tuple[Any, Any]:
        """Our own trace and gradients at the same numbers: what is taken where theirs does not say."""
        sigma = (None, *(ACTIVATIONS[name] for name in self.case.activations))
        network = BACKPROP.network(self.point.W, self.point.b, sigma)
        trace = BACKPROP.forward(network, self.point.x)
        slope = BACKPROP.cost_gradient(LOSSES[self.case.loss], trace.A[-1], self.point.y, self.case.reduction)
        return trace, BACKPROP.backward(network, trace, slope)

    @cached_property
    def trace(self) -> tuple[Tensors, Tensors]:
        """(Z, A), A with x in front."""
        if self.own.forward is None:
            return self.ours[0].Z, self.ours[0].A
        Z, A = self.own.forward(self._net(), self._outward(self.point.x))
        A = list(A)[1:] if len(list(A)) == self.L + 1 else A
        like = self.ours[0].Z
        return self._columns("z", Z, like), (self.point.x, *self._columns("a", A, like)[1:])

    @cached_property
    def gradients(self) -> tuple[Tensors, Tensors]:
        """(dW, db) of the whole batch."""
        return self._gradients(slice(None))

    def _gradients(self, which: slice) -> tuple[Tensors, Tensors]:
        x, y = self._outward(self.point.x[:, which]), self._outward(self.point.y[:, which])
        if self.own.gradients is not None:
            return self._parameters(*self.own.gradients(self._net(), x, y))
        if self.own.update is None:
            return self.ours[1].W, self.ours[1].b
        new, old = self._parameters(*self.own.update(self._net(), x, y, 1.0)), (self.point.W, self.point.b)
        dW, db = ((None, *(g[l] - h[l] for l in self.layers)) for g, h in zip(old, new, strict=True))
        return dW, db

    @property
    def lost(self) -> float:
        """What a gradient that is read from a step may lose to the rounding of the weights."""
        if self.own.update is None or self.own.gradients is not None:
            return 0.0
        largest = max(float(np.abs(v).max()) for group in (self.point.W, self.point.b) for v in group[1:])
        return 64 * float(np.finfo(float).eps) * max(largest, 1.0) ** 2 * max(self.case.sizes)

    def _parameters(self, W: Any, b: Any) -> tuple[Tensors, Tensors]:
        turned = [self._floating(w) for w in W]
        turned = [w.T if self.own.weights == "in by out" else w for w in turned]
        return self._shaped("W", turned, self.point.W), self._shaped("b", [self._floating(v) for v in b], self.point.b)

    @cached_property
    def deltas(self) -> Tensors:
        """δ of every layer."""
        if self.own.deltas is not None:
            x, y = self._outward(self.point.x), self._outward(self.point.y)
            return self._columns("δ", self.own.deltas(self._net(), x, y), self.ours[0].Z)
        n = self.point.x.shape[1]
        alone = [self._gradients(slice(k, k + 1))[1] for k in range(n)]
        share = n if self.case.reduction == "mean" else 1
        return (None, *(np.concatenate([db[l] for db in alone], axis=1) / share for l in self.layers))

    @property
    def says_deltas(self) -> bool:
        """Whether its δ can be known at all."""
        return bool(self.own.deltas or self.own.gradients or self.own.update)

    def updated(self, rate: float) -> tuple[Tensors, Tensors]:
        """(W, b) after one step."""
        x, y = self._outward(self.point.x), self._outward(self.point.y)
        return self._parameters(*self.own.update(self._net(), x, y, rate))  # type: ignore[misc]  # asked before

    @cached_property
    def cost(self) -> float:
        """C."""
        x, y = self._outward(self.point.x), self._outward(self.point.y)
        return float(np.asarray(self.own.cost(self._net(), x, y)).reshape(()))  # type: ignore[misc]  # asked before
