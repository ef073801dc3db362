"""Wrapped: a layer as its author would wrap it for another checker: one object, one forward, the backward after it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from corpus.layer import Layer
from corpus.nasty import Nasty

from checks import Subject


class Wrapped:
    """Forward and backward on lists of arrays; what a forward leaves behind is there for the next backward.

    Parameters
    ----------
    subject : Subject
        The same claim as the judge sees it: names and values of what is differentiated.
    forward : callable
        list of arrays -> (list of outputs, what the backward needs).
    backward : callable
        (list of cotangents, what the forward left) -> list of gradients.
    """

    def __init__(self, subject: Subject, forward: Callable[..., Any], backward: Callable[..., Any]) -> None:
        self.names, self.point = list(subject.point), [np.array(x) for x in subject.point.values()]
        self._forward, self._backward = forward, backward
        self.forwards = self.pullbacks = 0

    def forward(self, arrays: Sequence[Any]) -> tuple[list[Any], Any]:
        """Outputs, and what the backward needs."""
        self.forwards += 1
        return self._forward(dict(zip(self.names, arrays, strict=True)))

    def backward(self, cotangents: Sequence[Any], left: Any) -> list[Any]:
        """Gradients in the order of the point."""
        self.pullbacks += 1
        found = self._backward(list(cotangents), left)
        return [found.get(name) for name in self.names]


def of_nasty(case: Nasty, seed: int) -> Wrapped:
    """A nasty gradient, wrapped."""
    subject = case.subject(seed)
    return Wrapped(subject, lambda p: ([np.asarray(case.value(p))], dict(p)), lambda vs, p: subject.pullback(p, vs[0]))


def of_layer(layer: Layer, seed: int, *, clears: bool) -> Wrapped:
    """A layer, wrapped; ``clears``: gradients that add up are set to zero before each backward, as optimisers do."""
    params, inputs = layer.draw(seed)
    subject = layer.subject(seed)
    made = {
        "subject": _of_subject,
        "Layer": _of_class,
        "Net": _of_net,
        "loss": _of_loss,
        "derivative": _of_derivative,
        "layer": _of_closure,
        "backward": _of_pair,
    }[layer.style]
    return Wrapped(subject, *made(layer.module, params, inputs, subject, clears))


def _named(found: Any, subject: Subject) -> dict[str, Any]:
    several = found if isinstance(found, tuple | list) else (found,)
    return dict(zip(subject.point, several, strict=True))


def _of_subject(module: Any, params: Any, inputs: Any, subject: Subject, clears: bool) -> tuple[Any, Any]:
    return lambda p: ([np.asarray(subject.forward(p))], dict(p)), lambda vs, p: subject.pullback(p, vs[0])


def _of_pair(module: Any, params: Any, inputs: Any, subject: Subject, clears: bool) -> tuple[Any, Any]:
    cached = "cache" in inspect.signature(module.backward).parameters

    def forward(p: dict[str, Any]) -> tuple[list[Any], Any]:
        args = [p.get(n, x) for n, x in inputs.items()]
        out = module.forward(*args)
        return (list(out[:-1]), [out[-1]]) if cached else ([out], args)

    return forward, lambda vs, left: _named(module.backward(*vs, *left), subject)


def _of_closure(module: Any, params: Any, inputs: Any, subject: Subject, clears: bool) -> tuple[Any, Any]:
    def forward(p: dict[str, Any]) -> tuple[list[Any], Any]:
        out, back = module.layer(*(p.get(n, x) for n, x in inputs.items()))
        return [out], back

    return forward, lambda vs, back: _named(back(*vs), subject)


def _of_derivative(module: Any, params: Any, inputs: Any, subject: Subject, clears: bool) -> tuple[Any, Any]:
    def forward(p: dict[str, Any]) -> tuple[list[Any], Any]:
        args = [p.get(n, x) for n, x in inputs.items()]
        return [np.asarray(module.forward(*args))], args

    return forward, lambda vs, args: _named(vs[0] * module.derivative(*args), subject)


def _of_loss(module: Any, params: Any, inputs: Any, subject: Subject, clears: bool) -> tuple[Any, Any]:
    def forward(p: dict[str, Any]) -> tuple[list[Any], Any]:
        value, gradient = module.loss(*(p.get(n, x) for n, x in inputs.items()))
        return [np.asarray(value)], gradient

    def backward(vs: list[Any], gradient: Any) -> dict[str, Any]:
        return {n: None if g is None else vs[0] * g for n, g in _named(gradient, subject).items()}

    return forward, backward


def _of_net(module: Any, params: Any, inputs: Any, subject: Subject, clears: bool) -> tuple[Any, Any]:
    net = module.Net(**{n: np.array(x) for n, x in params.items()})

    def forward(p: dict[str, Any]) -> tuple[list[Any], Any]:
        net.params.update(p)
        value, gradients = net.loss(*inputs.values())
        return [np.asarray(value)], gradients

    return forward, lambda vs, gradients: {n: vs[0] * g for n, g in gradients.items()}


def _of_class(module: Any, params: Any, inputs: Any, subject: Subject, clears: bool) -> tuple[Any, Any]:
    made = module.Layer(**{n: np.array(x) for n, x in params.items()})
    held = made.params if hasattr(made, "params") else vars(made)
    differentiated = [n for n in inputs if n in subject.point]

    def forward(p: dict[str, Any]) -> tuple[list[Any], Any]:
        held.update({n: p[n] for n in params if n in p})
        return [made.forward(*(p.get(n, x) for n, x in inputs.items()))], None

    def backward(vs: list[Any], left: None) -> dict[str, Any]:
        if clears and hasattr(made, "grads"):
            for g in made.grads.values():
                g[...] = 0.0
        returned = made.backward(*vs)
        several = returned if isinstance(returned, tuple) else (returned,)
        grads = made.grads if hasattr(made, "grads") else {n: getattr(made, f"d{n}", None) for n in params}
        copies = {n: None if g is None else np.array(g) for n, g in grads.items()}
        return dict(zip(differentiated, several, strict=False)) | copies

    return forward, backward
