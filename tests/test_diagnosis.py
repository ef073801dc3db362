"""Every mistake that is known is named, what is not known is not, and coincidences are no diagnosis."""

from __future__ import annotations

import re

import numpy as np
import pytest
from suspects import PLANTED, UNKNOWN, affine, grads, identity, one

from checks import Outcome, Report, Subject, audit
from checks.calls import Budget, Calls
from checks.diagnosis import NONE, SUSPECTS, Scene, diagnose, in_words
from checks.diagnosis.scene import Sight
from checks.laws import Ground
from checks.probes import signed
from checks.ray import Place
from checks.tangents import pairing

CASES = [pytest.param(name, make, id=f"{name} {k}") for name, makes in PLANTED.items() for k, make in enumerate(makes)]


def failed(make, seed: int, **options) -> Report:
    report = audit(make(np.random.default_rng(seed)), seed=seed, **options)
    assert report.outcome is Outcome.FAIL, str(report)
    return report


def test_every_row_has_a_mistake_planted_for_it():
    assert set(PLANTED) == set(SUSPECTS)


@pytest.mark.parametrize(("name", "make"), CASES)
def test_mistake_is_named(name, make):
    report = failed(make, 1)
    told = [f for f in report.findings if f.diagnosis]
    assert told, str(report)
    assert all(name in f.suspects for f in told), str(report)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_upstream_that_is_scaled_down_to_a_norm_counts_as_clipped(seed):
    """Of ordinary size it is right, as pullback(−2v) says; inside there is a minimum, and no part is dropped."""

    def pullback(p, v):
        v = v * min(1.0, 100.0 / max(np.linalg.norm(v), 1e-12))
        return {"x": v @ p["w"].T, "w": p["x"].T @ v, "b": v.sum(axis=0)}

    report = failed(lambda rng: affine(rng, identity, pullback), seed)
    assert {name for f in report.findings for name in f.suspects} == {"upstream clipped"}, str(report)


@pytest.mark.parametrize("seed", [2, 3])
@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_mistake_is_not_named(name, seed):
    report = failed(UNKNOWN[name], seed)
    assert {f.diagnosis for f in report.findings} == {NONE}, str(report)
    assert not any(f.suspects for f in report.findings)


def test_without_forward_passes_of_its_own():
    report = failed(grads(b=lambda p, v, g: v.mean(axis=0)), 0, locate=False)
    assert report.findings[0].diagnosis.startswith("averaged over the batch: the gradient is 1/6 of the measured one")
    assert report.findings[0].location == ""


def test_nothing_is_spent_where_nothing_fails():
    right = affine(np.random.default_rng(0), identity, summed)
    assert audit(right).cost.forward == audit(right, locate=False).cost.forward


def test_what_is_undecided_gets_no_words():
    subject = Subject(
        name="abs", point={"x": np.zeros(4)}, forward=lambda p: abs(p["x"]), pullback=lambda p, v: {"x": v}
    )
    report = audit(subject, budget=60, seed=1)
    undecided = [f for f in report.findings if f.verdict.outcome is Outcome.INCONCLUSIVE]
    assert undecided
    assert all((f.location, f.diagnosis, f.entries) == ("", "", ()) for f in undecided)


def summed(p, v):
    return {"x": v @ p["w"].T, "w": p["x"].T @ v, "b": v.sum(axis=0)}


# --- coincidences --------------------------------------------------------------------------------------------


def test_two_that_fit_are_both_given():
    report = failed(lambda rng: affine(rng, identity, halves, n=2), 0)
    assert report.findings[0].diagnosis == (
        "a factor 1/2: the gradient is half of the measured one or averaged over the batch: the gradient is 1/2 of the "
        "measured one (n = 2)"
    )


def halves(p, v):
    return {"x": v @ p["w"].T, "w": p["x"].T @ v, "b": v.mean(axis=0)}


def test_a_symmetric_gradient_is_not_called_transposed():
    def make(rng):
        m = rng.normal(size=(4, 4))
        return Subject(
            name="quadratic", point={"w": m + m.T}, forward=lambda p: np.sum(p["w"] ** 3),
            pullback=lambda p, v: {"w": 3 * p["w"] ** 2 * v + 0.1 * np.outer(np.arange(4), np.arange(4))},
        )  # fmt: skip

    assert not any("transpose" in f.suspects for f in failed(make, 0).findings)


def test_a_constant_gradient_is_not_called_reversed_or_shifted():
    report = failed(one((6,), lambda x: np.sum(x), lambda x, v: v * np.where(np.arange(6) == 2, 3.0, 1.0)), 0)
    assert report.findings[0].diagnosis == NONE
    assert report.findings[0].location == "x[2]"


# --- the rate, on claims made for it -------------------------------------------------------------------------


POINT = {"w": np.random.default_rng(5).normal(size=(4, 4)), "other": np.ones((4, 4))}


POINT = {"w": np.random.default_rng(5).normal(size=(4, 4)), "other": np.ones((4, 4))}


def scene(g, truth, bar, k, rng) -> Scene:
    """What k directions say of ``g`` where ``truth`` is right, with errors up to bars of this relative size."""
    subject = Subject(name="s", point=POINT, forward=lambda p: np.zeros(1), pullback=lambda p, v: {})
    calls = Calls(subject, Budget())
    ground = Ground(
        calls=calls,
        output=np.zeros(1),
        cotangent=np.ones(1),
        claim={"w": g},
        rng=lambda purpose: rng,
        resolution=None,
    )
    place = Place(
        calls=calls, point=subject.point, gradient={"w": g, "other": rng.normal(size=g.shape)}, cotangent=np.ones(1),
        output=np.zeros(1), value=1.0, rng=rng, resolution=None, where="at your point", eps=2e-16, smallest=2e-13,
    )  # fmt: skip
    seen = []
    for _ in range(k):
        u = signed(rng, g.shape)
        size = float(np.linalg.norm(truth)) * 1.04
        measured = pairing(truth, u) + bar * size * rng.uniform(-1, 1)
        seen.append(Sight(lambda a, u=u: pairing(a, u), measured, bar * size, size, size, alone=False, slopes=None))
    return Scene(
        ground=ground, place=place, tensor="w", failed=frozenset({"w"}), broken=frozenset(), sights=tuple(seen)
    )


MISTAKES = {
    "constant factor": lambda g, rng: rng.choice([-1.0, 0.5, 2.0, 0.3]) * g,
    "transpose": lambda g, rng: g.T.copy(),
    "axis reversed": lambda g, rng: np.flip(g, 0),
    "shifted by one": lambda g, rng: np.roll(g, 1, 1),
    "running sum": lambda g, rng: np.cumsum(np.diff(np.flip(g, 1), prepend=0, axis=1)[:, ::-1], axis=1),
}


@pytest.mark.parametrize("bar", [1e-9, 1e-5, 1e-3])
def test_four_directions_name_the_right_repair_alone(bar):
    rng, right, named = np.random.default_rng(11), 0, 0
    for _ in range(20):
        for name, wrong in MISTAKES.items():
            truth = rng.normal(size=(4, 4))
            found = diagnose([scene(wrong(truth, rng), truth, bar, 4, rng)])
            named += set(found.values()) == {name}
            right += 1
    assert named == right


@pytest.mark.parametrize("k", [2, 4, 8])
@pytest.mark.slow
def test_unknown_mistakes_are_never_named(k):
    rng = np.random.default_rng(12)
    for _ in range(60):
        truth = rng.normal(size=(4, 4))
        noise = rng.normal(size=(4, 4))
        for wrong in (noise, truth * noise, truth + 0.1 * np.eye(4)[rng.permutation(4)]):
            s = scene(wrong, truth, 1e-4, k, rng)
            assert in_words(diagnose([s]), [s]) == NONE


def test_too_little_to_tell_says_nothing():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4, 4))
    few = scene(2 * truth, truth, 1e-6, 1, rng)
    wide = scene(2 * truth, truth, 0.5, 8, rng)
    assert [in_words(diagnose([s]), [s]) for s in (few, wide)] == ["", ""]


def test_the_words_of_rows_say_what_the_claim_is():
    for name, suspect in SUSPECTS.items():
        assert re.fullmatch(r"[^.]+", suspect.repair), name
