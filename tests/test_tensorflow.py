"""TensorFlow and Keras: what is recognised, named and judged, and that everything is left as it was."""

from __future__ import annotations

import numpy as np
import pytest

from checks import InvalidSubject, MisuseError, Outcome, audit
from checks.adapters import FRAMEWORKS, adapt
from checks.adapters.row import Seen

tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed: it is what is audited here")
keras = pytest.importorskip("keras", reason="keras is not installed: its layers are audited here")
RNG = np.random.default_rng(0)
X = tf.constant(RNG.normal(size=(4, 3)))
W = tf.constant(RNG.normal(size=(3, 2)))
NARROW = tf.cast(X, tf.float32)
SEEN = []


def cube(factor=1.0):
    """x³, its gradient multiplied."""

    @tf.custom_gradient
    def cube(x):
        return x**3, lambda v: factor * 3 * x**2 * v

    return cube


class Scaled(keras.layers.Layer):
    """x ⊙ w, the gradient of w multiplied."""

    def __init__(self, factor=1.0, **rest):
        super().__init__(**rest)
        self.factor, self.calls = factor, 0

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1],), initializer="ones", name="w")

    def call(self, x):
        self.calls += 1
        SEEN.append((x.dtype.name, self.w.value.dtype.name))

        @tf.custom_gradient
        def scaled(x, w):
            return x * w, lambda v: (v * w, self.factor * tf.reduce_sum(v * x, axis=0))

        return scaled(x, tf.convert_to_tensor(self.w))


def failed(report):
    return {f.verdict.tensor.split(" (entries")[0] for f in report.findings if f.verdict.outcome is Outcome.FAIL}


def audited(report):
    return [v.tensor for v in report.verdicts if v.law == "shapes"]


@pytest.mark.parametrize("target", [tf.tanh, tf.function(lambda x: x), cube(), lambda x: (x, x.shape)])
def test_each_target_is_read_as_a_function_of_tensorflow(target):
    seen = Seen(target, (X,))
    assert [name for name, r in FRAMEWORKS.items() if not r.missing(seen)] == ["tensorflow function"]


def test_a_wrapped_function_and_a_layer_are_known_by_their_types_where_the_inputs_are_numpys():
    assert audit(cube(), np.ones(3)).outcome is Outcome.PASS
    assert audited(audit(lambda: keras.layers.Dense(2), np.ones((2, 3)))) == ["inputs", "kernel", "bias"]


def test_a_custom_gradient_passes_and_a_spoiled_one_fails_with_its_ratio():
    assert audit(cube(), X).outcome is Outcome.PASS
    report = audit(cube(1.01), X)
    assert report.outcome is Outcome.FAIL
    assert failed(report) == {"x"}
    assert all(abs(f.verdict.ratio - 1.01) < 1e-6 for f in report.findings if f.verdict.ratio)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_every_dtype_is_judged_in_its_own_precision(dtype):
    seen = []

    def spied(x):
        seen.append(x.dtype.name)
        return cube()(x)

    report = audit(spied, tf.cast(X, dtype))
    assert report.outcome is Outcome.PASS, str(report)
    assert set(seen) == {dtype, "float64"}
    assert audit(cube(1.3), tf.cast(X, dtype), seed=1).outcome is Outcome.FAIL  # one in four stays open in bfloat16


def test_arguments_may_be_nested_and_outputs_too():
    def layer(params, x, k, flag):
        h = tf.tanh(x @ params["dense"]["w"] + params["b"][0])
        return {"h": h, "n": k, "sum": tf.reduce_sum(h)} if flag else h

    params = {"dense": {"w": W}, "b": [tf.ones(2, tf.float64)], "names": None}
    report = audit(layer, params, X, tf.range(3), True)
    assert report.outcome is Outcome.PASS, str(report)
    assert audited(report) == ["params.dense.w", "params.b.0", "x"]
    assert audited(audit(layer, params, X, tf.range(3), True, wrt=[0, "x"])) == ["params.dense.w", "params.b.0", "x"]
    assert audited(audit(layer, params, X, tf.range(3), True, wrt="x")) == ["x"]


def test_complex_numbers_in_tensorflows_convention():
    z = tf.constant(RNG.normal(size=3) + 1j * RNG.normal(size=3))
    assert audit(lambda z: (z * tf.math.conj(z) * z, tf.abs(z)), z).outcome is Outcome.PASS

    @tf.custom_gradient
    def square(z):
        return z * z, lambda v: 2 * z * v  # JAX's convention, not TensorFlow's

    assert audit(square, z).outcome is Outcome.FAIL


def test_the_function_without_its_rule_settles_what_measuring_leaves_open():
    @tf.custom_gradient
    def far(x):
        y = tf.exp(-tf.abs(x))
        return 1e7 + y, lambda v: -tf.sign(x) * y * v

    x = tf.constant([1.0, 1.2, 1.5], tf.float64)
    report = audit(far, x, resolution=1e-7, proof=False)
    assert report.outcome is Outcome.PASS, str(report)
    assert "a second way" in {v.estimate.method for v in report.verdicts if v.estimate}
    assert audit(lambda x: far(x), x, resolution=1e-7, proof=False).outcome is Outcome.INCONCLUSIVE


def test_variables_that_a_function_closes_over_are_audited_and_put_back():
    w, other = tf.Variable(W), tf.Variable(1.0)
    before = w.numpy()

    @tf.custom_gradient
    def linear(x):
        def back(v, variables):
            assert variables[0] is w
            return v @ tf.transpose(w), [2 * tf.transpose(x) @ v]

        return x @ w, back

    report = audit(lambda x: linear(x), X)
    assert audited(report) == ["x", "w"]
    assert failed(report) == {"w"}
    assert np.array_equal(w.numpy(), before)
    assert other.numpy() == 1


def test_a_layer_in_float32_is_judged_against_float64_and_left_as_it_was():
    layer = Scaled()
    layer(NARROW)
    report = audit(layer, NARROW)
    assert report.outcome is Outcome.PASS, str(report)
    assert audited(report) == ["x", "w"]
    assert set(SEEN) == {("float32", "float32"), ("float64", "float64")}
    assert layer.calls == 1
    wrong = Scaled(1.01)
    wrong(NARROW)
    value, policy = wrong.w._value, wrong.dtype_policy
    assert failed(audit(wrong, NARROW)) == {"w"}
    assert wrong.w._value is value
    assert wrong.dtype_policy is policy
    assert np.array_equal(wrong.w.numpy(), np.ones(3, "f"))
    assert (wrong.w.dtype, keras.config.floatx(), tf.config.functions_run_eagerly()) == ("float32", "float32", False)


def test_a_layer_that_has_not_been_called_stays_so():
    layer = keras.Sequential([keras.layers.Dense(4, activation="tanh"), Scaled()])
    report = audit(layer, NARROW)
    assert report.outcome is Outcome.PASS, str(report)
    assert not layer.built
    assert [n.split(".")[-1] for n in audited(report)] == ["inputs", "kernel", "bias", "w"]


def test_a_model_in_training_its_moving_averages_and_draws():
    x = keras.Input((3,), dtype="float64")
    h = keras.layers.Dense(4, name="dense", dtype="float64")(x)
    h = keras.layers.BatchNormalization(name="norm", dtype="float64")(h)
    model = keras.Model(x, {"h": keras.layers.Dropout(0.3, dtype="float64")(h), "x": x * 2}, name="model")
    model.dtype_policy = "float64"
    model.layers[1].trainable = False
    before = [v.numpy() for v in model.variables]
    report = audit(model, X, training=True)
    assert report.outcome is Outcome.PASS, str(report)
    assert audited(report) == ["inputs", "norm.gamma", "norm.beta"]
    notes = str(report)
    assert "dense.kernel" in notes
    assert "norm.moving_mean" in notes
    assert all(np.array_equal(a, v.numpy()) for a, v in zip(before, model.variables, strict=True))


def test_a_draw_that_is_another_one_in_float64_is_measured_in_its_own_dtype():
    subject = adapt(lambda: keras.layers.Dropout(0.5), NARROW, training=True)
    with pytest.raises(InvalidSubject, match=r"in float64 it draws other random numbers"):
        subject.forward({"inputs": X.numpy()})


def test_draws_are_held_fixed_and_the_global_seed_goes_on_as_if_nothing_had_been_drawn():
    tf.random.set_seed(3)
    one = tf.random.normal([2])
    then = tf.random.normal([2]).numpy()
    tf.random.set_seed(3)
    assert np.array_equal(one, tf.random.normal([2]))
    report = audit(lambda x: tf.nn.dropout(x, 0.4) ** 2, X)
    assert report.outcome is Outcome.PASS, str(report)
    assert np.array_equal(tf.random.normal([2]), then)
    tf.random.set_seed(4)


def test_a_layer_whose_function_is_compiled_and_a_mixed_policy():
    class Compiled(Scaled):
        @tf.function
        def call(self, x):
            return tf.tanh(x * self.w)

    layer = Compiled(dtype="mixed_bfloat16")
    layer(NARROW)
    report = audit(layer, NARROW)
    assert report.outcome is Outcome.PASS, str(report)
    dense = keras.layers.Dense(2)
    dense(NARROW)
    report = audit(lambda x: dense(x) ** 2, NARROW)
    assert report.outcome is Outcome.PASS, str(report)
    assert audited(report) == ["x", "dense.kernel", "dense.bias"]


def test_gradients_of_gathered_rows_are_added_up():
    report = audit(lambda table: tf.gather(table, [0, 2, 0]) ** 2, X)
    assert report.outcome is Outcome.PASS, str(report)


def test_forward_mode_is_held_where_it_is_asked_for():
    report = audit(tf.tanh, X, forward_mode=True)
    assert report.outcome is Outcome.PASS, str(report)
    assert "jvp" in {v.law for v in report.verdicts}


def test_what_is_cut_off_claims_zero():
    assert failed(audit(lambda x: tf.constant(x.numpy() ** 2), X)) == {"x"}


def test_what_cannot_be_audited_says_what_to_give():
    with pytest.raises(InvalidSubject, match=r"nothing to differentiate: no input and no trainable variable holds"):
        adapt(lambda x: tf.cast(x, tf.float32), tf.range(3))
    with pytest.raises(InvalidSubject, match=r"it returns no tensor of floating-point numbers"):
        adapt(tf.argmax, X)
    with pytest.raises(MisuseError, match=r"wrt='y': there is no 'y'; there are 'x'"):
        adapt(lambda x: x, X, wrt="y")
    with pytest.raises(MisuseError, match=r"training= is for layers of Keras"):
        adapt(tf.tanh, X, training=True)


def test_what_raises_is_a_finding():
    def broken(x):
        raise ValueError("no such layer")

    report = audit(broken, X)
    assert report.outcome is Outcome.FAIL
    assert "no such layer" in str(report)
    assert "forward raised ValueError" in str(audit(lambda: keras.layers.Conv2D(2, 3), X))


def test_a_layer_that_can_neither_be_copied_nor_has_its_variables_says_what_to_give():
    class Bare(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = keras.layers.Dense(2)

        def call(self, x):
            return self.inner(x)

    with pytest.raises(MisuseError, match=r"has no variables yet, and cannot be copied; expected one that has been"):
        adapt(Bare(), X)
    assert next(iter(adapt(Bare, NARROW).point)) == "x"


def test_a_straight_through_estimator_is_held_to_what_it_declares_and_a_kernel_to_its_reference():
    straight = tf.custom_gradient(lambda x: (tf.round(x), lambda v: v))
    assert audit(straight, X).outcome is Outcome.FAIL
    assert audit(straight, X, declared=lambda x: tf.identity(x)).outcome is Outcome.PASS
    assert audit(lambda x: tf.cast(tf.cast(x, "float16") ** 2, "float32"), NARROW, reference=tf.square).outcome
    with pytest.raises(MisuseError, match=r"reference has no parameter 'kernel'; it has 'w'"):
        adapt(lambda: keras.layers.Dense(2), NARROW, reference=Scaled())
