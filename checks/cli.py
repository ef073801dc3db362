"""The command line: one subcommand a module of ``checks.commands``."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, Final

from checks.commands import audit, report, run, vectors
from checks.commands.said import BROKEN, EPILOG, INTERRUPTED, MISUSED, PASSED, say
from checks.errors import MisuseError

COMMANDS: Final[dict[str, Any]] = {"audit": audit, "report": report, "run": run, "vectors": vectors}
"""Subcommand -> module with ``add`` and ``run``; importing one loads nothing heavy."""


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from checks.report.json import versions

        found = versions()
        own = found.pop("backproof")
        print(f"backproof {own} ({', '.join(f'{name} {v}' for name, v in found.items())})")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="backproof", description=audit.ABOUT, epilog=EPILOG)
    top.add_argument("--version", action=_Version, nargs=0, help="versions of this package and what it rests on")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS.values():
        command.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process if None.

    Returns
    -------
    int
        0 pass, 1 fail, 2 usage, 3 inconclusive, 70 an error of this program, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    args = parser().parse_args(argv)
    try:
        code: int = COMMANDS[args.command].run(args)
        sys.stdout.flush()
    except MisuseError as misuse:
        return say(f"backproof: {misuse}", MISUSED)
    except KeyboardInterrupt:
        return say("backproof: interrupted; nothing was finished", INTERRUPTED)
    except BrokenPipeError:  # the reader has gone, as under | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PASSED
    except Exception:
        traceback.print_exc()
        return say("backproof: the error above is one of backproof itself, and says nothing of the gradient", BROKEN)
    return code
