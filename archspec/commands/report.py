"""``archspec report``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import archspec
from archspec.commands.compilation import Asked
from archspec.commands.options import Limit, Root, Set, Spec, Strict, Variant
from archspec.errors import SpecError, UsageError, shown
from archspec.files import write_all

_ENDINGS = (".md", ".html")


def report(
    spec: Spec,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="An md file, with its picture as svg beside it, or an html file; `<name>.md` unless given.",
        ),
    ] = None,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
) -> int:
    """Write one page on a network: picture, figures, memory, layers, and what differs from the network it extends."""
    if output is not None and output.suffix not in _ENDINGS:
        raise UsageError(f"a report is an .md or .html file, not `{shown(output)}`")
    asked = Asked(spec, variant, set_, root, limit, strict)
    opened = asked.opened()
    network, base = asked.network(opened), _base(opened)
    path = output or Path(f"{network.name}.md")
    files = _files(network, base, path)
    write_all(files)
    print(*(f"wrote {shown(file)}" for file in files), sep="\n")
    return 0


def _base(opened: archspec.LoadedSpec) -> archspec.Network | None:
    """The network that a spec extends; None for none, and for one that does not compile by itself."""
    try:
        base = opened.base()
        return None if base is None else base.compile()
    except SpecError as error:
        print(f"note: what it extends is not compared: {error.diagnostics[0].message}", file=sys.stderr)
        return None


def _files(network: archspec.Network, base: archspec.Network | None, path: Path) -> dict[Path, str]:
    """The page, and for Markdown its picture."""
    from archspec.comparison.comparison import compared
    from archspec.drawing.drawing import draw
    from archspec.reports import page

    made = page.page(network, compared(base, network) if base else None)
    if path.suffix == ".html":
        return {path: page.as_html(made, draw(network, theme="auto").inline)}
    picture = path.with_suffix(".svg")
    return {path: page.markdown(made, picture.name), picture: draw(network).svg}
