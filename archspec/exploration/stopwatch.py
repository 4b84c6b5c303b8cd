"""The process that measures one point of a sweep: it is given it on standard input, and prints JSON."""

from __future__ import annotations

import json
import pickle
import sys

from archspec.errors import ArchspecError
from archspec.exploration.timing import Point


def main() -> None:
    """Measure a point for the seconds that the command line says."""
    point = pickle.load(sys.stdin.buffer)
    assert isinstance(point, Point)
    from archspec.pytorch.benchmarking import run

    network = point.subject.loaded().compile(variant=point.variant, **point.values)
    told: dict[str, float | str | None] = {"seconds": None, "error": ""}
    try:
        result = run(network, device=point.conditions.device, batch=point.conditions.batch, seconds=float(sys.argv[1]))
        told["seconds"] = result.latency.median
    except ArchspecError as error:
        told["error"] = str(error)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
