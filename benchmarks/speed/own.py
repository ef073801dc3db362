"""Own: what an audit takes beside the target: our time on a small layer, and our memory on a large network."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import numpy as np

from benchmarks.speed.functions import Function, network
from benchmarks.tables import table
from checks.auditing import audit
from checks.subject import Subject


class Watched:
    """A dense layer of 10 parameters whose own time is added up."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.point = {"x": rng.normal(size=(6, 4)), "w": rng.normal(size=(4, 2)), "b": rng.normal(size=2)}
        self.inside = 0.0
        self.subject = Subject(name="dense", point=self.point, forward=self.forward, pullback=self.pullback)

    def forward(self, p: Any) -> Any:
        """tanh(x W + b)."""
        start = time.process_time()
        y = np.tanh(p["x"] @ p["w"] + p["b"])
        self.inside += time.process_time() - start
        return y

    def pullback(self, p: Any, v: Any) -> Any:
        """Its gradient."""
        start = time.process_time()
        delta = v * (1 - np.tanh(p["x"] @ p["w"] + p["b"]) ** 2)
        made = {"x": delta @ p["w"].T, "w": p["x"].T @ delta, "b": delta.sum(axis=0)}
        self.inside += time.process_time() - start
        return made


def overhead(laws: list[str] | None, audits: int) -> tuple[float, float, int, int]:
    """Our own milliseconds of CPU an audit: the median and the fastest; forward passes and pullbacks."""
    layer, seen = Watched(), []
    for seed in range(audits + 5):
        layer.inside = 0.0
        start = time.process_time()
        report = audit(layer.subject, seed=seed, laws=laws)
        seen.append(1e3 * (time.process_time() - start - layer.inside))
    found = seen[5:]
    return float(np.median(found)), min(found), report.cost.forward, report.cost.pullback


def peak(function: Function) -> tuple[float, float]:
    """Peak memory in sizes of the point, the point and the claim included: in all, and of that the target's own.

    Only what NumPy allocates is counted: torch's own memory, which the target takes, does not appear.
    """
    subject, size = function.subject(), 8 * function.entries
    subject.pullback(
        subject.point, np.array(subject.forward(subject.point))
    )  # what the first call loads is not counted
    tracemalloc.start()
    try:
        v = np.array(subject.forward(subject.point))
        subject.pullback(subject.point, v)
        target = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        audit(subject, laws=["adjoint"])
        whole = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    return 1 + whole / size, target / size


def own_table(*, quick: bool) -> str:
    """Both tables."""
    rows = []
    for laws, said in ((None, "all laws"), (["adjoint"], "adjoint law")):
        median, fastest, forwards, pullbacks = overhead(laws, 20 if quick else 200)
        rows.append([said, f"{median:.1f}", f"{fastest:.1f}", f"{forwards} + {pullbacks}"])
    first = table(["10 parameters", "our own ms of CPU, median", "fastest", "forward passes + pullbacks"], rows)
    sizes = ("1e4",) if quick else ("1e5", "1e6", "1e7")
    rows = []
    for size in sizes:
        for activation in ("tanh", "relu"):
            function = network(size, activation)
            whole, target = peak(function)
            rows.append([function.name, f"{function.entries:,}", f"{whole:.2f}", f"{target:.2f}"])
    second = table(["function", "numbers", "peak, in sizes of the point", "of that the target's own"], rows)
    return (
        "Our own CPU time on a layer of 10 parameters (time inside the target subtracted):\n\n"
        f"{first}\n\n"
        "Peak memory of the adjoint law, counting point, displaced point and claim (3 in all):\n\n"
        f"{second}"
    )
