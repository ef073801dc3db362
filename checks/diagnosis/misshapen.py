"""A gradient of another shape: whether a sum, a transpose or a reshape makes it what is measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from checks.calls import flat
from checks.laws import Ground
from checks.locate.asking import Questions
from checks.locate.region import Region
from checks.numeric.line import OutOfBudgetError
from checks.probes import size
from checks.ray import Place, norm
from checks.subject import Array

DIRECTIONS: Final = 3  # that must agree
SMALLEST: Final = 2e-13  # displacement that still moves a primal in float64


def reshaped(ground: Ground, tensor: str, rng: np.random.Generator) -> dict[str, str]:
    """What mends the gradient of ``tensor``, as `diagnose` says it: measured along directions of its own."""
    g, x = ground.gradient.get(tensor), ground.point.get(tensor)
    if g is None or x is None or x.dtype != np.float64 or np.asarray(g).dtype.kind != "f":
        return {}
    found = {}
    for words, name, mended in _mended(np.asarray(g), x.shape):
        try:
            if np.isfinite(mended).all() and _holds(ground, tensor, mended, rng):
                found[words] = name
        except OutOfBudgetError:
            return {}
    return found


def _mended(g: Array, shape: tuple[int, ...]) -> Iterator[tuple[str, str, Array]]:
    """The ways in which ``g`` can be brought to ``shape``."""
    if g.ndim > 1 and g.T.shape == shape:
        yield "transposed", "transpose", g.T
    lead = g.ndim - len(shape)
    if lead >= 0:
        padded = (1,) * lead + shape
        axes = tuple(a for a, (n, m) in enumerate(zip(g.shape, padded, strict=True)) if n != m)
        if axes and all(padded[a] == 1 for a in axes):
            said = f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
            words = f"the sum over a broadcast axis is missing: summed over {said} it is right"
            yield words, "sum over a broadcast axis missing", g.sum(axis=axes, keepdims=True).reshape(shape)
    if g.size == int(np.prod(shape)) and g.shape != shape:
        yield "right values in another shape", "another shape", g.reshape(shape)


def _holds(ground: Ground, tensor: str, mended: Array, rng: np.random.Generator) -> bool:
    output, v = flat(ground.output), ground.cotangent
    if output.dtype != np.float64:
        return False
    kept = v != 0
    place = Place(
        calls=ground.calls,
        point=ground.point,
        gradient={tensor: mended},
        cotangent=v,
        output=output,
        value=norm(v[kept] * output[kept]),
        rng=rng,
        resolution=None,
        where="at your point",
        eps=float(np.finfo(np.float64).eps),
        smallest=SMALLEST,
    )
    asks = Questions(place, tensor, size(ground.point[tensor]), rng, quiet=True)
    asks.looked_for = norm(mended) * asks.size
    for _ in range(DIRECTIONS):
        seen = asks.ask(Region.of(mended.shape))
        if not seen.right or seen.bar > 1e-3 * max(abs(seen.claimed), abs(seen.measured)):
            return False
        asks.renew()
    return True
