"""Every right layer is the layer that PyTorch has: the same outputs, the same gradients, in float64."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from checks.subject import named_outputs
from corpus import LAYERS, load
from corpus.facts import cotangent

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed: nothing to compare with")
SEEDS = range(3)


@needs_torch
@pytest.mark.parametrize("name", LAYERS)
def test_right_twin_is_what_torch_computes(name):
    import torch

    layer = load(name)
    for seed in SEEDS:
        params, inputs = layer.draw(seed)
        subject = layer.subject(seed)
        tensors = {
            n: torch.tensor(a, requires_grad=np.asarray(a).dtype.kind == "f") for n, a in (params | inputs).items()
        }
        theirs = layer.module.twin(torch, **tensors)
        theirs = theirs if isinstance(theirs, tuple) else (theirs,)
        ours = subject.forward(subject.point)
        v = cotangent(np.random.default_rng(seed), ours)
        for mine, other in zip(named_outputs(ours).values(), theirs, strict=True):
            assert np.allclose(mine, other.detach().numpy(), rtol=1e-10, atol=1e-12)
        paired = sum((torch.tensor(a) * b).sum() for a, b in zip(named_outputs(v).values(), theirs, strict=True))
        expected = torch.autograd.grad(paired, [tensors[n] for n in subject.point])
        claimed = subject.pullback(subject.point, v)
        for n, g in zip(subject.point, expected, strict=True):
            assert np.allclose(claimed[n], g.numpy(), rtol=1e-9, atol=1e-11), n
