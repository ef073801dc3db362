"""Rows: how a target of PyTorch is recognised."""

from __future__ import annotations

from typing import Any, Final

from checks.adapters.frameworks.loaded import loaded
from checks.adapters.frameworks.nested import leaves
from checks.adapters.row import Adapter, Seen, takes
from checks.adapters.torch.arrays import is_tensor
from checks.adapters.torch.held import is_function_class, is_module
from checks.subject import Subject

OPTIONS: Final = ("wrt", "order", "cotangents", "forward_mode")


def _tensors(seen: Seen) -> bool:
    return any(leaves(a, is_tensor) for a in seen.args)


def _is_module(seen: Seen) -> bool:
    return is_module(seen.target) or (loaded("torch.nn", "Module") is not None and is_module(seen.made))


def _is_function(seen: Seen) -> bool:
    t = seen.target
    return is_function_class(t) or (callable(t) and not isinstance(t, type) and takes(t, len(seen.args)) > 0)


def _make(seen: Seen, options: dict[str, Any]) -> Subject:
    from checks.adapters.torch.make import subject_of

    return subject_of(seen, options)


INPUTS = ("no input is, or holds, a torch.Tensor", _tensors)
MODULE = Adapter(
    shape="an nn.Module, or its constructor, with tensors as inputs",
    write="audit(module, x)",
    signs=(INPUTS, ("it is no nn.Module, and makes none", _is_module)),
    make=_make,
    options=OPTIONS,
)
FUNCTION = Adapter(
    shape="a function of torch tensors, or an autograd.Function",
    write="audit(f, *tensors)",
    signs=(
        INPUTS,
        ("it is a module", lambda s: not _is_module(s)),
        ("it is no function of that many inputs, and no autograd.Function", _is_function),
    ),
    make=_make,
    options=OPTIONS,
)
