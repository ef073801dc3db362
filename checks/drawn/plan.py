"""Plan: everything that a case may choose, a row a choice, the simplest first; and cases as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from checks.drawn.layouts import LAYOUTS
from checks.drawn.notation import Dimension, Signature, signature
from checks.drawn.values import VALUES, VARIANTS
from checks.errors import MisuseError

SIZES: Final = (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 5, 1, 2, 3)
"""Sizes of a dimension, the smallest first, so that they shrink to it; length 1 and odd ones by design."""
SEEDS: Final = 50
ABSENT: Final = "absent"
MOST: Final = 4096
"""The largest size that a case may name."""

Case = Mapping[str, Any]
"""What was chosen: dimension -> size or "absent"; ``b.n`` -> "full", 1 or "absent"; values, layout, seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What may be drawn.

    Attributes
    ----------
    signature : Signature
        Shapes.
    names : tuple of str
        What the inputs are called.
    rows : mapping of str to tuple
        Choice -> what it may be, the simplest first.
    kinds : mapping of str to str
        Input -> a kind of values, where it is said.
    loops : tuple of str
        Names of the loop dimensions, outermost first.
    dtype : str
        Of inputs that are no integers.
    empties : tuple of str
        The dimensions that may be 0.
    """

    signature: Signature
    names: tuple[str, ...]
    rows: Mapping[str, tuple[Any, ...]]
    kinds: Mapping[str, str]
    loops: tuple[str, ...]
    dtype: str
    empties: tuple[str, ...]

    @property
    def sizes(self) -> tuple[str, ...]:
        """The dimensions among the rows."""
        return tuple(name for name in self.rows if name not in (*OTHERS, *self.spread))

    @property
    def spread(self) -> tuple[str, ...]:
        """The rows that say how an input is broadcast."""
        return tuple(name for name in self.rows if "." in name)

    def axes(self, i: int) -> tuple[Dimension, ...]:
        """Loop dimensions and core dimensions of input ``i``."""
        loops = tuple(Dimension(name, optional=True, broadcasts=True) for name in self.loops)
        return (*loops, *self.signature.inputs[i])


OTHERS: Final = ("values", "layout", "seed")


def plan(
    shapes: str,
    names: Sequence[str],
    *,
    sizes: Mapping[str, Any] | None = None,
    values: Mapping[str, str] | None = None,
    loops: int = 0,
    dtype: str = "float64",
) -> Plan:
    """Lay out what may be drawn.

    Parameters
    ----------
    shapes : str
        A signature as in `checks.drawn.notation`.
    names : sequence of str
        What the inputs are called.
    sizes : mapping, optional
        Dimension -> a size, or the sizes that it may have; a name that no input has is one for a constructor.
    values : mapping, optional
        Input -> a kind of `checks.drawn.values`.
    loops : int
        How many loop dimensions there may be in front, broadcast against each other as NumPy does.
    dtype : str
        Of inputs that are no integers.

    Raises
    ------
    MisuseError
        For an option that fits no input or dimension.

    Examples
    --------
    >>> list(plan("(n,i),(o,i)", ["x", "w"]).rows)
    ['n', 'i', 'o', 'values', 'layout', 'seed']
    """
    form = signature(shapes)
    if len(names) != len(form.inputs):
        raise MisuseError(
            f"shapes {shapes!r} are of {len(form.inputs)} inputs; there are {len(names)}: {', '.join(names)}"
        )
    if isinstance(loops, bool) or not isinstance(loops, int) or not 0 <= loops <= 3:
        raise MisuseError(f"loops is {loops!r}; expected how many loop dimensions there may be, 0 to 3")
    if dtype not in ("float64", "float32", "float16"):
        raise MisuseError(f"dtype is {dtype!r}; expected float64, float32 or float16")
    leading = tuple(f"loop{k}" for k in range(loops, 0, -1))
    rows: dict[str, tuple[Any, ...]] = {name: _sizes(name, (sizes or {}).get(name, SIZES)) for name in form.names}
    rows = {name: (*row, ABSENT) if name in form.optional else row for name, row in rows.items()}
    rows |= dict.fromkeys(leading, (ABSENT, *SIZES))
    rows |= {name: _sizes(name, given) for name, given in (sizes or {}).items() if name not in rows}
    for name, axes in zip(names, form.inputs, strict=True):
        rows |= {f"{name}.{d.name}": ("full", 1) for d in axes if d.broadcasts}
        rows |= {f"{name}.{d}": ("full", 1, ABSENT) for d in leading}
    for name, kind in (values or {}).items():
        if name not in names:
            raise MisuseError(f"values names {name!r}; the inputs are {', '.join(names)}")
        if kind not in VALUES and not str(kind).startswith("integers below "):
            raise MisuseError(f"values[{name!r}] is {kind!r}; expected one of {', '.join(VALUES)}, integers below k")
    rows |= {"values": VARIANTS if set(names) - set(values or {}) else ("reals",)}
    rows |= {"layout": tuple(LAYOUTS), "seed": tuple(range(SEEDS))}
    empties = tuple(n for n in form.names if n not in form.made and (n not in (sizes or {}) or 0 in _given(sizes, n)))
    kinds = dict(values or {})
    return Plan(signature=form, names=tuple(names), rows=rows, kinds=kinds, loops=leading, dtype=dtype, empties=empties)


def _given(sizes: Mapping[str, Any] | None, name: str) -> tuple[Any, ...]:
    given = (sizes or {})[name]
    return (given,) if isinstance(given, int) else tuple(given)


def _sizes(name: str, given: Any) -> tuple[int, ...]:
    chosen = (given,) if isinstance(given, int) else tuple(given)
    if not name.isidentifier() or name in OTHERS:
        raise MisuseError(f"{name!r} is no name for a dimension; expected a word other than {', '.join(OTHERS)}")
    if not chosen or not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= MOST for n in chosen):
        raise MisuseError(f"sizes[{name!r}] is {given!r}; expected a size from 0 to {MOST}, or several: range(1, 9)")
    return chosen if chosen == SIZES else tuple(sorted(n for n in chosen if n)) or (0,)


def written(case: Case, rows: Mapping[str, tuple[Any, ...]]) -> str:
    """A case as text: what is as simple as can be is left out, but for sizes, values and the seed.

    Examples
    --------
    >>> made = plan("(n),(n|1)", ["a", "b"])
    >>> written(read("n=2,b.n=1,seed=7", made), made.rows)
    'n=2,b.n=1,values=simple,seed=7'
    """
    kept = [k for k, v in case.items() if ("." not in k and k != "layout" and v != ABSENT) or v != rows[k][0]]
    return ",".join(f"{k}={str(case[k]).replace(' ', '-')}" for k in kept)


def read(text: str, made: Plan) -> dict[str, Any]:
    """The case that ``text`` says; the inverse of `written`.

    Raises
    ------
    MisuseError
        For a choice that the plan has not, or a value that it cannot have.
    """
    case = {name: row[0] for name, row in made.rows.items()}
    missing = [n for n in made.signature.names if n not in made.signature.optional]
    for word in text.replace(" ", "").split(",") if text.strip() else ():
        name, _, value = word.partition("=")
        if name not in case:
            raise MisuseError(f"case {text!r}: there is no {name!r} to choose; there are {', '.join(made.rows)}")
        case[name] = _chosen(name, value, made, text)
        missing = [n for n in missing if n != name]
    if missing:
        raise MisuseError(
            f"case {text!r} does not say {missing[0]}; give every size: {', '.join(made.signature.names)}"
        )
    return case


def _chosen(name: str, value: str, made: Plan, text: str) -> Any:
    row = made.rows[name]
    if value.isascii() and value.isdigit() and name not in ("values", "layout"):
        number = int(value)
        if name in made.spread and number != 1:
            raise MisuseError(f"case {text!r}: {name} is {value}; expected {', '.join(map(str, row))}")
        if name != "seed" and number > MOST:
            raise MisuseError(f"case {text!r}: {name} is {value}; expected a size up to {MOST}")
        return number
    found = next((one for one in row if isinstance(one, str) and one.replace(" ", "-") == value), None)
    if found is None:
        known = dict.fromkeys(str(one).replace(" ", "-") for one in row)
        shown = ", ".join(list(known)[:10])
        raise MisuseError(
            f"case {text!r}: {name} is {value!r}; expected one of {shown}{', …' if len(known) > 10 else ''}"
        )
    return found
