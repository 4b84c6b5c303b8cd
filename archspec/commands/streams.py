"""Standard input, output and error as they may be: closed, full, gone, or of an encoding that lacks characters."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress
from typing import IO

from archspec.errors import UsageError
from archspec.files import encoded

_SIMPLER = {"─": "-", "×": "x", "·": ".", "…": "...", "−": "-", "–": "-", "µ": "u", "→": "->"}
"""What stands for a character of ours where an encoding lacks it; for others it is an escape."""

STANDARD = "-"
"""What stands for standard input or output in the place of a file."""

_UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EBADF, errno.EIO, errno.EDQUOT, errno.EFBIG, errno.EINVAL)


def prepare() -> None:
    """Let no character be an error, and what is written to a closed stream be one that can be told."""
    codecs.register_error("archspec", _simplified)
    sys.stdout = sys.stdout or _device(os.O_RDONLY)  # which cannot be written to
    sys.stderr = sys.stderr or _device(os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="archspec")


def _simplified(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    found = error.object[error.start : error.end]
    return "".join(_SIMPLER.get(c) or c.encode("unicode_escape").decode() for c in found), error.end


def _device(mode: int) -> IO[str]:
    return open(os.open(os.devnull, mode), "w", encoding="utf-8")  # noqa: PTH123


def unwritable(error: OSError) -> bool:
    """Whether an error is one of writing to a standard stream, and not one of a file that has a name."""
    return error.filename is None and error.errno in _UNWRITABLE


def forget(stream: IO[str]) -> None:
    """Write nothing more to a stream, so that the interpreter does not fail to as it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        stream.flush()


def print_document(text: str) -> None:
    """Print what programs read: in UTF-8, with the line ends of a file that is written, whatever a terminal has."""
    sys.stdout.flush()
    sys.stdout.buffer.write(encoded(text))


def standard_input(most: int) -> bytes:
    """What standard input holds, up to one byte more than a limit.

    Raises:
        UsageError: It is closed, or cannot be read.
    """
    if sys.stdin is None:
        raise UsageError("cannot read standard input: it is closed")
    try:
        return sys.stdin.buffer.read(most + 1)
    except OSError as error:
        raise UsageError(f"cannot read standard input: {error.strerror}") from None
