"""write: the vectors as JSON, byte for byte the same wherever they are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from checks.numeric.balls.enclose import precision
from checks.vectors.equations import equations
from checks.vectors.layers import layers
from checks.vectors.mistakes import NOTES
from checks.vectors.networks import networks
from checks.vectors.pointwise import activations, losses
from checks.vectors.proven import BITS, decimal, halves
from checks.vectors.record import INVALID, Group, Vector

VERSION: Final = 1
HOME: Final = Path(__file__).resolve().parent / f"v{VERSION}"
"""Where the vectors that come with this package lie."""

FAMILIES: Final[dict[str, Callable[[], list[Group]]]] = {
    "activations": activations,
    "losses": losses,
    "networks": networks,
    "equations": equations,
    "layers": layers,
}
"""File -> its groups."""


def write(directory: Path, families: tuple[str, ...] = tuple(FAMILIES)) -> dict[str, int]:
    """Prove and write files of vectors.

    Parameters
    ----------
    directory : Path
        Where; made if it is not there.
    families : tuple of str
        Names in `FAMILIES`.

    Returns
    -------
    dict of str to int
        How many vectors each file holds.
    """
    directory.mkdir(parents=True, exist_ok=True)
    counts = {}
    for family in families:
        text, counts[family] = render(family)
        (directory / f"{family}.json").write_text(text, encoding="ascii", newline="\n")
    return counts


def render(family: str, groups: list[Group] | None = None) -> tuple[str, int]:
    """One file as text, a line to each test, and how many there are."""
    used: dict[str, None] = {}
    shown, count = [], 0
    for group in groups or FAMILIES[family]():
        tests = list(_tests(group))
        count += len(tests)
        used.update(dict.fromkeys(flag for test in tests for flag in test["flags"]))
        head: dict[str, Any] = {"name": group.name, "operation": group.operation, "formula": group.formula}
        head |= {"label": group.label} if group.label else {}
        lines = ",\n".join(_line(test) for test in tests)
        shown.append(f'{_line(head)[:-1]}, "tests": [\n{lines}\n]}}')
    notes = {flag: dict(zip(("description", "effect"), NOTES[flag], strict=True)) for flag in NOTES if flag in used}
    head = {"schema": "schema.json", "version": VERSION, "family": family, "numberOfTests": count, "notes": notes}
    return f'{_line(head)[:-1]}, "groups": [\n' + ",\n".join(shown) + "\n]}\n", count


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=True, allow_nan=False)


def _tests(group: Group) -> Iterator[dict[str, Any]]:
    with precision(2 * BITS[0]):  # what is made of proven numbers is as proven
        made = [_test(vector) for vector in group.make()]
    for number, test in enumerate(made, start=1):
        yield {"id": f"{group.name.replace(' ', '-')}-{number:03d}", **test}


def _test(v: Vector) -> dict[str, Any]:
    test: dict[str, Any] = {
        "comment": v.comment,
        "flags": list(v.flags),
        "result": v.result,
        "parameters": dict(v.parameters),
        "inputs": {name: _given(x) for name, x in v.inputs.items()},
        "cotangent": _given(v.cotangent),
    }
    if v.result == INVALID:
        wrong = v.others[0].items()
        return {**test, "wrong": {k: _wrong(g, v.proven.scale(k)) for k, g in wrong}}
    scales = v.proven.scales
    test["values"] = {name: _exact(x, scales[name]) for name, x in v.proven.values.items()}
    test["gradients"] = {name: _exact(x, scales[f"d {name}"]) for name, x in v.proven.gradients.items()}
    if v.others:
        test["alternatives"] = [{k: _exact(x, scales[f"d {k}"]) for k, x in other.items()} for other in v.others]
    return test


def _given(x: Any) -> dict[str, Any]:
    return {"shape": list(np.shape(x)), "data": [value + 0.0 for value in np.ravel(x).tolist()]}


def _wrong(g: Any, scale: float) -> dict[str, Any]:
    numbers = [float(x.mid()) + 0.0 for x in np.ravel(g)]
    return {"shape": list(g.shape), "scale": _rounded(scale), "data": numbers}


def _exact(x: Any, scale: float) -> dict[str, Any]:
    texts = [decimal(e) for e in x.ravel()]
    high, low = zip(*map(halves, texts), strict=True) if texts else ((), ())
    return {"shape": list(x.shape), "scale": _rounded(scale), "exact": texts, "high": list(high), "low": list(low)}


def _rounded(scale: float) -> float:
    """Three digits: a scale is no result."""
    return float(f"{scale:.2e}")
