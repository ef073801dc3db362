"""Handed: what a function writes into is seen, memory is lent again only where nobody sees it, copies are few."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from checks import Subject, audit
from checks.calls import Budget, Calls
from checks.displaced import Displaced, Varied, fill, pieces, unmoved
from checks.drawing import BLOCK, draws
from checks.handed import Buffers, changes, copies
from checks.probes import LARGE, moved
from checks.tangents import Tangent
from checks.verdict import Outcome

SMALL, BIG = (7,), (BLOCK + 100,)


def at(shape: tuple[int, ...], zero: float = 0.0) -> dict[str, np.ndarray]:
    """A point whose first entry is ``zero``."""
    x = np.random.default_rng(0).normal(size=shape)
    x[0] = zero
    return {"x": x}


def into_x(write: Callable[[np.ndarray], None], shape: tuple[int, ...], zero: float = 0.0) -> dict[str, str]:
    """What an audit says of a subject whose forward and pullback do ``write`` into what they are given."""

    def forward(p: Any) -> np.ndarray:
        y = 2 * p["x"]
        write(p["x"])
        return y

    def pullback(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
        g = 2 * v
        write(p["x"])
        return {"x": g}

    subject = Subject(name="doubled", point=at(shape, zero), forward=forward, pullback=pullback)
    report = audit(subject, laws=["pure"])
    return {v.reason.split(" wrote")[0]: v.reason for v in report.verdicts if v.outcome is Outcome.FAIL}


WRITES: dict[str, Callable[[np.ndarray], None]] = {
    "one entry": lambda x: x.__setitem__(-1, 7.0),
    "the last bit of one entry": lambda x: x.__setitem__(1, np.nextafter(x[1], 9.0)),
    "two entries swapped": lambda x: x.__setitem__([1, 2], x[[2, 1]]),
    "a sum that stays": lambda x: x.__setitem__(slice(1, 3), x[1:3] + np.array([1.0, -1.0])),
    "NaN": lambda x: x.__setitem__(3, np.nan),
    "−0 for 0": lambda x: x.__setitem__(0, -0.0),
    "everything": lambda x: x.__imul__(2),
    "sorted": lambda x: x.sort(),
}


@pytest.mark.parametrize("shape", [SMALL, BIG], ids=["small", "large"])
@pytest.mark.parametrize("write", list(WRITES), ids=list(WRITES))
def test_every_kind_of_write_into_the_point_is_caught(write: str, shape: tuple[int, ...]) -> None:
    assert set(into_x(WRITES[write], shape)) == {"forward", "pullback"}


def test_0_for_minus_0_is_a_write_that_is_named() -> None:
    found = into_x(lambda x: x.__setitem__(0, 0.0), SMALL, zero=-0.0)
    assert "at [0] it was -0, afterwards 0" in found["forward"]


def test_what_is_written_back_before_the_call_ends_is_no_write() -> None:
    def there_and_back(x: np.ndarray) -> None:
        x *= -1
        x *= -1

    assert into_x(there_and_back, SMALL) == into_x(there_and_back, BIG) == {}


@pytest.mark.parametrize("shape", [SMALL, BIG], ids=["small", "large"])
def test_writes_into_the_upstream_and_replaced_entries_are_caught(shape: tuple[int, ...]) -> None:
    def pullback(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
        v *= 2
        p["x"] = p["x"] + 1
        return {"x": v}

    subject = Subject(name="doubled", point=at(shape), forward=lambda p: 2 * p["x"], pullback=pullback)
    words = [v.reason for v in audit(subject, laws=["pure"]).verdicts]
    assert any("wrote into the cotangent" in w for w in words)
    assert any("another array was put in its place" in w for w in words)


def test_a_write_at_the_moved_point_alone_is_caught() -> None:
    home = at((LARGE + 1,))

    def forward(p: Any) -> np.ndarray:
        if p["x"][5] != home["x"][5]:
            p["x"][-1] += 1
        return p["x"][:3].copy()

    calls = Calls(Subject(name="f", point=home, forward=forward, pullback=lambda p, v: {}), Budget())
    there = moved(np.random.default_rng(0), home, {"x": 1.0})
    assert isinstance(there, Displaced)
    calls.forward_quietly(home, watched=True)
    assert not calls.writes
    calls.forward_quietly(there, watched=True)
    assert f"1 of {LARGE + 1:,} entries" in calls.writes["forward", "the primal 'x'"]


# --- memory that is lent again -----------------------------------------------------------------------------


def test_an_array_that_somebody_kept_is_not_lent_again() -> None:
    buffers, point = Buffers(), at(BIG)
    held = buffers.lend(point)
    first = held["x"]
    buffers.back(held, None)
    assert buffers.lend(point)["x"] is not first  # this test has kept it


@pytest.mark.parametrize("keep", ["array", "view", "mapping"])
def test_a_stale_cache_does_not_change_under_its_owner(keep: str) -> None:
    """Whoever keeps what it was given, or a view of it, keeps those values: fresh would not see its bug else."""
    kept: list[Any] = []

    def forward(p: Any) -> np.ndarray:
        kept.append({"array": p["x"], "view": p["x"][3:], "mapping": p}[keep])
        return p["x"].sum()

    calls = Calls(Subject(name="f", point=at(BIG), forward=forward, pullback=lambda p, v: {}), Budget())
    calls.forward_quietly(at(BIG))
    calls.forward_quietly({"x": np.zeros(BIG)})
    calls.forward_quietly({"x": np.ones(BIG)})
    arrays = [k["x"] if keep == "mapping" else k for k in kept]
    assert [float(a[-1]) for a in arrays[1:]] == [0.0, 1.0]


def test_an_array_that_nobody_kept_is_lent_again_and_filled_anew() -> None:
    seen = []

    def forward(p: Any) -> np.ndarray:
        seen.append((id(p["x"]), float(p["x"][5])))
        return p["x"][:2].copy()

    calls = Calls(Subject(name="f", point=at(BIG), forward=forward, pullback=lambda p, v: {}), Budget())
    for value in (1.0, 2.0, 3.0):
        calls.forward_quietly({"x": np.full(BIG, value)})
    assert [value for _, value in seen] == [1.0, 2.0, 3.0]
    assert len({where for where, _ in seen}) == 1


def test_a_result_that_somebody_can_still_write_into_is_copied() -> None:
    buffer = np.zeros(BIG)

    def pullback(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
        buffer[:] = v
        return {"x": buffer}

    calls = Calls(Subject(name="f", point=at(BIG), forward=lambda p: p["x"], pullback=pullback), Budget())
    one = calls.pullback(at(BIG), np.ones(BIG))["x"]
    two = calls.pullback(at(BIG), np.zeros(BIG))["x"]
    assert one[0] == 1.0
    assert two[0] == 0.0


# --- points that are made where they are used --------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex128])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_displaced_point_is_x_plus_t_u_in_every_dtype_and_layout(dtype: type, order: Any) -> None:
    rng = np.random.default_rng(1)
    x = np.array(rng.normal(size=(300, 200)), dtype=dtype, order=order)
    imaginary = draws(rng, x.shape) if x.dtype.kind == "c" else None
    u, w = Tangent(draws(rng, x.shape), 0.5, imaginary=imaginary), Tangent(draws(rng, x.shape), 0.25)
    there = Displaced(Displaced({"x": x}, {"x": w}, 1e-2), {"x": u}, -1e-3)
    want = ((x + w.values(1e-2)).astype(dtype) + u.values(-1e-3)).astype(dtype)
    out = np.empty_like(x)
    fill(out, there, "x")
    assert out.dtype == x.dtype
    assert out.flags.f_contiguous == x.flags.f_contiguous
    assert np.array_equal(out, want)
    assert np.array_equal(there["x"], want)
    assert all(np.array_equal(a, b) for a, b in pieces(out, there, "x"))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex128])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_varied_point_is_x_plus_x_u_in_every_dtype_and_layout(dtype: type, order: Any, backwards: bool) -> None:
    rng = np.random.default_rng(1)
    x = np.array(rng.normal(size=(300, 200)), dtype=dtype, order=order)
    u, w = Tangent(draws(rng, x.shape), 0.5), Tangent(draws(rng, x.shape), 0.25)
    first = x[::-1, ::-1] if backwards else x
    want = (first + first * u.values()).astype(dtype)
    there = Varied({"x": x}, {"x": u}, backwards)
    for point, expected in ((there, want), (Displaced(there, {"x": w}, 1e-2), (want + w.values(1e-2)).astype(dtype))):
        out = np.empty_like(x)
        fill(out, point, "x")
        assert np.array_equal(out, expected)
        assert np.array_equal(point["x"], expected)
        assert all(np.array_equal(a, b) for a, b in pieces(out, point, "x"))
    assert unmoved(Displaced(there, {"x": w}, 1e-2))["x"] is x


def test_a_direction_given_as_an_array_moves_a_large_primal_as_well() -> None:
    x, u = np.random.default_rng(0).normal(size=(2, *BIG))
    out = np.empty_like(x)
    fill(out, Displaced({"x": x}, {"x": u}, 0.5), "x")
    assert np.array_equal(out, x + 0.5 * u)


# --- how much is copied ------------------------------------------------------------------------------------


def large(n: int) -> Subject:
    """An elementwise layer of n entries with a short output, whose own arrays live for a moment only."""
    x = np.random.default_rng(0).normal(size=n)
    return Subject(
        name="sums",
        point={"x": x},
        forward=lambda p: p["x"].reshape(8, -1).sum(axis=1),
        pullback=lambda p, v: {"x": np.repeat(v, p["x"].size // v.size)},
    )


@pytest.mark.parametrize(("n", "most"), [(1 << 17, 2.5), (1 << 20, 2.2)])
def test_the_peak_is_one_displaced_point_and_the_claim_and_directions_take_next_to_nothing(n: int, most: float) -> None:
    subject = large(n)
    size = subject.point["x"].nbytes
    audit(large(8 * BLOCK), laws=["adjoint"])  # what is imported and compiled on the way is no memory of this
    tracemalloc.start()
    try:
        report = audit(subject, laws=["adjoint"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.outcome is Outcome.PASS
    assert report.cost.forward == 7
    assert peak <= most * size, f"{1 + peak / size:.2f} times the parameters"


def test_a_forward_costs_no_new_memory_of_the_points_size(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    empty = np.empty_like

    def counted(like: np.ndarray, *args: Any, **options: Any) -> np.ndarray:
        if like.size > BLOCK:
            made.append(like.size)
        return empty(like, *args, **options)

    monkeypatch.setattr(np, "empty_like", counted)
    report = audit(large(8 * BLOCK), laws=["adjoint"])
    assert report.outcome is Outcome.PASS
    assert report.cost.forward == 7
    assert len(made) <= 1  # the one that is lent again and again


def test_copies_and_changes_take_what_forms_make() -> None:
    x = at(BIG)
    held = copies(x, lambda a: np.repeat(a, 2)[::2])
    assert list(changes(held, held, x)) == []
    held["x"][-1] += 1
    assert [name for name, _ in changes(held, held, x)] == ["x"]


def test_results_that_nobody_keeps_are_copied_over_and_let_go_of() -> None:
    """Of those that are kept every one has memory of its own."""
    buffers, theirs = Buffers(), np.ones(1000)

    def kept(value: float) -> np.ndarray:
        theirs[...] = value
        found: np.ndarray = buffers.keep({"w": theirs}, "w")
        return found

    one, two = kept(1.0), kept(2.0)
    assert not np.shares_memory(one, two)
    place = two.ctypes.data
    del two
    three = kept(3.0)
    assert (one[0], three[0], three.ctypes.data) == (1.0, 3.0, place)
    del three
    buffers.room.spare()
    assert [len(some) for some in buffers.room._blocks.values()] == [1]
    assert kept(4.0)[0] == 4.0
    assert one[0] == 1.0
