"""Drawn shapes: the notation, what is drawn, the smallest case, what is said to matter, cases as text."""

from __future__ import annotations

import re
import shlex

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase
from numpy.lib._function_base_impl import _parse_gufunc_signature

import checks
from benchmarks.drawn import MISTAKES, affine, affine_back, found
from checks.cli import main
from checks.drawn.hold import Held
from checks.drawn.layouts import LAYOUTS
from checks.drawn.make import inputs, outputs
from checks.drawn.notation import signature
from checks.drawn.plan import plan, read, written
from checks.drawn.values import VALUES, drawn
from checks.errors import MisuseError
from checks.search import smallest
from checks.verdict import Outcome

AFFINE = "(n,i),(o,i),(o)->(n,o)"


@pytest.mark.parametrize(
    "text", [AFFINE, "()->()", "(i),(i)->()", "(a,b),(b,c)->(a,c)", "(),(x_1)->(x_1)", " (n , i) -> ( n )"]
)
def test_signatures_are_read_as_numpy_reads_them(text):
    theirs = _parse_gufunc_signature(text)
    ours = signature(text)
    assert [tuple(d.name for d in axes) for axes in ours.inputs] == theirs[0]
    assert [tuple(d.name for d in axes) for axes in ours.outputs] == theirs[1]


def test_fixed_sizes_and_modifiers_are_read():
    made = signature("(m?,3),(3,p?),(n|1)->(m?,p?)")
    assert [d.fixed for axes in made.inputs for d in axes] == [None, 3, 3, None, None]
    assert made.optional == {"m", "p"}
    assert made.inputs[2][0].broadcasts
    assert signature("(n,i)").outputs is None
    assert signature("(n,i)->(n,o)").made == ("o",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n,i", "'n,i' is no list of shapes in parentheses"),
        ("(n", "'(n' is no list of shapes"),
        ("(n)(m)", "no list of shapes"),
        ("", "without an input"),
        ("(n,i$)->(n)", "'i$' is no dimension; expected n, 3, n? or n|1"),
        ("(n,,i)", "'' is no dimension"),
        ("(n?),(n)->(n)", "n stands with ? and without"),
        ("(n)->(n|1)", "only inputs broadcast"),
        (3, "shapes is 3"),
    ],
)
def test_a_signature_that_is_none_is_refused(text, said):
    with pytest.raises(MisuseError, match=re.escape(said)):
        signature(text)


RNG = np.random.default_rng(0)
OF_KIND = {
    "simple": lambda x: (np.mod(4 * x, 2) == 1).all(),
    "reals": lambda x: len(np.unique(x)) == x.size,
    "positive": lambda x: (x > 0).all(),
    "probabilities": lambda x: ((x > 0) & (x < 1)).all(),
    "distributions": lambda x: np.allclose(x.sum(-1), 1) and (x > 0).all(),
    "one-hot": lambda x: (x.sum(-1) == 1).all() and set(np.unique(x)) <= {0, 1},
    "signs": lambda x: (abs(x) == 1).all(),
    "booleans": lambda x: x.dtype == bool,
    "permutations": lambda x: (np.sort(x, -1) == np.arange(x.shape[-1])).all() and x.dtype.kind == "i",
    "increasing": lambda x: (np.diff(x, axis=-1) > 0).all(),
    "spd": lambda x: np.allclose(x, np.swapaxes(x, -1, -2)) and (np.linalg.eigvalsh(x) > 0).all(),
    "ties": lambda x: len(np.unique(x)) < x.size and (np.mod(x, 1) == 0.375).all(),
    "zeros": lambda x: (x == 0).any() and (x != 0).any(),
    "near kinks": lambda x: ((abs(x) > 0) & (abs(x) < 1e-6)).all(),
}


def test_every_kind_of_values_has_its_property():
    assert set(OF_KIND) == set(VALUES)
    for kind, holds in OF_KIND.items():
        for shape in ((4, 4), (3, 5, 5)):
            made = drawn(kind, np.random.default_rng(3), shape, {})
            assert made.shape == shape, kind
            assert holds(made), kind


@pytest.mark.parametrize("kind", VALUES)
def test_kinds_take_length_1_and_empty_axes(kind):
    for shape in ((1, 1), (2, 0, 0)):
        assert drawn(kind, RNG, shape, {}).shape == shape


def test_integers_are_below_what_is_said():
    assert set(np.unique(drawn("integers below k", RNG, (200,), {"k": 3}))) == {0, 1, 2}
    assert drawn("integers below 10", RNG, (200,), {}).max() == 9
    with pytest.raises(MisuseError, match="there is no dimension c; the dimensions are n"):
        drawn("integers below c", RNG, (2,), {"n": 3})
    with pytest.raises(MisuseError, match="'spd' are square; the shape is"):
        drawn("spd", RNG, (2, 3), {})
    with pytest.raises(MisuseError, match="there is no kind of values 'evens'"):
        drawn("evens", RNG, (2,), {})


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_moves_numbers_in_memory_and_changes_none(name):
    for shape in ((3, 4), (2, 1, 3), (5,), (), (0, 2)):
        array = RNG.normal(size=shape)
        laid = LAYOUTS[name](array)
        np.testing.assert_array_equal(laid, array)
        assert laid.flags.writeable
        assert not np.shares_memory(laid, array)
    wide = LAYOUTS[name](np.ones((3, 4)))
    assert wide.flags.c_contiguous == (name == "C")
    assert wide.flags.f_contiguous == (name == "Fortran")
    assert (min(wide.strides) < 0) == (name == "reversed")


BROADCAST = plan("(n|1,m?),(n|1,3)->(n,m?)", ["a", "b"], loops=2, sizes={"h": (1, 2)})


@given(st.fixed_dictionaries({name: st.sampled_from(row) for name, row in BROADCAST.rows.items()}))
def test_a_case_is_its_text_and_the_text_is_its_numbers(case):
    text = written(case, BROADCAST.rows)
    again = read(text, BROADCAST)
    assert again == case
    for one, other in zip(inputs(BROADCAST, case), inputs(BROADCAST, again), strict=True):
        assert one.tobytes() == other.tobytes()


ELEMENTWISE = plan("(n|1),(n|1)->(n)", ["a", "b"], loops=2)


@given(st.fixed_dictionaries({name: st.sampled_from(row) for name, row in ELEMENTWISE.rows.items()}))
def test_inputs_broadcast_against_each_other_as_numpy_has_it(case):
    a, b = inputs(ELEMENTWISE, case)
    assert [(a + b).shape] == outputs(ELEMENTWISE, case)


def test_the_numbers_of_a_case_are_what_they_were():
    """Reproduce lines of last year show the same: the numbers of a case are part of what it says."""
    made = plan(AFFINE, ["x", "w", "b"])
    x, w, _ = inputs(made, read("n=2,i=2,o=1,values=simple,seed=7", made))
    assert x.tolist() == [[0.75, 1.75], [-1.25, -0.75]]
    assert inputs(made, read("n=1,i=1,o=1,values=reals,seed=3", made))[0].item() == 0.34564435749697436
    assert w.shape == (1, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("i=1,o=1", "does not say n; give every size: n, i, o"),
        ("n=1,i=1,o=1,q=2", "there is no 'q' to choose; there are n, i, o, values, layout, seed"),
        ("n=x,i=1,o=1", "n is 'x'; expected one of 1, 2, 3"),
        ("n=99999,i=1,o=1", "expected a size up to 4096"),
        ("n=1,i=1,o=1,values=odd", "values is 'odd'; expected one of simple, reals, ties, zeros, near-kinks"),
    ],
)
def test_a_case_that_cannot_be_is_refused(text, said):
    with pytest.raises(MisuseError, match=re.escape(said)):
        checks.audit((affine, affine_back), shapes=AFFINE, case=text)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"values": {"y": "reals"}}, "values names 'y'; the inputs are x, w, b"),
        ({"values": {"x": "evens"}}, "values['x'] is 'evens'; expected one of simple, "),
        ({"sizes": {"n": -1}}, "sizes['n'] is -1; expected a size from 0 to 4096, or several: range(1, 9)"),
        ({"sizes": {"seed": 1}}, "'seed' is no name for a dimension"),
        ({"loops": 9}, "loops is 9; expected how many loop dimensions there may be, 0 to 3"),
        ({"examples": 0}, "examples is 0; expected how many cases are drawn"),
        ({"dtype": "int"}, "dtype is 'int'; expected float64, float32 or float16"),
        ({"shapes": "(n,i)"}, "shapes '(n,i)' are of 1 inputs; there are 3: x, w, b"),
        ({"shapes": "(n,i),(o,i),(o)->(n,q)"}, "the output has q, which no input has"),
        ({"colour": 1}, "there is no option colour="),
    ],
)
def test_misuse_is_named(options, said):
    names = {"names": ["x", "w", "b"]} if options.get("shapes") == "(n,i)" else {}
    with pytest.raises(MisuseError, match=re.escape(said)):
        checks.audit((affine, affine_back), **{"shapes": AFFINE, **names, **options})


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.slow
def test_a_mistake_that_few_shapes_show_is_found_and_shrunk(name):
    mistake = MISTAKES[name]
    report = found(mistake, 5)
    assert report.outcome is Outcome.FAIL
    (finding, *_) = report.findings
    assert finding.case == f"{mistake.smallest},values=simple,seed=0"
    right = checks.audit((mistake.target[0], mistake.right), shapes=mistake.shapes, examples=15)
    assert right.outcome is Outcome.PASS, str(right)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mean for sum over the batch", "for every n above 1, whatever i and o (one choice changed at a time"),
        ("wrong only for odd sizes", "for every odd i above 1, whatever n and o"),
        ("wrong only for batch 1", "only for n = 1, whatever i and o"),
        ("wrong off squares", "where i and o differ, whatever n"),
        (
            "missing sum over a broadcast axis",
            "for every m above 1, with a not of length 1 along m, with b of length 1 along m, whatever n",
        ),
    ],
)
def test_the_report_says_which_dimension_matters_and_how_many_cases_say_so(name, said):
    finding = found(MISTAKES[name], 11).findings[0]
    assert said in finding.location
    assert re.search(r": \d\d cases\)$", finding.location)


def test_what_is_shrunk_stays_the_mistake_that_was_found():
    """Where n is 1 another gradient is wrong: the smallest case of the one is not that of the other."""

    def back(dout, cache):
        dx, dw, db = affine_back(dout, cache)
        return dx * (3 if len(dout) == 1 else 1), dw, db * (1 if len(dout) < 4 else 2)

    for seed in range(3):
        finding = checks.audit((affine, back), shapes=AFFINE, seed=seed).findings[0]
        smallest_of = {"x": "n=1,i=1,o=1", "b": "n=4,i=1,o=1"}
        assert finding.case.startswith(smallest_of[finding.verdict.tensor])


def test_what_only_looks_wrong_is_judged_before_it_is_called_wrong(monkeypatch):
    def back(dout, cache):
        dx, dw, db = affine_back(dout, cache)
        return dx, dw, db * (1 if len(dout) < 4 else 2)

    def looks(self, case, tensor):
        return True

    monkeypatch.setattr(Held, "looks_wrong", looks)
    finding = checks.audit((affine, back), shapes=AFFINE).findings[0]
    assert finding.case == "n=4,i=1,o=1,values=simple,seed=0"


def test_an_empty_axis_is_held_where_the_forward_takes_it():
    def total(x):
        return x.sum(), (x.shape,)

    def back(dout, cache):
        return np.full(cache[0], dout) if cache[0][0] else np.zeros((1, *cache[0][1:]))

    report = checks.audit((total, back), shapes="(n,i)->()")
    assert report.findings[0].case == "n=0,i=2,values=simple,seed=0"
    assert "on an empty axis the gradient is of shape (1, 2); the primal has (0, 2)" in str(report)

    def mean(x):
        if not x.size:
            raise ValueError
        return x.mean(), (x,)

    report = checks.audit((mean, lambda dout, cache: dout / cache[0].size * np.ones_like(cache[0])), shapes="(n,i)->()")
    assert report.outcome is Outcome.PASS
    assert "; 2 more left out, where the forward is not defined" in report.notes[0]


def test_an_output_of_another_shape_than_declared_fails():
    def squeezed(x, w, b):
        out = x @ w.T + b
        return out[0] if len(out) == 1 else out, (x, w)

    def back(dout, cache):
        return affine_back(np.atleast_2d(dout), cache)

    report = checks.audit((squeezed, back), shapes=AFFINE)
    assert "the forward gives shapes (1,) where (1, 1) is declared" in str(report)
    assert checks.audit((squeezed, back), shapes=AFFINE.split("->")[0]).outcome is Outcome.PASS


class Dense:
    """Weights from the global generator, as most layers draw them."""

    def __init__(self, i, o):
        self.W, self.b = np.random.randn(i, o), np.zeros(o)  # noqa: NPY002 - as most layers do

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.mean(axis=0)
        return dout @ self.W.T


def test_a_constructor_is_given_sizes_and_a_case_says_its_weights_too():
    report = checks.audit(Dense, shapes="(n,i)->(n,o)")
    assert report.findings[0].case == "n=2,i=1,o=1,values=simple,seed=0"
    again = [checks.audit(Dense, shapes="(n,i)->(n,o)", case="n=3,i=2,o=2,values=reals,seed=4") for _ in range(2)]
    assert again[0].verdicts == again[1].verdicts
    hidden = checks.audit(lambda i, h: Dense(i, h), shapes="(n,i)", sizes={"h": 3}, case="n=2,i=1,h=3,values=simple")
    assert hidden.verdicts[0].outcome is Outcome.PASS
    assert hidden.outcome is Outcome.FAIL


def test_labels_are_drawn_and_not_differentiated():
    def loss(z, k):
        p = np.exp(z - z.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        return -np.log(p[np.arange(len(k)), k]).sum(), (p, k)

    def back(dout, cache):
        p, k = cache
        return dout * (p - np.eye(p.shape[-1])[k])

    report = checks.audit((loss, back), shapes="(n,c),(n)->()", values={"k": "integers below c"}, examples=15)
    assert report.outcome is Outcome.PASS, str(report)
    spd = checks.audit(
        (lambda a: (np.linalg.slogdet(a)[1], (a,)), lambda dout, cache: dout * np.linalg.inv(cache[0]).T),
        shapes="(n,n)->()", values={"a": "spd"}, examples=15,
    )  # fmt: skip
    assert spd.outcome is Outcome.PASS, str(spd)


def test_strange_memory_comes_up_and_says_so():
    def flat(x, w):
        return x * w, (x, w)

    def back(dout, cache):
        x, w = cache
        g = dout * w
        return g if x.flags.c_contiguous else g.ravel(order="K").reshape(g.shape)[::-1], dout * x

    report = checks.audit((flat, back), shapes="(n,m),(n,m)->(n,m)", laws=["adjoint"], examples=100)
    assert report.outcome is Outcome.FAIL
    assert "layout=" in report.findings[0].case
    assert "with layout " in report.findings[0].location


def test_a_gradient_that_most_cases_leave_open_is_inconclusive():
    rng = np.random.default_rng(0)
    report = checks.audit(
        (lambda x: x**2 + 1e-3 * rng.normal(size=x.shape), lambda dout, x: 2 * x * dout), shapes="(n)->(n)", examples=10
    )
    assert report.outcome is Outcome.INCONCLUSIVE
    assert "ordinary cases" in report.findings[0].location
    with pytest.raises(MisuseError, match="no case is one at which the forward is defined"):
        checks.audit((lambda x: (x / x[0], (x,)), lambda d, c: d), shapes="(n)->(n)", sizes={"n": 0})


def test_cases_are_tried_first_and_one_case_alone_is_the_plain_audit():
    target = MISTAKES["wrong off squares"].target
    told = checks.audit(target, shapes=AFFINE, cases=["n=3,i=4,o=2,values=reals,seed=9"], examples=1)
    assert told.findings[0].case == "n=3,i=4,o=2,values=reals,seed=9"
    one = checks.audit(target, shapes=AFFINE, case="n=3,i=4,o=2,values=reals,seed=9")
    assert one.findings[0].verdict == told.findings[0].verdict
    assert checks.audit(target, shapes=AFFINE, case="n=3,i=4,o=4,values=reals").outcome is Outcome.PASS
    assert told.findings[0].reproduce.startswith("checks.audit(target, shapes=AFFINE, cases=[")
    assert told.findings[0].reproduce.endswith("seed=0, case='n=3,i=4,o=2,values=reals,seed=9')")
    handed_on = {"shapes": AFFINE, "examples": 5}
    line = checks.audit(target, **handed_on).findings[0].reproduce
    assert line == f"checks.audit(…, shapes='{AFFINE}', case='n=1,i=1,o=2,values=simple,seed=0')"


@pytest.fixture
def kept_database():
    """A database of Hypothesis for one test."""
    before = settings.get_current_profile_name()
    settings.register_profile("kept", database=InMemoryExampleDatabase())
    settings.load_profile("kept")
    yield
    settings.load_profile(before)


@pytest.mark.usefixtures("kept_database")
def test_hypothesis_remembers_what_failed_and_says_what_does_not_matter():
    seen = []

    def fails(chosen):
        seen.append(dict(chosen))
        return chosen["n"] == 7 and chosen["m"] > 4

    rows = {"n": range(1, 9), "m": range(1, 9), "seed": range(50)}
    least = {"n": 7, "m": 5, "seed": 0}
    made = smallest(rows, fails, examples=1000, start=0, key="a", explain=True)
    assert made is not None
    assert (dict(made.chosen), made.free) == (least, ("seed",))
    seen.clear()
    assert smallest(rows, fails, examples=1, start=1, key="a").chosen == least
    assert seen[0] == least
    assert smallest(rows, fails, examples=1, start=1, key="b") is None
    assert smallest(rows, fails, examples=1, start=1) is None


def test_seconds_bound_the_whole_search():
    report = checks.audit((affine, affine_back), shapes=AFFINE, budget="0.05s", examples=10_000)
    assert report.cost.seconds < 30
    assert report.outcome is Outcome.PASS
    assert report.notes[-1] == "stopped when the budget of 0.05s was spent"


def test_on_the_command_line(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layer.py").write_text(
        "def f(x, w):\n    return x @ w.T, (x, w)\n\n"
        "def g(dout, cache):\n    x, w = cache\n    return dout @ w * 1.5, dout.T @ x\n"
    )
    assert main(["audit", "layer.py:f,g", "--shapes", "(n,i),(o,i)->(n,o)"]) == 1
    line = re.search(r"reproduce  backproof (.*)", capsys.readouterr().out)[1]
    assert line == "audit layer.py:f,g --shapes '(n,i),(o,i)->(n,o)' --case n=1,i=1,o=1,values=simple,seed=0"
    assert main(shlex.split(line)) == 1
    assert "ratio  1.500" in capsys.readouterr().out
    assert main(["audit", "layer.py:f,g", "--case", "n=1"]) == 2
    assert "--case is one of drawn shapes; give --shapes as well" in capsys.readouterr().err
