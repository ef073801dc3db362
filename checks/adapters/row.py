"""What a row of the adapters' table is, and what it looks at."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Final

import numpy as np

from checks.adapters.inputs import Inputs, described
from checks.subject import Subject

COMMON: Final = ("name", "names", "declared", "reference")
"""Options that every row takes."""


NO_OBJECT: Final = (
    tuple,
    list,
    dict,
    str,
    bytes,
    int,
    float,
    complex,
    np.ndarray,
    np.generic,
    np.ufunc,
    Subject,
    type(None),
)
"""What cannot be a layer."""


@dataclass(frozen=True)
class Seen:
    """A target with its inputs, as the rows look at it; what costs a call is done once, when a row asks.

    Attributes
    ----------
    target : object
        What the caller gave.
    args : tuple
        The inputs.
    names : sequence of str, optional
        What the inputs are called, where the caller says it.
    """

    target: Any
    args: tuple[Any, ...]
    names: Sequence[str] | None = None

    @cached_property
    def pair(self) -> tuple[Callable[..., Any], Callable[..., Any]] | None:
        """The two functions, where the target is a pair of them."""
        t = self.target
        is_pair = isinstance(t, tuple | list) and len(t) == 2 and all(callable(f) for f in t)
        return (t[0], t[1]) if is_pair else None

    @cached_property
    def inputs(self) -> Inputs:
        """The arguments, named by the first function."""
        return Inputs.of(self.pair[0] if self.pair else self.target, self.args, self.names)

    @cached_property
    def result(self) -> Any:
        """What the forward returns at the inputs; an exception where it raises."""
        forward = self.pair[0] if self.pair else self.target
        try:
            return forward(*self.inputs.filled({}))
        except Exception as raised:  # the audit calls it again, and reports what it says
            return raised

    @cached_property
    def made(self) -> Any:
        """The object, where the target is one or makes one: a class or a function without arguments is called."""
        t = self.target
        if isinstance(t, NO_OBJECT):
            return None
        if not isinstance(t, type | FunctionType | functools.partial):
            return None if isinstance(t, BuiltinFunctionType | MethodType) else t
        made = self.called_without
        return None if isinstance(made, (*NO_OBJECT, Exception)) else made

    @cached_property
    def called_without(self) -> Any:
        """What a class or function returns without arguments, or raises; None where it takes some."""
        if takes(self.target, 0) == 0 or not self.args:
            return None
        try:
            return self.target()
        except Exception as raised:  # it was no constructor; the message says so
            return raised

    @property
    def items(self) -> int | None:
        """How many things the forward returns in a tuple; None where it returns one, bare."""
        return len(self.result) if isinstance(self.result, tuple) else None

    def in_words(self) -> str:
        """The target and its inputs, for a message."""
        t = self.target
        if isinstance(t, tuple | list):
            words = f"{'an empty' if not t else f'a {type(t).__name__} of'} {', '.join(_one(x) for x in t[:6])}"
        else:
            words = _one(t)
        if isinstance(t, str) and ":" in t:
            words = f"the text {t!r}, as the command line takes it (backproof audit {t})"
        if self.pair and self.args and isinstance(self.result, Exception):
            words += f", of which the first raises {type(self.result).__name__}: {self.result}"
        if isinstance(t, FunctionType) and self.args and isinstance(self.result, Exception):
            words += f", which raises {type(self.result).__name__}: {self.result}"
        elif callable(t) and isinstance(self.called_without, Exception):
            words += f", which raises {type(self.called_without).__name__}: {self.called_without}"
        count = len(self.args)
        return f"{words}, with {count or 'no'} input{'s' if count != 1 else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """One row: a shape in which people write gradients.

    Attributes
    ----------
    shape : str
        The shape in words.
    write : str
        What the caller writes.
    signs : tuple of (str, callable)
        What it is recognised by: a sentence that says that it is missing, and its test.
    make : callable
        (Seen, options) -> Subject.
    options : tuple of str
        The options it takes, beside those of every row.
    """

    shape: str
    write: str
    signs: tuple[tuple[str, Callable[[Seen], bool]], ...] = field(repr=False)
    make: Callable[[Seen, dict[str, Any]], Subject] = field(repr=False)
    options: tuple[str, ...] = ()

    def missing(self, seen: Seen) -> list[str]:
        """The first sign that ``seen`` lacks, or nothing: later signs may rest on earlier ones."""
        for i, (sentence, holds) in enumerate(self.signs):
            if not holds(seen):
                return [sentence] + [""] * (len(self.signs) - i - 1)
        return []


def takes(function: Callable[..., Any], n: int) -> int:
    """How well ``function`` takes ``n`` positional arguments: 2 exactly, 1 if it can, 0 if it cannot.

    Examples
    --------
    >>> takes(lambda dout, cache, axis=0: 0, 2), takes(lambda *a: 0, 2), takes(lambda x: 0, 2), takes(np.cos, 1)
    (2, 1, 0, 2)
    """
    if isinstance(function, np.ufunc):
        return 2 * (function.nin == n)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some builtins do not say
        return 1
    parameters = signature.parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        return 0
    required = sum(p.default is p.empty for p in positional)
    most = float("inf") if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(positional)
    return 2 if n == required and most < float("inf") else int(required <= n <= most)


def called(function: Any) -> str:
    """A function's or class's name without where it was defined; "lambda" for one.

    Examples
    --------
    >>> called(called), called(lambda x: x), called(np.sin)
    ('called', 'lambda', 'sin')
    """
    inner = getattr(function, "func", function)  # functools.partial
    if isinstance(inner, BuiltinFunctionType):
        return inner.__name__
    name = getattr(inner, "__qualname__", None) or getattr(inner, "__name__", None) or type(inner).__name__
    return str(name).rsplit("<locals>.", 1)[-1].replace("<lambda>", "lambda")


def _one(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}{_signature(value)}"
    if isinstance(value, np.ufunc):
        return called(value)
    if callable(value) and hasattr(value, "__name__"):
        return f"{called(value)}{_signature(value)}"
    return f"a {type(value).__name__}" if callable(value) else described(value)


def _signature(function: Any) -> str:
    try:
        return str(inspect.signature(function))
    except (TypeError, ValueError):
        return "(…)"
