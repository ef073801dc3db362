"""Standing: how things stand during one call: variables hold the point's numbers; behind it all is put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from checks.adapters.frameworks.loaded import loaded
from checks.adapters.tensorflow.arrays import name_of, tensorflow, wide_of
from checks.adapters.tensorflow.callee import Callee
from checks.errors import InvalidSubject


@contextmanager
def standing(callee: Callee, values: Mapping[str, Any], *, wide: bool) -> Iterator[dict[str, Any]]:
    """The variables that hold ``values`` inside, by name, and where ``values`` says nothing what they held.

    Keras' variables refer to others of ours meanwhile, those of a ``wide`` call in double precision; TensorFlow's own
    are written into and back. Functions of tf.function that hold layers run eagerly: a graph refers to the variables
    that it was made with.

    Raises
    ------
    InvalidSubject
        For a wide call where a variable of TensorFlow's own is in lower precision: it cannot be widened.
    """
    for name, v in callee.raw.items():
        if name in values and name_of(values[name]) != name_of(v):
            raise InvalidSubject(f"the variable {name!r} is {name_of(v)}, and cannot hold {name_of(values[name])}")
    stand_ins = callee.wide if wide else callee.own
    were = {n: tensorflow().identity(v) for n, v in callee.raw.items()}
    with _layers(callee, stand_ins, wide=wide):
        try:
            for name, (variable, start) in stand_ins.items():
                variable.assign(values.get(name, start))
            for name, v in callee.raw.items():
                v.assign(values.get(name, were[name]))
            yield {n: v for n, (v, _) in stand_ins.items()} | dict(callee.raw)
        finally:
            for name, v in callee.raw.items():
                v.assign(were[name])


@contextmanager
def _layers(callee: Callee, stand_ins: Mapping[str, tuple[Any, Any]], *, wide: bool) -> Iterator[None]:
    """Keras' variables and layers as they are meant to be inside, and as they were behind it."""
    keras = loaded("keras", "Layer")
    if keras is None or not (callee.layers or callee.variables):
        yield
        return
    config = tensorflow().config
    graphs = (*callee.layers, *(getattr(layer, "_functional", None) for layer in callee.layers))
    inputs = [x for graph in graphs for x in getattr(graph, "_inputs", ())]
    inputs += [layer for layer in callee.layers if "_dtype" in vars(layer)]  # to whose dtypes a model casts
    kept = [(vars(o), dict(vars(o))) for o in (*callee.layers, *callee.variables.values(), *inputs)]
    eagerly, floatx = config.functions_run_eagerly(), keras.config.floatx()
    try:
        config.run_functions_eagerly(True)
        for name, v in callee.variables.items():
            v._value = stand_ins[name][0]
            v._dtype = name_of(v._value)
        if wide:
            keras.config.set_floatx("float64")
            for layer in callee.layers:
                layer._dtype_policy = keras.DTypePolicy("float64")
            for x in inputs:
                x._dtype = wide_of(x.dtype)
        yield
    finally:
        config.run_functions_eagerly(eagerly)
        keras.config.set_floatx(floatx)
        for attributes, before in kept:
            attributes.clear()
            attributes.update(before)
