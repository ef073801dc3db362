"""Exit codes, and what the command line says beside reports."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from checks.errors import MisuseError

PASSED, FAILED, MISUSED, UNDECIDED, BROKEN, INTERRUPTED = 0, 1, 2, 3, 70, 130
EXIT: Final = {"pass": PASSED, "fail": FAILED, "inconclusive": UNDECIDED}

EPILOG: Final = """\
exit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive (70 an error of backproof itself, 130 interrupted)
"""


def say(message: str, code: int) -> int:
    """Print ``message`` where errors go, one line each, and hand ``code`` back."""
    from checks.report.text import plain

    print("\n".join(plain(line) for line in message.splitlines()), file=sys.stderr)
    return code


def written(code: int, *files: Callable[[], None]) -> int:
    """Write every file that can be written; ``code``, or that of misuse where one of them cannot."""
    for write in files:
        try:
            write()
        except MisuseError as error:
            code = say(f"backproof: {error}", MISUSED)
    return code
