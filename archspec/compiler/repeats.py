"""The copies of a repeat, gathered into runs of equal ones."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.language.source import Entry
from archspec.network import Content, Origin, Run


class Runs:
    """Copies in order, one after another."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def add(self, index: int, content: Content, first: Origin, written: Mapping[str, Entry]) -> None:
        """A copy more, which takes ``first``."""
        run = Run(index, 1, content, first, written)
        if self.runs and self._continues(self.runs[-1], run):
            self.lengthen(1)
        else:
            self.runs.append(run)

    def lengthen(self, more: int) -> Origin:
        """Copies more that are as the last one; what the last of them gives."""
        run = self.runs[-1]
        self.runs[-1] = run = run._replace(length=run.length + more)
        return run.given(run.stop - 1)

    @staticmethod
    def _continues(last: Run, run: Run) -> bool:
        """Whether a copy is as those before, and takes what these give."""
        alike = last.content is run.content and last.written is run.written
        return alike and last.stop == run.start and last.given(run.start - 1) == run.first
