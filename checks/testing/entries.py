"""Entries: the list of targets that a decorator is given, each with an id that a person can read and select."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from checks.adapters.pairs import pair_name
from checks.adapters.row import called
from checks.errors import MisuseError
from checks.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One target of a decorator.

    Attributes
    ----------
    id : str
        What items, reports and reproduce lines call it.
    target : object
        What `checks.audit` takes.
    args : tuple
        Its inputs, where they stand apart.
    marks : tuple
        Marks of every one of its items.
    """

    id: str
    target: Any
    args: tuple[Any, ...] = ()
    marks: tuple[Any, ...] = ()


def entries(targets: Iterable[Any] | Mapping[str, Any]) -> list[Entry]:
    """What the decorator was given, read one by one.

    Parameters
    ----------
    targets : iterable or mapping
        Targets as `checks.audit` takes them; one with its inputs is a tuple, ``(forward, backward, x, w)`` or
        ``(make_layer, x)``, or a ``pytest.param`` with ``id=`` and ``marks=``; a mapping gives the ids.

    Raises
    ------
    MisuseError
        If there is no target.

    Examples
    --------
    >>> import numpy as np
    >>> [entry.id for entry in entries([(np.sin, np.cos), (np.sin, np.cos)])]
    ['sin', 'sin2']
    """
    named = targets.items() if isinstance(targets, Mapping) else (("", one) for one in targets)
    found: list[Entry] = []
    for given, one in named:
        param = one if isinstance(one, ParameterSet) else pytest.param(one)
        values = tuple(param.values)
        name = str(given or param.id or _name(values[0]))
        taken = [entry.id for entry in found]
        name = next(n for n in (name, *(f"{name}{k}" for k in range(2, len(taken) + 3))) if n not in taken)
        found.append(Entry(id=name, target=values[0], args=values[1:], marks=tuple(param.marks)))
    if not found:
        raise MisuseError("the list of targets is empty; give at least one, such as [(forward, backward, x, w)]")
    return found


def _name(target: Any) -> str:
    """What a target is called, without running any of it."""
    if isinstance(target, Subject):
        return target.name
    if isinstance(target, tuple | list) and target:
        pair = len(target) > 1 and callable(target[1])
        return pair_name(target[0], target[1]) if pair else _name(target[0])
    return called(getattr(target, "f", target))
