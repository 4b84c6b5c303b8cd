"""A Python-Markdown extension, for MkDocs too: a fence ``archspec`` is the picture of a network.

The fence holds the path of a spec and options, or a spec::

    ```archspec
    specs/googlenet.yaml
    :detail: blocks
    ```

Options are those of `archspec.draw`, ``:variant:``, ``:set:``, ``:caption:``, and ``:block:``, with which the fence
names a block of the library, or with a value draws that block of the spec. A fence that is wrong becomes the text of
the error, and a warning that names the page and the line.
"""

from __future__ import annotations

import html
import logging
import re
from pathlib import Path
from typing import Any, NamedTuple

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

import archspec
from archspec.drawing import pictures
from archspec.errors import SpecError, UsageError
from archspec.files import read
from archspec.language.assignment import assignment
from archspec.language.places import is_path
from archspec.network import Network

_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[ ]*archspec[ ]*\n(?P<body>.*?)(?<=\n)(?P=fence)[ ]*$", flags=re.DOTALL | re.MULTILINE
)
_OTHER_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)[ ]*$", flags=re.DOTALL | re.MULTILINE)
_OPTION = re.compile(r"^:([\w-]+):[ ]*(.*)$")
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


class _Place(NamedTuple):
    """Where a fence stands, and who is told that it is wrong; MkDocs counts warnings of its own loggers."""

    page: str
    line: int
    log: logging.Logger


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
        if not found:
            return fence[0]
        place = self._place(fence)
        try:
            shown = self._figure(found["body"], place)
        except (SpecError, UsageError, ValueError) as error:
            place.log.warning("%s:%d: this fence cannot be drawn\n%s", place.page, place.line, error)
            shown = f'<pre class="archspec-error">{html.escape(str(error))}</pre>'
        return self.md.htmlStash.store(shown)

    def _place(self, fence: re.Match[str]) -> _Place:
        """Where a fence stands. MkDocs hands over a page without its front matter, so the file is looked into."""
        above = fence.string[: fence.start()]
        page = getattr(self.md.treeprocessors["relpath"], "file", None) if "relpath" in self.md.treeprocessors else None
        if page is None:
            return _Place("<markdown>", above.count("\n") + 1, logging.getLogger("archspec.markdown"))
        file = Path(page.abs_src_path or "")
        written = read(file).decode("utf-8-sig", "replace").replace("\r\n", "\n") if file.is_file() else ""
        before = written.split(fence[0])[: above.count(fence[0]) + 1]
        if len(before) <= written.count(fence[0]):
            above = fence[0].join(before)
        return _Place(page.src_path, above.count("\n") + 1, logging.getLogger("mkdocs.plugins.archspec"))

    def _figure(self, body: str, place: _Place) -> str:
        lines = body.splitlines()
        options = {match[1]: match[2].strip() for match in map(_OPTION.match, lines) if match}
        rest = "\n".join("" if _OPTION.match(line) else line for line in lines)
        caption = options.pop("caption", "")
        params = dict(assignment(text, ":set:") for text in options.pop("set", "").split())
        block, variant = options.pop("block", None), options.pop("variant", None)
        texts = rest.split() if options.get("style") == "table" and not _is_spec(rest) and block is None else [rest]
        networks = [self._network(text, place, block, variant, params) for text in texts]
        picture = archspec.draw(networks, **pictures.options(options))
        below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
        return f'<figure class="archspec">{picture.inline}{below}</figure>'

    def _network(
        self, text: str, place: _Place, block: str | None, variant: str | None, params: dict[str, Any]
    ) -> Network:
        name = text.strip()
        if block == "":
            return pictures.block_alone(str(self.root / name) if is_path(name) else name, None, params)
        network = self._spec(text, place, variant=variant, **params)
        return pictures.block_alone(block, network) if block else network

    def _spec(self, text: str, place: _Place, **given: Any) -> Network:
        name = text.strip()
        if "\n" not in name and not _is_spec(name):
            return archspec.compile(self.root / name if is_path(name) else name, **given)
        # Empty lines in place of those above it in the page: so each error names the page's line.
        return archspec.compile_text("\n" * place.line + text, name=place.page, root=self.root, **given)


def _is_spec(text: str) -> bool:
    """Whether a text is a spec, and no path or, for a table of stages, several."""
    return text.strip().startswith("archspec:")
