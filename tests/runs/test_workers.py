"""Runs on workers: the same records, and nothing lost when workers, subjects or the driver die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checks.cli import main
from checks.runs.ledger import lines
from tests.runs.test_run import ROOT, SUITES, command, records

pytest.importorskip("distributed", reason="dask.distributed is not installed: it is what runs go on workers with")
psutil = pytest.importorskip("psutil", reason="psutil comes with dask.distributed")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")]


def started(ledger: Path, suite: str, *more: str) -> subprocess.Popen[bytes]:
    words = (f"{SUITES}:{suite}", "--ledger", str(ledger), "--quiet", "--workers", "2", *more)
    with ledger.with_suffix(".err").open("wb") as err:
        return subprocess.Popen(command(*words), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=err)  # noqa: S603 - ours


def wait_for(ledger: Path, count: int) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and (not ledger.exists() or len(ledger.read_bytes().splitlines()) < count):
        time.sleep(0.02)
    assert time.monotonic() < deadline


def workers_of(driver: subprocess.Popen[bytes]) -> list[int]:
    """The processes under the driver that audit: multiprocessing's children, not its trackers."""
    children = psutil.Process(driver.pid).children(recursive=True)
    return [c.pid for c in children if "spawn_main" in " ".join(c.cmdline())]


def test_workers_write_the_records_that_one_process_writes(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert main(["run", f"{SUITES}:MIXED", "--ledger", str(here), "--quiet"]) == 1
    assert started(there, "MIXED").wait(120) == 1
    assert records(here) == records(there)
    assert len(records(here)) == 15


def test_poison_is_told_as_what_it_is_and_harms_no_other(tmp_path: Path) -> None:
    ledger = tmp_path / "run.ndjson"
    assert started(ledger, "POISONED", "--timeout", "6", "--memory", "1GB").wait(200) == 1
    found = {r["name"]: r for r in records(ledger)}
    assert len(found) == 20
    assert sum(r["outcome"] == "pass" for r in found.values()) == 16
    told = {r["case"]["values"]["how"]: r["verdicts"][0] for r in found.values() if "how" in r["case"]["values"]}
    assert (told["exits"]["outcome"], told["exits"]["reason"][-11:]) == ("fail", "exit code 7")
    assert (told["segfaults"]["outcome"], told["segfaults"]["reason"][-7:]) == ("fail", "SIGSEGV")
    assert (told["loops"]["outcome"], told["loops"]["reason"]) == (
        "inconclusive", "it did not end within 6 seconds and was stopped",
    )  # fmt: skip
    assert told["eats"]["outcome"] == "inconclusive"
    assert "MemoryError" in told["eats"]["reason"]


def test_a_worker_killed_in_the_middle_costs_no_record(tmp_path: Path) -> None:
    ledger = tmp_path / "run.ndjson"
    running = started(ledger, "SLOW")
    wait_for(ledger, 3)
    os.kill(workers_of(running)[0], signal.SIGKILL)
    assert running.wait(120) == 0
    keys = [json.loads(line)["key"] for line in ledger.read_text().splitlines()]
    assert len(keys) == len(set(keys)) == 40


def test_a_driver_killed_in_the_middle_leaves_no_workers_and_is_resumed(tmp_path: Path) -> None:
    ledger = tmp_path / "run.ndjson"
    running = started(ledger, "SLOW")
    wait_for(ledger, 3)
    workers = workers_of(running)
    assert len(workers) == 2
    running.send_signal(signal.SIGKILL)
    running.wait()
    before = [r["key"] for r in lines(ledger)]
    assert 3 <= len(before) < 40
    assert not psutil.wait_procs([psutil.Process(p) for p in workers if psutil.pid_exists(p)], timeout=30)[1]
    assert started(ledger, "SLOW").wait(120) == 0
    after = [r["key"] for r in lines(ledger)]
    assert after[: len(before)] == before
    assert len(after) == len(set(after)) == 40


def test_an_interrupt_keeps_what_was_finished(tmp_path: Path) -> None:
    ledger = tmp_path / "run.ndjson"
    running = started(ledger, "SLOW")
    wait_for(ledger, 3)
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 130
    assert "interrupted; what was finished is in" in ledger.with_suffix(".err").read_text()
    assert len(records(ledger)) >= 3


def test_no_scheduler_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", f"{SUITES}:RIGHT", "--ledger", str(tmp_path / "l"), "--scheduler", "tcp://127.0.0.1:9"]
    assert main(words) == 2
    assert "no scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err


def test_a_scheduler_that_is_running_serves_as_well(tmp_path: Path) -> None:
    from distributed import LocalCluster

    here, there = tmp_path / "here", tmp_path / "there"
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        words = (f"{SUITES}:RIGHT", "--ledger", str(there), "--quiet", "--scheduler", cluster.scheduler_address)
        done = subprocess.run(command(*words), cwd=ROOT, capture_output=True, timeout=120)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    assert main(["run", f"{SUITES}:RIGHT", "--ledger", str(here), "--quiet"]) == 0
    assert records(here) == records(there)
