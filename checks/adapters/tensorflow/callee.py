"""Callee: what is called, with the Keras layers and the variables that it holds."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from checks.adapters.frameworks.loaded import loaded
from checks.adapters.frameworks.nested import leaves
from checks.adapters.frameworks.referred import referred
from checks.adapters.tensorflow.arrays import is_floating, name_of, tensorflow, wide_of
from checks.calls import quietly
from checks.errors import MisuseError


@dataclass(frozen=True)
class Callee:
    """What is called.

    Attributes
    ----------
    call : callable
        The function, or the layer.
    is_layer : bool
        Whether it is a layer of Keras.
    layers : tuple
        Every layer in it, those within layers as well.
    variables : dict
        Keras' variables, by name.
    raw : dict
        TensorFlow's own variables, by name.
    """

    call: Callable[..., Any]
    is_layer: bool = False
    layers: tuple[Any, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def own(self) -> dict[str, tuple[Any, Any]]:
        """For each of Keras' variables one that stands in for it, and the number that it starts from."""
        return {n: _stand_in(v, name_of(v._value)) for n, v in self.variables.items()}

    @cached_property
    def wide(self) -> dict[str, tuple[Any, Any]]:
        """The same in double precision."""
        return {n: _stand_in(v, wide_of(name_of(v._value))) for n, v in self.variables.items()}

    def trainable(self) -> dict[str, Any]:
        """The variables of floating-point numbers that training would change."""
        return {n: v for n, v in (*self.variables.items(), *self.raw.items()) if v.trainable and _floats(v)}


def is_layer(value: Any) -> bool:
    """Whether ``value`` is a layer or model of Keras that computes with TensorFlow."""
    keras = loaded("keras", "Layer")
    return keras is not None and isinstance(value, keras.Layer) and keras.backend.backend() == "tensorflow"


def plain_of(target: Any) -> Callable[..., Any] | None:
    """The function under tf.custom_gradient, which returns (value, gradient function); None where there is none."""
    decorated = type(target).__module__ == "tensorflow.python.ops.custom_gradient"
    return getattr(target, "_f", None) if decorated else None


def undecorated(target: Any) -> Any:
    """The function that was written, under tf.function or tf.custom_gradient."""
    return plain_of(target) or getattr(target, "python_function", target)


def callee_of(target: Any, args: Sequence[Any], training: bool | None = None, *, ours: bool = False) -> Callee:
    """The callee of a layer, or of any function of tensors; a layer that is not ``ours`` is not called itself.

    Raises
    ------
    MisuseError
        For a layer without its variables that cannot be copied, and for ``training`` of a function.
    """
    if is_layer(target):
        layer = target if _is_built(target) else _called(target if ours else _copied(target), args)
        call = layer if training is None else partial(layer, training=training)
        return Callee(call, True, tuple(layer._flatten_layers()), _named(layer, ""))
    if training is not None:
        raise MisuseError("training= is for layers of Keras; let the function hand it on itself")
    found = Callee(target, **_held(target))
    return found if all(map(_is_built, found.layers)) else Callee(target, **_held(_called(target, args)))


def _held(target: Any) -> dict[str, Any]:
    keras, tf = loaded("keras", "Layer"), tensorflow()
    variables: dict[str, Any] = {}
    raw: dict[str, Any] = {}
    layers: list[Any] = []
    kinds = (tf.Variable, tf.Module, *((keras.Layer, keras.Variable) if keras else ()))
    whole = [("", target)] if isinstance(target, tf.Module) else []
    for name, value in (*whole, *referred(undecorated(target))):
        for inner, one in leaves(value, lambda x: isinstance(x, kinds)).items():
            path = ".".join(p for p in (name, inner) if p and p != "self")
            if is_layer(one):
                layers += one._flatten_layers()
                variables |= _named(one, path)
            elif isinstance(one, tf.Module):
                for inside, v in one._flatten(predicate=lambda x: isinstance(x, tf.Variable), with_path=True):
                    raw[".".join(filter(None, [path, *map(str, inside)]))] = v
            elif isinstance(one, tf.Variable):
                raw[path] = one
            else:
                variables[path] = one
    return {"layers": tuple(_once(layers)), "variables": _first(variables), "raw": _first(raw)}


def _named(layer: Any, prefix: str) -> dict[str, Any]:
    """A layer's variables by their paths, from the layer on."""
    found: dict[str, Any] = {}
    for v in _once(layer.variables):
        path = v.path.removeprefix(f"{layer.path}/").replace("/", ".")
        name = f"{prefix}.{path}" if prefix else path
        found[name if name not in found else f"{name} ({len(found)})"] = v
    return found


def _once(values: Sequence[Any]) -> Iterator[Any]:
    return iter({id(v): v for v in values}.values())


def _first(named: Mapping[str, Any]) -> dict[str, Any]:
    """Each variable once, under the first of its names."""
    names: dict[int, str] = {}
    for name, v in named.items():
        names.setdefault(id(v), name)
    return {name: named[name] for name in names.values()}


def _floats(variable: Any) -> bool:
    return is_floating(getattr(variable, "_value", variable))


def _stand_in(variable: Any, dtype: str) -> tuple[Any, Any]:
    tf = tensorflow()
    start = tf.cast(variable._value, dtype)
    return tf.Variable(start, trainable=variable.trainable), start


def _is_built(layer: Any) -> bool:
    return all(inner.built for inner in layer._flatten_layers())


def _called(target: Any, args: Sequence[Any]) -> Any:
    """``target``, called once: a layer makes its variables then."""
    with quietly(), suppress(Exception):  # the audit calls it again, and reports what it says
        target(*args)
    return target


def _copied(layer: Any) -> Any:
    keras = loaded("keras", "Layer")
    classes = {type(inner).__name__: type(inner) for inner in layer._flatten_layers()}
    try:
        with quietly(), keras.utils.custom_object_scope(classes):
            return copy.deepcopy(layer)
    except Exception:  # its constructor's arguments cannot be written down
        if layer.built:
            return layer
        raise MisuseError(
            f"the layer {layer.name!r} has no variables yet, and cannot be copied; expected one that has been called, "
            f"layer(x), or its constructor"
        ) from None
