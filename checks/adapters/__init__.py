"""Adapters: from the shapes in which people write gradients to a Subject. One row each."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final

import numpy as np

from checks import randomness
from checks.adapters.closures import CLOSURE
from checks.adapters.derivatives import SAME_INPUTS
from checks.adapters.direct import MAKER, SUBJECT, WITH_INPUTS
from checks.adapters.hips.rows import FUNCTION as HIPS
from checks.adapters.inplace import IN_PLACE, in_place
from checks.adapters.jax.rows import FUNCTION as JAX
from checks.adapters.marked import (
    CHAIN,
    MARKED_GRADIENT,
    MARKED_JACOBIAN,
    UNMARKED_GRADIENT,
    chain,
    value_and_grad,
    value_and_jacobian,
)
from checks.adapters.nets import METHODS, NET
from checks.adapters.objects import BOUND, LAYER
from checks.adapters.ops import COMPUTE, OP
from checks.adapters.pairs import CACHED, INPUTS_FIRST, TAPED, UNCACHED
from checks.adapters.row import COMMON, Adapter, Seen
from checks.adapters.second import HESSIAN_PRODUCT, hessian_product
from checks.adapters.sequence import SEQUENCE, sequence
from checks.adapters.steps import step
from checks.adapters.tensorflow.rows import FUNCTION as TENSORFLOW
from checks.adapters.tensors import TENSORS
from checks.adapters.torch.rows import FUNCTION, MODULE
from checks.errors import MisuseError, UnknownTarget
from checks.subject import Subject

FRAMEWORKS: Final[dict[str, Adapter]] = {
    "torch module": MODULE,
    "torch function": FUNCTION,
    "jax function": JAX,
    "autograd function": HIPS,
    "tensorflow function": TENSORFLOW,
}
"""Shapes of the frameworks, known by their own types; looked at first, as other rows call the target to see."""

ADAPTERS: Final[dict[str, Adapter]] = {
    "cache": CACHED,
    "same inputs": SAME_INPUTS,
    "inputs again": UNCACHED,
    "inputs first": INPUTS_FIRST,
    "tape": TAPED,
    "methods of one object": BOUND,
    "subject": SUBJECT,
    "maker": MAKER,
    "with inputs": WITH_INPUTS,
    "value_and_grad": MARKED_GRADIENT,
    "value_and_jacobian": MARKED_JACOBIAN,
    "chain": CHAIN,
    "hessian_product": HESSIAN_PRODUCT,
    "in_place": IN_PLACE,
    "sequence": SEQUENCE,
    "value and gradient": UNMARKED_GRADIENT,
    "value and backward": CLOSURE,
    "layer": LAYER,
    "net": NET,
    "methods": METHODS,
    "operation with a context": OP,
    "operation with a node": COMPUTE,
    "tensors": TENSORS,
    **FRAMEWORKS,
}
"""Every shape that is understood, by the name that ``reading=`` chooses it with."""


def adapt(
    target: Any, *args: Any, reading: str | None = None, names: Sequence[str] | None = None, **options: Any
) -> Subject:
    """Make a Subject of whatever ``target`` is.

    Parameters
    ----------
    target : object
        Anything that a row of `ADAPTERS` recognises.
    *args
        The inputs that it is audited at.
    reading : str, optional
        The row to use, where several recognise the target.
    names : sequence of str, optional
        What the inputs are called; without it, as the function that takes them calls them.
    **options
        What the row declares, and ``name=``, ``declared=``, ``reference=``.

    Returns
    -------
    Subject

    Raises
    ------
    UnknownTarget
        When no row recognises the target, or several do; the message says what was seen and how to go on.
    MisuseError
        For an option that the row does not take.

    Examples
    --------
    >>> import numpy as np
    >>> adapt((np.sin, np.cos), np.array([0.5])).name
    'sin'
    """
    if isinstance(target, Subject) and not (args or options or reading or names):
        return target
    states = randomness.read()
    try:  # rows call the target to see what it returns
        with warnings.catch_warnings(), np.errstate():
            return _adapted(Seen(target, args, names), reading, options)
    finally:
        randomness.restore(states)


def _adapted(seen: Seen, reading: str | None, options: dict[str, Any]) -> Subject:
    row = ADAPTERS[_recognised(seen, reading)]
    known = (*COMMON, *row.options)
    for option in options:
        if option not in known:
            near = get_close_matches(option, known, n=1)
            meant = f"; did you mean {near[0]}=?" if near else ""
            raise MisuseError(
                f"there is no option {option}= for this target ({row.shape}){meant or ';'} it takes "
                f"{', '.join(f'{k}=' for k in sorted(known))}"
            )
    if "reading" in row.options:
        options |= {k: v for k, v in (("reading", reading), ("names", seen.names)) if v is not None}
    return row.make(seen, options)


def _recognised(seen: Seen, reading: str | None) -> str:
    if reading is not None and reading not in ADAPTERS:
        raise MisuseError(f"there is no reading {reading!r}; the readings are {', '.join(map(repr, ADAPTERS))}")
    own = [name for name, row in FRAMEWORKS.items() if not row.missing(seen)]
    if own and reading is None:
        return own[0]
    missing = {name: row.missing(seen) for name, row in ADAPTERS.items()}
    found = [name for name, signs in missing.items() if not signs]
    if reading in found or (reading is not None and not {"maker", "with inputs"} & set(found)):
        return reading
    if len(found) == 1 or (found and seen.pair and isinstance(seen.result, Exception)):
        return found[0]  # a forward that raises says little of the shape, and is reported whatever that is
    if found:
        ways = "\n".join(f"  reading={name!r}: {ADAPTERS[name].shape}" for name in found)
        raise UnknownTarget(f"the target can be read in {len(found)} ways: {seen.in_words()}\nChoose one:\n{ways}")
    nearest = sorted(ADAPTERS, key=lambda name: len(missing[name]) - len(ADAPTERS[name].signs))[:3]
    ways = "\n".join(f"  {ADAPTERS[n].write}\n    {ADAPTERS[n].shape}\n    not this: {missing[n][0]}" for n in nearest)
    raise UnknownTarget(f"the target is of no known shape: {seen.in_words()}\nThe nearest ways of giving one:\n{ways}")


__all__ = [
    "ADAPTERS",
    "Adapter",
    "adapt",
    "chain",
    "hessian_product",
    "in_place",
    "sequence",
    "step",
    "value_and_grad",
    "value_and_jacobian",
]
