"""Arrays: JAX's arrays as NumPy's and back; what is a leaf, and how a pytree's leaves are called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from checks.adapters.frameworks.dtypes import CARRIED, known
from checks.adapters.frameworks.loaded import loaded
from checks.errors import InvalidSubject
from checks.subject import Array


def jax() -> Any:
    """The jax that somebody has imported; None where nobody has."""
    return loaded("jax", "Array")


def is_array(value: Any) -> bool:
    """Whether ``value`` is an array of JAX."""
    found = jax()
    return found is not None and isinstance(value, found.Array)


def is_floating(value: Any) -> bool:
    """Whether ``value`` is an array, of JAX or NumPy, of real or complex floating-point numbers."""
    if not (is_array(value) or isinstance(value, np.ndarray | np.inexact)):
        return False
    return bool(jax().numpy.issubdtype(value.dtype, jax().numpy.inexact))


def refuse(name: str, value: Any) -> None:
    """Refuse an array whose numbers nothing carries.

    Raises
    ------
    InvalidSubject
        With the dtypes that are taken.
    """
    if str(value.dtype) not in CARRIED:
        raise InvalidSubject(f"the array {name!r} has dtype {value.dtype}; expected one of {known()}")


def array_of(value: Any) -> Array:
    """The numbers of ``value`` in its carrier's dtype."""
    return np.array(np.asarray(value).astype(CARRIED[str(value.dtype)], copy=False))


@contextmanager
def precision(*, wide: bool) -> Iterator[None]:
    """Double precision for what is computed inside; the caller's global setting stays what it is."""
    if not wide:
        yield
        return
    try:
        doubled = jax().enable_x64(True)
    except AttributeError:  # before jax 0.8
        doubled = import_module("jax.experimental").enable_x64()
    with doubled:
        yield


def named_leaves(tree: Any, name: str) -> tuple[dict[str, Any], Any]:
    """A pytree's leaves by dotted name, and what `rebuilt` needs to put others in their places."""
    paths, structure = jax().tree_util.tree_flatten_with_path(tree)
    found: dict[str, Any] = {}
    for path, leaf in paths:
        called = ".".join([*filter(None, [name]), *(_key(part) for part in path)])
        found[next(n for n in _numbered(called) if n not in found)] = leaf
    return found, structure


def rebuilt(structure: Any, leaves: list[Any]) -> Any:
    """The pytree of ``structure`` with these leaves."""
    return jax().tree_util.tree_unflatten(structure, leaves)


def _numbered(name: str) -> Iterator[str]:
    yield name
    k = 2
    while True:
        yield f"{name} ({k})"
        k += 1


def _key(part: Any) -> str:
    for attribute in ("key", "idx", "name"):
        if hasattr(part, attribute):
            return str(getattr(part, attribute))
    return str(part)
