"""Rebuild: the records that JSON was made of, each value checked against the type that its field declares."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from checks.errors import MisuseError

UNWRITTEN: Final = ("nan", "inf", "-inf")
"""Numbers that JSON lacks, as they are written."""


def rebuild(kind: Any, value: Any, at: str = "report") -> Any:
    """``value``, as JSON holds it, as a ``kind``.

    Parameters
    ----------
    kind : type
        A frozen record, an enum, a tuple, an optional of these, or float, int, str, bool.
    value : object
        What JSON made of one. Keys that the record does not have are left alone; those that it lacks take its default.
    at : str
        What messages call the value.

    Returns
    -------
    object
        A ``kind``.

    Raises
    ------
    MisuseError
        Where the value is not one; the message says where, what is there and what was expected.

    Examples
    --------
    >>> rebuild(tuple[float, ...], [1, "inf"])
    (1.0, inf)
    """
    if get_origin(kind) in (Union, UnionType):
        some = next(part for part in get_args(kind) if part is not NoneType)
        return None if value is None else rebuild(some, value, at)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), _of(list, value, at, "a list"), at)
    if is_dataclass(kind):
        return _record(kind, _of(dict, value, at, "an object"), at)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value, at)
    if kind is float:
        return _float(value, at)
    return _of(kind, value, at, {int: "a whole number", str: "text", bool: "true or false"}[kind])


def _tuple(parts: tuple[Any, ...], values: list[Any], at: str) -> tuple[Any, ...]:
    kinds = parts[:1] * len(values) if parts[-1] is Ellipsis else parts
    if len(kinds) != len(values):
        raise unlike(at, values, f"a list of {len(kinds)}")
    return tuple(rebuild(kind, v, f"{at}[{k}]") for k, (kind, v) in enumerate(zip(kinds, values, strict=True)))


def _record(kind: Any, values: dict[str, Any], at: str) -> Any:
    hints, known = _declared(kind)
    for f in known:
        if f.name not in values and f.default is MISSING and f.default_factory is MISSING:
            raise unlike(at, values, f"an object with {f.name!r}")
    return kind(**{f.name: rebuild(hints[f.name], values[f.name], f"{at}.{f.name}") for f in known if f.name in values})


@lru_cache
def _declared(kind: Any) -> tuple[dict[str, Any], list[Field[Any]]]:
    """The types and the fields of a record."""
    return get_type_hints(kind), [f for f in fields(kind) if f.init]


def _member(kind: type[Enum], value: Any, at: str) -> Enum:
    try:
        return kind(value)
    except ValueError:
        raise unlike(at, value, f"one of {', '.join(str(member.value) for member in kind)}") from None


def _float(value: Any, at: str) -> float:
    if value in UNWRITTEN or (isinstance(value, int | float) and not isinstance(value, bool)):
        try:
            return float(value)
        except OverflowError:
            pass
    raise unlike(at, value, f"a number, or one of {', '.join(UNWRITTEN)}")


def _of(kind: type, value: Any, at: str, words: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise unlike(at, value, words)
    return value


def unlike(at: str, value: Any, expected: str) -> MisuseError:
    """The error that says what stands at a place and what was expected there."""
    given = repr(value)
    given = given if len(given) <= 60 else f"{given[:57]}..."
    return MisuseError(f"{at} is {given}; expected {expected}, as backproof writes it")
