"""Ledger: an append-only file of JSON lines, one an audit; what is in it is never done again.

A line is written whole or not at all: what a crash or a full disk tore off is cut away, or skipped when read. Ledgers
of several machines are merged by putting one behind the other; of lines with the same key the first counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from checks.errors import MisuseError


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a ledger, those with a key already seen left out.

    Parameters
    ----------
    path : Path
        A file of JSON lines.

    Yields
    ------
    dict
        One record; anything else in the file, such as a torn line, is passed over.
    """
    seen: set[str] = set()
    with path.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and isinstance(record.get("key"), str) and record["key"] not in seen:
                seen.add(record["key"])
                yield record


@dataclass(slots=True)
class Ledger:
    """A ledger open for appending, held against every other run until it is closed.

    Attributes
    ----------
    path : Path
        The file.
    done : set of str
        The keys that are in it.
    waiting : list of str
        Lines that the file did not take, because the disk was full; written with the next that it takes.
    trouble : str
        Why it did not take them.
    begun : str
        The key of the case that was being audited in the run's own process when that ended; empty where none was.
    """

    path: Path
    done: set[str] = field(default_factory=set)
    waiting: list[str] = field(default_factory=list)
    trouble: str = ""
    begun: str = ""
    _file: IO[bytes] | None = None

    @classmethod
    def open(cls, path: Path) -> Ledger:
        """Open or begin a ledger.

        Raises
        ------
        MisuseError
            When the file cannot be opened, or another run holds it.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+b", buffering=0)
        except OSError as error:
            raise MisuseError(
                f"the ledger {path} cannot be opened: {error.strerror}; name another with --ledger"
            ) from error
        _hold(file, path)
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # the run before was torn off in the middle of a line, which stays alone on it
                file.write(b"\n")
        made = cls(path, {record["key"] for record in lines(path)}, _file=file)
        if made._beside.exists():
            made.begun = made._beside.read_text(encoding="utf-8", errors="replace").strip()
        return made

    @property
    def _beside(self) -> Path:
        return self.path.with_name(f"{self.path.name}.begun")

    def begin(self, key: str) -> None:
        """Note beside the ledger which case this process is about to audit; an empty key takes the note away."""
        try:
            if key:
                self._beside.write_text(f"{key}\n", encoding="utf-8")
            else:
                self._beside.unlink(missing_ok=True)
        except OSError as error:
            self.trouble = str(error.strerror)

    def append(self, records: Iterable[str]) -> None:
        """Write lines, each of which is one JSON object with a key; lines that do not fit on the disk wait."""
        assert self._file is not None  # noqa: S101 - only an open ledger is handed out
        self.waiting += [line for line in records if self._new(line)]
        try:
            while self.waiting:
                self._write(self.waiting[0].encode() + b"\n")
                del self.waiting[0]
            os.fsync(self._file.fileno())
            self.trouble = ""
        except OSError as error:
            self.trouble = str(error.strerror)

    def _new(self, line: str) -> bool:
        key = json.loads(line)["key"]
        known = key in self.done
        self.done.add(key)
        return not known

    def _write(self, line: bytes) -> None:
        """The whole line, or nothing of it."""
        assert self._file is not None  # noqa: S101 - as above
        before = self._file.seek(0, os.SEEK_END)
        try:
            written = self._file.write(line)
            if written != len(line):
                raise OSError(28, "the disk took part of a line only")
        except BaseException:  # an interrupt as well
            self._file.truncate(before)
            raise

    def close(self) -> None:
        """Write what waits, if it can be, and let go of the file."""
        if self._file is not None:
            self.append([])
            self._file.close()
            self._file = None


def _hold(file: IO[bytes], path: Path) -> None:
    """Keep other runs off the file while this one lives, where the system can."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise MisuseError(
            f"the ledger {path} is in use by another run; wait for it, or name another with --ledger"
        ) from None
