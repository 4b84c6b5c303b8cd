"""A client of ``archspec lsp`` over its standard streams, which notes what comes, and what is wrong with it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient


class Client(LanguageClient):
    """Attributes: ``told``, the diagnostics by URI, each with its version, in the order in which they came."""

    def __init__(self) -> None:
        super().__init__("test", "1")
        self.told: dict[str, list[types.PublishDiagnosticsParams]] = {}
        self.came = asyncio.Event()
        self.stderr = ""

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.told.setdefault(params.uri, []).append(params)
            self.came.set()

    async def begin(self, *arguments: str, root: Path) -> types.InitializeResult:
        """Start a server, and greet it as an editor does that prefers another encoding of positions."""
        await self.start_io(sys.executable, "-m", "archspec", "lsp", *arguments, cwd=root)
        encodings = [types.PositionEncodingKind.Utf8, types.PositionEncodingKind.Utf16]
        general = types.GeneralClientCapabilities(position_encodings=encodings)
        params = types.InitializeParams(
            capabilities=types.ClientCapabilities(general=general), root_uri=root.as_uri(), process_id=None
        )
        answer = await self.initialize_async(params)
        self.initialized(types.InitializedParams())
        return answer

    async def end(self) -> int | None:
        """Leave as an editor does; the exit code."""
        await self.shutdown_async(None)
        self.exit(None)
        process: Any = self._server
        return await asyncio.wait_for(process.wait(), 20)

    def kill(self) -> None:
        """End a server that has not ended."""
        process: Any = self._server
        if process is not None and process.returncode is None:
            process.kill()

    def open(self, uri: str, text: str, language: str = "yaml", version: int = 0) -> None:
        item = types.TextDocumentItem(uri=uri, language_id=language, version=version, text=text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, uri: str, version: int, *changes: Any) -> None:
        document = types.VersionedTextDocumentIdentifier(uri=uri, version=version)
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, list(changes)))

    async def diagnostics(self, uri: str, version: int) -> list[types.Diagnostic]:
        """What is told of a version of a document."""
        while True:
            found = [each for each in self.told.get(uri, []) if each.version == version]
            if found:
                return list(found[-1].diagnostics)
            self.came.clear()
            await asyncio.wait_for(self.came.wait(), 30)
