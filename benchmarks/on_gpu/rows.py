"""Rows: what is audited on the device, right and with a planted mistake; torch's own and hand-written kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from benchmarks.on_gpu import functions as f

DOUBLE, SINGLE, LOW = torch.float64, torch.float32, torch.bfloat16
PAIR: Final = (DOUBLE, SINGLE)
ALL: Final = (DOUBLE, SINGLE, LOW)


@dataclass(frozen=True)
class Row:
    """One function: how it is made, its inputs, and what is planted in it.

    Attributes
    ----------
    name : str
        What tables call it.
    right : callable
        () -> a module or a function of tensors.
    inputs : sequence of ndarray
        Floating ones get the dtype of the audit.
    wrong : mapping
        Mistake, in words -> () -> the same with the mistake.
    dtypes : tuple
        In which it is audited.
    on_device : bool
        The inputs lie on the device; else what is called moves them.
    tf32 : bool
        Products of matrices in float32 are let round their factors to TF32.
    """

    name: str
    right: Callable[[], Any]
    inputs: Sequence[Any]
    wrong: Mapping[str, Callable[[], Any]]
    dtypes: tuple[torch.dtype, ...] = PAIR
    on_device: bool = True
    tf32: bool = False


draw: Final = np.random.default_rng(0).normal
choose: Final = np.random.default_rng(1).integers
WIDE: Final = draw(size=(300, 100))
FRAMEWORK: Final = (
    Row(
        "CPU tensors, dropout on the GPU",
        lambda: f.layer,
        [draw(size=(6, 5)), draw(size=(5, 3))],
        {"gradient of x halved": lambda: f.layer_halved},
        on_device=False,
    ),
    Row(
        "Linear, GELU, Linear",
        lambda: f.stack(nn.Linear),
        [draw(size=(16, 24))],
        {"bias averaged over the batch": lambda: f.stack(f.Averaged)},
        ALL,
    ),
    Row(
        "the same where TF32 is allowed",
        lambda: f.stack(nn.Linear),
        [draw(size=(16, 24))],
        {"bias averaged over the batch": lambda: f.stack(f.Averaged)},
        (SINGLE,),
        tf32=True,
    ),
    Row(
        "the same under autocast, loss in float32",
        lambda: f.Mixed(nn.Linear),
        [draw(size=(16, 24))],
        {"bias averaged over the batch": lambda: f.Mixed(f.Averaged)},
        (SINGLE,),
    ),
    Row(
        "dropout between the layers",
        lambda: f.stack(nn.Linear, 0.3),
        [draw(size=(16, 24))],
        {"the backward draws a mask of its own": lambda: f.dropout_again},
    ),
    Row(
        "layer normalisation",
        lambda: f.norm,
        [draw(size=(8, 32)), draw(size=32), draw(size=32)],
        {"statistics taken as fixed": lambda: f.written(f.norm, f.norm_fixed)},
        ALL,
    ),
    Row(
        "attention",
        lambda: f.attention,
        [draw(size=(2, 4, 16, 8)) for _ in "qkv"],
        {"softmax as a diagonal": lambda: f.written(f.attention, f.attention_diagonal)},
        ALL,
    ),
    Row(
        "convolution, cuDNN",
        lambda: f.convolution,
        [draw(size=(4, 16, 12, 12)), draw(size=(32, 16, 3, 3)) / 12],
        {"filter not turned round": lambda: f.written(f.convolution, f.convolution_unturned)},
        ALL,
    ),
    Row(
        "LSTM, cuDNN",
        f.Halves,
        [draw(size=(8, 3, 6))],
        {"state cut in the middle": lambda: f.Halves(cut=True)},
    ),
    Row(
        "embedding",
        lambda: f.looked_up,
        [draw(size=(50, 16)), choose(0, 50, size=200)],
        {"rows overwritten": lambda: f.written(f.looked_up, f.overwritten)},
    ),
    Row(
        "index_select, atomics in the backward",
        lambda: f.selected,
        [draw(size=(64, 4)), choose(0, 64, size=20_000)],
        {"rows overwritten": lambda: f.written(f.selected, f.overwritten)},
    ),
    Row(
        "index_add, atomics in the forward",
        lambda: f.added,
        [draw(size=20_000), choose(0, 64, size=20_000)],
        {"read off by one": lambda: f.written(f.added, lambda g, x, at: (g[at.roll(1)], None))},
    ),
    Row(
        "GELU, autograd.Function",
        lambda: f.written(f.gelu, f.gelu_backward),
        [draw(size=(8, 32))],
        {"product rule forgotten": lambda: f.written(f.gelu, lambda g, x: f.gelu_backward(g, x, 0.0))},
        ALL,
    ),
)


def by_hand() -> tuple[Row, ...]:
    """The kernels; they need a GPU, Triton and CuPy to be imported."""
    from benchmarks.on_gpu import kernels as own

    few = {"sum over the first 64 columns": lambda: own.softmax(64)}
    affine = [WIDE, draw(size=100), draw(size=100)]
    return (
        Row("softmax, Triton", own.softmax, [WIDE[:40]], few | {"sum in bfloat16": lambda: own.softmax(low=True)}),
        Row("softmax, Triton", own.softmax, [WIDE[:40]], few, (LOW,)),
        Row(
            "layer norm, Triton",
            own.layer_norm,
            affine,
            {"gain added without an atomic": lambda: own.layer_norm(atomic=False)},
        ),
        Row(
            "GELU, Triton",
            own.gelu,
            [draw(size=(7, 100))],
            {
                "last block not written": lambda: own.gelu(whole=False),
                "upstream taken to lie as x does": lambda: own.gelu(alike=False),
            },
            ALL,
        ),
        Row(
            "RMS norm, CUDA C++",
            own.rms_norm,
            affine[:2],
            {
                "96 threads halved to 3, then 1": lambda: own.rms_norm(halving=True),
                "gain added without an atomic": lambda: own.rms_norm(atomic=False),
            },
        ),
    )
