"""Chosen: what ``wrt=``, ``reference=`` and ``declared=`` mean, in every framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from checks.errors import MisuseError
from checks.subject import Subject


def within(wrt: object, arguments: Sequence[str], every: Sequence[str]) -> list[str]:
    """The leaves among ``every`` that ``wrt`` says: an argument or leaf by name, an argument's position, or several.

    Raises
    ------
    MisuseError
        For what is not there.

    Examples
    --------
    >>> within(["params", 1], ("params", "x"), ("params.w", "params.b", "x")), within(-1, ("a", "b"), ("a", "b"))
    (['params.w', 'params.b', 'x'], ['b'])
    """
    found: list[str] = []
    for one in wrt if isinstance(wrt, list | tuple) else [wrt]:
        name = arguments[one] if isinstance(one, int) and -len(arguments) <= one < len(arguments) else one
        of_it = [n for n in every if n == name or n.startswith(f"{name}.")]
        if not of_it:
            raise MisuseError(f"wrt={wrt!r}: there is no {name!r}; there are {', '.join(map(repr, every))}")
        found += of_it
    return [n for n in every if n in found]


def beside(made: Subject, options: dict[str, Any], run_of: Callable[[Callable[..., Any], str], Any]) -> Subject:
    """``made`` with the forward of ``reference=`` and the pullback of ``declared=``, of what ``run_of`` makes of each.

    Raises
    ------
    MisuseError
        For one that cannot be called.
    """
    for role, how in (("reference", "forward"), ("declared", "pullback")):
        other = options.get(role)
        if other is None:
            continue
        if not callable(other):
            raise MisuseError(f"{role} is {other!r}; expected a function that takes the same inputs")
        made = replace(made, **{role: getattr(run_of(other, role), how)})
    return made
