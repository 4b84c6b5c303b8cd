"""``archspec lsp`` and messages, positions and documents that no editor should send: it answers, and goes on."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archspec import service
from archspec.service import Document, analyse
from archspec.service.outline import MOST_CHARACTERS

TEXT = "archspec: 1\nname: a\ninputs: {x: [3, 8, 8]}\ngraph:\n  c: relu # 😀\n"
WRONG = -32602
"""The protocol's code for a request whose parameters are wrong."""


class Raw:
    """A server, and messages to it as they are."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "archspec", "lsp"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder)
        self.number = 0
        self.answers: queue.Queue[Any] = queue.Queue()
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()
        self.ask("initialize", processId=None, rootUri=None, capabilities={})
        self.tell("initialized")

    def send(self, message: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(message) + message)
        self.process.stdin.flush()

    def tell(self, method: str, **params: Any) -> None:
        self.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())

    def ask(self, method: str, **params: Any) -> Any:
        """The answer to a request, or the code of its refusal."""
        self.number += 1
        call = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.send(json.dumps(call).encode())
        while (answer := self.answers.get(timeout=60)).get("id") != self.number:
            pass
        return answer["error"]["code"] if "error" in answer else answer["result"]

    def _read(self) -> None:
        assert self.process.stdout is not None
        stream, length = self.process.stdout, 0
        while line := stream.readline():
            if line.startswith(b"Content-Length"):
                length = int(line.split(b":")[1])
            elif line == b"\r\n":
                self.answers.put(json.loads(stream.read(length)))

    def open(self, uri: str, text: str, version: int = 1) -> None:
        document = {"uri": uri, "languageId": "yaml", "version": version, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)

    def hover(self, uri: str, line: Any = 4, character: Any = 2) -> Any:
        position = {"line": line, "character": character}
        return self.ask("textDocument/hover", textDocument={"uri": uri}, position=position)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Raw]:
    raw = Raw(tmp_path_factory.mktemp("lsp"))
    yield raw
    assert raw.hover("untitled:none") is None
    raw.process.kill()
    raw.reading.join()
    with raw.process:  # closes its streams
        assert raw.process.stderr is not None
        assert b"Traceback" not in raw.process.stderr.read()


@pytest.mark.parametrize(
    "message",
    [
        b"{nonsense", b"[1, 2]", b"1", b"null", b"[" * 100_000, b"\xff\xfe{}", b'{"jsonrpc": "2.0", "id": 5}',
        b'{"jsonrpc": "2.0", "id": 5, "method": 7}', b'{"jsonrpc": "2.0", "method": "textDocument/didOpen"}', b"{}",
        b'{"jsonrpc": "1.0", "id": 1, "method": "shutdown"}', b'{"jsonrpc": "2.0", "method": "none/such"}',
    ],
)  # fmt: skip
def test_what_is_no_message_is_left(server: Raw, message: bytes) -> None:
    server.send(message)
    server.open("untitled:right", TEXT)
    assert "relu" in server.hover("untitled:right")["contents"]["value"]


def test_a_request_that_cannot_be_read_is_answered(server: Raw) -> None:
    assert server.ask("textDocument/hover", none=1) == WRONG
    for line in (-1, 2**40, "x", None):
        assert server.hover("untitled:right", line) == WRONG


def test_places_beyond_a_text_are_its_end(server: Raw) -> None:
    server.open("untitled:right", TEXT)
    for place in ((10**6, 0), (0, 10**6), (2**31 - 1, 2**31 - 1), (4, 12)):  # the last is half a character
        position = dict(zip(("line", "character"), place, strict=True))
        for method in ("hover", "completion", "definition", "prepareRename"):
            answer = server.ask(f"textDocument/{method}", textDocument={"uri": "untitled:right"}, position=position)
            assert not isinstance(answer, int)


@pytest.mark.parametrize(
    "uri",
    [
        "", "untitled:", "http://example.org/a.yaml", "file://", "file:///", "file:///%00.yaml", "file:///%ff.yaml",
        "git:/a.yaml?x", "a b", "::::", "http://[::1", f"file:///{'a/' * 3_000}x.yaml", "file:///../../etc/passwd",
    ],
)  # fmt: skip
def test_a_document_need_be_no_file(server: Raw, uri: str) -> None:
    server.open(uri, TEXT.replace("inputs: {x: [3, 8, 8]}", "extends: base.yaml"))
    assert not isinstance(server.hover(uri), int)
    server.tell("textDocument/didClose", textDocument={"uri": uri})
    assert server.hover(uri) is None


def test_links_and_files_that_are_gone(server: Raw, tmp_path: Path) -> None:
    base, user = tmp_path / "base.yaml", tmp_path / "user.yaml"
    base.write_text(TEXT)
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    for name in ("base.yaml", "loop.yaml", "none.yaml"):
        server.open(user.as_uri(), f"archspec: 1\nname: b\nextends: {name}\ngraph:\n  d: relu\n")
        assert "relu" in server.hover(user.as_uri())["contents"]["value"]
    server.open(user.as_uri(), "archspec: 1\nname: b\nextends: base.yaml\ngraph:\n  d: relu\n", 2)
    base.unlink()
    tmp_path.joinpath("loop.yaml").unlink()
    tmp_path.rmdir()
    server.tell("workspace/didChangeWatchedFiles", changes=[])
    assert "relu" in server.hover(user.as_uri())["contents"]["value"]


def test_a_thousand_documents_are_open(server: Raw) -> None:
    for number in range(1_000):
        server.open(f"untitled:{number}", TEXT)
    assert "3x8x8" in server.hover("untitled:999")["contents"]["value"]
    for number in range(1_000):
        server.tell("textDocument/didClose", textDocument={"uri": f"untitled:{number}"})


@pytest.mark.parametrize(
    "line",
    ["  c{}: {{op: relu}}\n", "a: [b, {{c: \n", "\n", "# {}", "x"],
    ids=["nodes", "open", "lines", "comment", "word"],
)
def test_of_a_text_that_is_too_large_nothing_is_told_but_that(line: str) -> None:
    text = TEXT + "".join(line.format(number) for number in range(MOST_CHARACTERS // len(line) + 1_000)) + "\n" * 1_000
    text += " " * max(0, MOST_CHARACTERS + 1 - len(text))
    known = analyse(Document("untitled:large", Path.cwd() / "large.yaml", text))
    (shown,) = service.diagnostics(known)
    assert shown["message"].startswith("the text has more than 500,000 characters")
    place = {"line": 4, "character": 2}
    assert not service.completion(known, place)
    assert service.hover(known, place) is None
    whole = known.lines.range(0, len(text))
    assert not [*service.code_actions(known, whole), *service.inlay_hints(known), *service.formatting(known)]
    assert not [*service.document_symbols(known), *service.folding_ranges(known), *service.references(known, place)]
