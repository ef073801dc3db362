"""The core's own code on symbols: for a generic σ and C, each gradient is the symbolic derivative, identically.

Nothing is known of the functions but the names of their derivatives, so that what holds here holds for every σ and C.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy as sp

from backprop import (
    LOSSES,
    Activation,
    Gradients,
    Loss,
    Network,
    Trace,
    backward,
    cost,
    cost_gradient,
    descend,
    forward,
)


@cache
def generic(name: str) -> type[sp.Function]:
    """A function f of any number of arguments, its partial derivatives the functions f_1, f_2, … of the same."""

    def fdiff(self: sp.Function, argindex: int = 1) -> sp.Expr:
        return generic(f"{name}_{argindex}")(*self.args)

    return type(name, (sp.Function,), {"fdiff": fdiff})


def elementwise(name: str) -> Activation:
    sigma, slope = generic(name), generic(f"{name}_1")
    return Activation(lambda z, e: np.frompyfunc(sigma, 1, 1)(z), lambda z, e: np.frompyfunc(slope, 1, 1)(z))


def columnwise(name: str) -> Activation:
    """Output i is a function s_i of the whole column, ∂a_i/∂z_j the function s_i_j: a Jacobian without structure."""

    def value(z: np.ndarray, e: object) -> np.ndarray:
        return table(z.shape, lambda i, n: generic(f"{name}_{i + 1}")(*z[:, n]))

    def pullback(z: np.ndarray, v: np.ndarray, e: object) -> np.ndarray:
        rows = range(z.shape[0])
        return table(z.shape, lambda j, n: sum(generic(f"{name}_{i + 1}_{j + 1}")(*z[:, n]) * v[i, n] for i in rows))

    return Activation(value, pullback=pullback)


def table(shape: tuple[int, ...], entry: Any) -> np.ndarray:
    filled = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        filled[index] = entry(*index)
    return filled


def symbols(name: str, *shape: int) -> np.ndarray:
    return table(shape, lambda *index: sp.Symbol("_".join((name, *(str(k + 1) for k in index)))))


def C(*outputs: Any) -> sp.Expr:
    return generic("C")(*outputs)


# C of all outputs of all examples at once: one term, which `cost` has nothing to add to
GENERIC = Loss(
    terms=lambda a, y, e: np.array([[C(*a.flat, *y.flat)]]),
    gradient=lambda a, y, e: table(a.shape, lambda i, n: generic(f"C_{i * a.shape[1] + n + 1}")(*a.flat, *y.flat)),
)


def network(sizes: tuple[int, ...], kinds: str) -> Network:
    layers = range(1, len(sizes))
    rows = {"e": elementwise, "c": columnwise}
    return Network(
        W=(None, *(symbols(f"w{l}", sizes[l], sizes[l - 1]) for l in layers)),
        b=(None, *(symbols(f"b{l}", sizes[l], 1) for l in layers)),
        sigma=(None, *(rows[kinds[l - 1]](f"s{l}") for l in layers)),
    )


def run(sizes: tuple[int, ...], kinds: str, n: int) -> tuple[Network, Trace, sp.Expr, Gradients]:
    net = network(sizes, kinds)
    y = symbols("y", sizes[-1], n)
    trace = forward(net, symbols("x", sizes[0], n))
    gradients = backward(net, trace, cost_gradient(GENERIC, trace.A[-1], y, "sum"))
    return net, trace, cost(GENERIC, trace.A[-1], y, "sum"), gradients


CASES = [
    ((1, 1), "e", 1),
    ((2, 2), "e", 2),
    ((2, 3), "e", 1),
    ((2, 2, 2), "ee", 1),
    ((2, 1, 2), "ee", 2),
    ((2, 2, 2), "ee", 2),
    ((1, 2, 3, 1), "eee", 1),
    ((2, 2, 2, 2), "eee", 1),
    ((1, 1, 1, 1, 1), "eeee", 2),
    ((2, 3), "c", 1),
    ((2, 2), "c", 2),
    ((3, 2, 2), "cc", 1),
    ((2, 2, 2), "ce", 2),
    ((2, 2, 2), "ec", 2),
    ((2, 2, 2, 2), "cec", 1),
]


@pytest.mark.parametrize(("sizes", "kinds", "n"), CASES, ids=str)
@pytest.mark.slow
def test_every_gradient_is_the_symbolic_derivative_identically(sizes: tuple[int, ...], kinds: str, n: int) -> None:
    net, _, loss, gradients = run(sizes, kinds, n)
    for parameters, claimed in ((net.W, gradients.W), (net.b, gradients.b)):
        for l in range(1, len(sizes)):
            assert claimed[l].shape == parameters[l].shape
            for index in np.ndindex(*parameters[l].shape):
                derivative = sp.diff(loss, parameters[l][index])
                assert derivative != 0
                assert sp.expand(claimed[l][index] - derivative) == 0


@pytest.mark.parametrize(("sizes", "kinds", "n"), [((2, 2, 2), "ee", 2), ((1, 2, 2), "ce", 1)], ids=str)
def test_every_delta_is_the_symbolic_derivative_by_z(sizes: tuple[int, ...], kinds: str, n: int) -> None:
    net, trace, _, gradients = run(sizes, kinds, n)
    y = symbols("y", sizes[-1], n)
    for l in range(1, len(sizes)):
        z = symbols("z", sizes[l], n)
        a = net.sigma[l].value(z, net.e)
        for above in range(l + 1, len(sizes)):
            a = net.sigma[above].value(net.W[above] @ a + net.b[above], net.e)
        here = dict(zip(z.flat, trace.Z[l].flat, strict=True))
        for index in np.ndindex(*z.shape):
            derivative = sp.diff(cost(GENERIC, a, y, "sum"), z[index]).xreplace(here)
            assert sp.expand(gradients.deltas[l][index] - derivative) == 0


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_loss_of_the_table_reduced_either_way_through_a_generic_network(reduction: str) -> None:
    net, x, y, loss = network((2, 2, 2), "ee"), symbols("x", 2, 3), symbols("y", 2, 3), LOSSES["squared_error"]
    trace = forward(net, x)
    value = sp.nsimplify(cost(loss, trace.A[-1], y, reduction), rational=True)  # its ½ is written 0.5
    gradients = backward(net, trace, cost_gradient(loss, trace.A[-1], y, reduction))
    for w, claimed in ((net.W[1][0, 1], gradients.W[1][0, 1]), (net.b[2][1, 0], gradients.b[2][1, 0])):
        assert sp.expand(claimed - sp.diff(value, w)) == 0


def test_the_step_is_the_old_parameter_minus_alpha_times_the_symbolic_derivative() -> None:
    net, _, loss, gradients = run((2, 2, 1), "ee", 1)
    alpha = sp.Symbol("alpha")
    new = descend(net, gradients, alpha)
    for old, moved in ((net.W, new.W), (net.b, new.b)):
        for l in (1, 2):
            for index in np.ndindex(*old[l].shape):
                assert sp.expand(moved[l][index] - (old[l][index] - alpha * sp.diff(loss, old[l][index]))) == 0


def test_the_identity_fails_for_a_gradient_that_is_wrong_on_purpose() -> None:
    net, trace, loss, gradients = run((2, 2, 2), "ee", 1)
    wrong = net.W[2] @ gradients.deltas[2]  # no transpose
    wrong = np.frompyfunc(generic("s1_1"), 1, 1)(trace.Z[1]) * wrong
    assert sp.expand(wrong[0, 0] - sp.diff(loss, net.b[1][0, 0])) != 0
    assert sp.expand(gradients.deltas[1][0, 0] - sp.diff(loss, net.b[1][0, 0])) == 0
