"""Audited: one layer, right in two precisions, and spoiled in two ways."""

from __future__ import annotations

import time
from typing import Any, Final, NamedTuple

import torch
from torch import nn

from benchmarks.torch_layers.layers import Layer
from benchmarks.torch_layers.spoiled import DRAW, Spoiled, largest
from checks.auditing import audit
from checks.report.record import Report
from checks.verdict import Outcome

COLUMNS: Final = {
    "double": "float64",
    "single": "float32",
    "scaled": "float64, times 1.001",
    "flipped": "float64, one sign flipped",
}
"""What is audited of each layer, and how tables call it."""
BUDGETS: Final = {"scaled": 600, "flipped": 600}
"""Forward passes within which a wrong gradient must have failed; to say so of each of its entries takes more."""


class Row(NamedTuple):
    """What the audits of one layer found, by the keys of `COLUMNS`."""

    layer: Layer
    reports: dict[str, Report]
    seconds: float

    @property
    def outcomes(self) -> dict[str, str]:
        """In words."""
        return {key: report.outcome.value for key, report in self.reports.items()}

    @property
    def unexpected(self) -> list[Report]:
        """The reports that do not pass where the layer is right, or do not fail where it is not."""
        wanted = {"double": Outcome.PASS, "single": Outcome.PASS}
        return [r for key, r in self.reports.items() if r.outcome is not wanted.get(key, Outcome.FAIL)]

    @property
    def wrong(self) -> bool:
        """A right gradient called wrong, or a wrong one not."""
        right = any(self.outcomes[key] == "fail" for key in ("double", "single"))
        return right or any(self.outcomes[key] != "fail" for key in ("scaled", "flipped"))


def made(layer: Layer, dtype: torch.dtype) -> tuple[nn.Module, list[Any]]:
    """The layer and its inputs, of random numbers from one seed, its parameters made."""
    torch.manual_seed(len(layer.name))
    module = layer.make().to(torch.float64)
    inputs = [make() for make in layer.inputs]
    if any(isinstance(p, nn.UninitializedParameter) for p in module.parameters()):
        module(*inputs)
    given = [x.to(dtype) if x is not None and x.is_floating_point() else x for x in inputs]
    return module.to(dtype), given


def audited(layer: Layer, columns: tuple[str, ...] = tuple(COLUMNS)) -> Row:
    """The audits of one layer."""
    start = time.perf_counter()
    module, inputs = made(layer, torch.float64)
    targets: dict[str, Any] = {
        "double": lambda: (module, *inputs),
        "single": lambda: _single(layer),
        "scaled": lambda: (Spoiled(module, None), *inputs),
        "flipped": lambda: (Spoiled(module, largest(*made(layer, torch.float64))), *inputs),
    }
    reports = {}
    for key in columns:
        target = targets[key]()
        torch.manual_seed(DRAW)
        reports[key] = audit(*target, **layer.options, budget=BUDGETS.get(key))
    return Row(layer, reports, time.perf_counter() - start)


def _single(layer: Layer) -> tuple[Any, ...]:
    module, inputs = made(layer, torch.float32)
    return module, *inputs
