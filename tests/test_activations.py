"""Every row of ACTIVATIONS against mpmath over the whole range, and what a row says of itself."""

from __future__ import annotations

from functools import cache

import jets
import numpy as np
import pytest
from jets import EPS, Exact, Jet, constant, points, references
from mpmath import mp, mpf
from scipy import special

from backprop import ACTIVATIONS, NUMPY, Activation, through
from backprop.activations import celu, elu, leaky_relu

ELEMENTWISE = [name for name, row in ACTIVATIONS.items() if row.slope is not None]
COLUMNWISE = [name for name, row in ACTIVATIONS.items() if row.pullback is not None]


def _sigmoid(z):
    return 1 / (1 + jets.exp(-z))


def _elu(z, alpha, scale=1):
    return z * scale if z.v > 0 else jets.expm1(z) * (scale * mpf(alpha))


def _clip(z, low, high):
    return constant(low) if z.v <= low else constant(high) if z.v >= high else z


def _magnitude(z):
    return z if z.v > 0 else -z


# What the rows are, from their definitions: (f, False), or (g, True) for z g(z)
DEFINITIONS = {
    "identity": (lambda z: z, False),
    "sigmoid": (_sigmoid, False),
    "tanh": (jets.tanh, False),
    "relu": (lambda z: z if z.v > 0 else constant(0), False),
    "leaky_relu": (lambda z: z if z.v > 0 else z * mpf("0.01"), False),
    "elu": (lambda z: _elu(z, 1), False),
    "selu": (lambda z: _elu(z, "1.6732632423543772848170", mpf("1.0507009873554804934193")), False),
    "celu": (lambda z: _elu(z, 1), False),
    "gelu": (lambda z: jets.erfc(-z / mp.sqrt(2)) / 2, True),
    "gelu_tanh": (lambda z: _sigmoid(mp.sqrt(8 / mp.pi) * (z + mpf("0.044715") * z * z * z)), True),
    "silu": (_sigmoid, True),
    "mish": (lambda z: jets.tanh(jets.log1p(jets.exp(z))), True),
    "softplus": (lambda z: jets.log1p(jets.exp(z)), False),
    "softsign": (lambda z: z / (1 + _magnitude(z)), False),
    "hardtanh": (lambda z: _clip(z, -1, 1), False),
    "hardsigmoid": (lambda z: _clip(z + 3, 0, 6) / 6, False),
    "hardswish": (lambda z: _clip(z + 3, 0, 6) / 6, True),
    "relu6": (lambda z: _clip(z, 0, 6), False),
    "log_sigmoid": (lambda z: -jets.log1p(jets.exp(-z)), False),
    "arctan": (jets.arctan, False),
    "sin": (jets.sin, False),
}


@cache
def _reference(name: str, each: int = 10_000) -> tuple[np.ndarray, Exact, Exact]:
    row = ACTIVATIONS[name]
    x = points(row.kinks + row.joints, each)
    return x, *references(*DEFINITIONS[name], x)


def _worst(name: str, value, slope, each: int = 10_000) -> tuple[float, float]:
    """The largest errors over what is allowed; a warning counts as an error without bound."""
    x, exact_value, exact_slope = _reference(name, each)
    found = []
    for f, exact in ((value, exact_value), (slope, exact_slope)):
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            try:
                found.append(float(exact.excess(f(x)).max()))
            except FloatingPointError:
                found.append(np.inf)
    return found[0], found[1]


def test_the_table_has_every_row():
    assert [*DEFINITIONS, "softmax", "log_softmax"] == list(ACTIVATIONS)


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.slow
def test_value_and_slope_are_accurate_over_the_whole_range(name):
    row = ACTIVATIONS[name]
    value, slope = _worst(name, lambda z: row.value(z, NUMPY), lambda z: row.slope(z, NUMPY))
    assert value <= 1
    assert slope <= 1


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_references_do_not_change_with_more_digits(name):
    x, value, slope = _reference(name, 100)
    more = references(*DEFINITIONS[name], x, precision=400)
    for few, many in zip((value, slope), more, strict=True):
        drift = np.abs(few.high - many.high + (few.low - many.low))
        assert (drift <= 1e-18 * ((1 + many.condition) * np.abs(many.high) + many.terms) + 1e-322).all()
        np.testing.assert_allclose(few.condition, many.condition, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_jets_agree_with_numerical_differentiation(name):
    f, gated = DEFINITIONS[name]

    def plain(x):
        value = f(Jet(x, mpf(1), mpf(0))).v
        return x * value if gated else value

    x = np.array([-5.5, -2.3, -0.7, 0.4, 1.6, 4.1, 7.2])
    _, slope = references(f, gated, x)
    with mp.workdps(40):
        for number, high in zip(x, slope.high, strict=True):
            assert abs(mp.diff(plain, mpf(number)) - high) <= 1e-15 * max(1, abs(high))


def _naive_sigmoid(z):
    return 1 / (1 + np.exp(-z))


# (row, which of value and slope, how it is often written)
NAIVE = [
    ("sigmoid", "value", _naive_sigmoid),
    ("sigmoid", "slope", lambda z: special.expit(z) * (1 - special.expit(z))),
    ("tanh", "slope", lambda z: 1 - np.tanh(z) ** 2),
    ("tanh", "slope", lambda z: 1 / np.cosh(z) ** 2),
    ("elu", "value", lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)),
    ("gelu", "value", lambda z: 0.5 * z * (1 + special.erf(z / np.sqrt(2)))),
    ("gelu", "slope", lambda z: special.ndtr(z) + 0.3989 * z * np.exp(-(np.clip(z, -99, 99) ** 2) / 2)),
    ("gelu_tanh", "value", lambda z: 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))),
    ("silu", "value", lambda z: z * _naive_sigmoid(z)),
    ("silu", "slope", lambda z: special.expit(z) * (1 - z * special.expit(z))),
    ("mish", "value", lambda z: z * np.tanh(np.log1p(np.exp(z)))),
    ("mish", "value", lambda z: z * np.tanh(np.log(1 + np.exp(np.minimum(z, 50))))),
    ("softplus", "value", lambda z: np.log(1 + np.exp(z))),
    ("softplus", "value", lambda z: np.log(1 + np.exp(np.minimum(z, 30))) + np.maximum(z - 30, 0)),
    ("hardsigmoid", "value", lambda z: np.clip(0.1667 * z + 0.5, 0, 1)),
    ("hardtanh", "slope", lambda z: 1.0 * (np.abs(z) < np.nextafter(1, 0))),
    ("relu", "slope", lambda z: 1.0 * (z > 1e-12)),
    ("log_sigmoid", "value", lambda z: np.log(np.maximum(special.expit(z), 1e-310))),
    ("log_sigmoid", "slope", lambda z: 1 - special.expit(z)),
    ("arctan", "slope", lambda z: np.cos(np.arctan(z)) ** 2),
]


@pytest.mark.parametrize(("name", "which", "naive"), NAIVE)
def test_the_accuracy_test_rejects_naive_formulas(name, which, naive):
    row = ACTIVATIONS[name]
    ours = {"value": lambda z: row.value(z, NUMPY), "slope": lambda z: row.slope(z, NUMPY)}
    assert max(_worst(name, **ours, each=200)) <= 1
    assert max(_worst(name, **{**ours, which: naive}, each=200)) > 1


@pytest.mark.parametrize(
    ("row", "f"),
    [
        (leaky_relu(0.25), lambda z: z if z.v > 0 else z * 0.25),
        (elu(0.5), lambda z: _elu(z, 0.5)),
        (elu(3.0, scale=0.5), lambda z: _elu(z, 3, mpf(0.5))),
        (celu(2.0), lambda z: z if z.v > 0 else jets.expm1(z / 2) * 2),
    ],
)
def test_rows_made_with_other_parameters_are_accurate(row, f):
    x = points(row.kinks + row.joints, 500)
    value, slope = references(f, False, x)
    assert value.excess(row.value(x, NUMPY)).max() <= 1
    assert slope.excess(row.slope(x, NUMPY)).max() <= 1


# Softmax and log_softmax, entry by entry


@cache
def _columns(each: int = 10_000) -> dict[int, np.ndarray]:
    """Columns whose entries are the points of the other rows; of two entries also each landmark beside 0 and itself."""
    x = points((), each)
    some = x[:12]
    pairs = [(a, b) for a in (*some, 0.0) for b in (*some, 0.0)]
    random = {d: np.random.default_rng(d).permutation(x[: len(x) // d * d]).reshape(d, -1) for d in (1, 3, 5)}
    return {2: np.array(pairs).T, **random}


def _exact_softmax(z: np.ndarray, precision: int = 90) -> dict[str, Exact]:
    """Per column: softmax, its logarithm, and the Jacobians of both, J[i, j] in row i d + j."""
    found: dict[str, tuple[list, list]] = {key: ([], []) for key in ("softmax", "log_softmax", "J", "log J")}

    def put(key, number, kappa):
        found[key][0].append(number)
        found[key][1].append(float(kappa))

    with mp.workprec(precision):
        for column in z.T.tolist():
            s = [mpf(x) - mpf(max(column)) for x in column]
            w = [mp.exp(x) for x in s]
            total = mp.fsum(w)
            p = [x / total for x in w]
            rest = [mp.fsum(w[:i] + w[i + 1 :]) for i in range(len(s))]
            pull = [
                mp.fsum(-x * y for x, y in zip(w[:i] + w[i + 1 :], s[:i] + s[i + 1 :], strict=True))
                for i in range(len(s))
            ]
            for i, si in enumerate(s):
                put("softmax", p[i], -si)
                log_p = -mp.log1p(rest[i]) if si == 0 else si - mp.log(total)
                put("log_softmax", log_p, (-si + mp.fsum(pull) / total) / -log_p if log_p else 0)
                for j, sj in enumerate(s):
                    if i == j:
                        kappa = pull[i] / rest[i] if rest[i] else 0
                        put("J", p[i] * rest[i] / total, -si + kappa)
                        put("log J", rest[i] / total, kappa)
                    else:
                        put("J", -p[i] * p[j], -si - sj)
                        put("log J", -p[j], -sj)
    return {key: Exact.of(numbers, kappa) for key, (numbers, kappa) in found.items()}


def _by_column(a: np.ndarray) -> np.ndarray:
    return a.T.ravel()


def _pulled(pullback, z: np.ndarray) -> np.ndarray:
    """All Jacobians of a pullback, in the order of `_exact_softmax`: J_σᵀ e_i is row i of J."""
    d, n = z.shape
    units = np.broadcast_to(np.eye(d)[:, :, None], (d, d, n))
    return np.moveaxis(pullback(np.broadcast_to(z, (d, d, n)), units, NUMPY), -1, 0).ravel()


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.slow
def test_softmax_and_log_softmax_are_accurate_entry_by_entry(d):
    z = _columns()[d]
    exact = _exact_softmax(z)
    for name, jacobian in (("softmax", "J"), ("log_softmax", "log J")):
        row = ACTIVATIONS[name]
        assert exact[name].excess(_by_column(row.value(z, NUMPY))).max() <= 1, name
        assert exact[jacobian].excess(_pulled(row.pullback, z)).max() <= 1, jacobian


def _softmax(z):
    w = np.exp(z - z.max(axis=-2, keepdims=True))
    return w / w.sum(axis=-2, keepdims=True)


@pytest.mark.parametrize(
    ("key", "naive"),
    [
        ("softmax", lambda z: np.exp(z) / np.exp(z).sum(axis=-2, keepdims=True)),
        ("log_softmax", lambda z: np.log(np.maximum(_softmax(z), 1e-310))),
        ("log_softmax", lambda z: (s := z - z.max(axis=-2)) - np.log(np.exp(s).sum(axis=-2, keepdims=True))),
        ("J", lambda z, v, e: _softmax(z) * (v - (_softmax(z) * v).sum(axis=-2, keepdims=True))),
        ("J", lambda z, v, e: v * _softmax(z) * (1 - _softmax(z))),
        ("log J", lambda z, v, e: v - _softmax(z) * v.sum(axis=-2, keepdims=True)),
    ],
)
def test_the_accuracy_test_rejects_naive_softmax(key, naive):
    z = _columns()[2]
    with np.errstate(all="ignore"):
        got = _pulled(naive, z) if "J" in key else _by_column(naive(z))
    assert _exact_softmax(z)[key].excess(got).max() > 1


@pytest.mark.parametrize("name", COLUMNWISE)
def test_a_pullback_is_the_jacobian_transposed(name):
    rng = np.random.default_rng(0)
    z, v = rng.standard_normal((2, 4, 3))
    row = ACTIVATIONS[name]
    d = 4
    jacobian = _pulled(row.pullback, z).reshape(3, d, d)  # [example, i, j]
    np.testing.assert_allclose(row.pullback(z, v, NUMPY), np.einsum("nij,in->jn", jacobian, v), rtol=0, atol=4e-16)


# What a row says of itself


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slopes_jump_at_the_declared_kinks_and_take_a_value_between(name):
    row = ACTIVATIONS[name]
    for bend in row.kinks:
        left, at, right = row.slope(np.array([bend - 1e-9, bend, bend + 1e-9]), NUMPY)
        assert abs(right - left) > 0.1
        assert min(left, right) - 1e-8 <= at <= max(left, right) + 1e-8


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slopes_bend_at_the_declared_joints_and_do_not_jump(name):
    row = ACTIVATIONS[name]
    for joint in row.joints:
        left, at, right = row.slope(joint + np.array([-1e-6, 0.0, 1e-6]), NUMPY)
        assert abs(left - at) < 1e-5
        assert abs(right - at) < 1e-5
        assert abs((right - at) - (at - left)) > 1e-7


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_slopes_jump_nowhere_else(name):
    row = ACTIVATIONS[name]
    z = np.linspace(-8, 8, 16 * 1024 + 1)  # every whole number is a point
    jump = np.abs(np.diff(row.slope(z, NUMPY)))
    allowed = np.zeros(jump.shape, dtype=bool)
    for bend in row.kinks:
        allowed |= (z[:-1] <= bend) & (bend <= z[1:])
    assert (jump[~allowed] < 2e-3).all()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_complex_step_gives_the_slope(name):
    row = ACTIVATIONS[name]
    x = np.concatenate([np.linspace(-6, 6, 241), [-30.0, 30.0, 1e-8, -1e-8]])  # 0, ±1, ±3 and 6 among them
    if not row.analytic:
        x = x[np.min(np.abs(x[:, None] - np.array(row.kinks + row.joints)), axis=1) > 1e-10]
    slope = row.slope(x, NUMPY)
    z = x + 1e-100j
    np.testing.assert_allclose(row.value(z, NUMPY).imag / 1e-100, slope, rtol=2e-14, atol=2e-16)
    np.testing.assert_allclose(row.value(z, NUMPY).real, row.value(x, NUMPY), rtol=2e-14, atol=1e-190)
    np.testing.assert_allclose(row.slope(z, NUMPY).real, slope, rtol=2e-14, atol=2e-16)


@pytest.mark.parametrize("name", COLUMNWISE)
def test_the_complex_step_gives_the_pullback_also_at_ties(name):
    row = ACTIVATIONS[name]
    z = np.array([[1.0, 0.0, 700.0], [1.0, 0.0, -5.0], [-2.0, 0.0, 3.0]])
    for i in range(3):
        for j in range(3):
            moved = z + 1e-100j * np.eye(3)[:, [j]]
            pulled = row.pullback(z, np.eye(3)[:, [i]] + 0 * z, NUMPY)
            np.testing.assert_allclose(row.value(moved, NUMPY).imag[i] / 1e-100, pulled[j], rtol=1e-15, atol=1e-16)
            np.testing.assert_allclose(
                row.pullback(moved, np.eye(3)[:, [i]] + 0 * z, NUMPY).real[j], pulled[j], rtol=1e-15
            )


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.complex128])
def test_results_keep_the_number_type(name, dtype):
    row = ACTIVATIONS[name]
    z = np.linspace(-4, 4, 12).reshape(4, 3).astype(dtype)
    if dtype is np.longdouble and "longdouble" in row.lacks:
        with pytest.raises(TypeError, match=rf"no erfc for {np.dtype(dtype)}.*{name} needs it"):
            row.value(z, NUMPY)
        with pytest.raises(TypeError, match=r"scipy\.special has it for float32, float64 and complex128"):
            through(row, z, z, NUMPY)
        return
    assert row.value(z, NUMPY).dtype == dtype
    assert through(row, z, z, NUMPY).dtype == dtype


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_float32_is_as_accurate_as_float32_can_be(name):
    row = ACTIVATIONS[name]
    x, value, slope = _reference(name, 1_000)
    single = x.astype(np.float32)
    x = single.astype(float)  # the same numbers, so that float64 tells what float32 should have found
    keep = (np.abs(x) > 1e-30) & ~np.isin(x, row.kinks + row.joints)
    eps = 2.0**-23
    for f, exact in ((row.value, value), (row.slope, slope)):
        right = f(x, NUMPY)
        allowed = 16 * eps * (1 + exact.condition) * np.abs(right) + 4 * eps * exact.terms + 2.0**-126
        got = f(single, NUMPY)
        assert got.dtype == np.float32
        assert (np.abs(got - right)[keep] <= allowed[keep]).all()


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if not ACTIVATIONS[name].lacks])
def test_longdouble_gains_digits(name):
    if np.finfo(np.longdouble).eps >= EPS:
        return  # the same format as float64 on this platform
    row = ACTIVATIONS[name]
    x = np.random.default_rng(1).uniform(-8, 8, size=60)
    rounded = name in ("leaky_relu", "selu", "gelu_tanh")  # their constants are rounded to float64
    for f, exact in zip((row.value, row.slope), references(*DEFINITIONS[name], x), strict=True):
        got = f(x.astype(np.longdouble), NUMPY)
        error = np.abs((got - exact.high) - exact.low)
        allowed = 16 * (1 + exact.condition) * np.abs(exact.high) + 4 * exact.terms
        assert (error <= allowed * (EPS if rounded else float(np.finfo(np.longdouble).eps))).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nothing_overflows_or_warns_at_the_ends_of_the_range(name):
    row = ACTIVATIONS[name]
    z = np.array([[-1e300, 1e300, -1e160, 1e160, 0.0, -0.0, 5e-324, -5e-324]])
    for points_ in (z, np.vstack([z, z[:, ::-1]])):
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            assert np.isfinite(row.value(points_, NUMPY)).all()
            assert np.isfinite(through(row, points_, np.ones_like(points_), NUMPY)).all()
    z32 = np.array([[-1e30, 1e30, -1e20, 1e20, 0.0]], dtype=np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.isfinite(row.value(z32, NUMPY)).all()
        assert np.isfinite(through(row, z32, np.ones_like(z32), NUMPY)).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_leading_axes_are_independent_copies_and_arguments_stay_as_they_are(name):
    row = ACTIVATIONS[name]
    z, v = np.random.default_rng(3).standard_normal((2, 2, 5, 4, 3))
    before = z.copy(), v.copy()
    value, pulled = row.value(z, NUMPY), through(row, z, v, NUMPY)
    for index in np.ndindex(2, 5):
        np.testing.assert_allclose(value[index], row.value(z[index], NUMPY), rtol=4e-16)
        np.testing.assert_allclose(pulled[index], through(row, z[index], v[index], NUMPY), rtol=1e-15, atol=1e-16)
    np.testing.assert_array_equal(z, before[0])
    np.testing.assert_array_equal(v, before[1])


def test_images_are_what_the_rows_say():
    z = np.random.default_rng(4).standard_normal((5, 200)) * 5
    for name, row in ACTIVATIONS.items():
        a = row.value(z, NUMPY)
        assert row.image in ("real", "positive", "probability", "distribution"), name
        if row.image != "real":
            assert (a > 0).all(), name
        if row.image in ("probability", "distribution"):
            assert (a <= 1).all(), name
        if row.image == "distribution":
            np.testing.assert_allclose(a.sum(axis=0), 1, rtol=1e-15)


def test_through_multiplies_by_the_slope_where_the_row_is_elementwise():
    z, v = np.array([[0.5, -2.0]]), np.array([[3.0, 5.0]])
    np.testing.assert_array_equal(through(ACTIVATIONS["tanh"], z, v, NUMPY), v * ACTIVATIONS["tanh"].slope(z, NUMPY))


@pytest.mark.parametrize("both", [{}, {"slope": lambda z, e: z, "pullback": lambda z, v, e: v}])
def test_a_row_has_a_slope_or_a_pullback(both):
    with pytest.raises(ValueError, match=r"a slope \(elementwise\) or a pullback \(columnwise\), and not both"):
        Activation(lambda z, e: z, **both)
