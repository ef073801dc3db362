"""What is drawn: in range, mixed as promised, shrinking to the smallest network, and never rejected."""

from __future__ import annotations

import inspect
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from backprop import ACTIVATIONS, LOSSES, Network, forward
from checks import strategies
from checks.equations import Case, Record, build, draw
from checks.equations.cases import COLUMNWISE, losses_after
from checks.equations.regimes import LAYOUTS, REGIMES

DRAWN = 2000


def drawn_plainly() -> list[Case]:
    rng = np.random.default_rng(0)
    return [draw(rng) for _ in range(DRAWN)]


def drawn_by_hypothesis() -> list[Case]:
    found: list[Case] = []

    @settings(max_examples=DRAWN, database=None, derandomize=True)
    @given(strategies.cases())
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found


@pytest.fixture(scope="module", params=[drawn_plainly, drawn_by_hypothesis], ids=["draw", "strategy"])
def sample(request: pytest.FixtureRequest) -> list[Case]:
    return request.param()


def equal_and_deep(case: Case) -> bool:
    return len(set(case.sizes)) == 1 and len(case.sizes) > 3


@pytest.mark.slow
def test_sizes_are_in_range(sample: list[Case]) -> None:
    assert {len(case.sizes) - 1 for case in sample} == set(range(1, 9))
    assert {width for case in sample for width in case.sizes} == set(range(1, 33))
    assert {case.batch for case in sample} == set(range(1, 17))


@pytest.mark.slow
def test_a_third_has_equal_widths_and_three_layers_or_more_2_3_and_5_among_them(sample: list[Case]) -> None:
    equal = Counter(case.sizes[0] for case in sample if equal_and_deep(case))
    assert sum(equal.values()) >= len(sample) / 3
    assert all(equal[width] >= len(sample) / 50 for width in (2, 3, 5))


def test_a_fifth_mixes_columns_and_they_occur_in_hidden_layers(sample: list[Case]) -> None:
    assert sum(bool(set(COLUMNWISE) & set(case.activations)) for case in sample) >= len(sample) / 5
    assert sum(bool(set(COLUMNWISE) & set(case.activations[:-1])) for case in sample) >= len(sample) / 10


def test_every_row_regime_layout_and_reduction_occurs(sample: list[Case]) -> None:
    assert {name for case in sample for name in case.activations} == set(ACTIVATIONS)
    assert {case.loss for case in sample} == set(LOSSES)
    assert {case.regime for case in sample} == set(REGIMES)
    assert {case.layout for case in sample} == set(LAYOUTS)
    assert {case.reduction for case in sample} == {"sum", "mean"}


def test_a_loss_takes_what_the_last_activation_gives(sample: list[Case]) -> None:
    assert all(case.loss in losses_after(case.activations[-1]) for case in sample)
    for case in sample[:300]:
        assert np.isfinite(Record(build(case)).dC_da).all()


def test_it_shrinks_to_one_layer_of_width_one() -> None:
    smallest = find(strategies.cases(), lambda case: True)
    assert smallest == Case(sizes=(1, 1), activations=("identity",), reduction="sum")


def test_it_shrinks_to_the_structure_that_matters() -> None:
    found = find(strategies.cases(), lambda case: "softmax" in case.activations[:-1] and case.batch > 2)
    assert found.sizes == (1, 1, 1)
    assert found.batch == 3
    assert found.regime == "typical"


def test_nothing_drawn_is_rejected() -> None:
    source = inspect.getsource(strategies)
    assert "filter(" not in source
    assert "assume(" not in source


@given(strategies.cases())
def test_the_same_case_has_the_same_numbers_and_another_seed_others(case: Case) -> None:
    one, two, other = build(case), build(case), build(replace(case, seed=case.seed + 1, regime="typical"))
    assert all(np.array_equal(a, b) for a, b in zip(one.W[1:] + one.b[1:], two.W[1:] + two.b[1:], strict=True))
    assert np.array_equal(one.x, two.x)
    assert np.array_equal(one.y, two.y)
    assert not np.array_equal(one.x, other.x)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_are_what_they_say(layout: str) -> None:
    point = build(Case(sizes=(3, 4), activations=("tanh",), batch=5, layout=layout))
    flags = point.W[1].flags
    assert (flags.c_contiguous, flags.f_contiguous) == (layout == "C", layout == "Fortran")


@pytest.mark.parametrize("regime", ["exact zeros", "sparse", "ties", "integers as floats"])
def test_exact_zeros_ties_and_whole_numbers_occur(regime: str) -> None:
    numbers = [build(Case(sizes=(4, 4), activations=("relu",), batch=3, regime=regime, seed=k)).W[1] for k in range(20)]
    if regime == "ties":
        assert all(len(np.unique(w)) < w.size for w in numbers)
    elif regime == "integers as floats":
        assert all(np.array_equal(w, np.round(w)) for w in numbers)
    else:
        assert all((w == 0).any() for w in numbers)
        assert any((w == 0).all() for w in numbers) == (regime == "exact zeros")


@pytest.mark.parametrize("name", [name for name, row in ACTIVATIONS.items() if row.kinks])
def test_near_a_kink_is_near_it_and_not_on_it(name: str) -> None:
    for seed in range(20):
        record = Record(build(Case(sizes=(3, 4), activations=(name,), batch=2, regime="near a kink", seed=seed)))
        nearest = min(np.abs(record.trace.Z[1] - kink).min() for kink in record.rows[1].kinks)
        assert 1e-10 < nearest < 0.02
        assert not record.on_kink


@given(strategies.layer_shapes(depth=2, width=3))
def test_limits_are_kept(sizes: tuple[int, ...]) -> None:
    assert 2 <= len(sizes) <= 3
    assert all(1 <= width <= 3 for width in sizes)


@given(st.data())
def test_networks_take_their_batches_tangents_and_cotangents(data: st.DataObject) -> None:
    network = data.draw(strategies.networks(depth=3, width=4))
    assert isinstance(network, Network)
    x = data.draw(strategies.batches(network))
    output = forward(network, x).A[-1]
    u, v = data.draw(strategies.tangents(network.W[1])), data.draw(strategies.cotangents(output))
    assert u.shape == network.W[1].shape
    assert u.any()
    assert v.shape == output.shape
    assert np.abs(v).max() <= 1.5


def test_cotangents_have_exact_zeros_and_tangents_single_entries() -> None:
    assert not find(strategies.cotangents(np.ones((2, 2))), lambda v: not v.all()).all()
    assert np.count_nonzero(find(strategies.tangents(np.ones((3, 3))), lambda u: np.count_nonzero(u) == 1)) == 1
