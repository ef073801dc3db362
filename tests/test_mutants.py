"""Every small mutation of the three files of equations is killed by an equation; the survivors are known ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.mutants import MODULES, SURVIVORS, killed_in_process, mutants

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("module", MODULES)
def test_every_mutant_is_killed_or_known_to_be_the_same(module: str) -> None:
    survived = [mutant.name for mutant in mutants(module) if not killed_in_process(mutant)]
    assert sorted(survived) == sorted(name for name in SURVIVORS if name.startswith(f"{module}:"))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("backward", "dW[l] = delta @ A[l - 1]"),  # a transpose
        ("backward", "db[l] = delta"),  # a sum
        ("backward", "delta = W[l].T @ delta"),  # σ′
        ("backward", "delta = through(sigma[l], Z[l - 1], W[l].T @ delta, e)"),  # l for l - 1
        ("backward", "delta = through(sigma[L], A[L], dC_da, e)"),  # z for a
        ("forward", "A.append(Z[l])"),  # σ
        ("forward", "Z.append(W[l] @ A[l - 1] - b[l])"),  # a sign
        ("descend", "W = [network.W[l] + step * gradients.W[l] for l in layers]"),
    ],
)
def test_the_mutants_that_matter_are_among_them(module: str, line: str) -> None:
    assert f"{module}: {line}" in {mutant.name for mutant in mutants(module)}
