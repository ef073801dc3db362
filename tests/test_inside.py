"""Mistakes at one step of a pullback: named where doing that step otherwise explains everything, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from corpus.aside import ASIDE, made, mistakes

from checks import Outcome, audit

EVERY = {f"{layer}: {name}": (layer, fits, old, new) for layer, fits, name, old, new in mistakes()}
NAMED = (
    "swiglu: silu's slope missing",
    "swiglu: half copy of the gate",
    "moe: gate's softmax as a diagonal",
    "moe: experts' tanh at its value",
    "moe: gate for its transpose",
    "elu_mlp: elu's sides exchanged",
    "euler_ode: last step's bias alone",
    "poisson_net: w2 stepped first",
    "skipgram: repeats count once",
    "local1d: leaky slope missing",
)


def report(case: str, seed: int = 3):
    layer, fits, old, new = EVERY[case]
    found = made(layer, old, new).audit(seed)
    assert found.outcome is Outcome.FAIL, str(found)
    return fits, [f.suspects for f in found.findings if f.suspects], found


@pytest.mark.parametrize("case", NAMED)
def test_a_mistake_inside_is_named(case):
    fits, named, found = report(case)
    assert named, str(found)
    assert all(set(suspects) & set(fits) for suspects in named), str(found)


@pytest.mark.parametrize("case", [name for name, (_, fits, *_) in EVERY.items() if not fits][::2])
def test_a_mistake_that_no_row_means_gets_no_name(case):
    assert report(case)[1] == []


def test_there_are_enough_that_were_written_first():
    assert sum(bool(fits) for _, fits, *_ in EVERY.values()) >= 40
    assert len(ASIDE) >= 10


def layer(delta):
    """Two dense layers, with ``delta(dh, z, h)`` where tanh's derivative belongs."""

    def forward(x, w, u):
        z = x @ w
        h = np.tanh(z)
        return h @ u, (x, w, u, z, h)

    def backward(dout, cache):
        x, w, u, z, h = cache
        dz = delta(dout @ u.T, z, h)
        return dz @ w.T, x.T @ dz, h.T @ dout

    return forward, backward


def point(n=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)), rng.normal(size=(3, 4)), rng.normal(size=(4, 2))


def test_what_switches_a_bound_off_is_no_repair_of_another_kind():
    """Any change of what is compared mends it: none of them says what the mistake is."""
    found = audit(layer(lambda dh, z, h: np.where(np.abs(z) > 2.0, 0.0, dh * (1 - h**2))), *point(12))
    assert found.outcome is Outcome.FAIL
    assert not any(f.suspects for f in found.findings), str(found)


def test_a_mask_moved_is_no_derivative_missing():
    def forward(x):
        return np.maximum(2 * x, 0.0), x

    found = audit((forward, lambda dout, x: 2 * dout * (x > -0.5)), np.linspace(-1.03, 1.0, 12))
    assert found.outcome is Outcome.FAIL
    assert not any("activation's derivative missing" in f.suspects for f in found.findings), str(found)


def test_a_subject_that_takes_no_watched_arrays_is_explained_without():
    forward, backward = layer(lambda dh, z, h: dh)

    def opaque(dout, cache):
        return backward(*(np.array(dout), tuple(map(np.array, cache))))

    found = audit((lambda *arrays: forward(*map(np.array, arrays)), opaque), *point())
    assert {f.diagnosis for f in found.findings} == {"no known mistake fits"}


def test_the_smallest_shape_and_what_matters_stand_beside_place_and_cause():
    def mean(dh, z, h):
        return dh if len(h) > 2 else dh * (1 - h**2)  # wrong for three examples or more

    found = audit(layer(mean), shapes="(n,i),(i,h),(h,o)->(n,o)", examples=60)
    assert found.outcome is Outcome.FAIL
    told = [f for f in found.findings if f.law == "adjoint"]
    assert told, str(found)
    for f in told:
        assert f.case.startswith("n=3,"), f.case
        assert "for every n above 2" in f.location, f.location
        assert "activation's derivative missing" in f.suspects, f.diagnosis
    assert all(e.claimed != e.measured and e.bar >= 0 for f in told for e in f.entries)


@pytest.mark.parametrize(
    ("edit", "row"),
    [
        (lambda v: np.clip(v, -40.0, 40.0), "upstream clipped"),
        (lambda v: v * (np.abs(v) > 0.25 * np.abs(v).max()), "small upstreams dropped"),
    ],
)
def test_a_law_that_linear_steps_would_keep_names_the_step(edit, row):
    forward, backward = layer(lambda dh, z, h: dh * (1 - h**2))
    found = audit((forward, lambda dout, cache: backward(edit(dout), cache)), *point())
    broken = [f for f in found.findings if f.law in ("homogeneity", "additivity")]
    assert broken, str(found)
    assert all(row in f.suspects for f in broken), str(found)


def test_rounding_that_only_precision_sees_is_named():
    forward, backward = layer(lambda dh, z, h: dh * (1 - h**2))
    found = audit((forward, lambda dout, cache: backward(dout.astype(np.float32).astype(float), cache)), *point())
    assert found.outcome is Outcome.FAIL
    assert all(f.suspects == ("half precision inside",) for f in found.findings), str(found)
