"""Targets that need no reading: a Subject, and functions that make one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from checks.adapters.row import Adapter, Seen, takes
from checks.subject import Subject


def _subject(seen: Seen, options: dict[str, Any]) -> Subject:
    subject: Subject = seen.target
    return replace(subject, **{k: v for k, v in options.items() if v is not None}) if options else subject


def _made(seen: Seen, options: dict[str, Any]) -> Subject:
    from checks.adapters import adapt  # what it returns may have any shape of the table

    return adapt(seen.target(), **options)


def _with_its_inputs(seen: Seen, options: dict[str, Any]) -> Subject:
    from checks.adapters import adapt

    first = 2 if callable(seen.target[1]) else 1
    target = tuple(seen.target[:2]) if first == 2 else seen.target[0]
    return adapt(target, *seen.target[first:], **options)


def _is_target_with_inputs(seen: Seen) -> bool:
    t = seen.target
    if not isinstance(t, tuple | list) or len(t) < 2 or seen.args:
        return False
    return len(t) > 2 if callable(t[1]) else not isinstance(t[0], Subject)


SUBJECT = Adapter(
    shape="a checks.Subject",
    write="audit(Subject(name=…, point={…}, forward=…, pullback=…))",
    signs=(
        ("it is no Subject", lambda s: isinstance(s.target, Subject)),
        ("a Subject holds its own point and takes no inputs", lambda s: not s.args),
    ),
    make=_subject,
)
MAKER = Adapter(
    shape="a function without arguments that returns a Subject, or any of these with its inputs",
    write="audit(make_subject)",
    signs=(
        ("inputs are given", lambda s: not s.args),
        ("it is no function", lambda s: callable(s.target)),
        ("it takes arguments, and none are given", lambda s: takes(s.target, 0) > 0),
    ),
    make=_made,
    options=("wrt", "of", "unpack", "order", "reading"),
)
WITH_INPUTS = Adapter(
    shape="a tuple (forward, backward, x, w): any of these with its inputs behind it",
    write="audit((forward, backward, x, w))",
    signs=(("it is no tuple of functions with inputs behind them", _is_target_with_inputs),),
    make=_with_its_inputs,
    options=("wrt", "of", "unpack", "order", "reading"),
)
