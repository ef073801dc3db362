"""Rows: small points kept in one array are the same points, move the same way, and are as well protected."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from checks import audit
from checks.budget import Budget
from checks.calls import Calls
from checks.displaced import Displaced, fill_row
from checks.drawing import FEW, draws, every_draw, signed_values
from checks.groups import groups, spread_of
from checks.handed import Buffers
from checks.probes import LARGE, rms, varied
from checks.report.record import Report
from checks.rows import MOST, Rows
from checks.subject import Subject
from checks.tangents import RowDirection

POINT = {
    "w": np.random.default_rng(0).normal(size=(3, 5)),
    "f": np.asfortranarray(np.random.default_rng(1).normal(size=(4, 2))),
    "s": np.array(2.0),
    "b": np.random.default_rng(2).normal(size=8),
}


def rows_of(point: dict[str, np.ndarray]) -> Rows:
    made = Rows.of(point)
    assert made is not None
    return made


def test_a_row_holds_copies_of_the_arrays_in_their_forms() -> None:
    rows = rows_of(POINT)
    assert list(rows) == list(POINT)
    for name, x in POINT.items():
        assert np.array_equal(rows[name], x)
        assert rows[name].shape == x.shape
        assert rows[name].flags.c_contiguous == x.flags.c_contiguous
        assert np.shares_memory(rows[name], rows.row)
        assert not np.shares_memory(rows[name], x)
    assert not any(np.shares_memory(rows[a], rows[b]) for a in rows for b in rows if a != b)
    assert all(x.ctypes.data % 64 == rows["w"].ctypes.data % 64 for x in rows.values())


@pytest.mark.parametrize(
    "other",
    [
        np.ones(3, dtype=np.float32),
        np.ones(3, dtype=complex),
        np.ones(3, dtype=">f8"),
        np.ones((0, 2)),
        np.ones((4, 4))[:, ::2],
        np.ones(MOST),
    ],
    ids=["float32", "complex", "big-endian", "empty", "strided", "too many"],
)
def test_points_of_other_arrays_are_not_kept_in_a_row(other: np.ndarray) -> None:
    assert Rows.of({"w": np.ones(2), "x": other}) is None


def test_a_gradient_is_kept_so_only_if_it_has_a_float64_array_of_the_shape_of_each_primal() -> None:
    layout = rows_of({"a": np.ones(2), "b": np.ones(3)}).layout
    made = Rows.of({"b": np.arange(3.0), "a": np.arange(2.0)}, layout)
    assert made is not None
    assert list(made) == ["b", "a"]  # in the order of the claim
    for other in ([0.0, 1.0], None, np.ones(2, dtype=np.float32), np.ones((2, 1))):
        assert Rows.of({"a": other, "b": np.ones(3)}, layout) is None  # type: ignore[dict-item]
    assert Rows.of({"a": np.ones(2)}, layout) is None


@pytest.mark.parametrize("unit", [1.0, 1e-170, 1e170, 1e-300, 1e300])
def test_spreads_are_what_each_array_says_of_itself_whatever_its_size(unit: float) -> None:
    point = {**{n: unit * x for n, x in POINT.items()}, "zero": np.zeros(3), "one": np.ones(9)}
    for name, seen in rows_of(point).spreads.items():
        magnitude = np.abs(point[name])
        assert seen.rms == pytest.approx(rms(point[name]), rel=1e-14)
        assert (seen.largest, seen.least) == (magnitude.max(), magnitude.min())


@pytest.mark.parametrize("tiny", [0, 3, 200])
@pytest.mark.parametrize("zeros", [0, 1, 900])
@pytest.mark.parametrize("faint", [0, 40, 700])
def test_groups_are_the_same_whether_or_not_a_row_has_counted_for_them(tiny: int, zeros: int, faint: int) -> None:
    x = np.random.default_rng(1).normal(size=1_000 + tiny + zeros + faint)
    x[:zeros], x[zeros : zeros + tiny], x[zeros + tiny :][:faint] = 0.0, 1e-13, 1e-5
    row = rows_of({"x": x, "y": np.ones(3)})
    counted, alone = (groups(x, "of size", spread) for spread in (row.spreads["x"], spread_of(x)))
    for one, other in zip(counted, alone, strict=True):
        assert one._replace(mask=None, rms=0.0) == other._replace(mask=None, rms=0.0)
        assert one.rms == pytest.approx(other.rms, rel=1e-14)
        assert np.array_equal(one.mask, other.mask)
    assert len(counted) == 1 + (faint == 700) + (tiny + zeros > 0)


def test_a_moved_row_is_what_the_arrays_are_moved_to_one_by_one() -> None:
    rows = rows_of({**POINT, "zero": np.array([-0.0, 0.0])})
    direction = RowDirection(rows.layout, np.random.default_rng(3).normal(size=rows.row.size), ["w", "b"])
    there = Displaced(rows, direction, 1e-3)
    out = np.full(rows.row.size, np.nan)
    assert fill_row(out, there)
    moved = rows.like(out)
    for name in rows:
        assert moved[name].tobytes() == np.asarray(there[name]).tobytes()
    assert np.signbit(moved["zero"]).tolist() == [True, False]  # what stands still keeps the signs of its zeros
    assert not fill_row(out, Displaced(rows, direction, 1e-3j))
    assert not fill_row(out, Displaced(rows, {"w": np.ones((3, 5))}, 1e-3))


def test_what_is_displaced_along_two_directions_moves_by_both() -> None:
    rows, rng = rows_of({**POINT, "zero": np.array([-0.0, 0.0])}), np.random.default_rng(4)
    one, other = (RowDirection(rows.layout, rng.normal(size=rows.row.size), names) for names in (["w", "b"], ["b"]))
    for t in (1.0, 2e-3):
        there, out = Displaced(Displaced(rows, one, 1e-3), other, t), np.full(rows.row.size, np.nan)
        assert fill_row(out, there)
        for name, moved in rows.like(out).items():
            assert moved.tobytes() == np.asarray(there[name]).tobytes()


def test_directions_drawn_together_are_those_drawn_one_after_the_other() -> None:
    shapes = [(3,), (7, 5), (), (FEW + 1,), (2, 2), (30_000,), (4000,), (4000,), (50_000,)]
    for dtype in (np.int8, np.int16):
        one, other = np.random.default_rng(5), np.random.default_rng(5)
        together = every_draw(one, shapes, dtype)
        for shape, made in zip(shapes, together, strict=True):
            assert signed_values(made).tobytes() == signed_values(draws(other, shape, dtype)).tobytes()


def test_every_entry_varies_by_up_to_half_as_much_again_as_was_asked() -> None:
    large = {"x": np.random.default_rng(0).normal(size=(LARGE, 2))}
    for point, backwards in itertools.product(
        (rows_of(POINT), {n: x.astype(np.float32) for n, x in POINT.items()}, large), (False, True)
    ):
        there = varied(np.random.default_rng(0), point, 0.1, backwards=backwards)
        for name, x in point.items():
            assert there[name].dtype == x.dtype
            change = np.abs(there[name] / (np.flip(x) if backwards else x) - 1)
            least, most = (0.0436, 0.1684) if point is large else (0.049, 0.151)  # a table's blocks have factors
            assert (change > least).all()
            assert (change < most).all()


def lent_twice(spoil: Any) -> tuple[Rows, Rows]:
    buffers, home = Buffers(), rows_of(POINT)
    first = buffers.lend(home)
    kept = spoil(first)
    buffers.back(first, None)
    second = buffers.lend(home)
    assert type(first) is type(second) is Rows
    del kept
    return first, second


def test_a_row_is_lent_again_unless_somebody_kept_a_part_of_it_or_gave_one_another_form() -> None:
    first, second = lent_twice(lambda held: None)
    assert first.row is second.row
    for keep in (
        lambda held: held["w"],
        lambda held: held["w"][1:, 0],
        lambda held: held["b"].T,
        lambda held: memoryview(held["b"]),
    ):
        first, second = lent_twice(keep)
        assert first.row is not second.row

    def reshape(held: Rows) -> None:
        held["w"].shape = (15,)

    def retype(held: Rows) -> None:
        held["b"].dtype = np.dtype(np.int64)

    for change in (reshape, retype):
        first, second = lent_twice(change)
        assert first.row is not second.row
        assert second["w"].shape == (3, 5)
        assert second["b"].dtype == np.float64


@pytest.mark.parametrize("size", [2, 2000])
def test_whatever_is_done_to_one_part_of_a_row_is_told_of_that_part_alone(size: int) -> None:
    x = {n: np.random.default_rng(4).normal(size=size) for n in ("a", "b", "c")}

    def told(spoil: Any) -> dict[tuple[str, str], str]:
        def forward(p: Any) -> Any:
            out = p["a"] * p["b"] + p["c"]
            spoil(p)
            return out

        calls = Calls(Subject(name="f", point=x, forward=forward, pullback=lambda p, v: {}), Budget())
        calls.forward(calls.point)
        return calls.writes

    def negate(p: Any) -> None:
        p["b"][1] = -p["b"][1]

    def replace(p: Any) -> None:
        p["b"] = p["b"] + 0

    def reshape(p: Any) -> None:
        p["b"].shape = (2, size // 2)

    assert told(lambda p: None) == {}
    for spoil, words in ((negate, f"1 of {size:,} entries"), (replace, "another array"), (reshape, "afterwards")):
        (key, said), *rest = told(spoil).items()
        assert key == ("forward", "the primal 'b'")
        assert words in said
        assert not rest


# --- the adjoint law alone asks for no pullback but its own ------------------------------------------------------


def dense(wrong: Any = lambda g: g) -> Subject:
    rng = np.random.default_rng(6)
    point = {"x": rng.normal(size=(3, 4)), "w": rng.normal(size=(4, 2)), "b": rng.normal(size=2)}

    def forward(p: Any) -> Any:
        return np.tanh(p["x"] @ p["w"] + p["b"])

    def pullback(p: Any, v: Any) -> Any:
        delta = v * (1 - forward(p) ** 2)
        return wrong({"b": delta.sum(axis=0), "w": p["x"].T @ delta, "x": delta @ p["w"].T})

    return Subject(name="dense", point=point, forward=forward, pullback=pullback)


def changed(**how: Any) -> Any:
    return lambda g: {n: how[n](a) if n in how else a for n, a in g.items() if not (n in how and how[n] is None)}


CLAIMS = {
    "right": lambda g: g,
    "wrong": changed(w=lambda g: 1.01 * g),
    "one missing": changed(x=None),
    "one None": changed(x=lambda g: None),
    "one misshapen": changed(w=lambda g: g.T),
    "one not finite": changed(b=lambda g: g + np.nan),
    "one in float32": changed(b=lambda g: g.astype(np.float32)),
    "nothing": lambda g: {},
    "all misshapen": changed(x=np.ravel, w=np.ravel, b=lambda g: g[None]),
    "one too many": lambda g: {**g, "other": np.ones(3)},
}


def adjoint_of(report: Report) -> list[Any]:
    return [(v.tensor, v.where, v.outcome, v.claimed, v.reason) for v in report.verdicts if v.law == "adjoint"]


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_held_alone_the_adjoint_law_says_what_it_says_beside_others(claim: Any) -> None:
    alone, beside = audit(dense(claim), laws=["adjoint"]), audit(dense(claim), laws=["shapes", "adjoint"])
    assert adjoint_of(alone) == adjoint_of(beside)
    assert [v.tensor for v in alone.verdicts][:1] != ["x"]  # in the order of the claim, not of the point
    if claim in (CLAIMS["right"], CLAIMS["one missing"], CLAIMS["one in float32"]):
        assert (alone.cost.pullback, beside.cost.pullback) == (2, 3)


def test_a_pullback_that_raises_is_told_the_same_way() -> None:
    def refuse(g: Any) -> Any:
        raise ZeroDivisionError("no")

    for laws in (["adjoint"], ["shapes", "adjoint"]):
        (verdict,) = audit(dense(refuse), laws=laws).verdicts
        assert (verdict.law, verdict.outcome.value) == ("pullback", "fail")
        assert verdict.reason.startswith("pullback raised ZeroDivisionError: no")


def test_what_goes_wrong_at_the_point_itself_alone_is_found_with_two_pullbacks() -> None:
    subject = dense()
    own = subject.point["w"].copy()

    def pullback(p: Any, v: Any) -> Any:
        g = dict(dense().pullback(p, v))
        if np.array_equal(p["w"], own):
            g["w"] = g["w"].T
        return g

    spoilt = Subject(name="dense", point=subject.point, forward=subject.forward, pullback=pullback)
    assert {v.tensor for v in audit(spoilt, laws=["adjoint"]).verdicts} == {"b", "x"}  # shapes are another law's
    (failed,) = [v for v in audit(spoilt).verdicts if v.outcome.value == "fail"]
    assert (failed.law, failed.tensor) == ("shapes", "w")
