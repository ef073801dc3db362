"""Room: memory is used again once nobody refers to it, and never before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from checks import Subject
from checks.calls import Budget, Calls
from checks.handed import Buffers
from checks.laws.layout import fortran, strided
from checks.room import Room, alone

BIG = (30_000,)


def test_alone_counts_every_kind_of_reference() -> None:
    kept = {"x": np.zeros(3)}
    assert alone(kept, "x")
    view = kept["x"][1:]
    assert not alone(kept, "x")
    del view
    assert alone(kept, "x")
    other = {"y": kept["x"]}
    assert not alone(kept, "x")
    del other


def test_a_block_is_used_again_for_another_form_of_about_the_same_size() -> None:
    room, x = Room(), np.random.default_rng(0).normal(size=(300, 200))
    first = fortran(x, room.empty)
    place = first.ctypes.data
    assert np.array_equal(first, x)
    del first
    second = strided(x, room.empty)
    assert np.array_equal(second, x)
    assert place <= second.ctypes.data <= place + second.nbytes + 8 * len(x)
    assert len(room._blocks) == 1


def test_a_block_that_an_array_or_a_view_lies_in_is_not_used_again() -> None:
    room = Room()
    kept = room.empty(BIG, np.dtype(float))[5:7]
    kept[...] = 3.0
    for _ in range(3):
        room.empty(BIG, np.dtype(float))[...] = 4.0
    room.spare()
    room.empty(BIG, np.dtype(float))[...] = 5.0
    assert kept.tolist() == [3.0, 3.0]


def test_a_new_block_takes_the_place_of_free_ones_of_other_sizes() -> None:
    room, double = Room(), np.dtype(float)
    for n in (10_000, 20_000, 40_000):
        room.empty((n,), double)
    assert len(room._blocks) == 1


def test_a_pullback_that_keeps_an_array_in_another_form_keeps_its_values() -> None:
    """As `test_a_stale_cache_does_not_change_under_its_owner`, for what `layout` hands over."""
    kept: list[np.ndarray] = []

    def pullback(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
        kept.append(p["x"][1:])
        return {"x": 2 * v}

    x = np.random.default_rng(0).normal(size=(80, 90))
    calls = Calls(Subject(name="f", point={"x": x}, forward=lambda p: p["x"] * 2, pullback=pullback), Budget())
    for factor in (1.0, 2.0, 3.0):
        calls.pullback({"x": factor * x}, x, lambda a: fortran(a, calls.room.empty))
    assert [np.array_equal(a, f * x[1:]) for a, f in zip(kept, (1.0, 2.0, 3.0), strict=True)] == [True] * 3


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_kept_result_has_the_memory_order_of_its_primal(order: Any) -> None:
    """Whatever order it was returned in; two of one order are compared in a row."""
    like, theirs = np.zeros((70, 90), order=order), np.random.default_rng(0).normal(size=(70, 90))
    for result in (theirs, np.asfortranarray(theirs), theirs[::-1]):
        made = Buffers().keep({"w": result}, "w", like)
        assert np.array_equal(made, result)
        assert not np.shares_memory(made, result)
        assert made.flags.f_contiguous == like.flags.f_contiguous


def test_objects_are_kept_as_objects() -> None:
    theirs = np.full(1000, None)
    assert Buffers().keep({"w": theirs[:]}, "w").dtype == object
