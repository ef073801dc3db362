"""Arrays: TensorFlow's tensors and variables as NumPy's arrays and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.adapters.frameworks.dtypes import CARRIED, known
from checks.adapters.frameworks.loaded import loaded
from checks.errors import InvalidSubject
from checks.subject import Array


def tensorflow() -> Any:
    """The tensorflow that somebody has imported; None where nobody has."""
    return loaded("tensorflow", "GradientTape")


def is_tensor(value: Any) -> bool:
    """Whether ``value`` is a tensor or variable of TensorFlow."""
    tf = tensorflow()
    return tf is not None and isinstance(value, tf.Tensor | tf.Variable)


def is_floating(value: Any) -> bool:
    """Whether ``value`` is a tensor, variable or array of real or complex floating-point numbers."""
    if not (is_tensor(value) or isinstance(value, np.ndarray | np.inexact)):
        return False
    dtype = tensorflow().as_dtype(value.dtype)
    return bool(dtype.is_floating or dtype.is_complex)


def name_of(value: Any) -> str:
    """The name of the dtype of a tensor, variable or array."""
    return str(tensorflow().as_dtype(value.dtype).name)


def refuse(name: str, value: Any) -> None:
    """Refuse numbers that nothing carries.

    Raises
    ------
    InvalidSubject
        With the dtypes that are taken.
    """
    if name_of(value) not in CARRIED:
        raise InvalidSubject(f"the tensor {name!r} has dtype {name_of(value)}; expected one of {known()}")


def array_of(value: Any) -> Array:
    """The numbers of ``value`` in its carrier's dtype: a copy; slices of a sparse gradient are added up."""
    dense = tensorflow().convert_to_tensor(value)
    return np.array(dense.numpy().astype(CARRIED[name_of(dense)], copy=False))


def tensor_of(array: Array, dtype: str) -> Any:
    """A tensor of these numbers in ``dtype``; in the array's own where it is not that one's carrier: it is wider."""
    a = np.asarray(array)
    return tensorflow().convert_to_tensor(a, dtype=dtype if a.dtype == CARRIED[dtype] else a.dtype)


def widened(value: Any) -> Any:
    """Floating ``value`` in double precision; everything else as it is."""
    return tensorflow().cast(value, wide_of(name_of(value))) if is_floating(value) else value


def wide_of(dtype: str) -> str:
    """The dtype of double precision for one: float64 for float16, complex128 for complex64, int32 for itself.

    Examples
    --------
    >>> wide_of("bfloat16"), wide_of("complex64"), wide_of("int32")
    ('float64', 'complex128', 'int32')
    """
    wide = np.result_type(CARRIED[dtype], np.float64) if dtype in CARRIED else dtype
    return str(wide)
