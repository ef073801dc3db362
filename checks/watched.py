"""Watched: arrays that tell what a function does with them, and where in its code; any such step can be changed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from checks.subject import Array

DEPTH: Final = 3  # callers that tell one use of a helper from another
MOST: Final = 5_000_000  # numbers that are kept of what was seen
OURS: Final = (str(Path(np.__file__).parent), __file__)  # code that steps are not told by

Site = tuple[Any, ...]
"""What is done, and the places in the code from which it was asked for."""


class Step(NamedTuple):
    """One thing done with watched arrays.

    Attributes
    ----------
    site : Site
        Where in the code: the same each time that this place is come by.
    name : str
        Of NumPy's function: "tanh", "matmul", "einsum", or "setitem", "astype".
    operands : tuple
        What it was done to, plain.
    result : ndarray
        What came of it; of "setitem" the array before it was written into.
    upstream : bool
        It depends on the cotangent.
    options : mapping
        Keyword arguments.
    """

    site: Site
    name: str
    operands: tuple[Any, ...]
    result: Array
    upstream: bool
    options: Mapping[str, Any]


Change = Callable[[Step, int], Any]
"""(a step, how often its site was come by before) -> what its result shall be instead."""


class Watch:
    """What is seen of one call, or changed in it.

    Parameters
    ----------
    changes : mapping of Site to Change
        What is to be done differently; nothing is kept then.

    Attributes
    ----------
    steps : list of Step
        What was seen, in order.
    numbers : int
        How many numbers that took; above `MOST` the rest is left out.
    over : bool
        The call is over: arrays that somebody has kept are as any other from then on.
    """

    def __init__(self, changes: Mapping[Site, Change] | None = None) -> None:
        self.changes = changes
        self.steps: list[Step] = []
        self.numbers = 0
        self.over = False
        self.times: Counter[Site] = Counter()

    def lend(self, array: Array, *, upstream: bool) -> Array:
        """A copy that is watched; the cotangent, which is the first step of the way back, may be changed too."""
        made = np.array(array)
        if upstream:
            made = np.array(self.seen("upstream", (), made, True, {}, site=("upstream",)))
        lent: Array = _watched(made, self, upstream=upstream)
        return lent

    def seen(
        self,
        name: str,
        operands: tuple[Any, ...],
        result: Array,
        upstream: bool,
        options: Mapping[str, Any],
        site: Site = (),
    ) -> Array:
        """Note a step, or change it: its result from now on."""
        site = site or _site(name)
        if self.changes is None:
            self.numbers += result.size + sum(np.size(a) for a in operands if isinstance(a, np.ndarray))
            if self.numbers <= MOST:
                kept = tuple(np.array(a) if isinstance(a, np.ndarray) else a for a in operands)
                self.steps.append(Step(site, name, kept, np.array(result), upstream, options))
        elif site in self.changes:
            k = self.times[site]
            self.times[site] += 1
            return np.asarray(self.changes[site](Step(site, name, operands, result, upstream, options), k))
        return result


class Watched(np.ndarray[Any, Any]):
    """An array that is watched."""

    watch: Watch | None
    upstream: bool

    def __array_finalize__(self, obj: Any) -> None:
        self.watch, self.upstream = getattr(obj, "watch", None), getattr(obj, "upstream", False)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: tuple[Any, ...] = (), **options: Any
    ) -> Any:
        """Do it with plain arrays, and note it."""
        watch, upstream = _of((inputs, out))
        given, options = _plain(inputs), _plain(options)
        operands = tuple(np.array(a) if isinstance(a, np.ndarray) else a for a in given) if out else given
        into = {"out": _plain(out)} if out else {}
        result = getattr(ufunc, method)(*given, **into, **options)
        if result is None or isinstance(result, tuple) or watch is None:
            return result
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        seen = watch.seen(name, operands, np.asarray(result), upstream, options)
        if out:
            if seen is not result:
                np.copyto(into["out"][0], seen, casting="unsafe")
            seen = into["out"][0]
            if isinstance(out[0], Watched):
                out[0].upstream = out[0].upstream or upstream
                return out[0]
        return _watched(seen, watch, upstream=upstream)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Do it with plain arrays, and note it as one step."""
        watch, upstream = _of((args, kwargs))
        operands, options = _plain(args), _plain(kwargs)
        result = func(*operands, **options)
        if watch is None or not isinstance(result, np.ndarray | np.generic):
            if isinstance(result, tuple | list) and watch is not None:
                parts = [_watched(a, watch, upstream=upstream) if isinstance(a, np.ndarray) else a for a in result]
                return parts if isinstance(result, list) else tuple(parts)
            return result
        seen = watch.seen(func.__name__, tuple(operands), np.asarray(result), upstream, options)
        return _watched(seen, watch, upstream=upstream)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Write into it, and note what was there before."""
        own, (watch, upstream) = self.view(np.ndarray), _of((self, value))
        at, new = _plain(key), _plain(value)
        if watch is None:
            own[at] = new
            return
        before = np.array(own)
        seen = watch.seen("setitem", (own, at, new), before, upstream, {})
        if seen is before:
            own[at] = new
        else:
            own[...] = seen
        self.upstream = upstream

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Convert it, and note that."""
        own = self.view(np.ndarray)
        made = own.astype(dtype, *args, **kwargs)
        if self.watch is None or self.watch.over:
            return made
        return _watched(self.watch.seen("astype", (own,), made, self.upstream, {}), self.watch, upstream=self.upstream)

    def dot(self, other: Any, out: Any = None) -> Any:
        """As `numpy.dot`."""
        return np.dot(self, other) if out is None else np.dot(self, other, out)


def _watched(array: Any, watch: Watch, *, upstream: bool) -> Any:
    made = np.asarray(array).view(Watched)
    made.watch, made.upstream = watch, upstream
    return made


def _plain(given: Any) -> Any:
    """The same without watched arrays, in lists and mappings too."""
    if isinstance(given, Watched):
        return given.view(np.ndarray)
    if isinstance(given, tuple) and type(given) is tuple:
        return tuple(_plain(a) for a in given)
    if isinstance(given, list):
        return [_plain(a) for a in given]
    return {k: _plain(a) for k, a in given.items()} if type(given) is dict else given


def _of(given: Any) -> tuple[Watch | None, bool]:
    """The watch of what is given, and whether any of it depends on the cotangent."""
    found = list(_inside(given))
    open_ = (a.watch for a in found if a.watch is not None and not a.watch.over)
    return next(open_, None), any(a.upstream for a in found)


def _inside(given: Any) -> Iterator[Watched]:
    if isinstance(given, Watched):
        yield given
    elif isinstance(given, tuple | list):
        for a in given:
            yield from _inside(a)
    elif type(given) is dict:
        for a in given.values():
            yield from _inside(a)


def _site(name: str) -> Site:
    frame, chain = sys._getframe(2), list[Any]()
    while frame is not None and len(chain) < DEPTH:
        if not frame.f_code.co_filename.startswith(OURS):
            chain.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back  # type: ignore[assignment]  # None at the outermost
    return (name, *chain)
