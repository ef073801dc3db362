"""Exit codes, and what the command line says beside reports."""

from __future__ import annotations

import sys
from typing import Final

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
