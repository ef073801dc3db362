"""A few of torch's own operator tests; ``python -m benchmarks.torch_ops`` runs them all."""

from __future__ import annotations

import pytest
from hypothesis import settings

pytest.importorskip("torch", reason="torch is not installed: it is what is audited here")
pytest.importorskip("expecttest", reason="expecttest is not installed: torch's operator tests import it")

from benchmarks.torch_ops.operators import both, samples

OPERATORS = (
    *("add", "amax", "cumprod", "linalg.cholesky", "linalg.solve", "logsumexp", "nn.functional.silu", "norm"),
    *("nn.functional.layer_norm", "scatter_add", "svd", "where"),
)


@pytest.mark.filterwarnings("ignore")  # importing torch's tests warns, of beta features and of what is deprecated
def test_the_drop_in_agrees_with_torch_on_its_own_operator_tests():
    before = repr(settings())
    rows = [both(sample) for sample in samples(OPERATORS)]
    assert repr(settings()) == before, "importing torch leaves its own profile of Hypothesis to later tests"
    assert {r.name for r in rows} == set(OPERATORS)
    assert all(r.agree and r.torchs is True for r in rows), rows
