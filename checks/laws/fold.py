"""Fold: one root cause is said once, and what follows from it stands under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from checks.verdict import Outcome, Verdict

LINEAR: Final = ("zero", "homogeneity", "additivity")
VALUES: Final = (*LINEAR, "precision", "layout", "declared", "jvp", "symmetry", "batch", "accumulation", "adjoint")

FOLDS: Final[Mapping[str, tuple[str, ...]]] = {
    "deterministic": ("repeatable", "fresh", *VALUES),
    "repeatable": ("fresh", *VALUES),
    "fresh": VALUES,
    "precision": ("adjoint",),
    "zero": ("homogeneity", "additivity", "layout", "batch", "symmetry", "adjoint"),
    "homogeneity": ("additivity", "layout", "batch", "symmetry", "adjoint"),
    "additivity": ("batch", "symmetry", "adjoint"),
    "adjoint": ("symmetry",),
}
"""Which laws a broken one breaks as well, first causes first."""

EVERYWHERE: Final = ("deterministic", "repeatable", "fresh")
"""Laws about state: broken for one gradient, they leave none to be trusted; the others fold the same gradient's."""

SLIGHTLY: Final = 1e-5
"""Relative errors below this may come of arithmetic in float32; larger ones stand for themselves."""

BY_TENSOR: Final = ("shapes", "claimed", "adjoint")
"""Laws whose findings are one for each gradient; the others' have one cause for all of them."""


def folded(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The same verdicts, each that follows from another with the law that it follows from as its ``cause``.

    Examples
    --------
    >>> fail = Outcome.FAIL
    >>> found = [Verdict(law=law, tensor="w", outcome=fail) for law in ("homogeneity", "adjoint")]
    >>> [v.cause for v in folded(found)]
    ['', 'homogeneity']
    """
    if all(v.outcome is Outcome.PASS for v in verdicts):
        return list(verdicts)
    roots: dict[str, set[str]] = {}
    for v in verdicts:
        decides = v.outcome is Outcome.FAIL or (v.law == "deterministic" and v.outcome is Outcome.INCONCLUSIVE)
        if v.law in FOLDS and decides:
            roots.setdefault(v.law, set()).add(v.tensor)
    return [replace(v, cause=cause) if (cause := _cause(v, roots)) else v for v in verdicts]


def _cause(v: Verdict, roots: Mapping[str, set[str]]) -> str:
    if v.outcome is Outcome.PASS:
        return ""
    for law, effects in FOLDS.items():
        if v.law not in effects or law not in roots or (law == "precision" and not _slightly(v)):
            continue
        if law in EVERYWHERE or _shares(v.tensor, roots[law]):
            return law
    return ""


def _slightly(v: Verdict) -> bool:
    return v.ratio is not None and abs(v.ratio - 1) < SLIGHTLY


def _shares(label: str, tensors: set[str]) -> bool:
    return label == "" or base(label) in {base(t) for t in tensors}


def base(label: str) -> str:
    """The tensor of a unit.

    Examples
    --------
    >>> base("w (entries claimed zero)"), base("w")
    ('w', 'w')
    """
    for word in (" (entries", " (where"):
        label = label.split(word)[0]
    return label


def grouped(verdicts: Sequence[Verdict]) -> list[tuple[Verdict, list[Verdict]]]:
    """Each verdict that did not pass and stands for itself, with those that say the same and those folded under it.

    Returns
    -------
    list of (Verdict, list of Verdict)
        Failures stand for what is inconclusive, not the other way round.
    """
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for v in verdicts:
        if v.outcome is not Outcome.PASS and not v.cause:
            groups.setdefault((v.law, base(v.tensor) if v.law in BY_TENSOR else ""), []).append(v)
    for v in verdicts:
        if v.cause:
            home = [key for key in groups if key[0] == _root(v, verdicts)]
            groups[next((key for key in home if key[1] == base(v.tensor)), home[0])].append(v)
    found = []
    for (law, _), members in groups.items():
        own = [v for v in members if v.law == law and not v.cause]
        head = next((v for v in own if v.outcome is Outcome.FAIL), own[0])
        found.append((head, [v for v in members if v is not head]))
    return found


def _root(v: Verdict, verdicts: Sequence[Verdict]) -> str:
    """The law at the end of the causes; the first of several."""
    law = v.cause
    while not any(other.law == law and not other.cause and other.outcome is not Outcome.PASS for other in verdicts):
        law = next(other.cause for other in verdicts if other.law == law and other.cause)
    return law


def also(head: Verdict, others: Sequence[Verdict]) -> str:
    """What stands under a finding, in words, without the same at another point.

    Examples
    --------
    >>> fail = Outcome.FAIL
    >>> head = Verdict(law="additivity", tensor="b", outcome=fail)
    >>> also(head, [replace(head, law="zero"), head, replace(head, law="adjoint", tensor="w")])
    'also: zero (b), adjoint (w)'
    """
    laws: dict[str, dict[str, None]] = {}
    for v in others:
        if (v.law, v.tensor) == (head.law, head.tensor):
            continue
        laws.setdefault(v.law, {})[v.tensor or v.where] = None
    return f"also: {', '.join(f'{law} ({_few(list(tensors))})' for law, tensors in laws.items())}" if laws else ""


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
