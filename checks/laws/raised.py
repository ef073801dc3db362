"""What a subject's function raised where a law needed its value, in words."""

from __future__ import annotations

import traceback

from checks.calls import MalformedError


class RaisedError(Exception):
    """What a subject's function raised where a law needed its value; the text says what, how and where."""

    def __init__(self, said: str, raised: Exception) -> None:
        super().__init__(f"{said} raised {in_words(raised)}")
        self.said, self.raised = said, raised


def in_words(raised: Exception) -> str:
    """An exception's type, words and place.

    Examples
    --------
    >>> in_words(ValueError("no"))
    'ValueError: no'
    """
    frames = traceback.extract_tb(raised.__traceback__)
    place = f" ({frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno} in {frames[-1].name})" if frames else ""
    return f"{type(raised).__name__}: {raised}{'' if isinstance(raised, MalformedError) else place}"
