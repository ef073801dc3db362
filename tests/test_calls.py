"""Calls: counted, bounded, on copies that are compared afterwards; and what users' functions may hand back."""

from __future__ import annotations

import random
import time
import warnings
from typing import Any

import numpy as np
import pytest

from checks import MisuseError, Subject, audit, randomness
from checks.calls import Budget, Calls, MalformedError, flat, unflat
from checks.handed import changes, copies
from checks.numeric.line import OutOfBudgetError
from checks.verdict import Outcome

X = np.array([1.0, -2.0, 3.0])


def calls(forward: Any = None, pullback: Any = None, budget: Budget | None = None, **more: Any) -> Calls:
    subject = Subject(
        name="f",
        point={"x": X},
        forward=forward or (lambda p: np.sin(p["x"])),
        pullback=pullback or (lambda p, v: {"x": v * np.cos(p["x"])}),
        **more,
    )
    return Calls(subject, budget or Budget())


# --- budgets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (None, Budget()),
        (200, Budget(passes=200)),
        ("30s", Budget(seconds=30.0)),
        (" 1.5 s ", Budget(seconds=1.5)),
        (Budget(passes=3), Budget(passes=3)),
    ],
)
def test_a_budget_is_passes_or_seconds(asked: Any, meant: Budget) -> None:
    assert Budget.of(asked) == meant


@pytest.mark.parametrize("asked", [0, -1, True, False, 2.5, "30", "s", "-3s", "30 s x", "1.s", [200], np.nan])
def test_anything_else_is_misuse_and_both_forms_are_shown(asked: Any) -> None:
    with pytest.raises(MisuseError, match=r'budget is .*budget=200.*budget="30s"'):
        Budget.of(asked)


def test_a_budget_in_passes_is_honoured_to_the_pass() -> None:
    some = calls(budget=Budget(passes=3))
    some.forward(X_POINT)
    some.forward_quietly(X_POINT)
    some.forward_quietly(X_POINT)
    for ask in (some.forward, some.forward_quietly):
        with pytest.raises(OutOfBudgetError, match="the budget of 3 forward passes is spent"):
            ask(X_POINT)
    assert some.forwards == some.cost.forward == 3
    some.pullback(X_POINT, X)  # passes bound the forward alone
    assert some.cost.pullback == 1


def test_a_budget_in_seconds_is_honoured_within_one_pass() -> None:
    pause = 0.02

    def forward(p: Any) -> np.ndarray:
        time.sleep(pause)
        return np.sin(p["x"])

    some = calls(forward, budget=Budget(seconds=0.1))

    def ask_on() -> None:
        for _ in range(100):
            some.forward_quietly(X_POINT)

    with pytest.raises(OutOfBudgetError, match=r"the budget of 0\.1 seconds is spent"):
        ask_on()
    assert 1 < some.forwards <= 5
    assert 0.1 <= some.cost.seconds < 0.1 + 3 * pause


def test_forward_mode_counts_as_a_forward_pass() -> None:
    some = calls(jvp=lambda p, u: np.cos(p["x"]) * u["x"], budget=Budget(passes=1))
    assert some.jvp(X_POINT, X_POINT).tolist() == (np.cos(X) * X).tolist()
    assert some.forwards == 1
    with pytest.raises(OutOfBudgetError):
        some.jvp(X_POINT, X_POINT)


X_POINT = {"x": X}


# --- copies -------------------------------------------------------------------------------------------------


def test_functions_get_copies_and_what_they_write_is_named() -> None:
    def forward(p: Any) -> np.ndarray:
        p["x"][1] = 7.0
        return p["x"]

    def pullback(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
        v *= 2
        p["x"] = p["x"] + 1
        return {"x": v}

    some = calls(forward, pullback)
    some.forward(X_POINT)
    some.forward_quietly(X_POINT)
    v = np.ones(3)
    some.pullback(X_POINT, v)
    assert X.tolist() == [1.0, -2.0, 3.0]
    assert v.tolist() == [1.0] * 3
    assert some.writes == {
        ("forward", "the primal 'x'"): "1 of 3 entries; at [1] it was -2, afterwards 7",
        ("pullback", "the primal 'x'"): "another array was put in its place, in the mapping that was handed over",
        ("pullback", "the cotangent"): "3 of 3 entries; at [0] it was 1, afterwards 2",
    }


def test_writes_into_what_forward_mode_gets_are_named() -> None:
    def jvp(p: Any, u: Any) -> np.ndarray:
        p["x"][0] = u["x"][0] = 9.0
        return u["x"]

    some = calls(jvp=jvp)
    some.jvp(X_POINT, {"x": np.zeros(3)})
    assert set(some.writes) == {("jvp", "the primal 'x'"), ("jvp", "the tangent 'x'")}


def test_results_are_copies_because_buffers_are_reused() -> None:
    buffer = np.zeros(3)

    def pullback(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
        buffer[:] = v
        return {"x": buffer}

    def forward(p: Any) -> np.ndarray:
        buffer[:] = p["x"]
        return buffer

    some = calls(forward, pullback)
    first = some.pullback(X_POINT, np.ones(3))["x"]
    plain, quiet = some.forward(X_POINT), some.forward_quietly(X_POINT)
    some.pullback(X_POINT, np.zeros(3))
    assert first.tolist() == [1.0] * 3
    assert plain.tolist() == quiet.tolist() == X.tolist()


def test_a_claim_that_adds_into_a_buffer_has_a_new_one_for_each_call() -> None:
    def fresh() -> Subject:
        held = {"x": np.zeros(3)}

        def pullback(p: Any, v: np.ndarray) -> dict[str, np.ndarray]:
            held["x"] += v
            return held

        return Subject(
            name="f", point=X_POINT, forward=lambda p: p["x"], pullback=pullback, accumulates=True, fresh=fresh
        )

    some = Calls(fresh(), Budget())
    assert [some.pullback(X_POINT, np.ones(3))["x"].tolist() for _ in range(2)] == [[1.0] * 3] * 2
    same = fresh()
    assert [some.pullback(X_POINT, np.ones(3), of=same)["x"].tolist() for _ in range(2)] == [[1.0] * 3, [2.0] * 3]


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.longdouble, np.complex128])
def test_the_same_values_are_no_write_whatever_their_bits(dtype: type) -> None:
    x = {"x": np.array([0.0, -0.0, np.nan, 1.0]).astype(dtype)}
    held = copies(x)
    assert list(changes(held, held, x)) == []
    held["x"][3] = 2
    assert [name for name, _ in changes(held, held, x)] == ["x"]
    strided = copies(x, lambda a: np.repeat(a, 2)[::2])
    assert list(changes(strided, strided, x)) == []


def test_a_changed_shape_or_dtype_is_a_write() -> None:
    x = {"x": np.ones((2, 3))}
    held = copies(x)
    held["x"].shape = (3, 2)
    assert list(changes(held, held, x)) == [("x", "it was float64 of shape (2, 3), afterwards float64 of shape (3, 2)")]


# --- forms --------------------------------------------------------------------------------------------------


def test_outputs_go_flat_and_back_in_their_order_shapes_and_dtypes() -> None:
    out = {"b": np.arange(4.0).reshape(2, 2), "a": np.float32(7.0), "none": np.zeros((0, 2))}
    vector = flat(out)
    assert vector.tolist() == [0, 1, 2, 3, 7]
    back = unflat(vector, out)
    assert list(back) == ["b", "a", "none"]
    assert [(back[k].shape, back[k].dtype) for k in back] == [((2, 2), "f8"), ((), "f4"), ((0, 2), "f8")]
    assert flat({}).shape == (0,)
    assert unflat(np.ones(1, dtype=np.float64), np.float32(3)).dtype == np.float32
    assert unflat(np.ones(4), np.zeros((2, 2))).shape == (2, 2)


@pytest.mark.parametrize("returned", [None, "text", object(), [None, 1.0]])
def test_an_output_that_is_no_array_of_numbers_is_said(returned: Any) -> None:
    with pytest.raises(MalformedError, match="expected an array of numbers"):
        calls(lambda p: returned).forward(X_POINT)


@pytest.mark.parametrize("returned", [None, X, (X,), [X]])
def test_a_gradient_that_is_no_mapping_is_said_with_the_form(returned: Any) -> None:
    with pytest.raises(MalformedError, match=r"expected a mapping of primal to gradient, such as \{'x': …\}"):
        calls(None, lambda p, v: returned).pullback(X_POINT, X)


def test_a_missing_gradient_stays_none() -> None:
    assert calls(None, lambda p, v: {"x": None}).pullback(X_POINT, X) == {"x": None}


def test_where_the_forward_is_not_finite_gradients_that_are_not_count_as_zero() -> None:
    some = calls(None, lambda p, v: {"x": np.array([np.nan, 1.0, np.inf]), "n": np.array([1, 2])})
    assert not np.isfinite(some.pullback(X_POINT, X)["x"]).all()
    some.lenient = True
    got = some.pullback(X_POINT, X)
    assert got["x"].tolist() == [0.0, 1.0, 0.0]
    assert got["n"].tolist() == [1, 2]


# --- what is silenced and put back -----------------------------------------------------------------------------


def test_only_the_callers_own_point_warns() -> None:
    def forward(p: Any) -> np.ndarray:
        warnings.warn("loud", UserWarning, stacklevel=1)
        return np.log(p["x"] * 0)

    some = calls(forward)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        some.forward_quietly(X_POINT)
        with pytest.raises(UserWarning, match="loud"):
            some.forward(X_POINT)


def test_a_forward_that_draws_from_global_states_gets_the_same_draw_each_time() -> None:
    def forward(p: Any) -> np.ndarray:
        return p["x"] + np.random.normal(size=3) + random.random()  # noqa: NPY002, S311 - what users write

    np.random.seed(3)  # noqa: NPY002 - as above
    some = calls(forward)
    first = some.forward(X_POINT)
    assert some.frozen == ("numpy.random", "random")
    assert some.forward_quietly(X_POINT).tolist() == first.tolist() == some.forward(X_POINT).tolist()
    randomness.restore(some.states)


@pytest.mark.parametrize("draws", [False, True])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_an_audit_leaves_random_states_filters_and_error_states_as_they_were(draws: bool) -> None:
    def forward(p: Any) -> np.ndarray:
        np.random.normal(size=2 if draws else 0)  # noqa: NPY002 - what users write
        return np.log(p["x"])

    np.random.seed(4)  # noqa: NPY002 - as above
    random.seed(4)
    states, filters, errors = randomness.read(), list(warnings.filters), np.geterr()
    x = np.array([1.0, 1e-4, 2.0])
    for wrong in (1.0, 2.0):
        audit(
            Subject(name="log", point={"x": x}, forward=forward, pullback=lambda p, v, k=wrong: {"x": k * v / p["x"]})
        )
        assert randomness.drawn(states) == ()
        assert list(warnings.filters) == filters
        assert np.geterr() == errors


def test_the_random_state_comes_back_from_an_audit_that_was_stopped() -> None:
    def forward(p: Any) -> np.ndarray:
        if np.random.normal() and not np.array_equal(p["x"], X):  # noqa: NPY002 - what users write
            raise KeyboardInterrupt
        return p["x"]

    states = randomness.read()
    with pytest.raises(KeyboardInterrupt) as stopped:
        audit(Subject(name="f", point=X_POINT, forward=forward, pullback=lambda p, v: {"x": v}))
    assert randomness.drawn(states) == ()
    assert stopped.value.report.outcome in Outcome
