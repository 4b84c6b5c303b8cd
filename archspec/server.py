"""The language server: the service over the Language Server Protocol, by pygls."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams, JsonRpcInvalidRequest
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method
from typing_extensions import override

import archspec.service as service
from archspec.errors import UsageError
from archspec.language.interruption import Interrupted, while_wanted
from archspec.service import Analysis, Workspace
from archspec.service.collection import collect_seldom
from archspec.version import __version__

LANGUAGE = "archspec"
"""The language of documents that are specs whatever they hold; of others, such as ``yaml``, those that say so."""
_SPEC = re.compile(r"^archspec[ \t]*:", re.MULTILINE)
_LONGEST_WAIT = 0.2
"""Seconds that a change waits for the next one, where compiling takes long."""
_ROUND, _MOST_ROUNDS = 0.01, 50
"""Seconds in which nothing comes after a request before it is answered, and how often that is waited for."""
_IDLE = 0.05
"""Seconds between the compiles of variants, in which requests are answered."""
_convert = get_converter()

Known = Callable[[str], Awaitable[Analysis | None]]
"""What is known of a document by its URI."""


class _Protocol(LanguageServerProtocol):
    """Positions are in UTF-16 code units, which every client knows, whatever a client prefers.

    A request that cannot be read is answered, so that its client does not wait; what is no message at all is left.
    """

    @override
    def structure_message(self, data: dict[str, Any]) -> Any:
        try:
            return super().structure_message(data)
        except JsonRpcException as problem:
            if isinstance(data.get("method"), str) and isinstance(data.get("id"), int | str):
                self._send_response(data["id"], error=problem.to_response_error())
            raise

    @override
    def handle_message(self, message: Any) -> None:
        if not hasattr(message, "jsonrpc"):
            raise JsonRpcInvalidRequest
        super().handle_message(message)

    @lsp_method(types.INITIALIZE)
    @override
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        if params.capabilities.general is not None:
            params.capabilities.general.position_encodings = [types.PositionEncodingKind.Utf16]
        return (yield from super().lsp_initialize(params))


class Server(LanguageServer):
    """A language server for specs.

    A change is compiled when the next one has not come meanwhile, in another thread, in which a later one ends it; what
    is found is sent with the version that it was made from. Requests are answered for the text as it is when they are.

    Args:
        root: The folder that references of documents may not leave; their own unless given.
    """

    def __init__(self, root: Path | None = None) -> None:
        super().__init__(LANGUAGE, __version__, protocol_cls=_Protocol)
        self.documents = Workspace(root)
        self._languages: dict[str, str] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._compiles: dict[str, tuple[int | None, asyncio.Task[None]]] = {}
        """The last compile of each document, and the version that it is of."""
        self._looks: set[asyncio.Task[None]] = set()
        self._one = asyncio.Lock()
        self._took = 0.0
        """Seconds that the last compile took."""
        self._came = 0
        """Changes and requests so far."""

    @override
    def report_server_error(self, error: Exception, source: Any) -> None:
        """Refusals go to the client, which shows them, and what cannot be read is logged already; so is all else."""
        if not isinstance(error, JsonRpcException | ValueError | RecursionError):
            super().report_server_error(error, source)

    def take(self, uri: str, language: str = "") -> None:
        """Take the present text of a document, and look at it soon."""
        self._came += 1
        document = self.workspace.get_text_document(uri)
        self._languages.setdefault(uri, language)
        self.documents.open(uri, document.source, document.version or 0)
        self.look_soon(uri)

    def forget(self, uri: str) -> None:
        """Forget a document, and what was said of it."""
        if handle := self._waiting.pop(uri, None):
            handle.cancel()
        self._languages.pop(uri, None)
        self._compiles.pop(uri, None)
        self.documents.close(uri)
        self._publish(uri, None, [])
        self.look_at_others(uri)

    def look_soon(self, uri: str) -> None:
        """Compile a document when no further change of it is waiting."""
        if handle := self._waiting.pop(uri, None):
            handle.cancel()
        delay = min(self._took / 2, _LONGEST_WAIT)
        self._waiting[uri] = asyncio.get_running_loop().call_later(delay, self._look, uri)

    def look_at_others(self, uri: str) -> None:
        """Look again at the other documents that name files."""
        for other in self.documents.uris():
            if other != uri and self.documents.depends(other):
                self.look_soon(other)

    def _look(self, uri: str) -> None:
        self._waiting.pop(uri, None)
        look = asyncio.ensure_future(self._told(uri))
        self._looks.add(look)
        look.add_done_callback(self._looks.discard)

    async def _told(self, uri: str) -> None:
        if not self.is_spec(uri):
            if self.documents.version(uri) is not None:
                self._publish(uri, self.documents.version(uri), [])
            return
        analysis = await self.analysis(uri)
        if analysis is not None:
            found = _convert.structure(service.diagnostics(analysis), list[types.Diagnostic])
            self._publish(uri, analysis.document.version, found)
            self._look_further(service.with_variants(analysis), None)

    def _look_further(self, steps: Iterator[Analysis], last: Analysis | None) -> None:
        """Look at a variant when nothing else is to be done, and at the next; a newer version ends it."""
        if last is not None and not self.documents.refine(last):
            return
        further = next(steps, None)
        if further is not None:
            asyncio.get_running_loop().call_later(_IDLE, self._look_further, steps, further)
        elif last is not None:
            found = _convert.structure(service.diagnostics(last), list[types.Diagnostic])
            self._publish(last.document.uri, last.document.version, found)

    def _publish(self, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))

    async def is_wanted(self, uri: str) -> bool:
        """Whether a request that has come for a document is to be answered, when all is read that came with it.

        Where compiling takes long, requests and changes pile up meanwhile. Those that the client takes back end here
        (`asyncio.CancelledError`), and what was asked of a text that has changed since is not answered.
        """
        version = self.documents.version(uri)
        self._came += 1
        for _ in range(_MOST_ROUNDS):
            before = self._came
            await asyncio.sleep(min(self._took / 10, _ROUND))
            if self._came == before:
                break
        return self.documents.version(uri) == version

    def is_spec(self, uri: str) -> bool:
        """Whether a document is open, and a spec: its language is ours, or it has a key ``archspec``."""
        if self.documents.version(uri) is None:
            return False
        return self._languages.get(uri) == LANGUAGE or _SPEC.search(self.documents.text(uri)) is not None

    async def written(self, uri: str) -> Analysis | None:
        """The present text of a spec as it is written; None for another document, and for a first one that changes."""
        if not self.is_spec(uri):
            return None
        return self.documents.written(uri) if self.documents.was_compiled(uri) else await self.analysis(uri)

    async def analysis(self, uri: str) -> Analysis | None:
        """What is known of the present text of a spec; None for another document, and where it changes meanwhile."""
        version = self.documents.version(uri)
        while self.is_spec(uri) and self.documents.version(uri) == version:
            if self.documents.is_known(uri):
                return self.documents.analysis(uri)
            await asyncio.shield(self._compile(uri, version))  # which others may wait for too
        return None

    async def answer(self, params: Any, ask: Callable[[Analysis], Any], kind: Any, known: Known | None = None) -> Any:
        """What the service says of a document, as the protocol has it; None where it is not to be answered.

        Args:
            params: What a request says.
            ask: Asks the service.
            kind: What the protocol has for that.
            known: What is known of the document; its analysis, unless given.
        """
        uri = params.text_document.uri
        if not await self.is_wanted(uri):
            return None
        analysis = await (known or self.analysis)(uri)
        found = ask(analysis) if analysis is not None else None
        return None if found is None else _convert.structure(found, kind)

    async def answer_there(
        self, params: Any, ask: Callable[[Analysis, Any], Any], kind: Any, known: Known | None = None
    ) -> Any:
        """The same of the position that a request says."""
        place = _plain(params.position)
        return await self.answer(params, lambda analysis: ask(analysis, place), kind, known)

    def _compile(self, uri: str, version: int | None) -> asyncio.Task[None]:
        """The compile of a version of a document: that which runs, or a new one."""
        of, running = self._compiles.get(uri, (None, None))
        if running is None or running.done() or of != version:
            running = asyncio.ensure_future(self._compiled(uri, version))
            self._compiles[uri] = version, running
        return running

    async def _compiled(self, uri: str, version: int | None) -> None:
        async with self._one:
            if self.documents.version(uri) != version:
                return
            before = time.perf_counter()
            try:
                with while_wanted(lambda: self.documents.version(uri) == version):
                    analysis = await asyncio.to_thread(self.documents.work(uri))
            except Interrupted:
                return
            self._took = time.perf_counter() - before
            self.documents.take(analysis)
            self.look_at_others(uri)


def server(root: Path | None = None) -> Server:
    """A language server with all that it can do."""
    made = Server(root)
    for registered in (_documents, _of_texts, _of_networks, _of_names):
        registered(made)
    return made


def _documents(server: Server) -> None:
    """What comes in: documents."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.take(params.text_document.uri, str(params.text_document.language_id))
        server.look_at_others(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.take(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.forget(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.documents.forget_files()
        server.look_at_others(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def changed_outside(_: types.DidChangeWatchedFilesParams) -> None:
        server.documents.forget_files()
        server.look_at_others("")


def _of_texts(server: Server) -> None:
    """What is asked of a document as it is written, each a function of the service."""
    completions = types.CompletionOptions(trigger_characters=["$", ".", ":", " ", "{", "[", "(", ","])

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, completions)
    async def completion(params: types.CompletionParams) -> list[types.CompletionItem]:
        return await server.answer_there(params, service.completion, list[types.CompletionItem], server.written) or []

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        return await server.answer(params, service.document_symbols, list[types.DocumentSymbol], server.written) or []

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folding(params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        return await server.answer(params, service.folding_ranges, list[types.FoldingRange], server.written) or []

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        return await server.answer(params, service.formatting, list[types.TextEdit], server.written) or []


def _of_networks(server: Server) -> None:
    """What is asked of a document when its network is known."""
    actions = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        found: types.Hover | None = await server.answer_there(params, service.hover, types.Hover)
        return found

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        place = _plain(params.range)
        return await server.answer(params, lambda known: service.inlay_hints(known, place), list[types.InlayHint]) or []

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, actions)
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        place = _plain(params.range)
        asked = await server.answer(params, lambda known: service.code_actions(known, place), list[types.CodeAction])
        return asked or []


def _of_names(server: Server) -> None:
    """What is asked of a name in a document: where it is declared and used, and another one for it."""

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: types.DefinitionParams) -> list[types.Location]:
        return await server.answer_there(params, service.definition, list[types.Location]) or []

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(params: types.ReferenceParams) -> list[types.Location]:
        declared, place = params.context.include_declaration, _plain(params.position)
        found = await server.answer(
            params, lambda known: service.references(known, place, declared), list[types.Location]
        )
        return found or []

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepared(params: types.PrepareRenameParams) -> types.Range | None:
        found: types.Range | None = await server.answer_there(params, service.prepare_rename, types.Range)
        return found

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename(params: types.RenameParams) -> types.WorkspaceEdit | None:
        place, name = _plain(params.position), params.new_name
        try:
            found: types.WorkspaceEdit | None = await server.answer(
                params, lambda known: service.rename(known, place, name), types.WorkspaceEdit
            )
        except UsageError as error:
            raise JsonRpcInvalidParams(str(error)) from None
        return found


def _plain(value: Any) -> Any:
    """A position or range of the protocol as the service takes it."""
    return _convert.unstructure(value)


def _is_no_refusal(record: logging.LogRecord) -> bool:
    """Whether a fault of this code's is told, or that a message cannot be read, which takes a line."""
    error = record.exc_info[1] if record.exc_info else None
    if not str(record.msg).startswith("Unable to"):
        return not isinstance(error, JsonRpcException)
    if error is None or isinstance(error, JsonRpcException | ValueError | RecursionError):
        record.msg, record.args, record.exc_info = "a message that is none was left unread", (), None
    return True


def serve(root: Path | None = None) -> None:
    """Serve one client over standard input and output, until it ends. What is printed meanwhile goes to the errors."""
    for name in ("pygls.protocol.json_rpc", "pygls.server"):
        logging.getLogger(name).addFilter(_is_no_refusal)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as client, redirect_stdout(sys.stderr):
        collect_seldom()
        server(root).start_io(stdout=client)
