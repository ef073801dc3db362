"""Global random states: saved, compared, and put back, so that an audit leaves them as they were."""

from __future__ import annotations

import _random
import ctypes
import random
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

States = Mapping[str, Any]
"""One state for each source that is loaded."""
STATE_BYTES: Final = 2500
"""Of a Mersenne twister: 624 words and the place of the next."""


class Source(NamedTuple):
    """A global generator: the module that must be loaded for it to matter; its state is read, compared and put back."""

    module: str
    read: Callable[[], Any]
    unchanged: Callable[[Any], bool]
    write: Callable[[Any], None]


class Seen(NamedTuple):
    """A generator, its state, and what lies in that memory, None where that is not known."""

    generator: Any
    state: Any
    memory: Any


Look = Callable[[], Any]
"""Gives all that a state lies in, as it is now."""


class InMemory:
    """A state that takes long to read and lies in memory that is looked at in no time: it is read where that changed.

    Parameters
    ----------
    generator, memory, read : callable
        They give the generator, what looks at the memory that its whole state lies in, if that is known, and the state.
    write : callable
        Takes what was seen and puts it back.
    """

    def __init__(
        self,
        generator: Callable[[], Any],
        memory: Callable[[Any], Look | None],
        read: Callable[[], Any],
        write: Callable[[Seen], None],
    ) -> None:
        self._generator, self._memory, self._read, self._write = generator, memory, read, write
        self._last: Seen | None = None
        self._look: tuple[Any, Look | None] = None, None  # and whose memory that is

    def read(self) -> Seen:
        """The state, and what it is recognised by."""
        generator = self._generator()
        memory = self._seen(generator)  # before the state: what another thread draws in between shows later
        last = self._last
        if last is None or memory is None or memory != last.memory or generator is not last.generator:
            last = self._last = Seen(generator, self._read(), memory)
        return last

    def unchanged(self, seen: Seen) -> bool:
        """Whether all is as it was seen."""
        generator = self._generator()
        if generator is not seen.generator:
            return False
        if seen.memory is not None and self._seen(generator) == seen.memory:
            return True
        return _same(_parts(self._read()), _parts(seen.state))  # more than the state may lie there

    def _seen(self, generator: Any) -> Any:
        known = self._look
        if known[0] is not generator:
            known = self._look = generator, self._memory(generator)
        return known[1]() if known[1] else None

    def write(self, seen: Seen) -> None:
        """Put it back, where it has changed."""
        if not self.unchanged(seen):
            self._write(seen)


def _beside_header(thing: Any, kind: type) -> Any:
    """What CPython keeps of an object of a ``kind`` that is written in C; None elsewhere, and of other objects."""
    if sys.implementation.name != "cpython" or not isinstance(thing, kind):
        return None
    start, stop = object.__basicsize__, kind.__basicsize__
    return (ctypes.c_char * (stop - start)).from_address(id(thing) + start)


def _numpy_memory(generator: Any) -> Look | None:
    """The words of the generator; and the object around it, which a normal number that is left over lies in.

    As do constants of the last binomial distribution, which are no part of the state.
    """
    around = np.random.mtrand._rand
    rest = _beside_header(around, type(around))
    if type(generator) is not np.random.MT19937 or rest is None:
        return None
    words = (ctypes.c_char * STATE_BYTES).from_address(generator.ctypes.state_address)
    return lambda: (words.raw, rest.raw, np.random.mtrand._rand is around)


def _bit_generator() -> Any:
    return np.random.get_bit_generator()  # type: ignore[attr-defined]  # missing from the stubs


def _numpy_back(seen: Seen) -> None:
    if _bit_generator() is not seen.generator:
        np.random.set_bit_generator(seen.generator)  # type: ignore[attr-defined]  # missing from the stubs
    np.random.set_state(seen.state)  # noqa: NPY002 - it is what code without a seed draws from


def _python_memory(own: Any) -> Look | None:
    words = _beside_header(own, _random.Random)
    return None if words is None else lambda: (words.raw, own.gauss_next)


NUMPY: Final = InMemory(
    _bit_generator,
    _numpy_memory,
    lambda: np.random.get_state(legacy=False),  # noqa: NPY002 - it is what code without a seed draws from
    _numpy_back,
)
PYTHON: Final = InMemory(
    lambda: random._inst,  # whose methods the module's functions are
    _python_memory,
    random.getstate,
    lambda seen: random.setstate(seen.state),
)


def _torch() -> Any:
    """The state of the CPU's generator, and of each GPU's where there is one in use."""
    torch = sys.modules["torch"]
    return (torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else ()))


def _torch_unchanged(state: Any) -> bool:
    now = _torch()
    return len(now) == len(state) and all(a.equal(b) for a, b in zip(now, state, strict=True))


def _torch_back(state: Any) -> None:
    torch = sys.modules["torch"]
    torch.set_rng_state(state[0])
    if state[1:]:
        torch.cuda.set_rng_state_all(state[1:])


def _tensorflow() -> Any:
    """The state that operations without a seed draw theirs from; None where no global seed is set."""
    context = sys.modules["tensorflow.python.eager.context"].context()
    return None if context._seed is None else context._rng.getstate()


def _tensorflow_unchanged(state: Any) -> bool:
    return bool(_tensorflow() == state)


def _tensorflow_back(state: Any) -> None:
    module = sys.modules["tensorflow.python.eager.context"]
    context = module.context()
    if state is not None and context._rng.getstate() != state:
        context._rng.setstate(state)
        module.pywrap_tfe.TFE_ContextClearCaches(context._context_handle)  # kernels count what they have drawn


SOURCES: Final[Mapping[str, Source]] = {
    "numpy.random": Source("numpy.random", NUMPY.read, NUMPY.unchanged, NUMPY.write),
    "random": Source("random", PYTHON.read, PYTHON.unchanged, PYTHON.write),
    "torch": Source("torch", _torch, _torch_unchanged, _torch_back),
    "tensorflow": Source("tensorflow.python.eager.context", _tensorflow, _tensorflow_unchanged, _tensorflow_back),
}
"""Global generators; the others (jax, Generator objects) belong to somebody and have no state that we could reach."""


def read() -> States:
    """The states of all sources that are loaded."""
    return {name: s.read() for name, s in SOURCES.items() if hasattr(sys.modules.get(s.module), "__name__")}


def restore(states: States) -> None:
    """Put ``states`` back."""
    for name, state in states.items():
        SOURCES[name].write(state)


def drawn(since: States) -> tuple[str, ...]:
    """The sources that were drawn from since ``since``.

    Examples
    --------
    >>> before = read()
    >>> _ = random.random()
    >>> drawn(before)
    ('random',)
    >>> restore(before)
    >>> drawn(before)
    ()
    """
    return tuple(name for name, state in since.items() if not SOURCES[name].unchanged(state))


def _parts(state: Any) -> tuple[Any, ...]:
    """What a state is made of, mappings in mappings laid out."""
    if isinstance(state, Mapping):
        return tuple(part for value in state.values() for part in _parts(value))
    return state if isinstance(state, tuple) else (state,)


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
