"""Make: the inputs of a case, and the target at its sizes; the same for the same case everywhere."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from checks import randomness
from checks.adapters.inputs import argument_names
from checks.adapters.state import method
from checks.adapters.ways import FORWARDS
from checks.drawn.layouts import LAYOUTS
from checks.drawn.notation import Argument
from checks.drawn.plan import ABSENT, Case, Plan
from checks.drawn.values import drawn
from checks.probes import generator
from checks.subject import Array, Point, Subject


def inputs(made: Plan, case: Case) -> list[Array]:
    """The inputs of a case.

    Parameters
    ----------
    made : Plan
        What the case was chosen from.
    case : mapping
        What was chosen.

    Returns
    -------
    list of ndarray
        Of the plan's dtype, integers and booleans as they are.
    """
    sizes = _sizes(made, case)
    found = []
    for i, name in enumerate(made.names):
        shape = _shape(made, case, i, sizes)
        kind = made.kinds.get(name, case["values"])
        entries = drawn(kind, generator(case["seed"], "values of a case", name, shape, kind), shape, sizes)
        found.append(entries.astype(made.dtype) if entries.dtype.kind == "f" else entries)
    return found


def _shape(made: Plan, case: Case, i: int, sizes: Mapping[str, int | None]) -> tuple[int, ...]:
    shape: list[int] = []
    for axis in made.axes(i):
        size = axis.fixed if axis.fixed is not None else sizes[axis.name]
        spread = case.get(f"{made.names[i]}.{axis.name}", "full")
        if size is None or (spread == ABSENT and not shape):  # as NumPy has it, only leading axes are missing
            continue
        shape.append(1 if spread != "full" else size)
    return tuple(shape)


def outputs(made: Plan, case: Case) -> list[tuple[int, ...]] | None:
    """The shapes that the outputs should have; None where nothing is said of them."""
    if made.signature.outputs is None:
        return None
    sizes = _sizes(made, case)
    shapes = [_shape(made, case, i, sizes) for i in range(len(made.names))]
    cores = [len(_core(axes, sizes)) for axes in made.signature.inputs]
    leading = np.broadcast_shapes(*(shape[: len(shape) - core] for shape, core in zip(shapes, cores, strict=True)))
    for name in {d.name for axes in made.signature.inputs for d in axes if d.broadcasts}:
        if not any(_full(made, case, i, name) for i in range(len(made.names))):
            sizes[name] = 1  # every input has it with size 1
    return [(*leading, *_core(axes, sizes)) for axes in made.signature.outputs]


def _full(made: Plan, case: Case, i: int, name: str) -> bool:
    has = any(d.name == name for d in made.signature.inputs[i])
    return has and case.get(f"{made.names[i]}.{name}", "full") == "full"


def _core(axes: Argument, sizes: Mapping[str, int | None]) -> tuple[int, ...]:
    """The core dimensions of an argument that are there."""
    found = (axis.fixed if axis.fixed is not None else sizes[axis.name] for axis in axes)
    return tuple(size for size in found if size is not None)


def _sizes(made: Plan, case: Case) -> dict[str, int | None]:
    return {name: None if case[name] == ABSENT else int(case[name]) for name in made.sizes}


def named(target: Any, n: int) -> tuple[str, ...]:
    """What the inputs of a target are called: as its forward calls them."""
    if isinstance(target, tuple | list) and target:
        return argument_names(target[0], n)
    inner = getattr(target, "f", target)
    if isinstance(inner, type) or not callable(inner) or hasattr(inner, "forward"):
        try:
            names = argument_names(method(inner, FORWARDS), n + isinstance(inner, type))
        except Exception:  # it has none; adapting it says so
            return tuple(f"x{k}" for k in range(n))
        return names[1:] if isinstance(inner, type) else names
    return argument_names(inner, n)


def at_sizes(target: Any, made: Plan, case: Case) -> Any:
    """The target: a constructor whose parameters are named like dimensions is given their sizes.

    What makes an object draws from global random states that start from the case's seed.
    """
    wanted = parameters(target)
    makes = isinstance(target, type) or (wanted is not None and set(wanted) <= set(made.sizes))
    if isinstance(target, Subject) or not makes:
        return target
    given = {name: case[name] for name in wanted or () if name in made.sizes}

    def make() -> Any:
        with _seeded(case["seed"]):
            return target(**given)

    make.__name__ = make.__qualname__ = getattr(target, "__name__", type(target).__name__)
    return make


def parameters(target: Any) -> list[str] | None:
    """The names of the parameters that a function or class must be given; None where it is neither."""
    if not (inspect.isfunction(target) or isinstance(target, type)):
        return None
    try:
        found = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):
        return None
    return [p.name for p in found if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    states = randomness.read()
    try:
        np.random.seed(seed)  # noqa: NPY002 - the global generator is what constructors draw from
        random.seed(seed)
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(seed)
        yield
    finally:
        randomness.restore(states)


def laid(subject: Subject, layout: str) -> Subject:
    """The same subject, whose functions are given their primals in another order of memory."""
    if layout == "C":
        return subject
    form = LAYOUTS[layout]

    def there(point: Point) -> dict[str, Array]:
        return {name: form(x) for name, x in point.items()}

    return replace(
        subject,
        forward=lambda point: subject.forward(there(point)),
        pullback=lambda point, v: subject.pullback(there(point), v),
        fresh=None if subject.fresh is None else lambda: laid(subject.fresh(), layout),  # type: ignore[misc]  # asked above
    )
