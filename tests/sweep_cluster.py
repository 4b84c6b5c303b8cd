"""A sweep on a cluster of this machine, of which a worker is killed meanwhile: ``sweep_cluster.py dask``."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import archspec
from archspec.exploration.tables import csv_text

KNOBS = {"num_classes": range(2, 602)}
Kill = Callable[[], bool]
"""Kills a worker, where there is one; whether it did."""


@contextmanager
def dask() -> Iterator[tuple[str | None, Kill]]:
    from dask.distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster:
        first = next(iter(cluster.workers.values())).pid

        def kill() -> bool:
            os.kill(first, signal.SIGKILL)
            return True

        yield cluster.scheduler_address, kill


@contextmanager
def ray() -> Iterator[tuple[str | None, Kill]]:
    import psutil
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")

    def kill() -> bool:
        for process in psutil.Process().children(recursive=True):
            if "PoolActor" in process.name() or any("PoolActor" in word for word in process.cmdline()):
                process.kill()
                return True
        return False

    yield None, kill
    ray.shutdown()


def main(backend: str) -> None:
    expected = csv_text(archspec.sweep("lenet", KNOBS, jobs=1))
    with {"dask": dask, "ray": ray}[backend]() as (scheduler, kill):
        ended = threading.Event()

        def killer() -> None:
            while not ended.is_set() and not kill():
                time.sleep(0.01)

        thread = threading.Thread(target=killer)

        def begun(stage: str, done: int, total: int) -> None:
            if not thread.ident and (backend == "ray" or 0 < done < total):  # Ray's workers start with the sweep
                thread.start()

        found = archspec.sweep("lenet", KNOBS, backend=backend, scheduler=scheduler, progress=begun)
        killed = bool(thread.ident) and not ended.is_set()
        ended.set()
        if thread.ident:
            thread.join()
    print("killed" if killed else "nothing was killed", "equal" if csv_text(found) == expected else "different")


if __name__ == "__main__":
    main(sys.argv[1])
