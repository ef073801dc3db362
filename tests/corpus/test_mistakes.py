"""Every mistake is caught by the law that it breaks, and every right layer passes; places: ``benchmarks.corpus``."""

from __future__ import annotations

import pytest

from checks import Outcome
from corpus import LAYERS, MISTAKES, Mistake, load

SEED = 0


@pytest.mark.parametrize("name", LAYERS)
def test_right_layer_passes(name):
    report = load(name).audit(SEED)
    assert report.outcome is Outcome.PASS, str(report)


@pytest.mark.parametrize("mistake", [m for m in MISTAKES if not m.passes], ids=str)
def test_mistake_is_caught(mistake: Mistake):
    report = mistake.load().audit(SEED, locate=False)
    expected = Outcome.INCONCLUSIVE if mistake.law == "claimed" else Outcome.FAIL  # not claimed is not wrong
    assert report.outcome is expected, str(report)
    assert mistake.law in {f.law for f in report.findings}, str(report)
    wrong = {f.verdict.tensor.split(" (")[0] for f in report.findings if f.law == "adjoint"}
    assert wrong <= set(mistake.where), str(report)


@pytest.mark.parametrize("mistake", [m for m in MISTAKES if m.passes], ids=str)
def test_mistake_that_is_known_to_pass_still_does(mistake: Mistake):
    assert mistake.load().audit(SEED).outcome is Outcome.PASS, "caught now: take its `passes` out"
