"""Reproducing: the call of ``audit`` as its caller wrote it, with the seed."""

from __future__ import annotations

import ast
import linecache
from itertools import islice
from types import FrameType
from typing import Final

LONGEST: Final = 240  # characters of a call that is still a line


def as_written(caller: FrameType, seed: int) -> str:
    """The line of Python that repeats the call in ``caller``; empty where its source cannot be read.

    Parameters
    ----------
    caller : frame
        Of the function that called.
    seed : int
        Put in where the call names none.

    Returns
    -------
    str
        Empty for callers within this package, which say themselves how they are repeated, and for calls that hand on
        what they were given, as in ``audit(*args)``: that line says nothing to anybody else.
    """
    if str(caller.f_globals.get("__name__", "")).partition(".")[0] == "checks":
        return ""
    line, last, column, end = next(islice(caller.f_code.co_positions(), caller.f_lasti // 2, None))
    if line is None or last is None or column is None or end is None:
        return ""
    lines = [linecache.getline(caller.f_code.co_filename, n, caller.f_globals) for n in range(line, last + 1)]
    source = b"\n".join(text.rstrip("\n").encode() for text in lines)
    cut = len(lines[-1].rstrip("\n").encode()) - end
    try:
        call = ast.parse(source[column : len(source) - cut].decode().strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return ""
    if not isinstance(call, ast.Call):
        return ""
    names = {keyword.arg for keyword in call.keywords}
    if None in names or any(isinstance(arg, ast.Starred) for arg in call.args):
        return ""
    if "seed" not in names:
        call.keywords.append(ast.keyword(arg="seed", value=ast.Constant(seed)))
    text = ast.unparse(call)
    return text if len(text) <= LONGEST and "\n" not in text else ""
