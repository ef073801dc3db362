"""Ledger: lines of JSON, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks.corpus.score import Line, cases, score
from benchmarks.tables import progress


def read(path: Path | None) -> dict[tuple[object, ...], Line]:
    """What a ledger holds; a last line cut short is left out."""
    found: dict[tuple[object, ...], Line] = {}
    if path is None or not path.exists():
        return found
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = Line(**json.loads(text))
        except json.JSONDecodeError:  # an empty line, or one cut short
            continue
        found[line.key] = line
    return found


def run(checkers: list[str], seed: int, path: Path | None, every: int = 1) -> Iterator[Line]:
    """Score every case before every checker; what the ledger holds is not run again."""
    have = read(path)
    todo = [(checker, *case) for checker in checkers for case in cases(every)]
    for done, (checker, kind, layer, name, row) in enumerate(todo, 1):
        line = have.get((checker, kind, layer, name, seed))
        if line is None:
            line = score(checker, kind, layer, name, row, seed)
            if path is not None:
                with path.open("a", encoding="utf-8") as sink:
                    sink.write("\n" * (done == 1) + json.dumps(asdict(line), ensure_ascii=False) + "\n")
        progress(done, len(todo), f"{checker}: {layer} {name}")
        yield line
