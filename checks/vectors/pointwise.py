"""Vectors of activations and losses, in every regime, at every kink, with the wrong answers of known mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from checks.vectors.draws import Draws
from checks.vectors.functions import ACTIVATIONS, COLUMNWISE, LOSSES, Cost, activate, total
from checks.vectors.mistakes import SCALINGS, Mistake, apart, wrong
from checks.vectors.proven import Proven, RejectedError, prove
from checks.vectors.record import ACCEPTABLE, INVALID, Group, Vector

SHAPES: Final = ((3, 2), (4, 1), (1, 3), (2, 2), (5, 1))
KINDS: Final = {
    # flag -> (parts of 1, reach): where entries are drawn
    "Typical": (16, 4.0),
    "Saturation": (2, 40.0),
    "Tiny": (2.0**120, 2.0**-114),
    "Huge": (2.0**-20, 2.0**24),
}
OFTEN: Final = {"Typical": 12, "Saturation": 6, "Tiny": 4, "Huge": 4}
ONE_SIDED: Final = {-1: "left", 1: "right"}


def _activation(parameters: Mapping[str, Any], inputs: Mapping[str, Any], side: int = -1) -> dict[str, Any]:
    return {"output": activate(parameters["name"], inputs["z"], side)}


def shapes_of(flags: tuple[str, ...], shape: tuple[int, ...]) -> tuple[str, ...]:
    """The flags, and those that the shape of a batch adds."""
    return (*flags, *(("Batch1",) if shape[-1] == 1 else ()))


def _inputs(name: str, draws: Draws) -> Iterator[tuple[str, Any]]:
    """(flag, z): the regimes, zeros, ties and neighbours of kinks."""
    for flag, (parts, reach) in KINDS.items():
        for _ in range(OFTEN[flag]):
            yield flag, draws.grid(draws.pick(SHAPES), 1, reach * parts) / parts
    for shape in SHAPES[:2]:
        yield "Zero", np.zeros(shape)
    if name in COLUMNWISE:
        for shape in SHAPES[:2]:
            yield "Tie", np.full(shape, draws.grid((), 16, 3.0))
        return
    for end in ACTIVATIONS[name].ends:
        for step in (2.0**-20, -(2.0**-20)):
            z = draws.grid((2, 2), 16, 4.0)
            z[0, 0] = end + step
            yield "NearKink", z


def activations() -> list[Group]:
    """A group for each activation."""
    formulas = {name: row.formula for name, row in ACTIVATIONS.items()}
    formulas |= {name: formula for name, (formula, _) in COLUMNWISE.items()}
    return [
        Group(name=f"activation {name}", operation="activation", formula=f, make=partial(_of_activation, name))
        for name, f in formulas.items()
    ]


def _of_activation(name: str) -> list[Vector]:
    draws, made = Draws(f"activation {name}"), []
    for flag, z in _inputs(name, draws):
        vector = _try(name, flag, z, draws)
        if vector is not None:
            made.append(vector)
    made += [_negative(v, flag, g) for v in made[:6] for flag, g in _wrong_activation(v)]
    bends = ACTIVATIONS[name].bends if name in ACTIVATIONS else ()
    return made + [_at_kink(name, kink, draws) for kink in bends for _ in range(3)]


def _try(name: str, flag: str, z: Any, draws: Draws) -> Vector | None:
    """A vector, of z or of as much less as its results take."""
    v = draws.grid(z.shape, 8, 2.0)
    for _ in range(12):
        if flag in ("NearKink", "Zero", "Tie") or name in COLUMNWISE or not _close(z, ACTIVATIONS[name].ends):
            try:
                proven = prove(_activation, {"name": name}, {"z": z}, v, ("z",))
            except RejectedError:
                z = z / 2
                continue
            proven = _with_scale(proven, v)
            comment = f"{name} of {'x'.join(map(str, z.shape))} entries"
            return Vector(
                comment=comment,
                parameters={"name": name},
                inputs={"z": z},
                cotangent=v,
                proven=proven,
                flags=shapes_of((flag,), z.shape),
            )
        z = z + z / 4
    return None


def _with_scale(proven: Proven, v: Any) -> Proven:
    """A slope near 0 is known to the rounding of 1: errors are relative to the cotangent at least."""
    return replace(proven, scales={**proven.scales, "d z": max(proven.scales["d z"], float(np.abs(v).max()))})


def _close(z: Any, ends: Sequence[float]) -> bool:
    """Whether an entry is exactly where pieces meet."""
    return any(bool((z == end).any()) for end in ends)


def _wrong_activation(v: Vector) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from wrong((Mistake("SignFlipped", SCALINGS[0].change),), v.proven, {})
    ones = np.ones_like(v.cotangent)
    attempts = {"UpstreamIgnored": (v.inputs["z"], ones)}
    output = np.array([float(x.mid()) for x in v.proven.values["output"].ravel()]).reshape(v.cotangent.shape)
    attempts["SlopeAtOutput"] = (output, v.cotangent)
    for flag, (z, up) in attempts.items():
        try:
            g = prove(_activation, v.parameters, {"z": z}, up, ("z",)).gradients
        except RejectedError:
            continue
        if apart(g, v.proven):
            yield flag, g
    if v.parameters["name"] == "softmax":
        p = v.proven.values["output"]
        g = {"z": v.cotangent * p * (1 - p)}
        if apart(g, v.proven):
            yield "DiagonalJacobian", g


def _negative(v: Vector, flag: str, g: Mapping[str, Any]) -> Vector:
    return replace(v, flags=(flag,), result=INVALID, others=(g,), comment=f"{v.comment}, wrong")


def _at_kink(name: str, kink: float, draws: Draws) -> Vector:
    z, v = draws.grid((2, 1), 16, 4.0) / 64 + 0.5, draws.grid((2, 1), 8, 2.0)
    z[0, 0] = kink
    sides = [prove(partial(_activation, side=s), {"name": name}, {"z": z}, v, ("z",)) for s in ONE_SIDED]
    return Vector(
        comment=f"{name} at its kink {kink:g}",
        parameters={"name": name},
        inputs={"z": z},
        cotangent=v,
        proven=_with_scale(sides[0], v),
        flags=("Kink", "Batch1"),
        result=ACCEPTABLE,
        others=alternatives(sides),
    )


def alternatives(sides: Sequence[Proven]) -> list[Mapping[str, Any]]:
    """The gradients from both sides, and their middle."""
    left, right = (s.gradients for s in sides)
    return [right, {name: (left[name] + right[name]) / 2 for name in left}]


def _loss(parameters: Mapping[str, Any], inputs: Mapping[str, Any], side: int = -1) -> dict[str, Any]:
    return {"output": total(parameters["name"], parameters["reduction"], inputs["a"], inputs["y"], side)}


def losses() -> list[Group]:
    """A group for each loss and reduction."""
    return [
        Group(
            name=f"loss {name} {reduction}",
            operation="loss",
            formula=f"{row.formula}, added over all entries" + ("; over the columns" * (reduction == "mean")),
            make=partial(_of_loss, name, reduction),
        )
        for name, row in LOSSES.items()
        for reduction in ("sum", "mean")
    ]


def arguments(row: Cost, shape: tuple[int, int], draws: Draws, reach: float = 3.0) -> tuple[Any, Any]:
    """Draw a and y of the kinds that a loss takes."""
    a = {
        "real": lambda: draws.grid(shape, 16, reach),
        "positive": lambda: np.abs(draws.grid(shape, 16, reach)),
        "probability": lambda: (1 + np.abs(draws.grid(shape, 1, 60.0))) / 64,
        "distribution": lambda: draws.columns(shape),
    }[row.domain]()
    return a, targets(row, shape, draws)


def targets(row: Cost, shape: tuple[int, int], draws: Draws) -> Any:
    """Draw y of the kind that a loss takes."""
    return {
        "real": lambda: draws.grid(shape, 16, 3.0) + 1 / 32,
        "probability": lambda: draws.pick(
            (lambda: np.abs(draws.grid(shape, 1, 63.0)) / 64, lambda: _bits(shape, draws))
        )(),
        "distribution": lambda: draws.pick((draws.columns, partial(_one_hot, draws=draws)))(shape),
        "sign": lambda: np.sign(draws.grid(shape, 1, 2.0)),
        "count": lambda: np.abs(draws.grid(shape, 1, 4.0)) - 1,
    }[row.targets]()


def _parts(shape: tuple[int, int], draws: Draws) -> Any:
    return np.abs(draws.grid(shape, 1, 63.0)) / 64


def _bits(shape: tuple[int, int], draws: Draws) -> Any:
    return (draws.grid(shape, 1, 2.0) > 0).astype(float)


def _one_hot(shape: tuple[int, int], draws: Draws) -> Any:
    y = np.zeros(shape)
    for k in range(shape[1]):
        y[draws.below(shape[0]), k] = 1.0
    return y


REACH: Final = {"Typical": (18, 3.0), "Saturation": (4, 60.0), "Tiny": (3, 1 / 16), "Huge": (3, 2.0**16)}


def _of_loss(name: str, reduction: str) -> list[Vector]:
    row, draws, made = LOSSES[name], Draws(f"loss {name} {reduction}"), []
    for flag, (often, reach) in REACH.items():
        for _ in range(often if row.domain == "real" or flag == "Typical" else 2):
            a, y = arguments(row, draws.pick(SHAPES[:4]), draws, reach)
            place = a * y if row.margin else a - y
            if row.row is not None and _close(place, row.row.ends):
                continue
            try:
                made.append(_loss_vector(name, reduction, a, y, (flag if row.domain == "real" else "Typical",)))
            except RejectedError:
                continue
    for v in made[:8]:
        case = {**v.inputs, **v.parameters}
        made += [_negative(v, flag, g) for flag, g in wrong(SCALINGS, v.proven, case)]
    if row.row is not None:
        made += [_loss_at_kink(name, reduction, kink, draws) for kink in row.row.bends for _ in range(3)]
    return made


def _loss_vector(name: str, reduction: str, a: Any, y: Any, flags: tuple[str, ...]) -> Vector:
    parameters = {"name": name, "reduction": reduction}
    proven = prove(_loss, parameters, {"a": a, "y": y}, np.ones(()), ("a",))
    least = 1.0 / (
        a.shape[-1] if reduction == "mean" else 1
    )  # a difference near 0 is known to the rounding of its terms
    size = max(least * float(np.abs(y).max()), proven.scales["d a"])
    return Vector(
        comment=f"{name}, {reduction}, of {'x'.join(map(str, a.shape))} entries",
        parameters=parameters,
        inputs={"a": a, "y": y},
        cotangent=np.ones(()),
        proven=replace(proven, scales={**proven.scales, "d a": size}),
        flags=shapes_of(flags, a.shape),
    )


def _loss_at_kink(name: str, reduction: str, kink: float, draws: Draws) -> Vector:
    row, shape = LOSSES[name], (2, 2)
    a, y = arguments(row, shape, draws)
    a[0, 0] = kink * y[0, 0] if row.margin else kink + y[0, 0]
    parameters, at = {"name": name, "reduction": reduction}, {"a": a, "y": y}
    sides = [prove(partial(_loss, side=s), parameters, at, np.ones(()), ("a",)) for s in ONE_SIDED]
    return Vector(
        comment=f"{name}, {reduction}, an entry at its kink",
        parameters=parameters,
        inputs=at,
        cotangent=np.ones(()),
        proven=sides[0],
        flags=("Kink",),
        result=ACCEPTABLE,
        others=alternatives(sides),
    )
