"""The documents that are open, each with what is known of its present version."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from urllib.request import url2pathname

from archspec.service.analysis import Analysis, Document, analyse


class Workspace:
    r"""Documents by URI. It is for one thread; what it hands out are frozen values.

    >>> workspace = Workspace()
    >>> workspace.open("untitled:1", "archspec: 1\nname: a\ninputs: {x: [3, 8, 8]}\ngraph: {a: relu}\n")
    >>> workspace.analysis("untitled:1").network
    <Network a: 1 nodes, 0 params>
    """

    def __init__(self, root: Path | None = None) -> None:
        """Begin without documents; their references may not leave ``root``, unless given their own folders."""
        self._root = root
        self._documents: dict[str, Document] = {}
        self._analyses: dict[str, Analysis] = {}
        self._reading = 0

    def open(self, uri: str, text: str, version: int = 0) -> None:
        """Take a document, or a new text of it."""
        self._documents[uri] = Document(uri, path_of(uri, self._root), text, version)

    def close(self, uri: str) -> None:
        """Forget a document: its file is read again where others name it."""
        self._documents.pop(uri, None)
        self._analyses.pop(uri, None)

    def forget_files(self) -> None:
        """Read files again: some have changed."""
        self._reading += 1

    def uris(self) -> list[str]:
        """The URIs of the documents that are open."""
        return list(self._documents)

    def version(self, uri: str) -> int | None:
        """The version of a document; None where it is not open."""
        document = self._documents.get(uri)
        return document.version if document else None

    def text(self, uri: str) -> str:
        """The text of a document; empty where it is not open."""
        document = self._documents.get(uri)
        return document.text if document else ""

    def depends(self, uri: str) -> bool:
        """Whether what is said of a document depends on other files, as far as that is known."""
        known = self._analyses.get(uri)
        return known is None or known.draws_in

    def was_compiled(self, uri: str) -> bool:
        """Whether any version of a document has been compiled."""
        return uri in self._analyses

    def is_known(self, uri: str) -> bool:
        """Whether the present version of a document has been compiled beside the others as they are."""
        return self._known(uri) is not None

    def refine(self, analysis: Analysis) -> bool:
        """Take more that has been found of a document; False where that is of a version that is not the present one."""
        uri = analysis.document.uri
        if uri not in self._documents or self._known(uri) is None or self._documents[uri] != analysis.document:
            return False
        self._analyses[uri] = analysis
        return True

    def _known(self, uri: str) -> Analysis | None:
        document, known = self._documents[uri], self._analyses.get(uri)
        if known is None or known.document != document:
            return None
        if known.draws_in and (known.reading != self._reading or known.others != self._others(uri)):
            return None
        return known

    def _others(self, uri: str) -> dict[Path, str]:
        return {each.path: each.text for each in self._documents.values() if each.uri != uri}

    def written(self, uri: str) -> Analysis:
        """The present version of a document as it is written: what it says, but nothing that compiling it tells.

        It is there at once, also while a large network is typed. The files that it names are those of the last version
        that was compiled; the first one is compiled.

        Raises:
            KeyError: It is not open.
        """
        last = self._analyses.get(uri)
        if self._known(uri) is not None or last is None:
            return self.analysis(uri)
        return replace(
            last, document=self._documents[uri], network=None, partial=None, others=self._others(uri), found=()
        )

    def analysis(self, uri: str) -> Analysis:
        """What is known of the present version of a document; it is compiled where that has not been done.

        Raises:
            KeyError: It is not open.
            Interrupted: It is compiled, and meanwhile nobody wants it any more.
        """
        return self._known(uri) or self.take(self.work(uri)())

    def work(self, uri: str) -> Callable[[], Analysis]:
        """What compiles the present version of a document, in any thread.

        Raises:
            KeyError: It is not open.
        """
        document, others, last = self._documents[uri], self._others(uri), self._analyses.get(uri)
        return partial(analyse, document, others=others, last=last, root=self._root, reading=self._reading)

    def take(self, analysis: Analysis) -> Analysis:
        """Take what `work` gave; it is kept where the document is still open."""
        if analysis.document.uri in self._documents:
            self._analyses[analysis.document.uri] = analysis
        return analysis


def path_of(uri: str, root: Path | None = None) -> Path:
    """The path of a document; one that is no file has one in the folder that specs start from."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        name = url2pathname(parts.path)
        return Path(os.path.realpath(f"//{parts.netloc}{name}" if parts.netloc not in ("", "localhost") else name))
    return (root or Path.cwd()) / f"{quote(unquote(parts.path or 'untitled'), safe='')}.yaml"


def uri_of(path: Path) -> str:
    """The URI of a file."""
    return path.as_uri()
