"""Names of what differs from copy to copy: the rows of a table, or their items, and the index of a repeat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from archspec.errors import Help, Note
from archspec.language.checking import Checker
from archspec.language.definition import IGNORED, Step, Table
from archspec.language.names import parameter_name_problem
from archspec.language.source import Mapping, Scalar, Sequence
from archspec.language.usage import names_in
from archspec.language.wiring import Wiring


def loop_names(checker: Checker, node: Mapping, wiring: Wiring, path: str) -> tuple[Scalar, ...]:
    """The names that ``as`` of a node gives, those left out that are wrong; that is reported.

    Args:
        checker: Where errors go.
        node: The node.
        wiring: The graph that it stands in.
        path: The path of the node.
    """
    value = node.entries.get("as")
    if "each" in node.entries and value is None:
        help = "for example `as: row`, or `as: [channels, stride]` for the items of each row"
        message = "`as` is missing: what the rows of `each` are called"
        checker.report("missing-key", message, node.keys["each"].span, path=path, help=help)
    if value is None or ("each" not in node.entries and "repeat" not in node.entries):
        return ()
    if isinstance(value, Sequence) and "each" not in node.entries:
        message, help = "the index of a repeat has one name", Help.instead("write `as: i`", "i")
        checker.report("invalid-value", message, value.span, path=path, help=help)
        return ()
    items = value.items if isinstance(value, Sequence) else [value]
    names = tuple(item for item in items if isinstance(item, Scalar))
    _check_names(
        [name for name in names if name.value != IGNORED or not isinstance(value, Sequence)], checker, wiring, path
    )
    return names


def _check_names(names: Iterable[Scalar], checker: Checker, wiring: Wiring, path: str) -> None:
    """Report names that something cannot have, that stand for something else, or that are given twice."""
    given: dict[str, Scalar] = {}
    for name in names:
        if str(name.value) in given:
            notes = (Note("first here", given[str(name.value)].span),)
            message = f"`as` gives the name `{name.value}` twice"
            help = Help.instead("", IGNORED)
            checker.report("duplicate-key", message, name.span, path=path, notes=notes, help=help)
        elif checker.check_name(name, parameter_name_problem, path):
            taken = wiring.meaning(str(name.value))
            if taken:
                message = f"`{name.value}` is {taken} already"
                checker.report("invalid-name", message, name.span, path=path, help="choose another name")
        given[str(name.value)] = name


def items_of(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A name and what it stands for; of a mapping, each of its items: ``row.channels``."""
    if not isinstance(value, dict):
        yield name, value
        return
    for key, item in value.items():
        yield from items_of(f"{name}.{key}", item)


def looped(step: Step, node: Mapping, names: tuple[Scalar, ...]) -> Step:
    """A node with its copies: those of its table, each row a repeat of its own where it has ``repeat`` too.

    Args:
        step: The node without them.
        node: The node as written.
        names: What `loop_names` says.
    """
    rows, repeat = node.entries.get("each"), node.entries.get("repeat")
    if rows is None:
        return step._replace(repeat=repeat, counter=names[0] if names else None)
    of_rows = step.when is not None and not {str(name.value) for name in names}.isdisjoint(names_in(step.when))
    row = step._replace(when=step.when if of_rows else None, repeat=repeat)
    table = Table(rows, names, isinstance(node.entries.get("as"), Sequence), row)
    step = step._replace(each=table, when=None if of_rows else step.when)
    return step if repeat is None else step._replace(first={}, last={})
