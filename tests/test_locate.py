"""Wrong entries are found, all of them and no others, at the cost that is said; what is not known is said too."""

from __future__ import annotations

import re

import numpy as np
import pytest

from benchmarks.locate import KINDS, SHAPES, WRONG, by_answers, by_forward
from checks import Outcome, Subject, audit
from checks.locate.region import Region
from checks.locate.words import cells, of_mask, of_region

RNG = np.random.default_rng(3)
W = RNG.uniform(1, 2, (12, 20)) * RNG.choice([-1, 1], (12, 20))
C = RNG.uniform(1, 2, (12, 20))


def layer(spoil, forward=None, w=W, **options):
    """The report on f(w) = Σ_j sin(w_ij) c_ij, whose gradient ``spoil`` makes wrong."""
    forward = forward or (lambda p: (np.sin(p["w"]) * C).sum(axis=1))

    def pullback(p, v):
        g = np.cos(p["w"]) * C * v[:, None]
        return {"w": spoil(g, p["w"], v)}

    subject = Subject(name="layer", point={"w": w}, forward=forward, pullback=pullback)
    report = audit(subject, laws=["adjoint"], **options)
    assert report.outcome is Outcome.FAIL
    return report


def where(mask, by=1.5):
    return lambda g, w, v: np.where(mask(w) if callable(mask) else mask, by * g, g)


def masked(**parts):
    made = np.zeros(W.shape, dtype=bool)
    for rows, columns in parts.values():
        made[rows, columns] = True
    return made


EVERY = slice(None)


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (masked(a=(7, 11)), "w[7, 11]"),
        (masked(a=(7, 11), b=(0, 3)), "2 entries: w[0, 3], w[7, 11]"),
        (masked(a=(7, EVERY)), "row 7"),
        (masked(a=(slice(2, 5), EVERY)), "rows 2-4"),
        (masked(a=(EVERY, 19)), "column 19"),
        (masked(a=(EVERY, slice(0, 4))), "columns 0-3"),
        (np.ones(W.shape, dtype=bool), "the whole tensor"),
        (np.eye(12, 20, dtype=bool), "the diagonal"),
        (~np.eye(12, 20, dtype=bool), "entries off the diagonal"),
        (lambda w: w < 0, "entries where w < 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_places_are_said_in_words(mask, words):
    f = layer(where(mask)).findings[0]
    assert f.location == words
    assert all(e.claimed == pytest.approx(1.5 * e.measured, abs=2 * e.bar) for e in f.entries)
    wrong = mask if isinstance(mask, np.ndarray) else mask(W)
    assert all(wrong[e.index] for e in f.entries)


def test_entries_are_listed_with_claimed_and_measured_in_the_report():
    report = layer(where(masked(a=(7, 11), b=(0, 3)), by=-1.0))
    f = report.findings[0]
    assert [e.index for e in f.entries] == [(0, 3), (7, 11)]
    assert f.shape == W.shape
    assert re.search(r"\n +entry +w\[7, 11\]  claimed  (\S+)   measured  -?\S+ ± \S+\n", str(report))
    assert max(e.bar / abs(e.measured) for e in f.entries) < 1e-6


@pytest.mark.parametrize("constant", [True, False], ids=["equal constants", "a swap"])
def test_errors_of_equal_size_that_cancel_are_not_lost(constant):
    def spoil(g, w, v):
        g = g.copy()
        if constant:
            g[[1, 4, 9], [2, 17, 5]] += [0.5, -0.5, 0.5]
        else:
            g[[1, 4], [2, 17]] = g[[4, 1], [17, 2]]
        return g

    found = [e.index for e in layer(spoil).findings[0].entries]
    assert found == ([(1, 2), (4, 17), (9, 5)] if constant else [(1, 2), (4, 17)])


def test_a_small_tensor_is_measured_entry_by_entry():
    def spoil(g, w, v):
        return g * np.where(w > 0, 1.0, 2.0)

    w = W[:4, :5]
    report = audit(
        Subject(name="small", point={"w": w}, forward=lambda p: np.sin(p["w"]), pullback=lambda p, v: {
            "w": spoil(np.cos(p["w"]) * v, p["w"], v)}), laws=["adjoint"])  # fmt: skip
    f = report.findings[0]
    assert f.location == "entries where w < 0"
    assert {e.index for e in f.entries} == {tuple(i) for i in np.argwhere(w < 0).tolist()}


def test_noise_makes_it_dearer_not_wrong():
    rng = np.random.default_rng(0)

    def noisy(p):
        y = (np.sin(p["w"]) * C).sum(axis=1)
        return y * (1 + 1e-10 * rng.standard_normal(y.shape))

    f = layer(where(masked(a=(7, 11)), by=-1.0), forward=noisy).findings[0]
    assert [e.index for e in f.entries] == [(7, 11)]
    assert f.entries[0].bar > 1e-12


def test_below_the_resolution_the_block_is_named_with_the_reason():
    rng = np.random.default_rng(0)

    def noisy(p):
        y = (np.sin(p["w"]) * C).sum(axis=1)
        return y * (1 + 1e-5 * rng.standard_normal(y.shape))

    f = layer(lambda g, w, v: 1.002 * g + 0.02 * np.sign(g) * (W > 0), forward=noisy).findings[0]
    assert all(abs(e.claimed - e.measured) > e.bar for e in f.entries)
    assert re.search(
        r"somewhere in .*: what is wrong there is below what the forward's own precision shows", f.location
    )


def test_a_budget_is_honoured_and_what_was_found_until_then_is_said():
    full = layer(where(masked(a=(7, 11), b=(0, 3), c=(3, 3))), locate=False).cost.forward
    report = layer(where(masked(a=(7, 11), b=(0, 3), c=(3, 3))), budget=full + 10)
    assert report.cost.forward <= full + 10
    assert report.findings[0].location == (
        f"somewhere in the whole tensor: the budget of {full + 10} forward passes is spent"
    )
    assert report.outcome is Outcome.FAIL


def test_at_most_so_many_times_the_passes_of_the_audit_are_spent():
    from checks.explaining import SHARE

    scattered = np.random.default_rng(1).random(W.shape) < 0.2
    before = layer(where(scattered), locate=False).cost.forward
    assert before < layer(where(scattered)).cost.forward <= (1 + SHARE) * before


@pytest.mark.parametrize("n", [10**3, 10**5, 10**7])
@pytest.mark.parametrize("kind", KINDS)
def test_counts_stay_within_the_bounds(n, kind):
    bounds = {10**5: (20, 52, 150), 10**7: (26, 75, 220)}
    for which, k in enumerate(WRONG):
        runs = [by_answers(n, kind, k, seed) for seed in range(8)]
        assert all(run.exact for run in runs)
        if n in bounds and kind != "swaps":
            assert np.median([run.asked for run in runs]) <= bounds[n][which]
            assert max(run.asked for run in runs) <= 1.3 * bounds[n][which]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_on_a_real_forward_at_four_passes_each(kind):
    for k in WRONG:
        run = by_forward(10**4, kind, k, seed=77)
        assert run.exact
        assert run.passes <= 4.5 * run.asked


def test_words_for_masks_boxes_and_cells():
    mask = np.zeros((3, 4, 5), dtype=bool)
    mask[:, 2] = True
    assert of_mask("k", mask, []) == "k[:, 2, :]"
    assert of_region("k", Region(((0, 3), (1, 3), (0, 5))), mask.shape) == "k[:, 1:3, :]"
    assert cells("b", [(0,), (4,), (7,), (9,)]) == "4 entries: b[0], b[4], b[7] and 1 more"
    assert SHAPES[10**5] == (250, 400)
