"""The command line. Exit codes: 0, 1 where a spec is wrong, 2 where the command is, 130 where it is interrupted."""

from __future__ import annotations

import errno
import keyword
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import archspec
from archspec.commands import streams
from archspec.errors import SpecError, UsageError, shown

_Misuse: Any = typer.BadParameter.__mro__[2]
"""Click's ClickException: a call that is wrong. Which module holds it depends on the version of typer."""

_INTERRUPTED = 130

COMMANDS = (
    "compile emit export draw weights run check fmt diff report sweep fit "
    "new show live lsp import list ops blocks schema explain"
).split()
"""Each is a function in the file of its name in `archspec.commands`, with a `_` behind a keyword of Python."""


def command(name: str) -> Any:
    """The function of a command, which is imported."""
    python = f"{name}_" if keyword.iskeyword(name) else name
    return getattr(import_module(f"archspec.commands.{python}"), python)


class _Commands(Mapping[str, Any]):
    """The commands by name; a command is imported when it is taken."""

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name)(command(name))
        return typer.main.get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Group(TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"commands": _Commands()})


def _exit(code: int, **_: Any) -> None:
    raise typer.Exit(code)


app = typer.Typer(
    name="archspec",
    cls=_Group,
    help="Compile declarative convolutional-network specs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    result_callback=_exit,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        print(f"archspec {archspec.__version__}")
        raise typer.Exit


def main() -> None:
    """The entry point of the command."""
    streams.prepare()
    try:
        code = _code()
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        if not streams.unwritable(error):
            raise
        code = _unwritten(error)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    sys.exit(code)


def _code() -> int:
    """Run the command that is asked for; its exit code."""
    try:
        return int(app(prog_name="archspec", standalone_mode=False) or 0)
    except SpecError as error:
        from archspec.commands.printing import print_error

        print_error(error)
        return 1
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
    except _Misuse as error:
        error.message = shown(error.message)
        error.show(file=sys.stderr)
    return 2


def _unwritten(error: OSError) -> int:
    """The exit code where standard output, or error, takes no more; that nobody reads on is not worth a word."""
    streams.forget(sys.stdout)
    if error.errno == errno.EPIPE:
        streams.forget(sys.stderr)
        return 1
    try:
        print(f"error: cannot write to standard output: {error.strerror}", file=sys.stderr, flush=True)
    except OSError:
        streams.forget(sys.stderr)
    return 2
