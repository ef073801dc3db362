"""Second: the gradient as a function of the point and of the cotangent; its pullback is the double backward."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from checks.adapters.torch.arrays import array_of, tensor_of
from checks.adapters.torch.run import Run
from checks.errors import MisuseError
from checks.probes import generator, signed

if TYPE_CHECKING:
    from torch import Tensor


def second_order(run: Run, cotangents: Sequence[Tensor] | None = None) -> Run:
    """The run of ``run``'s gradient: (point, cotangent) -> gradient.

    Parameters
    ----------
    run : Run
        What is differentiated twice.
    cotangents : sequence of Tensor, optional
        One for each output; without it random ones, of both signs.

    Raises
    ------
    MisuseError
        For another number of cotangents than there are outputs.
    """
    point = {n: array_of(t).copy() for n, t in run.primals.items()}
    with run.ran(point) as (outs, _):
        given = {n: _drawn(n, t) for n, t in outs.items()}
    if cotangents is not None:
        if len(cotangents) != len(given):
            raise MisuseError(f"cotangents= holds {len(cotangents)} for {len(given)} outputs; expected one for each")
        given = {n: v.detach() for n, v in zip(given, cotangents, strict=True)}
    names = {n: f"cotangent of {n}" if n else "cotangent" for n in given}

    def wrap(leaves: dict[str, Tensor], outs: dict[str, Tensor]) -> dict[str, Tensor]:
        torch = sys.modules["torch"]
        wanted = {n: leaves[n] for n in run.primals}
        found = torch.autograd.grad(
            [outs[n] for n in names],
            list(wanted.values()),
            [leaves[name] for name in names.values()],
            create_graph=True,
            allow_unused=True,
        )
        grads = zip(wanted.items(), found, strict=True)
        return {f"gradient of {n}": torch.zeros_like(x) if g is None else _dense(g) for (n, x), g in grads}

    return replace(run, primals={**run.primals, **{names[n]: v for n, v in given.items()}}, wrap=wrap)


def _dense(tensor: Tensor) -> Tensor:
    return tensor if str(tensor.layout) == "torch.strided" else tensor.to_dense()


def _drawn(name: str, like: Tensor) -> Tensor:
    rng = generator(0, "cotangent", name, tuple(like.shape))
    v = signed(rng, tuple(like.shape))
    values = np.asarray(v + 1j * signed(rng, tuple(like.shape)) if like.is_complex() else v)
    return tensor_of(values.astype(array_of(like).dtype), like)
