"""The pytest plugin: items, outcomes, options, records; and that loading it costs next to nothing."""

from __future__ import annotations

import json
import re
import shlex
import statistics
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import checks.auditing
import checks.testing.gradients  # heavy modules are loaded here, and not in the runs inside
from checks.cli import main
from checks.commands.said import FAILED

pytest_plugins = "pytester"
ROOT = Path(__file__).parents[1]
INSTALLED = any(point.name == "backproof" for point in entry_points(group="pytest11"))
LOADED = () if INSTALLED else ("-p", "checks.pytest_plugin")

LAYERS = """
import numpy as np
import checks

x, w, b = np.random.default_rng(0).normal(size=(4, 3)), np.ones((3, 2)), np.ones(2)

def affine_forward(x, w, b):
    return x @ w + b, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)

def mean_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.mean(axis=0)

def squared_backward(dout, cache):
    return affine_backward(dout * dout, cache)

def noisy(x):
    return x**2 + 0.3 * np.random.default_rng().normal(size=x.shape)

def noisy_backward(dout, x):
    return 2 * x * dout
"""


@pytest.fixture
def run(pytester):
    """Run a test file that has the layers above in it."""

    def run(source, *flags, ini=""):
        pytester.makepyfile(test_layers=LAYERS + source)
        pytester.makeini(f"[pytest]\naddopts = --strict-markers --strict-config\n{ini}")
        return pytester.runpytest_inprocess(*LOADED, "-p", "no:cacheprovider", "-W", "default", "-v", *flags)

    return run


RIGHT_AND_WRONG = """
@checks.parametrize_with_gradient_checks(
    {"right": (affine_forward, affine_backward, x, w, b), "wrong": (affine_forward, mean_backward, x, w, b)})
def test_gradients(gradient_check):
    gradient_check()
"""
NOISY = """
@checks.parametrize_with_gradient_checks([(noisy, noisy_backward, x)], laws=["deterministic", "zero"])
def test_gradients(gradient_check):
    gradient_check()
"""


def test_loading_the_plugin_loads_neither_numpy_nor_scipy_nor_hypothesis_and_takes_under_20_ms():
    code = (
        "import pytest, sys, time, json; before = set(sys.modules); start = time.process_time();"
        "import checks.pytest_plugin; taken = time.process_time() - start;"
        "print(json.dumps([taken, sorted(set(sys.modules) - before)]))"
    )
    times = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603 - our own line of Python
        taken, modules = json.loads(done.stdout)
        times.append(taken)
        assert not {name.split(".")[0] for name in modules} & {"numpy", "scipy", "hypothesis", "backprop", "rich"}
    assert min(times) < 0.020, statistics.median(times)


def test_one_item_for_each_target_and_law(run):
    result = run(RIGHT_AND_WRONG, "--collect-only", "-q")
    items = re.findall(r"test_gradients\[([\w-]+)\]", result.stdout.str())
    assert items[:3] == ["right-shapes", "right-claimed", "right-deterministic"]
    assert {"wrong-adjoint", "wrong-layout", "right-pure"} <= set(items)
    assert len(items) == 24


def test_a_wrong_gradient_fails_under_its_law_alone_and_the_report_is_what_is_read(run):
    result = run(RIGHT_AND_WRONG, "--gradient-seed", "5")
    result.assert_outcomes(passed=23, failed=1)
    result.stdout.fnmatch_lines(
        [
            "backproof: profile quick, seed 5 (again: --gradient-seed 5)",
            "*test_gradients?wrong-adjoint? FAILED*",
            '*FAIL  wrong   gradient of "b"   (law adjoint, float64)',
            "*ratio  0.2500",
            "*reproduce  backproof audit 'test_layers.py:test_gradients?wrong?' --seed 5",
            "* gradients (profile quick, seed 5) *",
            "target  laws  pass  fail *",
            "right     12    12 *",
            "wrong     12    11     1 *",
            "slowest: *",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    assert "def test_gradients" not in result.stdout.str()


def test_what_follows_from_a_broken_law_fails_under_its_own_name_too(run):
    source = """
@checks.parametrize_with_gradient_checks([(affine_forward, squared_backward, x, w, b)])
def test_gradients(gradient_check):
    gradient_check()
"""
    result = run(source, "-k", "homogeneity or adjoint or layout")
    assert re.findall(r"affine-(\w+)\] FAILED", result.stdout.str()) == ["homogeneity", "adjoint"]
    result.stdout.fnmatch_lines(["*follows from law homogeneity, which fails*"])


def test_one_audit_serves_all_laws_and_one_law_pays_for_itself_alone(run):
    def passes(result):
        row = next(line for line in result.outlines if line.startswith("right ")).split()
        return int(row[-3]), int(row[-2])

    everything = passes(run(RIGHT_AND_WRONG, "-k", "right", "--gradient-seed", "5"))
    one = passes(run(RIGHT_AND_WRONG, "-k", "right and shapes"))
    assert one == (1, 1)
    assert everything[1] > one[1]
    direct = checks.auditing.audit(lambda: _layers(), laws=None, name="right", seed=5)
    assert everything == (direct.cost.forward, direct.cost.pullback)


def _layers():
    scope: dict = {}
    exec(LAYERS, scope)  # noqa: S102 - our own text
    return tuple(scope[name] for name in ("affine_forward", "affine_backward", "x", "w", "b"))


def test_an_expected_failure_is_strict_and_only_a_wrong_gradient_is_one(run):
    expected = RIGHT_AND_WRONG.replace("})", '},\n    expected_failures={"wrong-adjoint": "averages over the batch"})')
    result = run(expected, "-rx")
    result.assert_outcomes(passed=23, xfailed=1)
    result.stdout.fnmatch_lines(["wrong     12    11 *1 *", "XFAIL *wrong-adjoint* - averages over the batch"])
    mended = expected.replace("wrong-adjoint", "right-adjoint")
    result = run(mended)
    result.assert_outcomes(passed=22, failed=2)
    result.stdout.fnmatch_lines(["*XPASS(strict)*averages over the batch*"])
    undecided = NOISY.replace('"zero"]', '"zero"], expected_failures={"zero": "no"}')
    run(undecided, "--gradient-profile", "ci").assert_outcomes(failed=2)


def test_an_expected_failure_of_nothing_is_refused(run):
    result = run(RIGHT_AND_WRONG.replace("})", '}, expected_failures={"adjiont": "typo"})'))
    result.stdout.fnmatch_lines(["*expected_failures names 'adjiont'; expected a law (shapes, *ids 'right', 'wrong'"])


def test_inconclusive_is_a_warning_of_its_own_kind_and_an_error_in_ci_and_never_a_pass(run):
    result = run(NOISY)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*noisy-deterministic? INCONCLUSIVE*",
            "*InconclusiveWarning: INCONCLUSIVE  noisy: *",
            "INCONCLUSIVE  noisy  deterministic: forward called twice *",
            "*2 inconclusive*",
        ]
    )
    assert "passed" not in result.outlines[-1]
    run(NOISY, "--gradient-profile", "ci").assert_outcomes(failed=2)
    run(NOISY, "--gradient-profile", "ci", ini="gradient_inconclusive = warning").assert_outcomes(failed=0)
    run(NOISY, ini="gradient_inconclusive = error").assert_outcomes(failed=2)
    strict = run(NOISY, "-W", "error")
    strict.assert_outcomes(failed=2)
    assert "Traceback" not in strict.stdout.str()


def test_the_fixture_audits_inside_a_test(run):
    result = run("""
def test_right(audit_gradients):
    assert audit_gradients((affine_forward, affine_backward), x, w, b).seed == 3

def test_wrong(audit_gradients):
    audit_gradients((affine_forward, mean_backward), x, w, b)

def test_misuse(audit_gradients):
    audit_gradients((affine_forward, mean_backward), x, w, b, colour=1)
""", "--gradient-seed", "3")  # fmt: skip
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*reproduce  pytest test_layers.py::test_wrong --gradient-profile quick --gradient-seed 3",
            "*the target cannot be audited: there is no option colour=*",
        ]
    )


def test_items_carry_the_marker(run):
    result = run(RIGHT_AND_WRONG + "\ndef test_other():\n    pass\n", "-m", "not gradients")
    result.assert_outcomes(passed=1, deselected=24)


def test_a_test_that_never_asks_its_check_fails(run):
    result = run(RIGHT_AND_WRONG.replace("    gradient_check()", "    pass"))
    result.assert_outcomes(failed=24)
    result.stdout.fnmatch_lines(["*the test never called gradient_check(), so nothing was audited; call it"])


def test_junit_files_say_what_was_found(run, pytester):
    run(RIGHT_AND_WRONG, "--junit-xml=out.xml", "-k", "adjoint", "--gradient-seed", "5")
    text = (pytester.path / "out.xml").read_text(encoding="utf-8")
    for name, value in {"target": "wrong", "law": "adjoint", "outcome": "fail", "seed": "5"}.items():
        assert f'<property name="gradient_{name}" value="{value}"' in text
    run(NOISY, "--junit-xml=out.xml")
    assert '<skipped type="pytest.skip" message="INCONCLUSIVE  noisy' in (pytester.path / "out.xml").read_text()


def test_without_the_plugin_the_decorator_still_audits(pytester):
    pytester.makepyfile(test_layers=LAYERS + RIGHT_AND_WRONG)
    pytester.makeini("[pytest]\naddopts = --strict-markers")
    flags = ["-p", "no:backproof", "-p", "no:checks.pytest_plugin", "-p", "no:cacheprovider"]
    result = pytester.runpytest_inprocess(*flags)
    result.assert_outcomes(passed=23, failed=1)
    assert "gradients (profile" not in result.stdout.str()


@pytest.mark.slow
def test_under_xdist_all_workers_use_the_seed_that_is_printed_and_the_controller_alone_sums_up(run):
    pytest.importorskip("xdist")
    result = run(RIGHT_AND_WRONG, "-n", "2", "-q")
    result.assert_outcomes(passed=23, failed=1)
    (seed,) = re.findall(r"backproof: profile quick, seed (\d+)", result.stdout.str())
    assert f"reproduce  backproof audit 'test_layers.py:test_gradients[wrong]' --seed {seed}" in result.stdout.str()
    assert result.stdout.str().count("= gradients (profile quick") == 1
    result.stdout.fnmatch_lines(["right     12    12 *", "wrong     12    11     1 *"])


@pytest.mark.parametrize(
    ("flags", "ini", "said"),
    [
        ((), "gradient_profile = slow", "gradient_profile is 'slow'; expected one of quick, ci, deep"),
        ((), "gradient_inconclusive = pass", "gradient_inconclusive is 'pass'; expected error or warning"),
        (("--gradient-seed", "-1"), "", "the gradient seed is '-1'; expected a whole number from 0 on, such as 7"),
        ((), "gradient_seed = x", "the gradient seed is 'x'; expected a whole number from 0 on, such as 7"),
    ],
)
def test_a_setting_that_means_nothing_is_refused(run, flags, ini, said):
    result = run("", *flags, ini=ini)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


def test_outside_ci_every_run_has_a_seed_of_its_own(run):
    seeds = [re.search(r"seed (\d+) \(again", run("").stdout.str())[1] for _ in range(2)]
    assert seeds[0] != seeds[1]
    assert "profile ci, seed 0 " in run("", "--gradient-profile", "ci").stdout.str()
    assert "profile quick, seed 12 " in run("", ini="gradient_seed = 12").stdout.str()


def test_the_line_that_reproduces_does_so_on_the_command_line(run, pytester, capsys):
    shown = run(RIGHT_AND_WRONG, "--gradient-seed", "5").stdout.str()
    assert main(["audit", "test_layers.py:test_gradients[wrong]", "--seed", "5"]) == FAILED
    claimed = re.findall(r"claimed .*", capsys.readouterr().out)[0]
    assert claimed in shown


def test_a_target_that_a_test_does_not_have_is_named(run, pytester, capsys):
    run(RIGHT_AND_WRONG, "--collect-only")
    assert main(["audit", "test_layers.py:test_gradients[left]"]) == 2
    assert "test_layers.py:test_gradients has no target 'left'; it has right, wrong" in capsys.readouterr().err
    assert main(["audit", "test_layers.py:noisy[left]"]) == 2
    assert (
        "test_layers.py:noisy is no test that checks.parametrize_with_gradient_checks made" in capsys.readouterr().err
    )


DRAWN = """
@checks.parametrize_with_gradient_checks(
    {"right": (affine_forward, affine_backward), "wrong": (affine_forward, mean_backward)},
    shapes="(n,i),(i,o),(o)->(n,o)")
def test_gradients(gradient_check):
    gradient_check()
"""


def test_shapes_are_drawn_and_the_line_that_reproduces_names_the_smallest_case(run, pytester, capsys):
    explicit = DRAWN.replace("shapes=", 'cases=["n=5,i=2,o=1,values=reals,seed=3"], shapes=')
    assert "--case n=5,i=2,o=1,values=reals,seed=3" in run(explicit, "-k", "wrong-adjoint").stdout.str()
    result = run(DRAWN, "-k", "shapes or zero or adjoint")
    result.assert_outcomes(passed=4, failed=2)
    shown = result.stdout.str()
    assert re.findall(r"wrong-(\w+)\] FAILED", shown) == ["shapes", "adjoint"]
    line = "audit 'test_layers.py:test_gradients[wrong]' --case n=2,i=1,o=1,values=simple,seed=0"
    assert f"reproduce  backproof {line}" in shown
    assert "for every n above 1, whatever i and o" in shown
    capsys.readouterr()
    assert main(shlex.split(line)) == FAILED
    claimed = re.findall(r"claimed .*", capsys.readouterr().out)[0]
    assert claimed in shown


def test_reports_are_written_in_the_forms_there_are(run, pytester):
    flags = ("--gradient-report", "json:out.json", "--gradient-report=junit:out.xml")
    run(RIGHT_AND_WRONG, *flags, ini="gradient_report = markdown:out.md")
    whole = json.loads((pytester.path / "out.json").read_text(encoding="utf-8"))
    assert {report["name"]: report["outcome"] for report in whole["reports"]} == {"right": "pass", "wrong": "fail"}
    assert "ratio  0.2500" in (pytester.path / "out.md").read_text(encoding="utf-8")
    assert 'name="wrong' in (pytester.path / "out.xml").read_text(encoding="utf-8")
    refused = run("", "--gradient-report", "yaml:out")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "with FORMAT one of text, markdown, html, json, ndjson, junit" in refused.stderr.str()
    assert "with FORMAT one of" in run("", ini="gradient_report = yaml:out").stderr.str()
