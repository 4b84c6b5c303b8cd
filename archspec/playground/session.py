"""A page's talk with the compiler: messages of the Language Server Protocol, and what the page asks besides."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from archspec.errors import ArchspecError, SpecError
from archspec.files import whole
from archspec.language import library, networks
from archspec.language.assignment import assignment
from archspec.language.interruption import Interrupted, go_on, while_wanted
from archspec.language.limits import Limits
from archspec.language.source import Source, decode
from archspec.network import Network
from archspec.playground import views
from archspec.playground.messages import NoMessageError, Params, notification, read, written
from archspec.service import (
    Analysis,
    Workspace,
    code_actions,
    completion,
    definition,
    diagnostics,
    formatting,
    hover,
    inlay_hints,
    prepare_rename,
    references,
    rename,
)
from archspec.version import __version__

Answer = Callable[[Params], Any]

_ASKED: dict[str, Callable[[Analysis, Params], Any]] = {
    "textDocument/completion": lambda analysis, params: completion(analysis, params["position"]),
    "textDocument/hover": lambda analysis, params: hover(analysis, params["position"]),
    "textDocument/inlayHint": lambda analysis, params: inlay_hints(analysis, params["range"]),
    "textDocument/definition": lambda analysis, params: definition(analysis, params["position"]),
    "textDocument/references": lambda analysis, params: references(analysis, params["position"]),
    "textDocument/prepareRename": lambda analysis, params: prepare_rename(analysis, params["position"]),
    "textDocument/rename": lambda analysis, params: rename(analysis, params["position"], params["newName"]),
    "textDocument/codeAction": lambda analysis, params: code_actions(analysis, params["range"]),
    "textDocument/formatting": lambda analysis, _: formatting(analysis),
}
"""What the protocol asks of a document."""
_OF_TEXT = {"textDocument/completion", "textDocument/formatting"}
"""What needs no figures, so that it waits for no compile."""

_CAPABILITIES = {
    "positionEncoding": "utf-16",
    "textDocumentSync": {"openClose": True, "change": 1},  # the whole text at each change
    "completionProvider": {"triggerCharacters": [" ", ":", "$", ".", "[", "{", ",", "("]},
    "hoverProvider": True,
    "inlayHintProvider": True,
    "definitionProvider": True,
    "referencesProvider": True,
    "renameProvider": {"prepareProvider": True},
    "codeActionProvider": {"codeActionKinds": ["quickfix"]},
    "documentFormattingProvider": True,
}
_MOST_DRAWN = 4
"""Pictures of a document that are kept, so that what is typed and taken back is not drawn again."""
_NO_METHOD, _FAULT, _FAILED = -32601, -32603, -32803
"""Error codes of JSON-RPC, and the protocol's for a request that is right and cannot be answered."""
_CHANGE = '"textDocument/didChange"'
"""Stands in messages of a new text; inside of a text quotes are escaped."""


class _Drawn(NamedTuple):
    """A picture that was made of a document.

    Attributes:
        network: What it shows.
        meaning: All that the network follows from; None where that is not known.
        page: The picture.
    """

    network: Network
    meaning: Hashable
    page: str

    def shows(self, network: Network, meaning: Hashable) -> bool:
        """Whether it is the picture of a network that follows from this."""
        return self.network is network or (meaning is not None and self.meaning == meaning)


class Session:
    """What one page has open, and the answers to its messages; it is for one thread.

    Messages are texts in JSON. `receive` takes one and gives the answers; `publish` gives what is wrong with the
    documents that have changed since, and is called when no message waits: a text that is already old is not compiled.
    Where messages come while another thread is in `receive` or `publish`, `announce` makes that stop for a new text.

    >>> session = Session()
    >>> session.receive('{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}')
    ['{"jsonrpc": "2.0", "id": 1, "result": null}']
    """

    def __init__(self, root: Path | None = None, answers: Mapping[str, Answer] | None = None) -> None:
        """Begin without documents.

        Args:
            root: The folder that their references may not leave; their own unless given.
            answers: What is answered besides, by the names of methods.
        """
        self._workspace = Workspace(root)
        self._changed: set[str] = set()
        self._published: dict[str, str] = {}
        self._first: dict[str, Network] = {}
        self._shown: dict[str, Network] = {}
        self._drawn: dict[str, list[_Drawn]] = {}
        self._announced = self._taken = 0  # messages of new texts; each number is changed by one thread alone
        self._answers: dict[str, Answer] = {
            **(answers or {}),
            "initialize": lambda _: {
                "capabilities": _CAPABILITIES,
                "serverInfo": {"name": "archspec", "version": __version__},
            },
            "shutdown": lambda _: None,
            "archspec/bundled": lambda _: _bundled(),
            "archspec/text": lambda params: self._text(params["name"]),
            "archspec/view": self._view,
            "archspec/file": self._file,
        }

    def announce(self, message: str) -> None:
        """Let work end that a message makes vain, which `receive` is given later."""
        self._announced += _CHANGE in message

    def _is_wanted(self) -> bool:
        return self._taken >= self._announced

    def receive(self, message: str) -> list[str]:
        """Take a message.

        Returns:
            The answers to it; to a request that was made vain meanwhile, null.

        Raises:
            NoMessageError: It is none.
        """
        self._taken += _CHANGE in message
        method, params, call = read(message)
        if "id" not in call:
            self._notified(method, params)
            return []
        try:
            with while_wanted(self._is_wanted):
                answer = {"result": self._answer(method, params)}
        except Interrupted:
            answer = {"result": None}
        except NotImplementedError:
            answer = {"error": {"code": _NO_METHOD, "message": f"there is no method `{method}`"}}
        except (ArchspecError, KeyError) as error:
            answer = {"error": {"code": _FAILED, "message": str(error)}}
        except Exception as error:  # a fault of this code's: the page goes on without the answer
            traceback.print_exc()
            answer = {"error": {"code": _FAULT, "message": f"{type(error).__name__}: {error}"}}
        return [written({"id": call["id"], **answer})]

    def publish(self) -> list[str]:
        """The diagnostics of the documents that have changed; none while a new text waits."""
        try:
            with while_wanted(self._is_wanted):
                found = [self._diagnostics(uri) for uri in self._workspace.uris() if uri in self._changed]
        except Interrupted:
            return []
        self._changed.clear()
        return found

    def look_again(self) -> list[str]:
        """Read the files that documents draw in anew, where they have changed.

        Returns:
            What is now wrong with the documents, where that is something else.
        """
        try:
            with while_wanted(self._is_wanted):
                return self._looked_again()
        except Interrupted:  # the new text is looked at with the files as they are
            return []

    def _looked_again(self) -> list[str]:
        changed = [uri for uri in self._workspace.uris() if self._has_changed(self._workspace.analysis(uri))]
        if changed:
            self._workspace.forget_files()
        before = dict(self._published)
        return [message for uri in changed if (message := self._diagnostics(uri)) != before.get(uri)]

    def _has_changed(self, analysis: Analysis) -> bool:
        sources = [source for source in analysis.files.values() if not source.bundled]
        drawn = [source for source in sources if source.path and source.path != analysis.document.path]
        return any(each.code == "unreadable-file" for each in analysis.found) or any(map(_is_old, drawn))

    def _notified(self, method: str, params: Params) -> None:
        try:
            if method == "textDocument/didOpen":
                document = params["textDocument"]
                self._take(document["uri"], document["text"], document["version"])
            elif method == "textDocument/didChange":
                document = params["textDocument"]
                self._take(document["uri"], params["contentChanges"][-1]["text"], document["version"])
            elif method == "textDocument/didClose":
                self._workspace.close(params["textDocument"]["uri"])
                self._drawn.pop(params["textDocument"]["uri"], None)
        except (KeyError, IndexError, TypeError):
            raise NoMessageError(f"`{method}` lacks what it speaks of") from None

    def _take(self, uri: str, text: str, version: int) -> None:
        self._workspace.open(uri, text, version)
        self._changed.add(uri)

    def _diagnostics(self, uri: str) -> str:
        analysis = self._workspace.analysis(uri)
        params = {"uri": uri, "version": analysis.document.version, "diagnostics": diagnostics(analysis)}
        message = self._published[uri] = notification("textDocument/publishDiagnostics", params)
        return message

    def _answer(self, method: str, params: Params) -> Any:
        if method in self._answers:
            return self._answers[method](params)
        if method not in _ASKED:
            raise NotImplementedError
        known = self._workspace.written if method in _OF_TEXT else self._workspace.analysis
        return _ASKED[method](known(params["textDocument"]["uri"]), params)

    def _text(self, name: str) -> dict[str, str]:
        """The file of a network or block that is known by name, and the variant of it that has the name.

        Changes are told from what it is, not from what was there before.
        """
        self._first.clear()
        self._shown.clear()
        known = networks.find(name)
        if known:
            return {"text": networks.source(known.path).text, "variant": known.variant}
        return {"text": library.source(library.blocks()[name]).text, "variant": ""}

    def _view(self, params: Params) -> dict[str, Any]:
        """What the page shows of a document, with the settings of its parameters."""
        uri = params["textDocument"]["uri"]
        analysis = self._workspace.analysis(uri)
        known = analysis.definition or analysis.last_definition
        is_network = known is not None and known.is_network
        view: dict[str, Any] = {
            "version": analysis.document.version,
            "parameters": views.controls(known) if known and is_network else [],
            "variants": list(known.variants) if known else [],
        }
        network, meaning = None, None
        try:
            network, meaning = _with_settings(analysis, params), _meaning(analysis, params)
        except ArchspecError as error:
            if analysis.network:  # otherwise its errors stand at their lines
                view["problem"] = _first_line(error)
        view["stale"] = network is None
        network = network or self._shown.get(uri) or analysis.last
        if network is None:
            return view
        self._shown[uri] = network
        first = self._first.setdefault(uri, network)
        view["figures"] = views.figures(network, first)
        view["lines"] = views.lines(known, analysis.name) if known else {}
        if params["part"] == "picture":
            return view | {"picture": self._picture(uri, network, meaning)}
        return view | _part(first, network, params["part"])

    def _picture(self, uri: str, network: Network, meaning: Hashable) -> str:
        """The page of a network: one of the last, where the text means what it meant then, or is wrong since."""
        kept = self._drawn.setdefault(uri, [])
        drawn = next((each for each in kept if each.shows(network, meaning)), None)
        if drawn is None:
            from archspec.drawing import pictures

            go_on()
            drawn = _Drawn(network, meaning, pictures.page(network).decode())
        self._drawn[uri] = [drawn, *(each for each in kept if each is not drawn)][:_MOST_DRAWN]
        return drawn.page

    def _file(self, params: Params) -> dict[str, str]:
        """A file to keep."""
        from archspec.drawing import drawing
        from archspec.pytorch.emission import emit

        analysis = self._workspace.analysis(params["textDocument"]["uri"])
        try:
            network = _with_settings(analysis, params)
        except ArchspecError as error:
            return {"problem": _first_line(error)}
        if network is None:
            return {"problem": "The spec has errors."}
        return {"name": network.name, "text": emit(network) if params["kind"] == "py" else drawing.draw(network).svg}


def _is_old(source: Source) -> bool:
    """Whether the file of a source holds another text by now."""
    assert source.path is not None
    try:
        return decode(whole(source.path), source.name, Limits()) != source.text
    except (OSError, ValueError, SpecError):
        return True


def _with_settings(analysis: Analysis, params: Params) -> Network | None:
    """The network of a document with its parameters set; None where it has errors whatever they are.

    Raises:
        ArchspecError: It has none with these settings.
    """
    given = params.get("set") or {}
    variant = params.get("variant") or None
    if not given and not variant:
        return analysis.network
    values = dict(assignment(f"{name}={text}", "the parameter") for name, text in given.items())
    return analysis.compile(variant, values)


def _meaning(analysis: Analysis, params: Params) -> Hashable:
    """All that the network of a document with its parameters set follows from; None where there is none."""
    settings = params.get("variant") or "", tuple((params.get("set") or {}).items())
    return analysis.meaning and (analysis.meaning, settings)


def _part(first: Network, network: Network, part: str) -> dict[str, Any]:
    """The part of the page that is looked at."""
    if part == "changes":
        return {"changes": views.changes(first, network)}
    from archspec.pytorch.emission import emit

    return {"source": emit(network)}


def _first_line(error: ArchspecError) -> str:
    if isinstance(error, SpecError):
        first = error.diagnostics[0]
        return f"{first.summary}. {first.help}".rstrip(". ")
    return str(error)


def _bundled() -> list[dict[str, Any]]:
    """The networks and blocks that are known by name."""
    return [{"label": "Networks", "names": networks.names()}, {"label": "Blocks", "names": list(library.blocks())}]
