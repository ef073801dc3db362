"""PyTorch: functions, autograd.Function classes and modules as Subjects; a gradcheck of torch's own signature.

Nothing here imports torch before somebody else has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checks.adapters.torch.drop_in import gradcheck, gradgradcheck

__all__ = ["gradcheck", "gradgradcheck"]


def __getattr__(name: str) -> Any:
    """The drop-ins, on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    from checks.adapters.torch import drop_in

    return getattr(drop_in, name)
