"""Values of parameters as a command or a document gives them: ``width=0.5``."""

from __future__ import annotations

from typing import Any

from archspec.errors import SpecError, UsageError
from archspec.language.composer import parse
from archspec.language.limits import Limits
from archspec.language.source import Source


def assignment(text: str, option: str) -> tuple[str, Any]:
    """``width=0.5`` as a name and a value, read as YAML reads it.

    Args:
        text: What was written.
        option: What it was given to, for messages.

    Raises:
        UsageError: It is none.

    >>> assignment("size=[3, 5]", "--set")
    ('size', [3, 5])
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"{option} takes NAME=VALUE, not `{text}`")
    found: list[Any] = []
    try:
        plain = parse(Source(option, value or '""'), Limits(), found).plain()
    except SpecError as error:
        raise UsageError(f"{option} {text}: {error.diagnostics[0].message}") from None
    except UnicodeEncodeError:  # bytes of a command line that are no text
        raise UsageError(f"{option} {text}: this is not UTF-8 text") from None
    if found:
        raise UsageError(f"{option} {text}: {found[0].message}")
    return name, plain
