"""Rows: how a target of HIPS autograd is recognised."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final

import numpy as np

from checks.adapters.frameworks.loaded import loaded
from checks.adapters.row import Adapter, Seen, takes
from checks.adapters.tree import leaves
from checks.subject import Subject

DEPTH: Final = 3  # functions within functions that are looked into


def is_primitive(value: Any) -> bool:
    """Whether ``value`` is a function that autograd knows a rule for."""
    return bool(getattr(value, "_is_autograd_primitive", False))


def uses_autograd(function: Any, depth: int = DEPTH) -> bool:
    """Whether a function is a primitive, or names autograd's modules or primitives, itself or in what it calls."""
    if is_primitive(function):
        return True
    if depth == 0:
        return False
    for value in _named(function):
        if is_primitive(value) or (isinstance(value, ModuleType) and value.__name__.split(".")[0] == "autograd"):
            return True
        if isinstance(value, FunctionType | MethodType | functools.partial) and uses_autograd(value, depth - 1):
            return True
    return False


def _named(function: Any) -> Iterator[Any]:
    if isinstance(function, functools.partial):
        yield function.func
    elif isinstance(function, MethodType):
        yield function.__func__
    elif isinstance(function, FunctionType):
        yield from (cell.cell_contents for cell in function.__closure__ or ())
        yield from (function.__globals__[n] for n in function.__code__.co_names if n in function.__globals__)


def _arrays(seen: Seen) -> bool:
    return any(isinstance(x, np.ndarray | float | complex) for a in seen.args for x in leaves(a, "").values()) or any(
        isinstance(a, np.ndarray | float | complex | np.inexact) for a in seen.args
    )


def _returns_numbers_alone(seen: Seen) -> bool:
    returned = seen.result if isinstance(seen.result, tuple) else (seen.result,)
    return not any(callable(part) for part in returned)


def _make(seen: Seen, options: dict[str, Any]) -> Subject:
    from checks.adapters.hips.make import subject_of

    return subject_of(seen, options)


FUNCTION = Adapter(
    shape="a primitive of HIPS autograd, or a function written with autograd.numpy",
    write="audit(f, *arrays)",
    signs=(
        ("it uses nothing of autograd", lambda s: bool(loaded("autograd", "make_vjp")) and uses_autograd(s.target)),
        ("it is no function of that many inputs", lambda s: takes(getattr(s.target, "fun", s.target), len(s.args)) > 0),
        ("no input holds floating-point numbers", _arrays),
        ("it returns a function beside its value", _returns_numbers_alone),
    ),
    make=_make,
    options=("wrt", "forward_mode"),
)
