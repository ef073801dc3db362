"""Rows: how a target of JAX is recognised."""

from __future__ import annotations

from typing import Any, Final

from checks.adapters.jax.arrays import is_array, jax
from checks.adapters.row import Adapter, Seen, takes
from checks.subject import Subject

OPTIONS: Final = ("wrt", "forward_mode")


def _of_jax(seen: Seen) -> bool:
    """Whether an input is or holds an array of JAX, or the target is a function that JAX has wrapped, or a module."""
    if jax() is None:
        return False
    if any(is_array(leaf) for a in seen.args for leaf in jax().tree_util.tree_leaves(a)):
        return True
    wrapped = type(seen.target).__module__.startswith(("jax.", "jaxlib."))
    return bool(seen.args) and callable(seen.target) and (wrapped or type(seen.target).__module__.startswith("equinox"))


def _is_called(seen: Seen) -> bool:
    t = seen.target
    from checks.adapters.jax.make import is_module, plain_of

    if not callable(t) and not is_module(t):
        return False
    return not isinstance(t, type) and (is_module(t) or takes(plain_of(t) or t, len(seen.args)) > 0)


def _make(seen: Seen, options: dict[str, Any]) -> Subject:
    from checks.adapters.jax.make import subject_of

    return subject_of(seen, options)


FUNCTION = Adapter(
    shape="a function of JAX arrays or pytrees, with custom rules or without, or a module of equinox or flax",
    write="audit(f, *arrays)",
    signs=(
        ("no input is, or holds, an array of JAX, and JAX has not wrapped the function", _of_jax),
        ("it is no function of that many inputs, and no module", _is_called),
    ),
    make=_make,
    options=OPTIONS,
)
