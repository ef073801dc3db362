"""The examples do what their texts say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from checks import Outcome, audit
from checks.load import load

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_the_wrong_layer_is_wrong_in_its_bias_by_the_batch_size_and_the_mended_one_right():
    report = audit(load(f"{EXAMPLES}/wrong_layer.py:affine"))
    assert report.outcome is Outcome.FAIL
    assert {f.verdict.tensor for f in report.findings} == {"b"}
    assert all(f.verdict.ratio == pytest.approx(1 / 4, rel=1e-9) for f in report.findings)
    assert audit(load(f"{EXAMPLES}/wrong_layer.py:mended")).outcome is Outcome.PASS


def loaded(name, *needs):
    for package in needs:
        pytest.importorskip(package, reason=f"{package} is not installed: it is what the example audits")
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


def outcome(subject):
    report = audit(subject)
    return report.outcome, {f.verdict.tensor for f in report.findings}, str(report)


def passes(subjects):
    for name, subject in subjects.items():
        found, _, text = outcome(subject)
        assert found is Outcome.PASS, f"{name}: {text}"


def test_the_course_network_passes_and_each_mistake_fails_in_the_arrays_that_it_touches():
    example = loaded("course_network")
    assert outcome(example["right"])[0] is Outcome.PASS
    for subject, arrays in example["mistakes"].values():
        assert outcome(subject)[:2] == (Outcome.FAIL, arrays)


def test_scipys_derivatives_pass():
    example = loaded("scipy_derivatives")
    passes({name: example[name] for name in ("rosenbrock", "rosenbrock_product")})
    passes(example["special_functions"])
    passes(example["distributions"])


def test_gaussian_process_kernels_pass_but_for_the_one_that_takes_differences():
    example = loaded("gaussian_process_kernels", "sklearn")
    passes(example["kernels"])
    passes({name: example[name] for name in ("regressor", "classifier")})
    report = audit(example["matern_without_a_formula"])
    assert report.outcome is Outcome.FAIL, "a formula in this version? then say so in the example"
    assert all(abs(f.verdict.ratio - 1) < 3e-3 for f in report.findings)


@pytest.mark.slow
def test_statsmodels_likelihoods_pass_but_for_the_hessian_by_log_alpha():
    example = loaded("statsmodels_likelihoods", "statsmodels")
    passes(example["likelihoods"])
    passes(example["by_alpha"])
    for subject in example["by_log_alpha"].values():
        found, where, _ = outcome(subject)
        assert found is Outcome.FAIL, "mended in this version? then say so in the example"
        assert {name.split(" (entries")[0] for name in where} == {"params (derivative 2)"}


def test_autograds_primitives_pass():
    passes(loaded("autograd_primitives", "autograd")["primitives"])


@pytest.mark.parametrize("framework", ["torch", "jax", "tensorflow", "autograd"])
@pytest.mark.slow
def test_custom_gradients_of_each_framework_pass_but_for_those_that_are_said_to_fail(framework):
    example = loaded(f"{framework}_custom_gradients", framework)
    passes(example["right"])
    for subject in example["wrong"].values():
        assert outcome(subject)[0] is Outcome.FAIL


@pytest.fixture(scope="module")
def sklearn_example():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed: it is what the example audits")
    return runpy.run_path(str(EXAMPLES / "scikit_learn_mlp.py"))


@pytest.mark.parametrize("name", ["classifier", "regressor_with_one_output", "summed"])
def test_scikit_learn_passes_where_the_example_says_so(sklearn_example, name):
    report = audit(sklearn_example[name])
    assert report.outcome is Outcome.PASS, str(report)


@pytest.mark.parametrize(("name", "k"), [("regressor_with_two_outputs", 2), ("regressor_with_four_outputs", 4)])
def test_scikit_learns_regressor_claims_k_times_its_loss(sklearn_example, name, k):
    report = audit(sklearn_example[name])
    assert report.outcome is Outcome.FAIL, "mended in this version? then say so in the example"
    ratios = {}
    for f in report.findings:
        ratios.setdefault(f.verdict.tensor, []).append(f.verdict.ratio)
    intercepts = [r for tensor, found in ratios.items() if tensor.startswith("intercepts_") for r in found]
    weights = [r for tensor, found in ratios.items() if tensor.startswith("coefs_") for r in found]
    assert len(ratios) == 6
    assert intercepts == pytest.approx([k] * len(intercepts), rel=1e-6)
    assert any(abs(r / k - 1) > 1e-3 for r in weights), "the penalty is not multiplied by k"


def test_without_the_penalty_the_factor_is_k_everywhere(sklearn_example):
    small, audited = sklearn_example["small"], sklearn_example["audited"]
    estimator = small(sklearn_example["MLPRegressor"]).set_params(alpha=0.0)
    report = audit(audited(estimator, sklearn_example["upper"], sklearn_example["lower"][:, 26:30]))
    assert len({f.verdict.tensor for f in report.findings}) == 6
    assert all(f.verdict.ratio == pytest.approx(4, rel=1e-6) for f in report.findings)


def test_the_loss_alone_lacks_the_factor(sklearn_example):
    """The gradient agrees with half the squared norm of the guide, so that it is the value that is off."""
    import numpy as np
    from sklearn.neural_network._base import LOSS_FUNCTIONS

    rng = np.random.default_rng(0)
    y, f = rng.normal(size=(2, 50, 4))
    guide = 0.5 * np.mean(np.sum((f - y) ** 2, axis=1))
    assert LOSS_FUNCTIONS["squared_error"](y, f) == pytest.approx(guide / 4)
