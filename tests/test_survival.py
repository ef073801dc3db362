"""What an audit survives, and what the user reads of it: state, writes, laziness, errors, shapes, slowness, Ctrl-C."""

from __future__ import annotations

import random
import time
import warnings

import numpy as np
import pytest

from checks import Outcome, Subject, audit
from checks.adapters import adapt, step

X, W = np.random.default_rng(3).normal(size=(2, 5, 4))
W = W[:4, :3].copy()


def affine(x, w):
    return x @ w, (x, w)


def affine_back(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout


class Dense:
    """A right layer to be made wrong, or odd, in one way at a time."""

    def __init__(self):
        self.W = W.copy()

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T


def told(target, *args, **options):
    """The outcome, and what is printed on one line."""
    report = audit(target, *args, **options)
    return report.outcome, " ".join(str(report).split())


# --- state ----------------------------------------------------------------------------------------------------------


def test_state_an_object_that_may_be_used_once_is_made_anew_for_every_forward():
    class Once(Dense):
        used = False

        def forward(self, x):
            assert not self.used, "a forward was already made"
            self.used = True
            return super().forward(x)

    assert audit(Once, X).outcome is Outcome.PASS
    assert audit(Once(), X).outcome is Outcome.PASS


def test_second_use_a_reset_that_does_not_reset():
    class Cell(Dense):
        def __init__(self):
            super().__init__()
            self.h = np.zeros(3)

        def reset_state(self):
            self.hidden = np.zeros(3)  # another name

        def forward(self, x):
            out = super().forward(x) * (1 + self.h)
            self.scale, self.h = 1 + self.h, out.mean(axis=0)
            return out

        def backward(self, dout):
            return super().backward(dout * self.scale)

    outcome, words = told(Cell, X)
    assert outcome is Outcome.FAIL
    assert words.startswith(
        'FAIL Cell gradient of "x" (law fresh, float64) because around a second object the pullback'
    )

    class Mended(Cell):
        def reset_state(self):
            self.h = np.zeros(3)

    assert audit(Mended, X).outcome is Outcome.PASS


def test_second_use_a_cell_without_a_reset_is_not_called_wrong():
    class Cell(Dense):
        h = 0.0

        def forward(self, x):
            self.h = 0.5 * self.h + super().forward(x)
            return self.h

    assert audit(Cell, X).outcome is Outcome.PASS


def test_second_use_a_tape_that_is_read_from_the_wrong_end():
    class Tape(Dense):
        def __init__(self):
            super().__init__()
            self.tape = []

        def forward(self, x):
            self.tape.append(x)
            return x @ self.W

        def backward(self, dout):
            self.dW = self.tape[0].T @ dout
            return dout @ self.W.T

    outcome, words = told(Tape, X)
    assert outcome is Outcome.FAIL
    assert 'gradient of "W" (law fresh, float64)' in words
    assert "state is shared or left over" in words


def test_accumulation_one_of_two_gradients_is_overwritten():
    class Mixed(Dense):
        def __init__(self):
            self.params = {"W": W.copy(), "b": np.zeros(3)}
            self.grads = {"W": np.zeros((4, 3)), "b": np.zeros(3)}

        def forward(self, x):
            self.x = x
            return x @ self.params["W"] + self.params["b"]

        def backward(self, dout):
            self.grads["W"] += self.x.T @ dout
            self.grads["b"] = dout.sum(axis=0)
            return dout @ self.params["W"].T

    outcome, words = told(Mixed, X)
    assert outcome is Outcome.FAIL
    assert 'FAIL Mixed gradient of "b" (law accumulation, float64)' in words
    assert "it overwrites what was there" in words


# --- in place -------------------------------------------------------------------------------------------------------


def test_in_place_writes_are_reported_and_do_not_spoil_the_verdict():
    def backward(dout, cache):
        dout *= cache > 0
        return dout

    outcome, words = told(((lambda x: (np.maximum(x, 0), x)), backward), X)
    assert outcome is Outcome.FAIL
    assert words.startswith(
        "FAIL lambda (law pure, float64) because pullback wrote into the cotangent that it was given"
    )
    assert "right to" in words


def test_a_gradient_buffer_that_is_reused():
    class Reused(Dense):
        def __init__(self):
            super().__init__()
            self.dW, self.dx = np.zeros((4, 3)), np.zeros((5, 4))

        def backward(self, dout):
            np.matmul(self.x.T, dout, out=self.dW)
            return np.matmul(dout, self.W.T, out=self.dx)

    assert audit(Reused, X).outcome is Outcome.PASS


# --- lazy parameters ------------------------------------------------------------------------------------------------


def test_lazy_parameters_are_found_after_a_first_forward():
    class Lazy(Dense):
        def __init__(self):
            self.W = None

        def forward(self, x):
            if self.W is None:
                self.W = np.random.default_rng(0).normal(size=(x.shape[1], 3))
            return super().forward(x)

    report = audit(Lazy, X)
    assert report.outcome is Outcome.PASS
    assert {v.tensor for v in report.verdicts if v.law == "shapes"} == {"x", "W"}


# --- float32, randomness --------------------------------------------------------------------------------------------


def test_float32_inside_is_a_note_and_no_wrong_gradient():
    def forward(x, w):
        return (x.astype(np.float32) @ w.astype(np.float32)).astype(float), (x, w)

    outcome, words = told((forward, affine_back), X, W)
    assert outcome is Outcome.PASS
    assert "note: forward says float64, its values carry 24 bits, as float32 does" in words


def test_unseeded_randomness_is_named():
    generator = np.random.default_rng()

    def forward(x):
        mask = generator.random(x.shape) < 0.5
        return x * mask, mask

    outcome, words = told((forward, lambda dout, mask: dout * mask), X)
    assert outcome is Outcome.INCONCLUSIVE
    assert "forward called twice at one point gives other outputs" in words
    assert "to settle seed it, or hold its mask or draw fixed" in words


def test_randomness_from_the_global_state_is_frozen_and_judged():
    def forward(x):
        mask = np.random.random(x.shape) < 0.5  # noqa: NPY002 - what unseeded code does
        return x * mask, mask

    outcome, words = told((forward, lambda dout, mask: dout * mask), X)
    assert outcome is Outcome.PASS
    assert "note: the forward draws from the global state of numpy.random: one draw, held fixed, is judged" in words


def test_a_draw_of_another_thread_is_not_the_forwards():
    """As of a cluster's worker, whose own threads draw from the global state while a target is audited."""
    called = []

    def forward(p):
        if not called:
            random.random()  # noqa: S311 - as if beside it
        called.append(1)
        return np.sin(p["x"])

    subject = Subject(
        name="sin", point={"x": np.ones(3)}, forward=forward, pullback=lambda p, v: {"x": v * np.cos(p["x"])}
    )
    report = audit(subject)
    assert report.outcome is Outcome.PASS
    assert "draws from" not in str(report)


# --- errors instead of numbers --------------------------------------------------------------------------------------


def test_an_exception_in_the_forward():
    def forward(x):
        raise ValueError("no such layer")

    outcome, words = told((forward, affine_back), X)
    assert outcome is Outcome.FAIL
    assert "forward raised ValueError: no such layer (test_survival.py:" in words


def test_an_exception_in_the_backward():
    def backward(dout, cache):
        return dout @ w.T  # noqa: F821 - a backward that nobody ever ran

    outcome, words = told((affine, backward), X, W)
    assert outcome is Outcome.FAIL
    assert "pullback raised NameError: name 'w' is not defined (test_survival.py:" in words


def test_an_exception_in_the_backward_of_an_object():
    class Broken(Dense):
        def backward(self, dout):
            return dout @ self.weights.T

    outcome, words = told(Broken, X)
    assert outcome is Outcome.FAIL
    assert "pullback raised AttributeError: 'Broken' object has no attribute 'weights' (test_survival.py:" in words


def test_wrong_shapes_that_would_broadcast():
    outcome, words = told((affine, lambda d, c: (d @ c[1].T, (c[0].T @ d).sum(axis=0, keepdims=True))), X, W)
    assert outcome is Outcome.FAIL
    assert "the gradient of 'w' has shape (1, 3); the primal has (4, 3)" in words


def test_empty_gradients():
    outcome, words = told((affine, lambda d, c: (d @ c[1].T, np.zeros((0, 3)))), X, W)
    assert outcome is Outcome.FAIL
    assert "the gradient of 'w' has shape (0, 3); the primal has (4, 3)" in words


def test_a_scalar_for_an_array():
    outcome, words = told((affine, lambda d, c: (d @ c[1].T, float(d.sum()))), X, W)
    assert outcome is Outcome.FAIL
    assert "the gradient of 'w' has shape (); the primal has (4, 3)" in words


def test_no_gradient_at_all():
    outcome, words = told((affine, lambda d, c: None), X, W)
    assert outcome is Outcome.FAIL
    assert "the gradient of 'x' is None" in words


def test_gradients_in_a_wrong_order():
    outcome, words = told((affine, lambda d, c: affine_back(d, c)[::-1]), X, W)
    assert outcome is Outcome.FAIL
    assert "the gradient of 'x' has shape (4, 3); the primal has (5, 4)" in words


def test_a_constant_ratio_is_said_first():
    outcome, words = told((affine, lambda d, c: (d @ c[1].T, -c[0].T @ d)), X, W)
    assert outcome is Outcome.FAIL
    assert "ratio -1.000" in words


# --- on purpose, slowness -------------------------------------------------------------------------------------------


def test_on_purpose_gradients_are_held_to_their_declaration():
    reverse = (lambda x: (x * 1.0, None)), (lambda dout, cache: -dout)
    assert audit(reverse, X).outcome is Outcome.FAIL
    outcome, words = told(reverse, X, declared=lambda dout, cache: -dout)
    assert outcome is Outcome.PASS
    assert "note: held to what is declared, not to the derivative: x" in words
    outcome, words = told(reverse, X, declared=lambda dout, cache: -2 * dout)
    assert outcome is Outcome.FAIL
    assert "pullback(v) is not what is declared" in words


def test_a_slow_forward_stays_within_its_budget():
    def slow(x):
        time.sleep(0.05)
        return np.sin(x)

    started = time.perf_counter()
    outcome, words = told((slow, np.cos), X, budget="0.3s")
    assert time.perf_counter() - started < 1.5
    assert outcome is Outcome.INCONCLUSIVE
    assert "the budget of 0.3 seconds is spent" in words
    assert "to settle allow a larger budget" in words


def test_a_step_whose_digits_are_lost_is_refused():
    from checks import MisuseError

    with pytest.raises(MisuseError, match=r"lr=1e-14 is too small for weights of size .* take the step with a larger"):
        step(lambda w: w - 1e-14 * w, lambda w: 0.5 * float(w @ w), np.array([1.0, 2.0]), lr=1e-14)


# --- objects that are not easily copied, arrays that are large -------------------------------------------------------


def test_an_object_that_cannot_be_copied_is_copied_but_for_that_part():
    import threading

    class Locked(Dense):
        def __init__(self):
            super().__init__()
            self.inner = {"lock": threading.Lock()}

    layer = Locked()
    assert audit(layer, X).outcome is Outcome.PASS
    assert not hasattr(layer, "dW")


def test_an_object_is_rebuilt_by_fresh_with_the_same_parameters():
    class Unlike(Dense):
        def __init__(self):
            self.W = np.random.default_rng().normal(size=(4, 3))

        def __deepcopy__(self, memo):
            raise TypeError("made, not copied")

    report = audit(Unlike(), X, fresh=Unlike)
    assert report.outcome is Outcome.PASS, str(report)


def test_large_arrays_of_an_object_are_shared_unless_they_are_written_into():
    class Large(Dense):
        def __init__(self):
            super().__init__()
            self.table, self.scratch = np.zeros(1_000_001), np.zeros(1_000_001)
            self.seen = []

        def forward(self, x):
            self.scratch[: x.size] = x.ravel()
            ids.append((id(self.table), id(self.scratch)))
            return super().forward(x)

    ids: list[tuple[int, int]] = []
    layer = Large()
    subject = adapt(layer, X)
    ids.clear()
    subject.forward(subject.point)
    assert ids[0][0] == id(layer.table)
    assert ids[0][1] != id(layer.scratch)
    assert not layer.scratch.any()


# --- what is differentiated -----------------------------------------------------------------------------------------


def test_complex_arrays_are_two_real_ones():
    """The gradient of a complex z is ∂L/∂Re z + i ∂L/∂Im z; half of it, the other convention, fails by that factor."""
    z = X + 1j * X[::-1]
    assert audit(lambda z: (np.sum(np.abs(z) ** 2), 2 * z), z).outcome is Outcome.PASS
    outcome, words = told(lambda z: (np.sum(np.abs(z) ** 2), 1 * z), z)
    assert outcome is Outcome.FAIL
    assert "ratio 0.5000" in words


def test_parameters_named_by_attribute_without_a_gradient_are_named():
    class Norm:
        def __init__(self):
            self.gamma, self.beta, self.running_mean = np.full(4, 1.5), np.ones(4), np.zeros(4)

        def forward(self, x):
            self.x = x
            return x * self.gamma + self.beta - self.running_mean

        def backward(self, dout):
            self.dgamma = (dout * self.x).sum(axis=0)
            return dout * self.gamma

    outcome, words = told(Norm, X)
    assert outcome is Outcome.INCONCLUSIVE
    assert "the object holds 'beta', and no gradient of it is claimed" in words
    subject = adapt(Norm, X)
    assert subject.unclaimed == {"beta": "", "running_mean": "a buffer, by its name"}
    frozen = Norm()
    frozen.trainable = False
    assert adapt(frozen, X).unclaimed == {"beta": "frozen", "running_mean": "frozen"}


def test_names_and_holders_can_be_said():
    class Odd(Dense):
        def __init__(self):
            self.theta, self.errors = [W.copy()], [None]

        def forward(self, x):
            self.x = x
            return x @ self.theta[0]

        def backward(self, dout):
            self.errors[0] = self.x.T @ dout
            return dout @ self.theta[0].T

    report = audit(Odd, X, params="theta", grads="errors", names=["pixels"])
    assert report.outcome is Outcome.PASS
    assert {v.tensor for v in report.verdicts if v.law == "shapes"} == {"pixels", "0"}


# --- the target is left as it was ------------------------------------------------------------------------------------


class Everything(Dense):
    """Parameters, buffers, stored gradients, flags and modes."""

    def __init__(self, error=None):
        super().__init__()
        self.training, self.calls, self.running_mean = True, 0, np.zeros(3)
        self.dW, self.error = np.full((4, 3), 7.0), error

    def forward(self, x):
        self.training, self.calls = False, self.calls + 1
        self.running_mean += 1
        np.random.random()  # noqa: NPY002 - what unseeded code does
        return super().forward(x)

    def backward(self, dout):
        if self.error is not None and self.calls and np.abs(dout).max() > 0 and not np.all(dout == 1):
            raise self.error
        self.W *= 1.0
        return super().backward(dout)


def left(layer):
    return layer.W.copy(), layer.running_mean.copy(), layer.dW.copy(), layer.training, layer.calls, sorted(vars(layer))


@pytest.mark.parametrize("error", [None, ValueError("no"), KeyboardInterrupt()], ids=["", "exception", "ctrl-c"])
@pytest.mark.parametrize("bound", [False, True], ids=["object", "methods"])
def test_object_random_states_and_filters_are_left_as_they_were(error, bound):
    layer = Everything(error)
    target = (layer.forward, layer.backward) if bound else layer
    before = left(layer), np.random.get_state()[1].copy(), list(warnings.filters), np.geterr()  # noqa: NPY002 - global
    inputs = X.copy()
    if isinstance(error, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            audit(target, inputs)
    else:
        assert audit(target, inputs).outcome is (Outcome.FAIL if error else Outcome.PASS)
    after = left(layer), np.random.get_state()[1].copy(), list(warnings.filters), np.geterr()  # noqa: NPY002 - global
    np.testing.assert_equal(after, before)
    np.testing.assert_array_equal(inputs, X)


def test_weights_given_to_a_step_are_left_as_they_were():
    weights = {"W": W.copy()}

    def one_step(w):
        w["W"] -= 0.1 * w["W"]

    assert audit(step(one_step, lambda w: 0.5 * np.sum(w["W"] ** 2), weights, lr=0.1)).outcome is Outcome.PASS
    np.testing.assert_array_equal(weights["W"], W)


def test_a_model_whose_methods_remember_is_left_as_it_was():
    class Model:
        fits = 0

        def fn(self, x):
            self.fits += 1
            self.last = x
            return np.sin(x)

        def grad(self, x):
            return np.cos(x)

    model = Model()
    assert audit(model, X).outcome is Outcome.PASS
    assert vars(model) == {}


@pytest.mark.parametrize("what", ["filters", "errors"])
def test_what_a_target_changes_for_the_whole_process_is_put_back(what):
    def forward(x):
        warnings.simplefilter("ignore") if what == "filters" else np.seterr(all="ignore")
        return np.sin(x)

    before = list(warnings.filters), np.geterr()
    with warnings.catch_warnings(), np.errstate():
        adapt((forward, np.cos), X)
        assert (list(warnings.filters), np.geterr()) == before


@pytest.mark.parametrize(("by", "outcome"), [(1.0, Outcome.PASS), (1.01, Outcome.FAIL)])
def test_a_target_that_makes_underflow_an_error_is_judged_all_the_same(by, outcome):
    slopes = np.where(np.arange(40) % 3, 1.0, 1e-170)

    def pullback(p, v):
        np.seterr(all="raise")
        return {"x": by * slopes * v}

    before, point = np.geterr(), {"x": np.linspace(0.3, 2.0, 40)}
    subject = Subject(name="faint", point=point, forward=lambda p: slopes * p["x"], pullback=pullback)
    assert audit(subject).outcome is outcome
    assert np.geterr() == before


def test_an_object_that_cannot_be_copied_at_all_says_what_to_give():
    from checks import InvalidSubject

    class Handle(Dense):
        def __deepcopy__(self, memo):
            raise TypeError("made, not copied")

    with pytest.raises(InvalidSubject, match=r"Handle cannot be copied.*fresh=lambda: Handle\(…\)"):
        audit(Handle(), X)


def test_gradients_that_cancel_are_not_taken_for_ones_that_add_up():
    """Batch normalisation: along a constant cotangent its scale's gradient is rounding and nothing else."""

    class BatchNorm:
        def __init__(self):
            self.gamma, self.beta, self.running_mean = np.full(4, 1.2), np.zeros(4), np.zeros(4)

        def forward(self, x):
            self.running_mean = 0.9 * self.running_mean + 0.1 * x.mean(axis=0)
            self.std = np.sqrt(x.var(axis=0) + 1e-5)
            self.hat = (x - x.mean(axis=0)) / self.std
            return self.gamma * self.hat + self.beta

        def backward(self, dout):
            self.dgamma, self.dbeta = (dout * self.hat).sum(axis=0), dout.sum(axis=0)
            d = dout * self.gamma
            return (d - d.mean(axis=0) - self.hat * (d * self.hat).mean(axis=0)) / self.std

    assert not adapt(BatchNorm, X).accumulates
    assert audit(BatchNorm, X).outcome is Outcome.PASS


def test_a_step_with_momentum_and_a_count_of_its_steps_is_not_called_wrong():
    class Momentum(Dense):
        def __init__(self):
            super().__init__()
            self.m, self.t, self.lr = np.zeros((4, 3)), 0, 0.01

        def backward(self, dout):
            back, self.t = dout @ self.W.T, self.t + 1
            self.m = 0.9 * self.m + 0.1 * self.x.T @ dout
            self.W -= self.lr * self.m / (1 - 0.9**self.t)
            return back

    report = audit(Momentum, X)
    assert report.outcome is Outcome.PASS, str(report)
    assert {v.tensor for v in report.verdicts if v.law == "shapes"} == {"x", "W"}


def test_a_derivative_that_may_be_of_the_output_is_asked_for():
    from checks import MisuseError

    pair = (lambda x: 1 / (1 + np.exp(-x))), (lambda a: a * (1 - a))
    with pytest.raises(MisuseError, match=r"calls its argument 'a' and the function calls its own 'x'.*of='output'"):
        audit(pair, X)
    assert audit(pair, X, of="output").outcome is Outcome.PASS


def test_a_function_of_a_dict_that_returns_its_gradients_needs_no_mark():
    def f(params, x):
        r = x @ params["W"]
        return 0.5 * np.sum(r**2), {"W": x.T @ r}

    assert audit(f, {"W": W}, X).outcome is Outcome.PASS
