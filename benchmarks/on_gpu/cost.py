"""Cost: the adjoint law beside torch's gradcheck in fast mode, on one function on the device, in pairs."""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.speed.functions import network
from checks import Outcome, audit

COSTS: Final = (
    "numbers, activation",
    "pairs",
    "gradcheck, s",
    "audit, s",
    "audit / gradcheck",
    "forward passes of gradcheck",
    "forward passes + pullbacks of the audit",
    "moved to the device a pass, in points",
    "moved to the host",
)
PAIRS: Final = {"1e4": 3, "1e6": 7, "1e7": 5, "1e8": 3}
"""By the number of parameters."""


class Moved(TorchDispatchMode):
    """Counts the bytes that move between host and device."""

    def __init__(self) -> None:
        super().__init__()
        self.to_device = self.to_host = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if func.overloadpacket in (torch.ops.aten._to_copy, torch.ops.aten.copy_):
            source = args[1] if func.overloadpacket is torch.ops.aten.copy_ else args[0]
            if source.device != made.device:
                self.to_device += source.nbytes * made.is_cuda
                self.to_host += source.nbytes * source.is_cuda
        return made


def cost(size: str, activation: str, device: str = "cuda") -> list[object]:
    """One row: medians over pairs on fresh directions, after an audit that is not timed, in which bytes are counted."""
    function = network(size, activation)
    tensors = [t.detach().to(device).requires_grad_() for t in function.tensors()]
    pairs, forwards = list[tuple[float, float]](), 0

    def counted(*given: Tensor) -> Tensor:
        nonlocal forwards
        forwards += 1
        return function.body(*given)

    with Moved() as moved:
        report = audit(function.body, *tensors, laws=("adjoint",))
    passes, point = report.cost.forward + report.cost.pullback, sum(t.nbytes for t in tensors)
    for seed in range(1, PAIRS[size] + 1):
        torch.manual_seed(seed)
        forwards, start = 0, time.perf_counter()
        assert torch.autograd.gradcheck(counted, tensors, fast_mode=True)  # its verdict waits for the device
        between = time.perf_counter()
        report = audit(function.body, *tensors, laws=("adjoint",), seed=seed)
        pairs.append((between - start, time.perf_counter() - between))
        assert report.outcome is Outcome.PASS, str(report)
    torchs, ours = (float(np.median(column)) for column in zip(*pairs, strict=True))
    return [
        f"{function.entries:,}, {activation}",
        len(pairs),
        f"{torchs:.3g}",
        f"{ours:.3g}",
        f"{np.median([b / a for a, b in pairs]):.2f}",
        forwards,
        f"{report.cost.forward} + {report.cost.pullback}",
        f"{moved.to_device / point / passes:.2f}",
        f"{moved.to_host / point / passes:.2f}",
    ]
