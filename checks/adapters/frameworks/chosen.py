"""Chosen: what ``wrt=``, ``reference=`` and ``declared=`` mean, in every framework."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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


def apart(
    names: Sequence[str], inputs: Mapping[str, Any], held: Collection[str]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The names of arguments and of their leaves, told apart from those of what the target holds.

    Examples
    --------
    >>> apart(("x", "weight"), {"x": 1, "weight": 2}, {"weight", "bias"})
    (('x', 'input weight'), {'x': 1, 'input weight': 2})
    """
    first = {name.split(".")[0] for name in held}
    return (
        tuple(f"input {n}" if n in first else n for n in names),
        {f"input {n}" if n.split(".")[0] in first else n: x for n, x in inputs.items()},
    )


def given_by_name(role: str, needed: Collection[str], has: Collection[str]) -> None:
    """Refuse another module or layer that lacks a parameter of the first.

    Raises
    ------
    MisuseError
        With the parameters that it has.
    """
    missing = [n for n in needed if n not in has]
    if missing:
        raise MisuseError(
            f"{role} has no parameter {missing[0]!r}; it has {', '.join(map(repr, has)) or 'none'}. Its parameters are "
            f"given the numbers of the target's own, by name"
        )


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
