"""Engine: gives out a run's cases, to this process or to workers, until all of them are in the ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from checks.runs import limits
from checks.runs.alone import alone
from checks.runs.ledger import Ledger
from checks.runs.suite import Case
from checks.runs.work import Asked, audited, chunk

if TYPE_CHECKING:
    from distributed import Client

SECONDS: Final = 1.0
"""How long a chunk of cases should take: long beside what giving it out costs, short beside what its loss costs."""

Done = Callable[[int], None]
"""Told how many more cases are in the ledger."""


@dataclass(slots=True)
class Pace:
    """Seconds that cases of each entry were seen to take; what chunks are sized by."""

    spent: dict[str, tuple[float, int]] = field(default_factory=dict)

    def saw(self, entry: str, seconds: float) -> None:
        """One case of ``entry`` took ``seconds``."""
        total, n = self.spent.get(entry, (0.0, 0))
        self.spent[entry] = (total + seconds, n + 1)

    def take(self, left: deque[Case], share: int) -> list[Case]:
        """The next chunk off ``left``: about `SECONDS` of work, one case where nothing is known, at most ``share``.

        Examples
        --------
        >>> pace = Pace()
        >>> pace.saw("a", 0.25)
        >>> left = deque(Case(entry="a", values={}, seed=s, key=str(s)) for s in range(9))
        >>> len(pace.take(left, 100)), len(pace.take(left, 2))
        (4, 2)
        """
        taken: list[Case] = []
        seconds = 0.0
        while left and len(taken) < max(share, 1):
            total, n = self.spent.get(left[0].entry, (SECONDS, 1))
            if taken and seconds + total / n > SECONDS:
                break
            seconds += total / n
            taken.append(left.popleft())
        return taken


def in_process(cases: Sequence[Case], asked: Asked, ledger: Ledger, done: Done) -> None:
    """Audit every case here, one after the other; each is in the ledger before the next begins.

    A case that ended the run before this one, which was resumed, is given a process of its own.
    """
    limits.memory(asked.memory)
    for case in cases:
        if ledger.begun == case.key:
            ledger.append(line for line, _ in alone(asdict(asked), [asdict(case)]))
        else:
            ledger.begin(case.key)
            with limits.or_raise(asked.timeout):
                line = audited(asked, case)
            ledger.append([line])
        done(1)
    ledger.begin("")


def on_workers(client: Client, cases: Sequence[Case], asked: Asked, ledger: Ledger, done: Done) -> None:
    """Audit every case on the workers of a cluster.

    Each worker has one chunk at a time. Where a worker dies, the cases that it had are run again, each in a process of
    its own: so the one that killed it is known, and the others come to no harm. Workers may come and go.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    cases, asked, ledger, done
        What to audit, how, where it is written, and who is told.
    """
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    left, suspects, pace = deque(cases), deque[Case](), Pace()
    given: dict[Any, list[Case]] = {}
    flow = as_completed()
    while left or suspects or given:
        slots = max(1, sum(client.ncores().values()))
        while (left or suspects) and len(given) < slots:
            if suspects:
                work, taken = alone, [suspects.popleft()]
            else:
                work, taken = chunk, pace.take(left, -(-len(left) // (2 * slots)))
            future = client.submit(work, asdict(asked), [asdict(c) for c in taken], pure=False)
            given[future] = taken
            flow.add(future)
        future = next(flow)
        taken = given.pop(future)
        try:
            lines = future.result()
        except KilledWorker:
            suspects.extend(taken)
            continue
        ledger.append(line for line, _ in lines)
        for case, (_, seconds) in zip(taken, lines, strict=True):
            pace.saw(case.entry, seconds)
        done(len(taken))
