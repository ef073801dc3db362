"""Lookup: ``FILE.py:test_function[ID]`` is the target with that id that a decorator was given."""

from __future__ import annotations

from typing import Any

from checks.errors import UnknownTarget
from checks.load import load


def of_test(target: str) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The target, its inputs, and the options of the decorator.

    Parameters
    ----------
    target : str
        ``FILE.py:NAME[ID]``, as reproduce lines print it.

    Raises
    ------
    UnknownTarget
        If NAME is no test made by ``parametrize_with_gradient_checks``, or has no target of that id.
    """
    place, _, name = target.removesuffix("]").partition("[")
    function = load(place)
    marks = getattr(function, "pytestmark", ())
    checks = [p.values[0] for mark in marks if mark.name == "parametrize" for p in mark.args[1] if hasattr(p, "values")]
    audited = {c.audited.entry.id: c.audited for c in checks if hasattr(c, "audited")}
    if not audited:
        raise UnknownTarget(
            f"{place} is no test that checks.parametrize_with_gradient_checks made; [{name}] is a target of one"
        )
    if name not in audited:
        raise UnknownTarget(f"{place} has no target {name!r}; it has {', '.join(audited)}")
    found = audited[name]
    return found.entry.target, found.entry.args, {"name": name, **found.options}
