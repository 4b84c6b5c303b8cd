"""Measure what commands take with large specs: ``python tests/bounds.py [KIND ...] [--commands check table ...]``.

Each command runs in a process of its own, which is ended where it is beyond the bounds.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from large import KINDS

SECONDS, MEMORY = 12, 1_000_000_000
COMMANDS: dict[str, list[str]] = {
    "check": ["check"],
    "check json": ["check", "--format", "json"],
    "table": ["compile"],
    "depth 0": ["compile", "--depth", "0"],
    "json": ["compile", "--format", "json"],
    "csv": ["compile", "--format", "csv"],
    "markdown": ["compile", "--format", "markdown", "--depth", "0"],
    "emit": ["emit", "-o", "net.py"],
    "overview": ["draw", "-o", "net.svg"],
    "blocks": ["draw", "-o", "net.svg", "--detail", "blocks"],
    "ops": ["draw", "-o", "net.svg", "--detail", "ops"],
    "mmd": ["draw", "-o", "net.mmd", "--detail", "ops"],
    "dot": ["draw", "-o", "net.dot", "--detail", "ops"],
    "html": ["draw", "-o", "net.html"],
    "partial": ["draw", "-o", "net.svg", "--partial"],
}


class Taken(NamedTuple):
    """What a command took, and how it ended."""

    seconds: float
    megabytes: int
    code: int
    said: str

    @property
    def is_within(self) -> bool:
        """Whether it kept the bounds, and ended as a command does."""
        within = self.seconds < SECONDS and self.megabytes * 1_000_000 <= MEMORY
        return within and self.code in (0, 1, 2) and "Traceback" not in self.said


def measured(arguments: list[str], folder: Path, seconds: int = SECONDS) -> Taken:
    """Run a command on ``net.yaml`` of a folder."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (6_000_000_000, 6_000_000_000))

    command = [sys.executable, "-m", "archspec", arguments[0], "net.yaml", *arguments[1:]]
    out, err = folder / "out.txt", folder / "err.txt"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(command, cwd=folder, stdout=stdout, stderr=stderr, preexec_fn=bound)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    with err.open("rb") as stderr:
        stderr.seek(max(0, err.stat().st_size - 2_000))
        said = stderr.read().decode("utf-8", "replace")
    return Taken(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 977, process.returncode, said)


def main() -> None:
    """Print a line for each kind and command; exit with 1 if one is beyond the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--commands", nargs="*", default=list(COMMANDS))
    parser.add_argument("--seconds", type=int, default=SECONDS, help="when a command is ended")
    parser.add_argument("--size", type=int)
    options = parser.parse_args()
    beyond = 0
    for kind in options.kinds:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "net.yaml").write_text(KINDS[kind].spec(options.size or KINDS[kind].full), encoding="utf-8")
            for command in options.commands:
                taken = measured(COMMANDS[command], folder, options.seconds)
                beyond += not taken.is_within
                said = next((line for line in taken.said.splitlines() if "rror" in line), "")[:90]
                mark = " " if taken.is_within else "!"
                figures = f"{taken.seconds:6.2f} s {taken.megabytes:5} MB  {taken.code:3}"
                print(f"{mark} {kind:28} {command:10} {figures} {said}", flush=True)
    print(f"{beyond} beyond {SECONDS} s or {MEMORY // 1_000_000} MB")
    sys.exit(bool(beyond))


if __name__ == "__main__":
    main()
