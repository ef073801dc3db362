"""Calls: the one place through which a subject's functions are called; counts, bounds and protects."""

from __future__ import annotations

import operator
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from checks import randomness
from checks.budget import Budget as Budget
from checks.displaced import unmoved
from checks.handed import Buffers, Form, changes, copies
from checks.numeric.line import OutOfBudgetError
from checks.quiet import quietly as quietly
from checks.rows import Rows
from checks.subject import Array, Output, Point, Subject, named_outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an audit spent: calls of forward and pullback, and seconds of wall time."""

    forward: int = 0
    pullback: int = 0
    seconds: float = 0.0


class Calls:
    """A subject's functions: counted, within a budget, and given arrays of ours, which are looked at after each call.

    Where the forward draws from a global random state, every call starts from the state that the audit found: one
    frozen draw is judged.

    Attributes
    ----------
    writes : dict
        What a function wrote into, by (function, what), in words: the first time it was seen.
    frozen : tuple of str
        The global random states that the forward draws from.
    lenient : bool
        The forward is not finite everywhere at the caller's point: gradients that are not finite count as 0 there.
    compares : bool
        What was handed over is looked at afterwards; where no law asks what was written into, that need not be.
    trusts : bool
        A function that has once left a point as it was is taken to leave it so: it is looked at when the memory is
        needed for another point, not after every call. Whether that was right is what `trusted_rightly` says.
    betrayed : bool
        It was not.
    stacks : int
        Forward passes that took several copies of the point at once.
    one_by_one : str
        Why no more do, although the subject says that it is vectorised.
    room : Room
        Memory that copies are made in.
    proof : bool or None
        Whether every tensor is to be proved (True), those that stay open (None), or none (False).
    """

    def __init__(self, subject: Subject, budget: Budget) -> None:
        self.subject = subject
        self.budget = budget
        self.forwards = 0
        self.pullbacks = 0
        self.started = time.perf_counter()
        self.writes: dict[tuple[str, str], str] = {}
        self.frozen: tuple[str, ...] = ()
        self.lenient = False
        self.stacks = 0
        self.one_by_one = ""
        self.proof: bool | None = None
        self.states = randomness.read()
        self.compares = True
        self.trusts = self.betrayed = False
        self._clean: set[str] = set()  # functions that have left a point as it was
        self._buffers = Buffers()
        self.room = self._buffers.room
        self._home: tuple[Point, Point] = ({}, {})

    @property
    def point(self) -> Point:
        """The subject's own point; one of few numbers is kept in a row."""
        own = self.subject.point
        if self._home[0] is not own:
            self._home = own, Rows.of(own) or own
        return self._home[1]

    @property
    def cost(self) -> Cost:
        """What was spent so far."""
        return Cost(forward=self.forwards, pullback=self.pullbacks, seconds=time.perf_counter() - self.started)

    def trusted_rightly(self) -> bool:
        """Whether all was as it had been, where it was looked at later."""
        slipped = self._buffers.settle()
        self.betrayed = self.betrayed or slipped
        return not slipped

    def _spend(self) -> None:
        if self.budget.passes is not None and self.forwards >= self.budget.passes:
            raise OutOfBudgetError(f"the budget of {self.budget.passes} forward passes is spent")
        if self.budget.seconds is not None and time.perf_counter() - self.started >= self.budget.seconds:
            raise OutOfBudgetError(f"the budget of {self.budget.seconds:g} seconds is spent")
        self.forwards += 1
        if self.frozen:
            randomness.restore(self.states)

    def forward(self, point: Point) -> Output:
        """One forward pass at the caller's own point, its warnings the caller's."""
        self._spend()
        held = self._buffers.lend(point)
        given, later = dict(held), self._later("forward")
        output = self.subject.forward(given)
        same = self._same("forward", held, given, point, later=later)
        if self.forwards == 1:
            self.frozen = randomness.drawn(self.states)
        several = type(output) is not np.ndarray and isinstance(output, Mapping)
        named = dict(output) if several else {"": output}
        del output, given
        found = {name: self._numbers(named, name) for name in named}
        self._buffers.back(held, point if same else None, later=later)
        return found if several else found[""]

    def forward_quietly(self, point: Point, *, watched: bool = False) -> Array:
        """One forward pass at a point that we chose: outputs as one flat array, warnings silenced.

        Where there is a reference it is measured in the forward's place. What it writes into the point goes unnoticed
        unless ``watched``. Whatever is raised is for the caller to read as the edge of the domain.
        """
        self._spend()
        held = self._buffers.lend(point, watched=watched)
        given, later = dict(held), watched and self._later("forward")
        with quietly():
            made = {"": (self.subject.reference or self.subject.forward)(given)}
            same = watched and self._same("forward", held, given, point, later=later)
            del given
            several = type(made[""]) is not np.ndarray and isinstance(made[""], Mapping)
            output = flat(made[""]) if several else np.asarray(self._buffers.keep(made, "")).reshape(-1)
        self._buffers.back(held, point if same else None, later=later)
        return output

    def forward_exactly(self, point: Point) -> Array:
        """One forward pass on exact numbers, which are handed over as they are: outputs as one flat array."""
        self._spend()
        with quietly():
            return np.array(flat((self.subject.reference or self.subject.forward)(point)))

    def forward_stacked(self, points: Sequence[Point]) -> list[Array]:
        """One forward pass of several copies of the point, stacked along a new first axis: outputs of each, flat."""
        self._spend()
        self.stacks += 1
        stack = {name: np.stack([p[name] for p in points]) for name in points[0]}
        with quietly():
            output = self.subject.forward(stack)
            named = named_outputs(output)
            if any(a.shape[:1] != (len(points),) for a in named.values()):
                raise MalformedError(f"{len(points)} copies gave outputs of shapes {[a.shape for a in named.values()]}")
            several = isinstance(output, Mapping)
            each = ({name: a[i] for name, a in named.items()} for i in range(len(points)))
            return [np.array(flat(one if several else one[""])) for one in each]

    def jvp(self, point: Point, tangent: Point) -> Array:
        """One pass of forward mode, counted as a forward pass: outputs' tangents as one flat array."""
        self._spend()
        held, along = copies(point), copies(tangent)
        given, given_along = dict(held), dict(along)
        with quietly():
            output = np.array(flat(self.subject.jvp(given, given_along)))  # type: ignore[misc]  # claimed
        self._same("jvp", held, given, point)
        self._same("jvp", along, given_along, tangent, "the tangent")
        return output

    def second(self, point: Point, tangent: Point) -> Array:
        """The forward's derivative by another way, counted as a forward pass: outputs' tangents as one flat array."""
        self._spend()
        with quietly():
            return np.array(flat(self.subject.second(point, tangent)))  # type: ignore[misc]  # asked where it is there

    def pullback(
        self,
        point: Point,
        cotangent: Any,
        form: Form | None = None,
        of: Subject | None = None,
        *,
        keep: bool = True,
    ) -> dict[str, Any]:
        """One pullback, on arrays of ours; what is returned is ours as well (buffers are reused).

        ``form`` makes the copies that are handed over; ``of`` is another subject's. Where the claim adds into a buffer,
        each call has a buffer of its own. What is looked at before the next call, and then no more, need not be copied:
        that is ``keep=False``.
        """
        self.pullbacks += 1
        subject = of or self.subject
        if subject.accumulates and subject.fresh is not None and of is None:
            subject = subject.fresh()
        if self.frozen:
            randomness.restore(self.states)
        several = type(cotangent) is not np.ndarray and isinstance(cotangent, Mapping)
        before = cotangent if several else {"": cotangent}
        lent = self._buffers.lend(point)
        held = lent if form is None else copies(lent, form)
        own = form is None or all(map(operator.is_, held.values(), lent.values()))
        later = own and self._later("pullback")
        upstream = copies(before, form or np.array)
        for name in before if form else ():
            if upstream[name] is before[name]:  # a form may leave an array as it is
                upstream[name] = np.array(before[name])
        given, given_upstream = dict(held), dict(upstream)
        gradient = subject.pullback(given, given_upstream if several else upstream[""])
        same = self._same("pullback", held, given, point, later=later)
        self._same("pullback", upstream, given_upstream, before, "the cotangent")
        del held, given, given_upstream, upstream  # what is kept may be copied to where they were
        if type(gradient) is not dict and not isinstance(gradient, Mapping):
            raise MalformedError(
                f"it returned {type(gradient).__name__}; expected a mapping of primal to gradient, "
                f"such as {{{', '.join(f'{n!r}: …' for n in list(point)[:2])}}}"
            )
        found: dict[str, Any] = {str(k): v for k, v in gradient.items()}
        del gradient
        home = unmoved(point)
        together = Rows.of(found, home.layout) if type(home) is Rows and not self.lenient else None
        for name in () if together else found:
            if found[name] is not None:
                found[name] = self._buffers.keep(found, name, home.get(name)) if keep else np.asarray(found[name])
                if self.lenient:
                    found[name] = _finite(found[name])
        self._buffers.back(lent, point if same else None, later=later or (self.trusts and not own))
        return together or found

    def keep(self, gradient: dict[str, Any]) -> None:
        """Copy what a pullback returned with ``keep=False``, unless it is ours already."""
        for name in () if type(gradient) is Rows else gradient:
            if gradient[name] is not None:
                gradient[name] = self._buffers.keep(gradient, name, self.subject.point.get(name))

    def _numbers(self, outputs: dict[str, Any], name: str) -> Array:
        try:
            array: Array = self._buffers.keep(outputs, name)
        except ValueError:  # a ragged list
            array = np.array(None)
        if array.dtype.kind not in "fciub":
            said = type(outputs[name]).__name__
            raise MalformedError(f"it returned {said}; expected an array of numbers, or a mapping of them")
        return array

    def _later(self, function: str) -> bool:
        """Whether the entries of the point need not be compared as soon as ``function`` is done."""
        return self.trusts and function in self._clean and not self.writes

    def _same(
        self, function: str, held: Any, given: Any, before: Point, what: str = "the primal", *, later: bool = False
    ) -> bool:
        if not self.compares:
            return False
        written = list(changes(held, given, before, later=later))
        if not written and what == "the primal":
            self._clean.add(function)
        for name, words in written:
            self.writes.setdefault((function, f"{what} {name!r}" if name else what), words)
        return not written


class MalformedError(TypeError):
    """What a function returned has not the form that it must have."""


def _finite(g: Array) -> Array:
    return np.where(np.isfinite(g), g, 0) if g.dtype.kind in "fc" else g


def flat(output: Output) -> Array:
    """Forward's result as one flat array of its widest dtype, outputs in the order they have."""
    if isinstance(output, np.ndarray) or not isinstance(output, Mapping):
        return np.asarray(output).ravel()
    parts = [np.ravel(a) for a in named_outputs(output).values()]
    return np.concatenate(parts) if parts else np.zeros(0)


def unflat(vector: Array, like: Output) -> Any:
    """The inverse of `flat`: a cotangent in the form and shapes of ``like``."""
    if not isinstance(like, Mapping):
        return _shaped(vector, np.asarray(like))
    made, start = {}, 0
    for name, a in named_outputs(like).items():
        made[name] = _shaped(vector[start : start + a.size], a)
        start += a.size
    return made


def _shaped(part: Array, like: Array) -> Array:
    """``part`` in the shape and dtype of ``like``; its real part where that is real beside complex outputs."""
    kept = part.real if part.dtype.kind == "c" and like.dtype.kind != "c" else part
    return kept.reshape(like.shape).astype(like.dtype, copy=False)
