"""Tangents: random signs times magnitudes from U[1/2, 3/2], kept in a quarter of the memory, the same by blocks."""

from __future__ import annotations

import numpy as np
import pytest

from checks.tangents import BLOCK, Tangent, blocks, dot, draws, pairing, row, signed_values, terms, values


@pytest.mark.parametrize("dtype", [np.int8, np.int16])
@pytest.mark.parametrize("n", [1, 5, 1000, BLOCK, BLOCK + 1, 3 * BLOCK + 17])
def test_draws_are_of_both_signs_alike(dtype: type, n: int) -> None:
    kept = draws(np.random.default_rng(0), (n,), dtype)
    one = 1 << (8 * kept.itemsize - 2)
    assert kept.dtype == dtype
    low, high = one // 2, one // 2 + one
    assert np.all(((kept >= low) & (kept < high)) | ((kept < -low) & (kept >= -high)))
    u = signed_values(kept)
    assert np.all((np.abs(u) > 0.5) & (np.abs(u) < 1.5))
    if n >= 1000:
        assert abs(u.mean()) < 5 * 1.05 / np.sqrt(n)
        assert np.abs(u).mean() == pytest.approx(1, abs=5 * 0.29 / np.sqrt(n))
        assert np.mean(u > 0) == pytest.approx(0.5, abs=2.5 / np.sqrt(n))


def test_neighbours_never_share_a_magnitude() -> None:
    """Two entries of one block differ in what is added to their whole numbers, even in 8 bits."""
    u = np.abs(signed_values(draws(np.random.default_rng(0), (20_000,), np.int8)))
    assert len(np.unique(u)) == u.size


def test_draws_are_the_same_for_the_same_generator_and_other_for_another() -> None:
    one, same, other = (draws(np.random.default_rng(s), (100,)) for s in (3, 3, 4))
    assert one.tolist() == same.tolist() != other.tolist()


@pytest.mark.parametrize("n", [10, BLOCK + 10])
def test_blocks_make_what_the_whole_is(n: int) -> None:
    rng = np.random.default_rng(2)
    kinds = rng.integers(0, 3, size=n).astype(np.int8)
    for u in (
        Tangent(draws(rng, (n,)), 3.0),
        Tangent(draws(rng, (n,)), np.array([0.0, 1e-3, 7.0]), kinds=kinds),
        Tangent(draws(rng, (n,)), 3.0, imaginary=draws(rng, (n,))),
        rng.normal(size=n),
    ):
        make = row(u, -0.25)
        made = np.concatenate([make(at).copy() for at in blocks(n)])
        assert made == pytest.approx(values(u, -0.25), rel=1e-15)
        assert np.asarray(u).shape == (n,)


def test_kinds_have_their_own_lengths_and_0_stands_still() -> None:
    kinds = np.array([0, 1, 2, 1], dtype=np.int8)
    u = Tangent(draws(np.random.default_rng(0), (4,)), np.array([0.0, 1.0, 100.0]), kinds=kinds).values()
    assert u[0] == 0
    assert 0.5 <= abs(u[1]) <= 1.5
    assert 50 <= abs(u[2]) <= 150


@pytest.mark.parametrize("n", [10, 4 * BLOCK])
def test_pairings_are_sums_of_products(n: int) -> None:
    rng = np.random.default_rng(0)
    g, u = rng.normal(size=n), Tangent(draws(rng, (n,)), 2.0)
    exact = float(np.sum(g.astype(np.longdouble) * u.values()))
    assert pairing(g, u) == pytest.approx(exact, rel=1e-13)
    assert pairing(g.reshape(2, -1).T, u.values().reshape(2, -1).T) == pytest.approx(exact, rel=1e-13)
    assert dot(g, u.values()) == pytest.approx(exact, rel=1e-13)
    assert pairing(g.astype(np.float32), u) == pytest.approx(exact, rel=1e-5, abs=1e-3)


def test_a_complex_number_is_two_real_ones() -> None:
    assert terms(np.array([1 + 2j]), np.array([3 + 4j])).tolist() == [11.0]
    n = BLOCK + 5
    rng = np.random.default_rng(0)
    u = Tangent(draws(rng, (n,)), 1.0, imaginary=draws(rng, (n,)))
    g = rng.normal(size=n) + 1j * rng.normal(size=n)
    assert pairing(g, u) == pytest.approx(float(np.real(np.vdot(g, u.values()))), rel=1e-12)
