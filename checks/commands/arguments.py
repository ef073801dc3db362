"""What arguments of the command line may be, for argparse."""

from __future__ import annotations

import argparse
import ast
from typing import Any


def whole(text: str) -> int:
    """A whole number from 0 on, for argparse."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on, such as 7")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    if whole(text) == 0:
        raise argparse.ArgumentTypeError("0 is too few; give a whole number from 1 on")
    return int(text)


def number(text: str) -> float:
    """A number, for argparse."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number, such as 1e-6") from None


def budget(text: str) -> int | str:
    """Forward passes ("200") or seconds ("30s"); the audit says what is wrong with anything else."""
    return int(text) if text.lstrip("-").isdigit() else text


def option(text: str) -> tuple[str, Any]:
    """KEY=VALUE, the value a Python literal where it is one, else the text itself."""
    key, equals, value = text.partition("=")
    if not (equals and key.isidentifier()):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form KEY=VALUE, such as wrt=1")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value


def names(text: str) -> list[str]:
    """Names with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


REPORTS = ("text", "markdown", "html", "json", "ndjson", "junit")
"""The forms of a report: the keys of `checks.report.formats.FORMATS`."""


def report(text: str) -> tuple[str, str]:
    """FORMAT:PATH, where and in which form a report is written."""
    form, _, path = text.partition(":")
    if form not in REPORTS or not path:
        known = ", ".join(REPORTS)
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form FORMAT:PATH, with FORMAT one of {known}")
    return form, path


def seconds(text: str) -> float:
    """Seconds of wall time ("30", "30s", "0.5s"), for argparse."""
    value = number(text.removesuffix("s"))
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; give seconds, such as 30s")
    return value


def size(text: str) -> int:
    """Bytes ("500MB", "2GB"), for argparse."""
    digits = text.upper().rstrip("KMGTB")
    unit = text.upper()[len(digits) :].removesuffix("B")
    if not digits or len(unit) > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no size, such as 500MB or 2GB")
    return int(number(digits) * 1000 ** " KMGT".index(unit or " "))


def seeds(text: str) -> range:
    """One seed ("7"), or the seeds from one to another ("0-9"), for argparse."""
    first, dash, last = text.partition("-")
    found = range(whole(first), whole(last if dash else first) + 1)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} holds no seed; give the smaller one first, such as 0-9")
    return found
