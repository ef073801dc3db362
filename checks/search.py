"""Search: Hypothesis draws one of each row, and shrinks what fails to the first ones.

With ``strategies`` the only file that imports Hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st


@dataclass(frozen=True, slots=True)
class Smallest:
    """The smallest choice that fails.

    Attributes
    ----------
    chosen : mapping
        Row -> what was chosen.
    free : tuple of str
        The rows of which Hypothesis says that any other choice fails as well; empty where it was not asked.
    """

    chosen: Mapping[str, Any]
    free: tuple[str, ...] = ()


class StoppedError(KeyboardInterrupt):
    """Raised by what is asked, to end a search at once: Hypothesis lets no other error through without shrinking."""


class _FoundError(Exception):
    """What a choice that fails raises."""


def smallest(
    rows: Mapping[str, Sequence[Any]],
    fails: Callable[[dict[str, Any]], bool],
    *,
    examples: int,
    start: int,
    key: str = "",
    explain: bool = False,
) -> Smallest | None:
    """Draw choices until one fails, and shrink it.

    Parameters
    ----------
    rows : mapping of str to sequence
        What is chosen among, the simplest first.
    fails : callable
        A choice -> whether it fails; always the same for the same choice.
    examples : int
        How many choices are drawn at most, before shrinking.
    start : int
        The seed.
    key : str
        Under which Hypothesis' database keeps what failed; empty for no database.
    explain : bool
        Whether Hypothesis looks which parts of the smallest failure do not matter.

    Returns
    -------
    Smallest or None
        None where nothing fails.

    Examples
    --------
    >>> smallest({"n": range(1, 9), "m": range(1, 9)}, lambda c: c["n"] > 2 and c["m"] % 2 == 0, examples=50, start=0)
    Smallest(chosen={'n': 3, 'm': 2}, free=())
    """
    last: dict[str, Any] = {}
    words = {name.replace(".", "__"): name for name in rows}

    def holds(**drawn: Any) -> None:
        chosen = {words[word]: value for word, value in drawn.items()}
        if fails(chosen):
            last.clear()
            last.update(chosen)
            raise _FoundError

    phases = set(Phase) if explain else set(Phase) - {Phase.explain}
    asked: dict[str, Any] = {} if key else {"database": None}
    holds.__name__ = "holds"
    holds._hypothesis_internal_add_digest = key.encode()  # type: ignore[attr-defined]  # as its pytest plugin does
    test = settings(
        max_examples=examples,
        deadline=None,
        derandomize=False,
        phases=[phase for phase in Phase if phase in phases],
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.normal if explain else Verbosity.quiet,  # quietly, it says nothing of what is free
        suppress_health_check=list(HealthCheck),
        **asked,
    )(seed(start)(given(**{word: st.sampled_from(rows[name]) for word, name in words.items()})(holds)))
    try:
        test()
    except _FoundError as found:
        said = "\n".join(getattr(found, "__notes__", ()))
        lines = [line.strip() for line in said.splitlines() if "or any other generated value" in line]
        return Smallest(dict(last), tuple(words[line.partition("=")[0]] for line in lines))
    return None
