"""How to mend what is wrong: as text, and where there is one answer as changes that an editor can make."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, Self

from archspec.errors.span import Span


class Change(NamedTuple):
    """A change of a text, told by what stands at a place.

    Attributes:
        action: ``replace``: the text takes the place of what stands there. ``remove``: the entry of a mapping or list
            goes whose key or value stands there. ``state``: the text takes the place of that entry; of a node that is
            a bare word, the place of that word, as a mapping. ``set``: the node whose name or kind stands there gets
            an argument, as ``padding: 1``. ``insert``: an entry comes before that which stands there.
        text: What is written.
        span: The place; None for that of the diagnostic.
    """

    action: Literal["replace", "remove", "state", "set", "insert"]
    text: str = ""
    span: Span | None = None


class Help(str):
    """The text of a help, with the changes that carry it out where there is one answer.

    Attributes:
        changes: The changes; none where what to write is the author's to say.
    """

    __slots__ = ("changes",)
    changes: tuple[Change, ...]

    def __new__(cls, text: str, *changes: Change) -> Self:
        """A help; without changes it is a plain text."""
        made = super().__new__(cls, text)
        made.changes = changes
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (str(self), *self.changes)

    @classmethod
    def instead(cls, text: str, written: str) -> Self:
        """A help that is carried out by writing something in place of what is at fault."""
        return cls(text, Change("replace", written))

    @classmethod
    def removal(cls, text: str) -> Self:
        """A help that is carried out by removing the entry at fault."""
        return cls(text, Change("remove"))

    def around(self, before: str, after: str = "") -> Self:
        """The same where what is at fault is a part of what stands at the place, between two texts."""
        changes = (
            each._replace(text=f"{before}{each.text}{after}") if each.action == "replace" else each
            for each in self.changes
        )
        return type(self)(str(self), *changes)


def removable(help: str) -> str:
    """A help for what can be left out: where it has no other answer, that is one."""
    return help if changes_of(help) else Help.removal(help)


def changes_of(help: str) -> tuple[Change, ...]:
    """The changes that carry out a help; none of a plain text."""
    return help.changes if isinstance(help, Help) else ()
