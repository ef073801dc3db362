"""Mistakes of the corpus: read from the tables beside the layers."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from corpus.layer import HOME, LAYERS, Layer, load

CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    # what `checks.diagnosis` has a row for, and which
    "factor n": ("constant factor",),
    "factor 1/n": ("constant factor",),
    "factor 2": ("constant factor",),
    "factor 1/2": ("constant factor",),
    "sign flipped": ("constant factor",),
    "wrong constant factor": ("constant factor",),
    "divided by the wrong count": ("constant factor",),
    "mean for sum over the batch": ("constant factor",),
    "mean for sum over another axis": ("constant factor",),
    "zero": ("zero",),
    "gradient transposed": ("transpose",),
    "gradients of two inputs exchanged": ("gradients exchanged",),
    "gradients of two parameters exchanged": ("gradients exchanged",),
    "gradient reversed": ("axis reversed",),
    "gradient shifted": ("shifted by one",),
    "one example only": ("one example only", "one index only"),
    "one unit never trained": ("one example missing", "one index missing"),
    "sum over a broadcast axis missing": ("sum over a broadcast axis missing", "one example only", "one index only"),
    "gradient of another shape": ("another shape", "sum over a broadcast axis missing"),
    "mask forgotten": ("mask missing", "activation's derivative missing"),
    "previous gradient added": ("previous gradient added",),
    "small upstream dropped": ("small upstreams dropped", "nonlinear in the upstream"),
    "single precision inside": ("half precision inside",),
    "overwritten instead of accumulated": ("overwritten",),
    "activation's derivative missing": ("activation's derivative missing",),
    "derivative at the activation": ("σ′(a) for σ′(z)",),
    "softmax's Jacobian as a diagonal": ("softmax as a diagonal",),
    "deltas from updated weights": ("updated weights",),
    "upstream ignored": ("upstream ignored",),
    "upstream clipped": ("upstream clipped", "nonlinear in the upstream"),
    "upstream judged by its own size": ("nonlinear in the upstream", "small upstreams dropped"),
    "upstream's absolute value": ("upstream's sign lost",),
    "half precision inside": ("half precision inside",),
    "wrong branch at a kink": ("wrong branch at a kink",),
    "statistics taken for constants": ("statistics taken as fixed",),
    "skip connection forgotten": ("skip connection",),
    "operand transposed": ("weights transposed",),
    "something added": ("term added",),
    # what has none
    "border wrong": (),
    "counted per repeat": (),
    "counted twice": (),
    "entry a little off": (),
    "epsilon forgotten": (),
    "examples not apart": (),
    "first call remembered": (),
    "forward mode": (),
    "gradient missing": (),
    "gradient of nothing": (),
    "guard in the backward alone": (),
    "index shifted": (),
    "input written in place": (),
    "mask inverted": (),
    "memory order": (),
    "n − 1 for n": (),
    "not what was declared": (),
    "one entry left out": (),
    "one entry scaled": (),
    "one parameter averaged": (),
    "operand reversed": (),
    "parts exchanged": (),
    "path missing": (),
    "permutation not inverted": (),
    "quantised operand": (),
    "quantised upstream": (),
    "rows and columns exchanged": (),
    "rule of a special case": (),
    "scale forgotten": (),
    "share not divided": (),
    "shared by all": (),
    "sign lost": (),
    "small values dropped": (),
    "stale cache": (),
    "statistics over the wrong axis": (),
    "symmetrised": (),
    "term missing": (),
    "threshold moved": (),
    "unclaimed": (),
    "upstream written in place": (),
    "wrong axis": (),
    "wrong coefficient": (),
    "wrong constant": (),
    "wrong count": (),
    "wrong direction": (),
    "wrong neighbour": (),
    "wrong operand": (),
    "wrong power": (),
    "wrong window": (),
}
"""Class of a mistake -> the rows of ``SUSPECTS`` that name it rightly."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mistake:
    """A small edit that makes a right layer wrong.

    Attributes
    ----------
    layer, name : str
        Which layer, and what the mistake is called there.
    kind : str
        Its class, a row of `CLASSES`.
    old, new : str
        The text that is replaced, found once in the layer's source, and what replaces it.
    does : str
        What it does to training.
    where : tuple of str
        Names of the primals whose gradient is wrong; empty where it is not about one.
    law : str
        The law that says so first.
    needs : str
        What it takes to see it, in words; empty where any use shows it.
    hidden : mapping of str to int
        Sizes at which the mistake does nothing.
    suspects : tuple of str
        The rows of ``SUSPECTS`` that name it rightly, where they are others than its class's.
    """

    layer: str
    name: str
    kind: str
    old: str
    new: str
    does: str
    where: tuple[str, ...] = ()
    law: str = "adjoint"
    needs: str = ""
    hidden: Mapping[str, int] = field(default_factory=dict)
    suspects: tuple[str, ...] = ()

    @property
    def named_by(self) -> tuple[str, ...]:
        """The rows of ``SUSPECTS`` that name it rightly."""
        return self.suspects or CLASSES[self.kind]

    def load(self) -> Layer:
        """The layer with the mistake in it."""
        return load(self.layer, self.old, self.new)

    def __str__(self) -> str:
        return f"{self.layer}: {self.name}"


def _read(layer: str, row: Mapping[str, Any]) -> Mistake:
    unknown = set(row) - {f.name for f in fields(Mistake)}
    if unknown:
        message = f"{layer}.toml: {row.get('name')}: {sorted(unknown)} is no field of a mistake"
        raise ValueError(message)
    if row["kind"] not in CLASSES:
        message = f"{layer}.toml: {row['name']}: {row['kind']!r} is no row of CLASSES"
        raise ValueError(message)
    return Mistake(
        layer=layer, **{**row, "where": tuple(row.get("where", ())), "suspects": tuple(row.get("suspects", ()))}
    )


def read() -> tuple[Mistake, ...]:
    """Every mistake, by layer."""
    found = []
    for layer in LAYERS:
        path = HOME / f"{layer}.toml"
        table = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        found += [_read(layer, row) for row in table.get("mistake", [])]
    return tuple(found)


MISTAKES: Final = read()
