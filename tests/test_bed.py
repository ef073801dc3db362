"""The bed's truths are right, its halves are apart, and the benchmarks on it run."""

from __future__ import annotations

import json

import mpmath
import numpy as np
import pytest

pytest.importorskip("flint")
pytest.importorskip("numdifftools")

from benchmarks import ablation, monte_carlo, side_by_side, tables
from benchmarks.bed import FAMILIES, bed, draw, seed_of
from benchmarks.bed.dual import Dual
from benchmarks.bed.elementary import ELEMENTARY, absolute, apply, relu
from benchmarks.bed.noise import Noise, uniform
from benchmarks.bed.truth import slopes
from benchmarks.methods import METHODS, Reading, by_windows, reading
from benchmarks.trial import GROUPS, attempt, group
from checks.numeric import models, scan
from checks.verdict import Outcome

pytestmark = pytest.mark.slow

DIGITS = mpmath.mpf(10) ** -28


def _one_sided(case, side):
    """Slope of the exact function from its multiprecision values, extrapolated from two steps."""
    with mpmath.workdps(160):
        h = mpmath.mpf(10) ** -45 * side
        at = [case.exact(k * h) for k in (0, 1, 2)]
        return (-3 * at[0] + 4 * at[1] - at[2]) / (2 * h)


def _truths(case):
    return case.derivative if isinstance(case.derivative, tuple) else (case.derivative,) * 2


@pytest.mark.parametrize("family", FAMILIES)
def test_derivative_agrees_with_differences_of_the_same_function_at_160_digits(family):
    for index in (0, 1):
        case = draw(family, seed_of(family, index))
        if family == "rough":
            continue  # |t|^1.25 has no expansion to extrapolate; the next test has it
        for side, truth in zip((-1, 1), _truths(case), strict=True):
            with mpmath.workdps(160):
                assert abs(_one_sided(case, side) - mpmath.mpf(truth)) <= DIGITS * max(
                    case.scale, abs(mpmath.mpf(truth))
                )


def test_rough_functions_have_the_slope_of_their_smooth_part():
    for index in range(6):
        case = draw("rough", seed_of("rough", index))
        with mpmath.workdps(320):
            h = mpmath.mpf(10) ** -140
            assert abs((case.exact(h) - case.exact(-h)) / (2 * h) - mpmath.mpf(case.derivative)) < DIGITS * 10


def test_bed_has_500_functions_in_24_families_split_by_family():
    cases = list(bed())
    assert len(cases) >= 500
    assert len({c.name for c in cases}) == len({(c.family, c.seed) for c in cases}) == len(cases)
    halves = {h: {c.family for c in cases if c.half == h} for h in ("tune", "report")}
    assert not halves["tune"] & halves["report"]
    assert len(halves["tune"] | halves["report"]) >= 24
    assert min(len(h) for h in halves.values()) >= 24
    assert {group(c) for c in cases} == set(GROUPS)
    assert all({group(c) for c in cases if c.half == h} == set(GROUPS) for h in halves)
    for case in cases:
        assert case.scale > 0, case.name
        assert np.isfinite(case.scale), case.name
        assert all(len(d.lstrip("-0.").replace(".", "")) >= 30 or mpmath.mpf(d) == float(d) for d in _truths(case)), (
            case.name
        )


def test_bed_holds_kinks_and_smooth_points_low_precisions_and_wide_networks():
    cases = list(bed(half=None, per_family=10))
    assert sum(isinstance(c.derivative, tuple) for c in cases) >= 15
    assert {c.dtype for c in cases} == {"float64", "float32", "float16", "bfloat16"}
    assert min(c.noise for c in cases if c.noise) < 1e-13
    assert max(c.noise for c in cases) > 1e-4


def test_same_seed_same_function():
    one, other = (draw("relu in noise", 11) for _ in range(2))
    assert one.derivative == other.derivative
    assert [one.psi(t) for t in (0.0, 1e-3)] == [other.psi(t) for t in (0.0, 1e-3)]
    assert one.derivative != draw("relu in noise", 12).derivative


@pytest.mark.parametrize("name", [n for n in ELEMENTARY if n != "digamma"])
def test_each_elementary_rule_is_the_derivative_of_its_function_in_every_number_system(name):
    x = 0.37
    with mpmath.workdps(60):
        truth = mpmath.diff(ELEMENTARY[name].number, mpmath.mpf(x))
        value = ELEMENTARY[name].number(mpmath.mpf(x))
        left, right = slopes(lambda t: apply(name, t), x, 1.0)
        assert left == right
        assert abs(mpmath.mpf(left) - truth) < mpmath.mpf(10) ** -25
    assert float(apply(name, np.array(x))) == pytest.approx(float(value), rel=1e-14)
    assert float(apply(name, Dual(np.array(x), np.array(1.0))).d) == pytest.approx(float(truth), rel=1e-13)


def test_one_sided_slopes_at_exact_ties():
    assert slopes(lambda t: relu(t), 0.0, 1.0) == ("0", "1.00000000000000000000000000000000000")
    assert [float(s) for s in slopes(lambda t: 3 * absolute(t - 0.5), 0.5, -2.0)] == [-6.0, 6.0]
    left, right = slopes(lambda t: relu(t) - relu(-t), 0.0, 1.0)  # the bends cancel
    assert left == right


def test_a_wrong_rule_would_be_seen(monkeypatch):
    rule = ELEMENTARY["tanh"]
    monkeypatch.setitem(ELEMENTARY, "tanh", rule._replace(slope=lambda x, y: 1 - y))
    left, _ = slopes(lambda t: apply("tanh", t), 0.37, 1.0)
    assert abs(float(left) - (1 - np.tanh(0.37) ** 2)) > 1e-3


def test_noise_is_repeatable_and_of_unit_size():
    psi = Noise(level=1e-3, seed=5).on(lambda t: 0.0, amplitude=1.0)
    values = np.array([psi(t) for t in np.linspace(-1, 1, 4000)])
    assert psi(0.25) == psi(0.25)
    assert abs(values.mean()) < 0.06
    assert abs(values.std() - 1) < 0.05
    assert uniform(0.0, 3) == uniform(-0.0, 3)


def test_a_method_that_boasts_is_seen_and_one_that_is_honest_is_not():
    def boasting(psi, dtype, claim, scale):
        value = (psi(1e-6) - psi(-1e-6)) / 2e-6
        return Reading((value, value), 2, lambda c, s: Outcome.PASS if c == value else Outcome.FAIL)

    def silent(psi, dtype, claim, scale):
        return Reading((-np.inf, np.inf), 0, lambda c, s: Outcome.INCONCLUSIVE)

    cases = [draw("smooth network", seed) for seed in range(10)]
    boasts, silences = ([attempt(m, c) for c in cases] for m in (boasting, silent))
    assert not any(t.inside for t in boasts)
    assert all(t.right == "fail" for t in boasts)
    assert all(t.inside and t.right == "inconclusive" for t in silences)


def test_peers_follow_their_own_rules():
    def psi(t):
        return 3.0 * np.sin(t)

    found = {name: reading(m, psi, "float64", 3.0, 3.0) for name, m in METHODS.items()}
    for name, r in found.items():
        assert r.judge(3.0, 3.0) is Outcome.PASS, name
        assert r.judge(3.5, 3.0) is Outcome.FAIL, name
        assert r.interval[0] <= 3.0 <= r.interval[1], name
    assert found["torch gradcheck's rule"].judge(3.003, 3.0) is Outcome.PASS
    assert found["torch gradcheck's rule"].judge(3.004, 3.0) is Outcome.FAIL
    assert found["CS231n's rule"].judge(3.003, 3.0) is Outcome.INCONCLUSIVE
    assert [found[n].passes for n in ("torch gradcheck's rule", "scipy check_grad < 1e-6")] == [2, 2]


def test_monte_carlo_resumes_where_it_was_cut_off(tmp_path, monkeypatch, capsys):
    ledger = tmp_path / "ledger.jsonl"
    first = monte_carlo.run(20, 5, ledger)
    whole = ledger.read_text()
    ledger.write_text(whole[: len(whole) * 2 // 3])
    measured = []
    measure = monte_carlo.measure
    monkeypatch.setattr(monte_carlo, "measure", lambda *key: measured.append(key) or measure(*key))
    assert json.loads(json.dumps(first)) == json.loads(json.dumps(monte_carlo.run(20, 5, ledger)))
    assert 5 <= len(measured) <= 8
    assert monte_carlo.main(["--cases", "20", "--seed", "5", "--ledger", str(ledger), "--no-write"]) == 0
    assert "20 fresh cases" in capsys.readouterr().out


def test_monte_carlo_is_strict_about_plain_cases_when_asked(tmp_path, monkeypatch, capsys):
    def boasting(psi, dtype, claim, scale):
        return Reading((0.0, 0.0), 1, lambda c, s: Outcome.FAIL)

    run = ["--cases", "9", "--family", "curve", "--no-write", "--strict", "--ledger"]
    assert monte_carlo.main([*run, str(tmp_path / "right")]) == 0
    monkeypatch.setattr(monte_carlo, "by_windows", boasting)
    assert monte_carlo.main([*run, str(tmp_path / "wrong")]) == 1
    run[3] = "kink in noise"
    assert monte_carlo.main([*run, str(tmp_path / "deceiving")]) == 0
    assert "9 (100 %)" in capsys.readouterr().out


def test_side_by_side_and_ablation_lay_out_their_tables(capsys):
    assert side_by_side.main(["--half", "report", "--per-family", "1", "--no-write"]) == 0
    out = capsys.readouterr().out
    assert all(f"| {name} |" in out for name in METHODS)
    some = [draw(f, 3) for f in ("curve", "kink at", "noisy curve", "smooth float32")]
    found = ablation.run(some)
    assert {v.name for v in found} >= {"gamma", "alpha", "span", "GREY", "COARSEST", "BEND", "STEP"}
    assert "| gamma | 1.5 |" in ablation.report(found)


def test_a_replaced_constant_reaches_its_readers_and_goes_back():
    places, rho = models.PLACES, scan.RHO
    case = draw("kink near", 4)
    before = attempt(by_windows, case)
    with ablation.replaced(scan, "RHO", 2 * rho):
        assert attempt(by_windows, case).passes < before.passes
    with ablation.replaced(models, "PLACES", (0.5,)):
        assert models.PLACES == (0.5,)
    assert places == models.PLACES
    assert rho == scan.RHO
    assert attempt(by_windows, case) == before


def test_a_table_lands_between_its_markers(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->\nold\n<!-- end of a -->\nafter\n")
    tables.write("a", "new", page)
    assert page.read_text() == "before\n<!-- a -->\n\nnew\n\n<!-- end of a -->\nafter\n"
    with pytest.raises(ValueError, match="no markers"):
        tables.write("b", "new", page)
