"""The cost table: what each law costs, from its row, and what it was seen to cost an ordinary layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from checks.calls import Budget, Calls, unflat
from checks.laws import LAWS, Ground, cotangent
from checks.probes import generator
from checks.subject import Point, Subject


def ordinary() -> Subject:
    """A dense layer with tanh: what the cost table is about."""
    rng = np.random.default_rng(0)

    def forward(p: Point) -> Any:
        return np.tanh(p["x"] @ p["w"] + p["b"])

    def pullback(p: Point, v: Any) -> dict[str, Any]:
        delta = v * (1 - forward(p) ** 2)
        return {"x": delta @ p["w"].T, "w": p["x"].T @ delta, "b": delta.sum(axis=0)}

    point = {"x": rng.standard_normal((6, 3)), "w": rng.standard_normal((3, 2)), "b": rng.standard_normal(2)}
    return Subject(name="dense tanh", point=point, forward=forward, pullback=pullback)


def spent(names: list[str]) -> tuple[int, int]:
    """Forward passes and pullbacks that the laws ``names`` take together, on the ground that all start from."""
    calls = Calls(ordinary(), Budget())
    point = calls.point

    def rng(purpose: str) -> np.random.Generator:
        return generator(0, calls.subject.name, purpose)

    output = calls.forward(point)
    v = cotangent(rng("cotangent"), output)
    gradient = calls.pullback(point, unflat(v, output))
    ground = Ground(calls=calls, output=output, cotangent=v, claim=gradient, rng=rng, resolution=None, laws=names)
    for name in names:
        LAWS[name].run(ground)
    return calls.forwards - 1, calls.pullbacks - 1


def table() -> str:
    """The cost table as Markdown: forward passes and pullbacks of each law alone, and of all together.

    Examples
    --------
    >>> print(table().splitlines()[0])
    | law | what must hold | exists for | forward passes | pullbacks |
    """
    rows = ["| law | what must hold | exists for | forward passes | pullbacks |", "|---|---|---|---|---|"]
    rows.append("| (the ground that all start from) | | | 1 | 1 |")
    for name, law in LAWS.items():
        forwards, pullbacks = (law.forwards, law.pullbacks) if not law.needs else ("", "")
        only = f" (only with `{law.needs}`: {law.forwards} + {law.pullbacks})" if law.needs else ""
        cells = (name, law.sentence, f"{law.exists_for}{only}", str(forwards), str(pullbacks))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    forwards, pullbacks = spent(list(LAWS))
    rows.append(f"| all together: what one has paid for others use | | | {forwards + 1} | {pullbacks + 1} |")
    return "\n".join(rows)
