"""Files that are written."""

from __future__ import annotations

from pathlib import Path

from archspec.errors import UsageError


def write(path: Path, data: str | bytes) -> None:
    """Write a file, and the folders it stands in.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def read(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
