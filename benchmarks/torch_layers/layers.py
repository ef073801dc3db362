"""The layers: every one of torch.nn with parameters, every elementwise activation, every loss; one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn


class Layer(NamedTuple):
    """One row: what it is called, how it is made, and its inputs."""

    name: str
    make: Callable[[], nn.Module]
    inputs: tuple[Any, ...]
    options: dict[str, Any] = {}  # noqa: RUF012 - never written into


def real(*shape: int) -> Callable[[], Tensor]:
    """Normal numbers."""
    return lambda: torch.randn(*shape, dtype=torch.float64)


def positive(*shape: int) -> Callable[[], Tensor]:
    """Numbers between 0.2 and 1.2."""
    return lambda: 0.2 + torch.rand(*shape, dtype=torch.float64)


def shares(*shape: int) -> Callable[[], Tensor]:
    """Numbers between 0.1 and 0.9."""
    return lambda: 0.1 + 0.8 * torch.rand(*shape, dtype=torch.float64)


def simplex(*shape: int) -> Callable[[], Tensor]:
    """Probabilities along the second axis."""
    return lambda: torch.softmax(torch.randn(*shape, dtype=torch.float64), dim=1)


def labels(below: int, *shape: int) -> Callable[[], Tensor]:
    """Whole numbers from 0."""
    return lambda: torch.randint(0, below, shape)


def signs(*shape: int) -> Callable[[], Tensor]:
    """-1 or 1, of the type of the inputs."""
    return lambda: 2.0 * torch.randint(0, 2, shape).double() - 1


def zeros_and_ones(*shape: int) -> Callable[[], Tensor]:
    """0 or 1, of the type of the inputs."""
    return lambda: torch.randint(0, 2, shape).double()


def of(*values: int) -> Callable[[], Tensor]:
    """These whole numbers."""
    return lambda: torch.tensor(values)


def nothing() -> None:
    """An argument that is left out."""


def evaluated(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """The layer after one pass in training, in evaluation."""

    def made() -> nn.Module:
        layer = make()
        for name, buffer in layer.named_buffers():
            if buffer.is_floating_point():
                buffer.uniform_(0.5, 1.5) if "var" in name else buffer.normal_()
        return layer.eval()

    return made


def _activations() -> list[Layer]:
    names = (
        *("ELU", "Hardshrink", "Hardsigmoid", "Hardtanh", "Hardswish", "LeakyReLU", "LogSigmoid", "ReLU", "ReLU6"),
        *("RReLU", "SELU", "CELU", "GELU", "Sigmoid", "SiLU", "Mish", "Softplus", "Softshrink", "Softsign", "Tanh"),
        *("Tanhshrink", "PReLU"),
    )
    rows = [Layer(name, getattr(nn, name), (real(4, 6),)) for name in names]
    return [
        *rows,
        Layer("ReLU, in place", lambda: nn.ReLU(inplace=True), (real(4, 6),)),
        Layer("GELU, tanh", lambda: nn.GELU("tanh"), (real(4, 6),)),
        Layer("RReLU, evaluated", evaluated(nn.RReLU), (real(4, 6),)),
        Layer("Threshold", lambda: nn.Threshold(0.1, 20.0), (real(4, 6),)),
        Layer("PReLU, by channel", lambda: nn.PReLU(3), (real(2, 3, 4),)),
        Layer("GLU", nn.GLU, (real(4, 6),)),
        Layer("Softmin", lambda: nn.Softmin(dim=1), (real(4, 6),)),
        Layer("Softmax", lambda: nn.Softmax(dim=1), (real(4, 6),)),
        Layer("Softmax2d", nn.Softmax2d, (real(2, 3, 2, 2),)),
        Layer("LogSoftmax", lambda: nn.LogSoftmax(dim=1), (real(4, 6),)),
        Layer("Dropout", nn.Dropout, (real(4, 6),)),
        Layer("AlphaDropout", nn.AlphaDropout, (real(4, 6),)),
        Layer("FeatureAlphaDropout", nn.FeatureAlphaDropout, (real(4, 6, 2),)),
        Layer("Dropout1d", nn.Dropout1d, (real(4, 6, 2),)),
        Layer("Dropout2d", nn.Dropout2d, (real(2, 6, 2, 2),)),
        Layer("Dropout3d", nn.Dropout3d, (real(2, 6, 2, 1, 2),)),
    ]


def _convolutions() -> list[Layer]:
    return [
        Layer("Conv1d", lambda: nn.Conv1d(2, 3, 3), (real(2, 2, 7),)),
        Layer("Conv2d", lambda: nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2), (real(2, 2, 5, 6),)),
        Layer("Conv2d, dilated, reflecting", _dilated, (real(1, 2, 6, 5),)),
        Layer("Conv3d", lambda: nn.Conv3d(2, 2, 2), (real(1, 2, 3, 4, 3),)),
        Layer("ConvTranspose1d", lambda: nn.ConvTranspose1d(2, 3, 3, stride=2), (real(2, 2, 4),)),
        Layer("ConvTranspose2d", lambda: nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1), (real(1, 2, 3, 4),)),
        Layer("ConvTranspose3d", lambda: nn.ConvTranspose3d(2, 2, 2), (real(1, 2, 2, 3, 2),)),
        Layer("LazyConv1d", lambda: nn.LazyConv1d(3, 3), (real(2, 2, 7),)),
        Layer("LazyConv2d", lambda: nn.LazyConv2d(3, 3), (real(2, 2, 5, 4),)),
        Layer("LazyConv3d", lambda: nn.LazyConv3d(2, 2), (real(1, 2, 3, 4, 3),)),
        Layer("LazyConvTranspose1d", lambda: nn.LazyConvTranspose1d(3, 3), (real(2, 2, 4),)),
        Layer("LazyConvTranspose2d", lambda: nn.LazyConvTranspose2d(3, 3), (real(1, 2, 3, 4),)),
        Layer("LazyConvTranspose3d", lambda: nn.LazyConvTranspose3d(2, 2), (real(1, 2, 2, 3, 2),)),
    ]


class BehindLogSoftmax(nn.Module):
    """CTCLoss as it is meant to be used."""

    def __init__(self) -> None:
        super().__init__()
        self.loss = nn.CTCLoss()

    def forward(self, scores: Tensor, *rest: Tensor) -> Tensor:
        """The loss of the scores' log-probabilities."""
        loss: Tensor = self.loss(scores.log_softmax(2), *rest)
        return loss


def _dilated() -> nn.Module:
    return nn.Conv2d(2, 3, 2, dilation=2, padding=1, padding_mode="reflect")


def _norms() -> list[Layer]:
    flat, line, image, volume = real(6, 3), real(3, 3, 5), real(3, 3, 2, 4), real(2, 3, 2, 3, 2)
    return [
        Layer("BatchNorm1d", lambda: nn.BatchNorm1d(3), (flat,)),
        Layer("BatchNorm1d, evaluated", evaluated(lambda: nn.BatchNorm1d(3)), (flat,)),
        Layer("BatchNorm2d", lambda: nn.BatchNorm2d(3), (image,)),
        Layer("BatchNorm2d, evaluated", evaluated(lambda: nn.BatchNorm2d(3)), (image,)),
        Layer("BatchNorm3d", lambda: nn.BatchNorm3d(3), (volume,)),
        Layer("LazyBatchNorm1d", nn.LazyBatchNorm1d, (flat,)),
        Layer("LazyBatchNorm2d", nn.LazyBatchNorm2d, (image,)),
        Layer("LazyBatchNorm3d", nn.LazyBatchNorm3d, (volume,)),
        Layer("InstanceNorm1d", lambda: nn.InstanceNorm1d(3, affine=True), (line,)),
        Layer("InstanceNorm2d", lambda: nn.InstanceNorm2d(3, affine=True, track_running_stats=True), (image,)),
        Layer("InstanceNorm3d", lambda: nn.InstanceNorm3d(3, affine=True), (volume,)),
        Layer("LazyInstanceNorm1d", lambda: nn.LazyInstanceNorm1d(affine=True), (line,)),
        Layer("LazyInstanceNorm2d", lambda: nn.LazyInstanceNorm2d(affine=True), (image,)),
        Layer("LazyInstanceNorm3d", lambda: nn.LazyInstanceNorm3d(affine=True), (volume,)),
        Layer("GroupNorm", lambda: nn.GroupNorm(2, 4), (real(2, 4, 3),)),
        Layer("LayerNorm", lambda: nn.LayerNorm([3, 5]), (line,)),
        Layer("RMSNorm", lambda: nn.RMSNorm(5), (line,)),
        Layer("LocalResponseNorm", lambda: nn.LocalResponseNorm(2), (line,)),
        Layer("CrossMapLRN2d", lambda: nn.CrossMapLRN2d(2), (image,)),
    ]


def _dense() -> list[Layer]:
    words, bags = labels(5, 2, 3), labels(5, 3, 4)
    return [
        Layer("Linear", lambda: nn.Linear(3, 2), (real(4, 3),)),
        Layer("LazyLinear", lambda: nn.LazyLinear(2), (real(4, 3),)),
        Layer("Bilinear", lambda: nn.Bilinear(3, 4, 2), (real(5, 3), real(5, 4))),
        Layer("Embedding", lambda: nn.Embedding(5, 3), (words,)),
        Layer("Embedding, sparse", lambda: nn.Embedding(5, 3, sparse=True), (words,)),
        Layer("Embedding, padded", lambda: nn.Embedding(5, 3, padding_idx=0, scale_grad_by_freq=False), (words,)),
        Layer("EmbeddingBag", lambda: nn.EmbeddingBag(5, 3), (bags,)),
        Layer("EmbeddingBag, sum, weighted", lambda: nn.EmbeddingBag(5, 3, mode="sum"), (bags, nothing, real(3, 4))),
        Layer("EmbeddingBag, max", lambda: nn.EmbeddingBag(5, 3, mode="max"), (bags,)),
    ]


def _sequences() -> list[Layer]:
    steps, state = real(4, 2, 3), real(1, 2, 4)
    token, attended = real(3, 2, 4), real(2, 2, 4)
    return [
        Layer("RNN", lambda: nn.RNN(3, 4), (steps, state)),
        Layer("RNN, relu, two layers, dropout", lambda: nn.RNN(3, 4, 2, nonlinearity="relu", dropout=0.3), (steps,)),
        Layer("LSTM", lambda: nn.LSTM(3, 4), (steps,)),
        Layer("LSTM, both ways, projected", lambda: nn.LSTM(3, 4, bidirectional=True, proj_size=2), (steps,)),
        Layer("GRU", lambda: nn.GRU(3, 4, batch_first=True), (steps,)),
        Layer("RNNCell", lambda: nn.RNNCell(3, 4), (real(2, 3), real(2, 4))),
        Layer("LSTMCell", lambda: nn.LSTMCell(3, 4), (real(2, 3),)),
        Layer("GRUCell", lambda: nn.GRUCell(3, 4), (real(2, 3), real(2, 4))),
        Layer("MultiheadAttention", lambda: nn.MultiheadAttention(4, 2), (token, attended, attended)),
        Layer("TransformerEncoderLayer", lambda: nn.TransformerEncoderLayer(4, 2, 5), (token,)),
        Layer("TransformerEncoderLayer, evaluated", lambda: nn.TransformerEncoderLayer(4, 2, 5).eval(), (token,)),
        Layer("TransformerDecoderLayer", lambda: nn.TransformerDecoderLayer(4, 2, 5, dropout=0.0), (token, attended)),
        Layer("TransformerEncoder", _encoder, (token,)),
        Layer("TransformerDecoder", _decoder, (token, attended)),
        Layer("Transformer", _transformer, (real(2, 3, 4), real(2, 2, 4))),
    ]


def _encoder() -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 5, norm_first=True), 2, enable_nested_tensor=False)


def _transformer() -> nn.Module:
    return nn.Transformer(4, 2, 1, 1, 5, dropout=0.0, batch_first=True)


def _decoder() -> nn.Module:
    return nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 5, dropout=0.0), 2)


def _losses() -> list[Layer]:
    y, yhat = real(5, 3), real(5, 3)
    words = (lambda: torch.randint(1, 4, (2, 3)), of(6, 5), of(3, 2))
    return [
        Layer("L1Loss", nn.L1Loss, (yhat, y)),
        Layer("MSELoss", nn.MSELoss, (yhat, y)),
        Layer("HuberLoss", lambda: nn.HuberLoss(delta=0.7), (yhat, y)),
        Layer("SmoothL1Loss", lambda: nn.SmoothL1Loss(beta=0.7), (yhat, y)),
        Layer("CrossEntropyLoss", nn.CrossEntropyLoss, (yhat, labels(3, 5))),
        Layer(
            "CrossEntropyLoss, of probabilities", lambda: nn.CrossEntropyLoss(label_smoothing=0.1), (y, simplex(5, 3))
        ),
        Layer("NLLLoss", nn.NLLLoss, (y, labels(3, 5))),
        Layer("NLLLoss2d", lambda: nn.NLLLoss(reduction="sum"), (real(2, 3, 2, 2), labels(3, 2, 2, 2))),
        Layer("PoissonNLLLoss", lambda: nn.PoissonNLLLoss(full=False), (yhat, positive(5, 3))),
        Layer("GaussianNLLLoss", nn.GaussianNLLLoss, (yhat, y, positive(5, 3))),
        Layer("KLDivLoss", lambda: nn.KLDivLoss(reduction="batchmean"), (yhat, simplex(5, 3))),
        Layer("BCELoss", nn.BCELoss, (shares(5, 3), shares(5, 3))),
        Layer("BCEWithLogitsLoss", nn.BCEWithLogitsLoss, (yhat, shares(5, 3))),
        Layer("MarginRankingLoss", lambda: nn.MarginRankingLoss(0.5), (real(5), real(5), signs(5)), {"wrt": [0, 1]}),
        Layer("HingeEmbeddingLoss", nn.HingeEmbeddingLoss, (yhat, signs(5, 3)), {"wrt": 0}),
        Layer("MultiLabelMarginLoss", nn.MultiLabelMarginLoss, (real(1, 4), lambda: torch.tensor([[3, 0, -1, 1]]))),
        Layer("SoftMarginLoss", nn.SoftMarginLoss, (yhat, signs(5, 3))),
        Layer("MultiLabelSoftMarginLoss", nn.MultiLabelSoftMarginLoss, (yhat, zeros_and_ones(5, 3)), {"wrt": 0}),
        Layer("CosineEmbeddingLoss", nn.CosineEmbeddingLoss, (yhat, y, signs(5)), {"wrt": [0, 1]}),
        Layer("MultiMarginLoss", nn.MultiMarginLoss, (yhat, labels(3, 5))),
        Layer("TripletMarginLoss", nn.TripletMarginLoss, (yhat, y, real(5, 3))),
        Layer("TripletMarginWithDistanceLoss", nn.TripletMarginWithDistanceLoss, (yhat, y, real(5, 3))),
        Layer("LinearCrossEntropyLoss", lambda: nn.LinearCrossEntropyLoss(3, 4), (yhat, labels(4, 5))),
        Layer("CTCLoss, behind log_softmax", BehindLogSoftmax, (real(6, 2, 4), *words)),
        Layer("CTCLoss", nn.CTCLoss, (lambda: real(6, 2, 4)().log_softmax(2), *words)),
        Layer(
            "AdaptiveLogSoftmaxWithLoss",
            lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 8, [3, 5]),
            (real(6, 4), labels(8, 6)),
        ),
        Layer("PairwiseDistance", nn.PairwiseDistance, (yhat, y)),
        Layer("CosineSimilarity", nn.CosineSimilarity, (yhat, y)),
    ]


LAYERS: Final = (*_dense(), *_convolutions(), *_norms(), *_sequences(), *_activations(), *_losses())
"""Every row."""

LEFT_OUT: Final = {
    "SyncBatchNorm": "runs on accelerators alone",
    "Identity": "has nothing to differentiate but the identity",
    "RNNBase": "the base of RNN, LSTM and GRU",
    "RNNCellBase": "the base of RNNCell, LSTMCell and GRUCell",
}
"""What torch.nn has and no row audits, and why."""

EXCEPTIONS: Final = {
    "Embedding, padded": "by design the row of padding_idx has the gradient 0, and the output depends on it",
    "CTCLoss": "its backward is that of log-probabilities: right behind a log_softmax alone, which takes out the rest",
    "CrossMapLRN2d": "its hand-written backward is off by a term of the size of alpha",
}
"""Rows that do not pass in float64, and why they should not."""
