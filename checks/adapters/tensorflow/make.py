"""Make: the Subject of a function of tensors, with a custom gradient or without, or of a layer of Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from checks import randomness
from checks.adapters.frameworks.chosen import apart, beside, given_by_name, within
from checks.adapters.frameworks.drawn import held_to_its_draw
from checks.adapters.frameworks.dtypes import BITS
from checks.adapters.frameworks.nested import leaves, outputs, replaced
from checks.adapters.inputs import argument_names
from checks.adapters.row import Seen, called
from checks.adapters.tensorflow.arrays import array_of, is_floating, is_tensor, name_of, refuse, tensorflow
from checks.adapters.tensorflow.callee import Callee, callee_of, is_layer, plain_of, undecorated
from checks.adapters.tensorflow.run import Run
from checks.adapters.tensorflow.standing import standing
from checks.calls import quietly
from checks.errors import InvalidSubject
from checks.subject import Subject

HALF = BITS | {"float16": 11}  # a mixed policy computes in it with variables in float32


def subject_of(seen: Seen, options: dict[str, Any]) -> Subject:
    """Make the Subject; what the target raises at its inputs is for the audit to report."""
    target = seen.target if is_layer(seen.target) or not is_layer(seen.made) else seen.made
    args = _as_taken(target, seen.args)
    names = tuple(seen.names or argument_names(target.call if is_layer(target) else undecorated(target), len(args)))
    callee = callee_of(target, args, options.get("training"), ours=target is not seen.target)
    inputs = {n: x for a, name in zip(args, names, strict=True) for n, x in leaves(a, is_floating, name).items()}
    names, inputs = apart(names, inputs, [*callee.variables, *callee.raw])
    callee, used, dtypes, drawn = _looked(callee, args)
    held = {n: v for n, v in callee.trainable().items() if callee.is_layer or n in used}
    every = inputs | held
    wrt = options.get("wrt")
    chosen = list(every) if wrt is None else within(wrt, names, list(every))
    if not chosen:
        raise InvalidSubject(
            "nothing to differentiate: no input and no trainable variable holds floating-point numbers; expected at "
            "least one. Give tf.cast(x, tf.float64) if x is what the gradient is taken of"
        )
    for name in chosen:
        refuse(name, every[name])
    plain = plain_of(target)
    run = Run(
        callee,
        args,
        names,
        {n: name_of(every[n]) for n in chosen},
        None if plain is None else lambda *a: plain(*a)[0],
        tuple(dtypes) or None,
    )
    low = [HALF[d] for d in (*run.primals.values(), *dtypes.values()) if d in HALF]
    made = Subject(
        name=options.get("name") or (type(target).__name__ if is_layer(target) else called(undecorated(target))),
        point={n: array_of(every[n]) for n in chosen},
        forward=run.forward,
        pullback=run.pullback,
        jvp=run.jvp if options.get("forward_mode") else None,
        second=run.second if plain is not None else None,
        parameters=tuple(n for n in chosen if n in held),
        unclaimed={n: "outside wrt=" for n in every if n not in chosen} | _fixed(callee) or None,
        bits=min(low, default=None),
    )
    if drawn:
        made = held_to_its_draw(made, run.is_wide)
    return beside(made, options, lambda other, role: _other(run, other, role))


def _other(run: Run, other: Any, role: str) -> Run:
    """The same inputs through another function or layer; a layer is given the variables of the first by name."""
    callee = callee_of(other, run.args)
    if not callee.is_layer:
        return replace(run, callee=callee, plain=None)
    given_by_name(role, [n for n in run.primals if n in run.callee.variables], callee.variables)
    return replace(run, callee=callee, plain=None)


def _as_taken(target: Any, args: Sequence[Any]) -> tuple[Any, ...]:
    """The arguments in the dtype to which a layer casts them: what is judged is a claim in that one."""
    if not (is_layer(target) and target.autocast):
        return tuple(args)

    def cast(_: str, x: Any) -> Any:
        tf = tensorflow()
        return tf.cast(x, target.compute_dtype) if tf.as_dtype(x.dtype).is_floating else x

    return tuple(replaced(a, is_floating, cast) for a in args)


def _fixed(callee: Callee) -> dict[str, str]:
    """A layer's floating variables that training leaves alone: frozen ones, moving averages."""
    return {n: "not trainable" for n, v in callee.variables.items() if not v.trainable and is_floating(v._value)}


def _looked(callee: Callee, args: Sequence[Any]) -> tuple[Callee, set[str], dict[str, str], bool]:
    """What one call shows: variables that nothing refers to, those used, the outputs' dtypes, whether it may draw."""
    drawn = any(not is_floating(v._value) for v in callee.variables.values())  # the state of a generator
    states = randomness.read()
    try:
        with quietly(), standing(callee, {}, wide=False) as held, tensorflow().GradientTape() as tape:
            outs = outputs(callee.call(*args), lambda x: is_tensor(x) and is_floating(x))
    except Exception:  # the audit calls it again, and reports what it says
        return callee, set(), {}, drawn
    if not outs:
        raise InvalidSubject("it returns no tensor of floating-point numbers; expected at least one")
    watched = tape.watched_variables()
    known = {id(v): n for n, v in held.items()}
    found: Mapping[str, Any] = {f"{v.name.split(':')[0]} {i}": v for i, v in enumerate(watched) if id(v) not in known}
    used = {known.get(id(v), "") for v in watched} | set(found)
    dtypes = {n: name_of(t) for n, t in outs.items()}
    return replace(callee, raw={**callee.raw, **found}), used, dtypes, drawn or bool(randomness.drawn(states))
