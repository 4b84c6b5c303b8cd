"""Measured columns: the latency of each point, in processes of its own."""

from __future__ import annotations

import json
import pickle
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

from archspec.errors import UsageError
from archspec.exploration.tasks import Subject

LATENCIES = ("latency", "latency_least", "latency_most")
"""Columns: the median over the rounds, the least and the most, in seconds of one step."""
_ROUNDS = 3
_SECONDS = 0.5
"""Of measuring in one round; a process starts and warms up before."""


class Conditions(NamedTuple):
    """How a latency is measured: the device, PyTorch's default where there is none, and the samples of a step."""

    device: str | None = None
    batch: int = 1


class Point(NamedTuple):
    """A point to measure, as its process is given it."""

    subject: Subject
    variant: str | None
    values: Mapping[str, Any]
    conditions: Conditions


class Time(NamedTuple):
    """What a round of a point gave.

    Attributes:
        point: The number of the point.
        round: The number of the round.
        seconds: The median time of a step; None where it could not be run.
        error: Why not.
    """

    point: int
    round: int
    seconds: float | None
    error: str = ""


def place(conditions: Conditions) -> list[Any]:
    """What decides a latency besides the network: how it is measured, the machine, PyTorch.

    Raises:
        UsageError: There is no PyTorch.
    """
    try:
        torch = version("torch")
    except PackageNotFoundError:
        raise UsageError('to measure latency needs PyTorch: pip install "archspec-nn[torch]"') from None
    return [*conditions, _SECONDS, platform.node(), torch]


def rounds(points: Mapping[int, Point]) -> list[tuple[int, int]]:
    """The rounds of all points, as numbers of a point and a round: the points one after another, again and again.

    So what slows the machine for a while slows no point alone.
    """
    return [(number, each) for each in range(_ROUNDS) for number in points]


def measured(points: Mapping[int, Point], left: Sequence[tuple[int, int]]) -> Iterator[Time]:
    """The times of some rounds, each in a process of its own; what cannot be run once is not run again."""
    failed: dict[int, str] = {}
    for number, each in left:
        if number in failed:
            yield Time(number, each, None, failed[number])
            continue
        seconds, error = _measured(points[number])
        if error:
            failed[number] = error
        yield Time(number, each, seconds, error)


def _measured(point: Point) -> tuple[float | None, str]:
    command = [sys.executable, "-m", "archspec.exploration.stopwatch", str(_SECONDS)]
    done = subprocess.run(command, input=pickle.dumps(point), capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return None, f"measuring ended with code {done.returncode}: {lines[-1] if lines else 'nothing was said'}"
    told = json.loads(done.stdout.splitlines()[-1])
    return told["seconds"], told["error"]


def latencies(times: Sequence[Time]) -> dict[str, float | None]:
    """The columns of a point, of its rounds."""
    seconds = [each.seconds for each in times if each.seconds is not None]
    if len(seconds) < len(times):
        return dict.fromkeys(LATENCIES)
    return dict(zip(LATENCIES, (statistics.median(seconds), min(seconds), max(seconds)), strict=True))
