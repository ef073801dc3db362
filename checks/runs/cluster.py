"""Cluster: workers of this machine, or those of a scheduler that is running somewhere (extra ``cluster``)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from checks.errors import MisuseError

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def connected(workers: int | None, scheduler: str | None) -> Iterator[Client]:
    """A client of ``scheduler``, or of ``workers`` new processes on this machine, one thread each.

    Raises
    ------
    MisuseError
        Without dask.distributed, or where no scheduler answers.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as missing:
        raise MisuseError(
            f"--workers and --scheduler need dask.distributed ({missing}): pip install 'backproof[cluster]'. "
            f"Without them the run goes through in this process"
        ) from missing
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout="5s")
        except (OSError, ValueError, TypeError) as error:
            raise MisuseError(f"no scheduler answers at {scheduler}: {error}; expected tcp://HOST:PORT") from error
        with client:
            yield client
        return
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # that a worker died is told by the ledger
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0, "distributed.comm.timeouts.connect": "60s"}),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
        ) as local,
        Client(local) as client,
    ):
        yield client
