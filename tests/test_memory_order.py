"""Arrays in other orders in memory, and large ones, are compared entry by entry."""

from __future__ import annotations

import numpy as np
import pytest

from checks.handed import Form, changes, copies
from checks.laws.layout import fortran, strided
from checks.subject import equal


@pytest.mark.parametrize("shape", [(300, 200), (60_000,), (7, 90, 100)])
@pytest.mark.parametrize("form", [fortran, strided, lambda x: np.ascontiguousarray(x.T).T])
def test_copies_in_other_orders_are_compared_entry_by_entry(form: Form, shape: tuple[int, ...]) -> None:
    x = {"x": np.random.default_rng(0).normal(size=shape)}
    held = copies(x, form)
    assert np.array_equal(held["x"], x["x"])
    assert list(changes(held, held, x)) == []
    flat = {"x": np.array(x["x"])}
    turned = {"x": form(x["x"])}
    assert list(changes(flat, flat, turned)) == []
    for at in (0, x["x"].size // 2, x["x"].size - 1):
        spoilt = held["x"].copy(order="K")
        spoilt[np.unravel_index(at, shape)] += 1
        ((name, words),) = changes({"x": spoilt}, {"x": spoilt}, x)
        assert (name, words.split(";")[0]) == ("x", f"1 of {x['x'].size:,} entries")


def test_large_arrays_are_equal_only_if_the_last_entry_is_as_well() -> None:
    a = np.random.default_rng(0).normal(size=(100, 1000))
    for at in ((0, 0), (50, 500), (99, 999)):
        b = a.copy()
        assert equal(a, b)
        b[at] += 1e-9
        assert not equal(a, b)
    assert not equal(a, a[:-1])
    assert not equal(np.full(10_000, np.nan), np.full(10_000, np.nan))
