"""The tree of a text that may be no YAML yet: what the parser makes of a right one, and of a broken one the likeliest.

An editor asks while somebody types. So each line counts by its indentation, and a bracket or a quote that nothing
closes ends where the next line of the block around it begins. A test compares the trees of right texts with those of
the parser: the same keys and values at the same places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["scalar", "mapping", "sequence"]

CLOSING = {"{": "}", "[": "]"}
"""What closes each bracket."""


@dataclass(slots=True, eq=False)
class Value:
    """A mapping, a list, or a scalar.

    Attributes:
        kind: Which of them it is.
        start: Where it begins.
        end: Where it ends.
        text: Of a scalar, what it says.
        style: How a scalar is written: plain, in quotes, as a block, or as an alias; of a collection ``{`` or ``[``.
        entries: What a mapping or list holds.
        column: Of a collection that is written in lines, the column of its entries; -1 of another.
        owner: The entry that it is the value, or the key, of; None for the whole text.
    """

    kind: Kind
    start: int
    end: int
    text: str = ""
    style: str = ""
    entries: list[Entry] = field(default_factory=list)
    column: int = -1
    owner: Entry | None = None

    @property
    def is_flow(self) -> bool:
        """Whether it is written in brackets."""
        return self.style in CLOSING

    def get(self, key: str) -> Value | None:
        """The value of a key of a mapping, the first of it; None where there is none."""
        return next((entry.value for entry in self.entries if entry.name == key), None)

    def names(self) -> list[str]:
        """The keys of a mapping, as often as they stand there."""
        return [entry.name for entry in self.entries if entry.key is not None]

    def walk(self) -> Iterator[Value]:
        """It, and all keys and values inside, in order of place."""
        yield self
        for entry in self.entries:
            if entry.key is not None:
                yield entry.key
            if entry.value is not None:
                yield from entry.value.walk()


@dataclass(slots=True, eq=False)
class Entry:
    """A key and its value, or an item of a list.

    Attributes:
        owner: The mapping or list.
        key: The key; None for an item of a list.
        value: The value; None where nothing stands there.
        number: Its place in the owner.
        has_colon: Whether the colon behind the key is there.
    """

    owner: Value
    key: Value | None
    value: Value | None
    number: int
    has_colon: bool = True

    @property
    def name(self) -> str:
        """The key; of an item of a list its number."""
        return str(self.number) if self.key is None else self.key.text

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.key.start if self.key is not None else self.value.start if self.value is not None else 0

    @property
    def end(self) -> int:
        """Where it ends."""
        last = self.value if self.value is not None else self.key
        return last.end if last is not None else 0
