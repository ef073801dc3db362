"""Tangents: random signs times magnitudes from U[1/2, 3/2], large ones from a table, the same by blocks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from checks import rows
from checks.drawing import BLOCK, FEW, Tiled, blocks, draws, signed_values
from checks.rows import Rows
from checks.tangents import Tangent, dot, pairing, row, terms, together, values
from checks.units import tangent, units


@pytest.mark.parametrize("n", [1, 5, 1000, FEW, FEW + 1, BLOCK + 1, 20 * BLOCK + 17])
def test_draws_are_of_both_signs_alike(n: int) -> None:
    u = signed_values(draws(np.random.default_rng(0), (n,)))
    assert u.shape == (n,)
    least, most = (0.5, 1.5) if n <= FEW else (0.43, 1.71)
    assert np.all((np.abs(u) >= least) & (np.abs(u) <= most))
    if n >= 1000:
        independent = min(n, FEW)
        assert abs(u.mean()) < 5 * 1.05 / np.sqrt(independent)
        assert np.mean(u**2) == pytest.approx(13 / 12, rel=0.3)
        assert np.mean(u > 0) == pytest.approx(0.5, abs=2.5 / np.sqrt(independent))


@pytest.mark.parametrize("n", [20_000, 20 * BLOCK])
def test_no_two_entries_share_a_magnitude(n: int) -> None:
    u = np.abs(signed_values(draws(np.random.default_rng(0), (n,))))
    assert len(np.unique(u)) == u.size


@pytest.mark.parametrize("n", [60_000, 20 * BLOCK])
def test_large_directions_see_any_error_as_those_drawn_one_by_one_do(n: int) -> None:
    """One entry, a few, those at one place of every block, all alike, all: ⟨e, u⟩ is |e| √(13/12) in the mean."""
    rng = np.random.default_rng(1)
    at = np.arange(n)
    step = blocks(n)[0].stop
    errors = (at == n // 3, at % (n // 7) == 5, at % step == 17, at >= 0, rng.normal(size=n), np.sin(at), at < step)
    e = np.array([x / np.linalg.norm(x) for x in (np.asarray(e, dtype=float) for e in errors)])
    seen = np.array([e @ signed_values(draws(rng, (n,))) for _ in range(200)])
    assert np.mean(seen**2, axis=0) == pytest.approx(13 / 12, rel=0.5)
    assert np.mean(np.abs(seen) < 0.01, axis=0).max() <= 0.03  # normal ones: 0.8 %
    assert abs(np.mean(seen, axis=0)).max() < 5 * 1.05 / np.sqrt(200)


def test_a_large_direction_takes_a_part_of_the_memory_of_its_primal() -> None:
    kept = draws(np.random.default_rng(0), (10 * FEW,))
    assert isinstance(kept, Tiled)
    assert kept.table.nbytes <= 8 * 10 * FEW / 7
    kept = draws(np.random.default_rng(0), (1000, 1000))
    assert isinstance(kept, Tiled)
    assert kept.table.nbytes <= 8 * 1_000_000 / 24


def test_draws_are_the_same_for_the_same_generator_and_other_for_another() -> None:
    one, same, other = (draws(np.random.default_rng(s), (100,)) for s in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    one, same, other = (signed_values(draws(np.random.default_rng(s), (BLOCK,))) for s in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


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


@pytest.mark.parametrize("n", [5_000, 32_000, 130_000])
def test_sums_of_products_are_off_by_a_few_units_of_their_norm(n: int) -> None:
    off = []
    for seed in range(40):
        v, f = np.random.default_rng(seed).normal(size=(2, n))
        exact = math.fsum((v.astype(np.longdouble) * f).astype(np.float64))
        off.append((dot(v, f) - exact) / np.linalg.norm(v * f))
    assert np.sqrt(np.mean(np.square(off))) < 7e-16


def test_a_complex_number_is_two_real_ones() -> None:
    assert terms(np.array([1 + 2j]), np.array([3 + 4j])).tolist() == [11.0]
    n = BLOCK + 5
    rng = np.random.default_rng(0)
    u = Tangent(draws(rng, (n,)), 1.0, imaginary=draws(rng, (n,)))
    g = rng.normal(size=n) + 1j * rng.normal(size=n)
    assert pairing(g, u) == pytest.approx(float(np.real(np.vdot(g, u.values()))), rel=1e-12)


@pytest.mark.parametrize("n", [40, rows.FEW + 1])
def test_a_direction_of_a_row_moves_what_is_asked_by_its_length_and_nothing_else(n: int) -> None:
    home = Rows.of({"w": np.ones((n, 3)), "still": np.ones(5), "f": np.asfortranarray(np.ones((3, 4)))})
    assert home is not None
    small = np.zeros((n, 3), dtype=bool)
    small[::2, 1] = True
    corner = np.zeros((3, 4), dtype=bool)
    corner[0, 3] = True
    u = together(np.random.default_rng(0), home, [("w", ~small, 2.0), ("w", small, 1e-3), ("f", corner, 7.0)])
    assert list(u) == ["w", "f"]
    assert not home.like(u.row)["still"].any()
    assert not u.row[home.layout.gaps].any()
    least, most = (0.43, 1.71)
    for name, mask, length in (("w", ~small, 2.0), ("w", small, 1e-3), ("f", corner, 7.0)):
        assert np.all((np.abs(u[name][mask]) >= least * length) & (np.abs(u[name][mask]) <= most * length))
    assert not u["f"][~corner].any()
    assert np.count_nonzero(u.row) == 3 * n + 1
    assert set(np.sign(u["w"][small])) == {-1.0, 1.0}


def test_the_parts_of_a_long_row_are_those_of_the_whole() -> None:
    made = draws(np.random.default_rng(2), (3 * BLOCK,))
    assert isinstance(made, Tiled)
    whole = signed_values(made)
    for start, stop in ((0, 7), (made.length - 3, made.length + 5), (11, whole.size), (whole.size - 1, whole.size)):
        out = np.empty(stop - start)
        made.write(slice(start, stop), 2.0, out)
        assert out.tobytes() == (2.0 * whole[start:stop]).tobytes()


def test_units_of_one_length_that_make_up_a_primal_move_without_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Rows.of({"w": np.ones((50, 3)), "b": np.ones(4)})
    assert home is not None
    gradient = {"w": np.where(np.arange(150).reshape(50, 3) % 4, 2.0, 0.0), "b": np.ones(4)}
    parts = units(gradient, home)
    assert [u.label for u in parts] == ["w (entries claimed about 2e+00)", "w (entries claimed zero)", "b"]
    for sizes in ([0.5, 0.5, 1.0], [0.5, 0.25, 1.0], [0.5, 0.0, 1.0]):
        u = tangent(np.random.default_rng(3), home, sizes, parts)
        plain = tangent(np.random.default_rng(3), home, [1.0, 1.0, 1.0], parts)
        for part, size in zip(parts, sizes, strict=True):
            inside = np.ones(home[part.tensor].shape, bool) if part.mask is None else part.mask
            assert u[part.tensor][inside] == pytest.approx(size * plain[part.tensor][inside], rel=1e-15)
    monkeypatch.setattr("checks.units.together", lambda _rng, _home, moves: moves)
    assert tangent(np.random.default_rng(3), home, [0.5, 0.5, 1.0], parts) == [("w", None, 0.5), ("b", None, 1.0)]
