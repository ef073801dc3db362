"""``backproof run`` in this process: what it prints, what it writes, and what a second run does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from checks.cli import main
from checks.runs.ledger import lines

SUITES = Path(__file__).with_name("suites.py")
ROOT = Path(__file__).parents[2]


def records(path: Path) -> list[dict[str, Any]]:
    """What a ledger says, without times and host."""
    return sorted(({k: v for k, v in r.items() if k != "run"} for r in lines(path)), key=lambda r: r["key"])


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "checks", "run", *args]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "run.ndjson"


def test_every_target_is_audited_and_the_table_counts_them(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", f"{SUITES}:MIXED", "--ledger", str(ledger)]) == 1
    out = capsys.readouterr().out
    assert [row.split() for row in out.splitlines()[:5]] == [
        ["target", "pass", "fail", "inconclusive"],
        ["dense", "12", "0", "0"],
        ["wrong", "0", "1", "0"],
        ["raises", "0", "1", "0"],
        ["nothing", "0", "0", "1"],
    ]
    assert "FAIL  15 of 15 audits: 12 passed, 2 failed, 1 inconclusive (15 of them new)" in out
    assert "because    building it raised ValueError: no layer called that (suites.py:" in out
    assert "because    it cannot be audited as given: " in out
    found = {r["name"]: r["outcome"] for r in records(ledger)}
    assert found["wrong[n=2,i=3,o=2,wrong=True]"] == "fail"


def test_a_second_run_does_what_is_missing_only(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", f"{SUITES}:RIGHT", "--ledger", str(ledger), "--quiet"]) == 0
    whole = ledger.read_bytes()
    ledger.write_bytes(b"".join(whole.splitlines(keepends=True)[:7]) + b'{"key": "torn')
    assert main(["run", f"{SUITES}:RIGHT", "--ledger", str(ledger), "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "PASS  12 of 12 audits: 12 passed (5 of them new)"
    keys = [r["key"] for r in lines(ledger)]
    assert keys == [json.loads(line)["key"] for line in whole.splitlines()]


def test_a_reproduce_line_shows_the_same_finding(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", f"{SUITES}:MIXED", "--only", "wrong", "--seeds", "3-4", "--ledger", str(ledger)])
    first = capsys.readouterr().out
    again = next(r["findings"][0]["reproduce"] for r in records(ledger) if r["seed"] == 4)
    import shlex

    assert main(shlex.split(again)[1:]) == 1
    second = capsys.readouterr().out
    said = [line for line in second.splitlines() if "claimed" in line]
    assert said
    assert all(line in first for line in said)


def test_an_unknown_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", f"{SUITES}:MIXED", "--only", "dens", "--ledger", "-"]) == 2
    assert (
        "--only 'dens' is no entry of the suite and no case of one; the entries are dense, " in capsys.readouterr().err
    )


@pytest.mark.slow
def test_a_loop_is_stopped_and_the_rest_goes_on(ledger: Path) -> None:
    done = ["--only", "poison[how=loops]", "--only", "first", "--timeout", "2", "--ledger", str(ledger), "--quiet"]
    assert main(["run", f"{SUITES}:POISONED", *done]) == 3
    found = {r["name"]: r for r in records(ledger)}
    assert len(found) == 9
    assert found["poison[how=loops]"]["verdicts"][0]["reason"] == "it did not end within 2 seconds and was stopped"


@pytest.mark.slow
def test_a_case_that_ended_the_run_is_given_a_process_of_its_own_by_the_next(ledger: Path) -> None:
    words = (f"{SUITES}:POISONED", "--only", "poison[how=exits]", "--only", "last", "--ledger", str(ledger), "--quiet")
    first = subprocess.run(command(*words), cwd=ROOT, capture_output=True, timeout=120)  # noqa: S603 - our own command
    assert first.returncode == 7
    assert not records(ledger)
    second = subprocess.run(command(*words), cwd=ROOT, capture_output=True, timeout=120)  # noqa: S603 - as above
    assert second.returncode == 1
    found = {r["name"]: r for r in records(ledger)}
    assert len(found) == 9
    said = found["poison[how=exits]"]["verdicts"][0]
    assert (said["outcome"], said["reason"]) == ("fail", "it ended the process that audited it: exit code 7")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.slow
def test_a_driver_killed_in_the_middle_loses_nothing_that_was_finished(ledger: Path) -> None:
    words = (f"{SUITES}:SLOW", "--ledger", str(ledger), "--quiet")
    running = subprocess.Popen(command(*words), cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not ledger.exists() or len(ledger.read_bytes().splitlines()) < 10):
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = [r["key"] for r in lines(ledger)]
    assert 10 <= len(before) < 40
    assert main(["run", *words]) == 0
    after = [json.loads(line)["key"] for line in ledger.read_text().splitlines() if line.endswith("}")]
    assert after[: len(before)] == before
    assert len(after) == len(set(after)) == 40


NO_BYTECODE = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
"""Bytecode of more than the limit would be cut off, and stay so for the tests that follow."""


def test_on_a_full_disk_what_was_found_is_printed(ledger: Path) -> None:
    code = (
        "import resource, signal, sys; from checks.cli import main; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)); sys.exit(main(sys.argv[1:]))"
    )
    words = ["run", f"{SUITES}:RIGHT", "--ledger", str(ledger), "--quiet"]
    done = subprocess.run(  # noqa: S603 - our own line of Python
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, timeout=120, env=NO_BYTECODE
    )
    assert done.returncode == 70
    assert "took no more lines (" in done.stderr
    printed = [json.loads(line)["key"] for line in done.stdout.splitlines() if line.startswith("{")]
    written = [r["key"] for r in lines(ledger)]
    assert printed
    assert written
    assert len({*printed, *written}) == len(printed) + len(written) == 12
