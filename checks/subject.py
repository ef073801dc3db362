"""Subject: all that the judge knows of a gradient: primals, a forward, a pullback, and what the owner declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from checks.errors import InvalidSubject

Array = NDArray[Any]
Point = Mapping[str, Array]
Output = Array | Mapping[str, Array]
MANY: Final = 4096  # entries
FEW: Final = 512  # entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A gradient claim, in the one form that every audit takes.

    Parameters
    ----------
    name : str
        What reports call it.
    point : mapping of str to ndarray
        Every primal that the claim differentiates, by name (dotted for nested ones), floating, finite.
    forward : callable
        point -> ndarray or mapping of name to ndarray. Pure as far as the caller can see.
    pullback : callable
        (point, cotangent) -> mapping of name to ndarray: the VJP. The cotangent is shaped as forward's result.
    jvp : callable, optional
        (point, tangent) -> forward's shape: forward mode, where claimed.
    fresh : callable, optional
        () -> Subject: the same subject around a new object.
    parameters : sequence of str, optional
        The primals that are parameters (the others are inputs).
    batch_axis : int, optional
        The axis along which outputs are one per example.
    accumulates : bool
        The pullback adds into what was there.
    declared : callable, optional
        (point, cotangent) -> mapping: the pullback that is wanted on purpose (straight-through, reversal).
    reference : callable, optional
        point -> the same as forward, in higher precision or by a plainer method.
    second : callable, optional
        (point, tangent) -> forward's shape: the forward's derivative by another way, asked where measuring leaves a
        claim open; agreement passes it, and nothing fails by it.
    vectorised : bool
        forward takes primals with one leading axis of independent copies and keeps it on every output.
    symmetric : bool
        forward is itself a gradient, of primals and outputs alike in shape and order: its Jacobian is symmetric.
    unclaimed : mapping of str to str, optional
        What the object holds and the claim leaves out, and why: "frozen", "outside wrt=", or "" for no known reason.
    bits : int, optional
        Significand bits of the numbers that the claim is computed in, where its arrays can hold more: 8 for bfloat16
        that is handed over in float32.

    Raises
    ------
    InvalidSubject
        For an empty point, or a primal that is not a finite floating array.

    References
    ----------
    docs/architecture.md, "Subject".

    Examples
    --------
    >>> import numpy as np
    >>> square = Subject(
    ...     name="square", point={"x": np.array([1.0, 2.0])},
    ...     forward=lambda p: p["x"] ** 2, pullback=lambda p, v: {"x": 2 * p["x"] * v})
    >>> square.pullback(square.point, np.ones(2))["x"]
    array([2., 4.])
    """

    name: str
    point: Point
    forward: Callable[[Point], Output]
    pullback: Callable[[Point, Any], Mapping[str, Array]]
    jvp: Callable[[Point, Point], Output] | None = None
    fresh: Callable[[], Subject] | None = None
    parameters: tuple[str, ...] | None = None
    batch_axis: int | None = None
    accumulates: bool = False
    declared: Callable[[Point, Any], Mapping[str, Array]] | None = None
    reference: Callable[[Point], Output] | None = None
    second: Callable[[Point, Point], Output] | None = None
    vectorised: bool = False
    symmetric: bool = False
    unclaimed: Mapping[str, str] | None = None
    bits: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.point, Mapping) or not self.point:
            raise InvalidSubject(
                f"{self.name}: the point is {_seen(self.point)}; expected a non-empty mapping of name to array, "
                f'for example point={{"x": x, "w": w}}'
            )
        for role in ("forward", "pullback"):
            if not callable(getattr(self, role)):
                raise InvalidSubject(
                    f"{self.name}: {role} is {_seen(getattr(self, role))}; expected a function of the point"
                )
        arrays = {name: _floating(self.name, name, value) for name, value in self.point.items()}
        object.__setattr__(self, "point", MappingProxyType(arrays))
        unknown = [name for name in self.parameters or () if name not in arrays]
        if unknown:
            raise InvalidSubject(
                f"{self.name}: parameters names {unknown[0]!r}, which is not in the point; "
                f"the point has {', '.join(map(repr, arrays))}"
            )

    @property
    def eps(self) -> float:
        """Largest relative error of one rounding to `bits`; 0 where the arrays' dtypes say what it is."""
        return 0.0 if self.bits is None else 2.0**-self.bits

    def rounded(self, array: Array) -> Array:
        """``array`` in numbers of `bits` significand bits, so that the claim is computed of exactly these."""
        if self.bits is None or np.finfo(array.dtype).nmant < self.bits:
            return array
        if array.dtype.kind == "c":
            return np.asarray(self.rounded(array.real) + 1j * self.rounded(array.imag), dtype=array.dtype)
        fraction, exponent = np.frexp(array)
        return np.asarray(np.ldexp(np.round(np.ldexp(fraction, self.bits)), exponent - self.bits), dtype=array.dtype)


def _floating(subject: str, name: str, value: object) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        raise InvalidSubject(
            f"{subject}: primal {name!r} has dtype {array.dtype}; expected floating-point numbers. If it is "
            f"differentiated, give {name}.astype(float); if not (labels, masks, sizes), let the functions close over it"
        )
    if not finite(array):
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InvalidSubject(
            f"{subject}: primal {name!r} is {array[bad]} at {list(bad)}; a derivative exists only at finite points. "
            f"Give a point at which the function is defined"
        )
    return array


def finite(array: Array) -> bool:
    """Whether every entry is a finite number; the sum of their squares says so for most large arrays, and quicker."""
    if array.size > MANY and array.dtype.kind == "f" and array.flags.c_contiguous:
        flat = array.reshape(-1)
        with np.errstate(all="ignore"):
            if np.isfinite(flat @ flat):
                return True
    return bool(np.isfinite(array).all())


def equal(a: Array, b: Array) -> bool:
    """Whether two arrays of one shape hold equal numbers, one of them finite ones; quicker than NumPy's own question.

    Small ones are compared as bytes first. Of large ones the first rows are compared before all: most that differ do so
    there.
    """
    if a.shape != b.shape:
        return False
    if a.size <= FEW and a.dtype == b.dtype and a.tobytes() == b.tobytes():
        return True
    if a.size > MANY:
        few = max(1, MANY * len(a) // a.size)
        if not (a[:few] == b[:few]).all():
            return False
    return bool((a == b).all())


def _seen(value: object) -> str:
    shown = repr(value)
    return f"{shown[:60]}{'…' if len(shown) > 60 else ''} ({type(value).__name__})"


def named_outputs(output: Output) -> dict[str, Array]:
    """Forward's result as named arrays; a bare array has the empty name.

    Examples
    --------
    >>> named_outputs(np.float64(2.0))
    {'': array(2.)}
    """
    if isinstance(output, Mapping):
        return {str(name): np.asarray(value) for name, value in output.items()}
    return {"": np.asarray(output)}


def like_output(output: Output, named: Mapping[str, Array]) -> Any:
    """``named`` arrays in the form of forward's result: the inverse of `named_outputs`."""
    return dict(named) if isinstance(output, Mapping) else named[""]
