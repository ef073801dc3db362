"""The drop-in gradcheck beside torch's own: on torch's operator tests, and on counterexamples.

One sample of every operator of PyTorch's own operator tests (``op_db``) that is differentiated in float64, no larger
than 64 numbers, as those tests check it: torch's thorough mode, and the drop-in. Then gradients of which torch's
verdict is the wrong one.

Run it as ``python -m benchmarks.torch_ops`` (needs ``expecttest``, which torch's operator tests import); ``--write``
renews the tables of docs/benchmarks.md, ``--quick`` takes every fortieth operator.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Final

import torch

from benchmarks.tables import progress, table, write
from benchmarks.torch_ops.counterexamples import RIGHT, SLOW, WRONG, verdicts
from benchmarks.torch_ops.operators import LARGEST, Row, both, differentiated, samples

QUICK: Final = 40
TAIL: Final = "inconclusive: the value's own rounding hides the derivative in the tail"
TARGET: Final = "inconclusive: torch's test differentiates the target as well, in which the loss jumps at 1 and −1"
KNOWN: Final = {
    "erfc": TAIL,
    "nn.functional.cosine_embedding_loss": TARGET,
    "nn.functional.hinge_embedding_loss": TARGET,
    "torch.ops.aten._safe_softmax.default": "an input holds −inf",
    "as_strided_scatter": "wrong at this sample: torch's own tests expect it to fail",
    "nn.functional.max_unpool3d": "wrong at this sample, where two entries go to one place: torch's tests skip it",
    "native_group_norm": "torch drops the mean's upstream where the output's is None, which is not tried",
    "__rpow__": "no finite value at this sample",
    "normal": "a draw, whose gradients by its mean and scale are claimed zero",
    "chalf": "a cast to numbers that NumPy has not",
    "half": "a cast to float16, right within its rounding, of which torch's tolerance does not know",
    "bfloat16": "the same, inconclusive",
    "float": "the same of float32",
    "cfloat": "the same of complex64",
}
"""Operators of which the two say different things, or not True, and why."""


def operators(rows: Sequence[Row]) -> str:
    """What it comes to, and every operator on which the verdicts differ."""
    agreed = [r for r in rows if r.agree and r.torchs is True]
    differ = [r for r in rows if not (r.agree and r.torchs is True)]
    every = len(differentiated())
    said = (
        f"{len(rows)} operators with a sample of at most {LARGEST} numbers, of {every} that are differentiated in "
        f"float64, torch {torch.__version__}: both say right of {len(agreed)}."
    )
    lines = [[r.name, str(r.torchs), str(r.ours), KNOWN.get(r.name, "")] for r in differ]
    return f"{said}\n\n" + table(["operator where they differ", "gradcheck", "drop-in", "why"], lines)


def counterexamples(quick: bool) -> tuple[str, bool]:
    """The table, and whether each verdict is as it should be."""
    lines, fine = [], True
    for said, cases in (("wrong", WRONG if quick else SLOW | WRONG), ("right", RIGHT)):
        for name, case in cases.items():
            torchs, ours = verdicts(case)
            fine = fine and ours is (said == "right")
            lines.append([name, said, "right" if torchs else "wrong", "right" if ours else "wrong"])
    return table(["gradient", "is", "gradcheck says", "drop-in says"], lines), fine


def main() -> int:
    read = argparse.ArgumentParser(prog="python -m benchmarks.torch_ops", description=__doc__.splitlines()[0])
    read.add_argument("--quick", action="store_true", help=f"every {QUICK}th operator")
    read.add_argument("--write", action="store_true", help="renew the tables of docs/benchmarks.md")
    asked = read.parse_args()
    torch.set_num_threads(1)
    start = time.perf_counter()
    chosen = list(samples())[:: QUICK if asked.quick else 1]
    rows = []
    for sample in chosen:
        rows.append(both(sample))
        progress(len(rows), len(chosen), sample.name)
    beside, fine = counterexamples(asked.quick)
    text = f"{operators(rows)}\n\n{beside}"
    print(text, f"\n{time.perf_counter() - start:.0f} seconds", sep="\n")
    if asked.write:
        write("torch operators", text)
    surprising = [r.name for r in rows if not r.agree and r.torchs is True and r.name not in KNOWN]
    return int(bool(surprising) or not fine)


if __name__ == "__main__":
    sys.exit(main())
