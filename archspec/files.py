"""Files: read with a limit, written whole or not at all, and in folders that go with those who made them."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from archspec.errors import UsageError, shown

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

LARGEST = 100_000_000
"""Bytes of a file that is no spec: a picture, a page, a source, an image."""

NO_FILE = "it is no regular file"
"""Why a pipe, a device or a socket is not read."""

_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_OPEN_FILES = ("/dev/std", "/dev/fd/", "/proc/")
_numbers = count()

_TEMPORARY = "archspec-temporary-"
_LEFT_AFTER = 24 * 60 * 60
"""Seconds after which a folder that nothing was written into is one that a killed process has left."""


def regular(path: str | os.PathLike[str]) -> BinaryIO:
    """A regular file, open to be read. A pipe could keep the caller waiting, and a device has no end.

    Raises:
        OSError: It cannot be opened, or is something else.
    """
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NO_WAITING))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(NO_FILE)
    return file


def start(path: str | os.PathLike[str], most: int) -> bytes:
    """The first bytes of a regular file.

    Args:
        path: The file.
        most: The number of bytes that are wanted. One more is there where the file has more.

    Raises:
        OSError: It cannot be read, or is no regular file.
        ValueError: It has no such path: there is a NUL in it.
    """
    with regular(path) as file:
        return file.read(most + 1)


def whole(path: str | os.PathLike[str], most: int = LARGEST) -> bytes:
    """All bytes of a regular file.

    Raises:
        OSError: It cannot be read, is no regular file, or has more than ``most`` bytes.
        ValueError: It has no such path.
    """
    with regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(size + 1) if size <= most else b""  # no more is asked for than there is: it takes memory
        if len(data) > size:  # the system makes it up, and knows no size
            data += file.read(most)
    if max(size, len(data)) > most:
        raise OSError(f"it has more than {most:,} bytes")
    return data


def appended_to(path: Path) -> int:
    """A file that is read, and written to at its end, which other processes may do too: its number, for `os`.

    Raises:
        OSError: It cannot be opened.
    """
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _NO_WAITING, 0o666)


def refuse_own(output: Path, own: Iterable[Path | None]) -> None:
    """Refuse to write over what is read.

    Args:
        output: Where to write.
        own: The files that are read; None for what is none.

    Raises:
        UsageError: It is one of them.
    """
    for path in filter(None, own):
        with suppress(OSError, ValueError):  # there is none yet
            if output.samefile(path):
                raise UsageError(f"{shown(output)} is a file of the spec")


def read(path: str | os.PathLike[str], most: int = LARGEST) -> bytes:
    """The bytes of a regular file.

    Raises:
        UsageError: It cannot be read, is no regular file, or has more than ``most`` bytes.
    """
    try:
        return whole(path, most)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {reason(error)}") from None


def reason(error: OSError | ValueError) -> str:
    """Why the system could not do something with a file."""
    return getattr(error, "strerror", None) or str(error)


def write(path: Path, data: str | bytes) -> None:
    """Write a file, and the folders it stands in; see `write_all`."""
    write_all({path: data})


def write_all(files: Mapping[Path, str | bytes]) -> None:
    """Write files, and the folders that they stand in: all of them whole, or none.

    What is new is written beside, and takes the place of what is old when all of it is there. A link stays, and the
    file that it leads to changes; permissions stay too. What is no regular file, such as ``/dev/stdout``, is written
    last, as it is.

    Raises:
        UsageError: One cannot be written; each is as it was before, devices and pipes aside.
    """
    path = Path()
    made: list[Path] = []
    news: dict[Path, Path] = {}
    try:
        streams = [path for path in files if _is_stream(path)]
        for path in files:
            if path not in streams:
                target = Path(os.path.realpath(path))
                _make(target.parent, made)
                news[target] = _temporary(target)
                _fill(target, news[target], _bytes(files[path]))
        _replace(news)
        made.clear()
        for path in streams:
            _pour(path, _bytes(files[path]))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {path}: {reason(error)}") from None
    finally:
        _remove(news.values())
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()


def _bytes(data: str | bytes) -> bytes:
    return encoded(data) if isinstance(data, str) else data


def encoded(text: str) -> bytes:
    """A text as files hold it: in UTF-8. A byte of a file's name that is no text is an escape, which JSON has too."""
    return text.encode(errors="backslashreplace")


def _is_stream(path: Path) -> bool:
    """Whether a path is a device, a pipe, or an open file of this process."""
    if str(path.absolute()).startswith(_OPEN_FILES):
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder and those that it stands in; those that were not there before are added to a list."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        made.append(each)


def _temporary(target: Path) -> Path:
    """A name beside a file that nothing has yet."""
    while True:
        path = target.with_name(f".archspec-{os.getpid()}-{next(_numbers)}.tmp")
        if not os.path.lexists(path):
            return path


def _fill(target: Path, new: Path, data: bytes) -> None:
    """Write what will take the place of a file that may be written to, with its permissions."""
    old = None
    with suppress(FileNotFoundError), target.open("r+b") as file:
        old = os.fstat(file.fileno())
    with new.open("xb") as file:
        file.write(data)
    if old:
        with suppress(OSError, AttributeError):  # an owner that another cannot give away; no owners at all
            os.chown(new, old.st_uid, old.st_gid)
        new.chmod(stat.S_IMODE(old.st_mode))


def _replace(news: Mapping[Path, Path]) -> None:
    """Put files in the places of others. Where one cannot be, those before it are put back."""
    olds: dict[Path, Path | None] = {}
    try:
        for target, new in news.items():
            olds[target] = _kept(target) if len(news) > 1 else None
            new.replace(target)
    except BaseException:
        for target, old in olds.items():
            if old:
                old.replace(target)
            elif not news[target].exists() and len(news) > 1:
                target.unlink(missing_ok=True)
        raise
    finally:
        _remove(old for old in olds.values() if old)


def _kept(target: Path) -> Path | None:
    """What a file was, under another name; None where there is none."""
    if not target.exists():
        return None
    kept = _temporary(target)
    try:
        kept.hardlink_to(target)
    except OSError:  # a file system without links
        from shutil import copy2

        copy2(target, kept)
    return kept


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _pour(path: Path, data: bytes) -> None:
    """Write to a device or a pipe. A pipe that nobody reads is an error, in place of a wait."""
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags | _NO_WAITING)) as file:
        if _NO_WAITING:
            os.set_blocking(file.fileno(), True)
        file.write(data)


def temporary_folder() -> TemporaryDirectory[str]:
    """A new folder, which goes when it is left as a context or cleaned up, and at the latest with the process.

    Those of processes that were killed go with it when they are a day old: who still runs then has read its files.

    Raises:
        OSError: None can be made.
    """
    import tempfile
    from shutil import rmtree

    for path in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*"):
        if _is_left(path):
            rmtree(path, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=_TEMPORARY, ignore_cleanup_errors=True)


def _is_left(path: Path) -> bool:
    """Whether a path is an old folder of the same user; a link is none."""
    try:
        status = path.lstat()
    except OSError:  # another process has removed it just now
        return False
    own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return own and stat.S_ISDIR(status.st_mode) and status.st_mtime < time.time() - _LEFT_AFTER
