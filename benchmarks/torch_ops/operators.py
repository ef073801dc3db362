"""Operators: the samples that PyTorch's own operator tests check gradients at, and both verdicts on them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, NamedTuple

import torch
from hypothesis import settings
from torch.utils._pytree import tree_flatten, tree_unflatten

from checks.adapters.torch import gradcheck
from checks.errors import MisuseError

LARGEST: Final = 64
"""Numbers that a sample may differentiate: torch's checker calls the function twice for each."""


class Sample(NamedTuple):
    """One sample of one operator, as a function of the tensors that it differentiates."""

    name: str
    function: Callable[..., Any]
    inputs: tuple[torch.Tensor, ...]


class Row(NamedTuple):
    """Both verdicts: True, False, or what was raised."""

    name: str
    torchs: bool | str
    ours: bool | str

    @property
    def agree(self) -> bool:
        """Whether both say the same of a gradient."""
        return self.torchs is self.ours


def samples(only: Collection[str] = ()) -> Iterator[Sample]:
    """One sample for each operator of the operator tests that torch differentiates in float64; or for these alone."""
    seen: set[str] = set()
    for op in _op_db():
        if (
            op.name in seen
            or (only and op.name not in only)
            or not op.supports_autograd
            or torch.float64 not in op.dtypes
        ):
            continue
        torch.manual_seed(0)
        found = _first(op)
        if found is not None:
            seen.add(op.name)
            yield found


def differentiated() -> set[str]:
    """The operators that torch differentiates in float64, with a small sample or without."""
    return {op.name for op in _op_db() if op.supports_autograd and torch.float64 in op.dtypes}


def _op_db() -> Any:
    """Torch's operator tests; Hypothesis keeps its settings, which importing them would replace by torch's own."""
    chosen = settings.get_current_profile_name()
    kept = settings.get_profile(chosen)
    from torch.testing._internal.common_methods_invocations import op_db

    settings.register_profile(chosen, kept)
    settings.load_profile(chosen)
    return op_db


def _first(op: Any) -> Sample | None:
    """The first sample that is small enough and has outputs; None where there is none."""
    try:
        for sample in op.sample_inputs("cpu", torch.float64, requires_grad=True):
            leaves, form = tree_flatten(((sample.input, *sample.args), sample.kwargs))
            at = [i for i, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor) and leaf.requires_grad]
            numbers = sum(leaves[i].numel() for i in at)
            if not 0 < numbers <= LARGEST or any(leaves[i].layout is not torch.strided for i in at):
                continue
            found = Sample(op.name, _function(op, sample, leaves, form, at), tuple(leaves[i].detach() for i in at))
            if all(t.numel() for t in tree_flatten(found.function(*found.inputs))[0] if isinstance(t, torch.Tensor)):
                return found
    except (RuntimeError, NotImplementedError, ImportError):  # a build without what the operator needs
        return None
    return None


def _function(op: Any, sample: Any, leaves: list[Any], form: Any, at: list[int]) -> Callable[..., Any]:
    def function(*inputs: torch.Tensor) -> Any:
        filled = list(leaves)
        for i, x in zip(at, inputs, strict=True):
            filled[i] = x
        args, kwargs = tree_unflatten(filled, form)
        out = op.gradcheck_wrapper(op.get_op(), *args, **kwargs)
        process = sample.output_process_fn_grad
        return out if process is None else process(out)

    return function


def both(sample: Sample) -> Row:
    """The verdicts of torch's gradcheck, in its thorough mode, and of the drop-in."""
    found: list[bool | str] = []
    for check in (torch.autograd.gradcheck, gradcheck):
        inputs = tuple(x.clone().requires_grad_() for x in sample.inputs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(0)
            try:
                found.append(check(sample.function, inputs, raise_exception=False))
            except (RuntimeError, ValueError, MisuseError) as raised:
                found.append(f"{type(raised).__name__}: {str(raised).splitlines()[0][:80]}")
    return Row(sample.name, *found)
