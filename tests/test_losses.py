"""Every row of LOSSES against mpmath over its domain, the reductions, and class labels."""

from __future__ import annotations

from functools import cache

import jets
import numpy as np
import pytest
from jets import Exact, Jet, condition, constant, points
from mpmath import mp, mpf
from scipy import special

from backprop import ACTIVATIONS, LOSSES, NUMPY, REDUCTIONS, cost, cost_gradient
from backprop.losses import one_hot


def _magnitude(r):
    return r if r.v > 0 else -r


def _half_square(r):
    return r * r * mpf(0.5)


def _log_cosh(r):
    half = jets.expm1(r)
    return jets.log1p(half * half * jets.exp(-r) * mpf(0.5))  # cosh r = 1 + 2 sinh²(r/2)


def _surprise(y, a):
    return jets.log(a) * -y if y else constant(0)


def _hinge(y, a):
    return 1 - a * y if a.v * y < 1 else constant(0)


# What the rows are, from their definitions: the terms that are added up to one contribution, as jets of a
DEFINITIONS = {
    "squared_error": lambda a, y: [_half_square(a - y)],
    "absolute_error": lambda a, y: [_magnitude(a - y)],
    "huber": lambda a, y: [_half_square(a - y) if abs(a.v - y) <= 1 else _magnitude(a - y) - mpf(0.5)],
    "log_cosh": lambda a, y: [_log_cosh(a - y)],
    "binary_cross_entropy": lambda a, y: [_surprise(y, a), jets.log1p(-a) * (y - 1)],
    "binary_cross_entropy_logits": lambda a, y: [jets.log1p(jets.exp(-a)) * y, jets.log1p(jets.exp(a)) * (1 - y)],
    "cross_entropy": lambda a, y: [_surprise(y, a)],
    "kl_divergence": lambda a, y: [_surprise(y, a / y)] if y else [constant(0)],
    "hinge": lambda a, y: [_hinge(y, a)],
    "squared_hinge": lambda a, y: [_hinge(y, a) * _hinge(y, a)],
    "poisson": lambda a, y: [a, _surprise(y, a)],
}


def _domain(row, each: int, rng: np.random.Generator) -> np.ndarray:
    """Valid a: all that `points` has where a is real, and the whole of the domain where it is not."""
    if row.domain == "real":
        return points((), each)
    wide = 10.0 ** rng.uniform(-300, 8 if row.domain == "positive" else 0, size=each)
    if row.domain == "positive":
        return np.concatenate([[1e-300, 1e-8, 1.0, 40.0, 700.0, 1e8], rng.uniform(0, 40, size=each), wide])
    near_one = 1 - 10.0 ** rng.uniform(-15, 0, size=each // 2)
    return np.concatenate([[1e-300, 1e-8, 0.5, 1 - 2.0**-53], rng.uniform(2e-16, 1, size=each // 2), near_one, wide])


def _targets(row, a: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Valid y for each a: the landmarks of its kind, anything, and what is right next to a."""
    draw = rng.uniform(size=a.shape)
    near = a * (1 + 10.0 ** rng.uniform(-15, -1, size=a.shape) * rng.choice([-1, 1], size=a.shape))
    kind = {
        "real": lambda: [0 * a, draw * 4 - 2, near, a + np.sign(draw - 0.5)],
        "probability": lambda: [0 * a, 0 * a + 1, draw, draw**30],
        "distribution": lambda: [0 * a, 0 * a + 1, draw, near.clip(0, 1)],
        "sign": lambda: [0 * a + 1, 0 * a - 1],
        "count": lambda: [0 * a, np.floor(draw * 9), np.round(near.clip(0, 1e6))],
    }[row.targets]()
    return np.array(kind)[rng.integers(len(kind), size=a.shape), np.arange(a.size)]


@cache
def _reference(name: str, each: int = 10_000) -> tuple[np.ndarray, np.ndarray, Exact, Exact]:
    row = LOSSES[name]
    rng = np.random.default_rng(5)
    a = _domain(row, each, rng)
    y = _targets(row, a, rng)
    if row.variable == "margin":
        bends = [np.nextafter(1.0, side) for side in (0, 2)]
    else:
        bends = [np.nextafter(bend, side) for bend in row.kinks + row.joints for side in (-np.inf, np.inf)]
    if bends:  # the neighbours of each bend, where y is 0 or 1 and a - y is exact
        a, y = np.append(a, bends), np.append(y, np.full(len(bends), 1.0 if row.variable == "margin" else 0.0))
    columns: tuple[list, ...] = ([], [], [], [], [], [])
    with mp.workprec(90):
        for number, target in zip(a.tolist(), y.tolist(), strict=True):
            jet = Jet(mpf(number), mpf(1), mpf(0))
            terms = DEFINITIONS[name](jet, mpf(target))
            c = terms[0] if len(terms) == 1 else terms[0] + terms[1]
            row_ = (
                c.v,
                c.d,
                condition(jet.v, c.v, c.d),
                condition(jet.v, c.d, c.s),
                float(max(abs(t.v) for t in terms)),
                float(max(abs(t.d) for t in terms)),
            )
            for column, item in zip(columns, row_, strict=True):
                column.append(item)
        value, slope, kappa, kappa_slope, largest, largest_slope = columns
        several = name in ("binary_cross_entropy", "binary_cross_entropy_logits", "poisson")
        return (
            a,
            y,
            Exact.of(value, kappa, largest if several else None),
            Exact.of(slope, kappa_slope, largest_slope if several else None),
        )


def _worst(name: str, terms, gradient, each: int = 10_000) -> tuple[float, float]:
    """The largest errors over what is allowed; a warning counts as an error without bound."""
    a, y, value, slope = _reference(name, each)
    found = []
    for f, exact in ((terms, value), (gradient, slope)):
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            try:
                found.append(float(exact.excess(f(a[None], y[None])[0]).max()))
            except FloatingPointError:
                found.append(np.inf)
    return found[0], found[1]


def test_the_table_has_every_row():
    assert sorted([*DEFINITIONS, "softmax_cross_entropy"]) == sorted(LOSSES)


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.slow
def test_terms_and_gradient_are_accurate_over_the_whole_domain(name):
    row = LOSSES[name]
    terms, gradient = _worst(name, lambda a, y: row.terms(a, y, NUMPY), lambda a, y: row.gradient(a, y, NUMPY))
    assert terms <= 1
    assert gradient <= 1


NAIVE = [
    ("huber", "terms", lambda a, y: np.where(np.abs(a - y) < 1, (a - y) ** 2, np.abs(a - y) - 0.5)),
    ("log_cosh", "terms", lambda a, y: np.log(np.cosh(a - y))),
    ("log_cosh", "terms", lambda a, y: np.logaddexp(a - y, y - a) - np.log(2)),
    ("log_cosh", "terms", lambda a, y: np.abs(a - y) + np.log1p(np.expm1(-2 * np.abs(a - y)) / 2)),
    ("binary_cross_entropy", "terms", lambda a, y: -y * np.log(a) - (1 - y) * np.log(1 - a + 1e-12)),
    ("binary_cross_entropy", "gradient", lambda a, y: (a - y) / (a * (1 - a) + 1e-12)),
    ("binary_cross_entropy_logits", "terms", lambda a, y: np.logaddexp(0, a) - y * a),
    ("binary_cross_entropy_logits", "gradient", lambda a, y: special.expit(a) - y),
    ("cross_entropy", "terms", lambda a, y: -y * np.log(a + 1e-12)),
    ("cross_entropy", "gradient", lambda a, y: -y / np.maximum(a, 1e-12)),
    ("kl_divergence", "terms", lambda a, y: y * np.log(y / a)),
    ("kl_divergence", "gradient", lambda a, y: np.log(a / np.maximum(y, 1e-300)) + 1),
    ("squared_hinge", "gradient", lambda a, y: -2 * np.maximum(1 - y * a, 0)),
    ("poisson", "terms", lambda a, y: a - y * np.log(a + 1e-8)),
    ("poisson", "gradient", lambda a, y: 1 - y / (a + 1e-12)),
]


@pytest.mark.parametrize(("name", "which", "naive"), NAIVE)
def test_the_accuracy_test_rejects_naive_formulas(name, which, naive):
    row = LOSSES[name]
    ours = {"terms": lambda a, y: row.terms(a, y, NUMPY), "gradient": lambda a, y: row.gradient(a, y, NUMPY)}
    assert max(_worst(name, **ours, each=300)) <= 1
    assert max(_worst(name, **{**ours, which: naive}, each=300)) > 1


# Softmax cross-entropy mixes the entries of a column


def _logits(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the points, with hard labels on every row in turn and with soft ones."""
    x = points((), 1_500)
    rng = np.random.default_rng(d)
    a = rng.permutation(x)[: len(x) // d * d].reshape(d, -1)
    saturated = np.array([(s, -s) + (0.0,) * (d - 2) for s in (1.0, 40.0, 300.0, 700.0)]).T
    a = np.hstack([a, saturated, saturated[::-1]])
    hard = one_hot(np.arange(a.shape[1]) % d, d)
    soft = rng.dirichlet(np.ones(d), size=a.shape[1]).T
    return np.hstack([a, a]), np.hstack([hard, soft])


def _exact_softmax_cross_entropy(a: np.ndarray, y: np.ndarray) -> tuple[Exact, Exact]:
    value, slope, kappa, kappa_slope, terms = [], [], [], [], []
    with mp.workprec(90):
        for column, target in zip(a.T.tolist(), y.T.tolist(), strict=True):
            s = [mpf(x) - mpf(max(column)) for x in column]
            t = [mpf(x) for x in target]
            w = [mp.exp(x) for x in s]
            total = mp.fsum(w)
            spread = mp.fsum(-x * y for x, y in zip(w, s, strict=True)) / total
            for i, si in enumerate(s):
                rest = mp.fsum(w[:i] + w[i + 1 :])
                minus_log_p = mp.log1p(rest) if si == 0 else mp.log(total) - si
                value.append(t[i] * minus_log_p)
                kappa.append(float((-si + spread) / minus_log_p) if minus_log_p else 0.0)
                # p_i Σ_{j≠i} y_j - (1 - p_i) y_i
                up, down = w[i] / total * (mp.fsum(t) - t[i]), rest / total * t[i]
                slope.append(up - down)
                others = mp.fsum(-x * y for x, y in zip(w[:i] + w[i + 1 :], s[:i] + s[i + 1 :], strict=True))
                kappa_slope.append(float(-si + (others / rest if rest else 0)))
                # soft labels let it cross zero, as p Σy - y; hard ones do not
                terms.append(float(max(w[i] / total * mp.fsum(t), t[i])) if up and down else 0.0)
        return Exact.of(value, kappa), Exact.of(slope, kappa_slope, terms)


def _by_column(a: np.ndarray) -> np.ndarray:
    return a.T.ravel()


@pytest.mark.parametrize("d", [2, 3, 5])
@pytest.mark.slow
def test_softmax_cross_entropy_is_accurate_entry_by_entry_for_hard_and_soft_labels(d):
    a, y = _logits(d)
    value, slope = _exact_softmax_cross_entropy(a, y)
    row = LOSSES["softmax_cross_entropy"]
    assert value.excess(_by_column(row.terms(a, y, NUMPY))).max() <= 1
    assert slope.excess(_by_column(row.gradient(a, y, NUMPY))).max() <= 1


def test_the_accuracy_test_rejects_p_minus_y():
    a, y = _logits(2)
    _, slope = _exact_softmax_cross_entropy(a, y)
    p = ACTIVATIONS["softmax"].value(a, NUMPY)
    assert slope.excess(_by_column(p - y)).max() > 1


def test_the_accuracy_test_rejects_the_logarithm_of_softmax():
    a, y = _logits(2)
    value, _ = _exact_softmax_cross_entropy(a, y)
    p = ACTIVATIONS["softmax"].value(a, NUMPY)
    assert value.excess(_by_column(-y * np.log(np.maximum(p, 5e-324)))).max() > 1


def test_s4_softmax_cross_entropy_is_cross_entropy_of_softmax_also_for_targets_of_any_sum():
    rng = np.random.default_rng(6)
    z, y = rng.standard_normal((4, 7)), rng.uniform(size=(4, 7)) * 3
    softmax, fused, plain = ACTIVATIONS["softmax"], LOSSES["softmax_cross_entropy"], LOSSES["cross_entropy"]
    p = softmax.value(z, NUMPY)
    np.testing.assert_allclose(fused.terms(z, y, NUMPY), plain.terms(p, y, NUMPY), rtol=1e-14)
    pulled = softmax.pullback(z, plain.gradient(p, y, NUMPY), NUMPY)
    np.testing.assert_allclose(fused.gradient(z, y, NUMPY), pulled, rtol=0, atol=1e-14)
    np.testing.assert_allclose(fused.gradient(z, y, NUMPY), p * y.sum(axis=0) - y, rtol=0, atol=1e-14)


def test_logits_and_probabilities_are_one_loss():
    rng = np.random.default_rng(7)
    z, y = rng.standard_normal((3, 9)) * 3, rng.uniform(size=(3, 9))
    sigmoid, fused, plain = (
        ACTIVATIONS["sigmoid"],
        LOSSES["binary_cross_entropy_logits"],
        LOSSES["binary_cross_entropy"],
    )
    a = sigmoid.value(z, NUMPY)
    np.testing.assert_allclose(fused.terms(z, y, NUMPY), plain.terms(a, y, NUMPY), rtol=1e-13)
    pulled = plain.gradient(a, y, NUMPY) * sigmoid.slope(z, NUMPY)
    np.testing.assert_allclose(fused.gradient(z, y, NUMPY), pulled, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "cross_entropy", "kl_divergence"])
def test_hard_labels_on_saturated_outputs_are_finite(name):
    a, y = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]), np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    row = LOSSES[name]
    np.testing.assert_array_equal(row.terms(a, y, NUMPY), 0 * a)
    one_sided = {"binary_cross_entropy": 1 - 2 * y}.get(name, -y)
    np.testing.assert_array_equal(row.gradient(a, y, NUMPY), one_sided)


# What a row says of itself


def _sample(row, dtype=np.float64, shape=(4, 6)) -> tuple[np.ndarray, np.ndarray]:
    """Valid arguments, away from bends: a - y and y a are far from -1, 0 and 1."""
    rng = np.random.default_rng(8)
    share = rng.dirichlet(np.ones(shape[0]), size=shape[1]).T
    probability = rng.uniform(0.1, 0.9, size=shape)
    a = {"real": 0.3 + probability, "positive": probability * 3, "probability": probability, "distribution": share}
    y = {
        "real": 0.1 * probability + rng.choice([-0.3, 2.0], size=shape),
        "probability": rng.uniform(size=shape),
        "distribution": share[::-1],
        "sign": rng.choice([-1.0, 1.0], size=shape),
        "count": np.floor(probability * 6),
    }
    return a[row.domain].astype(dtype), y[row.targets].astype(dtype)


@pytest.mark.parametrize("name", LOSSES)
def test_the_complex_step_gives_the_gradient(name):
    row = LOSSES[name]
    a, y = _sample(row)
    gradient = row.gradient(a, y, NUMPY)
    for i in range(a.shape[0]):
        moved = a + 1e-100j * np.eye(a.shape[0])[:, [i]]
        measured = row.terms(moved, y, NUMPY).imag.sum(axis=0) / 1e-100
        np.testing.assert_allclose(measured, gradient[i], rtol=2e-14, atol=1e-15)
        np.testing.assert_allclose(row.gradient(moved, y, NUMPY).real, gradient, rtol=2e-14, atol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.complex128])
def test_results_keep_the_number_type(name, dtype):
    row = LOSSES[name]
    a, y = _sample(row, dtype)
    assert row.terms(a, y, NUMPY).dtype == row.gradient(a, y, NUMPY).dtype == dtype
    for reduction in REDUCTIONS:
        assert cost(row, a, y, reduction).dtype == cost_gradient(row, a, y, reduction).dtype == dtype


@pytest.mark.parametrize("name", [name for name, row in LOSSES.items() if row.kinks or row.joints])
def test_gradients_jump_at_kinks_and_bend_at_joints(name):
    row = LOSSES[name]
    for bend in row.kinks + row.joints:
        y = np.ones((1, 3))
        middle = bend if row.variable == "margin" else bend + 1.0
        left, at, right = row.gradient(np.array([[middle - 1e-6, middle, middle + 1e-6]]), y, NUMPY)[0]
        assert min(left, right) <= at <= max(left, right)
        assert (abs(right - left) > 0.5) == (bend in row.kinks)
        assert bend in row.kinks or abs((right - at) - (at - left)) > 1e-7


@pytest.mark.parametrize("name", [name for name, row in LOSSES.items() if row.domain == row.targets == "real"])
def test_gradients_jump_nowhere_else(name):
    row = LOSSES[name]
    a = np.linspace(-4, 4, 8 * 1024 + 1)[None]
    gradient = row.gradient(a, 0 * a, NUMPY)[0]
    away = np.ones(gradient.size - 1, dtype=bool)
    for kink in row.kinks:
        away &= (a[0, 1:] < kink) | (kink < a[0, :-1])
    assert (np.abs(np.diff(gradient))[away] < 2e-3).all()


# Reductions


@pytest.mark.parametrize("name", LOSSES)
def test_r1_sum_adds_all_contributions_and_r2_mean_divides_by_the_number_of_examples(name):
    row = LOSSES[name]
    a, y = _sample(row)
    n = a.shape[1]
    total = sum(row.terms(a[:, [k]], y[:, [k]], NUMPY).sum() for k in range(n))
    np.testing.assert_allclose(cost(row, a, y, "sum"), total, rtol=1e-14)
    np.testing.assert_allclose(cost(row, a, y, "mean"), total / n, rtol=1e-14)
    np.testing.assert_allclose(cost(row, a, y), total / n, rtol=1e-14)
    np.testing.assert_array_equal(cost_gradient(row, a, y, "sum"), row.gradient(a, y, NUMPY))
    np.testing.assert_allclose(cost_gradient(row, a, y) * n, cost_gradient(row, a, y, "sum"), rtol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_leading_axes_are_independent_copies(name):
    row = LOSSES[name]
    a, y = _sample(row)
    copies = np.stack([a, a[:, ::-1]])[:, None]
    both = np.stack([y, y[:, ::-1]])[:, None]
    np.testing.assert_allclose(cost(row, copies, both), np.full((2, 1), cost(row, a, y)), rtol=1e-15)
    np.testing.assert_allclose(cost_gradient(row, copies, both)[1, 0], cost_gradient(row, a, y)[:, ::-1], rtol=1e-15)
    np.testing.assert_allclose(cost(row, copies[:1], y), np.full((1, 1), cost(row, a, y)), rtol=1e-15)


def test_an_output_that_does_not_fit_the_targets_is_named_with_both_shapes():
    with pytest.raises(ValueError, match=r"\(F4\) C = f\(a\^L, y\): a\^L is \(3, 4\) but y is \(4, 3\)"):
        cost(LOSSES["squared_error"], np.ones((3, 4)), np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"a\^L is \(3, 4\) but y is \(3, 1\)"):
        cost_gradient(LOSSES["squared_error"], np.ones((3, 4)), np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"a\^L is \(3,\) but y is \(3,\), both must end in \(d_L, n\)"):
        cost(LOSSES["squared_error"], np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"a\^L is \(3, 4\) but y is \(4,\), .*; for class labels, see one_hot"):
        cost(LOSSES["softmax_cross_entropy"], np.ones((3, 4)), np.array([0, 2, 1, 0]))


def test_an_unknown_reduction_is_named_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"no reduction is called 'max'; there are: sum, mean"):
        cost(LOSSES["squared_error"], np.ones((3, 4)), np.ones((3, 4)), "max")


# Class labels


def test_one_hot_puts_a_1_in_the_row_of_the_class():
    labels = np.array([2, 0, 1, 2])
    y = one_hot(labels, classes=3)
    assert y.shape == (3, 4)
    np.testing.assert_array_equal(y.sum(axis=0), 1)
    np.testing.assert_array_equal(y.argmax(axis=0), labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.0, 1.0], r"whole numbers on one axis, got float64 of shape \(2,\)"),
        ([[0, 1]], r"whole numbers on one axis, got int64 of shape \(1, 2\)"),
        ([0, 3], r"labels go from 0 to 2, got 3"),
        ([-1, 0], r"labels go from 0 to 2, got -1"),
    ],
)
def test_wrong_labels_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        one_hot(labels, classes=3)
