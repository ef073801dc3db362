"""Gradients on a CUDA device: torch's own, hand-written kernels in Triton and CUDA C++, each right and wrong.

All are audited through the public API, as they lie on the device, in float64, float32 and bfloat16. Then what the
adjoint law costs there beside torch's gradcheck in fast mode: dense networks of 1e6 to 1e8 parameters, in pairs.

Run it as ``python -m benchmarks.on_gpu``; it renews the tables of docs/benchmarks.md, and takes Triton and CuPy.
``--quick`` takes every fourth row and a small network, and writes nothing. Without a GPU it says so and ends.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch
from torch import nn

from benchmarks.on_gpu.cost import COSTS, PAIRS, cost
from benchmarks.on_gpu.rows import FRAMEWORK, Row, by_hand
from benchmarks.tables import progress, table, write
from checks import Outcome, Report, audit

HEAD: Final = ("what", "dtype", "right", "passes + pullbacks", "planted", "verdict", "what is said of it")
LONG: Final = 90
"""Letters of a place that a table holds."""


def audited(row: Row, target: Any, dtype: torch.dtype, device: str) -> Report:
    """One audit."""
    place = device if row.on_device else "cpu"
    tensors = [torch.from_numpy(x) for x in row.inputs]
    given = [t.to(place, dtype) if t.is_floating_point() else t.to(place) for t in tensors]
    if isinstance(target, nn.Module):
        target.to(place, dtype)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if row.tf32 else before)
    try:
        return audit(target, *given, name=row.name.split(",")[0])
    finally:
        torch.set_float32_matmul_precision(before)


def said(report: Report) -> str:
    """Law, gradient, place and mistake of what failed first; without a failure, why nothing did."""
    failed = [f for f in report.findings if f.verdict.outcome is Outcome.FAIL]
    found = min(failed, key=lambda f: ("repeatable", "adjoint", f.law).index(f.law), default=None)
    if found is None:
        return "; ".join(f.verdict.reason.split(";")[0] for f in report.findings[:1])
    where, cause = found.location.split(", at a moved")[0], found.diagnosis
    looks = f"looks like {cause}" if cause and not cause.startswith("no known") else cause
    words = [_cut(where), looks] if found.law == "adjoint" else [found.verdict.reason.split(": the gradient of")[0]]
    return f"{found.law}, {found.verdict.tensor}: " + "; ".join(w for w in words if w)


def _cut(words: str) -> str:
    return words if len(words) <= LONG else words[: LONG - 1].rsplit(" ", 1)[0] + " …"


def lines(rows: Sequence[Row], device: str, *, show: bool) -> Iterator[tuple[list[object], bool]]:
    """One line a mistake and dtype, and whether neither verdict is wrong."""
    for done, row in enumerate(rows, 1):
        for dtype in row.dtypes:
            torch.manual_seed(0)
            right = audited(row, row.right(), dtype, device)
            noisy = sorted({note.split()[0] for note in right.notes if "noisy" in note})
            told = right.outcome.value + (f", {' and '.join(noisy)} noisy" if noisy else "")
            passes = f"{right.cost.forward} + {right.cost.pullback}"
            if show:
                print(f"{row.name}, {dtype}\n{right}\n", flush=True)
            for words, make in row.wrong.items():
                torch.manual_seed(0)
                wrong = audited(row, make(), dtype, device)
                if show:
                    print(f"{row.name}, {dtype}, {words}\n{wrong}\n", flush=True)
                what = row.name, str(dtype).removeprefix("torch."), told, passes
                good = right.outcome is not Outcome.FAIL and wrong.outcome is not Outcome.PASS
                yield [*what, words, wrong.outcome.value, said(wrong)], good
        progress(done, len(rows), row.name)


def main(arguments: Sequence[str] | None = None) -> int:
    read = argparse.ArgumentParser(prog="python -m benchmarks.on_gpu", description=(__doc__ or "").splitlines()[0])
    read.add_argument("--quick", action="store_true", help="every fourth row and a small network; nothing is written")
    read.add_argument("--show", action="store_true", help="print the reports")
    read.add_argument("--only", choices=["verdicts", "cost"], help="one of the two tables; nothing is written")
    asked = read.parse_args(arguments)
    if not torch.cuda.is_available():
        print("no GPU: torch sees no CUDA device here; nothing was measured, and nothing is written")
        return 0
    rows = [] if asked.only == "cost" else [*FRAMEWORK, *by_hand()][:: 4 if asked.quick else 1]
    found = list(lines(rows, "cuda", show=asked.show))
    verdicts = table(HEAD, [cells for cells, _ in found])
    print(verdicts, flush=True)
    sizes = [] if asked.only == "verdicts" else [size for size in PAIRS if asked.quick == (size == "1e4")]
    costs = table(COSTS, [cost(size, activation) for size in sizes for activation in ("tanh", "relu")])
    card = f"{torch.cuda.get_device_name()}, torch {torch.__version__.split('+')[0]}"
    print(f"\n{costs}\n\n{card}")
    if not asked.quick and not asked.only:
        write("on a GPU", f"`python -m benchmarks.on_gpu`\n\n{card}.\n\n{verdicts}\n\n{costs}")
    return int(not all(good for _, good in found))


if __name__ == "__main__":
    sys.exit(main())
