"""Ledgers: append-only, whole lines only, one line a key, and no line lost to a full disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from checks.errors import MisuseError
from checks.runs.ledger import Ledger, lines

ROOT = Path(__file__).parents[2]


def line(key: str, **more: object) -> str:
    return json.dumps({"key": key, **more})


def test_lines_come_back_and_a_key_counts_once(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "run.ndjson")
    ledger.append([line("a", n=1), line("b")])
    ledger.append([line("a", n=2)])
    ledger.close()
    again = Ledger.open(tmp_path / "run.ndjson")
    assert again.done == {"a", "b"}
    assert [r["key"] for r in lines(tmp_path / "run.ndjson")] == ["a", "b"]
    again.close()


def test_ledgers_are_merged_by_putting_one_behind_the_other(tmp_path: Path) -> None:
    one, two, both = (tmp_path / name for name in ("one", "two", "both"))
    one.write_text(f"{line('a', n=1)}\n{line('b', n=1)}\n")
    two.write_text(f"{line('b', n=2)}\n{line('c', n=2)}\n")
    both.write_bytes(one.read_bytes() + two.read_bytes())
    assert [(r["key"], r["n"]) for r in lines(both)] == [("a", 1), ("b", 1), ("c", 2)]


@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_torn_last_line_is_passed_over_and_the_next_stands_on_its_own(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "run.ndjson"
    whole = f"{line('a')}\n{line('b')}\n"
    path.write_text(whole[:-cut])
    ledger = Ledger.open(path)
    ledger.append([line("b"), line("c")])
    ledger.close()
    assert [r["key"] for r in lines(path)] == ["a", "b", "c"]


def test_two_runs_cannot_hold_one_ledger(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "run.ndjson")
    with pytest.raises(MisuseError, match=r"run.ndjson is in use by another run; wait for it, or name another"):
        Ledger.open(tmp_path / "run.ndjson")
    ledger.close()


def test_a_ledger_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match=r"the ledger .* cannot be opened: Is a directory; name another"):
        Ledger.open(tmp_path)


FULL = """
import resource, signal, sys
from pathlib import Path
from checks.runs.ledger import Ledger, lines
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
ledger = Ledger.open(path)
made = ['{"key": "%d", "fill": "%s"}' % (k, "x" * 80) for k in range(6)]
ledger.append(made[:2])
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, size + 1000))
ledger.append(made[2:4])
assert len(ledger.waiting) == 2 and ledger.trouble, ledger
assert path.stat().st_size == size and path.read_text().endswith("\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, size + 1000))
ledger.append(made[4:])
assert not ledger.waiting and not ledger.trouble
print(",".join(r["key"] for r in lines(path)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a file's size are the system's")
def test_what_a_full_disk_did_not_take_waits_until_it_does(tmp_path: Path) -> None:
    words, env = ["-c", FULL, str(tmp_path / "run.ndjson")], {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(  # noqa: S603 - our own lines of Python; bytecode would be cut off at the limit
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, env=env
    )
    assert done.stdout.strip() == "0,1,2,3,4,5", done.stderr
