"""Sweeps: the figures of a network at many settings of its parameters."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from archspec.errors import UsageError, shown
from archspec.exploration import figures as known_figures
from archspec.exploration import provenance, tables
from archspec.exploration.engines import Backend, Engine
from archspec.exploration.journal import Journal, Record
from archspec.exploration.knobs import knobs as read_knobs
from archspec.exploration.plans import Plan, check_columns, planned
from archspec.exploration.results import Sweep
from archspec.exploration.rows import Row
from archspec.exploration.tasks import Done, Outcome, Task
from archspec.exploration.timing import LATENCIES, Conditions, Point, Time, latencies, measured, place, rounds
from archspec.files import refuse_own
from archspec.language.limits import Limits

Progress = Callable[[str, int, int], None]
"""Called with what is going on, how many points are done, and how many there are."""
Specs = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_DEFAULT_LIMITS = Limits()
_MOST_TOGETHER = 50
"""Points of one task: a tenth of a second, so that little is done again after a sweep is killed."""
_TASKS_OF_A_WORKER = 4
"""At least, so that none waits long for the others at the end."""
_LONG = 1_000
"""Points from which on a sweep uses all cores, unless told: those of fewer are done before processes have started."""


def sweep(
    specs: Specs,
    knobs: Mapping[str, Any],
    /,
    *,
    variant: str | None = None,
    random: int | None = None,
    seed: int = 0,
    figures: Sequence[str] = known_figures.USUAL,
    measure: str | None = None,
    device: str | None = None,
    batch: int = 1,
    jobs: int | None = None,
    backend: Backend = "loky",
    scheduler: str | None = None,
    output: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] | None = None,
    limits: Limits = _DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Sweep:
    """Compile specs at many values of their parameters.

    Args:
        specs: The path of a YAML file or the name of a bundled network, or several.
        knobs: For each parameter its values: a list, a range, or a text as ``--set`` has it, ``"0.25..1.5"``. A spec
            without one of the parameters is swept over the others.
        variant: The variant that the values are over.
        random: How many points to draw at random, in place of all combinations.
        seed: What the draws begin with: the same one gives the same points.
        figures: Names of figures, see `archspec.exploration.figures.FIGURES`.
        measure: ``latency`` to build and time each valid point in PyTorch, one point after another, three times, each
            time in a process of its own: columns ``latency``, the median in seconds, ``latency_least`` and
            ``latency_most``.
        device: Where to measure; PyTorch's default unless given.
        batch: Samples in a step that is measured.
        jobs: Processes; -1 for as many as there are cores, or for all workers of a cluster. Unless given, 1 for less
            than 1,000 points, and -1 for more.
        backend: ``loky`` for processes of this machine, ``dask`` or ``ray`` for a cluster, by joblib.
        scheduler: The address of the cluster.
        output: A file to write to at the end, `.csv`, `.json` or `.parquet`. What is done is kept beside it until
            then, so that the same sweep goes on where it ended.
        root: The folder that references to other files may not leave; that of each spec unless given.
        limits: Bounds on what a spec may ask for.
        progress: What to call as points are done.

    Returns:
        A row for each point in order; an invalid point is a row with an ``error``. The rows depend neither on the
        processes nor on how often the sweep was ended and went on.

    Raises:
        SpecError: A spec is wrong whatever its parameters are.
        UsageError: No spec has such a parameter, there is no such figure, variant, backend or file, or the files
            changed while the sweep ran.

    >>> found = sweep("specs/mobilenet_v2.yaml", {"width": [0.5, 1.0], "image_size": range(96, 161, 32)})
    >>> len(found), found.rows[0].figures["params"]
    (6, 1968680)
    """
    names = [specs] if isinstance(specs, str | os.PathLike) else list(specs)
    target = None if output is None else Path(output)
    if target is not None:
        tables.check_ending(target)
    plan = planned(names, read_knobs(knobs), variant, root, limits, (random, seed))
    if target is not None:
        refuse_own(target, [source.path for each in plan.subjects for source in each.loaded().sources.values()])
    asked = Asked(known_figures.checked(figures), _conditions(measure, device, batch), variant)
    check_columns(plan.knobs, asked.columns)
    several = -1 if len(plan.points) >= _LONG or backend != "loky" else 1
    engine = Engine(several if jobs is None else jobs, backend, scheduler).checked()
    journal = None if target is None else Journal.of(target)
    found = _Sweeping(plan, asked, engine, journal, progress or _silent).found()
    if target is not None and journal is not None:
        try:
            found.save(target)
        except UsageError as error:
            kept = f"what is done is kept in {shown(journal.path)}: the same sweep goes on"
            raise UsageError(f"{error}; {kept}") from None
        journal.remove()
    return found


def _silent(stage: str, done: int, total: int) -> None:
    pass


def _conditions(measure: str | None, device: str | None, batch: int) -> Conditions | None:
    """How to measure; None for not at all."""
    if measure is None:
        if device is not None or batch != 1:
            raise UsageError("a device and a batch say how to measure, and nothing is measured: ask for `latency`")
        return None
    if measure != "latency":
        raise UsageError(f"`{measure}` cannot be measured; `latency` can")
    return Conditions(device, batch)


class Asked(NamedTuple):
    """What is asked of each point: figures, how to measure it, and the variant that its values are over."""

    figures: tuple[str, ...]
    measure: Conditions | None
    variant: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The figures, measured ones too."""
        return (*self.figures, *(LATENCIES if self.measure else ()))


@dataclass
class _Sweeping:
    """A sweep that goes on.

    Attributes:
        plan: Its points.
        asked: What is asked of each.
        engine: Where they are done.
        journal: Where what is done is kept; None where it is not.
        progress: What to call as points are done.
        outcomes: What came of points so far, by number.
        files: Digests of the files that decided that, by path.
    """

    plan: Plan
    asked: Asked
    engine: Engine
    journal: Journal | None
    progress: Progress
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def found(self) -> Sweep:
        """What came of all points."""
        records = self.journal.records() if self.journal else {}
        keys = self._keys() if self.journal else []
        self._recall(keys, records)
        total = len(self.plan.points)
        self.progress("compiling", len(self.outcomes), total)
        try:
            for done in self.engine.results(list(self._tasks())):
                self._take(done, keys)
                self.progress("compiling", len(self.outcomes), total)
            self._measure(keys, records)
        finally:
            if self.journal:
                self.journal.close()
        rows = (self._row(number) for number in range(total))
        return Sweep(tuple(knob.name for knob in self.plan.knobs), self.asked.columns, tuple(rows))

    def _row(self, number: int) -> Row:
        subject, values = self.plan.points[number]
        outcome = self.outcomes[number]
        figures = {name: outcome.figures.get(name) for name in self.asked.columns}
        return Row(self.plan.subjects[subject].name, values, figures, outcome.error)

    def _keys(self) -> list[str]:
        """For each point a digest of all that decides it, but for the files that other files name."""
        common = [provenance.of_package(), self.asked.variant, self.asked.figures]
        subjects = [
            [
                each.name,
                provenance.of_text(repr(each.pickled and next(iter(each.loaded().sources.values())).text)),
                repr(each.limits),
            ]
            for each in self.plan.subjects
        ]
        texts = (json.dumps([*common, *subjects[subject], values]) for subject, values in self.plan.points)
        return list(map(provenance.of_text, texts))

    def _recall(self, keys: Sequence[str], records: Mapping[str, Record]) -> None:
        """Take what is in the journal, where the files that it was read from are as they were."""
        unchanged = provenance.Unchanged()
        for number, key in enumerate(keys):
            record = records.get(key)
            if record is not None and unchanged(record["files"]):
                self.outcomes[number] = Outcome(record["figures"], record["error"])
                self.files |= record["files"]

    def _tasks(self) -> Iterator[Task]:
        """The points that are not done, some together."""
        for subject, each in enumerate(self.plan.subjects):
            left = [
                number
                for number, (own, _) in enumerate(self.plan.points)
                if own == subject and number not in self.outcomes
            ]
            size = max(1, min(_MOST_TOGETHER, math.ceil(len(left) / (_TASKS_OF_A_WORKER * self.engine.workers))))
            for first in range(0, len(left), size):
                numbers = left[first : first + size]
                values = [self.plan.points[number][1] for number in numbers]
                yield Task(each, self.asked.variant, self.asked.figures, numbers, values)

    def _take(self, done: Done, keys: Sequence[str]) -> None:
        """Take what came of a task, and keep it."""
        if done.package != provenance.of_package():
            raise UsageError("a worker has another archspec, or other packages with ops, than this process")
        for path, digest in done.files.items():
            if self.files.setdefault(path, digest) != digest:
                raise UsageError(f"{path} changed while the sweep ran; run it again")
        self.outcomes.update(zip(done.numbers, done.outcomes, strict=True))
        if self.journal:
            self.journal.add(
                {"key": keys[number], "figures": each.figures, "error": each.error, "files": done.files}
                for number, each in zip(done.numbers, done.outcomes, strict=True)
                if each.lasting
            )

    def _measure(self, keys: Sequence[str], records: Mapping[str, Record]) -> None:
        """Measure the valid points, and add what was found to what came of them."""
        conditions = self.asked.measure
        if conditions is None:
            return
        where = place(conditions)
        valid = {
            number: Point(self.plan.subjects[subject], self.asked.variant, values, conditions)
            for number, (subject, values) in enumerate(self.plan.points)
            if not self.outcomes[number].error
        }
        every = rounds(valid)
        names = {each: provenance.of_text(json.dumps([keys[each[0]], *where, each[1]])) for each in every if keys}
        times = {each: Time(*each, records[name]["seconds"]) for each, name in names.items() if name in records}
        for time in measured(valid, [each for each in every if each not in times]):
            times[time[:2]] = time
            if self.journal and not time.error:
                self.journal.add([{"key": names[time[:2]], "seconds": time.seconds}])
            self.progress("measuring", len(times), len(every))
        for number in valid:
            own = [time for time in times.values() if time.point == number]
            outcome = self.outcomes[number]
            error = next((time.error for time in own if time.error), "")
            self.outcomes[number] = outcome._replace(figures=outcome.figures | latencies(own), error=error)
