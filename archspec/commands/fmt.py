"""``archspec fmt``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from archspec.commands import completion
from archspec.commands.printing import first, print_report
from archspec.commands.streams import STANDARD, print_document, standard_input
from archspec.errors import SpecError, UsageError, shown
from archspec.files import read, write_all
from archspec.language.limits import Limits

_STDIN = "<stdin>"
_STATES_ITS_VERSION = re.compile(rb"""^(?:\xef\xbb\xbf)?[{ ]*["']?archspec["']?[ ]*:""", re.MULTILINE)


def fmt(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Files, or folders, for the specs and blocks in them; `-` reads standard input and prints.",
            autocompletion=completion.files,
        ),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where a file would change.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing, print what would change; exit with 1 where something would.")
    ] = False,
) -> int:
    """Give specs their canonical layout. White space alone changes."""
    from archspec.formatting.formatter import formatted_bytes

    changed: dict[Path, bytes] = {}
    wrong = stale = unchanged = 0
    for name in _named(specs):
        data = standard_input(Limits().file_bytes) if name == STANDARD else read(name)
        shown_as = _STDIN if name == STANDARD else name
        try:
            new = formatted_bytes(data, shown_as)
        except SpecError as error:
            print_report(error)
            wrong += 1
            continue
        if name == STANDARD and not (check or diff):
            print_document(new.decode())
            continue
        stale += new != data
        unchanged += new == data
        if new == data:
            continue
        if diff:
            print_document(_difference(shown_as, data, new))
        elif check:
            print(f"{first(shown_as)}: not formatted")
        else:
            changed[Path(name)] = new
    write_all(changed)
    for path in changed:
        print(f"formatted {shown(path)}")
    if list(specs) != [STANDARD]:
        counts = {"to be formatted" if check or diff else "formatted": stale, "unchanged": unchanged, "wrong": wrong}
        print(", ".join(f"{count} {what}" for what, count in counts.items() if count), file=sys.stderr)
    return int(bool(wrong or (stale and (check or diff))))


def _named(specs: list[str]) -> Iterator[str]:
    """The files that are asked for; of a folder the specs in it, in alphabetical order, each file once."""
    found: dict[str, None] = {}
    for name in specs:
        if name == STANDARD or not os.path.isdir(name):  # noqa: PTH112 - a path may be too long for the system
            found[name] = None
            _refuse_network(name)
            continue
        inside = [str(path) for path in _beneath(Path(name))]
        if not inside:
            raise UsageError(f"there is no spec in the folder {shown(name)}: no YAML file in it has the key `archspec`")
        found.update(dict.fromkeys(inside))
    yield from found


def _refuse_network(name: str) -> None:
    """Say of the name of a bundled network that it is no file.

    Raises:
        UsageError: It is such a name, and there is no such file.
    """
    if name == STANDARD or os.path.lexists(name):
        return
    from archspec.language import networks
    from archspec.language.places import is_path

    if not is_path(name) and networks.find(name):
        raise UsageError(
            f"`{name}` is the name of a bundled network, and files are formatted: `archspec new` copies it"
        )


def _beneath(folder: Path) -> Iterator[Path]:
    """The specs of a folder and those inside of it, but for hidden ones."""
    for path in sorted(folder.rglob("*.y*ml")):
        inside = path.relative_to(folder).parts
        is_yaml = path.suffix in (".yaml", ".yml") and path.is_file()
        if is_yaml and not any(part.startswith(".") for part in inside) and _STATES_ITS_VERSION.search(read(path)):
            yield path


def _difference(name: str, old: bytes, new: bytes) -> str:
    """What differs, as a patch."""
    from difflib import unified_diff

    before, after = (data.decode().splitlines(keepends=True) for data in (old, new))
    lines = unified_diff(before, after, fromfile=shown(name), tofile=shown(name))
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
