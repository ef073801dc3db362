"""Every mistake is caught by the law that it breaks, and every right layer passes; places: ``benchmarks.corpus``."""

from __future__ import annotations

import pytest

from checks import Outcome
from corpus import LAYERS, MISTAKES, Mistake, load

pytestmark = pytest.mark.slow

SEED = 0


@pytest.mark.parametrize("name", LAYERS)
def test_right_layer_passes(name):
    report = load(name).audit(SEED)
    assert report.outcome is Outcome.PASS, str(report)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_mistake_is_caught(mistake: Mistake):
    report = mistake.load().audit(SEED, locate=False)
    expected = Outcome.INCONCLUSIVE if mistake.law == "claimed" else Outcome.FAIL  # not claimed is not wrong
    assert report.outcome is expected, str(report)
    assert mistake.law in {f.law for f in report.findings}, str(report)
    wrong = {f.verdict.tensor.split(" (")[0] for f in report.findings if f.law == "adjoint"}
    assert wrong <= set(mistake.where), str(report)
