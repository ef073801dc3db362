"""JAX: what is recognised, named and judged, and that everything is left as it was."""

from __future__ import annotations

import numpy as np
import pytest

from checks import InvalidSubject, MisuseError, Outcome, audit
from checks.adapters import FRAMEWORKS, adapt
from checks.adapters.row import Seen

jax = pytest.importorskip("jax", reason="jax is not installed: it is what is audited here")
jnp = jax.numpy
RNG = np.random.default_rng(0)
X = jnp.asarray(RNG.normal(size=(4, 3)))
W = jnp.asarray(RNG.normal(size=(3, 2)))


def cube(factor=1.0, nondiff=False):
    """x³, its gradient multiplied."""

    def forward(x):
        return x**3, x

    def backward(x, v):
        return (factor * 3 * x**2 * v,)

    made = jax.custom_vjp(lambda x: x**3)
    made.defvjp(forward, backward)
    return made


def softplus(factor=1.0):
    """log(1 + exp x) with a rule of forward mode."""
    made = jax.custom_jvp(lambda x: jnp.log1p(jnp.exp(x)))

    @made.defjvp
    def rule(primals, tangents):
        (x,), (u,) = primals, tangents
        return made(x), factor * jax.nn.sigmoid(x) * u

    return made


def failed(report):
    return {f.verdict.tensor.split(" (entries")[0] for f in report.findings if f.verdict.outcome is Outcome.FAIL}


@pytest.mark.parametrize("target", [jnp.tanh, jax.jit(lambda x: x), cube(), softplus(), lambda x: (x, x.sum)])
def test_each_target_is_read_as_a_function_of_jax(target):
    seen = Seen(target, (X,))
    assert [name for name, r in FRAMEWORKS.items() if not r.missing(seen)] == ["jax function"]


def test_a_wrapped_function_is_known_by_its_type_where_the_inputs_are_numpys():
    assert audit(cube(), np.ones(3)).outcome is Outcome.PASS
    assert audit(jnp.tanh, np.ones(3)).outcome is Outcome.PASS


def test_a_custom_vjp_passes_and_a_spoiled_one_fails_with_its_ratio():
    assert audit(cube(), X).outcome is Outcome.PASS
    report = audit(cube(1.01), X)
    assert report.outcome is Outcome.FAIL
    assert failed(report) == {"x"}
    assert all(abs(f.verdict.ratio - 1.01) < 1e-5 for f in report.findings if f.verdict.ratio)


def test_a_custom_jvp_is_held_in_both_modes():
    report = audit(softplus(), X)
    assert report.outcome is Outcome.PASS, str(report)
    assert "jvp" in {v.law for v in report.verdicts}
    assert audit(softplus(1.001), X).outcome is Outcome.FAIL


def test_float32_is_measured_in_float64_and_the_global_flag_stays():
    seen = []

    def spied(x):
        seen.append(str(x.dtype))
        return jnp.tanh(x)

    assert not jax.config.jax_enable_x64
    assert audit(spied, X).outcome is Outcome.PASS
    assert set(seen) == {"float32", "float64"}
    assert not jax.config.jax_enable_x64
    assert jnp.asarray(np.ones(1)).dtype == jnp.float32


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_every_dtype_is_judged_in_its_own_precision(dtype):
    with jax.enable_x64(dtype == "float64"):
        report = audit(cube(), X.astype(dtype))
        assert report.outcome is Outcome.PASS, str(report)
        assert audit(cube(1.3), X.astype(dtype)).outcome is Outcome.FAIL


def test_pytrees_have_dotted_names_and_what_is_not_floating_is_closed_over():
    def layer(params, x, k, flag):
        h = jnp.tanh(x @ params["dense"]["w"] + params["b"][0])
        return {"h": h, "n": k, "sum": h.sum()} if flag else h

    params = {"dense": {"w": W}, "b": [jnp.ones(2)], "names": None}
    report = audit(layer, params, X, jnp.arange(3), True)
    assert report.outcome is Outcome.PASS, str(report)
    assert [v.tensor for v in report.verdicts if v.law == "shapes"] == ["params.b.0", "params.dense.w", "x"]
    only = audit(layer, params, X, jnp.arange(3), True, wrt="params")
    assert "x" not in {v.tensor for v in only.verdicts if v.law == "shapes"}


def test_arguments_without_derivative_are_left_alone():
    made = jax.custom_vjp(lambda f, x: f(x), nondiff_argnums=(0,))
    made.defvjp(lambda f, x: (f(x), x), lambda f, x, v: (v * jax.vmap(jax.grad(f))(x),))
    report = audit(made, jnp.sin, X[:, 0])
    assert report.outcome is Outcome.PASS, str(report)


def test_several_outputs_and_complex_numbers_in_jaxs_convention():
    z = jnp.asarray(RNG.normal(size=3) + 1j * RNG.normal(size=3), dtype=jnp.complex64)
    assert audit(lambda z: (z * jnp.conj(z) * z, jnp.abs(z)), z).outcome is Outcome.PASS
    made = jax.custom_vjp(lambda z: z * z)
    made.defvjp(lambda z: (z * z, z), lambda z, v: (2 * jnp.conj(z) * v,))  # PyTorch's convention, not JAX's
    assert audit(made, z).outcome is Outcome.FAIL


def test_the_function_without_its_rule_settles_what_measuring_leaves_open():
    def far(x):
        return 1e7 + jnp.exp(-jnp.abs(x))  # no difference of values shows seven digits of its slope

    made = jax.custom_vjp(far)
    made.defvjp(lambda x: (far(x), x), lambda x, v: (-jnp.sign(x) * jnp.exp(-jnp.abs(x)) * v,))
    with jax.enable_x64(True):
        x = jnp.asarray([1.0, 1.2, 1.5])
        report = audit(made, x, resolution=1e-7, proof=False)
        assert report.outcome is Outcome.PASS, str(report)
        assert "a second way" in {v.estimate.method for v in report.verdicts if v.estimate}
        assert audit(lambda x: made(x), x, resolution=1e-7, proof=False).outcome is Outcome.INCONCLUSIVE


def test_an_equinox_module_is_audited_with_all_its_parameters():
    eqx = pytest.importorskip("equinox", reason="equinox is not installed: its modules are audited here")
    report = audit(eqx.nn.MLP(3, 2, 4, 1, key=jax.random.PRNGKey(0)), X[0])
    assert report.outcome is Outcome.PASS, str(report)
    names = [v.tensor for v in report.verdicts if v.law == "shapes"]
    assert names == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "x"]


def test_flax_modules_of_both_kinds():
    flax = pytest.importorskip("flax", reason="flax is not installed: its modules are audited here")
    from flax import linen, nnx

    assert flax
    module = linen.Dense(2)
    variables = module.init(jax.random.PRNGKey(0), X)
    report = audit(module, variables, X)
    assert report.outcome is Outcome.PASS, str(report)
    assert "variables.params.kernel" in {v.tensor for v in report.verdicts}
    report = audit(nnx.Linear(3, 2, rngs=nnx.Rngs(0)), X)
    assert report.outcome is Outcome.PASS, str(report)
    assert "kernel" in {v.tensor for v in report.verdicts}


def test_what_cannot_be_audited_says_what_to_give():
    with pytest.raises(InvalidSubject, match=r"nothing to differentiate: no input holds an array of floating-point"):
        adapt(jnp.sin, jnp.arange(3))
    with pytest.raises(InvalidSubject, match=r"it returns no array of floating-point numbers"):
        adapt(jnp.argmax, X)
    with pytest.raises(MisuseError, match=r"wrt='y': there is no 'y'; there are 'x'"):
        adapt(lambda x: x, X, wrt="y")


def test_what_raises_is_a_finding():
    def broken(x):
        raise ValueError("no such layer")

    report = audit(broken, X)
    assert report.outcome is Outcome.FAIL
    assert "no such layer" in str(report)


def test_a_straight_through_estimator_is_held_to_what_it_declares():
    made = jax.custom_vjp(lambda x: jnp.round(x))
    made.defvjp(lambda x: (jnp.round(x), None), lambda _, v: (v,))
    assert audit(made, X).outcome is Outcome.FAIL
    assert audit(made, X, declared=lambda x: x).outcome is Outcome.PASS
