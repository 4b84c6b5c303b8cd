"""The page of a file, served on this machine: what is typed is compiled here, and saved when asked."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import socket
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from archspec.errors import UsageError
from archspec.files import encoded, whole, write
from archspec.language.limits import Limits
from archspec.playground import pages
from archspec.playground.messages import NoMessageError, notification
from archspec.playground.session import Session
from archspec.service import uri_of
from archspec.service.collection import collect_seldom

HOST = "127.0.0.1"
LARGEST_MESSAGE = 4 * Limits().file_bytes
"""Bytes of a message: a text as JSON, in which a character may take several."""
MOST_CONNECTIONS = 200
_MOST_WAITING = 100
"""Messages of a page that wait; it is not listened to while there are so many."""
_NO_MESSAGE, _FAULT = 1003, 1011
"""Why a connection is closed: what came is nothing that a page sends, or something is wrong here."""
_PAUSE = 0.3
"""Seconds between two looks at the files."""
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Saved:
    """The file as it is on the disk; it is written only by who knows what it holds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[str | None, str]:
        """Its text, None where there is no such file or it is no text, and what tells it from other files."""
        try:
            data = whole(self.path, Limits().file_bytes)
        except (OSError, ValueError):
            return None, ""
        text = None
        with suppress(UnicodeDecodeError):
            text = data.decode()
        return text, hashlib.sha256(data).hexdigest()

    def save(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Write a text, if the file still holds what the page knows of it; otherwise tell what it holds.

        Raises:
            UsageError: It cannot be written.
        """
        text, digest = self.read()
        if digest != params["known"]:
            return {"conflict": {"text": text, "digest": digest}}
        write(self.path, params["text"])
        return {"digest": hashlib.sha256(encoded(params["text"])).hexdigest()}


class Server:
    """The pages that are open on a file."""

    def __init__(self, path: Path, root: Path | None = None) -> None:
        """Begin without pages.

        Args:
            path: The file.
            root: The folder that its references may not leave; its own unless given.

        Raises:
            UsageError: The file cannot be read, or is no text.
        """
        self.path = path.absolute()
        self.token = secrets.token_urlsafe(32)
        self._saved = Saved(self.path)
        if self._saved.read()[0] is None:
            raise UsageError(f"{path} cannot be edited: it cannot be read, or is not UTF-8 text")
        self._root = root
        self._pages: dict[Session, _Page] = {}
        self._origins: set[str] = set()

    def app(self, port: int) -> Starlette:
        """The application; whatever has not the token as its first folder is not found."""
        hosts = (HOST, "localhost")
        self._origins = {f"http://{host}:{port}" for host in hosts}
        routes = [
            Route("/", self._index),
            WebSocketRoute("/socket", self._socket),
            *(Route(f"/{name}", _asset(name)) for name in pages.FILES),
        ]
        middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))]
        return Starlette(routes=[Mount(f"/{self.token}", routes=routes)], middleware=middleware, lifespan=self._watched)

    def _index(self, _: Request) -> Response:
        text, digest = self._saved.read()
        setup = {
            "mode": "server",
            "uri": uri_of(self.path),
            "name": self.path.stem,
            "text": text or "",
            "digest": digest,
        }
        return HTMLResponse(pages.index(self.path.name, setup, "Connecting …"), headers=_HEADERS)

    async def _socket(self, connection: WebSocket) -> None:
        if connection.headers.get("origin") not in self._origins:
            await connection.close()
            return
        await connection.accept()
        session = Session(self._root, {"archspec/save": self._saved.save})
        page = self._pages[session] = _Page(connection, session)
        answering = asyncio.create_task(page.answer())
        try:
            while True:
                await page.take(await connection.receive_text())
        except WebSocketDisconnect:
            pass
        except KeyError:  # a message that is no text
            await connection.close(_NO_MESSAGE)
        finally:
            del self._pages[session]
            answering.cancel()

    @asynccontextmanager
    async def _watched(self, _: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch())
        yield
        task.cancel()

    async def _watch(self) -> None:
        """Tell the pages what other programs write."""
        known = self._saved.read()
        while True:
            await asyncio.sleep(_PAUSE)
            now = await run_in_threadpool(self._saved.read)
            if now != known:
                known = now
                message = notification("archspec/changed", {"text": now[0], "digest": now[1]})
                for page in self._pages.values():
                    page.tell(message)
            for page in self._pages.values():
                page.look_again()


class _Page:
    """One page that is open, and the work that is to be done for it, in order."""

    def __init__(self, connection: WebSocket, session: Session) -> None:
        self.connection = connection
        self.session = session
        self.work: asyncio.Queue[Callable[[], list[str]]] = asyncio.Queue(_MOST_WAITING)

    async def take(self, message: str) -> None:
        self.session.announce(message)
        await self.work.put(lambda: self.session.receive(message))

    def tell(self, message: str) -> None:
        """Send a message that nobody asked for; a page that does not listen learns of it when it saves."""
        if not self.work.full():
            self.work.put_nowait(lambda: [message])

    def look_again(self) -> None:
        """Look at the files that the document draws in, where there is nothing else to do."""
        if self.work.empty():
            self.work.put_nowait(self.session.look_again)

    async def answer(self) -> None:
        """Do what is to be done, and send what comes of it, until the connection ends.

        What is published waits until there is no more to do. What is no message, and a fault of this code's, end the
        connection, so that the page says so.
        """
        code = _FAULT
        try:
            while True:
                answers = await run_in_threadpool(await self.work.get())
                if self.work.empty():
                    answers += await run_in_threadpool(self.session.publish)
                for answer in answers:
                    await self.connection.send_text(answer)
        except NoMessageError:
            code = _NO_MESSAGE
        except WebSocketDisconnect:
            pass
        except Exception:
            traceback.print_exc()
        finally:
            with suppress(RuntimeError, WebSocketDisconnect):  # it has ended already
                await self.connection.close(code)


def _asset(name: str) -> Callable[[Request], Response]:
    text, kind = pages.file(name), _TYPES[Path(name).suffix]
    return lambda _: Response(text, media_type=kind, headers=_HEADERS)


def serve(path: Path, port: int, root: Path | None, ready: Callable[[str], None]) -> None:
    """Serve the page of a file until the process is interrupted.

    Args:
        path: The file.
        port: The port; 0 for any that is free.
        root: The folder that its references may not leave; its own unless given.
        ready: Called with the address of the page.

    Raises:
        UsageError: The port is taken.
    """
    with socket.socket() as listening:
        try:
            listening.bind((HOST, port))
        except OSError as error:
            raise UsageError(f"port {port} cannot be used: {error.strerror}") from None
        listening.listen()
        port = listening.getsockname()[1]
        server = Server(path, root)
        config = uvicorn.Config(
            server.app(port), log_level="warning", ws_max_size=LARGEST_MESSAGE, limit_concurrency=MOST_CONNECTIONS
        )
        collect_seldom()
        ready(f"http://{HOST}:{port}/{server.token}/")
        uvicorn.Server(config).run(sockets=[listening])
