"""Make: the Subject of a function of JAX arrays, with or without custom rules, or of a module called on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from checks.adapters.frameworks.chosen import beside, within
from checks.adapters.frameworks.dtypes import BITS
from checks.adapters.inputs import argument_names
from checks.adapters.jax.arrays import is_floating, jax, named_leaves, refuse
from checks.adapters.jax.run import Run
from checks.adapters.row import Seen, called
from checks.calls import quietly
from checks.errors import InvalidSubject
from checks.subject import Subject


def subject_of(seen: Seen, options: dict[str, Any]) -> Subject:
    """Make the Subject; what the target raises at its inputs is for the audit to report."""
    target, module, args = as_function(seen.target, seen.args)
    names = tuple(seen.names or argument_names(_signature(seen.target), len(seen.args)))
    names = (("",) if module else ()) + names
    fixed = tuple(getattr(target, "nondiff_argnums", ()))
    whole, structure = named_leaves(args, "")
    leaves = {_argument(name, names): leaf for name, leaf in whole.items()}
    positions = dict(zip(leaves, (int(n.split(".")[0]) for n in whole), strict=True))
    floating = [n for n, leaf in leaves.items() if is_floating(leaf) and positions[n] not in fixed]
    for name in floating:
        refuse(name, leaves[name])
    if not floating:
        raise InvalidSubject(
            "nothing to differentiate: no input holds an array of floating-point numbers; expected at least one. "
            "Give jnp.asarray(x, dtype=float) if x is what the gradient is taken of"
        )
    wrt = options.get("wrt")
    chosen = tuple(floating if wrt is None else within(wrt, names[module:], floating))
    run = _looked(Run(target, leaves, structure, chosen, plain_of(target)))
    low = [BITS[d] for d in map(run.dtype, chosen) if d in BITS]
    made = Subject(
        name=options.get("name") or _name(seen.target),
        point=run.point(),
        forward=run.forward,
        pullback=run.pullback,
        jvp=run.jvp if _forward_mode(run, options.get("forward_mode")) else None,
        second=run.second if run.plain is not None else None,
        parameters=tuple(n for n in chosen if module and positions[n] == 0),
        unclaimed=dict.fromkeys((n for n in floating if n not in chosen), "outside wrt=") or None,
        bits=min(low, default=None),
    )
    return beside(made, options, lambda other, role: replace(run, call=other, plain=None))


def as_function(target: Any, args: Sequence[Any]) -> tuple[Callable[..., Any], bool, tuple[Any, ...]]:
    """A function of all arguments; whether the target is a module, which is then the first of them, as a pytree."""
    if _is_flax_linen(target):
        return target.apply, False, tuple(args)
    if _is_flax_nnx(target):
        nnx = _module("flax.nnx")
        graph, state = nnx.split(target)
        return lambda s, *a: nnx.merge(graph, s)(*a), True, (nnx.to_pure_dict(state), *args)
    if is_module(target):
        return lambda module, *a: module(*a), True, (target, *args)
    return target, False, tuple(args)


def is_module(target: Any) -> bool:
    """Whether the target is a callable that holds arrays: an equinox module, a flax module, any pytree with a call."""
    if _is_flax_linen(target) or _is_flax_nnx(target):
        return True
    if not callable(target) or isinstance(target, type) or hasattr(target, "nondiff_argnums"):
        return False
    leaves = jax().tree_util.tree_leaves(target)
    return bool(leaves) and leaves[0] is not target


def plain_of(target: Any) -> Callable[..., Any] | None:
    """The function under a custom rule; None where the target has none of its own."""
    return getattr(target, "fun", None) if hasattr(target, "nondiff_argnums") else None


def _is_flax_linen(target: Any) -> bool:
    linen = _module("flax.linen")
    return linen is not None and isinstance(target, linen.Module)


def _is_flax_nnx(target: Any) -> bool:
    nnx = _module("flax.nnx")
    return nnx is not None and isinstance(target, nnx.Module)


def _module(name: str) -> Any:
    from checks.adapters.frameworks.loaded import loaded

    return loaded(name, "Module")


def _signature(target: Any) -> Any:
    if _is_flax_linen(target):
        call = type(target).__call__
        return lambda variables, x: call(target, x)
    if is_module(target):
        return type(target).__call__.__get__(target)
    return plain_of(target) or target


def _argument(name: str, names: Sequence[str]) -> str:
    first, _, rest = name.partition(".")
    return ".".join(filter(None, [names[int(first)], rest]))


def _name(target: Any) -> str:
    return type(target).__name__ if is_module(target) else called(plain_of(target) or target)


def _looked(run: Run) -> Run:
    """The run with the outputs that one call at the inputs shows; as it is where that raises."""
    try:
        with quietly():
            found = run.function(run.call, wide=False)(run.taken(run.point(), wide=False))
    except Exception:  # the audit calls it again, and reports what it says
        return run
    if not found:
        raise InvalidSubject("it returns no array of floating-point numbers; expected at least one")
    return replace(run, kept=tuple(found))


def _forward_mode(run: Run, asked: bool | None) -> bool:
    """Whether forward mode is claimed: as ``asked``, or where jax.jvp takes the function."""
    if asked is not None:
        return asked
    point = run.point()
    try:
        with quietly():
            run.jvp(point, point)
    except Exception:  # a custom_vjp has none, and says so
        return False
    return True
