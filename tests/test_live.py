"""Laws over ``archspec live``: who has no token gets nothing, and no text is lost."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from command import Run

pytest.importorskip("uvicorn", reason="the extra `live` is not installed")

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from archspec.playground import pages
from archspec.playground.live import _Page
from archspec.playground.session import Session
from archspec.service import uri_of

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

TEXT = "archspec: 1\nname: small\ninputs: {x: [3, 8, 8]}\ngraph:\n  a: {block: ./unit.yaml}\n  b: relu\n"
UNIT = "archspec: 1\nblock: unit\ngraph: {a: relu}\n"


class Live(NamedTuple):
    """A server, and the file that it is of."""

    file: Path
    port: int
    token: str

    def asked(self, path: str, *headers: str) -> tuple[int, str]:
        """The status and the text of an answer; the path is sent as it is."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            host = [] if any(header.startswith("Host:") for header in headers) else [f"Host: 127.0.0.1:{self.port}"]
            connection.sendall("\r\n".join([f"GET {path} HTTP/1.0", *host, *headers, "", ""]).encode())
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b"")).decode()
        return int(answer.split()[1]), answer.partition("\r\n\r\n")[2]

    def page(self, **options: Any) -> ClientConnection:
        """The connection of a page."""
        origin = options.pop("origin", f"http://127.0.0.1:{self.port}")
        address = f"ws://127.0.0.1:{self.port}/{options.pop('token', self.token)}/socket"
        return connect(address, origin=origin, max_size=None, compression=None, **options)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    file = tmp_path_factory.mktemp("live") / "small.yaml"
    file.write_text(TEXT)
    file.with_name("unit.yaml").write_text(UNIT)
    command = [sys.executable, "-m", "archspec", "live", str(file), "--no-open"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)/([\w-]+)/", process.stderr.readline())
        assert found
        yield Live(file, int(found[1]), found[2])
        process.terminate()
        assert "Traceback" not in process.stderr.read()


@pytest.fixture
def live(server: Live) -> Live:
    server.file.write_text(TEXT)
    server.file.with_name("unit.yaml").write_text(UNIT)
    return server


def call(page: ClientConnection, method: str, **params: Any) -> Any:
    """The answer to a request."""
    page.send(json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params}))
    return heard(page, lambda message: message.get("id") == method)["result"]


def heard(page: ClientConnection, wanted: Any) -> Any:
    """The next message that is wanted."""
    return next(message for message in iter(lambda: json.loads(page.recv(timeout=60)), None) if wanted(message))


def opened(page: ClientConnection, live: Live, text: str = TEXT) -> list[str]:
    """The codes of what is wrong with a text that is opened."""
    document = {"uri": uri_of(live.file), "version": 1, "languageId": "yaml", "text": text}
    page.send(json.dumps({"method": "textDocument/didOpen", "params": {"textDocument": document}}))
    return published(page)


def published(page: ClientConnection) -> list[str]:
    message = heard(page, lambda message: message.get("method") == "textDocument/publishDiagnostics")
    return [diagnostic["code"] for diagnostic in message["params"]["diagnostics"]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.yaml"], "there is no file `none.yaml`"), (["."], "there is no file `.`"),
        (["bytes.yaml"], "is not UTF-8 text"), (["text.yaml", "--port", "80000"], "65535"),
        (["text.yaml", "--port", "taken"], "Address already in use"), (["text.yaml", "--root", "none"], "is no folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_told(run: Run, tmp_path: Path, arguments: list[str], told: str) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "text.yaml").write_text(TEXT)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("live", "--no-open", *(port if each == "taken" else each for each in arguments))
    assert done.code == 2
    assert told in done.err


def test_the_page_and_its_files_are_served(live: Live) -> None:
    status, text = live.asked(f"/{live.token}/")
    assert status == 200
    assert "small.yaml" in text
    for name in pages.FILES:
        assert live.asked(f"/{live.token}/{name}") == (200, pages.file(name))


@pytest.mark.parametrize(
    "path",
    [
        "/", "/page.css", "/socket", "/x/", "/{wrong}/", "/{token}x/", "/{token}/../small.yaml", "/{token}/small.yaml",
        "/{token}/..%2fsmall.yaml", "/{token}/%2e%2e/%2e%2e/etc/passwd", "/{token}//etc/passwd", "/{token}/session.py",
        "/{token}/../session.py", "/{token}/page/main.js", "/{token}/index.html", "/{token}/\\..\\small.yaml",
    ],
)  # fmt: skip
def test_nothing_else_is_served(live: Live, path: str) -> None:
    status, text = live.asked(path.format(token=live.token, wrong="A" * len(live.token)))
    assert status == 404
    assert "archspec" not in text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_a_name_that_leads_here_is_refused(live: Live, host: str) -> None:
    """Such as a page has whose name someone points to this machine."""
    assert live.asked(f"/{live.token}/", f"Host: {host}")[0] == 400


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1", None]
)
def test_a_page_of_another_origin_is_refused(live: Live, origin: str | None) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        live.page(origin=origin and origin.format(port=live.port))


@pytest.mark.parametrize("token", ["x", "..", ""])
def test_a_connection_without_the_token_is_refused(live: Live, token: str) -> None:
    with pytest.raises(InvalidStatus):
        live.page(token=token)


def test_a_text_is_saved_and_nothing_is_lost(live: Live) -> None:
    with live.page() as page:
        first = saved_digest(live)
        mine, theirs = f"{TEXT}# mine\n", f"{TEXT}# theirs\n"
        digest = call(page, "archspec/save", text=mine, known=first)["digest"]
        assert live.file.read_text() == mine
        live.file.write_text(theirs)
        answer = call(page, "archspec/save", text=TEXT, known=digest)
        assert live.file.read_text() == theirs == answer["conflict"]["text"]
        live.file.unlink()
        answer = call(page, "archspec/save", text=TEXT, known=answer["conflict"]["digest"])
        assert answer["conflict"] == {"text": None, "digest": ""}
        assert not live.file.exists()
        call(page, "archspec/save", text=mine, known="")
        assert live.file.read_text() == mine


def saved_digest(live: Live) -> str:
    found = re.search(r'"digest": "(\w+)"', live.asked(f"/{live.token}/")[1])
    assert found
    return found[1]


def test_what_another_program_writes_is_told(live: Live) -> None:
    with live.page() as page, live.page() as other:
        for each in (page, other):
            assert opened(each, live) == []
        live.file.write_text(f"{TEXT}# other\n")
        for each in (page, other):
            assert heard(each, lambda message: message.get("params", {}).get("text") == f"{TEXT}# other\n")


def test_a_file_that_is_drawn_in_is_watched(live: Live) -> None:
    with live.page() as page:
        assert opened(page, live) == []
        live.file.with_name("unit.yaml").write_text(UNIT.replace("relu", "rleu"))
        assert published(page) == ["unknown-op"]
        live.file.with_name("unit.yaml").unlink()
        assert published(page) == ["unreadable-file"]
        live.file.with_name("unit.yaml").write_text(UNIT)
        assert published(page) == []


def test_a_hundred_pages_are_served_at_once(live: Live) -> None:
    with ExitStack() as stack:
        open_pages = [stack.enter_context(live.page()) for _ in range(100)]
        assert [opened(page, live) for page in open_pages] == [[]] * 100


def answered(page: ClientConnection, message: str | bytes) -> object:
    """What comes of a message; a large one may be refused before it is all sent."""
    page.send(message)
    return page.recv(timeout=60)


@pytest.mark.parametrize(
    "message", ["x" * 100_000_000, "{", "[]", "1", '{"id": 1}', '{"method": "textDocument/didOpen"}', b"\xff"]
)
def test_a_message_that_is_none_costs_at_most_its_page(live: Live, message: str | bytes) -> None:
    with live.page() as page, pytest.raises(ConnectionClosed):
        answered(page, message)
    with live.page() as page:
        assert opened(page, live) == []
    assert live.file.read_text() == TEXT


def test_a_text_that_waits_ends_the_work_before_it() -> None:
    session = Session()
    page = _Page(cast("WebSocket", None), session)
    document = {"uri": "untitled:1", "version": 1, "text": TEXT.replace("{block: ./unit.yaml}", "relu")}
    session.receive(json.dumps({"method": "textDocument/didOpen", "params": {"textDocument": document}}))
    params = {"textDocument": document, "contentChanges": [document]}
    asyncio.run(page.take(json.dumps({"method": "textDocument/didChange", "params": params})))
    assert session.publish() == []
    assert page.work.get_nowait()() == []
    assert len(session.publish()) == 1
