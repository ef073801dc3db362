"""A stranger's project: the built wheel in a fresh environment, and each feature used as its owner would."""

from __future__ import annotations

import os
import re
import shlex
import site
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]

LAYERS = """
import numpy as np

rng = np.random.default_rng(0)
inputs = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def mean_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.mean(axis=0)


def noisy(x):
    return x**2 + 0.3 * np.random.default_rng().normal(size=x.shape)


def noisy_backward(dout, x):
    return 2 * x * dout


class Dense:
    def __init__(self, i, o):
        self.W, self.b = np.random.randn(i, o), np.zeros(o)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Net:
    def __init__(self, W, b, activations, loss):
        self.W, self.b = W, b

    def gradients(self, x, y):
        A = [x]
        for W, b in zip(self.W, self.b):
            A.append(np.tanh(W @ A[-1] + b[:, None]))
        delta, dW, db = (A[-1] - y) * (1 - A[-1] ** 2), [], []
        for l in reversed(range(len(self.W))):
            dW.insert(0, delta @ A[l].T)
            db.insert(0, delta.mean(axis=1))
            delta = (self.W[l].T @ delta) * (1 - A[l] ** 2)
        return dW, db
"""

TESTS = """
import pytest

import checks
from checks.equations import Own
from layers import *

right, wrong = (affine_forward, affine_backward), (affine_forward, mean_backward)


@checks.parametrize_with_gradient_checks({"right": (*right, *inputs), "wrong": (*wrong, *inputs)},
                                         laws=["shapes", "adjoint"])
def test_pass_and_fail(gradient_check):
    gradient_check()


@checks.parametrize_with_gradient_checks([(noisy, noisy_backward, inputs[0])], laws=["deterministic"])
def test_inconclusive(gradient_check):
    gradient_check()


@checks.parametrize_with_gradient_checks({"known": (*wrong, *inputs)}, laws=["adjoint"],
                                         expected_failures={"adjoint": "averages over the batch"})
def test_xfail(gradient_check):
    gradient_check()


@checks.parametrize_with_gradient_checks({"drawn": wrong, "even": right}, laws=["adjoint"],
                                         shapes="(n,i),(i,o),(o)->(n,o)")
def test_shapes(gradient_check):
    gradient_check()


@checks.parametrize_with_gradient_checks([Dense], laws=["adjoint"], shapes="(n,i)->(n,o)")
def test_constructor(gradient_check):
    gradient_check()


def test_fixture(audit_gradients):
    audit_gradients(right, *inputs)


net = Own(name="net", make=Net, gradients=lambda net, x, y: net.gradients(x, y), activations=["tanh"])


@checks.parametrize_with_equations(net)
def test_equations(equation_check):
    equation_check()
"""

EXPECTED = {
    "test_pass_and_fail[right-shapes]": "passed",
    "test_pass_and_fail[right-adjoint]": "passed",
    "test_pass_and_fail[wrong-shapes]": "passed",
    "test_pass_and_fail[wrong-adjoint]": "failure",
    "test_inconclusive[noisy-deterministic]": "INCONCLUSIVE",
    "test_xfail[known-adjoint]": "averages over the batch",
    "test_shapes[drawn-adjoint]": "failure",
    "test_shapes[even-adjoint]": "passed",
    "test_constructor[Dense-adjoint]": "passed",
    "test_fixture": "passed",
    "test_equations[net-N3]": "failure",
    "test_equations[net-B3]": "passed",
    "test_equations[net-B2]": "passed",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with the project, and how to run a command in its environment."""
    pytest.importorskip("hatchling", reason="building the wheel needs hatchling")
    home = tmp_path_factory.mktemp("stranger")
    quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    wheel = ["wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(home), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *wheel], check=True, timeout=120, env=quiet)  # noqa: S603 - our own
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home / "venv")], check=True)  # noqa: S603 - our own
    python = home / "venv/bin/python"
    (built,) = home.glob("*.whl")
    install = ["--python", str(python), "install", "-q", "--no-deps", "--no-index", str(built)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, timeout=120, env=quiet)  # noqa: S603 - our own
    (packages,) = (home / "venv").glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()))  # what the wheel depends on
    work = home / "project"
    work.mkdir()
    (work / "layers.py").write_text(LAYERS)
    (work / "test_layers.py").write_text(TESTS)
    (work / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers --strict-config\n")
    shim = home / "venv/bin/pytest"
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(str(python))} -m pytest "$@"\n')
    shim.chmod(0o755)
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTEST_ADDOPTS", "BACKPROOF_NO_SKIPS")}

    def run(*words, cwd=work):
        command = [str(home / "venv/bin" / words[0]), *words[1:]]
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=240)  # noqa: S603 - our own

    where = [str(python), "-c", "import checks; print(checks.__file__)"]
    found = subprocess.run(where, capture_output=True, text=True, cwd=work, env=env, check=True).stdout  # noqa: S603 - our own
    assert found.startswith(str(home)), "the wheel is what is tested"
    return work, run


def outcomes(path):
    """Test -> what came of it, from a JUnit file."""
    found = {}
    for case in ET.parse(path).iter("testcase"):  # noqa: S314 - written by our own run
        told = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        said = "passed" if told is None else told.tag if told.tag != "skipped" else told.get("message", "")
        found[case.get("name")] = said
    return found


def test_every_feature_as_a_stranger_uses_it(project):
    work, run = project
    done = run("pytest", "--gradient-seed=7", "--junit-xml=out.xml", "--gradient-report=markdown:out.md")
    assert done.returncode == 1, done.stdout + done.stderr
    found = outcomes(work / "out.xml")
    for name, outcome in EXPECTED.items():
        assert found[name].startswith(outcome), (name, found[name])
    text = (work / "out.xml").read_text()
    assert '<property name="gradient_outcome" value="inconclusive"' in text
    assert "(N3) ∂C/∂b^l = Σ_n δ_n does not hold" in done.stdout
    assert "for every n above 1, whatever i and o" in done.stdout
    assert re.search(r"wrong +2 +1 +1 ", done.stdout), done.stdout
    assert re.search(r"1 inconclusive", done.stdout.splitlines()[-1])
    assert "## ✗ FAIL" in (work / "out.md").read_text()
    line = re.search(r"reproduce  (backproof audit 'test_layers.py:test_shapes\[drawn\]' --case .*)", done.stdout)[1]
    again = run(*shlex.split(line))
    assert again.returncode == 1
    assert "ratio  0.5000" in again.stdout


def test_the_same_on_workers_and_in_ci(project):
    work, run = project
    done = run("pytest", "-n2", "--gradient-profile=ci", "--junit-xml=ci.xml", "-k", "not shapes and not constructor")
    found = outcomes(work / "ci.xml")
    changed = {"test_inconclusive[noisy-deterministic]": "failure"}  # an error in ci
    for name, outcome in {**EXPECTED, **changed}.items():
        assert found.get(name, outcome).startswith(outcome), (name, found[name])
    assert len(found) > 10
    assert done.stdout.count("= gradients (profile ci, seed 0)") == 1


CLEAN = """
import checks
from layers import *

affine = (affine_forward, affine_backward, *inputs)


@checks.parametrize_with_gradient_checks([affine, (lambda: Dense(3, 2), inputs[0])])
def test_gradients(gradient_check):
    gradient_check()
"""
PAGE = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^ *(?:- run: |- |entry: )((?:pytest|backproof) .*)$", PAGE, re.M)


def test_the_commands_of_every_recipe_run(project):
    work, run = project
    clean = work.parent / "clean"
    clean.mkdir()
    (clean / "layers.py").write_text(f"{LAYERS}\n\naffine = (affine_forward, affine_backward, *inputs)\n")
    (clean / "test_clean.py").write_text(CLEAN)
    shared = re.search(r"```python\n(.*?)```", PAGE, re.S)[1]
    (clean / "conftest.py").write_text(shared)
    assert len(COMMANDS) == 6
    for command in COMMANDS:
        done = run(*shlex.split(command), cwd=clean)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    for path in ("results.xml", "gradients.md", "gradients.xml", "nightly.ndjson"):
        assert (clean / path).read_text()
