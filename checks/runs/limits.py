"""Limits: how long a case may take, and how much memory it may hold."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TimeUp(BaseException):
    """The time that a case may take is over; no ``except Exception`` of the audited code may take it."""


@contextmanager
def or_exit(seconds: float | None) -> Iterator[None]:
    """End this process when the time is over, whatever it is doing: the clock needs no lock of the interpreter's."""
    if seconds is None:
        yield
        return
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


@contextmanager
def or_raise(seconds: float | None) -> Iterator[None]:
    """Raise `TimeUp` when the time is over: in Python code only, in the main thread, where the system has alarms."""
    if seconds is None or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def up(number: int, frame: FrameType | None) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def memory(size: int | None) -> None:
    """Let this process hold ``size`` bytes of data at most, where the system can: what is over raises MemoryError."""
    if size is None:
        return
    try:
        import resource
    except ImportError:  # no such limits on this system
        return
    resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))
