"""What the corpus must hold, counted from the data and from what the mistakes do when they are run."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from checks import Outcome
from checks.diagnosis import SUSPECTS
from checks.laws import LAWS
from corpus import CLASSES, LAYERS, MISTAKES, Mistake, load
from corpus.facts import Facts, facts

pytestmark = pytest.mark.slow

SECOND = "a second call"


@cache
def seen(mistake: Mistake) -> Facts:
    return facts(mistake)


def test_at_least_two_hundred_mistakes_over_at_least_thirty_kinds_of_layers():
    assert len(MISTAKES) >= 200
    assert len({m.layer for m in MISTAKES}) >= 30
    assert {m.layer for m in MISTAKES} == set(LAYERS)


def test_at_most_eight_of_one_class_and_no_empty_class():
    counts = Counter(m.kind for m in MISTAKES)
    assert max(counts.values()) <= 8, counts.most_common(3)
    assert set(counts) == set(CLASSES)


def test_every_mistake_has_a_name_of_its_own_and_says_what_it_does():
    assert len({str(m) for m in MISTAKES}) == len(MISTAKES)
    assert all(m.does.endswith((".", "!", "?")) and len(m.does) > 10 for m in MISTAKES)
    assert {m.law for m in MISTAKES} <= set(LAWS)


def test_at_least_forty_that_a_law_other_than_adjoint_alone_catches():
    others = [m for m in MISTAKES if m.law != "adjoint"]
    alone = [m for m in others if m.load().audit(0, laws=["adjoint"]).outcome is Outcome.PASS]
    assert len(alone) >= 40, len(alone)


def test_at_least_thirty_that_change_at_most_three_entries():
    assert sum(seen(m).few for m in MISTAKES) >= 30


def test_at_least_thirty_under_one_per_cent():
    assert sum(seen(m).small for m in MISTAKES) >= 30


def test_at_least_twenty_pure_permutations():
    assert sum(seen(m).moved for m in MISTAKES) >= 20


def test_at_least_twenty_that_need_a_certain_shape_or_a_second_call():
    assert sum(bool(m.hidden) or m.needs == SECOND for m in MISTAKES) >= 20


@pytest.mark.parametrize("layer", LAYERS)
def test_the_table_says_what_the_edits_do(layer):
    for m in (m for m in MISTAKES if m.layer == layer):
        if m.needs == SECOND:
            assert not seen(m).changed, f"{m}: the first call shows it"
        elif m.law == "adjoint" or m.where:
            shown = set(seen(m).changed)
            assert shown == set(m.where) if m.law == "adjoint" else shown <= set(m.where), f"{m}: {shown}"
        if m.hidden:
            assert m.needs, m
            assert not facts(m, **m.hidden).changed, f"{m}: shows at {dict(m.hidden)} too"


def test_an_edit_that_fits_nowhere_or_twice_is_refused():
    for old in ("no such text", "dout"):
        with pytest.raises(ValueError, match="occurs"):
            load("affine", old, "x")


def test_each_load_starts_anew():
    first, second = load("top_k"), load("top_k")
    first.module.K = 1
    assert second.module.K == 3
    assert np.array_equal(first.draw(3)[1]["x"], second.draw(3)[1]["x"])


def test_classes_are_named_by_rows_that_there_are():
    assert {name for m in MISTAKES for name in m.named_by} <= set(SUSPECTS)
