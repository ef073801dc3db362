"""Make: the Subject of a function that HIPS autograd differentiates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from checks.adapters.frameworks.chosen import beside
from checks.adapters.frameworks.loaded import loaded
from checks.adapters.frameworks.nested import as_output, outputs
from checks.adapters.inputs import Inputs
from checks.adapters.row import Seen, called
from checks.calls import quietly
from checks.subject import Array, Output, Point, Subject

Function = Callable[[dict[str, Any]], Any]


def subject_of(seen: Seen, options: dict[str, Any]) -> Subject:
    """Make the Subject; what the target raises at its inputs is for the audit to report."""
    inputs = Inputs.of(getattr(seen.target, "fun", seen.target), seen.args, seen.names)
    wrt = options.get("wrt")
    which = inputs.of_kind("array", "tree", "number") if wrt is None else inputs.chosen(wrt)
    if wrt is None and inputs.of_kind("array", "tree"):
        which = inputs.of_kind("array", "tree")
    point = inputs.point(which)

    def subject(function: Callable[..., Any]) -> Subject:
        def of(given: dict[str, Any]) -> Any:
            return function(*inputs.filled(given))

        return Subject(
            name=options.get("name") or called(seen.target),
            point=point,
            forward=lambda p: forward(of, p),
            pullback=lambda p, v: pullback(of, p, v),
            jvp=(lambda p, u: pushed(of, p, u)) if _forward_mode(of, point, options.get("forward_mode")) else None,
            unclaimed=inputs.left_out(which, wrt) or None,
        )

    return beside(subject(seen.target), options, lambda other, role: subject(other))


def forward(of: Function, point: Point) -> Output:
    """The outputs at ``point``: a bare array where the function returns one bare."""
    return as_output({n: np.asarray(a) for n, a in outputs(of(dict(point)), _is_number).items()})


def pullback(of: Function, point: Point, cotangent: Any) -> dict[str, Array]:
    """autograd.make_vjp in each primal; a complex gradient is turned from autograd's convention, ∂/∂Re − i ∂/∂Im."""
    upstream = cotangent if isinstance(cotangent, Mapping) else {"": cotangent}
    found = {}
    for name in point:
        vjp, value = loaded("autograd", "make_vjp").make_vjp(lambda x, name=name: _flat(of({**point, name: x})))(
            point[name]
        )
        v = np.concatenate([np.ravel(np.conj(upstream[n])) for n in upstream])
        found[name] = np.conj(np.asarray(vjp(v.astype(np.asarray(value).dtype, copy=False))))
    return found


def pushed(of: Function, point: Point, tangent: Point) -> Output:
    """autograd.make_jvp, one primal after the other."""
    like = forward(of, point)
    total: Any = 0.0
    for name in point:
        jvp = loaded("autograd", "make_jvp").make_jvp(lambda x, name=name: _flat(of({**point, name: x})))
        total = total + np.asarray(jvp(point[name])(tangent[name])[1])
    if not isinstance(like, Mapping):
        return np.reshape(total, like.shape)
    made, start = {}, 0
    for name, a in like.items():
        made[name] = np.reshape(total[start : start + a.size], a.shape)
        start += a.size
    return made


def _flat(returned: Any) -> Any:
    """All outputs one behind the other, still traced."""
    anp = loaded("autograd.numpy", "ravel")
    parts = [anp.ravel(a) for a in outputs(returned, _is_number).values()]
    return parts[0] if len(parts) == 1 else anp.concatenate(parts)


def _is_number(value: Any) -> bool:
    """Whether ``value`` is an array or number of floating point, or a traced one."""
    value = getattr(value, "_value", value)
    return isinstance(value, np.ndarray | np.generic | float | complex) and np.asarray(value).dtype.kind in "fc"


def _forward_mode(of: Function, point: Point, asked: bool | None) -> bool:
    """Whether forward mode is claimed: as ``asked``, or where autograd has it for all that is called."""
    if asked is not None:
        return asked
    try:
        with quietly():
            pushed(of, point, point)
    except Exception:  # a rule of forward mode is missing
        return False
    return True
