"""The accuracy table of a run, and what in it is not as it should be."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from corpus import MISTAKES
from corpus.nasty import NASTY

from benchmarks.corpus.score import CHECKERS, OURS, Line
from benchmarks.tables import table

HEAD = (
    "checker",
    "right layers called wrong",
    "nasty right gradients called wrong",
    "inconclusive: right / nasty / mistakes",
    "mistakes scored",
    "caught",
    "missed",
    "cause rightly named",
    "wrongly",
    "place rightly found",
    "wrongly",
    "forward passes (right layer)",
)


def scored(lines: Sequence[Line]) -> list[Line]:
    """The mistakes whose right twin passes."""
    passed = {(l.checker, l.layer, l.seed) for l in lines if l.kind == "right" and l.outcome == "pass"}
    return [l for l in lines if l.kind == "mistake" and (l.checker, l.layer, l.seed) in passed]


def caught(line: Line) -> bool:
    """Failed; or, where nothing is claimed of a parameter, said to be unclaimed."""
    return line.outcome == "fail" or (line.outcome == "inconclusive" and line.law == "claimed")


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" if whole else "–"


def _row(checker: str, lines: Sequence[Line]) -> list[object]:
    mine = [l for l in lines if l.checker == checker]
    right, nasty = ([l for l in mine if l.kind == kind] for kind in ("right", "nasty"))
    wrong = scored(mine)
    cause, place = ([getattr(l, what) for l in wrong] for what in ("cause", "place"))
    undecided = [sum(l.outcome == "inconclusive" and not caught(l) for l in some) for some in (right, nasty, wrong)]
    ours = checker == OURS
    known, found = sum(bool(l.cause) and _known(l) for l in wrong), len(place) - place.count("")
    return [
        checker,
        _of(sum(l.outcome in ("fail", "error") for l in right), len(right)),
        _of(sum(l.outcome in ("fail", "error") for l in nasty), len(nasty)),
        " / ".join(map(str, undecided)) if ours else "–",
        len(wrong),
        sum(map(caught, wrong)),
        sum(l.outcome == "pass" for l in wrong),
        _of(cause.count("right"), known) if ours else "–",
        cause.count("wrong") if ours else "–",
        _of(place.count("right"), found) if ours else "–",
        place.count("wrong") if ours else "–",
        f"{median(l.forwards for l in right):g}" if right else "–",
    ]


def _known(line: Line) -> bool:
    """Whether the class of a mistake is one that a suspect names."""
    return any(m.layer == line.layer and m.name == line.name and m.named_by for m in MISTAKES)


def tables(lines: Sequence[Line]) -> str:
    """The table of all checkers, and what ours got wrong, case by case."""
    parts = [table(HEAD, [_row(c, lines) for c in CHECKERS if any(l.checker == c for l in lines)])]
    odd = [text for l in lines if l.checker == OURS and (text := _odd(l))]
    if any(l.checker == OURS for l in lines):
        parts.append("Ours, not as it should be:\n\n" + ("\n".join(f"- {text}" for text in odd) or "- nothing"))
    return "\n\n".join(parts)


def _odd(line: Line) -> str:
    name = f"`{line.layer}: {line.name}`" if line.kind == "mistake" else f"`{line.layer or line.name}`, right"
    if line.outcome == "error":
        return f"{name}: the audit raised {line.named}"
    if line.kind != "mistake" and line.outcome == "fail":
        return f"{name}: called wrong under {line.law}"
    ordinary = line.kind == "right" or (line.kind == "nasty" and NASTY[line.name].kind == "ordinary")
    if ordinary and line.outcome != "pass":
        return f"{name}: undecided under {line.law}"
    if line.kind == "mistake" and not caught(line):
        return f"{name}: {'missed' if line.outcome == 'pass' else 'undecided'}"
    if line.cause == "wrong":
        return f"{name}: named “{line.named}”"
    if line.place == "wrong":
        return f"{name}: a wrong place is named"
    return ""


def sound(lines: Sequence[Line]) -> bool:
    """No right layer or gradient called wrong by us."""
    return not any(l.checker == OURS and l.kind != "mistake" and l.outcome in ("fail", "error") for l in lines)
