"""Cases: networks as they are drawn without Hypothesis."""

from __future__ import annotations

import contextlib
import gc
import os
import signal

import numpy as np
import pytest

from checks.equations.cases import draw


@pytest.mark.skipif(os.name == "nt", reason="signals are sent as on POSIX")
def test_no_interrupt_is_lost_while_networks_are_drawn():
    """NumPy loses one in eight that come while it makes an array of strings."""
    raised, lost = [], 0

    class Interrupted(BaseException):
        pass

    def interrupt(*_):
        raised.append(None)
        raise Interrupted

    rng, wait = np.random.default_rng(0), np.random.default_rng(1)
    before = signal.signal(signal.SIGALRM, interrupt)
    gc.collect()
    gc.disable()  # what comes while garbage is finalised is lost as well, and not by us
    try:
        for n in range(200):
            with contextlib.suppress(Interrupted):
                signal.setitimer(signal.ITIMER_REAL, wait.uniform(1e-4, 2e-3))
                while len(raised) == n:
                    draw(rng)
                lost += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.enable()
    assert lost == 0
