"""Run: how this run of the tests was asked to audit; and the test that is running. Loads nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

INCONCLUSIVE: Final = ("error", "warning")
"""What comes of a test that stays undecided."""


class InconclusiveWarning(UserWarning):
    """A gradient that was neither confirmed nor refuted, where the run does not make it an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How much a run asks.

    Attributes
    ----------
    audit : str
        The ``profile`` of `checks.audit`.
    examples : int
        How many cases are drawn where shapes are drawn.
    networks : int
        How many networks each equation is held of.
    fresh : bool
        Whether each run has a new seed.
    inconclusive : str
        What comes of a test that stays undecided.
    explain : bool
        Whether Hypothesis says which parts of a smallest case do not matter.
    """

    audit: str
    examples: int
    networks: int
    fresh: bool
    inconclusive: str
    explain: bool


PROFILES: Final = {
    "quick": Profile(audit="default", examples=40, networks=15, fresh=True, inconclusive="warning", explain=False),
    "ci": Profile(audit="default", examples=100, networks=40, fresh=False, inconclusive="error", explain=True),
    "deep": Profile(audit="deep", examples=1000, networks=400, fresh=True, inconclusive="warning", explain=True),
}


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of the tests.

    Attributes
    ----------
    profile : str
        A name of `PROFILES`.
    seed : int
        What every random number comes from.
    inconclusive : str
        One of `INCONCLUSIVE`.
    files : tuple of (str, str)
        Format and path of what is written at the end; then records hold whole reports.
    item : object
        The pytest item that runs now; None outside of one.
    asked : bool
        Whether that item has audited anything yet.
    found : list of (record, bool)
        What tests have found so far, and whether they were expected to fail, and did.
    """

    profile: str = "quick"
    seed: int = 0
    inconclusive: str = "error"
    files: tuple[tuple[str, str], ...] = ()
    item: Any = None
    asked: bool = False
    found: list[tuple[dict[str, Any], bool]] = field(default_factory=list)

    @property
    def asks(self) -> Profile:
        """The profile's row."""
        return PROFILES[self.profile]


def asking(run: Run, options: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What `checks.audit` is asked in this run where ``options`` do not say it; ``key`` is for Hypothesis' database."""
    asked: dict[str, Any] = {"seed": run.seed, "profile": run.asks.audit}
    if "shapes" in options:
        asked |= {"examples": run.asks.examples, "explain": run.asks.explain, "remember": f"{key} {options['shapes']}"}
    return {**asked, **options}


CURRENT: Final = [Run()]
"""The run that tests are part of, last; the first is for tests that run without the plugin."""


def current() -> Run:
    """The run that the calling test is part of."""
    return CURRENT[-1]


def fresh_seed() -> int:
    """A seed that nobody has seen."""
    return int.from_bytes(os.urandom(4), "big") >> 1


@contextmanager
def running(item: Any) -> Iterator[Run]:
    """While ``item`` runs: what it records is the item's."""
    run = current()
    before, run.item, run.asked = run.item, item, False
    try:
        yield run
    finally:
        run.item = before
