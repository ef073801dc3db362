"""Ground: what every law starts from, and what a row of the law table is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import isfinite
from typing import Any, Final

import numpy as np

from checks.calls import Calls, flat, quietly, unflat
from checks.groups import spreads
from checks.laws.raised import RaisedError
from checks.numeric.line import OutOfBudgetError
from checks.probes import signed
from checks.rows import Rows, Spread
from checks.subject import Array, Output, Point, finite, named_outputs
from checks.verdict import Verdict

SPARE: Final = 3  # bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every law starts from: the caller's point, the outputs there, one cotangent and its pullback.

    Attributes
    ----------
    calls : Calls
        The subject's functions, counted.
    output : ndarray or mapping
        forward at the point.
    cotangent : ndarray of shape (m,)
        A dense cotangent of both signs, flat; 0 where the output is not finite.
    claim : mapping, optional
        Its pullback, as the subject returned it, if it was asked already.
    rng : callable
        law name -> numpy.random.Generator.
    resolution : float or None
        As asked for.
    laws : collection of str
        Those that are held: what one pays for another may use.
    memo : dict
        What one law has paid for and another may use.
    """

    calls: Calls
    output: Output
    cotangent: Array
    rng: Callable[[str], np.random.Generator]
    resolution: float | None
    claim: dict[str, Array] | None = None
    laws: Collection[str] = ()
    memo: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def point(self) -> Point:
        """The caller's point."""
        return self.calls.point

    @property
    def spreads(self) -> Mapping[str, Spread]:
        """How large the entries of every primal are."""
        found: Mapping[str, Spread] = self.once("spreads", lambda: spreads(self.point))
        return found

    @property
    def gradient(self) -> dict[str, Array]:
        """`claim`, asked now where it was not yet; raises `RaisedError` if that raises."""
        return self.pulled("pullback", self.cotangent) if self.claim is None else self.claim

    @property
    def wellformed(self) -> dict[str, Array]:
        """The claimed gradients that have their primal's shape and are finite."""
        found: dict[str, Array] = self.once("wellformed", lambda: wellformed(self.point, self.gradient))
        return found

    @property
    def declared(self) -> Mapping[str, Array]:
        """The pullback of the cotangent that is wanted on purpose; empty where none is declared."""
        if self.calls.subject.declared is None:
            return {}
        found: Mapping[str, Array] = self.once("declared", lambda: self.wanted("declared(v)", self.cotangent))
        return found

    def wanted(self, said: str, v: Array) -> dict[str, Array]:
        """The declared pullback of ``v``; raises `RaisedError` where it raises."""
        declared = self.calls.subject.declared
        assert declared is not None  # noqa: S101 - asked only where it is there
        try:
            with quietly():
                return {n: np.array(g) for n, g in declared(self.point, unflat(v, self.output)).items()}
        except Exception as raised:
            raise RaisedError(said, raised) from raised

    @property
    def usable(self) -> dict[str, Array]:
        """Those that are held to the derivative: well formed, and not declared to be something else."""
        declared = self.declared
        return {n: g for n, g in self.wellformed.items() if n not in declared} if declared else self.wellformed

    @property
    def judged(self) -> tuple[str, ...]:
        """The names of `usable`."""
        names: tuple[str, ...] = self.once("judged", lambda: tuple(self.usable))
        return names

    def release(self) -> None:
        """Let go of all gradients, for the memory that they take: from here on their names are enough.

        Not where a law has failed: what it saw is what explains it.
        """
        kept = {"judged": self.judged, "spreads": self.spreads}
        if self.memo.get("failed"):
            return
        self.memo.clear()
        self.memo.update(kept)
        self.gradient.clear()
        self.calls.room.spare()

    def forget(self, said: str) -> None:
        """Let go of what a law was answered under this name, once it holds and no other law asks for it."""
        if not self.memo.get("failed"):
            self.memo.pop(said, None)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, the first time that any law asks for ``name``; afterwards the same again."""
        if name not in self.memo:
            self.memo[name] = make()
        return self.memo[name]

    @property
    def second(self) -> Array:
        """A second cotangent, of the same kind as the first."""
        bits = self.calls.subject.bits
        w: Array = self.once("second", lambda: cotangent(self.rng("second cotangent"), self.output, bits))
        return w

    def pull(self, said: str, v: Array, point: Point | None = None, **how: Any) -> dict[str, Any]:
        """The pullback of ``v`` (flat, of shape (m,)), quietly; the rest as for `pull_formed`."""
        return self.pull_formed(said, unflat(v, self.output), point or self.point, **how)

    def pull_formed(self, said: str, v: Any, point: Point, **how: Any) -> dict[str, Any]:
        """The pullback of ``v``, which has the form of an output at ``point``.

        Parameters
        ----------
        said : str
            How messages call this call.
        v : ndarray or mapping
            The cotangent.
        point : mapping
            Where.
        **how
            What `Calls.pullback` takes beside.

        Raises
        ------
        RaisedError
            With the words and the place of whatever the pullback raised.
        """
        try:
            with quietly():
                return self.calls.pullback(point, v, **how)
        except OutOfBudgetError:
            raise
        except Exception as raised:
            raise RaisedError(said, raised) from raised

    def pulled(self, said: str, v: Array) -> dict[str, Any]:
        """`pull`, asked once under this name."""
        found: dict[str, Any] = self.once(said, lambda: self.pull(said, v))
        return found

    def holds(self, said: str, v: Array, check: Callable[[dict[str, Any]], bool], **how: Any) -> bool:
        """Whether the pullback of ``v`` passes a check, which asks for no other; kept under this name where not.

        And where a law has failed: what was seen may explain it. ``v`` is flat, of shape (m,); the rest as for `pull`.
        """
        if said in self.memo:
            return check(self.memo[said])
        found = self.pull(said, v, keep=False, **how)
        held = check(found)
        if not held or self.memo.get("failed"):
            self.calls.keep(found)
            self.memo[said] = found
        return held


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One row of the table.

    Attributes
    ----------
    sentence : str
        What must hold.
    exists_for : str
        The mistakes that it catches.
    forwards, pullbacks : int
        What it costs for a right ordinary gradient, alone.
    run : callable
        Ground -> verdicts; none where the subject does not say what it needs.
    needs : str
        What a Subject must declare for the law to be held; empty where nothing.
    """

    sentence: str
    exists_for: str
    forwards: int
    pullbacks: int
    run: Callable[[Ground], list[Verdict]] = field(repr=False)
    needs: str = ""


def cotangent(rng: np.random.Generator, output: Output, bits: int | None = None) -> Array:
    """A dense cotangent of both signs for ``output``, flat; 0 where the output is not finite.

    Its entries leave `SPARE` bits of the outputs' coarsest dtype, or of ``bits``, free, so that sums of two and
    products with 3 and 5 are exact in it: what a pullback shows of them is its own.
    """
    values = flat(output)
    v = signed(rng, values.shape)
    if values.dtype.kind == "c":
        v = v + 1j * signed(rng, values.shape)
    kinds = (v.dtype, *(a.dtype for a in named_outputs(output).values() if a.dtype.kind in "fc"))
    bits = min(bits or 53, *map(_digits, kinds))
    grid = 2.0 ** (bits - SPARE)
    return np.where(np.isfinite(values), np.round(v * grid) / grid, 0.0)


@cache
def _digits(dtype: np.dtype[Any]) -> int:
    return int(np.finfo(dtype).nmant) + 1


def wellformed(point: Point, gradient: Mapping[str, Any]) -> dict[str, Array]:
    """The gradients that have their primal's shape and are finite."""
    if type(gradient) is Rows and all(isfinite(s.largest) for s in gradient.spreads.values()):
        return gradient
    return {n: np.asarray(g) for n, g in gradient.items() if n in point and not misshapen(point[n], g)}


def misshapen(x: Array, g: Any) -> str:
    """What is wrong with a gradient that should have its primal's shape and be finite; empty where nothing is."""
    if g is None:
        return "is None"
    g = np.asarray(g)
    if g.dtype.kind not in "fciu":
        return f"has dtype {g.dtype}; expected numbers like the primal's {x.dtype}"
    if g.shape != x.shape:
        return f"has shape {g.shape}; the primal has {x.shape}"
    if not finite(g):
        at = [int(i) for i in np.argwhere(~np.isfinite(g))[0]]
        return f"is {g[tuple(at)]} at {at}, where the forward is finite"
    return ""
