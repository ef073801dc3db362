"""gradcheck and gradgradcheck: torch's signature and result; where they say something else than torch's own."""

from __future__ import annotations

import inspect

import pytest

from checks import MisuseError

torch = pytest.importorskip("torch", reason="torch is not installed: it is what is audited here")

from torch.autograd import gradcheck as torchs  # noqa: E402 - only where it is there
from torch.autograd import gradgradcheck as torchs_second  # noqa: E402
from torch.autograd.gradcheck import GradcheckError  # noqa: E402

from benchmarks.torch_ops.counterexamples import RIGHT, WRONG, claim, inputs, verdicts  # noqa: E402
from checks.adapters.torch import gradcheck, gradgradcheck  # noqa: E402


@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradients_that_torch_lets_through_are_called_wrong(name):
    assert verdicts(WRONG[name]) == (True, False)


@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_that_torch_calls_wrong_are_not(name):
    assert verdicts(RIGHT[name]) == (False, True)


@pytest.mark.parametrize(("ours", "theirs"), [(gradcheck, torchs), (gradgradcheck, torchs_second)])
def test_the_signatures_are_torchs_and_a_seed(ours, theirs):
    own = dict(inspect.signature(ours).parameters)
    assert own.pop("seed").default == 0
    wanted = inspect.signature(theirs).parameters
    assert list(own) == list(wanted)
    assert [p.kind for p in own.values()] == [p.kind for p in wanted.values()]
    assert [p.default for p in own.values()] == [p.default for p in wanted.values()]


def test_a_wrong_gradient_raises_torchs_error_with_the_report():
    wrong = claim(torch.sin, lambda x, g: 2 * g * x.cos())
    with pytest.raises(GradcheckError, match=r"ratio  2\.00"):
        gradcheck(wrong, (inputs(3),))
    assert gradcheck(wrong, (inputs(3),), raise_exception=False) is False


def test_inputs_that_do_not_require_grad_are_left_out_and_one_must():
    assert gradcheck(lambda x, y: claim(torch.sin, lambda x, g: 0 * g)(y) + x, (inputs(3), inputs(3).detach()))
    with pytest.raises(ValueError, match="no input requires grad, of 1 given"):
        gradcheck(torch.sin, inputs(3).detach())


def test_what_was_given_is_left_as_it_was():
    x = inputs(3)
    before = x.detach().clone()
    assert gradcheck(lambda x: x.clone().mul_(2), x)
    assert x.grad is None
    assert x.requires_grad
    assert torch.equal(x, before)


def test_forward_mode_is_held_where_it_is_asked_for():
    class Tripled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 3 * x

        @staticmethod
        def backward(ctx, g):
            return 3 * g

        @staticmethod
        def jvp(ctx, u):
            return 2 * u

    assert gradcheck(Tripled.apply, inputs(3))
    with pytest.raises(GradcheckError, match="law jvp"):
        gradcheck(Tripled.apply, inputs(3), check_forward_ad=True)
    assert gradcheck(torch.sin, inputs(3), check_forward_ad=True, check_backward_ad=False)
    backward_only = claim(torch.sin, lambda x, g: g * x.cos())
    with pytest.raises(GradcheckError, match="jvp"):
        gradcheck(backward_only, inputs(3), check_forward_ad=True)


def test_the_backward_under_vmap():
    assert gradcheck(torch.tanh, inputs(3), check_batched_grad=True)
    counted = claim(torch.sin, lambda x, g: g * x.cos() if g.sum() > -torch.inf else g)  # looks at a number
    with pytest.raises(GradcheckError, match="the backward under vmap raised RuntimeError"):
        gradcheck(counted, inputs(3), check_batched_grad=True)
    assert not gradcheck(counted, inputs(3), check_batched_grad=True, raise_exception=False)


def test_what_is_not_taken_says_so():
    with pytest.raises(MisuseError, match="check_batched_forward_grad=True is not taken"):
        gradcheck(torch.sin, inputs(3), check_batched_forward_grad=True)
    with pytest.raises(MisuseError, match="audits the backward of the backward alone"):
        gradgradcheck(torch.sin, inputs(3), check_fwd_over_rev=True)
    with pytest.raises(MisuseError, match=r"has the layout torch\.sparse_coo"):
        gradcheck(lambda x: x.to_dense(), torch.eye(3).to_sparse().requires_grad_())


def test_the_second_derivative():
    right = claim(torch.sin, lambda x, g: g * x.cos())
    assert gradgradcheck(right, inputs(3))
    assert gradgradcheck(right, inputs(3), inputs(3).detach())
    assert gradgradcheck(right, inputs(3), [inputs(3)])
    cut = claim(torch.sin, lambda x, g: g * x.detach().cos())
    assert gradcheck(cut, inputs(3))
    with pytest.raises(GradcheckError, match='gradient of "x"'):
        gradgradcheck(cut, inputs(3))
    with pytest.raises(MisuseError, match=r"cotangents= holds 2 for 1 outputs"):
        gradgradcheck(right, inputs(3), [inputs(3), inputs(3)])
