"""The journal of a sweep: a line for each point that is done, so that a sweep which ends early goes on later."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from archspec.errors import UsageError
from archspec.files import appended_to, encoded, reason, start

_BEGIN = b'{"key":"'
"""What every line begins with."""
_LARGEST = 4_000_000_000
"""Bytes of a journal: a million points take less than half of it."""

Record = Mapping[str, Any]
"""What is told of a point: JSON."""


class Journal:
    """A file with a line of JSON for each point that is done, under the key of all that decides the point.

    A line is written whole, with one call, at the end of the file. Where a process or a machine dies in the middle of
    that, what there is of the line is no JSON, and the point is done again. Several sweeps may write to one journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    @classmethod
    def of(cls, output: Path) -> Journal:
        """The journal that stands beside a file while that is being made."""
        return cls(output.with_name(f"{output.name}.rows"))

    def records(self) -> dict[str, Record]:
        """What is told, by key; of several lines the last holds.

        Raises:
            UsageError: The file cannot be read, or is another one.
        """
        return {str(each["key"]): each for each in self._lines()}

    def _lines(self) -> Iterator[Record]:
        try:
            data = start(self.path, _LARGEST)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read {self.path}: {reason(error)}") from None
        if data[: len(_BEGIN)] != _BEGIN[: len(data)]:
            raise UsageError(f"{self.path} is not what a sweep left: move it away, or write to a file of another name")
        for line in data.split(b"\n"):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and "key" in record:
                yield record

    def add(self, records: Iterable[Record]) -> None:
        """Add lines.

        Raises:
            UsageError: The file cannot be written.
        """
        lines = "".join(f"{json.dumps(record, separators=(',', ':'))}\n" for record in records)
        if not lines:
            return
        try:
            if self._file is None:
                self._file = self._opened()
            data = encoded(lines)
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise UsageError(f"cannot write {self.path}: {reason(error)}") from None

    def _opened(self) -> int:
        """The file, to be written to at its end, where what a line is left of is cut off from the next one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = appended_to(self.path)
        size = os.fstat(file).st_size
        if size:
            os.lseek(file, size - 1, os.SEEK_SET)
            if os.read(file, 1) != b"\n":
                os.write(file, b"\n")
        return file

    def close(self) -> None:
        """Write no more to it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def remove(self) -> None:
        """Remove the file: all of it stands in the finished one."""
        self.close()
        self.path.unlink(missing_ok=True)
