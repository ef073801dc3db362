"""Probes: directions that hide nothing, points off kinks, and the units that get verdicts of their own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from checks import probes
from checks.groups import Group, by_value
from checks.groups import masked_rms as part_rms
from checks.probes import displaced, generator, moved, signed, size
from checks.units import Unit, tangent, units


def labels(found: list[Unit]) -> list[str]:
    return [u.label for u in found]


def of_claim(g: np.ndarray, x: np.ndarray | None = None) -> list[Unit]:
    return units({"w": g}, {"w": np.ones(np.shape(g)) if x is None else x})


# --- random numbers ----------------------------------------------------------------------------------------


def test_a_generator_depends_on_seed_and_digest_alone() -> None:
    same = generator(3, "f", [("x", (2,), "float64")]).random(4)
    assert same.tolist() == generator(3, "f", [("x", (2,), "float64")]).random(4).tolist()
    for other in (generator(4, "f", [("x", (2,), "float64")]), generator(3, "g", [("x", (2,), "float64")])):
        assert other.random(4).tolist() != same.tolist()
    assert generator(3, "f", "adjoint").random() != generator(3, "f", "cotangent").random()


def test_a_generator_is_the_same_in_another_process() -> None:
    line = "from checks.probes import generator; print(generator(5, 'f', ('x', (2, 3))).random().hex())"
    seen = {
        subprocess.run(  # noqa: S603 - our own line of Python
            [sys.executable, "-c", line], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": salt}
        ).stdout.strip()
        for salt in ("1", "2")
    }
    assert seen == {generator(5, "f", ("x", (2, 3))).random().hex()}


def test_signed_directions_have_both_signs_and_magnitudes_that_no_two_entries_share() -> None:
    u = signed(np.random.default_rng(0), (10_000,))
    assert u.dtype == np.float64
    assert 0.5 <= np.abs(u).min() < 0.51
    assert 1.49 < np.abs(u).max() <= 1.5
    assert 0.45 < np.mean(u > 0) < 0.55
    assert len(np.unique(np.abs(u))) == u.size  # plain ±1 lets errors of equal size cancel
    assert np.sqrt(np.mean(u**2)) == pytest.approx(probes.MAGNITUDE_RMS, rel=0.01)
    assert signed(np.random.default_rng(0), ()).shape == ()


# --- sizes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-12, 1.0, 1e12, 1e160, 1e300])
@pytest.mark.parametrize("dtype", [np.float64, np.longdouble, np.complex128])
def test_size_is_the_rms_at_every_scale(scale: float, dtype: type) -> None:
    x = (scale * np.array([3.0, -4.0, 0.0])).astype(dtype)
    assert size(x) / scale == pytest.approx(np.sqrt(25 / 3))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_size_of_coarse_dtypes_does_not_overflow(dtype: type) -> None:
    largest = np.full(4, np.finfo(dtype).max)
    assert size(largest) == pytest.approx(float(np.finfo(dtype).max), rel=1e-3)


def test_size_is_one_where_nothing_says_how_large_a_change_is() -> None:
    assert size(np.zeros(3)) == size(np.zeros(0)) == 1.0
    assert size(np.zeros((), dtype=np.float32)) == 1.0


# --- units -------------------------------------------------------------------------------------------------


def test_ordinary_gradients_are_one_unit_a_tensor() -> None:
    rng = np.random.default_rng(0)
    point = {"w": rng.normal(size=(30, 20)), "b": rng.normal(size=20)}
    found = units({name: rng.normal(size=x.shape) for name, x in point.items()}, point)
    assert labels(found) == ["w", "b"]
    assert all(u.mask is None and not u.others and not u.small for u in found)


def test_entries_of_like_magnitude_are_units_of_their_own() -> None:
    found = of_claim(np.array([2.0, 1.0, 3e-5, 1e-5, 2e-9]))
    assert labels(found) == [
        "w (entries claimed about 2e+00)", "w (entries claimed about 3e-05)", "w (entries claimed about 2e-09)"
    ]  # fmt: skip
    masks = [u.mask.tolist() for u in found if u.mask is not None]
    assert masks == [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]]
    assert [u.small for u in found] == [False, True, True]


def test_groups_span_three_decades_from_the_largest_down() -> None:
    within, below = of_claim(np.array([1.0, 1.1e-3, 2e-4, 1.1e-6]))
    assert within.mask is not None
    assert within.mask.tolist() == [True, True, False, False]
    assert below.small


def test_one_small_entry_among_many_is_by_chance_and_makes_no_group() -> None:
    g = np.ones(100)
    g[:10] = 1e-4
    assert len(of_claim(g)) == 1
    g[10] = 1e-4
    assert len(of_claim(g)) == 2
    g[:11] = 1.5e-3  # within three decades of the rms, however many
    assert len(of_claim(g)) == 1


def test_the_rms_that_small_entries_are_held_against_is_that_of_the_entries_that_are_there() -> None:
    """A thousand zeros must not hide that the few others differ by four decades."""
    g = np.zeros(4000)
    g[:2], g[2:4] = 1.0, 5e-4
    assert [u.scale > 0 for u in of_claim(g)] == [True, True, False]


@pytest.mark.parametrize("scale", [1.0, 0.0, 1e-170, 1e170])
def test_the_rms_of_some_entries_of_a_large_tensor_is_that_of_a_copy_of_them(scale: float) -> None:
    rng = np.random.default_rng(0)
    x, mask = rng.normal(size=(100, 200)) * scale, rng.random((100, 200)) < 0.3
    assert part_rms(x, mask) == pytest.approx(probes.rms(x[mask]), rel=1e-12)
    assert part_rms(x, np.zeros_like(mask)) == 0.0


def test_claimed_zeros_are_a_unit_without_a_scale() -> None:
    nothing, there = sorted(of_claim(np.array([0.0, 3.0, 0.0])), key=lambda u: u.scale)
    assert nothing.label == "w (entries claimed zero)"
    assert nothing.scale == 0.0
    assert there.scale == pytest.approx(3 * probes.MAGNITUDE_RMS)
    (whole,) = of_claim(np.zeros(3))
    assert (whole.label, whole.scale, whole.rounded) == ("w", 0.0, 0.0)


def test_claims_that_have_vanished_beside_the_largest_join_the_claimed_zeros() -> None:
    assert labels(of_claim(np.array([1.0, 0.7e-11])))[1] == "w (entries claimed zero)"
    assert labels(of_claim(np.array([1.0, 2e-11])))[1] == "w (entries claimed about 2e-11)"


def test_values_of_mixed_size_are_units_of_their_own_and_move_by_their_own_size() -> None:
    x = np.array([1.0, 2.0, 3e-9, 4e-9])
    large, small = of_claim(np.ones(4), x)
    assert [large.label, small.label] == ["w (entries of size about 2e+00)", "w (entries of size about 4e-09)"]
    assert (large.size, small.size) == (pytest.approx(size(x[:2])), pytest.approx(size(x[2:])))
    assert small.others == (pytest.approx(size(x)),)  # another step length that may settle it
    assert large.others == ()


def test_groups_by_claim_lie_within_groups_by_value() -> None:
    x = np.array([1.0, 1.0, 1e-9, 1e-9, 1e-9])
    found = of_claim(np.array([1.0, 1e-6, 5.0, 5e-6, 5.0]), x)
    assert labels(found) == [
        "w (entries of size about 1e+00, claimed about 1e+00)",
        "w (entries of size about 1e+00, claimed about 1e-06)",
        "w (entries of size about 1e-09, claimed about 5e+00)",
        "w (entries of size about 1e-09, claimed about 5e-06)",
    ]
    assert [u.small for u in found] == [False, True, False, True]
    masks = np.array([u.mask for u in found])
    assert masks.sum(axis=0).tolist() == [1] * 5


def test_entries_far_smaller_than_the_tensor_have_their_own_length_among_the_others() -> None:
    """Claims group entries that are small where the rest of the tensor is not: both lengths are worth a look."""
    x = np.r_[np.ones(50), 1e-6]
    g = np.r_[np.ones(50), 0.0]
    zero = of_claim(g, x)[-1]
    assert zero.label == "w (entries claimed zero)"
    assert zero.size == pytest.approx(size(x))
    assert zero.others == (pytest.approx(1e-6),)


def test_entries_that_are_zero_move_by_their_tensors_size() -> None:
    x = np.array([4.0, 4.0, 0.0])
    (zero,) = [u for u in of_claim(np.ones(3), x) if u.mask is not None and u.mask[2]]
    assert zero.size == pytest.approx(size(x))
    (whole,) = of_claim(np.ones(3), np.zeros(3))
    assert whole.size == 1.0


def test_sizes_within_a_factor_of_ten_are_as_good_as_equal() -> None:
    g = np.array([0.0, 1.0, 1.0, 1.0])
    assert of_claim(g, np.array([0.12, 1.0, 1.0, 1.0]))[-1].others == ()
    assert of_claim(g, np.array([0.05, 1.0, 1.0, 1.0]))[-1].others == (pytest.approx(0.05),)


def test_a_scale_is_the_rms_over_directions_of_the_claimed_derivative() -> None:
    rng = np.random.default_rng(1)
    point, gradient = {"w": 7 * rng.normal(size=40)}, {"w": rng.normal(size=40)}
    (unit,) = units(gradient, point)
    seen = [gradient["w"] @ tangent(rng, point, [unit.size], [unit])["w"].values() for _ in range(4000)]
    assert unit.scale == pytest.approx(np.sqrt(np.mean(np.square(seen))), rel=0.05)


def test_rounding_is_relative_to_the_group_not_to_the_claimed_entries() -> None:
    large, small = of_claim(np.array([1.0, 1e-6]))
    assert small.rounded == pytest.approx(large.rounded)
    assert small.scale == pytest.approx(1e-6 * large.scale)


def test_empty_tensors_are_no_units() -> None:
    assert units({"w": np.zeros((0, 3)), "b": np.ones(2)}, {"w": np.zeros((0, 3)), "b": np.ones(2)})[0].label == "b"


def test_groups_that_are_known_are_taken_as_they_are() -> None:
    point = {"w": np.ones(3)}
    first = np.array([True, False, False])
    found = units({"w": np.ones(3)}, point, {"w": [Group("first", first, 1, 1.0), Group("rest", ~first, 2, 5.0)]})
    assert labels(found) == ["w (entries first)", "w (entries rest)"]
    assert [u.size for u in found] == [1.0, 5.0]
    assert labels(units({"w": np.ones(3)}, point, by_value(point))) == ["w"]


# --- directions and points ---------------------------------------------------------------------------------


def test_a_tangent_moves_its_units_by_their_sizes_and_nothing_else() -> None:
    point = {"w": np.array([1.0, 2.0, 3e-9, 4e-9]), "b": np.ones(2)}
    large, small = units({"w": np.ones(4)}, point)
    moves = tangent(np.random.default_rng(0), point, [10.0, 1e-3], [large, small])
    assert set(moves) == {"w"}
    u = moves["w"].values()
    assert np.all((np.abs(u[:2]) >= 5) & (np.abs(u[:2]) <= 15))
    assert np.all((np.abs(u[2:]) >= 5e-4) & (np.abs(u[2:]) <= 1.5e-3))
    alone = tangent(np.random.default_rng(0), point, [1.0], [small])["w"].values()
    assert alone[:2].tolist() == [0.0, 0.0]
    assert alone[2:].all()


def test_a_tangent_of_a_complex_primal_moves_both_parts() -> None:
    point = {"z": np.ones(50, dtype=complex)}
    u = tangent(np.random.default_rng(0), point, [2.0], units({"z": np.ones(50)}, point))["z"].values()
    assert np.abs(u.real).min() >= 1
    assert np.abs(u.imag).min() >= 1
    assert len(np.unique(np.sign(u.real) + 3 * np.sign(u.imag))) == 4


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128])
def test_the_moved_point_keeps_its_dtype_and_leaves_every_zero_and_tie(dtype: type) -> None:
    point = {"x": np.array([0.0, 0.0, 2.0, 2.0, -1.0, 2.0]).astype(dtype), "b": np.zeros((), dtype=dtype)}
    there = moved(np.random.default_rng(0), point, {name: size(x) for name, x in point.items()})
    assert {name: x.dtype for name, x in there.items()} == {name: x.dtype for name, x in point.items()}
    assert there["b"] != 0
    assert len(np.unique(there["x"])) >= 5
    assert (there["x"] != point["x"]).all()
    step = np.abs(there["x"] - point["x"]).astype(float) / size(point["x"])
    assert step.max() < 3e-3
    assert step.min() > 2e-4


def test_the_moved_point_is_a_thousandth_away() -> None:
    x = np.linspace(-1, 1, 100)
    step = np.abs(moved(np.random.default_rng(0), {"x": x}, {"x": 7.0})["x"] - x) / 7.0
    assert 0.5e-3 <= step.min() < 0.6e-3
    assert 1.4e-3 < step.max() <= 1.5e-3


def test_displaced_leaves_the_point_alone_and_keeps_what_does_not_move() -> None:
    point = {"x": np.array([1.0, 2.0], dtype=np.float32), "y": np.zeros(1)}
    there = displaced(point, {"x": np.array([1.0, 0.0])}, {"x": 4.0}, 0.25)
    assert there["y"] is point["y"]
    assert (there["x"].tolist(), there["x"].dtype) == ([2.0, 2.0], np.float32)
    assert point["x"].tolist() == [1.0, 2.0]
    u = {"x": np.array([1.0, 0.0])}
    displaced(point, u, t=1.0)
    assert u["x"].tolist() == [1.0, 0.0]


def test_an_imaginary_displacement_stays_imaginary() -> None:
    there = displaced({"x": np.ones(2)}, {"x": np.array([1.0, -2.0])}, t=1e-3j)["x"]
    assert there.tolist() == [1 + 1e-3j, 1 - 2e-3j]


def test_a_long_double_keeps_its_digits() -> None:
    x = np.array([1.0], dtype=np.longdouble) + np.longdouble(2) ** -60
    there = displaced({"x": x}, {"x": np.array([1.0])}, t=2.0**-62)["x"]
    assert there[0] - x[0] == np.longdouble(2) ** -62


@pytest.mark.parametrize(("tiny", "zeros"), [(2, 25_000), (3, 25_003)])
def test_a_few_tiny_entries_do_not_join_those_that_are_exactly_zero(tiny: int, zeros: int) -> None:
    x = np.concatenate([np.zeros(25_000), np.full(tiny, 1e-14), np.random.default_rng(0).uniform(1, 2, 25_000)])
    ordinary, zero = by_value({"x": x})["x"]
    assert (ordinary.n, zero.n, zero.zero) == (x.size - zeros, zeros, True)
    assert zero.mask is not None
    assert np.count_nonzero(x[zero.mask]) == zeros - 25_000


def test_without_exact_zeros_even_one_tiny_entry_stands_alone() -> None:
    ordinary, zero = by_value({"x": np.append(np.random.default_rng(0).uniform(1, 2, 50_000), 1e-14)})["x"]
    assert (ordinary.n, zero.n) == (50_000, 1)
