"""Watched arrays: what is computed stays as it is, each step is seen where it was asked for, and can be changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from corpus import LAYERS, load
from corpus.facts import cotangent

from checks.watched import Watch, Watched


def run(function: Any, *arrays: Any, changes: Any = None) -> tuple[Any, Watch]:
    watch = Watch(changes)
    return function(*(watch.lend(np.asarray(a, dtype=float), upstream=k == 0) for k, a in enumerate(arrays))), watch


def names(watch: Watch) -> list[str]:
    return [step.name for step in watch.steps]


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_gives_what_it_gave(layer):
    subject = load(layer).subject(0)
    v = cotangent(np.random.default_rng(0), subject.forward(dict(subject.point)))
    right = load(layer).subject(0).pullback(dict(subject.point), v)
    watch = Watch()
    point = {n: watch.lend(x, upstream=False) for n, x in subject.point.items()}
    several = isinstance(v, dict)
    up = {n: watch.lend(a, upstream=True) for n, a in (v.items() if several else [("", v)])}
    got = load(layer).subject(0).pullback(point, up if several else up[""])
    assert watch.steps
    assert all(np.array_equal(np.asarray(got[n]), g) for n, g in right.items())


def test_steps_are_told_with_operands_results_and_whether_the_cotangent_is_in_them():
    def backward(v: Any, x: Any) -> Any:
        t = np.tanh(x)
        return v * (1 - np.square(t))

    got, watch = run(backward, [1.0, 2.0], [0.5, 0.25])
    assert names(watch) == ["upstream", "tanh", "square", "subtract", "multiply"]
    assert [step.upstream for step in watch.steps] == [True, False, False, False, True]
    assert np.array_equal(watch.steps[-1].operands[0], [1.0, 2.0])
    assert np.array_equal(watch.steps[-1].result, np.asarray(got))


def test_one_place_in_the_code_is_one_site_however_often_it_is_come_by():
    def loop(v: Any) -> Any:
        for _ in range(3):
            v = v * 2
        return v

    def helper(v: Any) -> Any:
        return v + 1

    _, watch = run(loop, [1.0])
    assert len({step.site for step in watch.steps[1:]}) == 1
    _, watch = run(lambda v: helper(v) * helper(v), [1.0])
    assert len({step.site for step in watch.steps if step.name == "add"}) == 2  # told apart by who asks


def test_a_step_is_changed_each_time():
    def loop(v: Any) -> Any:
        for _ in range(3):
            v = v * 2
        return v

    def go(changes: Any = None) -> tuple[Any, Watch]:
        return run(loop, [1.0], changes=changes)

    site = go()[1].steps[1].site
    got, watch = go({site: lambda step, k: step.result + k})
    assert float(got[0]) == ((1 * 2 + 0) * 2 + 1) * 2 + 2
    assert watch.steps == []


def test_writing_in_place_is_seen_and_changed():
    def backward(v: Any, x: Any) -> Any:
        dx = np.zeros_like(x)
        dx[[0, 0]] = v
        v *= 3
        return dx

    def go(changes: Any = None) -> tuple[Any, Watch]:
        return run(backward, [1.0, 2.0], [0.0, 0.0], changes=changes)

    got, watch = go()
    assert names(watch)[-2:] == ["setitem", "multiply"]
    assert np.array_equal(watch.steps[-1].operands[0], [1.0, 2.0])  # as it was before
    site = next(step.site for step in watch.steps if step.name == "setitem")
    got, _ = go({site: lambda step, k: step.operands[0] + 7})
    assert np.array_equal(np.asarray(got), [7.0, 7.0])


def test_into_an_array_that_is_not_watched():
    def backward(v: Any) -> Any:
        total = np.zeros(2)
        for _ in range(2):
            total += v
        return total

    got, watch = run(backward, [1.0, 2.0])
    assert np.array_equal(np.asarray(got), [2.0, 4.0])
    assert names(watch).count("add") == 2


def test_numpy_s_functions_are_one_step_each_and_lists_of_arrays_too():
    def backward(v: Any, w: Any) -> Any:
        parts = np.split(np.concatenate([v, v]), 2)
        return np.einsum("i,i->i", parts[0], w).astype(np.float32).dot(w)

    got, watch = run(backward, [1.0, 2.0], [3.0, 4.0])
    assert float(got) == 9 + 32
    assert names(watch) == ["upstream", "concatenate", "einsum", "astype", "dot"]
    assert isinstance(got, Watched)
    assert got.upstream
