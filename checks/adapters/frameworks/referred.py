"""Referred: what a function refers to without being given it: variables it closes over, defaults, globals it names."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from types import FunctionType, MethodType
from typing import Any, Final

DEPTH: Final = 4  # functions within functions that are looked into


def referred(function: Any) -> Iterator[tuple[str, Any]]:
    """Closed-over variables, defaults, globals that it names, arguments of a partial, the object of a method.

    The same of the functions among these; each value with the name that it has there.

    Examples
    --------
    >>> dict(referred(functools.partial(max, 3)))["argument 0"]
    3
    """
    return _referred(function, DEPTH, set())


def _referred(function: Any, depth: int, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if depth == 0 or id(function) in seen:
        return
    seen.add(id(function))
    for name, value in _own(function):
        yield name, value
        inner = getattr(value, "__wrapped__", value) if callable(value) else value  # decorated
        if isinstance(inner, FunctionType | MethodType | functools.partial):
            yield from _referred(inner, depth - 1, seen)


def _own(function: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(function, functools.partial):
        yield from ((f"argument {k}", a) for k, a in enumerate(function.args))
        yield from function.keywords.items()
        yield "function", function.func
    elif isinstance(function, MethodType):
        yield "self", function.__self__
        yield "function", function.__func__
    elif isinstance(function, FunctionType):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if cell.cell_contents is not None:
                yield name, cell.cell_contents
        yield from ((f"default {k}", a) for k, a in enumerate(function.__defaults__ or ()))
        yield from (function.__kwdefaults__ or {}).items()
        named = [n for n in function.__code__.co_names if n in function.__globals__]
        yield from ((n, function.__globals__[n]) for n in named if not _elsewhere(function, n))
    elif hasattr(function, "__dict__") and not isinstance(function, type):
        yield from vars(function).items()
        yield "call", vars(type(function)).get("__call__")


def _elsewhere(function: FunctionType, name: str) -> bool:
    """Whether a global is a function of another module: a library's, which is not looked into."""
    value = function.__globals__[name]
    return isinstance(value, FunctionType) and value.__module__ != function.__module__
