"""Mistakes inside layers that the corpus does not have, written before what names them.

Each layer is its source with rows: what names the mistake rightly (rows of ``SUSPECTS``; none where none may be named),
what the mistake is called, the text that is replaced, and what replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Final

from corpus.aside import dense, gated, losses, mixing
from corpus.layer import STYLES, Layer

ASIDE: Final = {**gated.LAYERS, **dense.LAYERS, **mixing.LAYERS, **losses.LAYERS}


def made(name: str, old: str = "", new: str = "") -> Layer:
    """A layer, right, or with the one place where it says ``old`` saying ``new``."""
    source = ASIDE[name][0]
    if old and source.count(old) != 1:
        message = f"{name}: {old!r} occurs {source.count(old)} times"
        raise ValueError(message)
    module = ModuleType(f"aside_{name}")
    text = f"import numpy as np\n{source.replace(old, new) if old else source}"
    exec(compile(text, f"<corpus/aside/{name}>", "exec"), module.__dict__)  # noqa: S102 - our own
    return Layer(name=name, module=module, style=next(style for style in STYLES if hasattr(module, style)))


def mistakes() -> Iterator[tuple[str, tuple[str, ...], str, str, str]]:
    """Layer, rows that name it rightly, name, old text, new text: of every mistake."""
    return ((layer, *row) for layer, (_, rows) in ASIDE.items() for row in rows)
