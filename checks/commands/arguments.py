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
