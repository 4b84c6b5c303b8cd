"""``--check``: whether a file is what a command would write."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from archspec.errors import UsageError, shown


def refuse_both(output: Path | None, check: Path | None) -> None:
    """Refuse to write a file and to check one.

    Raises:
        UsageError: Both are asked for.
    """
    if output and check:
        raise UsageError("--output writes a file and --check compares one; give one of them")


def print_stale(path: Path, found: Sequence[str], command: Sequence[str]) -> None:
    """Say that a file is stale, what differs, and the command that mends it."""
    lines = [*found, f"regenerate it: {shlex.join(['archspec', *command, '-o', str(path)])}"]
    print("\n".join(map(shown, lines)), file=sys.stderr)
