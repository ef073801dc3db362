"""logsumexp, softmax and log_softmax of scipy.special on exact numbers: they ask for a namespace, and get ours."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from checks.numeric.balls.array import Balls, kept

HOME: Final = "scipy.special._logsumexp"
ASKS: Final = "array_namespace"
ONE_AT_A_TIME: Final = threading.RLock()


class _Namespace:
    """The namespace ``xp`` that SciPy would take, its results kept exact."""

    def __init__(self, xp: Any) -> None:
        self._xp = xp

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._xp, name)
        if not callable(found) or isinstance(found, type):
            return found

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return kept(found(*map(kept, args), **kwargs))

        return wrapped

    def isdtype(self, dtype: Any, kind: Any) -> bool:
        """Exact numbers are real ones."""
        return kind == "real floating" if dtype == np.dtype(object) else bool(self._xp.isdtype(dtype, kind))

    def asarray(self, x: Any, **kwargs: Any) -> Any:
        """The array as it is."""
        return x if isinstance(x, Balls) else kept(np.asarray(x))


@contextmanager
def known_to_scipy() -> Iterator[None]:
    """Within, those functions of SciPy take `Balls`; where SciPy is built otherwise, nothing changes."""
    home = importlib.import_module(HOME)
    if not hasattr(home, ASKS):
        yield
        return
    with ONE_AT_A_TIME:
        asks = getattr(home, ASKS)

        def ours(*arrays: Any, **kwargs: Any) -> Any:
            xp = asks(*arrays, **kwargs)
            return _Namespace(xp) if any(isinstance(x, Balls) for x in arrays) else xp

        setattr(home, ASKS, ours)
        try:
            yield
        finally:
            setattr(home, ASKS, asks)
