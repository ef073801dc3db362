"""Look: what one run at the caller's point shows of a target, before anything is measured."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from checks import randomness
from checks.adapters.torch.arrays import array_of
from checks.adapters.torch.held import depends_on, is_function_class, passed_through
from checks.adapters.torch.run import Run
from checks.calls import quietly
from checks.errors import InvalidSubject
from checks.subject import Array

IN_PLACE: Final = re.compile(r"leaf Variable that requires grad is being used in an in-place operation")
DOUBLE: Final = ("torch.float64", "torch.complex128")
NO_DERIVATIVE: Final = re.compile(r"derivative for .* is not implemented|not differentiable with respect to argument")


@dataclass(frozen=True)
class Looked:
    """What one run at the caller's point shows.

    Attributes
    ----------
    run : Run
        As it will be used.
    left : dict
        What is not audited, and why.
    dtypes : set of str
        Of the outputs, and, where no primal is in double precision, of what they are computed through.
    """

    run: Run
    left: dict[str, str]
    dtypes: set[str]


def look(run: Run, left: dict[str, str], *, given: bool) -> Looked:
    """Run it once: which outputs are differentiable, what it depends on beside, whether it writes into its inputs."""
    if not run.primals:
        raise InvalidSubject(
            "nothing to differentiate: no input and no parameter holds floating-point numbers and requires grad; "
            "expected at least one. Give x.double() if x is what the gradient is taken of"
        )
    held, is_module = run.callee.held, run.callee.is_module
    try:
        return _seen(run, left)
    except InvalidSubject:
        raise
    except Exception as raised:
        others = _others(run, left, str(raised), given=given)
    for attempt, without in others:
        with suppress(Exception):
            return _seen(attempt, without)
    primals = {n: t for n, t in run.primals.items() if n not in held or is_module}
    return Looked(replace(run, primals=primals or run.primals), left, set())


def _others(run: Run, left: dict[str, str], said: str, *, given: bool) -> list[tuple[Run, dict[str, str]]]:
    """What else to try where the first run said this."""
    if IN_PLACE.search(said):
        return [(replace(run, in_place=True), left)]
    if given or not NO_DERIVATIVE.search(said):
        return []
    made = []
    for name in reversed([n for n in run.primals if n not in run.callee.held]):
        fewer = {n: t for n, t in run.primals.items() if n != name}
        made.append((replace(run, primals=fewer), {**left, name: "torch has no derivative by it"}))
    return made


def _seen(run: Run, left: dict[str, str]) -> Looked:
    torch = sys.modules["torch"]
    point = {n: array_of(t).copy() for n, t in run.primals.items()}
    states = randomness.read()
    try:
        with quietly(), run.ran(point) as (outs, used):
            live = {n: t for n, t in outs.items() if t.requires_grad}
            if live:  # what has no derivative may say so only here
                ones = [torch.ones_like(t) for t in live.values()]
                torch.autograd.grad(list(live.values()), list(used.values()), ones, allow_unused=True)
            if not outs:
                raise InvalidSubject("it returns no tensor of floating-point numbers; expected at least one")
            ends = {id(t): t for t in depends_on(live.values())}
            dtypes = {str(t.dtype) for t in outs.values()}
            if not any(str(t.dtype) in DOUBLE for t in used.values()):
                dtypes |= passed_through(live.values())
            drawn = bool(randomness.drawn(states))
    finally:
        randomness.restore(states)
    held, is_module = run.callee.held, run.callee.is_module
    primals = {n: t for n, t in run.primals.items() if n not in held or is_module or id(t) in ends}
    left = {n: why for n, why in left.items() if n not in held or is_module or id(held[n]) in ends}
    left |= {n or "output": "an output that does not require grad" for n in outs if live and n not in live}
    known = {id(t) for t in (*used.values(), *held.values())}
    left |= {f"a tensor of shape {tuple(t.shape)}": "" for i, t in ends.items() if i not in known}
    looked = replace(run, kept=tuple(live or outs), primals=primals, drawn=drawn)
    return Looked(looked, left, dtypes)


def forward_mode(run: Run, target: Any, point: Mapping[str, Array], asked: bool | None) -> bool:
    """Whether forward mode is claimed: as ``asked``, by a Function's own jvp, or where torch has it for all calls."""
    torch = sys.modules["torch"]
    if asked is not None:
        return asked
    if run.wrap is not None or (not run.callee.is_module and any(n in run.callee.held for n in point)):
        return False
    if is_function_class(target) and target.jvp is not torch.autograd.Function.jvp:
        return True
    states = randomness.read()
    try:
        with quietly():
            run.jvp(point, point)
    except Exception:  # not implemented for something that is called
        return False
    finally:
        randomness.restore(states)
    return True
