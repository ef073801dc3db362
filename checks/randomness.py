"""Global random states: saved, compared, and put back, so that an audit leaves them as they were."""

from __future__ import annotations

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
    """One global generator: the module that must be loaded for it to matter, and how its state is read and set."""

    module: str
    read: Callable[[], Any]
    write: Callable[[Any], None]


class GlobalState(NamedTuple):
    """NumPy's global generator with its state, and its memory where that is all of it: looked at in no time."""

    generator: Any
    state: Any
    memory: bytes | None


def _memory() -> bytes | None:
    generator = np.random.get_bit_generator()  # type: ignore[attr-defined]  # missing from the stubs
    if type(generator) is not np.random.MT19937:
        return None
    return ctypes.string_at(generator.ctypes.state_address, STATE_BYTES)


def _numpy() -> GlobalState:
    state = np.random.get_state(legacy=False)  # noqa: NPY002 - it is what code without a seed draws from
    memory, words = _memory(), state["state"]
    if state["has_gauss"] or memory is None or memory != _bytes(words["key"], words["pos"]):
        memory = None
    return GlobalState(np.random.get_bit_generator(), state, memory)  # type: ignore[attr-defined]  # as above


def _bytes(key: Any, at: int) -> bytes:
    return bytes(key.tobytes() + at.to_bytes(4, sys.byteorder))


def _numpy_back(seen: GlobalState) -> None:
    if np.random.get_bit_generator() is not seen.generator:  # type: ignore[attr-defined]  # as above
        np.random.set_bit_generator(seen.generator)  # type: ignore[attr-defined]  # as above
    if seen.memory is None or _memory() != seen.memory:
        np.random.set_state(seen.state)  # noqa: NPY002 - as above


def _torch() -> Any:
    """The state of the CPU's generator, and of each GPU's where there is one in use."""
    torch = sys.modules["torch"]
    return (torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else ()))


def _torch_back(state: Any) -> None:
    torch = sys.modules["torch"]
    torch.set_rng_state(state[0])
    if state[1:]:
        torch.cuda.set_rng_state_all(state[1:])


def _tensorflow() -> Any:
    """The state that operations without a seed draw theirs from; None where no global seed is set."""
    context = sys.modules["tensorflow.python.eager.context"].context()
    return None if context._seed is None else context._rng.getstate()


def _tensorflow_back(state: Any) -> None:
    module = sys.modules["tensorflow.python.eager.context"]
    context = module.context()
    if state is not None and context._rng.getstate() != state:
        context._rng.setstate(state)
        module.pywrap_tfe.TFE_ContextClearCaches(context._context_handle)  # kernels count what they have drawn


SOURCES: Final[Mapping[str, Source]] = {
    "numpy.random": Source("numpy.random", _numpy, _numpy_back),
    "random": Source("random", random.getstate, random.setstate),
    "torch": Source("torch", _torch, _torch_back),
    "tensorflow": Source("tensorflow.python.eager.context", _tensorflow, _tensorflow_back),
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
    return tuple(name for name, state in since.items() if not _untouched(name, state))


def _untouched(name: str, state: Any) -> bool:
    if type(state) is not GlobalState:
        return _same(state, SOURCES[name].read())
    if state.memory is not None:
        return _memory() == state.memory
    return _same(_parts(state.state), _parts(_numpy().state))


def _parts(state: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(x for part in state.values() for x in (part.values() if isinstance(part, dict) else (part,)))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(_alike(x, y) for x, y in zip(a, b, strict=True))
    return _alike(a, b)


def _alike(a: Any, b: Any) -> bool:
    if hasattr(a, "numpy"):
        return bool(a.numpy().tobytes() == b.numpy().tobytes())
    return bool(np.array_equal(a, b)) if hasattr(a, "__array__") else bool(a == b)
