"""verify: an implementation beside the vectors, test by test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from checks.errors import MisuseError

TOLERANCE: Final = 1e-9
"""Largest error that passes, relative to each tensor's scale: what binary64 keeps with room to spare."""
FORMAT: Final = 1
"""The version of the format that is read."""
HOME: Final = Path(__file__).resolve().parent / f"v{FORMAT}"

Adapter = Callable[[str, Mapping[str, Any], Mapping[str, Any], Any], Any]
"""(operation, parameters, inputs, cotangent) -> (values, gradients), each a mapping of name to array, or None."""


@dataclass(slots=True)
class Count:
    """What came of one group.

    Attributes
    ----------
    right, rejected, unsupported : int
        Valid and acceptable tests that agree; wrong answers that were told from the implementation's; the rest.
    failures : list of str
        What does not agree, a line each.
    """

    right: int = 0
    rejected: int = 0
    unsupported: int = 0
    failures: list[str] = field(default_factory=list)


def verify(
    adapter: Adapter,
    directory: Path = HOME,
    *,
    families: tuple[str, ...] | None = None,
    tolerance: float = TOLERANCE,
    every: int = 1,
) -> dict[str, Count]:
    """Hold an implementation to every vector.

    Parameters
    ----------
    adapter : callable
        (operation, parameters, inputs, cotangent) -> (values, gradients) by name, of those that it knows; None for an
        operation that it does not.
    directory : Path
        Where the files are.
    families : tuple of str, optional
        Which files; all of them if not given.
    tolerance : float
        Relative to each tensor's scale.
    every : int
        Only each so many-th test of a group, for implementations that are slow to start.

    Returns
    -------
    dict of str to Count
        By group.

    Raises
    ------
    MisuseError
        Where there are no vectors, or not in this format.
    """
    counts: dict[str, Count] = {}
    seen = 0
    for group, test in read(directory, families):
        count = counts.setdefault(group["name"], Count())
        seen += 1
        if seen % every:
            continue
        try:
            given = {name: array(x) for name, x in test["inputs"].items()}
            answer = adapter(group["operation"], test["parameters"], given, array(test["cotangent"]))
        except Exception as raised:
            count.failures.append(f"{test['id']}: raised {type(raised).__name__}: {raised}")
            continue
        if answer is None:
            count.unsupported += 1
        else:
            _count(count, test, *answer, tolerance=tolerance)
    return counts


def read(directory: Path, families: tuple[str, ...] | None = None) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(group, test) of every file, in order of their names."""
    files = sorted(p for p in directory.glob("*.json") if p.name != "schema.json")
    chosen = [p for p in files if families is None or p.stem in families]
    if not chosen:
        have = ", ".join(p.stem for p in files) or "none"
        raise MisuseError(f"{directory} has no vectors of {families or 'any family'}; it has: {have}")
    for path in chosen:
        whole = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(whole, dict) or whole.get("version") != FORMAT:
            raise MisuseError(f"{path} is not in version {FORMAT} of the format, which docs/vectors.md describes")
        for group in whole["groups"]:
            for test in group["tests"]:
                yield group, test


def array(tensor: Mapping[str, Any]) -> Any:
    """An input tensor as an array."""
    return np.array(tensor["data"], dtype=np.float64).reshape(tensor["shape"])


def _count(
    count: Count, test: dict[str, Any], values: Mapping[str, Any], gradients: Mapping[str, Any], *, tolerance: float
) -> None:
    if test["result"] == "invalid":
        answers = {**values, **gradients}
        known = {name: x for name, x in test["wrong"].items() if name in answers}
        if not known:
            count.unsupported += 1
        elif all(_off(answers[name], x, x["data"]) <= tolerance for name, x in known.items()):
            count.failures.append(f"{test['id']}: agrees with a wrong answer ({', '.join(test['flags'])})")
        else:
            count.rejected += 1
        return
    compared = _offs(values, test["values"])
    options = [_offs(gradients, option) for option in (test["gradients"], *test.get("alternatives", ()))]
    best = min(options, key=lambda found: max(found.values(), default=0.0))
    compared |= {f"gradient of {name}": off for name, off in best.items()}
    worst = max(compared, key=lambda name: compared[name], default="")
    if not compared:
        count.unsupported += 1
    elif compared[worst] <= tolerance:
        count.right += 1
    else:
        count.failures.append(f"{test['id']}: {worst} is off by {compared[worst]:.2g} of its scale ({test['comment']})")


def _offs(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, float]:
    return {name: _off(found[name], x, x["high"]) for name, x in wanted.items() if name in found}


def _off(found: Any, tensor: Mapping[str, Any], wanted: Any) -> float:
    """Largest difference relative to the scale; infinite where shapes differ or a number is not finite."""
    got, meant = np.asarray(found, dtype=np.float64), np.array(wanted).reshape(tensor["shape"])
    if got.shape != meant.shape or not np.isfinite(got).all():
        return float("inf")
    off = float(np.abs(got - meant).max(initial=0.0))
    return off / tensor["scale"] if tensor["scale"] else (0.0 if off == 0 else float("inf"))
