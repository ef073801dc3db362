"""The command line: what it prints, where, and the exit codes that other programs rely on."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checks.cli import main

ROOT = Path(__file__).parents[1]
WRONG = "examples/wrong_layer.py:affine"
MENDED = "examples/wrong_layer.py:mended"
TARGETS = """\
import numpy as np
from checks import Subject

x, w = np.linspace(-1, 1, 6).reshape(2, 3), np.linspace(0.5, 2, 6).reshape(3, 2)

def forward(x, w): return x @ w, (x, w)
def backward(dout, cache): return dout @ cache[1].T, cache[0].T @ dout
def inputs(): return x, w
only_x = x
def loss(y, yhat): return ((y - yhat) ** 2).sum()
def grad(y, yhat): return 2 * (yhat - y)
def subject():
    return Subject(name="square", point={"x": x}, forward=lambda p: p["x"]**2, pullback=lambda p, v: {"x": 2*p["x"]*v})
noise = np.random.default_rng(0)
jumpy = (lambda x: x + 1e-2 * noise.normal(size=x.shape), lambda x: np.ones_like(x), x)
def loud():
    print("loaded")
    return (np.sin, lambda x: print("called") or np.cos(x), x)
hostile = Subject(name="a\\x1b[2J\\nPASS", point={"x\\x1b]0;t\\x07": x}, forward=lambda p: p["x\\x1b]0;t\\x07"]**2,
                  pullback=lambda p, v: {"x\\x1b]0;t\\x07": v})
def stopped():
    raise KeyboardInterrupt
def slow_forward(x):
    print("started", flush=True)
    while True: pass
slow = (slow_forward, slow_forward, x)
class broken:
    pass
"""


@pytest.fixture
def targets(tmp_path, monkeypatch):
    (tmp_path / "targets.py").write_text(TARGETS)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("targets", None)


def run(*words: str, **options) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **options.pop("env", {})}
    return subprocess.run(  # noqa: S603 - this project's own command
        [sys.executable, "-m", "checks", *words], capture_output=True, text=True, cwd=options.pop("cwd", ROOT),
        encoding="utf-8", env=environment, timeout=120, **options,
    )  # fmt: skip


# --- a target -----------------------------------------------------------------------------------------------


def test_a_wrong_layer_prints_name_claimed_measured_ratio_and_how_to_see_it_again(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["audit", WRONG]) == 1
    told = capsys.readouterr().out
    assert told.startswith('FAIL  affine   gradient of "b"   (law adjoint, float64)\n')
    assert re.search(r"claimed  \S+   measured  \S+ ± \S+   ratio  0\.2500\n", told)
    assert f"      reproduce  backproof audit {WRONG} --seed 0\n" in told


def test_the_line_to_reproduce_repeats_the_audit(targets, capsys):
    words = [
        "targets.py:loss,grad",
        "--inputs",
        "inputs_",
        "--option",
        "wrt=1",
        "--seed",
        "4",
        "--laws",
        "adjoint,shapes",
    ]
    (targets / "targets.py").write_text(TARGETS.replace("2 * (yhat", "3 * (yhat") + "inputs_ = x, x + 1\n")
    assert main(["audit", *words, "--budget", "500", "--resolution", "1e-05"]) == 1
    told = capsys.readouterr().out
    line = re.search(r"reproduce  backproof (.*)\n", told)
    assert line is not None
    assert line[1] == (
        "audit targets.py:loss,grad --seed 4 --inputs inputs_ --resolution 1e-05 --budget 500 --laws adjoint,shapes "
        "--option wrt=1"
    )
    assert main(line[1].split()) == 1
    again = capsys.readouterr().out
    timeless = [re.sub(r", \S+ s, seed", ", seed", text) for text in (told, again)]
    assert timeless[0] == timeless[1]


def test_a_right_layer_passes(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["audit", MENDED]) == 0
    assert capsys.readouterr().out.startswith("PASS  affine: ")


@pytest.mark.parametrize(
    "words",
    [
        ["targets.py:subject"],
        ["targets:subject"],
        ["targets.py:forward,backward", "--inputs", "inputs"],
        ["targets.py:forward,backward", "--inputs", "targets.py:inputs"],
        ["targets.py:loss,grad", "--inputs", "inputs", "--option", "wrt=yhat"],
    ],
    ids=" ".join,
)
def test_what_a_name_may_be(targets, capsys, words):
    if "loss" in words[0]:
        (targets / "targets.py").write_text(TARGETS.replace("return x, w", "return x, x + 1"))
    assert main(["audit", *words]) == 0, capsys.readouterr()


def test_one_input_needs_no_tuple(targets, capsys):
    assert main(["audit", "numpy:sin,cos", "--inputs", "targets.py:only_x"]) == 0, capsys.readouterr()


def test_what_cannot_be_decided_has_an_exit_code_of_its_own(targets, capsys):
    assert main(["audit", "targets.py:subject", "--budget", "2"]) == 3
    assert capsys.readouterr().out.splitlines()[-1].startswith("INCONCLUSIVE  square: ")


def test_quiet_is_one_line(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["audit", WRONG, "--quiet"]) == 1
    told = capsys.readouterr().out
    assert re.fullmatch(r"FAIL  affine: \d+ passed, \d+ failed \(.* s, seed 0\)\n", told)


def test_json_is_json_whatever_the_audited_code_prints(targets, capsys):
    assert main(["audit", "targets.py:loud", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["outcome"] == "pass"
    assert "loaded" in captured.err
    assert "called" in captured.err


def test_seeds_change_the_numbers_and_repeat_them(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    claimed = []
    for seed in ("1", "1", "2"):
        main(["audit", WRONG, "--json", "--seed", seed])
        claimed.append(json.loads(capsys.readouterr().out)["findings"][0]["verdict"]["claimed"])
    assert claimed[0] == claimed[1] != claimed[2]


def test_hostile_names_are_harmless(targets, capsys):
    assert main(["audit", "targets.py:hostile"]) == 1
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert "\nPASS" not in captured.out
    assert main(["audit", "targets.py:no\x1b[2Jname"]) == 2
    assert "\x1b" not in capsys.readouterr().err


# --- the derivation -----------------------------------------------------------------------------------------


def test_without_a_target_the_derivation_is_audited_by_label():
    from checks.equations import EQUATIONS
    from checks.report import labels

    done = run("audit", "--examples", "60", "--seed", "1")
    assert done.returncode in (0, 3), done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == list(labels.LABELS)
    assert [line.split()[0] for line in lines[1 : len(EQUATIONS) + 1]] == list(EQUATIONS)
    assert "FAIL" not in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stderr == ""


def test_chosen_labels_in_json(capsys):
    assert main(["audit", "--labels", "B3,U1", "--examples", "5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["label"] for row in told["rows"]] == ["B3", "U1"]
    assert told["networks"] == 5


def test_the_derivation_in_one_line(capsys):
    assert main(["audit", "--labels", "F1", "--examples", "5", "--quiet"]) == 0
    assert re.fullmatch(r"PASS  1 label on 5 random networks: 1 passed \(.* s, seed 0\)\n", capsys.readouterr().out)


def test_a_derivation_that_is_wrong_fails_with_its_label(monkeypatch, capsys):
    """The command sees what the equations see: a backward whose bias gradient forgets the batch."""
    import dataclasses

    from checks.equations import BACKPROP, run

    def forgetful(network, trace, dC_da):
        gradients = BACKPROP.backward(network, trace, dC_da)
        return dataclasses.replace(gradients, b=(None, *(g / trace.A[0].shape[1] for g in gradients.b[1:])))

    spoilt = dataclasses.replace(BACKPROP, backward=forgetful)
    monkeypatch.setattr("checks.equations.audit_equations", lambda **o: run.audit_equations(**o, implementation=spoilt))
    assert main(["audit", "--examples", "20", "--labels", "B3,B4"]) == 1
    told = capsys.readouterr().out
    assert re.search(r"^B3 .* pass ", told, re.M)
    assert re.search(r"^B4 .* fail ", told, re.M)
    assert "FAIL  (B4)  " in told
    assert "      reproduce  backproof audit --labels B4 --seed 0 --examples 20\n" in told
    assert told.splitlines()[-1].startswith("FAIL  2 labels on 20 random networks: 1 passed, 1 failed ")


def test_progress_is_shown_on_a_terminal_only_and_wiped_off(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    assert main(["audit", "--labels", "F1", "--examples", "3"]) == 0
    assert "random networks of 3, 0 s" in shown.getvalue()
    assert shown.getvalue().endswith("\r\x1b[K")
    shown.truncate(0)
    assert main(["audit", "--labels", "F1", "--examples", "3", "--quiet"]) == 0
    assert shown.getvalue().strip("\0") == ""


# --- being a good command -----------------------------------------------------------------------------------


def test_version_and_help_of_the_module():
    assert re.match(r"backproof \S+.*\(python 3\.\d+.*numpy ", run("--version").stdout)
    told = run("audit", "--help").stdout
    for word in ("backproof audit examples/wrong_layer.py:affine", "exit codes: 0 pass, 1 fail, 2 usage", "--inputs"):
        assert word in told


def test_every_example_of_the_help_that_names_a_file_here_is_there():
    for place, name in re.findall(r"backproof audit (examples/\S+\.py):(\w+)", run("audit", "--help").stdout):
        assert re.search(rf"^(?:def )?{name}\b", (ROOT / place).read_text(), re.M), (place, name)


def test_an_interrupt_exits_130_with_one_line(targets):
    done = run("audit", "targets.py:stopped", cwd=targets)
    assert done.returncode == 130
    assert done.stderr == "backproof: interrupted; nothing was finished\n"


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
def test_ctrl_c_stops_a_forward_that_never_ends(targets):
    process = subprocess.Popen(
        [sys.executable, "-m", "checks", "audit", "targets.py:slow"], cwd=targets, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "backproof: interrupted; nothing was finished"


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
@pytest.mark.slow
def test_ctrl_c_reports_the_networks_that_were_finished():
    code = (
        "import os, signal, sys, threading\n"
        "import checks.equations.run\n"
        "from checks.cli import main\n"
        "threading.Timer(3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "sys.exit(main(['audit', '--labels', 'F1', '--examples', '10000000']))\n"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    out, err = done.stdout, done.stderr
    assert done.returncode == 130
    assert re.search(r"^F1  +[\d,]+ ", out, re.M)
    assert err.splitlines()[-1] == "backproof: interrupted; what was finished is above"


def test_a_reader_that_goes_away_is_no_error():
    shell = f"{sys.executable} -m checks audit --examples 3 | head -1"
    done = subprocess.run(  # noqa: S602 - a pipe is what is tested
        shell, shell=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.stdout.startswith("label")
    assert done.stderr == ""


def test_output_that_the_terminal_cannot_write_is_no_error():
    done = run("audit", WRONG, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert "\\xb1" in done.stdout


def test_an_error_of_the_command_itself_is_not_taken_for_a_failing_gradient(monkeypatch, capsys):
    monkeypatch.setattr(importlib.import_module("checks.auditing"), "audit", lambda *a, **k: 1 / 0)
    assert main(["audit", "math:sin,cos"]) == 70
    assert capsys.readouterr().err.splitlines()[-1] == (
        "backproof: the error above is one of backproof itself, and says nothing of the gradient"
    )


def test_the_command_starts_quickly_and_loads_nothing_that_it_does_not_need():
    code = (
        "import sys, checks.cli; checks.cli.parser(); "
        "print(sorted({'numpy', 'scipy', 'rich', 'pytest', 'hypothesis'} & set(sys.modules)))"
    )
    assert (
        subprocess.run(  # noqa: S603 - this project's own module
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
        ).stdout
        == "[]\n"
    )
