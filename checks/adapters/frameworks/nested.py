"""Nested: what functions take and return (dicts, sequences, named tuples, dataclasses), as named leaves of any type."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from checks.subject import Array, Output

IsLeaf = Callable[[Any], bool]


def leaves(value: Any, is_leaf: IsLeaf, name: str = "") -> dict[str, Any]:
    """The leaves in ``value`` by dotted name; what is neither leaf nor container is left out.

    Examples
    --------
    >>> leaves({"a": 1.0, "b": [2.0, "text"]}, lambda x: isinstance(x, float), "p")
    {'p.a': 1.0, 'p.b.0': 2.0}
    """
    if is_leaf(value):
        return {name: value}
    found: dict[str, Any] = {}
    for key, part in _parts(value):
        found |= leaves(part, is_leaf, f"{name}.{key}" if name else key)
    return found


def replaced(value: Any, is_leaf: IsLeaf, new: Callable[[str, Any], Any], name: str = "") -> Any:
    """``value`` with every leaf as ``new(name, leaf)`` gives it; containers are new, their other contents the same.

    Examples
    --------
    >>> replaced({"a": 1.0, "b": (2.0, "text")}, lambda x: isinstance(x, float), lambda name, x: -x)
    {'a': -1.0, 'b': (-2.0, 'text')}
    """
    if is_leaf(value):
        return new(name, value)
    parts = _parts(value)
    if not parts:
        return value
    made = {key: replaced(part, is_leaf, new, f"{name}.{key}" if name else key) for key, part in parts}
    if isinstance(value, Mapping):
        rebuilt: Any = copy.copy(value)
        for key in value:
            rebuilt[key] = made[str(key)]
        return rebuilt
    if isinstance(value, list | tuple):
        return type(value)(*made.values()) if hasattr(value, "_fields") else type(value)(made.values())
    rebuilt = copy.copy(value)
    for key, part in made.items():
        object.__setattr__(rebuilt, key, part)
    return rebuilt


def outputs(returned: Any, is_leaf: IsLeaf) -> dict[str, Any]:
    """What a function returned, as named leaves; one that is returned bare has the empty name.

    Examples
    --------
    >>> outputs((1.0, {"h": 2.0}), lambda x: isinstance(x, float)), outputs(1.0, lambda x: True)
    ({'output 0': 1.0, 'output 1.h': 2.0}, {'': 1.0})
    """
    if isinstance(returned, list | tuple) and not hasattr(returned, "_fields"):
        found: dict[str, Any] = {}
        for k, part in enumerate(returned):
            found |= leaves(part, is_leaf, f"output {k}")
        return found
    return leaves(returned, is_leaf)


def as_output(named: dict[str, Array]) -> Output:
    """Named outputs in the form that a Subject returns them: a bare one where the function returned one bare."""
    return named[""] if list(named) == [""] else named


def _parts(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(str(key), part) for key, part in value.items()]
    if isinstance(value, list | tuple):
        names = getattr(value, "_fields", None) or range(len(value))
        return [(str(key), part) for key, part in zip(names, value, strict=True)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return []
