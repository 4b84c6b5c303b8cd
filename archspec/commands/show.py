"""``archspec show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archspec.commands import completion
from archspec.commands.compilation import Asked
from archspec.commands.options import Limit, Root, Set, Strict, Variant
from archspec.commands.streams import STANDARD, print_document
from archspec.errors import UsageError, shown
from archspec.files import read


def show(
    spec: Annotated[
        str,
        typer.Argument(
            metavar="SPEC",
            help="A bundled network, a block of the library, or a file; `-` reads standard input.",
            autocompletion=completion.shown,
        ),
    ],
    flat: Annotated[
        bool,
        typer.Option("--flat", help="One file of what it is after `extends`, `override` and parameters, for itself."),
    ] = False,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
) -> int:
    """Print the text of a network or block, or all that a network is as one file."""
    if flat:
        from archspec.authoring.flattening import flattened
        from archspec.language import library, networks

        if library.find(spec) and not networks.find(spec):
            raise UsageError(f"`{spec}` is a block, and a network is written flat; without --flat it is printed")
        print_document(flattened(Asked(spec, variant, set_, root, limit, strict).network()))
        return 0
    given = {"--variant": variant, "--set": set_, "--root": root, "--limit": limit, "--strict": strict}
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} needs --flat: without it a file is printed as it is")
    print_document(_text(spec))
    return 0


def _text(spec: str) -> str:
    """What the file of a network or block holds.

    Raises:
        UsageError: There is none.
    """
    from archspec.language import library, networks
    from archspec.language.limits import Limits
    from archspec.language.loader import no_network_help
    from archspec.language.places import is_path
    from archspec.language.source import decode

    if spec == STANDARD:
        raise UsageError("`-` needs --flat: without it a file is printed as it is")
    if is_path(spec):
        path: Path | None = Path(spec)
    else:
        known = networks.find(spec)
        path = known.path if known else library.find(spec)
    if path is None:
        raise UsageError(f"no network or block is called `{shown(spec)}`; {_help(spec, no_network_help(spec))}")
    return decode(read(path), str(path), Limits())


def _help(name: str, otherwise: str) -> str:
    from archspec.errors import did_you_mean
    from archspec.language import library, networks

    return did_you_mean(name, [*networks.names(), *library.blocks()]) or otherwise
