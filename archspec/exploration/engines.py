"""Where the tasks of a sweep run: in this process, in others on this machine, or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from archspec.errors import UsageError, listed
from archspec.exploration.tasks import Done, Task, done
from archspec.version import __version__

if TYPE_CHECKING:
    from joblib import Parallel

Backend = Literal["loky", "dask", "ray"]
BACKENDS: tuple[str, ...] = get_args(Backend)
_WAVE = 8
"""Tasks for each worker at once, where a backend hands results back only when all are there."""
_SECONDS_TO_CONNECT = 15
_MOST_DEATHS = 3
"""Times in a row that workers may die with no task done in between."""


class Engine(NamedTuple):
    """Where tasks run.

    Attributes:
        jobs: Processes; -1 for as many as there are cores, or for all workers of a cluster.
        backend: ``loky`` for processes of this machine; ``dask`` or ``ray`` for a cluster, by joblib.
        scheduler: The address of the cluster; without one the backend makes one on this machine.
    """

    jobs: int = 1
    backend: Backend = "loky"
    scheduler: str | None = None

    def checked(self) -> Engine:
        """It, where there is such a one.

        Raises:
            UsageError: There is none.
        """
        if self.backend not in BACKENDS:
            raise UsageError(f"there is no backend `{self.backend}`; known here: {listed(BACKENDS)}")
        if self.jobs != -1 and self.jobs < 1:
            raise UsageError(f"at least one process works, not {self.jobs}; -1 is one for each core")
        if self.scheduler and self.backend == "loky":
            raise UsageError("a scheduler is that of a cluster: give the backend `dask` or `ray` too")
        return self

    @property
    def is_this_process(self) -> bool:
        """Whether this process does all itself."""
        return self.backend == "loky" and self.jobs == 1

    @property
    def workers(self) -> int:
        """How many processes work, as far as is known before they start."""
        return self.jobs if self.jobs > 0 else os.cpu_count() or 1

    def results(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """What comes of tasks, in the order in which they end. What a worker did not end as it died is done again.

        Raises:
            UsageError: The cluster cannot be reached, or has another archspec; workers die again and again.
        """
        if self.is_this_process:
            yield from map(done, tasks)
        else:
            yield from self._in_processes(tasks)

    def _in_processes(self, tasks: Sequence[Task]) -> Iterator[Done]:
        left = {task.numbers[0]: task for task in tasks}
        deaths = 0
        with self._workers() as workers:
            while left:
                try:
                    for each in workers.results(list(left.values())):
                        del left[each.numbers[0]]
                        deaths = 0
                        yield each
                except workers.deaths as error:
                    deaths += 1
                    if deaths == _MOST_DEATHS:
                        message = f"{deaths} times in a row a worker died before it had done anything: {_line(error)}"
                        raise UsageError(message) from error
                except ModuleNotFoundError as error:
                    if error.name is None or error.name.partition(".")[0] != "archspec":
                        raise
                    raise UsageError(
                        f"the workers have no archspec: install archspec-nn=={__version__} there"
                    ) from None

    def _workers(self) -> AbstractContextManager[_Workers]:
        return {"loky": _of_loky, "dask": _of_dask, "ray": _of_ray}[self.backend](self)


class _Workers(NamedTuple):
    """Processes that do tasks.

    Attributes:
        parallel: Makes what runs a list of calls.
        deaths: What is raised where one of them dies.
        wave: How many tasks to hand over at once; 0 for all, where results come back one by one.
    """

    parallel: Callable[[], Parallel]
    deaths: tuple[type[Exception], ...]
    wave: int = 0

    def results(self, tasks: list[Task]) -> Iterator[Done]:
        """What comes of tasks."""
        from joblib import delayed

        size = self.wave or len(tasks)
        for first in range(0, len(tasks), size):
            yield from self.parallel()(delayed(done)(task) for task in tasks[first : first + size])


@contextmanager
def _of_loky(engine: Engine) -> Iterator[_Workers]:
    from joblib import Parallel
    from joblib.externals.loky import BrokenProcessPool

    def parallel() -> Parallel:
        return Parallel(engine.jobs, backend="loky", return_as="generator_unordered", batch_size=1)

    yield _Workers(parallel, (BrokenProcessPool,))


@contextmanager
def _of_dask(engine: Engine) -> Iterator[_Workers]:
    try:
        from dask.distributed import Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ModuleNotFoundError:
        raise UsageError('the backend `dask` needs Dask: pip install "archspec-nn[dask]"') from None
    from joblib import Parallel, parallel_config

    try:
        client = Client(engine.scheduler, timeout=_SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot reach the scheduler {engine.scheduler}: {_line(error)}") from None
    with client, parallel_config("dask", client=client, n_jobs=engine.jobs):
        yield _Workers(lambda: Parallel(return_as="generator_unordered", batch_size=1), (KilledWorker, CommClosedError))


@contextmanager
def _of_ray(engine: Engine) -> Iterator[_Workers]:
    try:
        import ray
        from ray.exceptions import RayError
        from ray.util.joblib import register_ray
    except ModuleNotFoundError:
        raise UsageError('the backend `ray` needs Ray: pip install "archspec-nn[ray]"') from None
    from joblib import Parallel, parallel_config

    register_ray()
    with ExitStack() as stack:
        if not ray.is_initialized():
            try:
                ray.init(address=engine.scheduler, log_to_driver=False, logging_level="ERROR")
            except (ConnectionError, OSError, RuntimeError, ValueError) as error:
                raise UsageError(f"cannot reach the scheduler {engine.scheduler}: {_line(error)}") from None
            stack.callback(ray.shutdown)
        with parallel_config("ray", n_jobs=engine.jobs):
            workers = int(ray.cluster_resources().get("CPU", 1)) if engine.jobs == -1 else engine.jobs
            yield _Workers(lambda: Parallel(batch_size=1), (RayError,), wave=_WAVE * max(1, workers))


def _line(error: Any) -> str:
    """What an error of another library says, in a line."""
    return str(error).strip().partition("\n")[0]
