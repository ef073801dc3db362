"""Rows: how a target of TensorFlow or Keras is recognised."""

from __future__ import annotations

from typing import Any, Final

from checks.adapters.frameworks.nested import leaves
from checks.adapters.row import Adapter, Seen, takes
from checks.adapters.tensorflow.arrays import is_tensor, tensorflow
from checks.subject import Subject

OPTIONS: Final = ("wrt", "forward_mode", "training")


def _of_tensorflow(seen: Seen) -> bool:
    """Whether an input is or holds a tensor, or the target is a layer, or is wrapped by TensorFlow."""
    if tensorflow() is None or not seen.args:
        return False
    if any(leaves(a, is_tensor) for a in seen.args) or type(seen.target).__module__.startswith("tensorflow."):
        return True
    return _is_layer(seen)


def _is_layer(seen: Seen) -> bool:
    from checks.adapters.tensorflow.callee import is_layer

    return is_layer(seen.target) or is_layer(seen.made)


def _is_called(seen: Seen) -> bool:
    if _is_layer(seen):
        return True
    from checks.adapters.tensorflow.callee import undecorated

    t = seen.target
    return callable(t) and not isinstance(t, type) and takes(undecorated(t), len(seen.args)) > 0


def _make(seen: Seen, options: dict[str, Any]) -> Subject:
    from checks.adapters.tensorflow.make import subject_of

    return subject_of(seen, options)


FUNCTION = Adapter(
    shape="a function of TensorFlow's tensors, with a custom gradient or without, or a layer or model of Keras",
    write="audit(f, *tensors)",
    signs=(
        ("no input is, or holds, a tensor of TensorFlow, and the target is no layer of Keras", _of_tensorflow),
        ("it is no function of that many inputs, and no layer", _is_called),
    ),
    make=_make,
    options=OPTIONS,
)
