"""Equations of somebody's own network: nine bugs in three networks, each under the name of what it breaks."""

from __future__ import annotations

import re

import numpy as np
import pytest
from own_networks import NETWORKS, columns, layers, neurons

import checks
from checks.equations import EQUATIONS, Own
from checks.equations.local import LOCAL
from checks.equations.localised import held, spoken_to
from checks.errors import MisuseError
from checks.testing.equations import parametrize_with_equations
from checks.testing.judged import WrongGradientFailed
from checks.testing.run import CURRENT, Run
from checks.verdict import Outcome

BUGS = [(name, bug) for name, (_, bugs) in NETWORKS.items() for bug in bugs]


def came_of(own, seed, profile="quick"):
    """Label -> what became of its test."""

    def test_equations(equation_check):
        equation_check()

    marked = parametrize_with_equations(own)(test_equations)
    found = {}
    CURRENT.append(Run(profile=profile, seed=seed))
    try:
        for parameter in marked.pytestmark[0].args[1]:
            (check,) = parameter.values
            try:
                check()
                found[check.label] = "pass"
            except WrongGradientFailed as failed:
                found[check.label] = str(failed)
            except pytest.skip.Exception as skipped:
                found[check.label] = str(skipped)
    finally:
        CURRENT.pop()
    return found


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.slow
def test_a_right_network_passes_every_equation_that_it_can_be_held_to(name):
    for seed in range(4):
        found = came_of(NETWORKS[name][0](), seed)
        assert set(found.values()) == {"pass"}, found
    assert {"F1", "F2", "B1", "B2", "B3", "N2", "N3"} <= set(found)


@pytest.mark.parametrize(("name", "bug"), BUGS)
@pytest.mark.slow
def test_the_one_test_that_fails_names_the_equation_that_is_broken(name, bug):
    make, bugs = NETWORKS[name]
    label = bugs[bug]
    related = {label, "S2"} if label == "S1" else {label}  # one softmax serves the last layer and the others
    for seed in range(3):
        found = came_of(make(bug), seed)
        failed = {k: v for k, v in found.items() if v.startswith("FAIL")}
        assert label in failed
        assert set(failed) <= related, failed
        assert f"({label}) {EQUATIONS[label].statement} does not hold" in failed[label]
        assert re.search(r"where      at layer \d of \d", failed[label])
        others = {v for v in found.values() if v != "pass" and not v.startswith("FAIL")}
        assert all(re.fullmatch(r"\(\w\d\) follows from \(\w\d\), which does not hold", v) for v in others)


def test_the_layer_that_is_named_is_the_one_that_is_wrong():
    def gradients(net, x, y):
        dW, db = net.gradients(x, y)
        return [dW[0], *(2 * w for w in dW[1:2]), *dW[2:]], db

    report = held(Own(name="second", make=columns().make, gradients=gradients), "N2", networks=30, seed=1)
    assert report.outcome is Outcome.FAIL
    assert report.findings[0].verdict.where.startswith("at layer 2 of ")
    assert "ratio  2.000" in str(report)


def test_what_a_network_can_be_held_to_is_what_it_shows():
    every = set(spoken_to(columns()))
    assert every == set(LOCAL) - {"R2", "S1", "S2", "S3", "S4", "U1", "U2", "U3"}
    assert {"S1", "S2", "S3", "U1", "U2", "U3"} <= set(spoken_to(layers()))
    only = Own(name="only", make=columns().make, forward=columns().forward)
    assert spoken_to(only) == ["F1", "F2", "F3", "N1"]
    steps = Own(name="steps", make=neurons().make, update=neurons().update, examples="rows")
    assert not {"F1", "B4", "U1", "U3"} & set(spoken_to(steps))
    assert {"B1", "B2", "B3", "N3"} <= set(spoken_to(steps))
    assert set(LOCAL) == set(EQUATIONS) - {"E3"}


@pytest.mark.parametrize("bug", [False, True])
def test_fused_softmax_and_cross_entropy(bug):
    class Fused:
        def __init__(self, W, b, names, loss):
            self.W, self.b = W, b

        def deltas(self, x, y):
            for W, b in zip(self.W, self.b, strict=True):
                x = W @ x + b[:, None]
            p = np.exp(x) / np.exp(x).sum(axis=0)
            found = [p - (y > 0) if bug else p * y.sum(axis=0) - y]  # soft labels taken for hard ones
            for W in reversed(self.W[1:]):
                found.insert(0, W.T @ found[0])
            return found

    fused = {"activations": ("identity",), "losses": ("softmax_cross_entropy",)}
    own = Own(name="fused", make=Fused, deltas=lambda net, x, y: net.deltas(x, y), **fused)
    assert held(own, "S4", networks=40, seed=0).outcome is (Outcome.FAIL if bug else Outcome.PASS)
    assert held(own, "B2", networks=15, seed=0).outcome is Outcome.PASS


def test_numbers_in_float32_are_held_to_float32():
    class Coarse:
        def __init__(self, W, b, names, loss):
            self.W, self.b = [w.astype(np.float32) for w in W], [v.astype(np.float32) for v in b]

        def forward(self, x):
            Z, A = [], [x.astype(np.float32)]
            for W, b in zip(self.W, self.b, strict=True):
                Z.append(W @ A[-1] + b[:, None])
                A.append(np.tanh(Z[-1]))
            return Z, A

    own = Own(name="coarse", make=Coarse, forward=lambda net, x: net.forward(x), activations=("tanh",))
    for label in spoken_to(own):
        report = held(own, label, networks=40, seed=0)
        assert report.outcome is Outcome.PASS, str(report)
        assert report.verdicts[0].resolution == 1e-3


def test_what_the_network_raises_is_a_failure_in_its_own_words():
    def gradients(net, x, y):
        raise RuntimeError("no gradient today")

    report = held(Own(name="raises", make=columns().make, gradients=gradients), "B3", networks=3, seed=0)
    assert "the network raised RuntimeError: no gradient today (gradients, line " in str(report)
    turned = Own(name="turned", make=columns().make, forward=columns().forward, examples="rows")
    assert "the network raised ValueError" in str(held(turned, "N1", networks=15, seed=0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "x can be asked nothing; give one of forward, deltas, gradients, update, cost"),
        ({"forward": len, "activations": ("tahn",)}, "activations names 'tahn'; expected one of identity, "),
        ({"forward": len, "examples": "across"}, "examples names 'across'; expected one of columns, rows"),
        ({"forward": len, "reduction": "average"}, "reduction names 'average'; expected one of sum, mean"),
    ],
)
def test_an_adapter_that_means_nothing_is_refused(options, said):
    with pytest.raises(MisuseError, match=re.escape(said)):
        Own(name="x", make=len, **options)


def test_the_decorator_refuses_what_is_no_adapter_and_expected_failures_of_nothing():
    with pytest.raises(MisuseError, match=r"expected checks\.equations\.Own\(name=…"):
        checks.parametrize_with_equations(columns)
    with pytest.raises(MisuseError, match="expected_failures names 'S1'; columns can be held to F1, F2"):
        checks.parametrize_with_equations(columns(), expected_failures={"S1": "no softmax"})
