# ruff: noqa: NPY002, S311 - the global generators are what this is about
"""Randomness: global generators are looked at where they lie, compared and put back, whatever state they are in."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from checks import randomness


def pending() -> None:
    """One normal number is left over, which no word of the generator shows."""
    np.random.seed(0)
    np.random.normal()


def none_pending() -> None:
    np.random.seed(0)


def another_kind() -> None:
    np.random.set_bit_generator(np.random.PCG64(3))


@pytest.fixture(autouse=True)
def own_state() -> Iterator[None]:
    generator, state = np.random.get_bit_generator(), np.random.get_state(legacy=False)
    yield
    np.random.set_bit_generator(generator)
    np.random.set_state(state)


@pytest.fixture(params=[True, False], ids=["memory known", "memory unknown"])
def _either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere than in CPython it is not known where a state lies."""
    if not request.param:
        monkeypatch.setattr(randomness, "_beside_header", lambda thing, kind: None)


@pytest.mark.usefixtures("_either")
@pytest.mark.parametrize("state", [pending, none_pending, another_kind], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("draw", "named"),
    [
        (lambda: np.random.normal(), "numpy.random"),
        (lambda: np.random.rand(), "numpy.random"),
        (lambda: np.random.bytes(4 * 624), "numpy.random"),
        (lambda: random.random(), "random"),
        (lambda: random.gauss(), "random"),
    ],
)
def test_what_is_drawn_is_seen_and_put_back(state: Callable[[], None], draw: Callable[[], Any], named: str) -> None:
    state()
    before = randomness.read()
    assert randomness.drawn(before) == ()
    first = draw()
    assert randomness.drawn(before) == (named,)
    randomness.restore(before)
    assert randomness.drawn(before) == ()
    assert draw() == first


@pytest.mark.usefixtures("_either")
def test_a_normal_number_left_over_is_seen_beside_the_same_words_without_one() -> None:
    pending()
    np.random.normal()
    randomness.read()
    pending()  # the words are what they were
    before = randomness.read()
    first = np.random.normal()
    assert randomness.drawn(before) == ("numpy.random",)
    randomness.restore(before)
    assert np.random.normal() == first


@pytest.mark.usefixtures("_either")
def test_a_generator_put_in_its_place_is_seen() -> None:
    none_pending()
    before = randomness.read()
    another_kind()
    assert randomness.drawn(before) == ("numpy.random",)
    randomness.restore(before)
    assert randomness.drawn(before) == ()
    assert type(np.random.get_bit_generator()) is np.random.MT19937


@pytest.mark.usefixtures("_either")
def test_generators_of_one_kind_that_follow_one_another_are_each_looked_at() -> None:
    own = np.random.get_bit_generator()
    try:
        for seed in range(4):
            np.random.set_bit_generator(np.random.MT19937(seed))  # the one before is gone
            before = randomness.read()
            first = np.random.random()
            assert randomness.drawn(before) == ("numpy.random",)
            randomness.restore(before)
            assert randomness.drawn(before) == ()
            assert np.random.random() == first
    finally:
        np.random.set_bit_generator(own)


@pytest.mark.usefixtures("_either")
def test_constants_of_a_distribution_are_no_part_of_the_state() -> None:
    """They lie beside a normal number that is left over; whoever puts the state back has drawn nothing."""
    none_pending()
    before = randomness.read()
    state = np.random.get_state()
    np.random.binomial(10, 0.5)
    np.random.set_state(state)
    assert randomness.drawn(before) == ()
    np.random.binomial(100, 0.3)
    assert randomness.drawn(before) == ("numpy.random",)
    randomness.restore(before)
    assert randomness.drawn(before) == ()


@pytest.mark.parametrize("source", [randomness.NUMPY, randomness.PYTHON], ids=["numpy", "python"])
def test_a_state_is_read_once_until_something_is_drawn(source: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    none_pending()
    read, count = source._read, [0]

    def counted() -> Any:
        count[0] += 1
        return read()

    monkeypatch.setattr(source, "_read", counted)
    monkeypatch.setattr(source, "_last", None)
    first = source.read()
    assert source.read() is first
    assert source.unchanged(first)
    source.write(first)
    assert count == [1]
    np.random.normal()
    random.gauss()
    assert source.read() is not first
    assert count == [2]
    assert not source.unchanged(first)
