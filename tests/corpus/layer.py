"""Layers of the corpus: loaded from their source, with an edit put in where one is asked for, ready to be audited."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

import numpy as np

import checks
from checks import Report, Subject
from checks.adapters import adapt

HOME: Final = Path(__file__).parent / "layers"
LAYERS: Final = tuple(sorted(path.stem for path in HOME.glob("*.py")))

STYLES: Final[Mapping[str, str]] = {
    "backward": "forward(x, w) with backward(dout, cache) or backward(dout, x, w)",
    "Layer": "a class: forward(x), backward(dout), parameters and gradients in params/grads or W/dW",
    "Net": "a class: loss(x, y) -> (value, gradients)",
    "loss": "loss(x, y) -> (value, gradient)",
    "derivative": "forward(x) with its derivative(x), or loss(y, yhat) with its gradient",
    "layer": "layer(x, w) -> (out, backward)",
    "subject": "subject(x, w) -> checks.Subject",
}
"""What a layer's file defines, by which its style is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer, loaded anew: state of earlier use is not there.

    Attributes
    ----------
    name : str
        The file's.
    module : ModuleType
        Its source, run, with an edit put in or not.
    style : str
        One of `STYLES`.
    """

    name: str
    module: ModuleType
    style: str

    def draw(self, seed: int, **sizes: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Parameters (of a class; empty else) and inputs by name, at the layer's own sizes or others."""
        drawn = self.module.draw(np.random.default_rng([seed, *self.name.encode()]), **sizes)
        params, inputs = drawn if isinstance(drawn[0], dict) else ({}, drawn)
        return params, dict(zip(self.inputs(), inputs, strict=True))

    def inputs(self) -> list[str]:
        """Names of the inputs."""
        found: Callable[..., Any] = {
            "backward": lambda m: m.forward,
            "Layer": lambda m: m.Layer.forward,
            "Net": lambda m: m.Net.loss,
            "loss": lambda m: m.loss,
            "derivative": lambda m: m.forward,
            "layer": lambda m: m.layer,
            "subject": lambda m: m.subject,
        }[self.style](self.module)
        return [name for name in inspect.signature(found).parameters if name != "self"]

    def given(self, params: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """What `checks.audit` is given: a target and its inputs."""
        m, args = self.module, tuple(inputs.values())
        if self.style == "subject":
            return (lambda: m.subject(*args),)
        if self.style in ("Layer", "Net"):
            made = getattr(m, self.style)
            return (lambda: made(**{name: np.array(x) for name, x in params.items()})), *args
        if self.style == "loss":
            return checks.value_and_grad(m.loss), *args
        if self.style == "layer":
            return m.layer, *args
        return (m.forward, getattr(m, self.style)), *args

    def options(self) -> dict[str, Any]:
        """Options of the audit."""
        return {} if self.style == "subject" else {"name": self.name, **getattr(self.module, "OPTIONS", {})}

    def subject(self, seed: int, **sizes: int) -> Subject:
        """The layer at its inputs, as the judge sees it."""
        return adapt(*self.given(*self.draw(seed, **sizes)), **self.options())

    def audit(self, seed: int, **asked: Any) -> Report:
        """Audit it as its author would."""
        return checks.audit(*self.given(*self.draw(seed)), seed=seed, **self.options(), **asked)


@cache
def source(name: str) -> str:
    """The right layer's text."""
    return (HOME / f"{name}.py").read_text(encoding="utf-8")


@cache
def _compiled(name: str, text: str) -> CodeType:
    return compile(text, f"<corpus/layers/{name}.py>", "exec")


def load(name: str, old: str = "", new: str = "") -> Layer:
    """Load a layer, right, or with the one place where it says ``old`` saying ``new``."""
    text = source(name)
    if old:
        if text.count(old) != 1:
            message = f"{name}: {old!r} occurs {text.count(old)} times"
            raise ValueError(message)
        text = text.replace(old, new)
    module = ModuleType(f"corpus_{name}")
    exec(_compiled(name, text), module.__dict__)  # noqa: S102 - our own corpus, edited by its own table
    style = next(style for style in STYLES if hasattr(module, style))
    return Layer(name=name, module=module, style=style)
