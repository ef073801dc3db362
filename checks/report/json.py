"""JSON of a report: stable, sorted, and with everything that differs between two equal runs under one key, ``run``."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from numbers import Integral, Real
from typing import Any, Final

from checks.errors import MisuseError
from checks.report.rebuild import rebuild, unlike
from checks.report.record import Report

SCHEMA: Final = 1
"""Rises when a key changes its meaning or goes; new keys may come at any time."""

DERIVED: Final = ("bar", "ratio", "distance", "outcome", "share")
"""Properties that are written out beside the fields of a record that has them."""

ELSEWHERE: Final = ("seconds", "run")
"""Fields that hold wall time, wherever they stand, and what else differs between equal runs: all under ``run``."""


def data(value: Any) -> Any:
    """Records as dicts, enums as their values, tuples as lists, numbers that JSON lacks as their names.

    Examples
    --------
    >>> data((1.5, float("nan"), None))
    [1.5, 'nan', None]
    """
    if is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in fields(value) if f.name not in ELSEWHERE]
        names += [name for name in DERIVED if name not in names and hasattr(type(value), name)]
        return {name: data(getattr(value, name)) for name in names}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): data(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [data(v) for v in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):  # NumPy's as well
        return int(value)
    if isinstance(value, Real):
        return float(value) if isfinite(value) else str(float(value))
    return str(value)


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """What the run depended on: Python, this package, the packages that compute."""
    found = {"python": platform.python_version()}
    for name in ("backproof", "numpy", "scipy", "hypothesis"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def run_data(seconds: float) -> dict[str, Any]:
    """The one place for times, host and versions."""
    host = {"system": platform.system(), "machine": platform.machine()}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"seconds": seconds, "written": now, "host": host, "versions": dict(versions())}


def document(report: Report) -> dict[str, Any]:
    """The report as JSON holds it, with ``schema`` and ``run``."""
    return {"schema": SCHEMA, **data(report), "run": data(run_of(report))}


def run_of(report: Report) -> Mapping[str, Any]:
    """When, where and with which versions it ran: as it was read, or now and here."""
    return run_data(report.cost.seconds) if report.run is None else report.run


def render(report: Report) -> str:
    """The report as JSON text.

    Parameters
    ----------
    report : Report
        What `checks.audit` returned, or `read`.

    Returns
    -------
    str
        Keys sorted, two spaces deep; the same for the same subject and seed but for the key ``run``. `read` takes it.
    """
    return dumped(document(report), indent=2)


def dumped(whole: Mapping[str, Any], *, indent: int | None) -> str:
    """JSON text in which nothing moves a cursor, turns the writing round or ends a line, whatever the names in it."""
    text = json.dumps(whole, indent=indent, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return re.sub(r"[^ -~\n]", lambda c: c[0] if c[0].isprintable() else json.dumps(c[0])[1:-1], text)


def text(body: dict[str, Any], seconds: float, more: dict[str, Any] | None = None) -> str:
    """``body`` with schema and run (and ``more`` of what differs between equal runs), as JSON text."""
    return dumped({"schema": SCHEMA, **body, "run": run_data(seconds) | (more or {})}, indent=2)


def read(text: str) -> Report:
    """The report that `render` made ``text`` of.

    Parameters
    ----------
    text : str
        JSON of one report.

    Returns
    -------
    Report
        Renders the same in every format: its ``run`` is the one that the text holds.

    Raises
    ------
    MisuseError
        If the text is not JSON, is no report, or is of a newer schema.
    """
    return report_of(loaded(text))


def loaded(text: str) -> Any:
    """Whatever JSON text holds; an error of ours where it is not JSON."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise MisuseError(f"not JSON: {error}; expected a report as backproof writes it") from None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def report_of(whole: Any) -> Report:
    """The report in a JSON document; the verdicts of its findings are those of its ``verdicts``."""
    if not isinstance(whole, dict) or "schema" not in whole:
        raise unlike("the document", whole, "a report: an object with 'schema'")
    if whole["schema"] != SCHEMA:
        raise unlike("schema", whole["schema"], f"{SCHEMA}; a newer backproof reads newer ones")
    if "rows" in whole:
        raise MisuseError("this is an audit of the derivation, by label; expected a report of one target")
    run = whole.get("run", {})
    if not isinstance(run, dict):
        raise unlike("run", run, "an object")
    report: Report = rebuild(Report, {name: value for name, value in whole.items() if name != "run"})
    seconds = rebuild(float, run.get("seconds", 0.0), "run.seconds")
    for k, found in enumerate(report.findings):
        for e in found.entries:
            if found.shape is None or not _inside(e.index, found.shape):
                raise unlike(f"report.findings[{k}].entries", e.index, f"an index into a shape, which is {found.shape}")
    written = whole["verdicts"]
    findings = tuple(
        replace(found, verdict=report.verdicts[written.index(told["verdict"])]) if told["verdict"] in written else found
        for found, told in zip(report.findings, whole["findings"], strict=True)
    )
    return replace(report, findings=findings, cost=replace(report.cost, seconds=seconds), run=run)


def _inside(index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(index) == len(shape) and all(0 <= i < n for i, n in zip(index, shape, strict=True))
