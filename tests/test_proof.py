"""Proofs: what they pass, what they fail, when they are asked, and what is said where nothing can be proved."""

from __future__ import annotations

import builtins
import time
from dataclasses import replace

import numpy as np
import pytest

from checks import MisuseError, Outcome, Subject, audit
from checks import proof as proofs
from checks.report import json, text

flint = pytest.importorskip("flint", reason="python-flint is not installed: it is what proves")
mpmath = pytest.importorskip("mpmath", reason="mpmath is not installed: it makes the correctly rounded gradient")

from backprop import ACTIVATIONS, LOSSES, backward, cost, cost_gradient, forward, initialise  # noqa: E402

P, F, I = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


def draw(*shape: int) -> np.ndarray:
    return np.random.default_rng([7, *shape]).normal(size=shape)


def affine(p):
    return np.tanh(p["W"] @ p["x"] + p["b"])


def affine_pullback(p, v):
    y = affine(p)
    delta = v * (1 - y * y)
    return {"W": delta @ p["x"].T, "b": delta.sum(axis=1, keepdims=True), "x": p["W"].T @ delta}


def correctly_rounded(p, v):
    """The same gradient in fifty digits, every entry rounded once."""
    with mpmath.workdps(50):
        W, b, x, up = (mpmath.matrix(a.tolist()) for a in (p["W"], p["b"], p["x"], v))
        y = W * x + b * mpmath.ones(1, x.cols)
        delta = mpmath.matrix(y.rows, y.cols)
        for i in range(y.rows):
            for n in range(y.cols):
                delta[i, n] = up[i, n] * mpmath.sech(y[i, n]) ** 2
        found = {"W": delta * x.T, "b": delta * mpmath.ones(x.cols, 1), "x": W.T * delta}
        return {name: np.array(g.tolist(), dtype=float).reshape(p[name].shape) for name, g in found.items()}


def moved(entry, by):
    def pullback(p, v):
        g = correctly_rounded(p, v)
        g["W"][entry] *= 1 + by
        return g

    return pullback


def layer(pullback=affine_pullback, n=3) -> Subject:
    point = {"W": draw(10, 10) / 3, "b": draw(10, 1), "x": draw(10, n)}
    return Subject(name="layer", point=point, forward=affine, pullback=pullback)


def proved(report):
    return [v for v in report.verdicts if v.estimate is not None and v.estimate.proved]


def test_a_correctly_rounded_gradient_is_proved_to_5e_16_and_one_entry_moved_by_1e_15_is_failed():
    report = audit(layer(correctly_rounded), resolution=5e-16)
    assert report.outcome is P
    shown = proved(report)
    assert {v.tensor for v in shown} == {"W", "b", "x"}
    assert all(max(v.estimate.errors.ulps) <= 0.5 for v in shown)
    assert all(v.estimate.method == "ball arithmetic" for v in shown)
    g = correctly_rounded(layer().point, np.ones((10, 3)))["W"]
    for entry in ((3, 4), np.unravel_index(np.abs(g).argmin(), g.shape), np.unravel_index(np.abs(g).argmax(), g.shape)):
        for by in (1e-15, -1e-15):
            report = audit(layer(moved(entry, by)), resolution=5e-16, laws=["adjoint"])
            assert report.outcome is F
            assert [v.tensor for v in report.verdicts if v.outcome is F] == ["W", "W"]
            finding = report.findings[0]
            assert "proved: 1 of 100 entries are off by more than 5e-16" in finding.verdict.reason
            assert finding.location == f"W[{entry[0]}, {entry[1]}]"
            (found,) = finding.entries
            assert found.index == entry
            assert found.claimed / found.measured - 1 == pytest.approx(by, abs=3e-16)
            assert finding.shape == (10, 10)


def test_an_ordinary_gradient_is_passed_with_its_worst_error_in_ulps():
    report = audit(layer(), proof=True)
    assert report.outcome is P
    shown = {(v.tensor, v.where): v for v in proved(report)}
    assert len(shown) == 6
    verdict = shown["W", "at your point"]
    assert verdict.estimate.errors.shape == (10, 10)
    assert len(verdict.estimate.errors.ulps) == 100
    assert 0.5 < max(verdict.estimate.errors.ulps) < 1e6
    assert verdict.resolution == max(verdict.estimate.errors.relative) < 1e-14
    assert "each of 100 entries is right, the worst to" in str(report)
    assert "ulp of itself (W[" in str(report)
    assert '"proved": true' in json.render(report)
    assert json.read(json.render(report)).verdicts == report.verdicts


def test_errors_are_those_that_mpmath_finds():
    report = audit(layer(), proof=True, laws=["adjoint"])
    verdict = next(v for v in proved(report) if v.where == "at your point" and v.tensor == "b")
    seen = {}

    def keep(p, v):
        seen["v"] = v.copy()
        return affine_pullback(p, v)

    audit(layer(keep), proof=True, laws=["adjoint"])
    exact = correctly_rounded(layer().point, seen["v"])["b"]
    claimed = affine_pullback(layer().point, seen["v"])["b"]
    np.testing.assert_allclose(
        verdict.estimate.errors.ulps, (np.abs(claimed - exact) / np.spacing(np.abs(exact))).ravel(), atol=0.51
    )


def test_of_many_entries_that_are_proved_wrong_the_worst_are_named():
    def pullback(p, v):
        g = affine_pullback(p, v)
        g["W"] = g["W"] * (1 + 1e-3 * np.arange(1, 101).reshape(10, 10))
        return g

    report = audit(layer(pullback), proof=True, laws=["adjoint"], locate=False)  # no pass is spent on it
    (finding,) = report.findings
    assert finding.location == "the whole tensor"
    assert len(finding.entries) == 64
    exact = np.reshape(finding.verdict.estimate.errors.exact, (10, 10))
    assert all(e.measured == exact[e.index] for e in finding.entries)
    assert [e.index for e in finding.entries] == sorted(e.index for e in finding.entries)


@pytest.mark.parametrize(
    ("resolution", "off", "outcome"),
    [(None, 3e-8, P), (None, 1e-5, F), (1e-8, 0.0, P), (1e-8, 1e-7, F)],
)
def test_a_proof_is_asked_the_resolution_that_a_measurement_is_asked(resolution, off, outcome):
    """Of large tensors and of one a thousand times smaller, each beside its own scale."""

    def pullback(p, v):
        return {n: (1 + off) * g for n, g in affine_pullback(p, v).items()}

    subject = layer(pullback)
    subject = replace(subject, point={**subject.point, "b": subject.point["b"] / 1000})
    asked = {"resolution": resolution, "laws": ["adjoint"], "locate": False}
    measured, proof = (audit(subject, proof=p, **asked) for p in (False, True))
    assert not proved(measured)
    assert len(proved(proof)) == 6
    assert {v.outcome for v in measured.verdicts} == {v.outcome for v in proof.verdicts} == {outcome}


@pytest.mark.parametrize(("resolution", "off"), [(1e-3, 3e-4), (1e-8, 1e-9)])
def test_a_coarse_demand_is_no_tolerance(resolution, off):
    """Off by less than what must be seen, and seen: measured to be wrong, and proved to be off by as much."""
    subject = layer(lambda p, v: {n: (1 + off) * g for n, g in affine_pullback(p, v).items()})
    asked = {"resolution": resolution, "laws": ["adjoint"], "locate": False}
    measured, both = (audit(subject, proof=p, **asked) for p in (False, True))
    assert measured.outcome is both.outcome is F
    assert all("proved: " in v.reason for v in both.verdicts)


def test_a_wrong_entry_that_no_joint_direction_shows_is_proved_wrong():
    """Off by 1.5e-6 in one entry among forty thousand: measuring sees less than 1e-8 of the whole, and passes it."""

    def pullback(p, v):
        g = 2 * p["x"] * v
        g[17] *= 1 + 1.5e-6
        return {"x": g}

    subject = Subject(
        name="squares", point={"x": np.sign(draw(40_000))}, forward=lambda p: p["x"] ** 2, pullback=pullback
    )
    assert audit(subject, laws=["adjoint"]).outcome is P
    report = audit(subject, proof=True, laws=["adjoint"])
    assert report.outcome is F
    assert "1 of 40,000 entries" in report.findings[0].verdict.reason
    assert "x[17]" in report.findings[0].verdict.reason


def cancelling(by, factor=1.0):
    """|x|, computed so that what is below ``by`` ulps of 1 is lost: no complex step can take it."""
    return Subject(
        name="cancelling",
        point={"x": draw(4)},
        forward=lambda p: (np.abs(p["x"]) + by) - by,
        pullback=lambda p, v: {"x": factor * v * np.sign(p["x"])},
    )


def test_what_measuring_leaves_open_is_settled_without_being_asked():
    asked = {"resolution": 1e-9, "laws": ["adjoint"]}
    report = audit(cancelling(1e8), proof=False, **asked)
    assert report.outcome is I
    assert not proved(report)
    report = audit(cancelling(1e8), **asked)
    assert report.outcome is P
    assert proved(report)
    assert audit(cancelling(1e8, 1 + 1e-8), proof=False, **asked).outcome is I
    assert audit(cancelling(1e8, 1 + 1e-8), **asked).outcome is F


def test_values_that_stand_still_by_cancellation_fail_no_right_claim_that_can_be_proved():
    assert audit(cancelling(1e17), proof=False).outcome is F
    assert audit(cancelling(1e17)).outcome is P
    assert audit(cancelling(1e17, 1.01)).outcome is F


def surely(by=1.0, off=0.0):
    """Cross-entropy of logits that leave the other class e⁻³⁵: p − 1 keeps a digit or two of it."""

    def spread(p):
        return np.exp(p["z"] - p["z"].max())

    def pullback(p, v):
        s = spread(p)
        return {"z": by * v * (s / s.sum() - np.array([0.0, 1.0])) + off}

    return Subject(
        name="surely",
        point={"z": np.array([0.0, 35.0])},
        forward=lambda p: np.log(spread(p).sum()) - p["z"][1] + p["z"].max(),
        pullback=pullback,
    )


def test_what_a_right_backward_loses_where_its_terms_cancel_is_not_failed():
    for proof in (None, True):
        assert audit(surely(), proof=proof, laws=["adjoint"]).outcome is not F
    assert audit(surely(off=1e-12), laws=["adjoint"]).outcome is F
    assert audit(surely(by=-1.0), laws=["adjoint"]).outcome is not P


def test_what_is_below_the_normal_numbers_may_be_off_by_their_spacing():
    def claim(off):
        return Subject(
            name="tiny",
            point={"x": np.array([0.2, 0.3, 0.4])},
            forward=lambda p: 1e-318 * p["x"],
            pullback=lambda p, v: {"x": 1e-318 * v + off},
        )

    assert audit(claim(5e-324), proof=True, laws=["adjoint"]).outcome is not F
    assert audit(claim(2e-321), proof=True, laws=["adjoint"]).outcome is F


def test_a_proof_passes_no_coarse_claim_for_what_the_last_places_of_its_value_allow():
    far = np.float32(3e7)

    def subject(by):
        return Subject(
            name="far away",
            point={"x": draw(3).astype(np.float32)},
            forward=lambda p: np.sin(p["x"]) + far,
            pullback=lambda p, v: {"x": by * v * np.cos(p["x"])},
        )

    assert audit(subject(1), proof=True, laws=["adjoint"]).outcome is P
    assert audit(subject(-1), proof=True, laws=["adjoint"]).outcome is I


def test_a_proof_passes_nothing_that_moving_values_fail():
    """The exact path has another slope, where its value is the same: nothing is passed for it."""

    def forward(p):
        x = p["x"]
        return x if x.dtype == object else x + 0.5 * (x - at_point["x"])

    at_point = {"x": draw(3)}
    subject = Subject(
        name="two paths", point={"x": at_point["x"].copy()}, forward=forward, pullback=lambda p, v: {"x": v}
    )
    report = audit(subject, proof=True, laws=["adjoint"])
    assert report.outcome is F or report.outcome is I
    assert P not in {v.outcome for v in report.verdicts}


def test_default_audits_of_ordinary_layers_ask_for_no_proof(monkeypatch):
    monkeypatch.setattr(proofs, "prove", None)
    assert audit(layer()).outcome is P
    assert audit(layer(lambda p, v: {n: 2 * g for n, g in affine_pullback(p, v).items()}), proof=False).outcome is F


def test_a_demand_beyond_rounding_is_neither_passed_nor_failed_for_what_rounding_may_cost():
    """Asked for 2e-14 of the rms: float32's own rounding is no mistake, and no such claim is that good."""

    def single(p, v):
        return {n: g.astype(np.float32) for n, g in affine_pullback(p, v).items()}

    report = audit(layer(single), resolution=2e-14, laws=["adjoint"])
    assert report.outcome is F
    point = {n: x.astype(np.float32) for n, x in layer().point.items()}
    report = audit(replace(layer(single), point=point), resolution=1e-7, proof=True, laws=["adjoint"])
    assert report.outcome is F or report.outcome is I


NOT_PROVABLE = {
    "cast": lambda p: np.tanh(p["x"].astype(float)),
    "another path": lambda p: np.tanh(p["x"]) * (1.5 if p["x"].dtype == object else 1.0),
}


@pytest.mark.parametrize("name", NOT_PROVABLE)
def test_where_nothing_can_be_proved_the_other_oracles_decide_and_the_reason_is_said(name):
    def subject(factor):
        def pullback(p, v):
            return {"x": factor * v * (1 - np.tanh(p["x"]) ** 2)}

        return Subject(name="f", point={"x": draw(5)}, forward=NOT_PROVABLE[name], pullback=pullback)

    report = audit(subject(1.0), proof=True)
    assert report.outcome is P
    assert "not provable here: " in str(report)
    assert not proved(report)
    assert audit(subject(1.5), proof=True).outcome is F


def test_without_the_extra_everything_else_works_and_says_what_it_would_add(monkeypatch):
    real = builtins.__import__

    def no_flint(name, *args, **kwargs):
        if name.startswith("flint"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_flint)
    for module in (proofs, __import__("checks.auditing", fromlist=["x"])):
        monkeypatch.setattr(module, "available", lambda: False)
    assert audit(layer()).outcome is P
    report = audit(layer(), resolution=5e-16, laws=["adjoint"])
    assert report.outcome is I
    assert all("pip install backproof[exact]" in f.verdict.remedy for f in report.findings)
    assert "pip install backproof[exact]" in text.render(report)
    with pytest.raises(MisuseError, match=r"pip install backproof\[exact\]"):
        audit(layer(), proof=True)


def test_the_budget_holds_for_proofs():
    def slow(p):
        x = p["x"]
        for _ in range(20_000 if x.dtype == object else 0):
            x = np.sin(x)
        return x

    subject = Subject(name="slow", point={"x": draw(50)}, forward=slow, pullback=lambda p, v: {"x": v})
    started = time.perf_counter()
    report = audit(subject, proof=True, budget="0.5s", laws=["adjoint"])
    assert time.perf_counter() - started < 3.0
    assert "time is up" in str(report) or report.outcome is I
    assert audit(layer(), proof=True, budget=3).outcome is I


def test_at_a_kink_nothing_is_proved_and_beside_it_everything_is():
    def relu(p):
        return np.maximum(p["x"], 0)

    subject = Subject(
        name="relu", point={"x": np.zeros(3)}, forward=relu, pullback=lambda p, v: {"x": v * (p["x"] > 0)}
    )
    report = audit(subject, proof=True)
    assert report.outcome is P
    assert {v.where for v in proved(report)} == {"at a moved point"}
    assert "not provable here: its enclosure stays wide, as at a kink" in str(report)


def test_every_entry_of_a_ten_by_ten_layer_takes_less_than_two_seconds():
    started = time.perf_counter()
    report = audit(layer(n=8), proof=True, laws=["adjoint"])
    assert time.perf_counter() - started < 2.0
    assert len(proved(report)) == 6


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_provable(name):
    rng = np.random.default_rng(11)
    network = initialise(rng, (3, 4, 3), (name, "tanh") if name == "softmax" else name)
    x, y = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    _proved_network(network, x, y, "squared_error")


DRAWN = {
    "real": ("identity", lambda rng: rng.normal(size=(3, 2))),
    "positive": ("softplus", lambda rng: rng.poisson(2.0, size=(3, 2)).astype(float)),
    "probability": ("sigmoid", lambda rng: rng.uniform(size=(3, 2))),
    "distribution": ("softmax", lambda rng: rng.dirichlet(np.ones(3), size=2).T.copy()),
    "sign": (None, lambda rng: rng.choice((-1.0, 1.0), size=(3, 2))),
    "count": (None, lambda rng: rng.poisson(2.0, size=(3, 2)).astype(float)),
}


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_provable(name, reduction):
    rng = np.random.default_rng(12)
    loss = LOSSES[name]
    network = initialise(rng, (2, 4, 3), ("tanh", DRAWN[loss.domain][0]))
    _proved_network(network, rng.normal(size=(2, 2)), DRAWN[loss.targets][1](rng), name, reduction)


@pytest.mark.parametrize("depth", range(1, 7))
def test_networks_of_every_depth_are_provable(depth):
    rng = np.random.default_rng([13, depth])
    rows = [list(ACTIVATIONS)[k] for k in rng.integers(len(ACTIVATIONS), size=depth - 1)]
    network = initialise(rng, [3, *(int(d) for d in rng.integers(2, 5, size=depth - 1)), 3], [*rows, "identity"])
    _proved_network(network, rng.normal(size=(3, 2)), DRAWN["distribution"][1](rng), "softmax_cross_entropy")


def _proved_network(network, x, y, loss, reduction="mean"):
    """Every W and b and the input, of C, by the derivation's own backward."""
    layers = range(1, network.depth + 1)
    names = [f"{kind}{l}" for l in layers for kind in "Wb"]

    def put(p):
        W, b = ((None, *(p[f"{kind}{l}"] for l in layers)) for kind in "Wb")
        return replace(network, W=W, b=b)

    def value(p):
        return np.asarray(cost(LOSSES[loss], forward(put(p), x).A[-1], y, reduction))

    def pullback(p, v):
        net = put(p)
        trace = forward(net, x)
        found = backward(net, trace, cost_gradient(LOSSES[loss], trace.A[-1], y, reduction))
        return {name: v * getattr(found, name[0])[int(name[1:])] for name in names}

    point = {name: getattr(network, name[0])[int(name[1:])] for name in names}
    subject = Subject(name="network", point=point, forward=value, pullback=pullback)
    report = audit(subject, proof=True, laws=["adjoint"])
    assert report.outcome is P, str(report)
    shown = proved(report)
    assert {v.tensor.split()[0] for v in shown} == set(names)
    assert len(shown) == len(report.verdicts), str(report)
    assert max(v.resolution for v in shown) < 1e-11


def test_the_derivation_is_proved_of_random_networks_label_by_label():
    from checks.equations.cases import build, draw
    from checks.equations.proved import prove_network

    rng, labels = np.random.default_rng(5), {}
    for k in range(25):
        case = draw(rng, seed=k)
        try:
            with np.errstate(all="ignore"):
                found = prove_network(build(case))
        except proofs_error():
            continue
        for proved in found:
            assert proved.error < 1e-6, (case, proved)
            for label in proved.labels:
                labels[label] = labels.get(label, 0) + proved.entries
    assert set(labels) >= {"B1", "B2", "B3", "B4", "D1", "D2", "G1", "G2", "N2", "N3", "S1", "S2"}
    assert min(labels.values()) > 200


def test_a_wrong_derivation_is_proved_wrong():
    from checks.equations.cases import Case, build
    from checks.equations.implementation import BACKPROP
    from checks.equations.proved import prove_network

    def forgetful(network, trace, dC_da):
        found = backward(network, trace, dC_da)
        return replace(found, b=(None, *(g * (1 + 1e-9) for g in found.b[1:])))

    point = build(Case(sizes=(3, 4, 2), activations=("tanh", "sigmoid"), batch=3))
    wrong = prove_network(point, replace(BACKPROP, backward=forgetful))
    assert {p.kind for p in wrong if p.error > 1e-12} == {"b"}
    assert max(p.error for p in wrong if p.kind == "b") < 1e-8


def proofs_error():
    from checks.numeric.balls.tape import NotProvableError

    return NotProvableError
