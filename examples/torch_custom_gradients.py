"""Audit custom gradients of the kinds that PyTorch's tutorials teach, written anew.

What is found (`tests/test_examples.py` holds these statements)
----------------------------------------------------------------
- The Legendre polynomial, the cube with its double backward, the rectifier, the exponential kept as its own derivative
  and the fused convolution with batch normalisation pass, the fused layer with its weight.
- The sinh whose backward reads intermediate results that were saved outside of the graph passes once, and its double
  backward fails: nothing flows through them. With the same results returned as outputs it passes twice.
- A layer of NumPy's real FFT with the inverse FFT for a backward, as the tutorial on extensions has for a toy, is not
  the gradient of its forward, which takes an absolute value; torch's tutorial says that it is no real layer, too.

Run ``python examples/torch_custom_gradients.py`` for the reports.
"""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import nn

import checks
from checks.adapters import adapt

rng = np.random.default_rng(0)
x = torch.from_numpy(rng.normal(size=(4, 3)))
images = torch.from_numpy(rng.normal(size=(2, 2, 5, 6)))


class LegendreP3(torch.autograd.Function):
    """½(5x³ − 3x)."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 0.5 * (5 * x**3 - 3 * x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 1.5 * (5 * x**2 - 1)


class Rectifier(torch.autograd.Function):
    """max(x, 0)."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g.masked_fill(x < 0, 0)


class Exponential(torch.autograd.Function):
    """exp(x), whose output is all that the backward needs."""

    @staticmethod
    def forward(ctx, x):
        out = x.exp()
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


class CubeBackward(torch.autograd.Function):
    """The gradient of x³, with a gradient of its own."""

    @staticmethod
    def forward(ctx, x, g):
        ctx.save_for_backward(x, g)
        return 3 * x**2 * g

    @staticmethod
    def backward(ctx, v):
        x, g = ctx.saved_tensors
        return 6 * x * g * v, 3 * x**2 * v


class Cube(torch.autograd.Function):
    """x³."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        return CubeBackward.apply(ctx.saved_tensors[0], g)


class SinhHidden(torch.autograd.Function):
    """sinh(x); the exponentials that the backward reads are kept on the context, outside of the graph."""

    @staticmethod
    def forward(ctx, x):
        ctx.up, ctx.down = x.exp(), (-x).exp()
        return (ctx.up - ctx.down) / 2

    @staticmethod
    def backward(ctx, g):
        return g * (ctx.up + ctx.down) / 2


class SinhShown(torch.autograd.Function):
    """sinh(x); the exponentials are outputs as well, so that the double backward finds them in the graph."""

    @staticmethod
    def forward(ctx, x):
        up, down = x.exp(), (-x).exp()
        ctx.save_for_backward(up, down)
        return (up - down) / 2, up, down

    @staticmethod
    def backward(ctx, g, g_up, g_down):
        up, down = ctx.saved_tensors
        return g * (up + down) / 2 + g_up * up - g_down * down


class FusedConvBN(torch.autograd.Function):
    """Convolution and batch normalisation without parameters; the convolution is computed again in the backward."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        ctx.save_for_backward(x, weight)
        ctx.eps = eps
        z = F.conv2d(x, weight)
        centred = z - z.mean((0, 2, 3), keepdim=True)
        return centred / torch.sqrt(centred.square().mean((0, 2, 3), keepdim=True) + eps)

    @staticmethod
    def backward(ctx, g):
        x, weight = ctx.saved_tensors
        z = F.conv2d(x, weight)
        centred = z - z.mean((0, 2, 3), keepdim=True)
        scale = torch.rsqrt(centred.square().mean((0, 2, 3), keepdim=True) + ctx.eps)
        normed = centred * scale
        means = g.mean((0, 2, 3), keepdim=True), (g * normed).mean((0, 2, 3), keepdim=True)
        dz = scale * (g - means[0] - normed * means[1])
        return F.conv_transpose2d(dz, weight), torch.nn.grad.conv2d_weight(x, weight.shape, dz), None


class ConvBN(nn.Module):
    """The fused layer with its weight."""

    def __init__(self, into=2, out=3, size=3):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out, into, size, size, dtype=torch.float64))
        nn.init.kaiming_uniform_(self.weight, generator=torch.Generator().manual_seed(0))

    def forward(self, x):
        return FusedConvBN.apply(x, self.weight, 1e-3)


class AbsoluteSpectrum(torch.autograd.Function):
    """|rfft2(x)| by NumPy, and for a backward the inverse transform: a toy, and wrong."""

    @staticmethod
    def forward(ctx, x):
        return torch.from_numpy(np.abs(np.fft.rfft2(x.detach().numpy())))

    @staticmethod
    def backward(ctx, g):
        return torch.from_numpy(np.fft.irfft2(g.numpy()))


right = {
    "Legendre polynomial": lambda: adapt(LegendreP3, x),
    "rectifier": lambda: adapt(Rectifier, x),
    "exponential": lambda: adapt(Exponential, x),
    "cube": lambda: adapt(Cube, x),
    "cube, double backward": lambda: adapt(Cube, x, order=2),
    "sinh": lambda: adapt(SinhHidden, x),
    "sinh with its intermediate results, double backward": lambda: adapt(SinhShown, x, order=2),
    "fused convolution and batch normalisation": lambda: adapt(ConvBN(), images),
}
wrong = {
    "sinh, double backward": lambda: adapt(SinhHidden, x, order=2),
    "absolute spectrum": lambda: adapt(AbsoluteSpectrum, images[0, 0, :4]),
}

if __name__ == "__main__":
    for subject in (*right.values(), *wrong.values()):
        print(checks.audit(subject), "\n")
