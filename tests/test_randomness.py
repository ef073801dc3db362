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


@pytest.mark.parametrize("state", [pending, none_pending, another_kind], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("draw", "named"),
    [
        (lambda: np.random.normal(), "numpy.random"),
        (lambda: np.random.rand(), "numpy.random"),
        (lambda: np.random.bytes(4 * 624), "numpy.random"),
        (lambda: random.random(), "random"),
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


def test_a_normal_number_left_over_is_seen_beside_the_same_words_without_one() -> None:
    pending()
    np.random.normal()
    assert randomness.read()["numpy.random"].memory is not None
    pending()  # the words are what they were
    before = randomness.read()
    first = np.random.normal()
    assert randomness.drawn(before) == ("numpy.random",)
    randomness.restore(before)
    assert np.random.normal() == first


def test_a_generator_put_in_its_place_is_seen() -> None:
    none_pending()
    before = randomness.read()
    another_kind()
    assert randomness.drawn(before) == ("numpy.random",)
    randomness.restore(before)
    assert randomness.drawn(before) == ()
    assert type(np.random.get_bit_generator()) is np.random.MT19937


def test_the_memory_of_the_usual_generator_is_its_state() -> None:
    none_pending()
    np.random.rand(5)
    seen = randomness.read()["numpy.random"]
    assert seen.memory is not None  # else it is compared in a hundred times the time
    pending()
    assert randomness.read()["numpy.random"].memory is None
