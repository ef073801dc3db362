"""Notation: shapes of inputs and outputs, as NumPy writes the signatures of generalised ufuncs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from checks.errors import MisuseError

FORM: Final = 'expected NumPy\'s gufunc notation, such as "(n,i),(o,i),(o)->(n,o)"'
DIMENSION: Final = re.compile(r"(?P<name>[A-Za-z_]\w*|\d+)(?P<modifier>\?|\|1)?")


@dataclass(frozen=True, slots=True)
class Dimension:
    """One axis of an argument.

    Attributes
    ----------
    name : str
        A name, or the digits of a fixed size.
    optional : bool
        ``n?``: absent from every argument, or from none.
    broadcasts : bool
        ``n|1``: of size 1 in this argument, or n.
    """

    name: str
    optional: bool = False
    broadcasts: bool = False

    @property
    def fixed(self) -> int | None:
        """The size, where it is fixed."""
        return int(self.name) if self.name.isdigit() else None


Argument = tuple[Dimension, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """Shapes of all inputs, and of the outputs where they are given.

    Attributes
    ----------
    inputs : tuple of tuple of Dimension
        One for each input.
    outputs : tuple of tuple of Dimension, or None
        None where nothing is said of them.
    """

    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...] | None

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions that are no fixed size, in the order in which they appear."""
        everywhere = self.inputs + (self.outputs or ())
        return tuple(dict.fromkeys(d.name for a in everywhere for d in a if d.fixed is None))

    @property
    def made(self) -> tuple[str, ...]:
        """The dimensions of outputs that no input has: those of what a constructor makes."""
        given = {d.name for a in self.inputs for d in a}
        return tuple(name for name in self.names if name not in given)

    @property
    def optional(self) -> frozenset[str]:
        """The names of the dimensions that may be absent."""
        return frozenset(d.name for a in self.inputs for d in a if d.optional)


def signature(text: str) -> Signature:
    """Read a signature.

    Parameters
    ----------
    text : str
        Names, fixed sizes, ``n?`` for a dimension that may be absent everywhere, ``n|1`` for one that an input may have
        with size 1; the part behind ``->`` may be left out, and is checked where it is there.

    Raises
    ------
    MisuseError
        With what was read and what was expected.

    References
    ----------
    NumPy, "Generalized universal function API"; NEP 20 for ``?``, fixed sizes and ``|1``.

    Examples
    --------
    >>> signature("(n,i),(o,i),(o)->(n,o)").names
    ('n', 'i', 'o')
    >>> signature("(m?,3)").inputs
    ((Dimension(name='m', optional=True, broadcasts=False), Dimension(name='3', optional=False, broadcasts=False)),)
    """
    if not isinstance(text, str):
        raise MisuseError(f"shapes is {text!r}; {FORM}")
    left, arrow, right = text.replace(" ", "").partition("->")
    inputs = _arguments(left, text)
    if not inputs:
        raise MisuseError(f"shapes is {text!r}, without an input; {FORM}")
    outputs = _arguments(right, text) if arrow else None
    everywhere = [d for a in inputs + (outputs or ()) for d in a]
    for name in dict.fromkeys(d.name for d in everywhere):
        if len({d.optional for d in everywhere if d.name == name}) > 1:
            raise MisuseError(
                f"shapes is {text!r}: {name} stands with ? and without; it is optional everywhere or nowhere"
            )
    if any(d.broadcasts for a in outputs or () for d in a):
        raise MisuseError(f"shapes is {text!r}: |1 stands in an output; only inputs broadcast")
    return Signature(inputs, outputs)


def _arguments(text: str, whole: str) -> tuple[Argument, ...]:
    if not text:
        return ()
    if not re.fullmatch(r"\([^()]*\)(?:,\([^()]*\))*", text):
        raise MisuseError(f"shapes is {whole!r}: {text!r} is no list of shapes in parentheses; {FORM}")
    return tuple(_dimensions(inner, whole) for inner in re.findall(r"\(([^()]*)\)", text))


def _dimensions(text: str, whole: str) -> Argument:
    found = []
    for word in text.split(",") if text else ():
        match = DIMENSION.fullmatch(word)
        if match is None:
            raise MisuseError(f"shapes is {whole!r}: {word!r} is no dimension; expected n, 3, n? or n|1")
        found.append(Dimension(match["name"], match["modifier"] == "?", match["modifier"] == "|1"))
    return tuple(found)
