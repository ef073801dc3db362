"""Functions: what is audited of torch, and the backwards with a planted mistake."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as everybody calls it


def written(forward: Callable[..., Tensor], backward: Callable[..., Any]) -> Callable[..., Any]:
    """An autograd.Function of ``forward(*inputs)`` and ``backward(g, *inputs)``."""

    class Written(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Tensor:
            ctx.save_for_backward(*inputs)
            return forward(*inputs)

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            return backward(g, *ctx.saved_tensors)

    return wraps(forward)(lambda *inputs: Written.apply(*inputs))


averaged = written(F.linear, lambda g, x, w, b: (g @ w, g.T @ x, g.mean(0)))


class Averaged(nn.Linear):
    """A layer whose bias gradient is averaged over the batch."""

    def forward(self, x: Tensor) -> Tensor:
        """The layer's value, in the dtype of ``x``: autocast looks at no Function of ours."""
        return averaged(x, self.weight.to(x.dtype), self.bias.to(x.dtype))


def stack(last: type[nn.Linear], dropout: float = 0.0) -> nn.Module:
    """Two layers, the ``last`` one of a kind."""
    return nn.Sequential(nn.Linear(24, 48), nn.GELU(), nn.Dropout(dropout), last(48, 8))


class Mixed(nn.Module):
    """A network under autocast to bfloat16, its loss in the dtype of the input."""

    def __init__(self, last: type[nn.Linear]) -> None:
        super().__init__()
        self.net = stack(last)

    def forward(self, x: Tensor) -> Tensor:
        """The loss."""
        with torch.autocast(x.device.type, torch.bfloat16):
            z = self.net(x)
        return z.to(x.dtype).square().mean()


class Halves(nn.Module):
    """An LSTM over two halves of a sequence, the state handed on; wrong where it is ``cut`` in between."""

    def __init__(self, *, cut: bool = False) -> None:
        super().__init__()
        self.lstm, self.cut = nn.LSTM(6, 10), cut

    def forward(self, x: Tensor) -> Tensor:
        """The outputs of the second half."""
        h, c = self.lstm(x[:4])[1]
        return self.lstm(x[4:], (h.detach(), c) if self.cut else (h, c))[0]


def layer(x: Tensor, w: Tensor) -> Tensor:
    """A layer with dropout on the device, of tensors that are not there."""
    there = "cuda" if torch.cuda.is_available() else "cpu"
    return F.dropout(torch.tanh(x.to(there) @ w.to(there)), 0.3).to(x.device)


def layer_halved(x: Tensor, w: Tensor) -> Tensor:
    """The same value, the gradient of ``x`` halved."""
    return layer(x / 2 + (x / 2).detach(), w)


def norm(x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
    """torch's layer normalisation."""
    return F.layer_norm(x, x.shape[1:], gain, bias)


def norm_fixed(g: Tensor, x: Tensor, gain: Tensor, bias: Tensor) -> Any:
    """Its backward with mean and scale as constants."""
    scale = torch.rsqrt(x.var(-1, unbiased=False, keepdim=True) + 1e-5)
    return g * gain * scale, (g * (x - x.mean(-1, keepdim=True)) * scale).sum(0), g.sum(0)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """torch's own, fused where it can."""
    return F.scaled_dot_product_attention(q, k, v)


def attention_diagonal(g: Tensor, q: Tensor, k: Tensor, v: Tensor) -> Any:
    """Attention's backward with the diagonal of the softmax' Jacobian."""
    p = torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, -1)
    ds = (g @ v.mT) * p * (1 - p) / q.shape[-1] ** 0.5
    return ds @ k, ds.mT @ q, p.mT @ g


def convolution(x: Tensor, w: Tensor) -> Tensor:
    """3 × 3, padded."""
    return F.conv2d(x, w, padding=1)


def convolution_unturned(g: Tensor, x: Tensor, w: Tensor) -> Any:
    """Its backward with a filter that is not turned round."""
    return F.conv2d(g, w.transpose(0, 1), padding=1), nn.grad.conv2d_weight(x, w.shape, g, padding=1)


def dropout_again(x: Tensor) -> Tensor:
    """Dropout whose backward draws a mask of its own."""
    return written(lambda x: F.dropout(x, 0.3), lambda g, x: F.dropout(g, 0.3))(x)


def looked_up(table: Tensor, at: Tensor) -> Tensor:
    """Embedding."""
    return F.embedding(at, table)


def selected(table: Tensor, at: Tensor) -> Tensor:
    """Rows of a table; the backward adds them by atomics."""
    return table.index_select(0, at)


def overwritten(g: Tensor, table: Tensor, at: Tensor) -> Any:
    """A look-up's backward whose rows are written, not added."""
    made = torch.zeros_like(table)
    made[at] = g
    return made, None


def added(x: Tensor, at: Tensor) -> Tensor:
    """Sums of 64 bins, by atomics."""
    return x.new_zeros(64).index_add(0, at, x)


def gelu(x: Tensor) -> Tensor:
    """GELU by tanh."""
    return 0.5 * x * (1 + torch.tanh(0.8 * (x + 0.045 * x**3)))


def gelu_backward(g: Tensor, x: Tensor, whole: float = 1.0) -> Tensor:
    """Its backward; wrong where the derivative of tanh is lost."""
    t = torch.tanh(0.8 * (x + 0.045 * x**3))
    return g * (0.5 * (1 + t) + whole * 0.5 * x * (1 - t**2) * 0.8 * (1 + 3 * 0.045 * x**2))
