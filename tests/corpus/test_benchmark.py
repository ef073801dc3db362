"""The corpus before the checkers: wrapped layers are the layers, scores what was seen, runs go on."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.corpus.ledger import read, run
from benchmarks.corpus.peers import PEERS, passes
from benchmarks.corpus.report import caught, scored, tables
from benchmarks.corpus.score import OURS, Line, score
from benchmarks.corpus.wrapped import of_layer
from checks.subject import named_outputs
from corpus import LAYERS, MISTAKES, load
from corpus.facts import cotangent

SEED = 3


def mistake(layer, name):
    return next(m for m in MISTAKES if (m.layer, m.name) == (layer, name))


def line(**more):
    return Line(
        **{"checker": OURS, "kind": "mistake", "layer": "affine", "name": "", "seed": 0, "outcome": "fail", **more}
    )


@pytest.mark.parametrize("name", LAYERS)
def test_wrapped_layer_gives_the_layer_s_outputs_and_gradients(name):
    layer = load(name)
    subject = layer.subject(SEED)
    case = of_layer(load(name), SEED, clears=subject.accumulates)
    out = subject.forward(subject.point)
    v = cotangent(np.random.default_rng(SEED), out)
    for _ in range(2):  # the second use of one object is as right as the first
        outputs, left = case.forward([x.copy() for x in case.point])
        gradients = case.backward([np.array(a) for a in named_outputs(v).values()], left)
    assert all(np.array_equal(a, b) for a, b in zip(outputs, named_outputs(out).values(), strict=True))
    expected = subject.pullback(subject.point, v)
    assert all(np.allclose(g, expected[n], rtol=1e-12) for n, g in zip(case.names, gradients, strict=True))


@pytest.mark.parametrize("peer", PEERS)
def test_peers_pass_a_right_layer_and_fail_a_plainly_wrong_one(peer):
    needs = peer.split()[0]
    if needs in ("torch", "jax") and find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed: nothing to compare with")
    wrong = mistake("affine", "bias averaged over the batch").load()
    for layer, good in ((load("affine"), True), (wrong, False)):
        case = of_layer(layer, SEED, clears=False)
        assert passes(peer, case, np.random.default_rng(0)) is good
        assert case.forwards > 0


def test_a_mistake_is_scored_by_cause_and_place():
    row = mistake("affine", "bias averaged over the batch")
    seen = score(OURS, "mistake", row.layer, row.name, row, SEED)
    assert (seen.outcome, seen.cause, seen.place, seen.law) == ("fail", "right", "right", "adjoint")
    assert "1/6" in seen.named


@pytest.mark.parametrize(
    ("layer", "name", "seed"),
    [("maxout", "pieces of the weight in reverse", 0), ("prelu", "one slope for all channels on the way back", 20261)],
)
def test_a_right_entry_beside_a_kink_is_not_listed(layer, name, seed):
    """A stencil that steps over a kink on both sides agrees with itself and misses the truth."""
    row = mistake(layer, name)
    seen = score(OURS, "mistake", layer, name, row, seed)
    assert (seen.outcome, seen.place) == ("fail", "right")


def test_a_mistake_counts_only_where_its_right_twin_passes():
    wrong = line(name="x")
    assert scored([wrong, line(kind="right", outcome="fail")]) == []
    assert scored([wrong, line(kind="right", outcome="pass")]) == [wrong]
    assert scored([wrong, line(kind="right", outcome="pass", seed=1)]) == []
    assert caught(line(outcome="inconclusive", law="claimed"))
    assert not caught(line(outcome="inconclusive", law="adjoint"))


def test_what_is_not_as_it_should_be_is_listed():
    right = line(kind="right", outcome="pass")
    text = tables([right, line(outcome="pass", name="a"), line(cause="wrong", named="zero", name="b")])
    assert "`affine: a`: missed" in text
    assert "`affine: b`: named “zero”" in text
    assert "`affine`, right: called wrong under adjoint" in tables([line(kind="right", law="adjoint")])


def test_a_ledger_goes_on_where_it_was(tmp_path):
    path = tmp_path / "lines.ndjson"
    peer = "chainer's rule"
    first = list(run([peer], SEED, path, every=60))
    with path.open("a", encoding="utf-8") as sink:
        sink.write('{"checker": "cut sho')
    assert list(run([peer], SEED, path, every=60)) == first
    assert len(read(path)) == len(first)
