"""Kernels written by hand, forward and backward: in Triton, and in CUDA C++ compiled by CuPy.

Each is right, and wrong as kernels typically are: a race, a block that is not written, a reduction that loses terms,
sums in low precision, an upstream that is read as if it lay as the input does.
"""

# Triton reads the types of a kernel's arguments off what it is given:
# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import cupy
import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

WIDE: Final = {torch.float64: tl.float64, torch.float32: tl.float32, torch.bfloat16: tl.float32}
"""In what the sums are added up."""
BLOCK: Final = 128
EPS: Final = 1e-5


@triton.jit
def softmax_forward(x, y, width, ACC: tl.constexpr, BLOCK: tl.constexpr):
    """One row a program."""
    at, inside = tl.program_id(0) * width + tl.arange(0, BLOCK), tl.arange(0, BLOCK) < width
    a = tl.load(x + at, mask=inside, other=-float("inf")).to(ACC)
    e = tl.exp(a - tl.max(a, axis=0))
    tl.store(y + at, e / tl.sum(e, axis=0), mask=inside)


@triton.jit
def softmax_backward(y, g, dx, width, seen, ACC: tl.constexpr, LOW: tl.constexpr, BLOCK: tl.constexpr):
    """dx = y ⊙ (g − ⟨g, y⟩); the first ``seen`` columns enter the sum, in bfloat16 where it is ``LOW``."""
    column = tl.arange(0, BLOCK)
    at, inside = tl.program_id(0) * width + column, column < width
    p = tl.load(y + at, mask=inside, other=0.0).to(ACC)
    v = tl.load(g + at, mask=inside, other=0.0).to(ACC)
    terms = tl.where(column < seen, p * v, 0.0)
    total = tl.sum(terms.to(tl.bfloat16), axis=0).to(ACC) if LOW else tl.sum(terms, axis=0)
    tl.store(dx + at, p * (v - total), mask=inside)


@triton.jit
def norm_forward(x, gain, bias, y, scale, width, eps, ACC: tl.constexpr, BLOCK: tl.constexpr):
    """One row a program; the rows' scales are kept."""
    row, column = tl.program_id(0), tl.arange(0, BLOCK)
    inside = column < width
    a = tl.load(x + row * width + column, mask=inside, other=0.0).to(ACC)
    centred = tl.where(inside, a - tl.sum(a, axis=0) / width, 0.0)
    r = 1.0 / tl.sqrt(tl.sum(centred * centred, axis=0) / width + eps)
    w, b = tl.load(gain + column, mask=inside, other=0.0), tl.load(bias + column, mask=inside, other=0.0)
    tl.store(y + row * width + column, centred * r * w + b, mask=inside)
    tl.store(scale + row, r)


@triton.jit
def norm_backward(
    x, gain, scale, g, dx, dgain, dbias, width, ACC: tl.constexpr, ATOMIC: tl.constexpr, BLOCK: tl.constexpr
):
    """One row a program; the rows' parts of the gain's and the bias' gradient are added up in memory."""
    row, column = tl.program_id(0), tl.arange(0, BLOCK)
    inside = column < width
    a = tl.load(x + row * width + column, mask=inside, other=0.0).to(ACC)
    v = tl.load(g + row * width + column, mask=inside, other=0.0).to(ACC)
    normed = tl.where(inside, a - tl.sum(a, axis=0) / width, 0.0) * tl.load(scale + row)
    u = v * tl.load(gain + column, mask=inside, other=0.0)
    means = tl.sum(u, axis=0) / width, tl.sum(u * normed, axis=0) / width
    tl.store(dx + row * width + column, (u - means[0] - normed * means[1]) * tl.load(scale + row), mask=inside)
    tl.atomic_add(dbias + column, v, mask=inside)
    if ATOMIC:
        tl.atomic_add(dgain + column, v * normed, mask=inside)
    else:
        tl.store(dgain + column, tl.load(dgain + column, mask=inside) + v * normed, mask=inside)


@triton.jit
def gelu_forward(x, y, size, ACC: tl.constexpr, BLOCK: tl.constexpr):
    """x · σ(1.702 x)."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    a = tl.load(x + at, mask=at < size, other=0.0).to(ACC)
    tl.store(y + at, a / (1.0 + tl.exp(-1.702 * a)), mask=at < size)


@triton.jit
def gelu_backward(x, g, dx, size, ACC: tl.constexpr, BLOCK: tl.constexpr):
    """s (1 + 1.702 x (1 − s)) with s = σ(1.702 x)."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    a = tl.load(x + at, mask=at < size, other=0.0).to(ACC)
    s = 1.0 / (1.0 + tl.exp(-1.702 * a))
    v = tl.load(g + at, mask=at < size, other=0.0).to(ACC)
    tl.store(dx + at, v * s * (1.0 + 1.702 * a * (1.0 - s)), mask=at < size)


def softmax(seen: int = BLOCK, *, low: bool = False) -> Callable[..., Any]:
    """Softmax of rows of at most `BLOCK`; wrong where few columns are ``seen`` or sums are ``low``."""

    class Softmax(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            x = x.contiguous()
            y = torch.empty_like(x)
            softmax_forward[(len(x),)](x, y, x.shape[1], ACC=WIDE[x.dtype], BLOCK=BLOCK)
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            (y,), g = ctx.saved_tensors, g.contiguous()
            dx = torch.empty_like(y)
            softmax_backward[(len(y),)](y, g, dx, y.shape[1], seen, ACC=WIDE[y.dtype], LOW=low, BLOCK=BLOCK)
            return dx

    return lambda x: Softmax.apply(x)


def layer_norm(*, atomic: bool = True) -> Callable[..., Any]:
    """Layer normalisation of rows of at most `BLOCK`; wrong where the gain's gradient is added up without atomics."""

    class LayerNorm(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
            x, gain, bias = x.contiguous(), gain.contiguous(), bias.contiguous()
            y, scale = torch.empty_like(x), x.new_empty(len(x))
            norm_forward[(len(x),)](x, gain, bias, y, scale, x.shape[1], EPS, ACC=WIDE[x.dtype], BLOCK=BLOCK)
            ctx.save_for_backward(x, gain, scale)
            return y

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            (x, gain, scale), g = ctx.saved_tensors, g.contiguous()
            dx, dgain, dbias = torch.empty_like(x), torch.zeros_like(gain), torch.zeros_like(gain)
            made = x, gain, scale, g, dx, dgain, dbias, x.shape[1]
            norm_backward[(len(x),)](*made, ACC=WIDE[x.dtype], ATOMIC=atomic, BLOCK=BLOCK)
            return dx, dgain, dbias

    return lambda x, gain, bias: LayerNorm.apply(x, gain, bias)


def gelu(*, whole: bool = True, alike: bool = True) -> Callable[..., Any]:
    """GELU by a logistic, in the order of memory; wrong where the last block is left out, or g may lie otherwise."""

    class Gelu(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            x = x.clone()  # without gaps
            ctx.save_for_backward(x)
            y = torch.empty_like(x)
            gelu_forward[(triton.cdiv(x.numel(), BLOCK),)](x, y, x.numel(), ACC=WIDE[x.dtype], BLOCK=BLOCK)
            return y

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors
            g, dx = torch.empty_like(x).copy_(g) if alike else g, torch.zeros_like(x)
            blocks = triton.cdiv(x.numel(), BLOCK) if whole else x.numel() // BLOCK
            gelu_backward[(blocks,)](x, g, dx, x.numel(), ACC=WIDE[x.dtype], BLOCK=BLOCK)
            return dx

    return lambda x: Gelu.apply(x)


THREADS: Final = 96
RMS: Final = """
#define EACH for (int j = threadIdx.x; j < width; j += THREADS)
__device__ T total(T mine, bool halving) {  // over the threads of a block
  __shared__ T part[THREADS];
  const int t = threadIdx.x;
  part[t] = mine;
  __syncthreads();
  for (int n = THREADS; n > 1;) {
    const int h = halving ? n / 2 : (n + 1) / 2;
    if (halving ? t < h : t + h < n) part[t] += part[t + h];
    n = h;
    __syncthreads();
  }
  return part[0];
}
extern "C" __global__ void forward(const T* x, const T* gain, T* y, T* scale, int width) {
  const size_t row = (size_t)blockIdx.x * width;
  T sum = 0;
  EACH sum += x[row + j] * x[row + j];
  const T r = 1 / sqrt(total(sum, false) / width + (T)1e-5);
  EACH y[row + j] = x[row + j] * r * gain[j];
  if (threadIdx.x == 0) scale[blockIdx.x] = r;
}
extern "C" __global__ void backward(const T* x, const T* gain, const T* scale, const T* g, T* dx, T* dgain, int width,
                                    int halving, int atomic) {
  const size_t row = (size_t)blockIdx.x * width;
  const T r = scale[blockIdx.x];
  T sum = 0;
  EACH sum += g[row + j] * gain[j] * x[row + j] * r;
  const T mean = total(sum, halving) / width;
  EACH {
    const T normed = x[row + j] * r;
    dx[row + j] = r * (g[row + j] * gain[j] - normed * mean);
    if (atomic) atomicAdd(dgain + j, g[row + j] * normed);
    else dgain[j] += g[row + j] * normed;
  }
}
"""
"""RMS normalisation, one row a block: y = x r ⊙ gain with r = (mean x² + 1e-5)^(−1/2). Halving 96 loses a third."""


@cache
def compiled(name: str, dtype: torch.dtype) -> Any:
    """A kernel of `RMS` for one dtype."""
    types = {torch.float64: "double", torch.float32: "float"}
    return cupy.RawKernel(f"#define T {types[dtype]}\n#define THREADS {THREADS}\n{RMS}", name)


def rms_norm(*, halving: bool = False, atomic: bool = True) -> Callable[..., Any]:
    """RMS normalisation in CUDA C++; wrong by ``halving`` an odd number of threads, or adding without ``atomic``."""

    class RMSNorm(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, gain: Tensor) -> Tensor:
            x, gain = x.contiguous(), gain.contiguous()
            y, scale = torch.empty_like(x), x.new_empty(len(x))
            given = [t.data_ptr() for t in (x, gain, y, scale)]
            compiled("forward", x.dtype)((len(x),), (THREADS,), (*given, np.int32(x.shape[1])))
            ctx.save_for_backward(x, gain, scale)
            return y

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> tuple[Tensor, Tensor]:
            (x, gain, scale), g = ctx.saved_tensors, g.contiguous()
            dx, dgain = torch.empty_like(x), torch.zeros_like(gain)
            given = [t.data_ptr() for t in (x, gain, scale, g, dx, dgain)]
            numbers = np.int32(x.shape[1]), np.int32(halving), np.int32(atomic)
            compiled("backward", x.dtype)((len(x),), (THREADS,), (*given, *numbers))
            return dx, dgain

    return lambda x, gain: RMSNorm.apply(x, gain)
