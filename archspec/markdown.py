"""A Python-Markdown extension, for MkDocs too: a fence ``archspec`` is the picture of a network.

The fence holds the path of a spec and options, or a spec::

    ```archspec
    specs/googlenet.yaml
    :detail: blocks
    ```

Options are those of `archspec.draw`, ``:variant:``, ``:set:``, ``:caption:``, and ``:block:``, with which the fence
names a block of the library, or with a value draws that block of the spec.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

import archspec
from archspec.drawing import pictures
from archspec.language.assignment import assignment
from archspec.language.loader import is_path
from archspec.network import Network

_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[ ]*archspec[ ]*\n(?P<body>.*?)(?<=\n)(?P=fence)[ ]*$", flags=re.DOTALL | re.MULTILINE
)
_OTHER_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)[ ]*$", flags=re.DOTALL | re.MULTILINE)
_OPTION = re.compile(r"^:(\w+):[ ]*(.*)$")
_BEFORE_FENCES = 30
"""The priority of fenced code, in Python-Markdown and in pymdownx, is 25."""


class ArchspecExtension(Extension):
    """Draws fences. ``root`` is the folder that paths start from."""

    def __init__(self, **options: Any) -> None:
        self.config = {"root": [".", "the folder that paths start from"]}
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Called by Markdown."""
        md.preprocessors.register(_Pictures(md, Path(self.getConfig("root"))), "archspec", _BEFORE_FENCES)


def makeExtension(**options: Any) -> ArchspecExtension:  # noqa: N802 - Markdown's name
    """Called by Markdown."""
    return ArchspecExtension(**options)


class _Pictures(Preprocessor):
    def __init__(self, md: Markdown, root: Path) -> None:
        super().__init__(md)
        self.root = root

    def run(self, lines: list[str]) -> list[str]:
        """The lines with pictures in place of the fences; a fence within another is its text."""
        text = "\n".join(lines)
        return _OTHER_FENCE.sub(self._drawn, text).split("\n")

    def _drawn(self, fence: re.Match[str]) -> str:
        found = _FENCE.fullmatch(fence[0])
        return self.md.htmlStash.store(self._figure(found["body"])) if found else fence[0]

    def _figure(self, body: str) -> str:
        lines = body.splitlines()
        options = {match[1]: match[2].strip() for match in map(_OPTION.match, lines) if match}
        rest = "\n".join(line for line in lines if not _OPTION.match(line)).strip()
        caption = options.pop("caption", "")
        params = dict(assignment(text, ":set:") for text in options.pop("set", "").split())
        network = self._network(rest, options.pop("block", None), options.pop("variant", None), params)
        picture = archspec.draw(network, **pictures.options(options))
        below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
        return f'<figure class="archspec">{picture.inline}{below}</figure>'

    def _network(self, text: str, block: str | None, variant: str | None, params: dict[str, Any]) -> Network:
        if block == "":
            return pictures.block_alone(str(self.root / text) if is_path(text) else text, None, params)
        network = self._spec(text, variant=variant, **params)
        return pictures.block_alone(block, network) if block else network

    def _spec(self, text: str, **given: Any) -> Network:
        if "\n" in text or text.startswith("archspec:"):
            return archspec.compile_text(text, name="fence", root=self.root, **given)
        return archspec.compile(self.root / text, **given)
