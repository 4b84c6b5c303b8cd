"""The docstring of an emitted file: what it was made of, and the command that makes it anew."""

from __future__ import annotations

import json
import keyword
import shlex
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from archspec.compiler.binding import stated
from archspec.errors import shown
from archspec.network import Network
from archspec.pytorch.emitter.code import WIDTH
from archspec.version import __version__

_PLAIN = frozenset("[],.:+-_=/")
"""Characters besides letters and digits that a shell leaves alone in a value."""


def module_name(name: str) -> str:
    """The Python module of a network: ``my-net`` is ``my_net``.

    One that Python could not import, or would import in place of another that torch needs, has ``_net`` at its end.
    """
    module = name.replace("-", "_")
    taken = keyword.iskeyword(module) or module.lower() in {"archspec", "numpy", "torch", *sys.stdlib_module_names}
    return f"{module}_net" if taken else module


def header(network: Network) -> str:
    """The docstring. Whatever a file is called and the parameters are, it is text, and never ends the docstring."""
    emitted = f"{network.name}, emitted by archspec {__version__} (spec {network.digest[:16]}). To regenerate:"
    title = textwrap.wrap(emitted, WIDTH - 4, break_on_hyphens=False, break_long_words=False)
    command = list(_command(network))
    if not any('"""' in line or "\\" in line for line in command):
        lines = _joined(command, " \\")
        return "\n".join([f'{"r" * (len(lines) > 1)}"""{title[0]}', *title[1:], "", *lines, '"""'])
    escaped = [word.replace("\\", "\\\\").replace('"', '\\"') for word in command]
    return "\n".join([f'"""{title[0]}', *title[1:], "", *_joined(escaped, " \\\\"), '"""'])


def _command(network: Network) -> Iterator[str]:
    """The words of the command, an option with its value as one."""
    template = network.blocks.template
    file = template.source.name.replace("\\", "/").rpartition("/")[2]
    file = template.name if template.source.bundled else file  # which any folder knows
    yield f"archspec emit {_quoted(shown(file))}"
    for parameter in stated(template, network.arguments):
        yield f"--set {parameter}={_shell(network.arguments[parameter])}"
    yield f"-o {module_name(network.name)}.py"


def _joined(words: list[str], end: str) -> list[str]:
    """Words on one line, or on as many as it takes, each but the last with what a shell needs at its end."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) + len(end) <= WIDTH or (
            word is words[-1] and len(lines[-1]) + 1 + len(word) <= WIDTH
        ):
            lines[-1] += f" {word}"
        else:
            lines[-1] += end
            lines.append(f"    {word}")
    return lines


def _shell(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, dict):
        given = ", ".join(f"{key}: {each if _is_word(each) else json.dumps(each)}" for key, each in value.items())
        return _quoted(f"{{{given}}}")
    return _quoted(str(value) if isinstance(value, str) else str(value).replace(" ", ""))


def _is_word(value: Any) -> bool:
    """Whether YAML reads a value as text without quotes."""
    return isinstance(value, str) and value.isidentifier() and value not in ("true", "false", "null")


def _quoted(text: str) -> str:
    """A text as a word of a shell, in which nothing is unseen."""
    if text and all(char in _PLAIN or (char.isascii() and char.isalnum()) for char in text):
        return text
    return shlex.quote("".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text))
