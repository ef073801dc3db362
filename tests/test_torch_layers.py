"""Layers of torch.nn: a representative part of what ``python -m benchmarks.torch_layers`` audits; the list is whole."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: it is what is audited here")

from benchmarks.torch_layers.audited import audited  # noqa: E402 - only where torch is there
from benchmarks.torch_layers.layers import EXCEPTIONS, LAYERS, LEFT_OUT  # noqa: E402

PARTS = (
    *("activation", "loss", "conv", "batchnorm", "instancenorm", "normalization", "linear", "rnn", "sparse"),
    *("transformer", "dropout", "adaptive"),
)
RIGHT = (
    *("Linear", "Bilinear", "Embedding", "EmbeddingBag", "Conv2d", "ConvTranspose1d", "LazyConv1d", "BatchNorm1d"),
    *("InstanceNorm2d", "LayerNorm", "LSTM", "GRUCell", "MultiheadAttention", "TransformerEncoderLayer", "PReLU"),
    *(
        "ReLU, in place",
        "Hardshrink",
        "Dropout",
        "GELU",
        "CrossEntropyLoss",
        "SoftMarginLoss",
        "CTCLoss, behind log_softmax",
    ),
)
SPOILED = ("Linear", "Conv1d", "BatchNorm1d, evaluated", "Embedding", "GELU", "Softmax", "MSELoss")
BY_NAME = {layer.name: layer for layer in LAYERS}


def test_every_layer_with_parameters_activation_and_loss_has_a_row_or_a_reason():
    modules = torch.nn.modules
    every = {name for part in PARTS for name in getattr(modules, part).__all__}
    rows = {layer.name.split(",")[0] for layer in LAYERS}
    assert every - rows == set(LEFT_OUT)
    assert len(rows) >= 90
    assert len(BY_NAME) == len(LAYERS)
    assert set(EXCEPTIONS) < set(BY_NAME)


@pytest.mark.parametrize("name", RIGHT)
def test_right_layers_pass_in_both_precisions(name):
    row = audited(BY_NAME[name], ("double", "single"))
    assert row.outcomes == {"double": "pass", "single": "pass"}, "\n".join(map(str, row.unexpected))


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_layers_fail(name):
    row = audited(BY_NAME[name], ("scaled", "flipped"))
    assert row.outcomes == {"scaled": "fail", "flipped": "fail"}, "\n".join(map(str, row.unexpected))


def test_the_exceptions_fail_for_the_reason_given():
    padded = audited(BY_NAME["Embedding, padded"], ("double",))
    assert {f.verdict.tensor for f in padded.unexpected[0].findings} == {"weight (entries of size zero)"}
    lrn = audited(BY_NAME["CrossMapLRN2d"], ("double",))
    verdicts = [f.verdict for f in lrn.unexpected[0].findings]
    assert all(1e-5 < abs(v.claimed - v.estimate.value) / v.scale < 1e-3 for v in verdicts)
