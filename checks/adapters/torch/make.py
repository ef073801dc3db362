"""Make: the Subject of a function of tensors, an autograd.Function, or a module."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from checks.adapters.frameworks.chosen import apart, beside, given_by_name, within
from checks.adapters.frameworks.drawn import held_to_its_draw
from checks.adapters.frameworks.nested import leaves
from checks.adapters.inputs import argument_names, spare
from checks.adapters.row import Seen, called
from checks.adapters.torch.arrays import BITS, array_of, is_floating, is_tensor, refuse
from checks.adapters.torch.callee import Callee, callee_of, copied_as_is
from checks.adapters.torch.held import is_function_class, is_module
from checks.adapters.torch.look import forward_mode, look
from checks.adapters.torch.run import Run
from checks.adapters.torch.second import second_order
from checks.errors import MisuseError
from checks.subject import Subject

if TYPE_CHECKING:
    from torch import Tensor


def subject_of(seen: Seen, options: dict[str, Any]) -> Subject:
    """Make the Subject; what the target raises at its inputs is for the audit to report."""
    target = _target(seen)
    names = seen.names or _argument_names(target, len(seen.args))
    args = tuple(a if is_tensor(a) else spare(a) for a in seen.args)
    target = _materialised(target, args)
    inputs = {n: t for a, name in zip(args, names, strict=True) for n, t in leaves(a, is_tensor, name).items()}
    callee = callee_of(target)
    for name, tensor in (*inputs.items(), *callee.held.items()):
        refuse(name, tensor)
    if callee.is_module:
        names, inputs = apart(names, inputs, callee.held)
    chosen, left = _chosen(inputs, callee, names, options.get("wrt"))
    looked = look(Run(callee, args, names, chosen), left, given=options.get("wrt") is not None)
    run = looked.run
    if options.get("order", 1) == 2:
        run = second_order(run, options.get("cotangents"))
    elif options.get("order", 1) != 1:
        raise MisuseError(f"order is {options['order']!r}; expected 1, or 2 for the gradient's own derivative")
    point = {n: np.array(array_of(t)) for n, t in run.primals.items()}
    low = {BITS[d] for d in looked.dtypes | {str(t.dtype) for t in run.primals.values()} if d in BITS}
    made = Subject(
        name=options.get("name") or _called(target),
        point=point,
        forward=run.forward,
        pullback=run.pullback,
        jvp=run.jvp if forward_mode(run, target, point, options.get("forward_mode", not low and None)) else None,
        parameters=tuple(n for n in point if n in callee.held),
        unclaimed=looked.left or None,
        bits=min(low, default=None),
    )
    if run.drawn:
        made = held_to_its_draw(made, lambda p: run.callee_at(p)[1])
    made = beside(made, options, lambda other, role: _other(run, other, role))
    if callee.is_module and callee.call is not target:
        made = replace(made, fresh=lambda: replace(made, **_again(run, target)))
    return made


def _again(run: Run, target: Any) -> dict[str, Any]:
    other = replace(run, callee=callee_of(target))
    return {"forward": other.forward, "pullback": other.pullback}


def _called(target: Any) -> str:
    """A module's class, a Function's own name (be it given as its ``apply``), or the function's."""
    if is_module(target):
        return type(target).__name__
    owner = getattr(target, "__self__", None)
    return called(owner if is_function_class(owner) else target)


def _target(seen: Seen) -> Any:
    return seen.target if is_module(seen.target) or not is_module(seen.made) else seen.made


def _argument_names(target: Any, n: int) -> tuple[str, ...]:
    if not is_function_class(target):
        return argument_names(target.forward if is_module(target) else target, n)
    function = sys.modules["torch"].autograd.Function
    bare = target.setup_context is not function.setup_context
    names = argument_names(target.forward, n + (not bare))
    return names if bare else names[1:]


def _materialised(target: Any, args: tuple[Any, ...]) -> Any:
    """A module whose parameters a first forward makes, as a copy that has had it."""
    lazy = getattr(sys.modules["torch"].nn.parameter, "is_lazy", lambda p: False)
    if not is_module(target) or not any(lazy(p) for p in (*target.parameters(), *target.buffers())):
        return target
    copied = copied_as_is(target)
    with sys.modules["torch"].no_grad():
        copied(*args)
    return copied


def _chosen(
    inputs: Mapping[str, Tensor], callee: Callee, names: Sequence[str], wrt: object
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """What is differentiated, and what is left out: ``wrt``, else what requires grad, else all that is floating."""
    floating = {n: t for n, t in inputs.items() if is_floating(t)}
    held = {n: p for n, p in callee.held.items() if is_floating(p) and (callee.is_module or p.requires_grad)}
    if wrt is not None:
        every = floating | held
        asked = within(wrt, names, list(every))
        return {n: every[n] for n in asked}, {n: "outside wrt=" for n in every if n not in asked}
    left = {n: "frozen" for n, p in held.items() if not p.requires_grad}
    marked = any(t.requires_grad for t in floating.values())
    for n, t in floating.items():
        if marked and not t.requires_grad:
            left[n] = "does not require grad, as others do"
        elif not t.requires_grad and not t.isfinite().all() and bool((t[~t.isfinite()] == -float("inf")).all()):
            left[n] = "a mask: it holds -inf"
    return {n: t for n, t in (floating | held).items() if n not in left}, left


def _other(run: Run, other: Any, role: str) -> Run:
    """The same inputs through another function or module; a module is given the parameters of the first by name."""
    callee = callee_of(other)
    if not callee.is_module:
        return replace(run, callee=replace(callee, held={n: t for n, t in run.callee.held.items() if n in run.primals}))
    given_by_name(role, [n for n in run.primals if n in run.callee.held], callee.held)
    return replace(run, callee=callee)
