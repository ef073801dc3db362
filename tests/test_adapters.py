"""Every shape in which people write gradients, right and wrong: recognised, named and judged as it should be."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest
from test_shapes import ROWS

from checks import InvalidSubject, MisuseError, Outcome, Subject, UnknownTarget, audit
from checks.adapters import ADAPTERS, FRAMEWORKS, adapt, chain, value_and_grad, value_and_jacobian

rng = np.random.default_rng(20)
X, W, B = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
Y = rng.normal(size=(5, 3))


@dataclass(frozen=True)
class Shape:
    """One way of writing a gradient: ``make(1.0)`` is right, ``make(1.01)`` is 1 % wrong in ``wrong``."""

    name: str
    make: Callable[[float], Any]
    args: tuple[Any, ...]
    names: tuple[str, ...]
    wrong: str
    options: dict[str, Any] = field(default_factory=dict)
    row: str = ""


# --- pairs of functions ---------------------------------------------------------------------------------------------


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache, factor=1.0):
    x, w = cache
    return dout @ w.T, factor * x.T @ dout, dout.sum(axis=0)


def with_cache(factor):
    return affine_forward, partial(affine_backward, factor=factor)


def with_dict(factor):
    def backward(dout, cache):
        dx, dw, db = affine_backward(dout, cache, factor)
        return {"dw": dw, "db": db, "dx": dx}

    return affine_forward, backward


def one_bare(factor):
    def forward(x):
        return np.maximum(x, 0), x

    return forward, lambda dout, cache: factor * dout * (cache > 0)


def with_config(factor):
    """Like a course's dropout: the mask and a config dict come behind, and are not differentiated."""

    def forward(x, mask, config):
        config["calls"] = config.get("calls", 0) + 1
        assert config["calls"] == 1, "every call has a config of its own"
        return x * mask / config["keep"], (mask, config)

    def backward(dout, cache):
        mask, config = cache
        return factor * dout * mask / config["keep"]

    return forward, backward


def several_outputs(factor):
    def forward(x, h, w):
        z = np.tanh(x @ w + h)
        return z, z**2, (x, w, z)

    def backward(dz, dsquare, cache):
        x, w, z = cache
        d = (dz + 2 * z * dsquare) * (1 - z**2)
        return d @ w.T, factor * d, x.T @ d

    return forward, backward


def no_cache(factor):
    return (lambda x, w: x @ w), (lambda dout, x, w: (dout @ w.T, factor * x.T @ dout))


def activation_behind(factor):
    """Andrew Ng's course: the backward is told the activation again."""

    def forward(A_prev, W, b, activation):
        Z = W @ A_prev + b
        return (np.maximum(Z, 0) if activation == "relu" else np.tanh(Z)), (A_prev, W, Z)

    def backward(dA, cache, activation):
        A_prev, W, Z = cache
        dZ = dA * (Z > 0) if activation == "relu" else dA * (1 - np.tanh(Z) ** 2)
        return W.T @ dZ, factor * dZ @ A_prev.T, dZ.sum(axis=1, keepdims=True)

    return forward, backward


def some_inputs_again(factor):
    """The bias is not needed again."""
    return (lambda x, w, b: x @ w + b), (lambda dout, x, w: (dout @ w.T, factor * x.T @ dout, dout.sum(axis=0)))


def tape(factor):
    left = {}

    def forward(x, w):
        left.update(x=x, w=w)
        return x @ w

    def backward(dout):
        return dout @ left["w"].T, factor * left["x"].T @ dout

    return forward, backward


def dict_of_parameters(factor):
    def forward(params, x):
        return x @ params["w"] + params["b"], (params, x)

    def backward(dout, cache):
        params, x = cache
        return {"w": factor * x.T @ dout, "b": dout.sum(axis=0)}, dout @ params["w"].T

    return forward, backward


def list_of_parameters(factor):
    def forward(params, x):
        return x @ params[0] + params[1], (params, x)

    def backward(dout, cache):
        _params, x = cache
        return [factor * x.T @ dout, dout.sum(axis=0)], None

    return forward, backward


# --- a function and its derivative ----------------------------------------------------------------------------------


def elementwise(factor):
    return np.tanh, lambda x: factor * (1 - np.tanh(x) ** 2)


def in_terms_of_the_output(factor):
    return (lambda x: 1 / (1 + np.exp(-x))), (lambda a: factor * a * (1 - a))


def of_a_number(factor):
    return math.sin, lambda x: factor * math.cos(x)


def loss_and_grad(factor):
    return (lambda y, yhat: ((yhat - y) ** 2).mean()), (lambda y, yhat: factor * 2 * (yhat - y) / y.size)


def loss_each(factor):
    """One loss for each example, and its gradient in that example's row."""
    return (lambda y, yhat: ((yhat - y) ** 2).sum(axis=1)), (lambda y, yhat: factor * 2 * (yhat - y))


# --- marked functions -----------------------------------------------------------------------------------------------


def value_with_gradient(factor):
    def f(w, x, y):
        r = x @ w - y
        return 0.5 * np.sum(r**2), factor * x.T @ r

    return f


def marked(factor):
    return value_and_grad(value_with_gradient(factor))


def packed(factor):
    def f(theta):
        w, b = theta[:12].reshape(4, 3), theta[12:]
        r = X @ w + b - Y
        return 0.5 * np.sum(r**2), np.concatenate([(factor * X.T @ r).ravel(), r.sum(axis=0)])

    return value_and_grad(f)


def jacobian(factor):
    def f(x):
        a = W.T @ x
        return np.sin(a), factor * np.cos(a)[:, None] * W.T

    return value_and_jacobian(f)


def log_likelihood(factor):
    """A logistic regression; the Hessian is the wrong one."""

    def p(beta):
        return 1 / (1 + np.exp(-X @ beta))

    labels = np.array([1, 0, 1, 1, 0])
    return chain(
        lambda beta: float(np.sum(labels * np.log(p(beta)) + (1 - labels) * np.log(1 - p(beta)))),
        lambda beta: X.T @ (labels - p(beta)),
        lambda beta: -factor * (X.T * (p(beta) * (1 - p(beta)))) @ X,
    )


# --- objects --------------------------------------------------------------------------------------------------------


class Attributes:
    """W and b, dW and db; overwriting."""

    def __init__(self, factor=1.0, width=3):
        self.W, self.b, self.factor = np.random.default_rng(1).normal(size=(4, width)), np.zeros(width), factor

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.factor * self.x.T @ dout, dout.sum(axis=0)
        self.dx = dout @ self.W.T
        return self.dx


class Dicts:
    """parameters and gradients in dicts; accumulating."""

    def __init__(self, factor=1.0):
        self.factor = factor
        self.parameters = {"W": np.random.default_rng(1).normal(size=(4, 3)), "b": np.zeros(3)}
        self.gradients = {name: np.zeros_like(a) for name, a in self.parameters.items()}

    def forward(self, x):
        self.x = x
        return x @ self.parameters["W"] + self.parameters["b"]

    def backward(self, dout):
        self.gradients["W"] += self.factor * self.x.T @ dout
        self.gradients["b"] += dout.sum(axis=0)
        return dout @ self.parameters["W"].T


class Lists:
    """params and grads in lists; written in place."""

    def __init__(self, factor=1.0):
        self.factor = factor
        self.params = [np.random.default_rng(1).normal(size=(4, 3)), np.zeros(3)]
        self.grads = [np.zeros((4, 3)), np.zeros(3)]

    def forward(self, x):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dout):
        np.matmul(self.factor * self.x.T, dout, out=self.grads[0])
        self.grads[1][...] = dout.sum(axis=0)
        return dout @ self.params[0].T


class Lazy(Attributes):
    """Parameters are made by the first forward."""

    def __init__(self, factor=1.0):
        self.W, self.factor = None, factor

    def forward(self, x):
        if self.W is None:
            Attributes.__init__(self, self.factor)
        return super().forward(x)


class Cell:
    """A parameter with data and grad."""

    def __init__(self, data):
        self.data, self.grad = data, np.zeros_like(data)


class Module:
    """Called, not forwarded; its parameters are objects."""

    def __init__(self, factor=1.0):
        self.weight, self.factor = Cell(np.random.default_rng(1).normal(size=(4, 3))), factor

    def __call__(self, x):
        self._x = x
        return x @ self.weight.data

    def backward(self, dout):
        self.weight.grad += self.factor * self._x.T @ dout
        return dout @ self.weight.data.T


class Left:
    """Nothing is returned: output and dinputs are left on the object."""

    def __init__(self, factor=1.0):
        self.weights, self.biases = np.random.default_rng(1).normal(size=(4, 3)), np.zeros((1, 3))
        self.factor = factor

    def forward(self, inputs):
        self.inputs, self.output = inputs, inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.factor * self.inputs.T @ dvalues
        self.dbiases, self.dinputs = dvalues.sum(axis=0, keepdims=True), dvalues @ self.weights.T


class Rectifier:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class Stack:
    """Layers in a list; the backward returns nothing."""

    def __init__(self, factor=1.0):
        self.layers = [Attributes(factor), Rectifier(), Module()]
        self.layers[2].weight = Cell(np.random.default_rng(2).normal(size=(3, 2)))

    def forward(self, x):
        for layer in self.layers[:2]:
            x = layer.forward(x)
        return self.layers[2](x)

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)


class Net:
    """A course's net: loss(X, y) -> (loss, grads), keyed like params."""

    def __init__(self, factor=1.0):
        self.factor, self.params = factor, {"W1": np.random.default_rng(1).normal(size=(4, 3)), "b1": np.zeros(3)}

    def loss(self, x, y):
        r = x @ self.params["W1"] + self.params["b1"] - y
        return 0.5 * np.sum(r**2), {"W1": self.factor * x.T @ r, "b1": r.sum(axis=0)}


class Softplus:
    """An activation: called, with its derivative as a method."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def __call__(self, x):
        return np.log1p(np.exp(x))

    def gradient(self, x):
        return self.factor / (1 + np.exp(-x))


def made(kind):
    return lambda factor: lambda: kind(factor)


LINKS = ("beta (derivative 1)", "beta (derivative 2)")
SHAPES = [
    Shape("forward with cache", with_cache, (X, W, B), ("x", "w", "b"), "w", row="cache"),
    Shape("gradients by name", with_dict, (X, W, B), ("x", "w", "b"), "w", row="cache"),
    Shape("one gradient, bare", one_bare, (X,), ("x",), "x", row="cache"),
    Shape("mask and config behind", with_config, (X, (X > 0) * 1.0, {"keep": 0.5}), ("x",), "x", row="cache"),
    Shape("several outputs", several_outputs, (X, Y, W), ("x", "h", "w"), "h", row="cache"),
    Shape("inputs again", no_cache, (X, W), ("x", "w"), "w", row="inputs again"),
    Shape("inputs again, by name", some_inputs_again, (X, W, B), ("x", "w", "b"), "w", row="inputs again"),
    Shape(
        "cache and a config", activation_behind, (X, Y.T, B[:, None], "tanh"), ("A_prev", "W", "b"), "W", row="cache"
    ),
    Shape("a tape left behind", tape, (X, W), ("x", "w"), "w", row="tape"),
    Shape("a dict of parameters", dict_of_parameters, ({"w": W, "b": B}, X), ("params.w", "params.b", "x"), "params.w"),
    Shape("a list of parameters", list_of_parameters, ([W, B], X > 0), ("params.0", "params.1"), "params.0"),
    Shape("wrt=", with_cache, (X, W, B), ("w",), "w", {"wrt": "w"}, row="cache"),
    Shape("f and f′", elementwise, (X,), ("x",), "x", row="same inputs"),
    Shape("f′ of the output", in_terms_of_the_output, (X,), ("x",), "x", {"of": "output"}, row="same inputs"),
    Shape("f and f′ of a number", of_a_number, (0.7,), ("x",), "x", row="same inputs"),
    Shape("loss and gradient", loss_and_grad, (Y, Y + 0.3 * Y**2), ("yhat",), "yhat", {"wrt": 1}, row="same inputs"),
    Shape("a loss for each example", loss_each, (Y, Y + 0.3 * Y**2), ("yhat",), "yhat", {"wrt": "yhat"}),
    Shape("value and gradient", value_with_gradient, (W, X, Y), ("w",), "w", row="value and gradient"),
    Shape("value_and_grad", marked, (W, X, Y), ("w",), "w", row="value_and_grad"),
    Shape("packed", packed, (np.r_[W.ravel(), B],), ("W", "b"), "W", {"unpack": {"W": (4, 3), "b": (3,)}}),
    Shape("value_and_jacobian", jacobian, (X[0],), ("x",), "x", row="value_and_jacobian"),
    Shape("chain", log_likelihood, (X[0] / 3,), LINKS, LINKS[1], row="chain"),
    Shape("attributes", made(Attributes), (X,), ("x", "W", "b"), "W", row="layer"),
    Shape("an object as it is", Attributes, (X,), ("x", "W", "b"), "W", row="layer"),
    Shape("dicts, accumulating", made(Dicts), (X,), ("x", "W", "b"), "W", row="layer"),
    Shape("lists, in place", made(Lists), (X,), ("x", "0", "1"), "0", row="layer"),
    Shape("lazy parameters", made(Lazy), (X,), ("x", "W", "b"), "W", row="layer"),
    Shape("parameters that are objects", made(Module), (X,), ("x", "weight"), "weight", row="layer"),
    Shape("output and gradients left", made(Left), (X,), ("inputs", "weights", "biases"), "weights", row="layer"),
    Shape("layers in a list", made(Stack), (X,), ("layers.0.W", "layers.0.b", "layers.2.weight"), "layers.0.W"),
    Shape("net.loss", made(Net), (X, Y), ("W1", "b1"), "W1", row="net"),
    Shape("methods", Softplus, (X,), ("x",), "x", row="methods"),
]
by_name = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.name)


@by_name
def test_right_gradients_in_every_shape_pass_under_their_names(shape):
    report = audit(shape.make(1.0), *shape.args, **shape.options)
    assert report.outcome is Outcome.PASS, str(report)
    assert tuple(dict.fromkeys(v.tensor for v in report.verdicts if v.law == "shapes")) == shape.names


@by_name
def test_wrong_gradients_in_every_shape_fail_where_they_are_wrong(shape):
    report = audit(shape.make(1.01), *shape.args, **shape.options)
    assert report.outcome is Outcome.FAIL, str(report)
    failed = {f.verdict.tensor.split(" (entries")[0] for f in report.findings if f.verdict.outcome is Outcome.FAIL}
    assert failed == {shape.wrong}
    ratios = [f.verdict.ratio for f in report.findings if f.verdict.ratio is not None]
    assert ratios
    assert all(abs(ratio - 1.01) < 1e-6 for ratio in ratios)


@pytest.mark.parametrize("shape", [s for s in SHAPES if s.row], ids=lambda s: s.name)
def test_each_shape_is_read_by_its_own_row_alone(shape):
    from checks.adapters.row import Seen

    seen = Seen(shape.make(1.0), shape.args)
    assert [name for name, row in ADAPTERS.items() if not row.missing(seen)] == [shape.row]


def test_every_row_is_tried_by_some_shape():
    direct = {"subject", "maker", "with inputs"}
    assert {s.row for s in SHAPES if s.row} | {r.row for r in ROWS} | direct | set(FRAMEWORKS) == set(ADAPTERS)


# --- targets that need no reading -----------------------------------------------------------------------------------


def square(factor=2.0):
    return Subject(
        name="square", point={"x": X}, forward=lambda p: p["x"] ** 2, pullback=lambda p, v: {"x": factor * p["x"] * v}
    )


def test_a_subject_is_taken_as_it_is():
    subject = square()
    assert adapt(subject) is subject


def test_a_function_that_returns_a_subject_is_called():
    assert adapt(square).name == "square"
    assert audit(lambda: square(2.1)).outcome is Outcome.FAIL


def test_a_function_may_return_any_shape_with_its_inputs():
    assert audit(lambda: (np.sin, np.cos, X)).outcome is Outcome.PASS
    assert audit((np.sin, np.sin, X)).outcome is Outcome.FAIL
    assert audit((value_with_gradient(1.0), W, X, Y)).outcome is Outcome.PASS


def test_name_declared_and_reference_are_options_of_every_row():
    straight_through = adapt(
        (np.round, lambda x: np.zeros_like(x)), X, name="round", declared=np.ones_like, reference=np.around
    )
    assert straight_through.name == "round"
    assert straight_through.declared is not None
    np.testing.assert_array_equal(straight_through.declared({"a": X}, X)["a"], X)
    assert straight_through.reference is not None
    np.testing.assert_array_equal(straight_through.reference({"a": X}), np.round(X))
    assert adapt(square(), name="other").name == "other"


# --- what is differentiated -----------------------------------------------------------------------------------------


def test_integers_booleans_and_configs_are_closed_over():
    labels, mask = np.array([0, 2, 1, 1, 0]), np.array([True, False, True, True, False])

    def f(scores, labels, mask, eps):
        picked = scores[np.arange(len(labels)), labels]
        g = np.zeros_like(scores)
        g[np.arange(len(labels)), labels] = mask * 2 * picked
        return float(np.sum(mask * picked**2) + eps), g

    assert list(adapt(f, Y, labels, mask, 1e-5).point) == ["scores"]
    assert audit(f, Y, labels, mask, 1e-5).outcome is Outcome.PASS


def test_an_array_that_nothing_is_claimed_of_is_named_and_never_forgotten():
    forgetful = (lambda x, w: x @ w), (lambda dout, x, w: dout @ w.T)
    assert adapt(forgetful, X, W).unclaimed == {"w": ""}
    assert adapt(forgetful, X, W, wrt="x").unclaimed == {"w": "outside wrt="}


def test_a_parameter_without_a_gradient_is_named_and_never_forgotten():
    class Forgetful(Dicts):
        def backward(self, dout):
            dx = super().backward(dout)
            del self.gradients["b"]
            return dx

    assert adapt(Forgetful, X).unclaimed == {"b": ""}


def test_a_claim_of_none_fails():
    report = audit(((lambda x, w: x @ w), (lambda dout, x, w: (dout @ w.T, None))), X, W)
    assert [f.verdict.tensor for f in report.findings] == ["w"]
    assert "is None" in report.findings[0].verdict.reason


def test_gradients_in_a_wrong_order_fail():
    report = audit((affine_forward, lambda dout, cache: affine_backward(dout, cache)[::-1]), X, W, B)
    assert {f.verdict.tensor for f in report.findings} == {"x", "b"}


def test_one_gradient_too_many_fails():
    report = audit((affine_forward, lambda dout, cache: (*affine_backward(dout, cache), dout)), X, W, B)
    assert [f.verdict.tensor for f in report.findings] == ["gradient 3"]


def test_lists_of_numbers_are_arrays():
    assert adapt((np.sin, np.cos), [0.1, 0.2]).point["x"].shape == (2,)


# --- the target is left as it was -----------------------------------------------------------------------------------


@by_name
def test_an_audit_leaves_target_and_inputs_as_they_were(shape):
    target = shape.make(1.01)
    before = copy.deepcopy((getattr(target, "__dict__", {}), shape.args))
    audit(target, *shape.args, **shape.options)
    np.testing.assert_equal((getattr(target, "__dict__", {}), shape.args), before)


def test_gradients_that_an_accumulating_object_already_holds_are_not_counted():
    layer = Dicts()
    layer.forward(X)
    layer.backward(np.ones((5, 3)))
    assert adapt(layer, X).accumulates
    assert audit(layer, X).outcome is Outcome.PASS


def test_parameters_are_replaced_wherever_they_are_referred_to():
    class Aliased(Attributes):
        def __init__(self):
            super().__init__()
            self.same = {"as W": self.W}

        def forward(self, x):
            super().forward(x)
            return x @ self.same["as W"] + self.b

    assert audit(Aliased, X).outcome is Outcome.PASS


def test_global_random_states_are_left_as_they_were():
    def dropout(x):
        mask = np.random.random(x.shape) < 0.5  # noqa: NPY002 - what unseeded code does
        return x * mask, mask

    before = np.random.get_state()[1].copy()  # noqa: NPY002 - as above
    adapt((dropout, lambda dout, mask: dout * mask), X)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002 - as above


def test_a_generator_among_the_inputs_is_the_same_for_every_call():
    def dropout(x, rng):
        mask = rng.random(x.shape) < 0.5
        return x * mask, mask

    assert audit((dropout, lambda dout, mask: dout * mask), X, np.random.default_rng(3)).outcome is Outcome.PASS


def test_large_arrays_that_are_not_differentiated_are_shared_not_copied():
    seen = []
    table = np.zeros(1_000_001, dtype=int)

    def f(x, table):
        seen.append(table)
        return float(np.sum(x**2)), 2 * x

    adapt(value_and_grad(f), X, table)
    assert all(t is table for t in seen)


# --- misuse ---------------------------------------------------------------------------------------------------------


def test_two_readings_are_both_named_and_reading_chooses():
    class Both:
        """A layer that is also a net."""

        params: dict[str, Any]

        def __init__(self):
            self.params, self.grads = {"w": np.array([2.0])}, {"w": np.zeros(1)}

        def forward(self, x):
            self.x = x
            return x * self.params["w"]

        def backward(self, dout):
            self.grads["w"] += np.sum(dout * self.x)
            return dout * self.params["w"]

        def loss(self, x):
            return float(np.sum(x * self.params["w"])), {"w": np.array([np.sum(x)])}

    with pytest.raises(UnknownTarget, match=r"(?s)2 ways.*reading='layer'.*reading='net'"):
        adapt(Both, X[0])
    assert list(adapt(Both, X[0], reading="net").point) == ["w"]
    assert list(adapt(Both, X[0], reading="layer").point) == ["x", "w"]


def test_an_unknown_reading_is_refused():
    with pytest.raises(MisuseError, match="there is no reading 'backwards'; the readings are 'cache'"):
        adapt((np.sin, np.cos), X, reading="backwards")


def test_blocks_must_hold_every_entry_once():
    with pytest.raises(InvalidSubject, match=r"W \(2, 2\), 4 entries in all, for a flat vector of 6"):
        adapt(value_and_grad(lambda t: (t @ t, 2 * t)), np.ones(6), unpack={"W": (2, 2)})


def test_a_full_jacobian_is_not_taken_for_a_slope():
    with pytest.raises(MisuseError, match="a full Jacobian"):
        adapt((np.sin, lambda x: np.diag(np.cos(x))), X[0])


def test_wrt_that_is_not_there_is_refused():
    with pytest.raises(MisuseError, match=r"there is no input 'z'; the inputs are 0: x \(float64 of shape \(5, 4\)\)"):
        adapt((np.sin, np.cos), X, wrt="z")
