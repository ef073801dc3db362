"""gradcheck, gradgradcheck: torch's signatures and results; the verdict is measured, with no tolerance.

Moving over is one changed import: ``from checks.adapters.torch import gradcheck``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import checks
from checks.adapters.frameworks.nested import leaves
from checks.adapters.torch.arrays import is_floating, is_tensor

MODES: Final = (
    *("shapes", "claimed", "deterministic", "repeatable", "zero", "homogeneity", "additivity", "precision", "fresh"),
    *("layout", "jvp", "pure"),
)
"""The laws that are held where the values of the backward are not asked for."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
    seed: int = 0,
) -> bool:
    """Audit ``func`` at ``inputs``; the parameters and the result are those of ``torch.autograd.gradcheck``.

    Inputs that require grad are differentiated, and so are parameters and tensors that ``func`` closes over and that
    require it.

    Parameters
    ----------
    func : callable
        A function of tensors (or a module, or an autograd.Function class) that returns tensors.
    inputs : Tensor or tuple
        What it is called with. Any floating dtype.
    eps, atol, rtol
        Without meaning: the step and the bar come from the function itself.
    raise_exception : bool
        Raise instead of returning False.
    nondet_tol : float
        Without meaning: what a pullback may change between two calls is read off its own rounding.
    check_undefined_grad : bool
        Without meaning: that the gradient of 0 is 0 is always held; an upstream of None is not tried.
    check_grad_dtypes : bool
        Without meaning: torch casts gradients to their inputs' dtypes itself.
    check_batched_grad : bool
        Compare the backward under vmap, as torch does, with one cotangent at a time.
    check_batched_forward_grad : bool
        Not taken.
    check_forward_ad : bool
        Hold forward mode as well: there must be one.
    check_backward_ad : bool
        Measure the values of the backward.
    fast_mode : bool
        Without meaning: there is one mode, whose cost does not grow with the number of inputs.
    masked : bool, optional
        Without meaning for the dense tensors that are taken.
    seed : int
        Not in torch's: decides every random number.

    Returns
    -------
    bool
        True if everything passes. False for a wrong gradient, and for one of which nothing can be said.

    Raises
    ------
    torch.autograd.gradcheck.GradcheckError
        Instead of False, with the report as its text.
    ValueError
        If no input requires grad.
    MisuseError
        For tensors that cannot be measured (sparse ones, other dtypes), or ``check_batched_forward_grad``.
    """
    del eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode, masked
    given = _tuple(inputs)
    _requiring(given)
    if check_batched_forward_grad:
        raise checks.MisuseError("check_batched_forward_grad=True is not taken; hold it with torch's own gradcheck")
    laws = None if check_backward_ad else MODES
    report = checks.audit(func, *given, seed=seed, laws=laws, forward_mode=check_forward_ad)
    return _verdict(report, raise_exception) and (not check_batched_grad or _batched(func, given, raise_exception))


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
    seed: int = 0,
) -> bool:
    """Audit the gradient of ``func`` as a function of its inputs and of the cotangents: the double backward.

    Parameters
    ----------
    func, inputs, raise_exception, seed
        As for `gradcheck`.
    grad_outputs : Tensor or sequence of Tensor, optional
        The cotangents; without them random ones.
    gen_non_contig_grad_outputs : bool
        Without meaning: the law ``layout`` tries several layouts.
    check_rev_over_rev, check_fwd_over_rev : bool
        The first is what is audited; forward mode over the backward is not taken.
    eps, atol, rtol, nondet_tol, check_undefined_grad, check_grad_dtypes, check_batched_grad, fast_mode, masked
        Without meaning here.

    Returns
    -------
    bool
        As for `gradcheck`.

    Raises
    ------
    torch.autograd.gradcheck.GradcheckError, ValueError, MisuseError
        As for `gradcheck`; MisuseError for ``check_fwd_over_rev``, and where nothing is left to check.
    """
    del eps, atol, rtol, gen_non_contig_grad_outputs, nondet_tol, check_undefined_grad, check_grad_dtypes
    del check_batched_grad, fast_mode, masked
    if check_fwd_over_rev or not check_rev_over_rev:
        raise checks.MisuseError(
            "gradgradcheck audits the backward of the backward alone (check_rev_over_rev=True); hold "
            "check_fwd_over_rev with torch's own gradgradcheck"
        )
    given = _tuple(inputs)
    _requiring(given)
    upstream = None if grad_outputs is None else _tuple(grad_outputs)
    return _verdict(checks.audit(func, *given, seed=seed, order=2, cotangents=upstream), raise_exception)


def _tuple(inputs: Any) -> tuple[Any, ...]:
    return (inputs,) if is_tensor(inputs) else tuple(inputs)


def _requiring(inputs: Sequence[Any]) -> None:
    every = [t for a in inputs for t in leaves(a, is_floating).values()]
    if not any(t.requires_grad for t in every):
        raise ValueError(f"no input requires grad, of {len(inputs)} given; expected at least one: x.requires_grad_()")


def _verdict(report: Any, raise_exception: bool) -> bool:
    if report.outcome is checks.Outcome.PASS:
        return True
    if raise_exception:
        _raise(str(report))
    return False


def _raise(text: str) -> None:
    raise sys.modules["torch.autograd.gradcheck"].GradcheckError(text)


def _batched(func: Callable[..., Any], inputs: Sequence[Any], raise_exception: bool) -> bool:
    """Whether the backward under vmap gives, for two cotangents at once, what it gives for each."""
    torch = sys.modules["torch"]
    wanted = [t for a in inputs for t in leaves(a, is_floating).values() if t.requires_grad]
    returned = func(*inputs)
    outs = [t for t in leaves(returned, is_floating).values() if t.requires_grad]
    both = [torch.stack([torch.ones_like(o), torch.linspace(-1, 1, o.numel()).to(o).reshape(o.shape)]) for o in outs]
    how: dict[str, Any] = {"retain_graph": True, "allow_unused": True}
    try:
        at_once = torch.autograd.grad(outs, wanted, both, is_grads_batched=True, **how)
    except RuntimeError as raised:
        if raise_exception:
            _raise(f"the backward under vmap raised {type(raised).__name__}: {raised}")
        return False
    for k in range(2):
        each = torch.autograd.grad(outs, wanted, [v[k] for v in both], **how)
        for together, alone in zip(at_once, each, strict=True):
            if together is not None and alone is not None and not torch.allclose(together[k], alone):
                if raise_exception:
                    _raise("the backward under vmap gives another gradient than it gives one cotangent at a time")
                return False
    return True
