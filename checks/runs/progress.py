"""Progress of a run: a bar with rate and time left, on a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def progress(total: int, stream: IO[str]) -> Iterator[Callable[[int], None]]:
    """A function to call with how many more cases are done.

    Parameters
    ----------
    total : int
        Cases to do.
    stream : text stream
        Where to; nothing is shown unless it is a terminal.
    """
    if not stream.isatty() or not total:
        yield lambda more: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.1f}/s" if task.speed else "")

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("audits", total=total)
        yield lambda more: bar.advance(task, more)
