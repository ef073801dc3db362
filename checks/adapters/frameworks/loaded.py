"""Loaded: a framework is looked for among the modules that somebody else has imported, and never imported."""

from __future__ import annotations

import sys
from typing import Any


def loaded(name: str, has: str) -> Any:
    """The module ``name`` where it has been imported, and so far that it has the attribute ``has``; else None.

    Examples
    --------
    >>> loaded("math", "pi").pi > 3, loaded("no_such_framework", "Tensor")
    (True, None)
    """
    module = sys.modules.get(name)
    return module if hasattr(module, has) else None
